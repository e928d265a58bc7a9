"""Tastes that carry over between shops with the same users, through the space of texts.

What a user took elsewhere reaches a shop as one vector: the mean of the unit vectors of those items' texts. A linear
map, fitted to the shop's own items and tastes, makes predictions of it: an item of the shop is to such a vector what
its row of EASE's weights says it is to a user. No item, event or text of the other shop is needed, and none is told.

The figures were chosen on the halves of MovieLens small and Online Retail, on users who are not asked in
``benchmarks/ranking/carried.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.ease import Ease
from retrieval.newcomers import LEAST_TAKERS, OWN

RIDGE = 3.0
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Carrier:
    """The map from a vector of texts to what a shop's own tastes predict."""

    mean: Floats
    """What all of the shop's texts have in common, shape (dimensions,)."""
    weights: Floats
    """Shape (dimensions, items)."""

    @classmethod
    def fit(cls, model: Ease, takers: npt.NDArray[np.floating[Any]], vectors: Vectors) -> Carrier:
        """Fit the map to items that enough users took.

        Args:
            model: the shop's tastes.
            takers: how many users took each item.
            vectors: unit vectors of the items' texts, shape (items, dimensions).
        """
        mean = np.asarray(vectors, dtype=np.float32).mean(axis=0)
        taught = np.flatnonzero(takers >= LEAST_TAKERS)
        known = _centred(np.asarray(vectors[taught], dtype=np.float32), mean)
        lessons = np.array(model.weights[taught], dtype=np.float32)
        lessons[np.arange(len(taught)), taught] += OWN
        system = known.T.astype(np.float64) @ known + RIDGE * np.eye(known.shape[1])
        return cls(mean, np.linalg.solve(system, known.T @ lessons).astype(np.float32))

    def tastes(self, profiles: Vectors) -> Floats:
        """Return predictions for vectors of texts, shape (vectors, items); only their order within a line counts."""
        return np.asarray(_centred(np.asarray(profiles, dtype=np.float32), self.mean) @ self.weights, dtype=np.float32)


def _centred(vectors: Floats, mean: Floats) -> Floats:
    """Return vectors of length 1 less what all have in common."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(unit - mean, dtype=np.float32)
