"""The parts of the ranking benchmark about what is new: users, shops, lists in proportion."""

import numpy as np
import pytest

from benchmarks.ranking import calibrated, carried, newcomers, page, strangers
from benchmarks.ranking.metrics import Table


def _table(measures, systems, low=0.1):
    draw = np.random.default_rng(1)
    return Table({
        measure: {name: draw.random(30) * 0.1 + low * place for place, name in enumerate(systems)}
        for measure in measures
    })  # fmt: skip


def test_sections_of_what_is_new_hold_a_row_for_every_system():
    asked = _table([f"{given} events" for given in strangers.GIVEN], (strangers.POPULAR, strangers.OURS))
    halves = _table([carried.NDCG], (carried.POPULAR, carried.TEXT, carried.CARRIED, carried.BOTH, carried.WHOLE))
    steps = (calibrated.PLAIN, "0.1")
    lists = _table([calibrated.NDCG, calibrated.OFF], steps)
    texts = page.new(
        [strangers.Strangers("Films", asked, asked, 30, "genre")],
        [carried.Carried("Films", halves, 10, 12, 30, 0.5)],
        [calibrated.Calibrated("Films", lists, 30, "genre")],
    )
    assert set(texts) == {"strangers", "carried", "calibrated"}
    assert texts["strangers"].count("| Films |") == 6
    assert carried.WHOLE in texts["carried"]
    assert texts["calibrated"].count("| Films |") == len(steps)
    assert set(texts) <= set(page.NAMES)


@pytest.mark.parametrize(("wanted", "right", "missed"), [({"a", "z"}, {0}, 1), ({"c"}, {2}, 0), ({"x", "y"}, set(), 2)])
def test_what_is_not_shown_counts_against_a_list(wanted, right, missed):
    found = newcomers._relevant(["a", "b", "c"], frozenset(wanted))
    assert {place for place in found if place < 3} == right
    assert len([place for place in found if place >= 3]) == missed


def test_new_items_are_told_from_known_ones():
    recall, share = newcomers._new_ones([f"i{place}" for place in range(20)], frozenset({"i3", "i40"}), {"i3", "i5"})
    assert recall == 1.0
    assert share == pytest.approx(0.2)
    assert np.isnan(newcomers._new_ones(["i1"], frozenset({"i1"}), {"i3"})[0])
