"""What training is measured on: the latest events of the shop's own log, which nothing that is fitted has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.histories import History

SHARE = 0.1
LEAST_USERS = 100
"""With fewer users who come back after a common moment, every user's own last events are held out instead."""
MOST_USERS = 1000
SEED = 11
SAMPLES = 1000
PLACES = 10
LONG = 20
SPARSE_SHARE = 0.25
"""Items that together hold this share of the known events, the rarest first, are sparse."""
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Holdout:
    """An earlier part of the log, and what some users took for the first time after it."""

    early: History
    users: Sequence[str]
    codes: npt.NDArray[np.int64]
    wanted: Sequence[frozenset[int]]
    """Rows that each of the users took later."""
    how: str

    def worth(self, rankings: Sequence[npt.NDArray[np.integer]]) -> Values:
        """Return the NDCG@10 of each user's list of rows, the best first."""
        found = []
        discounts = 1.0 / np.log2(np.arange(2, PLACES + 2))
        for ranking, wanted in zip(rankings, self.wanted, strict=True):
            hits = np.array([int(row) in wanted for row in ranking[:PLACES]], dtype=np.float64)
            best = discounts[: min(PLACES, len(wanted))].sum()
            found.append(float((hits * discounts[: len(hits)]).sum() / best))
        return np.array(found)

    def rare(self, rankings: Sequence[npt.NDArray[np.integer]]) -> Values:
        """Return the Recall@20 of sparse items of each user who took one."""
        takers = np.sort(np.unique(np.stack([self.early.user_codes, self.early.rows]), axis=1)[1])
        counts = np.bincount(takers)
        ordered = np.sort(counts)
        most = ordered[np.searchsorted(np.cumsum(ordered), SPARSE_SHARE * ordered.sum())]
        sparse = set(np.flatnonzero(counts <= most).tolist())
        found = []
        for ranking, wanted in zip(rankings, self.wanted, strict=True):
            some = wanted & sparse
            if some:
                found.append(len(some & set(ranking[:LONG].tolist())) / min(LONG, len(some)))
        return np.array(found)


def hold_out(history: History, share: float = SHARE, most: int = MOST_USERS) -> Holdout | None:
    """Hold out the latest events: after one moment for everybody where users come back, else each user's own last.

    Users without a time for their events lose some drawn at random. None when nothing can be measured.
    """
    liked = history.weights > 0
    timed = bool((history.times > 0).any())
    if timed:
        cut = float(np.quantile(history.times[liked], 1.0 - share)) if liked.any() else 0.0
        found = _after(history, history.times >= cut, most, "the latest tenth of the events, one moment for everybody")
        if found is not None and len(found.users) >= LEAST_USERS:
            return found
    key = history.times if timed else np.random.default_rng(SEED).random(len(history.times))
    order = np.lexsort((key, history.user_codes))
    counts = np.diff(history.starts)
    position = np.arange(len(order)) - np.repeat(history.starts[:-1], counts)
    late = np.empty(len(order), dtype=bool)
    late[order] = position >= np.repeat(counts - np.ceil(share * counts), counts)
    how = "the last tenth of every user's events" if timed else "a tenth of every user's events, at random"
    return _after(history, late, most, how)


def _after(history: History, late: npt.NDArray[np.bool_], most: int, how: str) -> Holdout | None:
    """Return the hold-out of these events; asked are users with a liked item before that met a new one after."""
    early = history.part(~late)
    codes, liked = history.user_codes, history.weights > 0
    known = np.unique(history.rows[~late])
    names = list(history.users)
    wanted: dict[int, set[int]] = {}
    for code, row in zip(codes[late & liked].tolist(), history.rows[late & liked].tolist(), strict=True):
        wanted.setdefault(code, set()).add(row)
    usable = []
    for code, rows in sorted(wanted.items()):
        part = slice(int(early.starts[code]), int(early.starts[code + 1]))
        rows &= set(known.tolist()) if len(rows) > len(known) else {row for row in rows if _has(known, row)}
        rows -= set(early.rows[part].tolist())
        if rows and bool((early.weights[part] > 0).any()):
            usable.append(code)
    if not usable:
        return None
    chosen = np.array(usable, dtype=np.int64)
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(SEED).choice(chosen, most, replace=False))
    return Holdout(
        early, [names[code] for code in chosen], chosen, [frozenset(wanted[int(code)]) for code in chosen], how
    )


def _has(ordered: npt.NDArray[np.integer], row: int) -> bool:
    place = int(np.searchsorted(ordered, row))
    return place < len(ordered) and int(ordered[place]) == row


def gain(better: Values, than: Values) -> tuple[float, float, float]:
    """Return the mean paired difference and its 90 % bootstrap interval."""
    values = better - than
    picks = np.random.default_rng(SEED).integers(0, len(values), (SAMPLES, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [0.05, 0.95])
    return float(values.mean()), float(low), float(high)


def described(found: tuple[float, float, float]) -> Mapping[str, float]:
    """Return a gain as it stands in the report."""
    return dict(zip(("mean", "low", "high"), (round(value, 5) for value in found), strict=True))
