"""Which of the best are shown together: maximal marginal relevance, and not all variants of one product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.catalogue import Catalogue
from retrieval.fusion import Fused

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
    """
    wanted = count * (1 if ordered else POOL)
    pool = _ungrouped(fused, catalogue, wanted, per_group, anchors)
    if len(pool) < count and anchors:
        pool = _ungrouped(fused, catalogue, wanted, per_group, ())
    if ordered or len(pool) <= count:
        return pool[:count]
    chosen = _marginal(fused.total[pool], np.asarray(vectors[fused.rows[pool]]), count)
    # The set is diverse; within it the better fit still stands first.
    return [pool[place] for place in sorted(chosen)]


def _ungrouped(fused: Fused, catalogue: Catalogue, count: int, per_group: int, anchors: Sequence[int]) -> list[int]:
    """Return the best places with at most ``per_group`` of one group, and none of the anchors' groups."""
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
        if len(kept) >= count:
            break
    return kept


def _marginal(total: npt.NDArray[np.float32], vectors: Vectors, count: int) -> list[int]:
    """Return places chosen one by one: relevant, and unlike the ones before. Both terms are scaled to [0, 1]."""
    spread = float(total.max() - total.min()) or 1.0
    relevance = (total - total.min()) / spread
    likeness = vectors @ vectors.T
    low, high = float(likeness.min()), 1.0
    likeness = (likeness - low) / max(high - low, 1e-6)
    chosen = [0]
    while len(chosen) < count:
        value = RELEVANCE * relevance - (1.0 - RELEVANCE) * likeness[:, chosen].max(axis=1)
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
    return chosen
