"""A fair, bounded share of what is shown for items that are new: nobody can take what nobody saw.

At most one of three or more places, the last, goes to a new item, in ``rules.explore`` of the requests at most, and
only to one that the request's own ranking holds to be nearly as good. Which one: Thompson sampling over a beta
posterior of what came of showing each (``OnlineLearner.counts``: every account counts once a day). New is what came
within ``NEW_DAYS`` and was shown to fewer than ``FEW`` accounts: the reason "new" is then true.

The draw is seeded by the request and the day, so that the same question shows the same; the propensities of what was
drawn and of what had to give way are told, for the event log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.entities import Query, ReasonKind, Recommendation
from retrieval.fusion import Fused
from retrieval.histories import DAY
from retrieval.popularity import NEW_DAYS
from retrieval.signals import Signals
from retrieval.sources import POPULARITY

FEW = 50.0
"""Accounts that an item was shown to until it is new no longer."""
REACH = 8
"""New items are taken from the best so many times the number shown, popularity aside …"""
BEHIND = 0.1
"""… and from what scores at most so much less (of totals in [-1, 1], without popularity) than what gives way."""
LEAST_PLACES = 3
USUAL = (0.5, 9.5)
"""The prior: one in twenty is taken."""
DRAWS = 200
Counts = Callable[[str], tuple[float, float]]


def explored(
    fused: Fused, places: Sequence[int], signals: Signals, counts: Counts | None, rate: float
) -> tuple[list[int], float | None]:
    """Return the places to show, the last of them perhaps a new item's, and the chance that it had; None if certain.

    Args:
        fused: the scored candidates: all of them satisfy the musts and the rules.
        places: what would be shown, the best first.
        signals: the request.
        counts: how often an item was shown, and taken; None where nobody counts.
        rate: the share of requests in which a new item is shown.
    """
    shown = list(places)
    if counts is None or rate <= 0 or len(shown) < LEAST_PLACES or signals.query.sorts:
        return shown, None
    fresh = _fresh(fused, shown, signals, counts)
    if not fresh:
        return shown, None
    draw = np.random.default_rng(_seed(signals.query, signals.now))
    if draw.random() >= rate:
        return shown, 1.0 - rate
    found = np.array([counts(signals.index.catalogue.ids[int(fused.rows[place])]) for place in fresh])
    appeal = draw.beta(USUAL[0] + found[:, 1], USUAL[1] + found[:, 0] - found[:, 1], (DRAWS, len(fresh)))
    winners = appeal.argmax(axis=1)
    chosen = int(winners[0])
    return [*shown[:-1], fresh[chosen]], rate * float(np.mean(winners == chosen))


def told(found: Recommendation, chance: float, new: bool) -> Recommendation:
    """Return the item of the last place with its chance; of a new one the reason "new" comes first, as it is true."""
    first = sorted(found.reasons, key=lambda reason: reason.kind is not ReasonKind.NEW) if new else found.reasons
    return replace(found, reasons=tuple(first), propensity=round(chance, 4))


def _fresh(fused: Fused, shown: Sequence[int], signals: Signals, counts: Counts) -> list[int]:
    """Return the places of new items that may take the last place; none when one is shown already."""
    # No new item can be popular yet, and of a stranger that is most of the score: it is left out of the comparison.
    score = fused.total - fused.parts.get(POPULARITY.name, np.float32(0.0))
    near = fused.order[np.argsort(-score[fused.order], kind="stable")][: REACH * len(shown)]
    near = near[score[near] >= score[shown[-1]] - BEHIND]
    catalogue = signals.index.catalogue
    age = signals.now / DAY - catalogue.numbers("created_at", rows=fused.rows)
    new: npt.NDArray[np.bool_] = (age >= 0) & (age <= NEW_DAYS)
    if new[list(shown)].any():
        return []
    column = catalogue.column("group_id")
    groups = {column.at(int(fused.rows[place])) for place in shown[:-1]} - {None} if column is not None else set()
    return [
        place
        for place in near[new[near]].tolist()
        if counts(catalogue.ids[int(fused.rows[place])])[0] < FEW
        and (column is None or column.at(int(fused.rows[place])) not in groups)
    ]


def _seed(query: Query, now: float) -> int:
    said = repr((query.user_id, query.text, query.constraints, query.anchors, query.exclude, query.limit, now // DAY))
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big")
