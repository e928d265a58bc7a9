"""Collaborative filtering: EASE for catalogues of some thousand items, above implicit's ALS; item-item cosines beside.

The one file importing implicit. A user's preferences are never stored: they are computed from their events at each
question, so that an event counts in the very next answer. Either model is a sum over the user's items, so that it can
be said which of them carried a score.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress, Vectors
from retrieval.ease import MOST_ITEMS, Ease, WeighedUser
from retrieval.factors import Factors, FoldedUser
from retrieval.histories import DAY, OLDEST, Event, History, weighed
from retrieval.learned import Tastes
from retrieval.mapping import mapped
from retrieval.newcomers import Content, adopted

ITERATIONS = 15
NEIGHBOURS = 50
PRIOR_PAIRS = 5.0
"""So many doubtful users are set against those who took two items: what one account did is not yet a pattern."""
SEED = 7
DEFAULTS = Tastes()
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def train(
    history: History,
    items: int,
    progress: Progress | None = None,
    *,
    vectors: Vectors | None = None,
    tastes: Tastes = DEFAULTS,
    most_for_ease: int = MOST_ITEMS,
    content: Callable[[], Content] | None = None,
) -> CollaborativeModel | None:
    """Fit the model and item-item similarities; None when no user has a positive event.

    Bit-identical for equal input: the seed is fixed and the number of threads does not matter to ALS.

    Args:
        history: what users did.
        items: how many items there are.
        progress: told of every round, if given.
        vectors: unit vectors of the items' texts, which EASE gives items that few users took weights by.
        tastes: how the interactions are modelled.
        most_for_ease: above so many items ALS stands in EASE's place.
        content: returns what is said of the items, from which those that nobody took inherit; None: they do not.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    matrix = preferences(history, items, tastes.item_days)
    if matrix.nnz == 0:
        return None
    model: Ease | Factors
    if items <= most_for_ease:
        model = _solved(matrix, tastes, vectors, progress)
    else:
        model = _factorised(matrix, tastes, progress)
    if content is not None:
        model = adopted(model, matrix, content)
    # OpenBLAS' own threads fight with implicit's; elsewhere they are wanted, so the limit holds only here.
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        from implicit.nearest_neighbours import CosineRecommender
        from implicit.utils import ParameterWarning

        # implicit converts its own intermediate matrix, and warns of it.
        warnings.simplefilter("ignore", ParameterWarning)
        nearest = CosineRecommender(K=NEIGHBOURS + 1)
        nearest.fit(matrix, show_progress=False)
    takers = np.bincount(matrix.indices, minlength=items).astype(np.float32)
    similar = _shrunken(nearest.similarity.tocsr(), takers)
    by_item = matrix.tocsc()
    by_item.sort_indices()
    return CollaborativeModel(
        model, tastes.user_days, similar.indptr, similar.indices, similar.data.astype(np.float32),
        by_item.indptr, by_item.indices,
    )  # fmt: skip


def _solved(matrix: Any, tastes: Tastes, vectors: Vectors | None, progress: Progress | None) -> Ease:
    if progress:
        progress("learning tastes", 0, 1)
    model = Ease.fit(matrix, tastes.ridge, vectors, tastes.text)
    if progress:
        progress("learning tastes", 1, 1)
    return model


def _factorised(matrix: Any, tastes: Tastes, progress: Progress | None) -> Factors:
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    def report(iteration: int, *_: Any) -> None:
        if progress:
            progress("learning tastes", iteration + 1, ITERATIONS)

    confidence = matrix.copy()
    confidence.data = (1.0 + tastes.als_alpha * confidence.data).astype(np.float32)
    width = min(tastes.factors, max(2, min(matrix.shape) // 5))
    # A ridge as strong as a large shop's would leave a small one's users nothing.
    ridge = min(tastes.als_ridge, float(np.diff(matrix.indptr).mean()))
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=width, regularization=ridge, iterations=ITERATIONS, random_state=SEED, dtype=np.float32
        )
        model.fit(confidence, show_progress=False, callback=report)
    vectors = np.asarray(model.item_factors, dtype=np.float32)
    takers = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float32)
    return Factors.of(np.asarray(model.user_factors), vectors, matrix, takers, ridge, tastes.als_alpha)


