"""Wants: newer wins, nothing contradicts itself, ids stay stable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.conversation import StateChange, Wants
from core.entities import Constraint, ItemId, Op, Strength
from retrieval.constraints import contradicts
from tools.wants import query_for, revise

_NUMBERS = st.builds(
    lambda op, value, strength: Constraint("", "price", op, value, None, strength),
    st.sampled_from([Op.LE, Op.GE, Op.LT, Op.GT, Op.EQ, Op.NE]),
    st.sampled_from([100.0, 300.0, 500.0]),
    st.sampled_from(Strength),
)
_RANGES = st.builds(
    lambda low, width: Constraint("", "price", Op.BETWEEN, (low, low + width)),
    st.sampled_from([100.0, 300.0, 500.0]), st.sampled_from([1.0, 250.0]),
)  # fmt: skip
_WORDS = st.builds(
    lambda op, value: Constraint("", "brand", op, value), st.sampled_from([Op.EQ, Op.NE]), st.sampled_from("abc")
)
_SETS = st.builds(
    lambda op, values: Constraint("", "brand", op, tuple(sorted(values))),
    st.sampled_from([Op.IN, Op.NOT_IN]), st.sets(st.sampled_from("abc"), min_size=1, max_size=2),
)  # fmt: skip
_LISTS = st.builds(
    lambda op, value: Constraint("", "use", op, value),
    st.sampled_from([Op.CONTAINS, Op.NOT_CONTAINS]), st.sampled_from("xyz"),
)  # fmt: skip
_CONSTRAINTS = st.one_of(_NUMBERS, _RANGES, _WORDS, _SETS, _LISTS)
_CHANGES = st.builds(
    lambda new, gone: StateChange(set=tuple(new), remove=tuple(gone)),
    st.lists(_CONSTRAINTS, max_size=4), st.lists(st.sampled_from(["c1", "c2", "c3", "c9"]), max_size=2),
)  # fmt: skip


@given(st.lists(_CHANGES, max_size=8))
def test_after_any_changes_nothing_contradicts_and_ids_are_stable(changes: list[StateChange]) -> None:
    wants = Wants()
    for change in changes:
        before = {constraint.id: constraint for constraint in wants.constraints}
        wants, replaced = revise(wants, change)
        ids = [constraint.id for constraint in wants.constraints]
        assert len(set(ids)) == len(ids)
        assert not set(ids) & set(change.remove) & set(before)
        for constraint in wants.constraints:
            if constraint.id in before:
                assert constraint == before[constraint.id]
        own = wants.constraints
        pairs = [(a, b) for at, a in enumerate(own) for b in own[at + 1 :]]
        assert not [pair for pair in pairs if contradicts(*pair)]
        assert not {constraint.id for constraint in replaced} & set(ids)


@given(st.lists(_CHANGES, max_size=5), _CONSTRAINTS)
def test_what_was_said_last_always_holds(changes: list[StateChange], last: Constraint) -> None:
    wants = Wants()
    for change in [*changes, StateChange(set=(last,))]:
        wants, _ = revise(wants, change)
    held = [(each.field, each.op, each.value) for each in wants.constraints]
    assert (last.field, last.op, last.value) in held


def test_a_wish_softens_no_requirement() -> None:
    wants, _ = revise(Wants(), StateChange(set=(_price(900),)))
    wants, replaced = revise(wants, StateChange(set=(replace(_price(900, turn=2), strength=Strength.WISH),)))
    assert [constraint.strength for constraint in wants.constraints] == [Strength.MUST]
    assert not replaced


def _price(value: float, op: Op = Op.LE, turn: int = 1) -> Constraint:
    return Constraint("", "price", op, value, turn=turn)


def test_what_is_replaced_is_told() -> None:
    wants, _ = revise(Wants(), StateChange(set=(_price(900),)))
    wants, replaced = revise(wants, StateChange(set=(_price(500, turn=2),)))
    assert [constraint.value for constraint in wants.constraints] == [500]
    assert [constraint.value for constraint in replaced] == [900]


def test_what_one_message_says_both_ways_is_told() -> None:
    _, replaced = revise(Wants(), StateChange(set=(_price(1000, Op.GE), _price(500))))
    assert [constraint.value for constraint in replaced] == [1000]


def test_said_again_is_no_replacement() -> None:
    wants, _ = revise(Wants(), StateChange(set=(_price(900),)))
    wants, replaced = revise(wants, StateChange(set=(_price(900, turn=2),)))
    assert len(wants.constraints) == 1
    assert not replaced


def test_ids_are_not_used_twice() -> None:
    wants, _ = revise(Wants(), StateChange(set=(_price(900), Constraint("", "brand", Op.NE, "a"))))
    wants, _ = revise(wants, StateChange(set=(Constraint("", "use", Op.CONTAINS, "x"),), remove=("c1",)))
    assert [constraint.id for constraint in wants.constraints] == ["c2", "c3"]


def _ids(*ids: str) -> tuple[ItemId, ...]:
    return tuple(map(ItemId, ids))


def test_a_like_takes_a_dislike_back() -> None:
    wants, _ = revise(Wants(), StateChange(like=_ids("a", "b")))
    wants, _ = revise(wants, StateChange(dislike=_ids("a")))
    assert (wants.liked, wants.disliked) == (_ids("b"), _ids("a"))
    wants, _ = revise(wants, StateChange(like=_ids("a")))
    assert (wants.liked, wants.disliked) == (_ids("b", "a"), ())


def test_none_leaves_a_part_as_it_is_and_empty_clears_it() -> None:
    full: dict[str, Any] = {"text": "quiet", "anchors": _ids("a"), "gift": True}
    wants = Wants(**full)
    assert revise(wants, StateChange())[0] == wants
    assert revise(wants, StateChange(text="", anchors=(), gift=False))[0] == Wants()


def test_a_gift_leaves_the_user_s_taste_out() -> None:
    query = query_for(Wants(gift=True, text="ring"), user_id=None, language="en", limit=3)
    assert (query.personal, query.text, query.limit) == (False, "ring", 3)


def test_the_id_of_a_removed_constraint_is_not_given_again() -> None:
    wants, _ = revise(Wants(), StateChange(set=(_price(900), Constraint("", "brand", Op.EQ, "a"))))
    newest = wants.constraints[-1].id
    wants, _ = revise(wants, StateChange(remove=(newest,)))
    wants, _ = revise(wants, StateChange(set=(Constraint("", "brand", Op.EQ, "b"),)))
    assert wants.constraints[-1].id != newest
