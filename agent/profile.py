"""What is known of a user, as plain JSON for ``/v1/profile``."""

from __future__ import annotations

from typing import Any

from core.entities import EventKind, UserId
from retrieval.pipeline import Recommender

_LISTS = {
    "liked": {EventKind.LIKE},
    "disliked": {EventKind.DISLIKE},
    "bought": {EventKind.PURCHASE},
    "rated": {EventKind.RATING},
    "viewed": {EventKind.VIEW, EventKind.CLICK},
}


def profile_of(recommender: Recommender, user_id: UserId) -> dict[str, Any]:
    """Return ``{"user": id, "liked": [{"id", "title"}], "disliked": …, "bought": …, "rated": …, "viewed": …}``."""
    history = recommender.user_items(user_id)
    catalogue = recommender.catalogue
    profile: dict[str, Any] = {"user": user_id}
    for name, kinds in _LISTS.items():
        ids = [item_id for item_id, events in history.items() if kinds & set(events)]
        profile[name] = [{"id": item.id, "title": item.title} for item in catalogue.items(ids[-50:])]
    return profile
