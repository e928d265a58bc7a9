"""How a shop's tastes are best modelled: one setting after the other, each judged on the held-out events."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress, Vectors
from retrieval.collaborative import CollaborativeModel, preferences, train
from retrieval.ease import MOST_ITEMS, Ease
from retrieval.histories import History
from retrieval.learned import NEVER, Tastes
from retrieval.training.holdout import PLACES, Holdout, Values
from retrieval.training.journal import Journal

GRID: Mapping[str, tuple[float, ...]] = {
    "item_days": (30.0, 90.0, 240.0, NEVER),
    "user_days": (30.0, 90.0, 240.0, NEVER),
    "ridge": (100.0, 400.0, 1600.0),
    "text": (3.0, 30.0, 300.0),
}
FACTOR_GRID: Mapping[str, tuple[float, ...]] = {
    "item_days": (60.0, 240.0, NEVER),
    "user_days": (60.0, 240.0, NEVER),
    "als_ridge": (3.0, 30.0, 100.0),
    "als_alpha": (1.0, 4.0, 12.0),
}
ROUNDS = 2
BATCH = 256
_log = logging.getLogger(__name__)


def tuned(
    holdout: Holdout, vectors: Vectors, journal: Journal, progress: Progress | None = None
) -> tuple[Tastes, Values, Values]:
    """Return the best settings found, with every user's NDCG under them and under the defaults.

    Args:
        holdout: what is fitted and what is asked.
        vectors: unit vectors of all items' texts.
        journal: keeps what was measured, so that a training that was stopped goes on.
        progress: told of every setting tried, if given.
    """
    items = len(vectors)
    grid = GRID if items <= MOST_ITEMS else FACTOR_GRID
    models: dict[Tastes, Any] = {}

    def worth(tastes: Tastes) -> Values:
        return journal.remembered({"tastes": str(tastes)}, lambda: _worth(holdout, vectors, tastes, models))

    best, done = Tastes(), 0
    total = ROUNDS * sum(map(len, grid.values()))
    for _ in range(ROUNDS):
        before = best
        for name, choices in grid.items():
            tried: dict[Tastes, Values] = {}
            for choice in sorted({*choices, getattr(Tastes(), name)}, key=lambda one: _far(name, one)):
                done += 1
                if progress:
                    progress("trying settings", min(done, total), total)
                setting = replace(best, **{name: choice})
                tried[setting] = worth(setting)
            best = _plainest(tried)
            _log.info("%s: NDCG@10 %.4f", best, tried[best].mean())
        if best == before:
            break
    return best, worth(best), worth(Tastes())


def _far(name: str, choice: float) -> float:
    """Return how far a choice lies from the default, by its logarithm."""
    return abs(math.log(choice / float(getattr(Tastes(), name))))


def _plainest(tried: Mapping[Tastes, Values]) -> Tastes:
    """Return the first setting that is not clearly worse than the best: by less than one standard error.

    The held-out events are the last few weeks. What only seems to win there, such as forgetting all that is older than
    a month, loses in the long run (the one-standard-error rule of Breiman et al., 1984).
    """
    best = max(tried.values(), key=lambda values: float(values.mean()))
    for setting, values in tried.items():
        less = best - values
        if less.mean() <= less.std() / math.sqrt(len(less)):
            return setting
    raise AssertionError("the best is not worse than itself")


def _worth(holdout: Holdout, vectors: Vectors, tastes: Tastes, models: dict[Tastes, Any]) -> Values:
    key = replace(tastes, user_days=NEVER)
    if key not in models:
        models.clear()  # one dense model at a time is enough memory
        models[key] = _fitted(holdout.early, vectors, tastes)
    users = preferences(holdout.early, len(vectors), tastes.user_days)[holdout.codes]
    rankings: list[npt.NDArray[np.integer]] = []
    for start in range(0, len(holdout.codes), BATCH):
        part = users[start : start + BATCH]
        scores = _scores(models[key], part)
        for place, code in enumerate(holdout.codes[start : start + BATCH].tolist()):
            met = slice(int(holdout.early.starts[code]), int(holdout.early.starts[code + 1]))
            scores[place, holdout.early.rows[met]] = -np.inf
        rankings.extend(best_rows(scores))
    return holdout.worth(rankings)


def best_rows(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return the places of each line's highest scores, the best first."""
    first = np.argpartition(-scores, min(PLACES, scores.shape[1] - 1), axis=1)[:, :PLACES]
    order = np.argsort(-np.take_along_axis(scores, first, axis=1), axis=1, kind="stable")
    return np.take_along_axis(first, order, axis=1)


def _scores(model: Ease | CollaborativeModel, users: Any) -> npt.NDArray[np.float32]:
    if isinstance(model, Ease):
        return np.asarray(users @ model.weights, dtype=np.float32)
    found = []
    for row in users:
        user = model.fold_in(row.indices.astype(np.int64), row.data)
        found.append(model.scores(user) if user is not None else np.zeros(users.shape[1], dtype=np.float32))
    return np.array(found)


def _fitted(history: History, vectors: Vectors, tastes: Tastes) -> Ease | CollaborativeModel:
    if len(vectors) <= MOST_ITEMS:
        return Ease.fit(preferences(history, len(vectors), tastes.item_days), tastes.ridge, vectors, tastes.text)
    model = train(history, len(vectors), tastes=tastes)
    assert model is not None, "a hold-out has users with liked items"
    return model
