"""Dates of a message: decades, and years counted back from now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from agent.embedded.elements import Element
from agent.embedded.vocabulary import Vocabulary
from core.entities import FacetType

YEAR, CALENDAR = "year", (1000, 2200)
"""The unit, and the numbers with it that are dates."""
_BEFORE = 2
"""Elements between "the last" and its number."""


def decade_at(elements: Sequence[Element], at: int) -> float | None:
    """Read "the 90s", "1990s", "nineties" (as 90 + s), "80年代": the first year of a decade."""
    number = elements[at].number
    value = number.value if number else 0.0
    if number is not None and number.decade:
        return value
    if at + 1 >= len(elements) or not elements[at + 1].role("decade") or value % 10:
        return None
    if 1000 <= value <= 2090:
        return value
    if not 0 <= value <= 90:
        return None
    return value + (1900 if value >= 30 else 2000)


def counted_back(elements: Sequence[Element], at: int, unit: str | None) -> float | None:
    """Read "the last ten years", "近五年": the first of these years."""
    number = elements[at].number
    recent = any(element.role("recent") for element in elements[max(0, at - _BEFORE) : at])
    if unit != YEAR or number is None or not recent or not 0 < number.value < CALENDAR[0]:
        return None
    return float(datetime.now(UTC).year - number.value)


def is_date_like(vocabulary: Vocabulary, field: str) -> bool:
    """Tell whether a facet holds dates or years."""
    facet = vocabulary.catalogue.facets.get(field)
    if facet is None or facet.type not in (FacetType.DATE, FacetType.NUMBER):
        return False
    if facet.type is FacetType.DATE:
        return True
    low, high = vocabulary.catalogue.quantiles(field, None, [0.02, 0.98])
    return bool(low > 1500 and high < CALENDAR[1])
