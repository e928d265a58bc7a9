"""Relations between items: what fits what (from facets), and what is bought together (from the log)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from generator.behaviour import Log
from generator.conditions import compile_condition
from generator.products import Product
from generator.tables import read_table

Row = tuple[str, str, str]


def relate(products: Sequence[Product], log: Log, seed: int) -> list[Row]:
    """Return (item, relation, related item), sorted and without doubles."""
    by_category: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        by_category[product.category.key].append(product)
    rows: set[Row] = set()
    for rule in read_table("relations"):
        rows.update(_by_rule(rule, by_category, seed))
    rows.update(_bought_together(products, log))
    return sorted(rows)


def _by_rule(rule: dict[str, str | int | list[str]], shelves: dict[str, list[Product]], seed: int) -> list[Row]:
    """Relate each item of one category to the best fits of another: same values where asked, same maker first."""
    first = compile_condition(str(rule.get("when", "")))
    second = compile_condition(str(rule.get("other", "")))
    same = rule.get("same", [])
    assert isinstance(same, list)
    targets: dict[tuple[str, ...], list[Product]] = defaultdict(list)
    for product in shelves[str(rule["to"])]:
        if second(product.values):
            targets[tuple(str(product.values.get(name)) for name in same)].append(product)
    rows = []
    for product in shelves[str(rule["from"])]:
        fitting = targets.get(tuple(str(product.values.get(name)) for name in same), [])
        if not fitting or not first(product.values):
            continue
        rng = Random(f"{seed}/{rule['from']}/{rule['to']}/{product.id}")
        near = rng.sample(fitting, min(25, len(fitting)))
        near.sort(key=lambda other: (other.brand is not product.brand, abs(other.quality - product.quality)))
        groups: set[str] = set()
        for other in near:
            if other.group not in groups and len(groups) < int(str(rule.get("most", 3))):
                groups.add(other.group)
                rows.append((product.id, str(rule["relation"]), other.id))
    return rows


def _bought_together(products: Sequence[Product], log: Log) -> list[Row]:
    """Relate products of different categories that the same customers bought within three weeks, by lift.

    Counted by product, not by variant; every variant points to the best-selling variant of the other product.
    """
    bought = log.of("purchase")
    baskets: dict[int, list[tuple[int, Product]]] = defaultdict(list)
    sold: Counter[str] = Counter()
    single: Counter[str] = Counter()
    for user, item, second in zip(bought.user.tolist(), bought.item.tolist(), bought.second.tolist(), strict=True):
        baskets[user].append((second, products[item]))
        sold[products[item].id] += 1
        single[products[item].group] += 1
    pairs: Counter[tuple[str, str]] = Counter()
    for events in baskets.values():
        for k, (when, item) in enumerate(events):
            near = (other for later, other in events[k + 1 :] if later - when < 22 * 86400)
            pairs.update(_ordered(item.group, other.group) for other in near if item.category is not other.category)
    best: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (group, other_group), count in pairs.items():
        if count >= 2:
            lift = count / (single[group] * single[other_group]) ** 0.5
            best[group].append((-lift, other_group))
            best[other_group].append((-lift, group))
    leaders: dict[str, str] = {}
    for product in products:
        if product.group not in leaders or sold[product.id] > sold[leaders[product.group]]:
            leaders[product.group] = product.id
    return [
        (product.id, "bought_together", leaders[group])
        for product in products
        for _, group in sorted(best.get(product.group, ()))[:3]
    ]


def _ordered(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)
