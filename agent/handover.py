"""Keeps hand-offs on record, whichever door the conversation came through, for the people who take them."""

from __future__ import annotations

import re

from core.events import Reply, TurnRequest
from storage.handoffs import Handoff, HandoffStore

CHANNEL = "channel:"
"""What the scopes of sessions begin with that a channel verified; its name follows."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


def keep_handoff(store: HandoffStore | None, request: TurnRequest, reply: Reply) -> None:
    """Open a hand-off when a reply carries one, and close it when the customer called the assistant back.

    It is called before the turn is stored: a process that is killed in between leaves a hand-off too many, never a
    silent assistant that nobody knows of.
    """
    if store is None:
        return
    session = request.session
    action = next((action for action in reply.actions if action.kind == "handoff"), None)
    if action is not None:
        details = {name: value for name, value in action.data.items() if name not in ("transcript", "why", "language")}
        why = str(action.data.get("why") or "requested")
        store.open(
            Handoff(
                session.key, session.session_id, session.scope, session.issued, door_of(session.scope), reply.language,
                action.summary, why, details, request.user_id,
            )
        )  # fmt: skip
    elif any(run.name == "take_back" for run in reply.tool_calls):
        known = store.of_session(session.key)
        if known is not None:
            store.close_handoff(known.id, "returned")
    else:
        store.touch(session.key)


def forget_handoffs(store: HandoffStore | None, user_id: str) -> None:
    """Delete a user's hand-offs."""
    if store is not None:
        store.delete_user(user_id)


def door_of(scope: str) -> str:
    """Return which door a session came through: ``page``, ``widget``, ``api``, or a channel's name."""
    if scope.startswith(CHANNEL):
        return scope.removeprefix(CHANNEL)
    name = scope.partition(":")[0]
    return "api" if not name or _DIGEST.fullmatch(name) else name[:40]
