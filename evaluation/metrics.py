"""Figures of a set of dialogues, with bootstrap intervals over shoppers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.dialogue import Trace

DRAWS = 1000
LEVEL = 0.95
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval; NaN where nothing was measured."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """What one seller reached."""

    seller: str
    dialogues: int
    shoppers: int
    success: Estimate
    """The share of dialogues in which a wanted item was shown; the same as pass^1 over paraphrases."""
    pass_all: Estimate
    """pass^k: the share of shoppers served in each of their k paraphrases."""
    first: Estimate
    """The share of dialogues in which the first item shown at all is a wanted one."""
    turns: Estimate
    """Messages until success, of the successful dialogues."""
    items: Estimate
    """Items looked at until success, of the successful dialogues."""
    broken: Estimate
    """Of all shown items, the share that breaks a must that the seller itself holds."""
    missed: Estimate
    """Of all shown items, the share that breaks what the shopper has truly required."""
    again: Estimate
    """Of all shown items, the share that this shopper was shown before."""
    repeated: Estimate
    """Of all questions, the share that was asked or answered before."""


def figures(traces: Sequence[Trace], seed: int = 0) -> Figures:
    """Return the figures of one seller's dialogues.

    Intervals are percentiles of a bootstrap that draws whole shoppers, since the paraphrases of one are alike.

    Raises:
        ValueError: there are no dialogues, or they are of several sellers.
    """
    if len({trace.seller for trace in traces}) != 1:
        raise ValueError("figures are of the dialogues of one seller")
    by_shopper: dict[int, list[Trace]] = defaultdict(list)
    for trace in traces:
        by_shopper[trace.shopper].append(trace)
    groups = [by_shopper[key] for key in sorted(by_shopper)]
    draws = np.random.default_rng(seed).integers(0, len(groups), (DRAWS, len(groups)))

    def ratio(over: Callable[[Trace], float], under: Callable[[Trace], float]) -> Estimate:
        sums = [(sum(map(over, group)), sum(map(under, group))) for group in groups]
        return estimate(np.array(sums, dtype=np.float64), draws)

    every = [(float(all(trace.success for trace in group)), 1.0) for group in groups]
    return Figures(
        seller=traces[0].seller,
        dialogues=len(traces),
        shoppers=len(groups),
        success=ratio(lambda trace: trace.success, lambda trace: 1),
        pass_all=estimate(np.array(every), draws),
        first=ratio(lambda trace: trace.success and trace.items_seen == 1, lambda trace: 1),
        turns=ratio(lambda trace: len(trace.exchanges) * trace.success, lambda trace: trace.success),
        items=ratio(lambda trace: trace.items_seen * trace.success, lambda trace: trace.success),
        broken=ratio(lambda trace: sum(each.broken for each in trace.exchanges), _shown),
        missed=ratio(lambda trace: sum(each.missed for each in trace.exchanges), _shown),
        again=ratio(_again, _shown),
        repeated=ratio(lambda trace: sum(each.repeated for each in trace.exchanges), _questions),
    )


def _shown(trace: Trace) -> float:
    return sum(len(exchange.items) for exchange in trace.exchanges)


def _again(trace: Trace) -> float:
    return _shown(trace) - len({item_id for exchange in trace.exchanges for item_id in exchange.items})


def _questions(trace: Trace) -> float:
    return sum(exchange.question is not None for exchange in trace.exchanges)


def estimate(sums: Floats, draws: npt.NDArray[np.int64]) -> Estimate:
    """Return a ratio of sums and its interval.

    Args:
        sums: one row a shopper: what is counted, and out of how many.
        draws: one row a draw: the shoppers in it.
    """
    total = sums.sum(axis=0)
    if not total[1]:
        return Estimate(np.nan, np.nan, np.nan)
    drawn = sums[draws].sum(axis=1)
    drawn = drawn[drawn[:, 1] > 0]
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Estimate(float(total[0] / total[1]), float(low), float(high))
