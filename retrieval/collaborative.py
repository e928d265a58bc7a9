"""Collaborative filtering: implicit's ALS with fold-in of users, and item-item cosine. The one file importing implicit.

A user's vector is never stored: it is solved from their events at each question (a 64 × 64 system, well under a
millisecond), so that an event counts in the very next answer. The same system says which of the user's items carried a
score: ``y_i · A⁻¹ · Σ c_j y_j`` is a sum over the user's items j.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress
from retrieval.histories import History
from retrieval.mapping import mapped

FACTORS = 64
ITERATIONS = 15
REGULARIZATION = 0.08
ALPHA = 12.0
"""Confidence of a purchase: 1 + ALPHA."""
NEIGHBOURS = 50
PRIOR_PAIRS = 5.0
PRIOR_TAKERS = 2.0
"""So many doubtful users are set against those who took an item: what one account did is not yet a pattern."""
SEED = 7
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def train(history: History, items: int, progress: Progress | None = None) -> CollaborativeModel | None:
    """Fit ALS and item-item similarities; None when no user has a positive event.

    Bit-identical for equal input: the seed is fixed and the number of threads does not matter to ALS.
    """
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender
    from implicit.utils import ParameterWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    matrix = _preferences(history, items)
    if matrix.nnz == 0:
        return None
    confidence = matrix.copy()
    confidence.data = (1.0 + ALPHA * confidence.data).astype(np.float32)
    factors = min(FACTORS, max(2, min(matrix.shape) // 5))

    def report(iteration: int, *_: Any) -> None:
        if progress:
            progress("learning tastes", iteration + 1, ITERATIONS)

    # OpenBLAS' own threads fight with implicit's; elsewhere they are wanted, so the limit holds only here.
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=factors, regularization=REGULARIZATION, iterations=ITERATIONS, random_state=SEED, dtype=np.float32
        )
        model.fit(confidence, show_progress=False, callback=report)
        nearest = CosineRecommender(K=NEIGHBOURS + 1)
        with warnings.catch_warnings():
            # implicit converts its own intermediate matrix, and warns of it.
            warnings.simplefilter("ignore", ParameterWarning)
            nearest.fit(matrix, show_progress=False)
    vectors = np.asarray(model.item_factors, dtype=np.float32)
    gram = (vectors.T @ vectors).astype(np.float32)
    takers = np.bincount(matrix.indices, minlength=items).astype(np.float32)
    similar = _shrunken(nearest.similarity.tocsr(), takers)
    usual = _usual_score(np.asarray(model.user_factors), vectors, matrix)
    by_item = matrix.tocsc()
    by_item.sort_indices()
    return CollaborativeModel(
        vectors, gram, usual, similar.indptr, similar.indices, similar.data.astype(np.float32),
        by_item.indptr, by_item.indices,
    )  # fmt: skip


def _preferences(history: History, items: int) -> Any:
    """Return the users × items matrix of positive faded weights, repeated events summed up to 2."""
    from scipy.sparse import coo_matrix

    weights = history.faded()
    shape = (max(1, len(history.users)), items)
    matrix = coo_matrix((weights, (history.user_codes, history.rows)), shape=shape, dtype=np.float32).tocsr()
    matrix.data = np.clip(matrix.data, 0.0, 2.0)
    matrix.eliminate_zeros()
    return matrix


def _shrunken(similarity: Any, takers: Floats) -> Any:
    """Return the similarities without the diagonal; those of items that few users took are drawn towards 0."""
    from scipy.sparse import csr_matrix

    matrix = csr_matrix(similarity, dtype=np.float32)
    matrix.setdiag(0.0)
    owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    common = np.minimum(takers[owners], takers[matrix.indices])
    matrix.data *= common / (common + PRIOR_PAIRS)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _usual_score(users: Floats, items: Floats, matrix: Any) -> float:
    """Return the score that three quarters of what users really took stay below: what counts as a full score."""
    sample = np.linspace(0, matrix.nnz - 1, min(matrix.nnz, 20_000)).astype(np.int64)
    owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[sample]
    found = np.einsum("ij,ij->i", users[owners], items[matrix.indices[sample]])
    return float(max(np.quantile(found, 0.75), 1e-3))


@dataclass(frozen=True)
class FoldedUser:
    """A user's vector as solved from their events, and what each event's item adds to a score."""

    vector: Floats
    rows: Rows
    """The items with a positive weight."""
    carriers: Floats
    """Shape (len(rows), factors): item i's score is ``sum(carriers @ item_factors[i])``."""


