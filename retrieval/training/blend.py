"""How loud each source should be for a shopper who asks nothing: learned on the held-out events.

Only the personal sources are weighed anew, and their sum stays what it was: beside a question their say as a whole
is as large as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.entities import Query, UserId
from core.ports import Embedder, Progress
from core.shop import Rules, Weights
from retrieval.collaborative import train
from retrieval.learned import Tastes
from retrieval.newcomers import content_of
from retrieval.opened import OpenIndex
from retrieval.pipeline import Recommender
from retrieval.popularity import popularity
from retrieval.training.holdout import PLACES, Holdout, Values

PERSONAL = ("collaborative", "profile", "graph", "popularity", "quality", "price", "new", "sequential")
SHARES = (0.25, 0.5, 0.75, 0.9)
"""Shares of the whole that a move gives to one source, the others keeping their proportions."""
MOVES = 2
MOST_USERS = 400
LEAST_GAIN = 1e-3


@dataclass(frozen=True)
class Said:
    """What every source says of the candidates of one user."""

    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    """Shape (sources, candidates)."""


def past(index: OpenIndex, holdout: Holdout, tastes: Tastes) -> OpenIndex:
    """Return an index that knows nothing of the held-out events."""
    items = len(index.catalogue)
    share, users = popularity(holdout.early, items)
    content = partial(content_of, index.vectors, index.lexical, index.catalogue)
    model = train(holdout.early, items, vectors=index.vectors, tastes=tastes, content=content)
    return replace(
        index, browsing=None, history=holdout.early, collaborative=model, popularity=share, users=users, _derived={}
    )


def gathered(
    index: OpenIndex, holdout: Holdout, embedder: Embedder, folder: Path, progress: Progress | None = None
) -> tuple[Holdout, tuple[str, ...], list[Said]]:
    """Return a sample of the hold-out, the personal sources and what they say to each user.

    Args:
        index: an index of the past (``past``).
        holdout: the users who are asked.
        embedder: the index' encoder.
        folder: an empty folder for the recommender's own notes.
        progress: told of every user, if given.
    """
    shop = index.shop.model_copy(update={"rules": Rules(exclude_owned=True, in_stock_only=False)})
    latest = holdout.early.latest
    recommender = Recommender(replace(index, shop=shop), embedder, folder, lambda told: None, lambda: latest)
    kept = np.unique(np.linspace(0, len(holdout.users) - 1, min(MOST_USERS, len(holdout.users))).astype(np.int64))
    sample = _among(holdout, kept)
    names = tuple(name for name in PERSONAL if name in Weights.model_fields)
    said = []
    for place, user in enumerate(sample.users):
        if progress:
            progress("asking the sources", place + 1, len(sample.users))
        seen = tuple(recommender.user_items(UserId(user)))
        rows, found = recommender.source_scores(Query(user_id=UserId(user), exclude=seen))
        silent = np.zeros(len(rows), dtype=np.float32)
        said.append(Said(rows, np.stack([found.get(name, silent) for name in names])))
    return sample, names, said


def worth(sample: Holdout, said: Sequence[Said], weights: npt.NDArray[np.float32]) -> Values:
    """Return every user's NDCG@10 under some weights."""
    rankings = []
    for one in said:
        total = weights @ one.scores
        first = np.argpartition(-total, min(PLACES, len(total) - 1))[:PLACES]
        rankings.append(one.rows[first[np.argsort(-total[first], kind="stable")]])
    return sample.worth(rankings)


def learned(
    sample: Holdout, names: Sequence[str], said: Sequence[Said], start: Weights
) -> tuple[Mapping[str, float], Values, Values]:
    """Return weights found on the hold-out, with every user's NDCG under learned and under the old weights.

    What is learned from all is never measured on all: each half of the users is judged by the weights of the other.
    """
    old = np.array([getattr(start, name) for name in names], dtype=np.float32)
    half = np.arange(len(said)) % 2
    crossed = np.zeros(len(said))
    for side in (0, 1):
        others = np.flatnonzero(half != side)
        part = _among(sample, others), [said[place] for place in others.tolist()]
        crossed[half == side] = worth(sample, said, _moved(*part, old))[half == side]
    weights = _moved(sample, said, old)
    found = dict(zip(names, (round(float(one), 4) for one in weights), strict=True))
    return found, crossed, worth(sample, said, old)


def _moved(sample: Holdout, said: Sequence[Said], start: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return weights after a few moves, each the best of all that give one source a share of the whole.

    Few moves in few steps: a shop's held-out events are too few to tell fine differences apart.
    """
    whole = start.sum()
    weights, value = start, float(worth(sample, said, start).mean())
    for _ in range(MOVES):
        tried = [
            (1.0 - share) * weights + share * whole * (np.arange(len(start)) == place)
            for place in range(len(start))
            for share in SHARES
        ]
        values = [float(worth(sample, said, one.astype(np.float32)).mean()) for one in tried]
        best = int(np.argmax(values))
        if values[best] < value + LEAST_GAIN:
            break
        weights, value = tried[best].astype(np.float32), values[best]
    return weights


def _among(sample: Holdout, places: npt.NDArray[np.int64]) -> Holdout:
    """Return the hold-out of some of its users."""
    return replace(
        sample, users=[sample.users[place] for place in places], codes=sample.codes[places],
        wanted=[sample.wanted[place] for place in places],
    )  # fmt: skip
