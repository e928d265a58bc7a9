"""What the doors use of an assistant; ``agent.assistant.Assistant`` fits it, and so do the tests' scripted ones."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from core.conversation import Message
from core.entities import Facet, Interaction, UserId
from core.events import SessionRef, TurnEvent, TurnRequest
from core.shop import Shop


class Shelves(Protocol):
    """The catalogue, as far as the doors check requests against it."""

    @property
    def facets(self) -> Mapping[str, Facet]:
        """The facets that constraints may name."""
        ...

    def has(self, item_id: str) -> bool:
        """Return whether the shop has an item."""
        ...


class Ranker(Protocol):
    """The recommender, as far as the doors look at it."""

    @property
    def catalogue(self) -> Shelves:
        """The catalogue being served."""
        ...


class Conversation(Protocol):
    """An assistant: one turn at a time for each session, as a stream of events."""

    @property
    def shop(self) -> Shop:
        """The shop being served."""
        ...

    @property
    def recommender(self) -> Ranker:
        """Retrieval and ranking."""
        ...

    @property
    def model(self) -> str:
        """``embedded`` or the served LLM's name."""
        ...

    @property
    def mode(self) -> str:
        """``agent``, ``hybrid`` or ``embedded``."""
        ...

    def ready(self) -> bool:
        """Return whether turns can be taken now."""
        ...

    def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        """Take one turn. Cancelling the iteration stops its work; a failed turn raises a FloorwalkerError."""
        ...

    def session(self, session_id: str, scope: str) -> SessionRef:
        """Return the session that a client named."""
        ...

    def stateless(self, history: Sequence[Message], scope: str) -> SessionRef:
        """Return where a turn of a client without a session reads and writes."""
        ...

    async def record(self, interactions: Sequence[Interaction]) -> int:
        """Record events; return how many were new."""
        ...

    async def profile(self, user_id: UserId) -> Mapping[str, Any]:
        """Return what is known of a user's tastes, as plain JSON."""
        ...

    async def update_profile(self, user_id: UserId, changes: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Change what is known of a user's tastes."""
        ...

    async def forget(self, user_id: UserId) -> Mapping[str, Any]:
        """Delete a user's data; return what was deleted, in counts."""
        ...
