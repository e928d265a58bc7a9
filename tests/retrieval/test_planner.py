"""Which candidates are scored, and the questions' ranges."""

import numpy as np

from core.entities import Constraint, FacetType, Op, Query, Sort, Strength
from core.entities import Facet as FacetOf
from retrieval.fusion import fuse
from retrieval.planner import candidates
from retrieval.questions import _ranges
from retrieval.sources import SOURCES


def prepared(garden, query):
    signals = garden._signals(garden.serving, query)
    return signals, [source for source in SOURCES if source.active(signals)]


def test_few_survivors_are_all_scored(garden):
    signals, active = prepared(garden, Query(text="mower"))
    eligible = np.zeros(len(garden.catalogue), dtype=bool)
    eligible[[3, 7, 30]] = True
    assert candidates(signals, eligible, active).tolist() == [3, 7, 30]
    assert candidates(signals, np.zeros_like(eligible), active).tolist() == []


def test_proposals_stay_within_the_mask_and_score_the_same(garden):
    wish = Constraint("w", "cordless", Op.EQ, True, strength=Strength.WISH)
    query = Query(text="quiet mower", user_id="u0", sorts=(Sort("weight", False),), constraints=(wish,))
    signals, active = prepared(garden, query)
    eligible = np.arange(len(garden.catalogue)) % 3 > 0
    exact = fuse(signals, candidates(signals, eligible, active), active, garden.serving.shop)
    rows = candidates(signals, eligible, active, limit=0)
    assert eligible[rows].all()
    assert (np.diff(rows) > 0).all()
    proposed = fuse(signals, rows, active, garden.serving.shop)
    places = np.searchsorted(exact.rows, rows)
    np.testing.assert_allclose(proposed.total, exact.total[places], atol=1e-5)


def test_ranges_are_round_and_cover_everything():
    facet = FacetOf("weight", FacetType.NUMBER, unit="kg")
    draw = np.random.default_rng(2)
    for values in (draw.normal(1.6, 0.4, 80), draw.integers(1, 5, 30), draw.lognormal(5, 1, 50), np.array([1.0, 2.0])):
        numbers = values.astype(float)
        options, shares = _ranges(facet, numbers, np.full(len(numbers), 1 / len(numbers)))
        assert 2 <= len(options) <= 4
        assert shares.sum() == 1 or abs(shares.sum() - 1) < 1e-9
        for option in options:
            assert option.label.endswith(" kg")
            wanted = option.constraint.value
            match option.constraint.op:
                case Op.LT:
                    kept = numbers < wanted
                case Op.GE:
                    kept = numbers >= wanted
                case _:
                    kept = (numbers >= wanted[0]) & (numbers <= wanted[1])
            assert kept.sum() == option.count
    assert _ranges(facet, np.array([2.0, 2.0]), np.array([0.5, 0.5]))[0] == []
