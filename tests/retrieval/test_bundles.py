"""Sets under one budget: exact against all combinations, compatible, honest when nothing fits."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from core.entities import Constraint, Item, ItemId, Op, Query, Recommendation
from retrieval.bundles import TIED, Tie, chosen
from retrieval.graph import RelationGraph


class Rows:
    """Rows of items that are named by their row."""

    def row(self, item_id):
        return int(item_id)

    def item_at(self, row):
        return Item(ItemId(str(row)), str(row), category=("Cameras",) if row < 10 else ())


def entry(row, score, price):
    return Recommendation(Item(ItemId(str(row)), str(row), "", price, "EUR"), score, (), {})


def graph(*edges, items=60):
    subjects, objects = (np.array(column, dtype=np.int32) for column in zip(*edges, strict=True))
    return RelationGraph.of(subjects, ["fits"] * len(edges), objects, items)


NONE = RelationGraph.of(np.zeros(0, dtype=np.int32), [], np.zeros(0, dtype=np.int32), 60)


@pytest.mark.parametrize("seed", range(8))
def test_no_combination_is_better(seed):
    draw = np.random.default_rng(seed)
    pools = [
        [entry(10 * part + n, float(draw.random()), float(draw.integers(1, 100))) for n in range(6)]
        for part in range(3)
    ]  # fmt: skip
    edges = [(int(a), int(b)) for a, b in zip(draw.integers(0, 6, 4), draw.integers(10, 16, 4), strict=True)]
    related = graph(*edges)
    budget = 120.0

    def worth(choice):
        rows = [int(each.item.id) for each in choice]
        if sum(each.item.price for each in choice) > budget:
            return -1.0
        for row in rows:
            others = [end for start, end in edges if start == row]
            if others and not set(others) & set(rows):
                return -1.0
        return sum(each.score for each in choice) + TIED * len({pair for pair in edges if set(pair) <= set(rows)})

    found = chosen(pools, budget, Rows(), related)
    best = max(worth(choice) for choice in itertools.product(*pools))
    assert worth(found.items) == pytest.approx(best, abs=1e-4)
    assert found.total == sum(each.item.price for each in found.items) <= budget


def test_what_fits_others_than_the_candidates_is_not_taken():
    """The best lens is stated for a camera that is no candidate: a lens that says nothing of cameras goes before it."""
    cameras = [Recommendation(Rows().item_at(row), 0.9, (), {}) for row in (0, 1)]
    cameras = [replace(one, item=replace(one.item, price=100.0)) for one in cameras]
    lenses = [entry(20, 0.9, 50.0), entry(21, 0.2, 50.0)]
    found = chosen([cameras, lenses], None, Rows(), graph((20, 5)))
    assert [str(each.item.id) for each in found.items] == ["0", "21"]
    only = chosen([cameras, lenses[:1]], None, Rows(), graph((20, 5)))
    assert only.items == ()  # what is made for another camera is not sold with this one
    assert np.isnan(only.total)
    rest = chosen([cameras, lenses[:1]], None, Rows(), graph((20, 5)), partly=True)
    assert [str(each.item.id) for each in rest.items] == ["0"]
    assert rest.parts == (0,)


def test_what_fits_only_some_goes_with_one_of_those():
    cameras = [entry(0, 0.9, 100.0), entry(1, 0.5, 100.0)]
    lenses = [entry(10, 0.9, 50.0)]
    found = chosen([cameras, lenses], None, Rows(), graph((10, 1)))
    assert [each.item.id for each in found.items] == ["1", "10"]
    assert found.ties == (Tie(ItemId("10"), "fits", ItemId("1")),)


def test_nothing_within_the_budget_says_what_the_cheapest_set_costs():
    pools = [[entry(0, 0.9, 100.0), entry(1, 0.1, 60.0)], [entry(10, 0.9, 50.0)]]
    found = chosen(pools, 100.0, Rows(), NONE)
    assert (found.items, found.total) == ((), 110.0)
    assert np.isnan(chosen([pools[0], []], 100.0, Rows(), NONE).total)


def test_no_item_stands_for_two_parts():
    pool = [entry(0, 0.9, 10.0), entry(1, 0.1, 10.0)]
    assert {each.item.id for each in chosen([pool, pool], None, Rows(), NONE).items} == {"0", "1"}


def test_too_many_parts_are_refused():
    with pytest.raises(ValueError, match="1 to 8"):
        chosen([], None, Rows(), NONE)


def test_a_set_from_the_shop_keeps_budget_and_constraints(garden):
    kinds = [(Constraint("c", "category", Op.EQ, kind),) for kind in ("Mowers", "Watering")]
    parts = [Query(constraints=kind) for kind in kinds]
    free = garden.bundle(parts)
    assert [each.item.category[-1] for each in free.items] == ["Mowers", "Watering"]
    tight = garden.bundle(parts, free.total - 1)
    assert tight.items
    assert tight.total <= free.total - 1
    assert not garden.bundle(parts, 1.0).items
