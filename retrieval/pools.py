"""The candidates for each part of a set: the best, good ones at every price, and what goes with those of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.entities import ItemId, Query, Recommendation
from retrieval.bundles import PARTNERS, POOL, binds
from retrieval.catalogue import Catalogue
from retrieval.diversity import ungrouped
from retrieval.fusion import Fused
from retrieval.graph import RelationGraph
from retrieval.opened import OpenIndex
from retrieval.signals import Rows

BANDS, OF_A_BAND, CHEAPEST = 8, 3, 10
"""Bands of price, the best of each, and how many of the cheapest are candidates: what fits a tight budget may stand far
down."""


def cheapest(catalogue: Catalogue, eligible: Rows) -> Rows:
    """Return the cheapest of some rows, and some of every band of price."""
    prices = catalogue.numbers("price")[eligible]
    stated = eligible[~np.isnan(prices)]
    order = stated[np.argsort(prices[~np.isnan(prices)], kind="stable")]
    spread = order[np.linspace(0, len(order) - 1, BANDS * OF_A_BAND).astype(int)] if len(order) else order
    return np.unique(np.concatenate([order[:CHEAPEST], spread]))


def pools(
    fused: Sequence[Fused], parts: Sequence[Query], index: OpenIndex, kept: Sequence[ItemId] = ()
) -> list[list[Recommendation]]:
    """Return each part's candidates with their scores alone, the best first.

    Args:
        fused: each part's scored items.
        parts: the need of each part; where it sorts, the order is the score.
        index: what is served.
        kept: items that are candidates wherever they answer to a part.
    """
    catalogue = index.catalogue
    rows = set(index.rows(kept).tolist())
    places = [
        list(dict.fromkeys([
            *(place for place, row in enumerate(each.rows.tolist()) if row in rows),
            *first(each, catalogue, index.shop.rules.max_per_group),
        ]))
        for each in fused
    ]  # fmt: skip
    return [
        entries(each, pool, catalogue, bool(part.sorts))
        for each, pool, part in zip(fused, partners(fused, places, index.graph), parts, strict=True)
    ]


def first(fused: Fused, catalogue: Catalogue, per_group: int) -> list[int]:
    """Return the places of a part's own candidates: the best, the cheapest, the best of every band of price."""
    order = ungrouped(fused, catalogue, per_group)
    prices = catalogue.numbers("price")[fused.rows]
    priced = [place for place in order if not np.isnan(prices[place])]
    by_price = sorted(priced, key=lambda place: float(prices[place]))
    rank = {place: at for at, place in enumerate(priced)}
    found = [*priced[:POOL], *by_price[:CHEAPEST]]
    for band in np.array_split(np.array(by_price, dtype=np.int64), BANDS):
        found += sorted(band.tolist(), key=rank.__getitem__)[:OF_A_BAND]
    return list(dict.fromkeys(found))


def partners(fused: Sequence[Fused], places: Sequence[Sequence[int]], graph: RelationGraph) -> list[list[int]]:
    """Return the pools with what the candidates of the other parts are stated to go with, the best first."""
    grown = []
    for part, own in enumerate(fused):
        at = {int(row): place for place, row in enumerate(own.rows)}
        related = {
            at[edge.row]
            for other, pool in enumerate(places)
            if other != part
            for place in pool
            for edge in graph.edges(int(fused[other].rows[place]))
            if edge.row in at and binds(edge.relation)
        }
        new = sorted(related - set(places[part]), key=lambda place: -float(own.total[place]))[:PARTNERS]
        grown.append([*places[part], *new])
    return grown


def entries(
    fused: Fused, places: Sequence[int], catalogue: Catalogue, ordered: bool
) -> list[Recommendation]:  # fmt: skip
    """Return candidates with their scores alone, the best first; with a sort wish its order is the score."""
    rank = {int(place): at for at, place in enumerate(fused.order)}
    best = sorted(places, key=lambda place: rank[place])

    def score(at: int, place: int) -> float:
        return 1.0 - at / len(best) if ordered else (1.0 + float(fused.total[place])) / 2.0

    return [
        Recommendation(catalogue.item_at(int(fused.rows[place])), score(at, place)) for at, place in enumerate(best)
    ]
