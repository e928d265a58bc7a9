"""What the chat page and the terminal use of an assistant beyond what every door does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from core.entities import Language, UserId
from core.events import SessionRef
from server.port import Conversation


class Shopfront(Conversation, Protocol):
    """An assistant that receives people at the door."""

    def new_session(self, scope: str = "") -> SessionRef:
        """Issue a session."""
        ...

    def greeting(self, language: Language) -> str:
        """Return the words of welcome."""
        ...

    def examples(self, language: Language) -> Sequence[str]:
        """Return opening messages that work in this shop."""
        ...

    def personas(self) -> Mapping[str, str]:
        """Return the customer profiles that may be tried: user id -> name."""
        ...


def guest(session: SessionRef) -> UserId:
    """Return the user that a nameless visitor is within one session; it does not give the session's id away."""
    return UserId("guest-" + hashlib.sha256(session.session_id.encode()).hexdigest()[:16])
