"""One tool, called by a caller who chose it: an agent over MCP, not a message of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.conversation import ConversationState
from core.entities import Language, UserId
from core.events import SessionRef


@dataclass(frozen=True, slots=True)
class DirectCall:
    """A tool call with the session that it belongs to."""

    session: SessionRef
    name: str
    arguments: Mapping[str, Any]
    language: Language | None = None
    user_id: UserId | None = None
    keep: bool = True
    """False: the call reads and leaves no state of a conversation."""
    check: Callable[[ConversationState], None] | None = None
    """Looks at the state before the tool runs, under the session's lock; raises to refuse."""
    consent: bool = False
    """Whether the caller vouches for the customer's explicit yes to what was read back."""
    identity_token: str | None = field(default=None, repr=False)
    """As in :class:`core.events.TurnRequest`."""
