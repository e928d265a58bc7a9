"""What reviewers say of an item's aspects, as reasons: what was asked about first, praise and complaints alike."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from core.entities import Reason, ReasonKind, Source
from retrieval.opened import OpenIndex
from retrieval.opinions import Tally, tallied

SAID = 2
"""So many reviewers agree before it is told."""
SHARE = 0.25
"""And such a share of the item's reviewers."""
TRUSTED = 2.0
"""Praise is a reason when so many times as many praise as complain; where it was asked about, both are told."""


def opinion_reasons(index: OpenIndex, row: int, asked: Set[str]) -> list[Reason]:
    """Return at most one reason: an aspect that several reviewers agree on.

    Args:
        index: what is served.
        row: the item's.
        asked: facets that the request speaks of.
    """
    if index.opinions is None:
        return []
    reviewers = int(index.reviews.starts[row + 1]) - int(index.reviews.starts[row])
    if reviewers < SAID:
        return []
    tallies = [one for one in tallied(index.opinions.of_item(row)) if one.aspect]
    ordered = sorted(tallies, key=lambda one: (one.aspect not in asked, -len(one.praise)))
    for one in ordered:
        if _worth(one, reviewers, one.aspect in asked):
            return [_reason(one, index, row, reviewers)]
    return []


def _worth(one: Tally, reviewers: int, asked: bool) -> bool:
    good, bad = len(one.praise), len(one.complaints)
    if max(good, bad if asked else 0) < max(SAID, SHARE * reviewers):
        return False
    return asked or good >= TRUSTED * max(bad, 1)


def _reason(one: Tally, index: OpenIndex, row: int, reviewers: int) -> Reason:
    first = (one.praise or one.complaints)[0]
    place = int(index.reviews.starts[row]) + first.review
    data = {"aspect": one.aspect, "praise": len(one.praise), "complaints": len(one.complaints), "of": reviewers}
    source = Source("review", str(np.asarray(index.reviews.ids)[place]))
    return Reason(ReasonKind.REVIEW, source, data)
