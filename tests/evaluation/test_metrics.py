"""Figures on dialogues made by hand."""

from __future__ import annotations

from math import isnan

import pytest

from evaluation.dialogue import Exchange, Trace
from evaluation.metrics import figures


def exchange(items=3, found=None, question=None, repeated=False, broken=0, missed=0):
    return Exchange("say", tuple(f"i{n}" for n in range(items)), question, repeated, broken, missed, found)


def trace(shopper, paraphrase, *exchanges, seller="assistant"):
    return Trace(seller, shopper, paraphrase, "en", "target", exchanges)


TRACES = (
    trace(0, 0, exchange(found=0)),
    trace(0, 1, exchange(missed=1, question="color"), exchange(items=2, found=1, question="color", repeated=True)),
    trace(1, 0, exchange(items=0, question="price"), exchange(items=1, found=0)),
    trace(1, 1, exchange(broken=2), exchange(), exchange(items=0), exchange(), exchange()),
)


def test_success_and_what_it_took():
    found = figures(TRACES)
    assert (found.dialogues, found.shoppers) == (4, 2)
    assert found.success.value == pytest.approx(3 / 4)
    assert found.pass_all.value == pytest.approx(1 / 2)
    assert found.first.value == pytest.approx(2 / 4)
    assert found.turns.value == pytest.approx((1 + 2 + 2) / 3)
    assert found.items.value == pytest.approx((1 + 5 + 1) / 3)


def test_violations_and_repeats_are_shares_of_what_was_shown_and_asked():
    found = figures(TRACES)
    shown = 3 + 5 + 1 + 12
    assert found.broken.value == pytest.approx(2 / shown)
    assert found.missed.value == pytest.approx(1 / shown)
    # The same three items, twice in the second dialogue and four times in the last.
    assert found.again.value == pytest.approx((2 + 9) / shown)
    assert found.repeated.value == pytest.approx(1 / 3)


def test_intervals_hold_the_figure_repeat_and_narrow_to_nothing_where_all_agree():
    found = figures(TRACES, seed=4)
    assert found.success.low <= found.success.value <= found.success.high
    assert found == figures(TRACES, seed=4)
    sure = figures([trace(n, 0, exchange(found=0)) for n in range(9)])
    assert (sure.success.low, sure.success.high) == (1.0, 1.0)


def test_nothing_asked_and_nothing_found_is_no_figure():
    found = figures([trace(0, 0, exchange(), exchange())])
    assert isnan(found.turns.value)
    assert isnan(found.repeated.value)
    assert found.success.value == 0.0


def test_sellers_are_not_mixed():
    with pytest.raises(ValueError, match="one seller"):
        figures([*TRACES, trace(2, 0, exchange(), seller="random")])
    with pytest.raises(ValueError, match="one seller"):
        figures([])
