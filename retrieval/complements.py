"""Which kinds of things belong to what somebody sets up: "a complete desk setup", "everything for a photographer".

Where a kind is named or clearly meant, it is that one and those that the shop's relations tie to it most often; else
the kinds of the items that answer the words best.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from core.entities import Query
from retrieval.catalogue import Catalogue
from retrieval.pipeline import Recommender

LOOKED_AT = 40
"""Items that answer the words, by which kinds are chosen."""
MOST = 4
LEAST_SHARE = 0.08
"""Of the items looked at, a kind has at least this share."""
LEADS = 0.6
"""From this share on one kind is what is meant, and the others are what goes with it."""
TIED_SHARE = 0.15
"""A kind goes with another from this share of the most frequent tie on."""


def complements(recommender: Recommender, theme: str, base: str | None = None) -> list[str]:
    """Return the kinds (leaf categories) of a set for a purpose, the leading one first.

    Args:
        recommender: the shop's.
        theme: what the set is for, in words.
        base: the kind that it is about, where one is named.
    """
    catalogue = recommender.catalogue
    if base is None:
        found = recommender.recommend(Query(text=theme, limit=LOOKED_AT)).items
        counts = Counter(entry.item.category[-1] for entry in found if entry.item.category)
        kinds = [kind for kind, count in counts.most_common(MOST) if count >= LEAST_SHARE * len(found)]
        if not kinds or counts[kinds[0]] < LEADS * len(found):
            return kinds
        base = kinds[0]
    return [base, *_tied_to(base, recommender, catalogue)][:MOST]


def _tied_to(base: str, recommender: Recommender, catalogue: Catalogue) -> list[str]:
    """Return the kinds that relations tie to one, the most often tied first."""
    graph = recommender.serving.graph
    codes, paths = catalogue.codes("category")
    leaves = [path.rsplit(" > ", 1)[-1] for path in paths]
    own = [code for code, leaf in enumerate(leaves) if leaf == base]
    counts: Counter[str] = Counter()
    for row in np.flatnonzero(np.isin(codes, own)).tolist():
        others = codes[[edge.row for edge in graph.edges(row)]].tolist()
        counts.update(leaves[code] for code in others if code >= 0)
    counts.pop(base, None)
    most = max(counts.values(), default=0)
    return [kind for kind, count in counts.most_common(MOST - 1) if count >= TIED_SHARE * most]
