"""Calibration to history: what is shown keeps the proportions of the kinds that a user took (Steck, RecSys 2018).

A list that is only relevant leans to a user's main interest until the lesser ones are gone. The divergence of the
kinds in a list from those in the history is ``KL(p ‖ .99 q + .01 p)``: 0 when they agree. ``retrieval.diversity``
takes it into account when it chooses, one item after the other, beside relevance and unlikeness.

Kinds are what the shop sorts its items by: the categories, or where these hardly differ, the facet with few values that
tells most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.values import StatedValues

SMOOTH = 0.01
LEAST_HISTORY = 5
"""Of fewer liked items no proportions can be told."""
LEAST_KINDS, MOST_KINDS = 3, 200
LEAST_STATED = 0.5
"""The share of the items that has to state a facet of kinds."""
NOT_KINDS = frozenset({"title", "brand"})
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kinds:
    """The kinds of every item: the kinds of one item weigh 1 together."""

    field: str
    shares: Any
    """SciPy CSR, items × kinds."""

    @classmethod
    def of(cls, stated: StatedValues) -> Kinds | None:
        """Choose the field that tells kinds apart best; None when no field does."""
        fields = np.array(stated.fields)
        found: list[tuple[float, str, Any]] = []
        for field in dict.fromkeys(stated.fields):
            part = stated.matrix[:, np.flatnonzero(fields == field)]
            if field == "category":
                # A node that all items stand under tells nothing: the deepest ones do.
                part = part[:, np.asarray(part.sum(axis=0)).ravel() < LEAST_STATED * part.shape[0]]
            covered = float(np.count_nonzero(np.diff(part.tocsr().indptr))) / max(part.shape[0], 1)
            if field in NOT_KINDS or not LEAST_KINDS <= part.shape[1] <= MOST_KINDS or covered < LEAST_STATED:
                continue
            found.append((float("inf") if field == "category" else _information(part), field, part))
        if not found:
            return None
        _, field, part = max(found, key=lambda each: (each[0], each[1]))
        counts = np.maximum(np.asarray(part.sum(axis=1)), 1.0)
        return cls(field, part.multiply(1.0 / counts).tocsr())

    def mix(self, rows: npt.NDArray[np.int64], weights: npt.NDArray[np.floating]) -> Floats:
        """Return the proportions of the kinds among weighted items; they sum to 1, or to 0 when none states a kind."""
        total = np.asarray(self.shares[rows].T @ weights, dtype=np.float64)
        return np.asarray(total / total.sum() if total.sum() > 0 else total)


def _information(part: Any) -> float:
    """Return the entropy of a field's values over all items."""
    share = np.asarray(part.sum(axis=0), dtype=np.float64).ravel()
    share = share[share > 0] / share.sum()
    return float(-(share * np.log(share)).sum())


def divergence(wanted: Floats, shown: Floats) -> Floats:
    """Return KL(p ‖ (1 - SMOOTH) q + SMOOTH p) for each line of proportions shown; both sum to 1."""
    mixed = (1.0 - SMOOTH) * shown + SMOOTH * wanted
    told = wanted > 0
    return np.asarray((wanted[told] * np.log(wanted[told] / mixed[..., told])).sum(axis=-1))


@dataclass(frozen=True)
class Proportions:
    """What a user's history calls for, and the candidates' kinds."""

    wanted: Floats
    kinds: Kinds

    @classmethod
    def of(
        cls, kinds: Kinds | None, rows: npt.NDArray[np.int64], weights: npt.NDArray[np.floating]
    ) -> Proportions | None:
        """Return what liked items call for; None when they are too few, or of no known kind."""
        liked = weights > 0
        if kinds is None or np.count_nonzero(liked) < LEAST_HISTORY:
            return None
        wanted = kinds.mix(rows[liked], weights[liked])
        return cls(wanted, kinds) if wanted.any() else None

    def shares(self, candidates: npt.NDArray[np.int64]) -> Floats:
        """Return the candidates' kinds, shape (candidates, kinds)."""
        return np.asarray(self.kinds.shares[candidates].todense(), dtype=np.float64)

    def divergences(self, shares: Floats, chosen: Sequence[int]) -> Floats:
        """Return for each candidate how far off a list of those chosen and it would be.

        Args:
            shares: what ``shares`` returned of the candidates.
            chosen: places of candidates.
        """
        total = shares + shares[list(chosen)].sum(axis=0)
        sums = total.sum(axis=1, keepdims=True)
        return divergence(self.wanted, total / np.maximum(sums, 1e-9))
