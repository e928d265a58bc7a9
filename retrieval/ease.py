"""EASE: a linear item-item model in closed form, for catalogues of some thousand items (Steck, WWW 2019).

With G = XᵀX of the users × items matrix and P = (G + λI)⁻¹, the weights are B = I - P / diag(P): each column says how
an item follows from the others. A user's scores are the sum of the rows of what they took, so an event counts in the
very next answer without any fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.mapping import mapped

MOST_ITEMS = 12_000
"""The weights are a dense square matrix: 12,000 items take 576 MB, and twice that in float64 while they are solved."""
STRENGTH = 250.0
"""The default λ: more for sparser data."""
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ease:
    """Fitted item-item weights, shape (items, items), with a diagonal of 0: no item speaks for itself."""

    weights: Floats

    @classmethod
    def fit(cls, matrix: Any, strength: float = STRENGTH) -> Ease:
        """Solve the weights.

        Args:
            matrix: SciPy sparse users × items, values ≥ 0 (1 for every item that a user took).
            strength: λ > 0, the ridge on the weights.

        Raises:
            ValueError: the catalogue is too large for a dense square matrix, or λ is not positive.
        """
        items = matrix.shape[1]
        if items > MOST_ITEMS:
            raise ValueError(f"EASE needs a dense {items} x {items} matrix; above {MOST_ITEMS} items use ALS instead")
        if strength <= 0:
            raise ValueError(f"the strength of EASE's ridge must be above 0, not {strength}")
        system = np.asarray((matrix.T @ matrix).todense(), dtype=np.float64)
        system[np.diag_indices(items)] += strength
        inverse = np.linalg.inv(system)
        weights = (inverse / -np.diag(inverse)).astype(np.float32)
        np.fill_diagonal(weights, 0.0)
        return cls(weights)

    def scores(self, rows: Rows, weights: Floats, among: Rows | None = None) -> Floats:
        """Return every item's predicted preference for a user.

        Args:
            rows: the items that the user met, shape (m,).
            weights: what each event says, shape (m,); negative ones repel.
            among: score only these items.
        """
        part = self.weights[rows] if among is None else self.weights[np.ix_(rows, among)]
        return np.asarray(weights @ part, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the weights under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "ease.npy", self.weights, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> Ease | None:
        """Memory-map what ``save`` wrote; None when nothing was."""
        path = folder / "ease.npy"
        return cls(mapped(path)) if path.exists() else None
