"""Whether reasons are true: what a reason names is taken away, and the item's score has to fall."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.ranking.serving import opened
from core.entities import EventKind, Interaction, ItemId, Query, Reason, ReasonKind, UserId
from retrieval.pipeline import Recommender

USERS = 200
SEED = 41
BY_USER = (ReasonKind.COLLABORATIVE, ReasonKind.PROFILE, ReasonKind.GRAPH)
"""Reasons whose evidence is something that the user did."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Removal:
    """One reason, and the item's score with its evidence and without."""

    kind: ReasonKind
    before: float
    after: float
    control: float
    """The score when another of the user's items is taken away instead."""


def removals(recommender: Recommender, users: Sequence[str], now: float, limit: int = 3) -> list[Removal]:
    """Recommend to users and take the evidence of each reason away.

    Each user's events are recorded anew under made-up names, all of them, those without the evidence, and those without
    some other item: the models stay the same, only what is known of the user differs.
    """
    found = []
    draw = np.random.default_rng(SEED)
    for user in users:
        events = [(ItemId(recommender.catalogue.ids[event.row]), event) for event in recommender.events(UserId(user))]
        whole = _copy(recommender, f"{user} whole", events, now)
        for entry in recommender.recommend(Query(user_id=whole, limit=limit)).items:
            for reason in entry.reasons:
                evidence = _evidence(reason)
                items = sorted({item for item, _ in events} - evidence - {entry.item.id})
                if reason.kind not in BY_USER or reason.weight <= 0 or not items:
                    continue
                other = {items[int(draw.integers(len(items)))]}
                scores = []
                for number, gone in enumerate((set[ItemId](), evidence, other)):
                    rest = [pair for pair in events if pair[0] not in gone]
                    name = f"{user} {number} {entry.item.id} {reason.kind}"
                    scores.append(_score(recommender, entry.item.id, _copy(recommender, name, rest, now)))
                found.append(Removal(reason.kind, *scores))
    return found


def _evidence(reason: Reason) -> set[ItemId]:
    """Return the user's items that a reason names."""
    return {ItemId(item) for item in reason.data.get("liked", [reason.data.get("item_id", "")])}


def _copy(recommender: Recommender, name: str, events: Sequence[tuple[ItemId, object]], now: float) -> UserId:
    """Record events under another name, at their own times."""
    user = UserId(name)
    copied = []
    for item, event in events:
        kind, when = event.kind, event.time or now - 86_400.0  # type: ignore[attr-defined]
        value = (event.weight + 1.0) * recommender.serving.history.top / 2.0  # type: ignore[attr-defined]
        stamp = datetime.fromtimestamp(when, UTC)
        copied.append(Interaction(user, item, kind, value if kind is EventKind.RATING else None, stamp))
    recommender.record(copied)
    return user


def _score(recommender: Recommender, item: ItemId, user: UserId) -> float:
    return sum(recommender.fit_of(item, Query(user_id=user)).parts.values())


@dataclass(frozen=True)
class Faithful:
    """Every removal on a shop."""

    found: Sequence[Removal]
    users: int


def measure(shop: Path, work: Path) -> Faithful:
    """Draw users of a shop's log and take the evidence of their reasons away."""
    recommender = opened(shop, work / "data", lambda: 0.0)
    latest = recommender.serving.history.latest
    recommender = Recommender(
        replace(recommender.serving), recommender.embedder, work / "overlay-faithful", lambda told: None, lambda: latest
    )
    names = sorted(recommender.serving.history.users)
    picks = np.random.default_rng(SEED).permutation(len(names))[:USERS]
    found = removals(recommender, [names[int(pick)] for pick in picks], latest)
    _log.info("faithfulness: %d reasons", len(found))
    return Faithful(found, len(picks))
