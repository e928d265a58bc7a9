"""Tastes that carry over: what is known of a user in one shop, told to another shop through what items are said to be.

A data set's items are parted by kind into two shops. Users of the first shop are new in the second; those of them that
are asked are in nothing that the second shop learned. What they took in the first reaches the second as texts alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.ranking.metrics import Table, hits_ndcg
from benchmarks.ranking.serving import opened
from benchmarks.ranking.sources import Source
from retrieval.carrying import Carrier
from retrieval.collaborative import preferences
from retrieval.ease import Ease
from retrieval.learned import NEVER
from retrieval.opened import OpenIndex

SEED = 31
USERS = 500
LEAST = 5
"""So many items in both shops has every user who is asked."""
MIXED = 0.5
NDCG = "NDCG@10"
POPULAR, TEXT, BOTH = "popularity in the second shop", "likeness of texts", "popularity and likeness of texts"
CARRIED, WHOLE = "tastes carried over", "popularity and tastes carried over"
Floats = npt.NDArray[np.float64]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Carried:
    """Users of one half, asked in the other."""

    source: str
    table: Table
    first: int
    second: int
    users: int
    chosen: float
    """The weight of what is carried over beside popularity, chosen on other users."""


def carried(source: Source, work: Path, most: int = USERS) -> Carried:
    """Part a data set's items by kind, and rank those of one half for users of whom only the other half is known."""
    folder = source.shop(work / "shops" / source.name.lower().replace(" ", "-"), source.split.known)
    index = opened(folder, work / "data", lambda: 0.0).serving
    second = _half(index)
    matrix = preferences(index.history, len(index.catalogue), NEVER)
    here, there = matrix[:, ~second], matrix[:, second]
    both = np.flatnonzero((np.diff(here.indptr) >= LEAST) & (np.diff(there.indptr) >= LEAST))
    picks = np.random.default_rng(SEED).permutation(both)[: 2 * min(most, len(both) // 5)]
    tuning, asked = np.sort(picks[::2]), np.sort(picks[1::2])
    learned = there.copy().tolil()
    learned[picks] = 0
    scores = _scores(index, second, learned.tocsr(), here, picks)
    place = {int(user): number for number, user in enumerate(picks)}

    def worth(users: npt.NDArray[np.int64], found: Floats) -> Floats:
        rows = [place[int(user)] for user in users]
        order = np.argsort(-found[rows], axis=1, kind="stable")[:, :10]
        wanted = [set(there[user].indices.tolist()) for user in users]
        return np.array([hits_ndcg(row.tolist(), items, 10) for row, items in zip(order, wanted, strict=True)])

    chosen = {}
    for name, part in ((BOTH, TEXT), (WHOLE, CARRIED)):
        blends = {share: scores[POPULAR] + share * scores[part] for share in (0.1, 0.25, 0.5, 1.0, 2.0)}
        chosen[name] = max(blends, key=lambda share: float(worth(tuning, blends[share]).mean()))
        scores[name] = blends[chosen[name]]
    values = {name: worth(asked, found) for name, found in scores.items()}
    for name, found in values.items():
        _log.info("%s, carried over: %s %.4f", source.name, name, found.mean())
    counts = int((~second).sum()), int(second.sum())
    return Carried(source.name, Table({NDCG: values}), *counts, len(asked), chosen[WHOLE])


def _half(index: OpenIndex) -> npt.NDArray[np.bool_]:
    """Return which items are the second shop's: those whose most telling kind fell into its half."""
    draw = np.random.default_rng(SEED)
    kinds = index.kinds
    second = draw.random(len(index.catalogue)) < MIXED
    if kinds is not None:
        rare = np.asarray(kinds.shares.sum(axis=0)).ravel()
        side = draw.permutation(len(rare)) % 2 == 1
        stated = kinds.shares.tolil().rows
        for row, values in enumerate(stated):
            if values:
                second[row] = side[min(values, key=lambda value: (rare[value], value))]
    return second


def _scores(index: OpenIndex, second: npt.NDArray[np.bool_], learned: Any, here: Any, users: Any) -> dict[str, Floats]:
    """Return every system's scores of the second shop's items, each with a spread of 1, shape (users, items)."""
    takers = np.asarray(learned.sum(axis=0)).ravel()
    ours, theirs = np.flatnonzero(second), np.flatnonzero(~second)
    vectors = np.asarray(index.vectors[:], dtype=np.float32)
    carrier = Carrier.fit(Ease.fit(learned), takers, vectors[ours])
    own = here[users]
    profiles = np.asarray(own @ vectors[theirs])
    centred = vectors - vectors.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    found = {
        POPULAR: np.tile(takers, (len(users), 1)),
        TEXT: np.asarray(own @ centred[theirs]) @ centred[ours].T,
        CARRIED: carrier.tastes(profiles),
    }
    return {name: (each / np.maximum(each.std(axis=1, keepdims=True), 1e-9)) for name, each in found.items()}
