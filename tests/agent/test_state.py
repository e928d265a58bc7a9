"""How a turn changes the conversation's state."""

from __future__ import annotations

from agent.state import KEPT_PAST, KEPT_SEEN, begin, finish, merge, rewind
from core.conversation import ConversationState, Identity, Intent, StateChange, Wants
from core.entities import Constraint, ItemId, Op, Question
from core.events import ConstraintEdit
from tools.results import IdentityNeeded

PRICE = Constraint("", "price", Op.LE, 900.0)
BRAND = Constraint("", "brand", Op.NE, "Norva")


def _ids(*ids: str) -> tuple[ItemId, ...]:
    return tuple(map(ItemId, ids))


def test_a_turn_begins() -> None:
    state = begin(ConversationState(turn=3, language="en"), "zh", None)
    assert (state.turn, state.language, state.past) == (4, "zh", ())


def test_edited_chips_are_applied_and_can_be_undone() -> None:
    state = merge(ConversationState(turn=1), StateChange(set=(PRICE, BRAND)))
    edited = begin(state, "en", ConstraintEdit(remove=("c1",), set=(Constraint("", "color", Op.EQ, "red"),)))
    assert [(c.id, c.field) for c in edited.wants.constraints] == [("c2", "brand"), ("c3", "color")]
    assert edited.wants.constraints[-1].turn == 2
    assert rewind(edited, "undo").wants == state.wants


def test_merging_keeps_the_wants_of_before() -> None:
    state = merge(ConversationState(), StateChange(set=(PRICE,)))
    state = merge(state, StateChange(set=(BRAND,)))
    assert len(state.wants.constraints) == 2
    assert rewind(state, "undo").wants.constraints == state.past[-1].constraints
    assert rewind(rewind(state, "undo"), "undo").wants == Wants()
    assert rewind(ConversationState(), "undo") == ConversationState()


def test_a_change_that_changes_nothing_is_no_step_to_undo() -> None:
    state = merge(ConversationState(), StateChange(set=(PRICE,)))
    assert merge(state, StateChange(shown=_ids("a"))).past == state.past


def test_reset_forgets_the_wants_but_not_the_dislikes_and_can_be_undone() -> None:
    state = merge(ConversationState(), StateChange(set=(PRICE,), text="quiet", dislike=_ids("x"), shown=_ids("a")))
    fresh = rewind(state, "reset")
    assert fresh.wants == Wants(disliked=_ids("x"))
    assert (fresh.shown, fresh.focus, fresh.question, fresh.asked) == ((), (), None, ())
    assert rewind(fresh, "undo").wants == state.wants


def test_what_was_seen_and_done_is_bounded() -> None:
    state = ConversationState()
    for at in range(KEPT_SEEN + 20):
        state = merge(state, StateChange(text=f"word {at}", shown=_ids(f"i{at}")))
    assert len(state.seen) == KEPT_SEEN
    assert state.seen[-1] == f"i{KEPT_SEEN + 19}"
    assert len(state.past) == KEPT_PAST


def test_seen_items_are_kept_once() -> None:
    state = merge(ConversationState(), StateChange(shown=_ids("a", "b")))
    state = merge(state, StateChange(shown=_ids("b", "c")))
    assert (state.shown, state.seen) == (_ids("b", "c"), _ids("a", "b", "c"))


def test_a_turn_finishes() -> None:
    question = Question("color", ())
    state = finish(ConversationState(unclear=2), (Intent.RECOMMEND,), (), question, False)
    assert (state.question, state.asked, state.topic, state.unclear) == (question, ("color",), Intent.RECOMMEND, 0)
    assert finish(state, (Intent.OUT_OF_SCOPE,), (), None, True).unclear == 1


def test_the_desk_waits_for_an_identity_only_where_one_may_be_held() -> None:
    waiting = finish(ConversationState(), (Intent.ORDER_STATUS,), (IdentityNeeded(("email",)),), None, False)
    assert waiting.awaiting == "identity"
    refused = finish(ConversationState(), (Intent.ORDER_STATUS,), (IdentityNeeded((), "session"),), None, False)
    assert refused.awaiting is None


def test_an_identity_is_kept_by_other_changes() -> None:
    identity = Identity("c1", ("o1",), 1.0)
    state = merge(ConversationState(), StateChange(identity=identity))
    assert merge(state, StateChange(set=(PRICE,))).identity == identity
