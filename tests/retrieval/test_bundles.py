"""Sets under one budget: exact against all combinations, compatible, honest when nothing fits."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import Constraint, Item, ItemId, Op, Query, Recommendation
from retrieval.bundles import TIED, Tie, binds, chosen
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


def test_a_change_of_one_part_leaves_the_others_alone_where_they_can_stay():
    cameras = [entry(0, 0.9, 100.0), entry(1, 0.5, 80.0)]
    lenses = [entry(10, 0.9, 50.0), entry(11, 0.1, 40.0)]
    kept = frozenset({ItemId("1")})
    assert [each.item.id for each in chosen([cameras, lenses], None, Rows(), NONE, kept=kept).items] == ["1", "10"]
    tight = chosen([cameras[:1], lenses], 145.0, Rows(), NONE, kept=kept)
    assert [each.item.id for each in tight.items] == ["0", "11"]


def test_as_few_parts_as_possible_stay_out_and_the_later_named_first():
    pools = [[entry(0, 0.1, 100.0)], [entry(10, 0.9, 100.0)], [entry(20, 0.9, 30.0)]]
    found = chosen(pools, 140.0, Rows(), NONE, partly=True)
    assert (found.parts, found.total, found.least) == ((0, 2), 130.0, 230.0)
    assert chosen(pools, 140.0, Rows(), NONE).items == ()


@pytest.mark.parametrize("relation", ["accessory_of", "compatible_with", "fits", "适用于", "refill for", "works-with"])
def test_relations_that_bind(relation):
    assert binds(relation)


@pytest.mark.parametrize("relation", ["bought_together", "similar_to", "goes_with", "befits", "经常一起购买"])
def test_relations_that_do_not(relation):
    assert not binds(relation)


def test_what_is_often_bought_together_goes_with_others_too():
    cameras = [entry(0, 0.9, 100.0), entry(1, 0.5, 100.0)]
    lenses = [entry(10, 0.9, 50.0)]
    together = RelationGraph.of(np.array([10], np.int32), ["bought_together"], np.array([1], np.int32), 60)
    assert [each.item.id for each in chosen([cameras, lenses], None, Rows(), together).items] == ["0", "10"]
    cameras[1] = entry(1, 0.85, 100.0)  # nearly as good: what goes together wins
    assert [each.item.id for each in chosen([cameras, lenses], None, Rows(), together).items] == ["1", "10"]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), budget=st.integers(20, 250), edges=st.integers(0, 12))
def test_no_set_breaks_its_budget_or_pairs_what_is_made_for_another(seed, budget, edges):
    draw = np.random.default_rng(seed)
    pools = [
        [entry(10 * part + n, float(draw.random()), float(draw.integers(1, 100))) for n in range(5)]
        for part in range(3)
    ]  # fmt: skip
    pairs = {(int(a) + 10 * int(p), int(b) + 10 * int(q)) for a, b, p, q in draw.integers(0, 3, (edges, 4)) if p != q}
    found = chosen(pools, float(budget), Rows(), graph(*pairs) if pairs else NONE, partly=True)
    rows = [int(each.item.id) for each in found.items]
    assert sum(each.item.price for each in found.items) <= budget
    assert len({row // 10 for row in rows}) == len(rows)
    for row in rows:
        for part in range(3):
            fitting = {end for start, end in pairs if start == row and end // 10 == part}
            taken = {other for other in rows if other // 10 == part and other != row}
            assert not fitting or not taken or taken <= fitting
