"""Learns the two towers' projections by contrast: what a user took against all else, or a sample of it. NumPy alone.

Each step takes users with one of their items left out; what is left makes the user's text, and the item left out has to
be told from the others (softmax cross entropy, Adam). Above ``ALL`` items the others are a sample drawn anew each step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress, Vectors
from retrieval.towers import Projections

ALL = 8_000
"""In larger catalogues an item is told from a sample of so many."""
Floats = npt.NDArray[np.float32]
Judge = Callable[[Projections], float]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contrast:
    """How the towers are shaped and trained."""

    width: int = 64
    rate: float = 2e-3
    ridge: float = 1e-5
    batch: int = 256
    steps: int = 60
    """Of one epoch, at most; at least a third of it."""
    epochs: int = 20
    patience: int = 3
    """So many epochs without a better value on the hold-out end the training."""
    seed: int = 7


@dataclass(frozen=True)
class FittedTowers:
    """What a training gave."""

    projections: Projections
    epochs: int
    """After how many epochs these weights stood."""
    value: float
    """What the judge said of them; 0 without one."""


def fit(
    matrix: Any, vectors: Vectors, contrast: Contrast, judge: Judge | None = None, progress: Progress | None = None
) -> FittedTowers:
    """Learn both projections; with a judge those of the best epoch, without one those of the last.

    Args:
        matrix: SciPy CSR users × items, values in (0, 1].
        vectors: unit vectors of the items' texts.
        contrast: shape and pace.
        judge: says after each epoch what the towers are worth on held-out events.
        progress: told of every epoch, if given.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # One thread: these products are small, and on a busy machine threads wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fitted(matrix, vectors, contrast, judge, progress)


def _fitted(
    matrix: Any, vectors: Vectors, contrast: Contrast, judge: Judge | None, progress: Progress | None
) -> FittedTowers:
    draw = np.random.default_rng(contrast.seed)
    texts = np.asarray(vectors[:], dtype=np.float32)
    mean = texts.mean(axis=0)
    texts = texts - mean
    shape = (texts.shape[1], contrast.width)
    weights = [draw.normal(0.0, 1.0 / np.sqrt(shape[0]), shape).astype(np.float32) * 3.0 for _ in range(2)]
    adam = _Adam(weights, contrast.rate)
    users = np.flatnonzero(np.diff(matrix.indptr) >= 2)
    best: FittedTowers | None = None
    steps = max(contrast.steps // 3, min(contrast.steps, len(users) * 4 // contrast.batch))
    for epoch in range(1, contrast.epochs + 1):
        if progress:
            progress("learning from texts", epoch, contrast.epochs)
        losses = []
        for _ in range(steps):
            asked, target = _batch(matrix, texts, users[draw.integers(0, len(users), contrast.batch)], draw)
            loss, slopes = _slopes(asked, target, texts, weights, draw)
            adam.step([slope + contrast.ridge * weight for slope, weight in zip(slopes, weights, strict=True)])
            losses.append(loss)
        if judge is None:
            continue
        found = _scaled(matrix, texts, weights, mean, users)
        value = judge(found)
        _log.info("towers, epoch %d: loss %.3f, NDCG@10 %.4f", epoch, float(np.mean(losses)), value)
        if best is None or value > best.value:
            best = FittedTowers(found, epoch, value)
        elif epoch - best.epochs >= contrast.patience:
            break
    return best or FittedTowers(_scaled(matrix, texts, weights, mean, users), contrast.epochs, 0.0)


def _batch(
    matrix: Any, texts: Floats, users: npt.NDArray[np.int64], draw: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return users' texts, each without one item, and that item."""
    starts, counts = matrix.indptr[users], np.diff(matrix.indptr)[users]
    left_out = starts + (draw.random(len(users)) * counts).astype(np.int64)
    part = matrix[users]
    whole = part @ texts
    target, weight = matrix.indices[left_out], matrix.data[left_out]
    norms = np.sqrt(np.maximum(np.asarray(part.multiply(part).sum(axis=1)).ravel() - weight**2, 1e-9))
    rest = (whole - weight[:, None] * texts[target]) / norms[:, None]
    return np.asarray(rest, dtype=np.float32), np.asarray(target, dtype=np.int64)


def _slopes(
    asked: Floats, target: npt.NDArray[np.int64], texts: Floats, weights: list[Floats], draw: np.random.Generator
) -> tuple[float, list[Floats]]:
    """Return the loss and its derivatives by both projections."""
    if len(texts) > ALL:
        rows = np.union1d(draw.choice(len(texts), ALL, replace=False), target)
        texts, target = texts[rows], np.searchsorted(rows, target)
    users, items = asked @ weights[0], texts @ weights[1]
    logits = users @ items.T
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    lines = np.arange(len(target))
    loss = float(-np.log(np.maximum(shares[lines, target], 1e-12)).mean())
    shares[lines, target] -= 1.0
    shares /= len(target)
    return loss, [asked.T @ (shares @ items), texts.T @ (shares.T @ users)]


def _scaled(
    matrix: Any, texts: Floats, weights: list[Floats], mean: Floats, users: npt.NDArray[np.int64]
) -> Projections:
    """Return the projections with the level of what a sample of users took."""
    some = users[:: max(1, len(users) // 400)]
    part = matrix[some]
    norms = np.sqrt(np.maximum(np.asarray(part.multiply(part).sum(axis=1)).ravel(), 1e-9))
    scores = ((part @ texts) / norms[:, None] @ weights[0]) @ (texts @ weights[1]).T
    taken = part.tocoo()
    usual = float(max(np.quantile(scores[taken.row, taken.col], 0.75), 1e-3)) if taken.nnz else 1.0
    return Projections(weights[0].copy(), weights[1].copy(), mean, usual)


class _Adam:
    """Kingma & Ba, ICLR 2015; the weights are changed in place."""

    def __init__(self, weights: list[Floats], rate: float) -> None:
        self._weights, self._rate, self._steps = weights, rate, 0
        self._first, self._second = ([np.zeros_like(weight) for weight in weights] for _ in range(2))

    def step(self, slopes: list[Floats]) -> None:
        self._steps += 1
        first, second = 1.0 - 0.9**self._steps, 1.0 - 0.999**self._steps
        for weight, slope, mean, square in zip(self._weights, slopes, self._first, self._second, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            weight -= self._rate * (mean / first) / (np.sqrt(square / second) + 1e-8)
