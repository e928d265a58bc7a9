"""Reads the generator's tables: brands, facets, categories, tastes, people, reviews and the shop's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent / "tables"
LANGUAGES = ("en", "zh")

Line = tuple[str, str, str]
"""Condition, English text, Chinese text."""


@dataclass(frozen=True, slots=True)
class Brand:
    """An invented maker: how good, how dear, and what it is known for."""

    name: str
    zh: str
    tier: float
    """Mean latent quality of its products, in [0, 1]."""
    premium: float
    """What the name alone multiplies a price by."""
    character: tuple[tuple[str, str], ...]
    lines: Mapping[str, tuple[str, ...]]
    """Category key -> product lines."""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryTable:
    """Everything that makes the items of one category."""

    key: str
    prefix: str
    path: tuple[str, ...]
    zh: str
    synonyms: Mapping[str, list[str]]
    share: float
    price: tuple[float, float]
    price_by: Mapping[str, float]
    price_scale: Mapping[str, tuple[float, float]]
    palette: tuple[str, ...]
    palettes: Mapping[str, tuple[str, ...]]
    """Type -> its own colours, where they differ."""
    kinds: Mapping[str, float]
    nouns: Mapping[str, tuple[str, str]]
    models: tuple[str, ...]
    facets: Mapping[str, Mapping[str, Any]]
    sizes: tuple[str, tuple[float, ...], float] | None
    """Facet that variants differ in, its ladder, and what one step multiplies the price by."""
    size_ranges: Mapping[str, tuple[float, float]]
    """Type -> the smallest and largest size it comes in."""
    adjectives: tuple[Line, ...]
    specs: tuple[Line, ...]
    openers: tuple[Line, ...]
    facts: tuple[Line, ...]
    closers: tuple[Line, ...]
    season: tuple[float, ...]
    """Relative demand by month, January first."""


@cache
def read_table(name: str) -> Any:
    """Return a parsed YAML table by its name under ``tables/``."""
    return yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def brands() -> tuple[Brand, ...]:
    """Return all brands in the table's order."""
    return tuple(
        Brand(
            name=name,
            zh=raw["zh"],
            tier=raw["tier"],
            premium=raw.get("premium", 1.0),
            character=tuple((english, chinese) for english, chinese in raw["character"]),
            lines={key: tuple(lines) for key, lines in raw["lines"].items()},
            synonyms=tuple(raw.get("synonyms", ())),
        )
        for name, raw in read_table("brands").items()
    )


@cache
def categories() -> tuple[CategoryTable, ...]:
    """Return all categories, department by department."""
    found = []
    for path in sorted((FOLDER / "categories").glob("*.yaml")):
        for key, raw in read_table(f"categories/{path.stem}").items():
            found.append(_category(key, raw))
    return tuple(found)


def _lines(raw: list[list[str]] | None) -> tuple[Line, ...]:
    return tuple((condition, english, chinese) for condition, english, chinese in raw or ())


def _category(key: str, raw: Mapping[str, Any]) -> CategoryTable:
    sizes = raw.get("sizes")
    return CategoryTable(
        key=key,
        prefix=raw["prefix"],
        path=tuple(raw["path"]),
        zh=raw["zh"],
        synonyms=raw["synonyms"],
        share=raw.get("share", 1.0),
        price=(raw["price"][0], raw["price"][1]),
        price_by=raw.get("price_by", {}),
        price_scale={name: (middle, power) for name, (middle, power) in raw.get("price_scale", {}).items()},
        palette=tuple(raw["palette"]),
        palettes={kind: tuple(colors) for kind, colors in raw.get("palettes", {}).items()},
        kinds={kind: spec[0] for kind, spec in raw["kinds"].items()},
        nouns={kind: (spec[1], spec[2]) for kind, spec in raw["kinds"].items()},
        models=tuple(raw["models"]),
        facets=raw["facets"],
        sizes=(sizes["facet"], tuple(sizes["steps"]), sizes["price"]) if sizes else None,
        size_ranges={kind: (low, high) for kind, (low, high) in (sizes or {}).get("ranges", {}).items()},
        adjectives=_lines(raw.get("adjectives")),
        specs=_lines(raw.get("specs")),
        openers=_lines(raw["openers"]),
        facts=_lines(raw["facts"]),
        closers=_lines(raw.get("closers")),
        season=tuple(raw.get("season", (1.0,) * 12)),
    )
