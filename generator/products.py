"""Makes products and their variants: latent quality -> facets -> price -> words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from generator.conditions import compile_condition
from generator.drawing import draw_facets
from generator.tables import Brand, CategoryTable, brands, categories
from generator.wording import descriptions, titles

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SUFFIXES = (
    (0.35, ("Lite", "Go", "SE", "Mini")),
    (0.7, ("Plus", "S", "II", "Air")),
    (1.01, ("Pro", "Max", "Ultra", "X")),
)
_MONTHS = 34
"""Products came out over the 34 months before the shop's last day."""


@dataclass(slots=True)
class Product:
    """A variant of a product, as sold: one row of ``items.csv``."""

    id: str
    group: str
    category: CategoryTable
    brand: Brand
    name: str
    quality: float
    price: float
    age_days: int
    """Since when it has been sold, counted back from the shop's last day."""
    values: dict[str, Any]
    title: tuple[str, str] = ("", "")
    description: tuple[str, str] = ("", "")
    stock: int = 0
    sponsored: bool = False
    value: float = 0.0
    """How much quality it gives for its price, in [-1, 1]."""
    rating: float | None = None
    rating_count: int = 0
    image: str = ""
    relations: list[tuple[str, str]] = field(default_factory=list)


def make_products(count: int, seed: int) -> list[Product]:
    """Return at least ``count`` items (the last product keeps all its variants), category by category."""
    tables = categories()
    total = sum(table.share for table in tables)
    made: list[Product] = []
    due = 0.0
    for table in tables:
        due += count * table.share / total
        taken: set[str] = set()
        for number in range(1, count + 1):
            if len(made) >= round(due):
                break
            made.extend(_variants(table, number, taken, Random(f"{seed}/{table.key}/{number}")))
    return made


def _variants(table: CategoryTable, number: int, taken: set[str], rng: Random) -> Iterator[Product]:
    makers = [brand for brand in brands() if table.key in brand.lines]
    brand = makers[(number - 1) % len(makers)] if number <= len(makers) else rng.choice(makers)
    quality = min(max(rng.gauss(brand.tier, 0.16), 0.02), 0.98)
    name = _name(table, brand, quality, taken, rng)
    kind = rng.choices(list(table.kinds), list(table.kinds.values()))[0]
    values = draw_facets(table.facets, {"type": kind}, quality, rng)
    luck = rng.gauss(0, 0.07)
    base = _base_price(table, brand, quality, values) * (1 + luck)
    age = int(30.4 * _MONTHS * rng.random() ** 1.3)
    group = f"{table.prefix}-{number:04d}"
    words = f"{group}/words"
    for k, (color, size, factor) in enumerate(_options(table, kind, quality, rng)):
        stated: dict[str, Any] = {**values, "color": color} if color else dict(values)
        if size is not None and table.sizes:
            stated[table.sizes[0]] = size
        yield Product(
            id=group + _LETTERS[k],
            group=group,
            category=table,
            brand=brand,
            name=name,
            quality=quality,
            price=charm(base * factor),
            age_days=age,
            values=stated,
            title=titles(table, brand, name, stated),
            description=descriptions(table, brand, name, stated, Random(words)),
            stock=_stock(rng),
            sponsored=rng.random() < 0.02,
            value=min(max(-luck * 6 + (1 - brand.premium) * 1.5, -1.0), 1.0),
        )


def _base_price(table: CategoryTable, brand: Brand, quality: float, values: dict[str, Any]) -> float:
    low, high = table.price
    price = low * (high / low) ** quality * brand.premium
    for text, factor in table.price_by.items():
        if compile_condition(text)(values):
            price *= factor
    for name, (middle, power) in table.price_scale.items():
        price *= (values[name] / middle) ** power
    return float(price)


def charm(price: float) -> float:
    """Return the price as a shop would print it: 24.99, 149, 1,299."""
    if price < 50:
        return round(max(round(price), 5)) - 0.01
    if price < 120:
        return float(round(price / 5) * 5) - 0.01
    if price < 1000:
        return float(round(price / 10) * 10 - 1)
    return float(round(price / 50) * 50 - 1)


def _options(
    table: CategoryTable, kind: str, quality: float, rng: Random
) -> list[tuple[str | None, float | None, float]]:
    """Return the (colour, size, price factor) of each variant."""
    wanted = rng.choices((1, 2, 3, 4), (5, 6, 4, 1))[0]
    palette = table.palettes.get(kind, table.palette)
    colors: list[str | None] = list(rng.sample(palette, min(wanted, len(palette)))) or [None]
    if not table.sizes:
        return [(color, None, 1.0) for color in colors]
    _, steps, factor = table.sizes
    low, high = table.size_ranges.get(kind, (0.0, float("inf")))
    steps = tuple(step for step in steps if low <= step <= high)
    start = min(int(max(quality + rng.gauss(0, 0.1), 0) * (len(steps) - 1)), len(steps) - 1)
    sizes = steps[start : start + rng.choice((1, 2, 2))]
    pairs: list[tuple[str | None, float | None, float]] = [
        (color, size, factor**k) for k, size in enumerate(sizes) for color in colors
    ]
    return pairs if len(pairs) <= 3 else sorted(rng.sample(pairs, 3), key=lambda pair: (pair[1] or 0, str(pair[0])))


def _stock(rng: Random) -> int:
    kind = rng.random()
    if kind < 0.06:
        return 0
    return rng.randint(1, 4) if kind < 0.15 else int(rng.gammavariate(1.6, 28)) + 5


def _name(table: CategoryTable, brand: Brand, quality: float, taken: set[str], rng: Random) -> str:
    """Return a name that no other product of this maker has in the category."""
    for attempt in range(200):
        pattern = rng.choice(table.models)
        suffix = next(words for bound, words in _SUFFIXES if quality < bound)
        name = pattern.format(
            L=rng.choice(brand.lines[table.key]),
            d=rng.randint(2, 9) if attempt < 20 else rng.randint(2, 99),
            h=rng.randint(1, 9) * 100 + (50 if rng.random() < 0.3 else 0)
            if attempt < 20
            else rng.randint(100, 999) * 10,
            t=rng.randint(1, 9) * 10 + rng.choice((0, 0, 5)),
            a=rng.choice("CEFGKMQRSTVX"),
            s=rng.choice(suffix),
        )
        if f"{brand.name} {name}" not in taken:
            break
    else:
        name = f"{name} Mk {len(taken)}"
    taken.add(f"{brand.name} {name}")
    return name
