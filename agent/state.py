"""How a turn changes the conversation's state; pure functions over immutable values."""

from __future__ import annotations

from dataclasses import replace

from core.conversation import ConversationState, Intent, StateChange, Wants
from core.entities import ItemId, Question
from core.events import ConstraintEdit
from tools.profile import ERASURE
from tools.results import Evidence, IdentityNeeded, Prepared, Told, Unreachable
from tools.wants import revise

KEPT_PAST = 10
KEPT_SEEN = 100


def begin(state: ConversationState, language: str, edit: ConstraintEdit | None) -> ConversationState:
    """Return the state at the start of a turn: counted on, the language set, edited chips applied."""
    state = replace(state, turn=state.turn + 1, language=language)
    if edit is None:
        return state
    added = tuple(replace(constraint, turn=state.turn) for constraint in edit.set)
    wants, _ = revise(state.wants, StateChange(set=added, remove=edit.remove))
    return _with_wants(state, wants)


def rewind(state: ConversationState, how: str) -> ConversationState:
    """Return the state with the wants of before (``undo``) or none (``reset``); both can be undone again."""
    if how == "undo":
        if not state.past:
            return state
        before = replace(state.past[-1], numbered=state.wants.numbered)
        return replace(state, wants=before, past=state.past[:-1], question=None)
    kept = Wants(disliked=state.wants.disliked, numbered=state.wants.numbered)
    return replace(_with_wants(state, kept), shown=(), focus=(), question=None, asked=())


def merge(state: ConversationState, change: StateChange) -> ConversationState:
    """Return the state after a tool's change."""
    wants, _ = revise(state.wants, change)
    state = _with_wants(state, wants)
    if change.shown is not None:
        seen: tuple[ItemId, ...] = tuple(dict.fromkeys((*state.seen, *change.shown)))[-KEPT_SEEN:]
        state = replace(state, shown=change.shown, seen=seen)
    if change.confirmed or change.learned:
        confirmed = tuple(dict.fromkeys((*state.confirmed, *change.confirmed)))
        state = replace(state, confirmed=confirmed, learned=tuple(dict.fromkeys((*state.learned, *change.learned))))
    if change.focus is not None:
        state = replace(state, focus=change.focus)
    if change.identity is not None:
        state = replace(state, identity=change.identity)
    if change.desk is not None:
        state = replace(state, desk=change.desk)
    return state


def finish(
    state: ConversationState,
    intents: tuple[Intent, ...],
    evidence: tuple[Evidence, ...],
    question: Question | None,
    unclear: bool,
) -> ConversationState:
    """Return the state to store: the open question, what the desk waits for, how often we misunderstood."""
    asked = state.asked if question is None else tuple(dict.fromkeys((*state.asked, question.field)))
    return replace(
        state,
        question=question,
        asked=asked,
        awaiting=_awaited(evidence),
        topic=intents[0] if intents else state.topic,
        unclear=state.unclear + 1 if unclear else 0,
    )


def _awaited(evidence: tuple[Evidence, ...]) -> str | None:
    """Return what is waited for: ``identity``, ``detail``, ``confirmation``, ``erasure``, ``person`` (an offer)."""
    awaited = None
    for found in evidence:
        if isinstance(found, IdentityNeeded) and found.why != "session":
            awaited = "person" if found.why == "limited" else "identity"
        elif isinstance(found, Prepared):
            awaited = "detail" if found.needed else "confirmation" if found.action else "person"
        elif isinstance(found, Unreachable):
            awaited = found.awaiting
        elif isinstance(found, Told) and found.key == ERASURE:
            awaited = "erasure"
    return awaited


def _with_wants(state: ConversationState, wants: Wants) -> ConversationState:
    """Return the state with new wants, the old ones kept for undo."""
    if wants == state.wants:
        return state
    return replace(state, wants=wants, past=(*state.past, state.wants)[-KEPT_PAST:])
