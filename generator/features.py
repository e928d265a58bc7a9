"""The items as numbers: what tastes act on, how popular each is, what fits what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.products import Product
from generator.tables import brands, categories, read_table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLORS = 1
"""Colour enters as one number: bright or plain."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """All items, column by column."""

    features: Floats
    """n x (axes + quality, log price, bright colour + brands)."""
    popularity: Floats
    quality: Floats
    value: Floats
    released: Floats
    """Day of release, counted from the first day of the log (negative: before)."""
    category: Ints
    group: Ints
    mount: Ints
    members: tuple[Ints, ...]
    """Items of each category."""
    season: Floats
    """Category x month."""
    companions: Floats
    """Category x category."""
    fitted: int
    """The category whose items must fit the mount of what was bought, or -1."""


def feature_names() -> list[str]:
    """Return what the columns of ``Shelf.features`` mean."""
    return [*read_table("tastes")["axes"], "quality", "price", "bright", *(brand.name for brand in brands())]


def build_shelf(products: Sequence[Product], days: int, rng: np.random.Generator) -> Shelf:
    """Lay the products out as columns; popularity is drawn by group (a few stars, a long tail)."""
    tables = categories()
    index = {table.key: k for k, table in enumerate(tables)}
    category = np.array([index[product.category.key] for product in products])
    groups = {name: k for k, name in enumerate(dict.fromkeys(product.group for product in products))}
    group = np.array([groups[product.group] for product in products])
    quality = np.array([product.quality for product in products])
    mounts = {"": -1, **{name: k for k, name in enumerate(read_table("facets")["mount"]["values"])}}
    members = tuple(np.flatnonzero(category == k) for k in range(len(tables)))
    star = (
        rng.normal(0, 0.7, len(groups)) + 0.8 * np.array([1.0 if p.sponsored else 0.0 for p in products])[_first(group)]
    )
    stocked = np.array([float(len(rows) > 0) for rows in members])  # a small shop may lack a category
    variant = rng.normal(0, 0.35, len(products))
    return Shelf(
        features=_features(products, category, members),
        popularity=np.exp(star[group] + variant + 0.8 * quality),
        quality=quality,
        value=np.array([product.value for product in products]),
        released=np.array([float(days - product.age_days) for product in products]),
        category=category,
        group=group,
        mount=np.array([mounts.get(product.values.get("mount", ""), -1) for product in products]),
        members=members,
        season=np.array([table.season for table in tables]) * stocked[:, None],
        companions=_companions(index) * stocked,
        fitted=index.get("lenses", -1),
    )


def _first(group: Ints) -> Ints:
    return np.unique(group, return_index=True)[1]


def _companions(index: dict[str, int]) -> Floats:
    matrix = np.zeros((len(index), len(index)))
    for key, others in read_table("tastes")["companions"].items():
        for other, weight in others.items():
            if key in index and other in index:
                matrix[index[key], index[other]] = weight
    return matrix


def _features(products: Sequence[Product], category: Ints, members: tuple[Ints, ...]) -> Floats:
    columns = []
    for facets in read_table("tastes")["axes"].values():
        total = np.zeros(len(products))
        for facet, weight in facets.items():
            numbers = np.array([_number(product.values.get(facet)) for product in products])
            total += weight * _standardised(numbers, members)
        columns.append(_standardised(total, members))
    bright = set(read_table("tastes")["bright_colors"])
    columns.append(_standardised(np.array([product.quality for product in products]), members))
    columns.append(_standardised(np.log([product.price for product in products]), members))
    columns.append(np.array([1.0 if product.values.get("color") in bright else 0.0 for product in products]))
    order = {brand.name: k for k, brand in enumerate(brands())}
    maker = np.zeros((len(products), len(order)))
    maker[np.arange(len(products)), [order[product.brand.name] for product in products]] = 1
    return np.column_stack([*columns, maker])


def _number(value: object) -> float:
    return float(value) if isinstance(value, bool | int | float) else np.nan


def _standardised(numbers: Floats, members: tuple[Ints, ...]) -> Floats:
    """Return the numbers with mean 0 and deviation 1 within each category; 0 where not stated."""
    result = np.zeros(len(numbers))
    for rows in members:
        stated = rows[~np.isnan(numbers[rows])]
        if len(stated) > 1 and numbers[stated].std() > 0:
            result[stated] = (numbers[stated] - numbers[stated].mean()) / numbers[stated].std()
    return result
