"""What a ranking is worth, and how sure the figure is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
SAMPLES = 2000
SEED = 11


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_plain(self.mean)} [{_plain(self.low)}, {_plain(self.high)}]"

    def signed(self) -> str:
        """Return the estimate of a difference, with its sign."""
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]".replace("0.", ".")


def _plain(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def dcg(gains: Sequence[float] | Values, k: int) -> float:
    """Return the discounted cumulative gain of the first ``k`` gains."""
    first = np.asarray(gains, dtype=np.float64)[:k]
    return float((first / np.log2(np.arange(2, len(first) + 2))).sum())


def ndcg(gains: Sequence[float] | Values, k: int, ideal: Sequence[float] | Values | None = None) -> float:
    """Return DCG over the best that was possible; 0 when nothing is relevant.

    Args:
        gains: in the order of the ranking.
        k: only so many places count.
        ideal: the gains of everything that could have been ranked; those ranked when not given.
    """
    best = dcg(np.sort(np.asarray(gains if ideal is None else ideal, dtype=np.float64))[::-1], k)
    return dcg(gains, k) / best if best > 0 else 0.0


def recall(ranked: Sequence[int], relevant: set[int], k: int) -> float:
    """Return the share of the relevant items among the first ``k``; k hits are full marks where more are relevant."""
    hits = sum(item in relevant for item in ranked[:k])
    return hits / min(k, len(relevant)) if relevant else 0.0


def hits_ndcg(ranked: Sequence[int], relevant: set[int], k: int) -> float:
    """Return the NDCG of a ranking where an item is relevant or is not."""
    return ndcg([float(item in relevant) for item in ranked], k, [1.0] * len(relevant))


def bootstrap(values: Values, samples: int = SAMPLES, seed: int = SEED) -> Estimate:
    """Return the mean and its percentile bootstrap interval; pass differences for a paired comparison.

    The same seed and number of values draw the same samples, so that rows of a table are resampled together.
    """
    if not len(values):
        return Estimate(0.0, 0.0, 0.0)
    picks = np.random.default_rng(seed).integers(0, len(values), (samples, len(values)))
    means = values[picks].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high))


@dataclass(frozen=True)
class Table:
    """Every system's value for every query or user, so that systems are compared pair by pair."""

    measures: Mapping[str, Mapping[str, Values]]
    """Measure -> system -> one value a query or user, in one order."""

    def estimate(self, measure: str, system: str, mask: npt.NDArray[np.bool_] | None = None) -> Estimate:
        """Return a system's mean with its interval, over the queries or users of a mask."""
        values = self.measures[measure][system]
        return bootstrap(values if mask is None else values[mask])

    def gain(self, measure: str, system: str, over: str, mask: npt.NDArray[np.bool_] | None = None) -> Estimate:
        """Return how much better a system is than another, paired."""
        found = self.measures[measure]
        values = found[system] - found[over]
        return bootstrap(values if mask is None else values[mask])
