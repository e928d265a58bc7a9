"""Which of the best are shown together: maximal marginal relevance, kinds in proportion, not all variants of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.calibration import Proportions
from retrieval.catalogue import Catalogue
from retrieval.fusion import Fused, asks
from retrieval.signals import Rows, Signals

Values = npt.NDArray[np.float64]
POOL = 8
"""Choose among so many times the number to show."""
RELEVANCE = 0.8
"""The share of relevance in each choice; the rest speaks against likeness to what is chosen already."""


def choose(
    fused: Fused,
    catalogue: Catalogue,
    vectors: Vectors,
    count: int,
    per_group: int,
    *,
    ordered: bool = False,
    anchors: Sequence[int] = (),
    proportions: Proportions | None = None,
    calibrate: float = 0.0,
) -> list[int]:
    """Return places in ``fused.rows`` of the items to show, the best first.

    Args:
        fused: the scored candidates.
        catalogue: knows the variants' groups.
        vectors: all items' unit vectors.
        count: how many to show.
        per_group: at most so many variants of one product.
        ordered: keep to the order strictly (a sort wish): only variants are passed over.
        anchors: rows of items that others are to resemble: their own variants come only when there is nothing else.
        proportions: the kinds that the user's history calls for, if any.
        calibrate: how much being off these proportions counts; relevance counts ``RELEVANCE``.
    """
    wanted = count * (1 if ordered else POOL)
    pool = ungrouped(fused, catalogue, per_group, wanted, anchors)
    if len(pool) < count and anchors:
        pool = ungrouped(fused, catalogue, per_group, wanted)
    if ordered or len(pool) <= count:
        return pool[:count]
    rows = fused.rows[pool]
    off = _off(proportions, rows, calibrate) if proportions is not None and calibrate > 0 else None
    chosen = _marginal(fused.total[pool], np.asarray(vectors[rows]), count, off)
    # The set is diverse; within it the better fit still stands first.
    return [pool[place] for place in sorted(chosen)]


def proportions_of(signals: Signals) -> Proportions | None:
    """Return the kinds that a user's history calls for; None when they ask for something, or too little is known."""
    if asks(signals):
        return None
    return Proportions.of(signals.index.kinds, signals.profile.rows, signals.profile.weights)


def ungrouped(
    fused: Fused, catalogue: Catalogue, per_group: int, count: int | None = None, anchors: Sequence[int] = ()
) -> list[int]:
    """Return places, the best first, with at most so many variants of one product and none of the anchors'.

    Args:
        fused: the scored candidates.
        catalogue: says which items are variants of one product.
        per_group: variants of one product.
        count: so many places at most; None for all.
        anchors: rows of items of whose products nothing is wanted.
    """
    column = catalogue.column("group_id")
    taken: dict[str, int] = {column.at(row): per_group for row in anchors} if column is not None else {}
    kept: list[int] = []
    for place in fused.order.tolist():
        group = column.at(int(fused.rows[place])) if column is not None else None
        if group is not None:
            taken[group] = taken.get(group, 0) + 1
            if taken[group] > per_group:
                continue
        kept.append(place)
        if count is not None and len(kept) >= count:
            break
    return kept


def _off(proportions: Proportions, rows: Rows, weight: float) -> Callable[[Sequence[int]], Values]:
    """Return what tells, by the places chosen, how much each candidate would take a list off its proportions."""
    shares = proportions.shares(rows)
    return lambda chosen: weight * proportions.divergences(shares, chosen)


def _marginal(
    total: npt.NDArray[np.float32], vectors: Vectors, count: int, off: Callable[[Sequence[int]], Values] | None = None
) -> list[int]:
    """Return places chosen one by one: relevant, unlike the ones before, and in proportion (``off``: how little).

    Relevance and likeness are scaled to [0, 1]. The most relevant item is always among them.
    """
    spread = float(total.max() - total.min()) or 1.0
    relevance = (total - total.min()) / spread
    likeness = vectors @ vectors.T
    low, high = float(likeness.min()), 1.0
    likeness = (likeness - low) / max(high - low, 1e-6)
    chosen = [0]
    while len(chosen) < count:
        value = RELEVANCE * relevance - (1.0 - RELEVANCE) * likeness[:, chosen].max(axis=1)
        if off is not None:
            value = value - off(chosen)
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
    return chosen