def strengths(weights: npt.NDArray[np.floating], ages: npt.NDArray[np.floating], half_life: float) -> Floats:
    """Return what events say after they faded: the weight halves with every ``half_life`` days, down to ``OLDEST``."""
    return np.asarray(weights * np.maximum(np.exp2(-ages / half_life), OLDEST), dtype=np.float32)


def preferences(history: History, items: int, half_life: float) -> Any:
    """Return the users × items matrix of what users took: values in (0, 1], events of a pair summed up."""
    from scipy.sparse import coo_matrix

    ages = np.where(history.times > 0, history.latest - history.times, 0.0) / DAY
    weights = strengths(history.weights, ages, half_life)
    shape = (max(1, len(history.users)), items)
    matrix = coo_matrix((weights, (history.user_codes, history.rows)), shape=shape, dtype=np.float32).tocsr()
    # The square root: an item counts to another by the geometric mean of both strengths.
    matrix.data = np.sqrt(np.clip(matrix.data, 0.0, 1.0))
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


TasteOfUser = WeighedUser | FoldedUser


@dataclass(frozen=True)
class CollaborativeModel:
    """A model of tastes, item-item similarities (CSR) and who took what (CSC)."""

    model: Ease | Factors
    user_days: float
    """After so many days a user's event counts half."""
    near_starts: npt.NDArray[np.int32]
    near_rows: npt.NDArray[np.int32]
    near_scores: Floats
    taker_starts: npt.NDArray[np.int32]
    takers: npt.NDArray[np.int32]

    _NAMES = ("near_starts", "near_rows", "near_scores", "taker_starts", "takers")

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._NAMES:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        self.model.save(folder)
        (folder / "model.json").write_text(json.dumps({"user_days": self.user_days}), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> CollaborativeModel | None:
        """Memory-map what ``save`` wrote; None when nothing was learned."""
        if not (folder / "model.json").exists():
            return None
        arrays = {name: mapped(folder / f"{name}.npy") for name in cls._NAMES}
        meta = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return cls(Ease.open(folder) or Factors.open(folder), float(meta["user_days"]), **arrays)

    def user(self, events: Sequence[Event], latest: float) -> TasteOfUser | None:
        """Return a user as the model sees them; None when nothing attracts.

        Args:
            events: what they did, in any order.
            latest: the newest event of all, in seconds: from there events fade.
        """
        return self.fold_in(*weighed(events, latest, self.user_days))

    def fold_in(self, rows: Rows, weights: Floats) -> TasteOfUser | None:
        """Return a user from distinct items and one weight each: positive ones attract, negative ones repel."""
        return self.model.fold_in(rows, weights)

    def scores(self, user: TasteOfUser, rows: Rows | None = None) -> Floats:
        """Return predicted preferences in (-1, 1); .76 is as strong as for what users really took."""
        return self.model.scores(user, rows)  # type: ignore[arg-type]  # a user comes from this very model

    def shares(self, user: TasteOfUser, row: int) -> Floats:
        """Return what each of the user's items (``user.rows``) adds to one item's score, before it is squashed."""
        return self.model.shares(user, row)  # type: ignore[arg-type]  # as above

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

    def takers_of_both(self, row: int, other: int) -> list[int]:
        """Return the numbers of the users who took both items."""
        first, second = (
            self.takers[int(self.taker_starts[place]) : int(self.taker_starts[place + 1])] for place in (row, other)
        )
        found: list[int] = np.intersect1d(first, second, assume_unique=True).tolist()
        return found
