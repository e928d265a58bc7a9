"""Item factors of an ALS model, with users solved from their events: for catalogues too large for EASE.

A user's vector is one 64 × 64 system, well under a millisecond. The same system says which of the user's items carried
a score: ``y_i · A⁻¹ · Σ c_j y_j`` is a sum over the user's items j.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.mapping import mapped

PRIOR_TAKERS = 2.0
"""So many doubtful users are set against those who took an item: what one account did is not yet a pattern."""
INHERITED = "inherited.npy"
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FoldedUser:
    """A user's vector as solved from their events, and what each event's item adds to a score."""

    vector: Floats
    rows: Rows
    """The items with a positive weight."""
    carriers: Floats
    """Shape (len(rows), factors): item i's score is ``sum(carriers @ item_factors[i])``."""


@dataclass(frozen=True)
class Factors:
    """Item factors, shape (items, width), and what is needed to solve a user."""

    factors: Floats
    gram: Floats
    counts: Floats
    """How many users took each item."""
    usual: float
    """The score that three quarters of what users really took stay below: what counts as a full score."""
    ridge: float
    alpha: float
    inherited: Floats | None = None
    """How far each item's factors stand on what is said of it (``retrieval.newcomers``); None: none does."""

    @classmethod
    def of(cls, users: Floats, items: Floats, matrix: Any, takers: Floats, ridge: float, alpha: float) -> Factors:
        """Build from fitted factors and the users × items matrix they were fitted to."""
        sample = np.linspace(0, matrix.nnz - 1, min(matrix.nnz, 20_000)).astype(np.int64)
        owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[sample]
        found = np.einsum("ij,ij->i", users[owners], items[matrix.indices[sample]])
        usual = float(max(np.quantile(found, 0.75), 1e-3))
        return cls(items, (items.T @ items).astype(np.float32), takers, usual, ridge, alpha)

    @cached_property
    def trust(self) -> Floats:
        """How far each item's factors rest on more than a user or two, or on its likeness to such items; in [0, 1]."""
        trust = np.asarray(self.counts / (self.counts + PRIOR_TAKERS), dtype=np.float32)
        return trust if self.inherited is None else np.maximum(trust, self.inherited)

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("factors", "gram", "counts"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        if self.inherited is not None:
            np.save(folder / INHERITED, self.inherited, allow_pickle=False)
        meta = {"usual": self.usual, "ridge": self.ridge, "alpha": self.alpha}
        (folder / "factors.json").write_text(json.dumps(meta), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> Factors:
        """Memory-map what ``save`` wrote."""
        meta = json.loads((folder / "factors.json").read_text(encoding="utf-8"))
        factors, gram, counts = (mapped(folder / f"{name}.npy") for name in ("factors", "gram", "counts"))
        inherited = mapped(folder / INHERITED) if (folder / INHERITED).exists() else None
        usual, ridge, alpha = (float(meta[name]) for name in ("usual", "ridge", "alpha"))
        return cls(factors, gram, counts, usual, ridge, alpha, inherited)

    def fold_in(self, rows: Rows, weights: Floats) -> FoldedUser | None:
        """Solve a user's vector from the items they met; positive weights attract, negative ones repel.

        Args:
            rows: distinct item rows, shape (m,).
            weights: one weight an item, in [-1, 1].
        """
        if not (weights > 0).any():
            return None
        own = np.asarray(self.factors[rows], dtype=np.float64)
        extra = self.alpha * np.abs(weights).astype(np.float64)
        width = self.gram.shape[0]
        system = self.gram + self.ridge * np.eye(width) + (own * extra[:, None]).T @ own
        liked = weights > 0
        carriers = np.linalg.solve(system, (own[liked] * (1.0 + extra[liked])[:, None]).T).T
        return FoldedUser(carriers.sum(axis=0).astype(np.float32), rows[liked], carriers.astype(np.float32))

    def scores(self, user: FoldedUser, among: Rows | None = None) -> Floats:
        """Return predicted preferences in (-1, 1); .76 is as strong as for what users really took."""
        factors, trust = (self.factors, self.trust) if among is None else (self.factors[among], self.trust[among])
        return np.asarray(np.tanh((factors @ user.vector) / self.usual) * trust, dtype=np.float32)

    def shares(self, user: FoldedUser, row: int) -> Floats:
        """Return what each of the user's items (``user.rows``) adds to one item's score, before it is squashed."""
        found = (user.carriers @ np.asarray(self.factors[row])) / self.usual * self.trust[row]
        return np.asarray(found, dtype=np.float32)
