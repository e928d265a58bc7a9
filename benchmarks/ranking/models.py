"""The baselines of collaborative filtering: each learns from one sparse matrix and scores some of its users."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.ease import Ease

Floats = npt.NDArray[np.float32]
Users = npt.NDArray[np.int64]
Choice = Mapping[str, float]
SEED = 7
_log = logging.getLogger(__name__)


class Model(Protocol):
    """Fits a users × items matrix of ones and returns the scores of some of its users: shape (users, items)."""

    def __call__(self, matrix: Any, users: Users, choice: Choice) -> Floats:
        """Fit with the settings of ``choice`` and score."""
        ...


def popular(matrix: Any, users: Users, choice: Choice) -> Floats:
    """Score by the number of users who took an item."""
    counts = np.asarray(matrix.sum(axis=0), dtype=np.float32).ravel()
    return np.tile(counts, (len(users), 1))


def nearest(matrix: Any, users: Users, choice: Choice) -> Floats:
    """Item-item kNN: the shrunken cosines of an item's ``near`` nearest neighbours."""
    gram = np.asarray((matrix.T @ matrix).todense(), dtype=np.float32)
    norms = np.sqrt(np.diag(gram))
    cosine = gram / (np.outer(norms, norms) + choice["shrink"] + 1e-9)
    np.fill_diagonal(cosine, 0.0)
    near = int(choice["near"])
    if near < len(cosine):
        least = np.partition(cosine, -near, axis=1)[:, -near][:, None]
        cosine[cosine < least] = 0.0
    return np.asarray(matrix[users] @ cosine.T, dtype=np.float32)


def ease(matrix: Any, users: Users, choice: Choice) -> Floats:
    """EASE, the closed form."""
    return np.asarray(matrix[users] @ Ease.fit(matrix, choice["strength"]).weights, dtype=np.float32)


def als(matrix: Any, users: Users, choice: Choice) -> Floats:
    """Implicit's ALS."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=int(choice["factors"]), regularization=choice["ridge"], alpha=choice["alpha"], iterations=15,
        random_state=SEED, dtype=np.float32,
    )  # fmt: skip
    return _factored(model, matrix, users)


def bpr(matrix: Any, users: Users, choice: Choice) -> Floats:
    """Implicit's BPR, on one thread: with more it is not reproducible."""
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(
        factors=int(choice["factors"]), learning_rate=choice["rate"], regularization=choice["ridge"], iterations=100,
        random_state=SEED, num_threads=1, dtype=np.float32,
    )  # fmt: skip
    return _factored(model, matrix, users)


def _factored(model: Any, matrix: Any, users: Users) -> Floats:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(matrix, show_progress=False)
    return np.asarray(model.user_factors[users] @ model.item_factors.T, dtype=np.float32)


@dataclass(frozen=True)
class Baseline:
    """A model and the settings that are tried on the validation part."""

    name: str
    model: Model
    choices: Sequence[Choice]


def _grid(**axes: Sequence[float]) -> list[Choice]:
    found: list[dict[str, float]] = [{}]
    for name, values in axes.items():
        found = [{**choice, name: value} for choice in found for value in values]
    return list(found)


def baselines() -> tuple[Baseline, ...]:
    """Return every baseline with its grid."""
    return (
        Baseline("popularity", popular, [{}]),
        Baseline("item-item kNN", nearest, _grid(near=[50, 200], shrink=[0, 20])),
        Baseline("ALS, tuned", als, _grid(factors=[64, 128], alpha=[2, 10], ridge=[1, 30])),
        Baseline("BPR", bpr, _grid(factors=[64], rate=[0.05], ridge=[0.01, 0.05])),
        Baseline("EASE", ease, _grid(strength=[100, 400, 1500])),
    )
