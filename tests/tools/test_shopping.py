"""Tools over the recommender."""

from __future__ import annotations

from typing import Any

import pytest

from core.conversation import ConversationState, StateChange, Wants
from core.entities import Constraint, ItemId, Op, Strength
from tests.tools.conftest import Call
from tools.results import Compared, Detailed, Explained, Recommended, ToolResult

LAPTOPS = {"field": "category", "op": "==", "value": "Laptops"}


def _recommended(result: ToolResult) -> Recommended:
    assert isinstance(result.evidence, Recommended)
    return result.evidence


def _ids(result: ToolResult) -> list[str]:
    return [entry.item.id for entry in _recommended(result).ranking.items]


def test_a_recommendation_says_what_it_shows_and_what_to_remember(call: Call) -> None:
    result = call("recommend_items", set=[LAPTOPS, {"field": "price", "op": "<", "value": 900}], query="quiet")
    assert set(_ids(result)) == {"l1", "l3", "l4"}
    assert result.change.shown == result.change.focus == tuple(_ids(result))
    assert [c.field for c in result.change.set] == ["category", "price"]
    assert {c.turn for c in result.change.set} == {1}
    assert all(f"[{item_id}]" in result.text for item_id in _ids(result))


def test_units_and_spelling_become_the_catalogue_s(call: Call) -> None:
    wanted = [
        {"field": "weight", "op": "<", "value": 1500, "unit": "g"},
        {"field": "brand", "op": "==", "value": "norva"},
    ]
    weight, brand = call("recommend_items", set=wanted).change.set
    assert (weight.value, weight.unit) == (1.5, "kg")
    assert brand.value == "Norva"


def test_it_answers_the_wants_so_far(call: Call) -> None:
    wants = Wants(constraints=(Constraint("c1", "category", Op.EQ, "Laptops"), Constraint("c2", "price", Op.LT, 900.0)))
    state = ConversationState(turn=2, wants=wants)
    assert _ids(call("recommend_items", state, set=[{"field": "color", "op": "==", "value": "black"}])) == ["l4"]
    assert "l2" in _ids(call("recommend_items", state, remove=["c2"], limit=10))
    narrowed = _recommended(call("recommend_items", state, set=[{"field": "price", "op": "<", "value": 600}]))
    assert [c.id for c in narrowed.replaced] == ["c2"]


@pytest.mark.parametrize(("direction", "first"), [("lowest", "l1"), ("highest", "l2")])
def test_sorted(direction: str, first: str, call: Call) -> None:
    result = call("recommend_items", set=[LAPTOPS], sort=[{"field": "weight", "direction": direction}])
    assert _ids(result)[0] == first


def test_no_match_is_said_with_what_would_help(call: Call) -> None:
    wanted = [LAPTOPS, {"field": "price", "op": "<", "value": 10}]
    result = call("recommend_items", set=wanted)
    assert _ids(result) == []
    assert result.text == "no item matches"
    assert result.change.shown is None
    assert [r.matches for r in _recommended(result).ranking.relaxations]


def test_a_wish_excludes_nothing(call: Call) -> None:
    wish = {"field": "color", "op": "==", "value": "white", "strength": "wish"}
    result = call("recommend_items", set=[LAPTOPS, wish], limit=10)
    assert len(_ids(result)) == 5
    assert result.change.set[1].strength is Strength.WISH


def test_what_is_excluded_stays_out(call: Call) -> None:
    assert "l1" not in _ids(call("recommend_items", set=[LAPTOPS], exclude=["l1"], limit=10))
    assert "l1" not in _ids(call("recommend_items", set=[LAPTOPS], dislike=["l1"], limit=10))


def test_similar_items_leave_the_given_one_out(call: Call) -> None:
    result = call("similar_items", like_items=["e1"], exclude=["e1"])
    assert "e1" not in _ids(result)
    assert result.change.anchors == ("e1",)
    assert [item.id for item in _recommended(result).anchors] == ["e1"]


def test_questions_already_asked_are_not_offered_again(call: Call) -> None:
    first = _recommended(call("recommend_items", set=[{"field": "category", "op": "==", "value": "Computers"}]))
    asked = tuple(question.field for question in first.ranking.questions)
    again = call("recommend_items", ConversationState(asked=asked), set=[LAPTOPS])
    assert not set(asked) & {question.field for question in _recommended(again).ranking.questions}


def test_details(call: Call) -> None:
    result = call("item_details", item_ids=["l1", "l1"], fields=["weight", "wheels"])
    assert isinstance(result.evidence, Detailed)
    assert [entry.item.id for entry in result.evidence.items] == ["l1"]
    assert result.evidence.asked == ("weight",)
    assert result.change == StateChange(focus=(ItemId("l1"),))


def test_an_explanation_is_of_the_wants(call: Call) -> None:
    state = ConversationState(wants=Wants(constraints=(Constraint("c1", "price", Op.LT, 900.0),)))
    result = call("explain_items", state, item_ids=["l1"])
    assert isinstance(result.evidence, Explained)
    (entry,) = result.evidence.items
    assert any(reason.kind == "constraint" and reason.data["field"] == "price" for reason in entry.reasons)


def _rows(result: ToolResult) -> dict[str, tuple[tuple[Any, ...], tuple[int, ...]]]:
    assert isinstance(result.evidence, Compared)
    return {row.field: (row.values, row.best) for row in result.evidence.facets}


def test_a_comparison_marks_the_better_end(call: Call) -> None:
    rows = _rows(call("compare_items", item_ids=["l1", "l3"]))
    assert rows["price"] == ((799.0, 549.0), (1,))
    assert rows["rating"] == ((4.6, 4.0), (0,))
    assert rows["weight"] == ((1.1, 1.5), (0,))
    assert rows["screen_size"] == ((13.3, 14.0), ())


def test_what_differs_stands_before_what_does_not_and_what_is_wanted_before_the_rest(call: Call) -> None:
    state = ConversationState(wants=Wants(constraints=(Constraint("c1", "noise_level", Op.LT, 40.0),)))
    fields = list(_rows(call("compare_items", state, item_ids=["l1", "l4"])))
    assert fields[0] == "noise_level"
    assert fields.index("weight") < fields.index("ram")


def test_across_categories_only_what_both_state_is_compared(call: Call) -> None:
    assert "ram" not in _rows(call("compare_items", item_ids=["l1", "e1"]))
    assert "battery_life" in _rows(call("compare_items", item_ids=["l1", "e1"]))
