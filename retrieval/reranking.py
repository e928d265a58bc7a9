"""The optional last stage: a model that reads the need and the best candidates puts them in a new order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from retrieval.fusion import Fused
from retrieval.signals import Signals

logger = logging.getLogger(__name__)

TOP = 12
"""Candidates that are read; the others stay where they are, below."""
FEWEST = 3
LONGEST = 400
"""Characters of an item that are read."""


class Reranker(Protocol):
    """Puts documents in order by how well they serve a need."""

    def order(self, need: str, documents: Sequence[str]) -> Sequence[int] | None:
        """Return places of documents, the best first, not necessarily all; None when it cannot tell in time.

        Never raises. Counts what it does: the operator sees how often it was skipped.
        """
        ...


def reranked(fused: Fused, signals: Signals, reranker: Reranker | None) -> Fused:
    """Return the candidates with the best ones in the reranker's order; their scores change hands, others stay.

    Nothing is read where the order is not the text's: the shopper sorts, or has said nothing. What constraints and
    rules leave out stays out, whatever the model says.
    """
    need = signals.query.text.strip()
    best = fused.order[:TOP]
    if reranker is None or not need or signals.query.sorts or len(best) < FEWEST:
        return fused
    catalogue = signals.index.catalogue
    documents = [catalogue.texts(int(row), (signals.query.language,))[:LONGEST] for row in fused.rows[best]]
    said = reranker.order(need, documents)
    if said is None:
        logger.info("re-ranking was skipped")
        return fused
    places = list(dict.fromkeys(place for place in said if 0 <= place < len(best)))
    places += [place for place in range(len(best)) if place not in places]
    order, total = fused.order.copy(), fused.total.copy()
    order[: len(best)] = best[places]
    total[order[: len(best)]] = np.sort(fused.total[best])[::-1]
    parts = {**fused.parts, "rerank": (total - fused.total).astype(np.float32)}
    return replace(fused, total=total, parts=parts, order=order)
