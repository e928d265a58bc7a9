"""What is kept of users: as plain JSON for ``/v1/profile``, and deleted everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.handover import forget_handoffs
from commerce.orders import OrderDesk
from core.conversation import ConversationState
from core.entities import EventKind, UserId
from retrieval.pipeline import Recommender
from storage.events import EventLog
from storage.handoffs import HandoffStore
from storage.sessions import SessionStore
from storage.tastes import TasteStore
from tools.profile import ERASED

_LISTS = {
    "liked": {EventKind.LIKE},
    "disliked": {EventKind.DISLIKE},
    "bought": {EventKind.PURCHASE},
    "rated": {EventKind.RATING},
    "viewed": {EventKind.VIEW, EventKind.CLICK},
}


@dataclass(frozen=True, slots=True)
class UserRecords:
    """Everything that keeps something of users; safe for concurrent use."""

    events: EventLog
    sessions: SessionStore
    tastes: TasteStore
    handoffs: HandoffStore
    desk: OrderDesk
    recommender: Recommender

    @classmethod
    def open(cls, place: Path, desk: OrderDesk, recommender: Recommender, keep_days: float) -> UserRecords:
        """Open or make the files in a folder; sessions and hand-offs are kept for so many days.

        Raises:
            StorageError: the folder cannot be used.
        """
        place.mkdir(parents=True, exist_ok=True)
        sessions = SessionStore(place / "sessions.db")
        sessions.prune(keep_days * 86_400)
        tastes, handoffs = TasteStore(place / "tastes.db"), HandoffStore(place / "handoffs.db", keep_days=keep_days)
        return cls(EventLog(place / "events.db"), sessions, tastes, handoffs, desk, recommender)

    def erase(self, user_id: UserId) -> dict[str, int]:
        """Delete a user's events, conversations and tastes everywhere; return how much was deleted."""
        gone = {"events": self.events.delete_user(user_id), "sessions": self.sessions.delete_user(user_id)}
        gone["tastes"] = self.tastes.delete_user(user_id)
        forget_handoffs(self.handoffs, user_id)
        gone["desk"] = self.desk.ledger.forget(user_id)  # where users are named as customers are
        self.recommender.forget(user_id)
        return gone

    def profile(self, user_id: UserId) -> dict[str, Any]:
        """Return ``{"user": id, "stated": [{"field", "value", "likes"}], "liked": [{"id", "title"}], "disliked": …}``.

        Further lists of items are ``bought``, ``rated`` and ``viewed``.
        """
        history, catalogue = self.recommender.user_items(user_id), self.recommender.catalogue
        profile: dict[str, Any] = {"user": user_id, "stated": [one._asdict() for one in self.tastes.of_user(user_id)]}
        for name, kinds in _LISTS.items():
            ids = [item_id for item_id, events in history.items() if kinds & set(events)]
            profile[name] = [{"id": item.id, "title": item.title} for item in catalogue.items(ids[-50:])]
        return profile

    def close(self) -> None:
        """Close the files."""
        for part in (self.sessions, self.events, self.tastes, self.handoffs):
            part.close()


def erased(state: ConversationState) -> ConversationState | None:
    """Return what is left of a conversation in which everything was deleted: nothing but its language; else None."""
    return ConversationState(language=state.language) if state.desk.get(ERASED) else None
