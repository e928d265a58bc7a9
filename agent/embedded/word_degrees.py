"""Degrees: "the lightest of the three", "0.4 kg heavier than the first", made of a facet's own vague words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.embedded.inflection import comparatives, superlatives
from agent.embedded.word_units import dimension
from agent.embedded.word_values import Values
from core.entities import Facet

_NEUTRAL = frozenset(
    "long short high low big large small good bad great strong weak deep wide narrow tall fast slow much little".split()
)
"""Adjectives that say nothing without what they are about: "the longest" needs "battery life"."""
_ENDS_BY_DIMENSION = {"time": (("short", "短"), ("long", "长")), "data": (("small", "小"), ("large", "大"))}
_IS_END = re.compile(r"^(?:\w+est|most|least|max(?:imum)?|min(?:imum)?)\b|^最", re.IGNORECASE)
"""Labels that name an end themselves."""
_NOTE = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_FORMED = re.compile(r"^[a-z]{3,8}$")


def adjective(facet: Facet, low: bool, language: str) -> str:
    """Return the facet's first vague word for one end that inflects well ("light", "轻"), or an empty text."""
    words = (facet.low_words if low else facet.high_words).get(language, ())
    return next((word for word in words if _inflects(word, language)), "")


@dataclass(frozen=True, slots=True)
class Degree:
    """One end of a facet in words, plain and without article."""

    text: str
    bare: bool
    """Whether it stands without the facet's name: "lightest", not "longest battery life"."""


def superlative(values: Values, field: str, low: bool, among: int) -> Degree:
    """Return "lightest", "longest battery life", "best sound score" or, of two, "lighter"."""
    facet, language = values.facet(field), values.language
    word, label = adjective(facet, low, language), unbracketed(values.label(field))
    if not word and _IS_END.search(label):  # "largest aperture" says itself which end it is
        return Degree(label, False)
    if not word and counted(values, field):
        return Degree(f"{'fewest' if low else 'most'} {label}", False)
    if language == "zh":
        degree = "更" if among == 2 else "最"
        return Degree(degree + word, True) if word else Degree(label + degree + _end(facet, low)[1], False)
    if not word:
        return Degree(f"{_inflected(_end(facet, low)[0], among == 2)} {label}", False)
    formed = _inflected(word, among == 2)
    return Degree(f"{formed} {label}", False) if word in _NEUTRAL else Degree(formed, True)


def unbracketed(label: str) -> str:
    """Return a label without the note in brackets behind it: "sensor resolution (dpi)"."""
    return _NOTE.sub("", label).strip() or label


def counted(values: Values, field: str) -> bool:
    """Tell whether an English label names things that are counted: "programmes", of which there are more or fewer."""
    label = unbracketed(values.label(field))
    plural = label.endswith("s") and not label.endswith(("ss", "us", "is"))
    return values.language == "en" and plural and not values.facet(field).unit


def _end(facet: Facet, low: bool) -> tuple[str, str]:
    """Return the English and Chinese word for one end of a facet that has none of its own; its unit may tell."""
    ends = _ENDS_BY_DIMENSION.get(dimension(facet.unit))
    if ends is None:
        good = not low and facet.better == "higher"
        ends = (("low", "低"), ("good" if good else "high", "高"))
    return ends[0] if low else ends[1]


def comparative(values: Values, field: str, low: bool) -> str:
    """Return "lighter" or "heavier" when it stands alone, or an empty text; in Chinese the bare adjective."""
    word = adjective(values.facet(field), low, values.language)
    if not word or word in _NEUTRAL:
        return ""
    if values.language == "zh":
        return word if len(word) == 1 else ""
    return _inflected(word, comparing=True)


def more_of(values: Values, field: str, low: bool) -> str:
    """Return "lighter", "shorter" or, in Chinese, "轻"; empty when the facet has no word that inflects."""
    word = adjective(values.facet(field), low, values.language)
    return _inflected(word, comparing=True) if word and values.language == "en" else word


def _inflects(word: str, language: str) -> bool:
    if language == "zh":
        return len(word) <= 2 and not word.isascii() and not word.endswith(("款", "价", "屏", "品"))
    return bool(_FORMED.match(word)) and _syllables(word) and bool(_inflected(word, comparing=True))


def _syllables(word: str) -> bool:
    groups = re.findall(r"[aeiouy]+", re.sub(r"e$", "", word))
    return len(groups) == 1 or (len(groups) == 2 and word.endswith(("y", "ow", "le")))


def _inflected(word: str, comparing: bool) -> str:
    formed = comparatives(word) if comparing else superlatives(word)
    suffix = "er" if comparing else "est"
    return next((form for form in formed if " " not in form and form.endswith((suffix, "better", "best"))), "")
