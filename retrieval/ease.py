"""EASE: a linear item-item model in closed form, for catalogues of some thousand items (Steck, WWW 2019).

With G = XᵀX of the users × items matrix and P = (G + αK + λI)⁻¹, the weights are B = I - P / diag(P): each column says
how an item follows from the others. K holds the cosines of the items' texts: items that nobody took yet get weights
from what is said of them (the collective form of Jeunen et al., RecSys 2020). A user's scores are the sum of the rows
of what they took, so an event counts in the very next answer without any fitting, and every score is a sum over the
user's items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.mapping import mapped

MOST_ITEMS = 12_000
"""The weights are a dense square matrix: 12,000 items take 288 MB on disk, and 1.2 GB in float64 while it is solved."""
STRENGTH = 400.0
"""The default λ: more for sparser data."""
TEXT = 30.0
"""The default α: how many users' worth a text that is the same counts."""
MOST_EVENTS = 400
"""A user's strongest items that are summed up."""
SAMPLE = 20_000
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WeighedUser:
    """A user as EASE sees them: items and what each event says."""

    rows: Rows
    weights: Floats


@dataclass(frozen=True)
class Ease:
    """Fitted item-item weights, shape (items, items), with a diagonal of 0: no item speaks for itself."""

    weights: npt.NDArray[np.floating]
    usual: float = 1.0
    """The score that three quarters of what users took stay below."""

    @classmethod
    def fit(cls, matrix: Any, strength: float = STRENGTH, vectors: Vectors | None = None, text: float = 0.0) -> Ease:
        """Solve the weights.

        Args:
            matrix: SciPy sparse users × items, values ≥ 0 (1 for every item that a user took).
            strength: λ > 0, the ridge on the weights.
            vectors: unit vectors of the items' texts, shape (items, dimensions); needed for ``text`` above 0.
            text: α ≥ 0, the weight of the texts' cosines.

        Raises:
            ValueError: the catalogue is too large for a dense square matrix, or λ is not positive.
        """
        items = matrix.shape[1]
        if items > MOST_ITEMS:
            raise ValueError(f"EASE needs a dense {items} x {items} matrix; above {MOST_ITEMS} items use ALS instead")
        if strength <= 0:
            raise ValueError(f"the strength of EASE's ridge must be above 0, not {strength}")
        system = np.asarray((matrix.T @ matrix).todense(), dtype=np.float64)
        if vectors is not None and text > 0:
            centred = _centred(vectors)
            system += text * (centred @ centred.T)
        system[np.diag_indices(items)] += strength
        inverse = _inverse(system)
        weights = (inverse / -np.diag(inverse)).astype(np.float32)
        np.fill_diagonal(weights, 0.0)
        return cls(weights, _usual(matrix, weights))

    @cached_property
    def size(self) -> int:
        """How many items there are."""
        return len(self.weights)

    def fold_in(self, rows: Rows, weights: Floats) -> WeighedUser | None:
        """Return a user of these items; None when nothing attracts. Of very many the strongest are kept."""
        if not (weights > 0).any():
            return None
        kept = np.argsort(-np.abs(weights), kind="stable")[:MOST_EVENTS]
        return WeighedUser(rows[kept], np.asarray(weights[kept], dtype=np.float32))

    def scores(self, user: WeighedUser, among: Rows | None = None) -> Floats:
        """Return every item's predicted preference for a user in (-1, 1), or only those ``among``; .76 is strong."""
        # Whole rows are read and the few wanted columns picked after: faster than picking both from a mapped array.
        total = user.weights @ np.asarray(self.weights[user.rows], dtype=np.float32)
        # The model says nothing of an item to itself: what the user met says it.
        total[user.rows] += user.weights * self.usual
        return np.asarray(np.tanh((total if among is None else total[among]) / self.usual), dtype=np.float32)

    def shares(self, user: WeighedUser, row: int) -> Floats:
        """Return what each of the user's items adds to one item's score, before it is squashed."""
        found = np.asarray(self.weights[user.rows, row], dtype=np.float32) / self.usual
        found[user.rows == row] = 1.0
        return np.asarray(user.weights * found, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the weights under ``folder``, in half precision."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "ease.npy", self.weights.astype(np.float16), allow_pickle=False)
        np.save(folder / "ease_usual.npy", np.array(self.usual), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> Ease | None:
        """Memory-map what ``save`` wrote; None when nothing was."""
        if not (folder / "ease.npy").exists():
            return None
        return cls(mapped(folder / "ease.npy"), float(np.load(folder / "ease_usual.npy", allow_pickle=False)))


def _centred(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return the vectors less what all have in common, of length 1 again."""
    found = np.asarray(vectors, dtype=np.float64)
    found = found - found.mean(axis=0)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9))


def _inverse(system: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the inverse of a symmetric positive definite matrix, by Cholesky; the input is overwritten."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(system.T, lower=1, overwrite_a=1)
    inverse, failed_too = dpotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ValueError("the system of EASE is not positive definite; choose a larger ridge")
    lower = np.tril(inverse, -1)
    return np.asarray(np.tril(inverse) + lower.T)


def _usual(matrix: Any, weights: Floats) -> float:
    """Return the score that three quarters of a sample of what users took stay below."""
    users = np.linspace(0, matrix.shape[0] - 1, min(matrix.shape[0], 400)).astype(np.int64)
    part = matrix[np.unique(users)].tocsr()
    if not part.nnz:
        return 1.0
    found = np.asarray(part @ weights)
    taken = part.tocoo()
    return float(max(np.quantile(found[taken.row, taken.col], 0.75), 1e-4))
