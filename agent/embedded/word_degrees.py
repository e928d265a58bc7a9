"""Degrees: "the lightest of the three", "0.4 kg heavier than the first", made of a facet's own vague words."""

from __future__ import annotations

import re

from agent.embedded.inflection import comparatives, superlatives
from agent.embedded.word_values import Values
from core.entities import Facet

_NEUTRAL = frozenset(
    "long short high low big large small good bad great strong weak deep wide narrow tall fast slow much little".split()
)
"""Adjectives that say nothing without what they are about: "the longest" needs "battery life"."""
_FORMED = re.compile(r"^[a-z]{3,8}$")


def adjective(facet: Facet, low: bool, language: str) -> str:
    """Return the facet's first vague word for one end that inflects well ("light", "轻"), or an empty text."""
    words = (facet.low_words if low else facet.high_words).get(language, ())
    return next((word for word in words if _inflects(word, language)), "")


def superlative(values: Values, field: str, low: bool, among: int) -> str:
    """Return "lightest", "longest battery life", "best sound score" or, of two, "lighter"; plain, without article."""
    facet, language = values.facet(field), values.language
    word, label = adjective(facet, low, language), values.label(field)
    if language == "zh":
        if word:
            return f"{'更' if among == 2 else '最'}{word}"
        end = values_word(facet, low)
        return f"{label}{'更' if among == 2 else '最'}{end}"
    if word:
        formed = _inflected(word, among == 2)
        return f"{formed} {label}" if word in _NEUTRAL else formed
    degrees = {"low": ("lower", "lowest"), "high": ("higher", "highest"), "good": ("better", "best")}
    kind = "good" if facet.better and (facet.better == "lower") is low and not low else "low" if low else "high"
    return f"{degrees[kind][0 if among == 2 else 1]} {label}"


def values_word(facet: Facet, low: bool) -> str:
    """Return the Chinese word for one end of a facet that has none of its own."""
    if not low and facet.better == "higher":
        return "好" if facet.unit is None else "高"
    return "低" if low else "高"


def comparative(values: Values, field: str, low: bool) -> str:
    """Return "lighter" or "heavier" when it stands alone, or an empty text; in Chinese the bare adjective."""
    word = adjective(values.facet(field), low, values.language)
    if not word or word in _NEUTRAL:
        return ""
    if values.language == "zh":
        return word if len(word) == 1 else ""
    return _inflected(word, comparing=True)


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
