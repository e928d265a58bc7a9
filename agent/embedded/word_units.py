"""Units as each language writes them after a number: "14 h" and "14 小时", "1 month" and "12 months"."""

from __future__ import annotations

from core.entities import Language
from retrieval.units import all_units, display_unit, find_unit

_GLUED = frozenset({"%", "°", "°c", "°f", '"', "″", "x", "×", "℃"})
"""Written without a space."""
_PLURALS = {
    "second": "seconds",
    "minute": "minutes",
    "hour": "hours",
    "day": "days",
    "night": "nights",
    "week": "weeks",
    "month": "months",
    "year": "years",
    "page": "pages",
    "piece": "pieces",
    "person": "people",
    "inch": "inches",
    "foot": "feet",
    "star": "stars",
    "watt": "watts",
    "gram": "grams",
    "litre": "litres",
    "liter": "liters",
}
_SINGULARS = {plural: single for single, plural in _PLURALS.items()}


def with_unit(text: str, value: float, unit: str, language: Language) -> str:
    """Return a written number with its unit; units that the table does not know stay as the shop writes them."""
    if unit.lower() in _GLUED:
        return text + unit
    if language == "zh":
        return f"{text} {display_unit(_symbol(unit), language)}"
    return f"{text} {_SINGULARS.get(unit, unit) if abs(value) == 1 else _PLURALS.get(unit, unit)}"


def dimension(unit: str | None) -> str:
    """Return what a unit measures (``time``, ``data``); an empty text for none or an unknown one."""
    known = all_units().get(_symbol(unit)) if unit else None
    return known.dimension if known else ""


def _symbol(unit: str) -> str:
    known = find_unit(unit)
    return known.symbol if known else unit