@dataclass(frozen=True)
class CollaborativeModel:
    """Item factors, item-item similarities (CSR) and who took what (CSC)."""

    factors: Floats
    gram: Floats
    usual: float
    near_starts: npt.NDArray[np.int32]
    near_rows: npt.NDArray[np.int32]
    near_scores: Floats
    taker_starts: npt.NDArray[np.int32]
    takers: npt.NDArray[np.int32]

    _NAMES = ("factors", "gram", "near_starts", "near_rows", "near_scores", "taker_starts", "takers")

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._NAMES:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        (folder / "model.json").write_text(json.dumps({"usual": self.usual}), encoding="utf-8")

    @cached_property
    def trust(self) -> Floats:
        """How far each item's factors rest on more than a user or two, in [0, 1)."""
        takers = np.diff(self.taker_starts).astype(np.float32)
        return np.asarray(takers / (takers + PRIOR_TAKERS), dtype=np.float32)

    @classmethod
    def open(cls, folder: Path) -> CollaborativeModel | None:
        """Memory-map what ``save`` wrote; None when nothing was learned."""
        if not (folder / "model.json").exists():
            return None
        arrays = {name: mapped(folder / f"{name}.npy") for name in cls._NAMES}
        meta = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return cls(usual=float(meta["usual"]), **arrays)

    def fold_in(self, rows: Rows, weights: Floats) -> FoldedUser | None:
        """Solve a user's vector from the items they met; positive weights attract, negative ones repel.

        Args:
            rows: distinct item rows, shape (m,).
            weights: one weight an item, in [-2, 2].
        """
        if not (weights > 0).any():
            return None
        own = np.asarray(self.factors[rows], dtype=np.float64)
        extra = ALPHA * np.abs(weights).astype(np.float64)
        width = self.gram.shape[0]
        system = self.gram + REGULARIZATION * np.eye(width) + (own * extra[:, None]).T @ own
        liked = weights > 0
        carriers = np.linalg.solve(system, (own[liked] * (1.0 + extra[liked])[:, None]).T).T
        return FoldedUser(carriers.sum(axis=0).astype(np.float32), rows[liked], carriers.astype(np.float32))

    def scores(self, user: FoldedUser, rows: Rows | None = None) -> Floats:
        """Return predicted preferences in (-1, 1); .76 is as strong as for what users really took."""
        factors, trust = (self.factors, self.trust) if rows is None else (self.factors[rows], self.trust[rows])
        return np.asarray(np.tanh((factors @ user.vector) / self.usual) * trust, dtype=np.float32)

    def shares(self, user: FoldedUser, row: int) -> Floats:
        """Return what each of the user's items (``user.rows``) adds to one item's score, before it is squashed."""
        found = (user.carriers @ np.asarray(self.factors[row])) / self.usual * self.trust[row]
        return np.asarray(found, dtype=np.float32)

    def neighbours(self, row: int) -> tuple[npt.NDArray[np.int32], Floats]:
        """Return the items taken by the same users, with their cosine."""
        part = slice(int(self.near_starts[row]), int(self.near_starts[row + 1]))
        return self.near_rows[part], self.near_scores[part]

    def similarities(self, row: int, rows: Rows) -> Floats:
        """Return the item-item cosine of one item to others, 0 where they are no neighbours."""
        near, scores = self.neighbours(row)
        if not len(near):
            return np.zeros(len(rows), dtype=np.float32)
        places = np.minimum(np.searchsorted(near, rows), len(near) - 1)
        return np.where(near[places] == rows, scores[places], np.float32(0.0))

    def users_of_both(self, row: int, other: int, without: int = -1) -> int:
        """Return how many users took both items, one of them (by number) left out."""
        first, second = (
            self.takers[int(self.taker_starts[place]) : int(self.taker_starts[place + 1])] for place in (row, other)
        )
        both = np.intersect1d(first, second, assume_unique=True)
        return int(np.count_nonzero(both != without))
