"""Reasons out of what others took: with the user's items, or after them."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.entities import Reason, ReasonKind, Source
from retrieval.ease import WeighedUser
from retrieval.factors import FoldedUser
from retrieval.histories import History
from retrieval.signals import Floats, Signals

LEAST_USERS = 2
"""What one account did is no pattern."""
CARRIERS = 3
MOST_COUNTED = 500
"""Of more users who took both, so many are looked at for the order in which they did."""
LEAST_SHARE = 0.01


def taken_with(signals: Signals, row: int, user: WeighedUser | FoldedUser, shares: Floats, part: float) -> list[Reason]:
    """Return the user's items that carried a predicted preference, when others took the first of them and this item.

    Args:
        signals: the request.
        row: the recommended item.
        user: whose ``rows`` the shares belong to.
        shares: what each of the user's items adds.
        part: the source's share of the score.
    """
    order = [place for place in np.argsort(-shares, kind="stable").tolist() if user.rows[place] != row]
    carriers = [int(user.rows[place]) for place in order[:CARRIERS] if shares[place] > 0]
    users = len(_others_of_both(signals, row, carriers[0])) if carriers else 0
    return [_reason(signals, carriers, users, part)] if users >= LEAST_USERS else []


def taken_after(signals: Signals, row: int, part: float) -> list[Reason]:
    """Return the newest item without which this one would be less likely, when others took this one after it."""
    known, model = signals.sequence, signals.index.sequential
    if model is None or not len(known):
        return []
    lost = signals.foretold[row] - signals.foretold_without[:, row] if len(known) > 1 else signals.foretold[[row]]
    newest = known[-len(lost) :]
    for place in np.argsort(-lost, kind="stable")[:CARRIERS].tolist():
        carrier = int(newest[place])
        if lost[place] <= LEAST_SHARE or carrier == row:
            continue
        users = _went_on(signals.index.history, _others_of_both(signals, carrier, row), carrier, row)
        if users >= LEAST_USERS:
            # What leaving it out takes away, as a share of the whole: the rest is of the other items.
            share = part * min(1.0, float(lost[place]) / max(float(signals.foretold[row]), 1e-6))
            return [_reason(signals, [carrier], users, share, after=True)]
    return []


def _reason(signals: Signals, carriers: list[int], users: int, weight: float, **more: Any) -> Reason:
    catalogue = signals.index.catalogue
    data = {
        "liked": [catalogue.ids[carrier] for carrier in carriers],
        "titles": [catalogue.item_at(carrier).title for carrier in carriers],
        "users": users,
        **more,
    }
    return Reason(ReasonKind.COLLABORATIVE, Source("interaction", catalogue.ids[carriers[0]]), data, weight)


def _others_of_both(signals: Signals, row: int, other: int) -> list[int]:
    """Return the numbers of the users who took both items, this one left out."""
    model = signals.index.collaborative
    own = signals.index.history.users.get(signals.query.user_id or "", -1)
    return [code for code in model.takers_of_both(row, other) if code != own] if model is not None else []


def _went_on(history: History, codes: list[int], first: int, then: int) -> int:
    """Return how many of some users first took one item and the other at a later time."""
    found = 0
    for code in codes[:MOST_COUNTED]:
        part = slice(int(history.starts[code]), int(history.starts[code + 1]))
        rows, times = history.rows[part], history.times[part]
        liked = history.weights[part] > 0
        before, after = times[liked & (rows == first)], times[liked & (rows == then)]
        found += bool(len(before)) and bool(len(after)) and bool(before.min() < after.max())
    return found
