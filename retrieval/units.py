"""Units of measure and names of currencies, as data (units.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.entities import Language

_FILE = Path(__file__).with_name("units.yaml")


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A unit of measure: ``value * factor + offset`` is the value in its dimension's base unit."""

    symbol: str
    """The one way in which facets name it (``kg``)."""
    dimension: str
    factor: float
    offset: float
    names: Mapping[Language, tuple[str, ...]]
    """Language -> names, the displayed one first; ``any`` holds symbols of every language."""
    small: str | None = None
    """The unit that values below 1 are read in."""
    large: str | None = None
    """The unit that values from 1000 on are read in."""

    def label(self, language: Language) -> str:
        """Return the name to display in a language."""
        return (self.names.get(language) or self.names.get("en") or (self.symbol,))[0]

    def all_names(self) -> tuple[str, ...]:
        """Return every name, of all languages, the symbol first."""
        return tuple(dict.fromkeys((self.symbol, *(name for names in self.names.values() for name in names))))


@dataclass(frozen=True, slots=True)
class _Table:
    units: Mapping[str, Unit]
    exact: Mapping[str, tuple[Unit, ...]]
    folded: Mapping[str, tuple[Unit, ...]]
    currencies: Mapping[str, Mapping[str, tuple[str, ...]]]
    currency_names: Mapping[str, str]


def _units(content: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[Unit]:
    for dimension, entries in content.items():
        for symbol, entry in entries.items():
            names = {key: tuple(map(str, value)) for key, value in entry.items() if isinstance(value, list)}
            offset = float(entry.get("offset", 0.0))
            small, large = entry.get("small"), entry.get("large")
            yield Unit(symbol, dimension, float(entry["factor"]), offset, names, small, large)


@lru_cache(maxsize=1)
def _table() -> _Table:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    currencies = {
        code: {key: tuple(map(str, names)) for key, names in entry.items()}
        for code, entry in content.pop("currencies").items()
    }
    exact: dict[str, tuple[Unit, ...]] = {}
    folded: dict[str, tuple[Unit, ...]] = {}
    units = {unit.symbol: unit for unit in _units(content)}
    for unit in units.values():
        for name in unit.all_names():
            exact[name] = (*exact.get(name, ()), unit)
            key = name.casefold()
            if unit not in folded.get(key, ()):
                folded[key] = (*folded.get(key, ()), unit)
    names = {code.casefold(): code for code in currencies}
    for code, entry in currencies.items():
        for name in (name for each in entry.values() for name in each):
            names.setdefault(name.casefold(), code)
    return _Table(units, exact, folded, currencies, names)


def all_units() -> Mapping[str, Unit]:
    """Return every unit by its symbol."""
    return _table().units


def find_units(text: str, dimension: str | None = None) -> tuple[Unit, ...]:
    """Return the units that a text may name, best first: those that it names with its exact case lead.

    Args:
        text: a symbol or name in any language ("kg", "inches", "小时").
        dimension: only units of this dimension.
    """
    table, name = _table(), text.strip()
    found = dict.fromkeys((*table.exact.get(name, ()), *table.folded.get(name.casefold(), ())), None) if name else {}
    return tuple(unit for unit in found if dimension is None or unit.dimension == dimension)


def find_unit(text: str, dimension: str | None = None) -> Unit | None:
    """Return the unit that a text names, or None; ``dimension`` settles names that several have ("m", "G")."""
    return next(iter(find_units(text, dimension)), None)


def names_by_language() -> dict[Language, dict[str, tuple[Unit, ...]]]:
    """Return language -> folded name -> units; language ``any`` holds the symbols of every language."""
    found: dict[Language, dict[str, tuple[Unit, ...]]] = {}
    for unit in all_units().values():
        for language, names in unit.names.items():
            index = found.setdefault(language, {})
            for name in dict.fromkeys(name.casefold() for name in names):
                index[name] = (*index.get(name, ()), unit)
    return found


def display_unit(unit: str | None, language: Language) -> str:
    """Return a facet's unit as shown in a language; a unit that the table does not know is shown as it is."""
    if not unit:
        return ""
    known = _table().units.get(unit)
    return known.label(language) if known else unit


def readable(value: float, unit: str) -> tuple[float, str]:
    """Return a value in the unit that people read it in: 0.25 kg as 250 g, 1000 GB as 1 TB."""
    known = _table().units.get(unit)
    if known is None:
        return value, unit
    other = known.small if 0 < abs(value) < 1 else known.large if abs(value) >= 1000 else None
    return (round(convert(value, unit, other), 6), other) if other else (value, unit)


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Return a value of one unit in another unit of the same dimension.

    Raises:
        ValueError: a unit is unknown, or the dimensions differ; names both.
    """
    if from_unit == to_unit:
        return value
    target = find_unit(to_unit)
    source = find_unit(from_unit, target.dimension if target else None)
    if source is None or target is None:
        raise ValueError(f"cannot convert {from_unit!r} to {to_unit!r}")
    if source.symbol == target.symbol:
        return value
    return (value * source.factor + source.offset - target.offset) / target.factor


def currencies() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return currency code -> ``symbols`` or language -> names."""
    return _table().currencies


def find_currency(text: str) -> str | None:
    """Return the code of the currency that a text names ("$", "yuan", "元"), or None."""
    return _table().currency_names.get(text.strip().casefold())
