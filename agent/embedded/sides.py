"""Measures of several sides: "52 by 63", "9x6 ft", "10 × 8 × 3 inches", "52w by 90l", "60乘40"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agent.embedded.elements import Element
from agent.embedded.lexicon import Kind
from agent.embedded.vocabulary import Vocabulary
from core.entities import Facet
from retrieval.units import all_units

JOINTS = frozenset({"x", "×", "*", "by", "乘", "乘以"})
_NAMES = frozenset("w l h d wide long high tall deep 宽 长 高 深".split())
"""What may stand after a side to tell which one it is."""
_SIDE = re.compile(r"\b(?:length|width|height|depth)\b|[长宽高深]度?$")
_NO_SIDE = re.compile(r"\b(?:focal|cable|wave)\b|焦|波")
_MOST = 3


def sides_at(elements: Sequence[Element], at: int) -> tuple[list[int], int]:
    """Return where the sides of a measure stand that begins at a number, and the place after the last; none if one."""
    places, end = [at], _past_name(elements, at + 1)
    while len(places) < _MOST and end + 1 < len(elements):
        joint, following = elements[end], elements[end + 1]
        if joint.text not in JOINTS or following.number is None or following.currency is not None:
            break
        places.append(end + 1)
        end = _past_name(elements, end + 2)
    return (places, end) if len(places) > 1 else ([], at)


def _past_name(elements: Sequence[Element], at: int) -> int:
    """Return the place after what tells of a side: its name, or its unit where another side follows."""
    if at >= len(elements):
        return at
    goes_on = at + 1 < len(elements) and elements[at + 1].text in JOINTS
    span = elements[at].span
    unit = span is not None and span.of(Kind.UNIT) is not None
    return at + 1 if elements[at].text in _NAMES or (unit and goes_on) else at


def facet_of_side(rank: int, fields: Sequence[str], vocabulary: Vocabulary, category: str | None) -> str | None:
    """Return the facet of a side, by its place among the sides from the longest on.

    The longest side is of the length whose values are largest in the category, and so on.

    Args:
        rank: the side's place, 0 for the longest.
        fields: numeric facets that it may be of.
        vocabulary: the shop's.
        category: the category that is spoken of, if any.
    """
    lengths = {unit.symbol for unit in all_units().values() if unit.dimension == "length"}
    facets = vocabulary.catalogue.facets
    typical = {
        name: float(np.median(numbers))
        for name in fields
        if facets[name].unit in lengths
        and _is_side(facets[name])
        and len(numbers := _numbers(name, vocabulary, category))
    }
    own = sorted(typical, key=lambda name: -typical[name])
    return own[rank] if rank < len(own) else None


def _is_side(facet: Facet) -> bool:
    """Tell whether a facet is named after a side; a screen's diagonal and a lens's focal length are none."""
    names = [facet.name.replace("_", " "), *facet.labels.values(), *(w for ws in facet.synonyms.values() for w in ws)]
    return any(_SIDE.search(name.lower()) and not _NO_SIDE.search(name.lower()) for name in names)


def _numbers(name: str, vocabulary: Vocabulary, category: str | None) -> npt.NDArray[np.float64]:
    """Return the values of a facet in a category; where it states none, those of all items."""
    numbers = vocabulary.numbers_of(name, category)
    return numbers if len(numbers) else vocabulary.numbers_of(name, None)
