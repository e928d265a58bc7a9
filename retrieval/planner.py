"""Which items are scored for a query: all that the mask leaves when they are few, else what the sources propose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.entities import Constraint, Sort, Strength
from retrieval.constraints import satisfied
from retrieval.signals import Rows, Signals
from retrieval.sources import POPULARITY, QUALITY, Mask, Retriever

EXACT_ROWS = 20_000
"""Up to so many survivors all are scored. Measured at 100,000 items of 384 numbers with a user of 30 events, one core
busy with other work: gathering and scoring 10,000 rows takes 12 ms, 20,000 17 ms, 40,000 40 ms; proposing and scoring
proposals 15-25 ms whatever is left."""
PROPOSALS = 1000
"""Candidates that each source proposes when not all are scored: at 100,000 items .93 of the exact first fifty are among
them (300: .77), for 4 ms."""


def candidates(signals: Signals, eligible: Mask, sources: Sequence[Retriever], limit: int = EXACT_ROWS) -> Rows:
    """Return the rows to score, sorted: a subset of ``eligible``.

    Args:
        signals: the request.
        eligible: a bool an item: musts, rules and exclusions.
        sources: the active ones.
        limit: up to so many eligible items all are returned.
    """
    count = int(np.count_nonzero(eligible))
    if count <= limit:
        return np.flatnonzero(eligible)
    found = [source.top(signals, PROPOSALS, eligible) for source in sources]
    # Whatever is asked, some good and popular items stand in the list.
    found.extend(source.top(signals, PROPOSALS, eligible) for source in (POPULARITY, QUALITY))
    found.extend(_ends(signals, sort, eligible) for sort in signals.query.sorts)
    found.append(_wished(signals, signals.query.constraints, eligible))
    rows = np.unique(np.concatenate(found))
    return rows if len(rows) else np.flatnonzero(eligible)[:PROPOSALS]


def _ends(signals: Signals, sort: Sort, eligible: Mask) -> Rows:
    """Return the eligible items at the wanted end of a numeric facet."""
    numbers = signals.index.catalogue.numbers(sort.field)
    rows = np.flatnonzero(eligible & ~np.isnan(numbers))
    keys = -numbers[rows] if sort.descending else numbers[rows]
    return rows[np.argpartition(keys, PROPOSALS)[:PROPOSALS]] if len(rows) > PROPOSALS else rows


def _wished(signals: Signals, constraints: Sequence[Constraint], eligible: Mask) -> npt.NDArray[np.int64]:
    """Return eligible items that satisfy all wishes, the most popular first."""
    wishes = [constraint for constraint in constraints if constraint.strength is Strength.WISH]
    if not wishes:
        return np.zeros(0, dtype=np.int64)
    mask = eligible.copy()
    for wish in wishes:
        mask &= satisfied(signals.index.catalogue, wish)
    rows = np.flatnonzero(mask)
    if len(rows) <= PROPOSALS:
        return rows
    return rows[np.argsort(-signals.index.popularity[rows], kind="stable")[:PROPOSALS]]
