"""Short reviews that agree with the item's facets and the customer's stars.

A customer praises what the item is good at (the best quarter of its category by a facet, or a feature that it has) and
complains of what it is bad at. Five stars: praise; four: praise, perhaps with one reservation; three: one of each; two
and one: complaints, with a fault or the price when the facets give no cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import numpy as np

from generator.behaviour import Log
from generator.customers import People, writes_chinese
from generator.output import iso
from generator.products import Product
from generator.tables import read_table
from generator.wording import show

_SHARE = 0.97
"""The share of ratings that come with words."""

Aspects = tuple[list[str], list[str]]
"""Names of the facets to praise, and of those to complain of."""


def write_reviews(log: Log, products: Sequence[Product], people: People, seed: int) -> Iterator[list[str]]:
    """Yield the rows of ``reviews.csv``: id, item, customer, text, stars, time, language."""
    ratings = log.of("rating")
    known = _aspects(products)
    number = 0
    columns = zip(
        ratings.user.tolist(), ratings.item.tolist(), ratings.value.tolist(), ratings.second.tolist(), strict=True
    )
    for user, item, stars, second in columns:
        rng = Random(f"{seed}/review/{user}/{item}/{second}")
        if rng.random() > _SHARE:
            continue
        number += 1
        language = 1 if writes_chinese(people.ids[user], seed) else 0
        text = review_text(products[item], known[item], int(stars), language, rng)
        code = ("en", "zh")[language]
        yield [f"r{number:06d}", products[item].id, people.ids[user], text, f"{stars:g}", iso(second), code]


def review_text(product: Product, aspects: Aspects, stars: int, language: int, rng: Random) -> str:
    """Return what a customer with these stars writes of the item."""
    table = read_table("reviews")
    code = ("en", "zh")[language]
    parts = [rng.choice(table["openers"][stars][code]).format(noun=table["nouns"][product.category.key][language])]
    good, bad = list(aspects[0]), list(aspects[1])
    rng.shuffle(good)
    rng.shuffle(bad)
    praise = [_say(name, "good", product, code, rng) for name in good[:2]] or [
        _say("quality", "good", product, code, rng)
    ]
    cause = [_say(name, "bad", product, code, rng) for name in bad[:2]]
    cause = cause or [_say(rng.choice(("fault", "value")), "bad", product, code, rng)]
    if stars >= 4:
        parts += praise[: rng.choice((1, 1, 2))]
        if stars == 4 and bad and rng.random() < 0.5:
            parts.append(_reservation(cause[0], code, rng))
        elif rng.random() < 0.22:
            parts.append(_say(rng.choice(("service", "taste")), "good", product, code, rng))
    elif stars == 3:
        parts += [praise[0], ("But " if code == "en" else "不过") + _lower(cause[0], code)]
    else:
        parts += cause
        if stars == 1 or (len(cause) < 2 and rng.random() < 0.5):
            parts.append(_say("fault", "bad", product, code, rng))
    return (" " if code == "en" else "").join(part for part in dict.fromkeys(parts) if part)


def _reservation(text: str, code: str, rng: Random) -> str:
    if rng.random() < 0.5:
        return text
    return f"Only drawback: {_lower(text, code)}" if code == "en" else f"唯一的缺点是{text}"


def _lower(text: str, code: str) -> str:
    return text if code == "zh" or text.startswith(("I ", "GPS", "HEPA")) else text[:1].lower() + text[1:]


def _say(name: str, end: str, product: Product, code: str, rng: Random) -> str:
    table = read_table("reviews")
    entry: dict[str, Any] = table["aspects"].get(name) or table["general"][name]
    language = 0 if code == "en" else 1
    noun = table["nouns"][product.category.key][language]
    color = show("color", product.values["color"], language)
    return str(rng.choice(entry[end][code])).format(noun=noun, color=color)


def _aspects(products: Sequence[Product]) -> list[Aspects]:
    """Return for each item what there is to praise and to complain of."""
    found: list[Aspects] = [([], []) for _ in products]
    shelves: dict[str, list[int]] = defaultdict(list)
    for row, product in enumerate(products):
        shelves[product.category.key].append(row)
    facets = read_table("facets")
    for category, rows in shelves.items():
        for name, aspect in read_table("reviews")["aspects"].items():
            stated = [row for row in rows if name in products[row].values]
            if len(stated) < 8 or category not in aspect.get("where", (category,)):
                continue
            if facets[name]["type"] == "boolean":
                for row in stated:
                    found[row][0 if products[row].values[name] else 1].append(name)
            else:
                _by_number(name, stated, products, found, lower=facets[name].get("better") == "lower")
    for row, product in enumerate(products):
        _by_latent(product, found[row])
    return found


def _by_number(name: str, rows: list[int], products: Sequence[Product], found: list[Aspects], *, lower: bool) -> None:
    """Judge a number among the items of the same type: nobody compares a robot vacuum with a hand-held one."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        kinds[products[row].values["type"]].append(row)
    for same in kinds.values():
        numbers = np.array([float(products[row].values[name]) for row in same])
        low, high = np.quantile(numbers, 0.25), np.quantile(numbers, 0.75)
        if low == high:
            continue
        for row, number in zip(same, numbers, strict=True):
            if number <= low or number >= high:
                good = (number <= low) == lower
                found[row][0 if good else 1].append(name)


def _by_latent(product: Product, aspects: Aspects) -> None:
    if product.quality > 0.7:
        aspects[0].append("quality")
    if product.quality < 0.35:
        aspects[1].append("quality")
    if product.value > 0.3:
        aspects[0].append("value")
    if product.value < -0.35:
        aspects[1].append("value")
