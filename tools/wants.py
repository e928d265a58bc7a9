"""Merging changes into what the shopper wants: newer wins, nothing contradicts itself, ids stay stable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.conversation import StateChange, Wants
from core.entities import Constraint, ItemId, Query, Strength, UserId
from retrieval.constraints import contradicts

_KEPT_ITEMS = 50


def revise(wants: Wants, change: StateChange) -> tuple[Wants, tuple[Constraint, ...]]:
    """Return the wants after a change, and the earlier constraints that newer ones replaced."""
    kept = [constraint for constraint in wants.constraints if constraint.id not in change.remove]
    replaced: list[Constraint] = []
    next_id = 1 + max((int(c.id[1:]) for c in wants.constraints if c.id[1:].isdigit()), default=0)
    next_id = max(next_id, wants.numbered + 1)
    for new in change.set:
        if any(_requires(old, new) for old in kept):
            continue
        beaten = [old for old in kept if contradicts(old, new)]
        kept = [old for old in kept if old not in beaten]
        # Said again with other words is no replacement worth telling.
        replaced += [old for old in beaten if (old.op, old.value) != (new.op, new.value)]
        kept.append(replace(new, id=f"c{next_id}"))
        next_id += 1
    liked = _appended(_without(wants.liked, (*change.dislike, *change.unsaid)), change.like)
    disliked = _appended(_without(wants.disliked, (*change.like, *change.unsaid)), change.dislike)
    revised = replace(
        wants,
        constraints=tuple(kept),
        numbered=next_id - 1,
        text=wants.text if change.text is None else change.text,
        sorts=wants.sorts if change.sorts is None else change.sorts,
        anchors=wants.anchors if change.anchors is None else change.anchors,
        liked=liked,
        disliked=disliked,
        gift=wants.gift if change.gift is None else change.gift,
        bundle=wants.bundle if change.bundle is None else (change.bundle if change.bundle.parts else None),
    )
    earlier = {constraint.id for constraint in wants.constraints}
    # What an earlier call of this very turn said is no news; what one message says both ways is.
    return revised, tuple(old for old in replaced if old.turn != _turn_of(change) or old.id not in earlier)


def _requires(old: Constraint, new: Constraint) -> bool:
    """Tell whether a wish only says softly what is required already."""
    same = (old.field, old.op, old.value) == (new.field, new.op, new.value)
    return same and old.strength is Strength.MUST and new.strength is Strength.WISH


def query_for(
    wants: Wants,
    *,
    user_id: UserId | None,
    language: str,
    limit: int,
    exclude: Iterable[ItemId] = (),
    confirmed: tuple[str, ...] = (),
    imagined: tuple[ItemId, ...] = (),
) -> Query:
    """Return the query that the wants amount to."""
    return Query(
        text=wants.text,
        constraints=wants.constraints,
        sorts=wants.sorts,
        user_id=user_id,
        anchors=wants.anchors,
        liked=wants.liked,
        disliked=wants.disliked,
        exclude=tuple(exclude),
        limit=limit,
        language=language,
        personal=not wants.gift,
        confirmed=confirmed,
        imagined=imagined,
    )


def _turn_of(change: StateChange) -> int | None:
    return change.set[0].turn if change.set else None


def _without(ids: tuple[ItemId, ...], gone: Iterable[ItemId]) -> tuple[ItemId, ...]:
    leaving = set(gone)
    return tuple(item_id for item_id in ids if item_id not in leaving)


def _appended(ids: tuple[ItemId, ...], new: Iterable[ItemId]) -> tuple[ItemId, ...]:
    return tuple(dict.fromkeys((*ids, *new)))[-_KEPT_ITEMS:]
