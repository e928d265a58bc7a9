"""Splits of interactions into training, validation and test parts. None lets a pair stand in two parts.

A frame has the columns user_id and item_id and, where known, time; a pair of user and item stands once (its first time
when it recurs), since what is asked of a recommender here is what a user has not had yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

PAIR = ["user_id", "item_id"]
VALID = 0.1
TEST = 0.2


@dataclass(frozen=True)
class Split:
    """Three disjoint parts; what is tuned is tuned on ``valid``, then fitted on ``known`` and tested once."""

    train: pl.DataFrame
    valid: pl.DataFrame
    test: pl.DataFrame

    @property
    def known(self) -> pl.DataFrame:
        """Everything before the test: training and validation together."""
        return pl.concat([self.train, self.valid])


def first_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Return each pair once, with its first time, sorted."""
    keys = ["time", *PAIR] if "time" in frame.columns else PAIR
    return frame.sort(keys).unique(PAIR, keep="first", maintain_order=True).sort(PAIR)


def core(frame: pl.DataFrame, least: int = 5) -> pl.DataFrame:
    """Return the largest part in which every user and every item has at least ``least`` pairs."""
    while True:
        kept = frame.filter((pl.len().over("user_id") >= least) & (pl.len().over("item_id") >= least))
        if kept.height == frame.height:
            return kept
        frame = kept


def random_split(frame: pl.DataFrame, seed: int, valid: float = VALID, test: float = TEST) -> Split:
    """Split every user's pairs at random: for data without time."""
    pairs = first_times(frame)
    drawn = np.random.default_rng(seed).random(pairs.height)
    return _by_rank(pairs.with_columns(pl.Series("rank_key", drawn)), valid, test)


def latest_split(frame: pl.DataFrame, valid: float = VALID, test: float = TEST) -> Split:
    """Split every user's pairs by time: the latest are the test, those before them the validation part.

    Within a user nothing is learned from the future. Other users' parts may lie later than this user's test.
    """
    pairs = first_times(frame)
    return _by_rank(pairs.with_columns(pl.col("time").alias("rank_key")), valid, test)


def _by_rank(pairs: pl.DataFrame, valid: float, test: float) -> Split:
    pairs = pairs.sort(["user_id", "rank_key", "item_id"])
    place = (pl.int_range(pl.len()) / pl.len()).over("user_id")
    pairs = pairs.with_columns(place.alias("place")).drop("rank_key")
    early, late = 1.0 - test - valid, 1.0 - test
    return Split(
        pairs.filter(pl.col("place") < early).drop("place"),
        pairs.filter((pl.col("place") >= early) & (pl.col("place") < late)).drop("place"),
        pairs.filter(pl.col("place") >= late).drop("place"),
    )


def cuts(frame: pl.DataFrame, valid: float = VALID, test: float = TEST) -> tuple[float, float]:
    """Return the two moments that part the interactions: the end of training and the end of validation."""
    times = np.sort(frame["time"].to_numpy())
    return tuple(float(times[int((1.0 - share) * (len(times) - 1))]) for share in (test + valid, test))  # type: ignore[return-value]


def time_split(frame: pl.DataFrame, valid: float = VALID, test: float = TEST) -> Split:
    """Split at two moments that hold for everybody; a pair belongs to the part of its first time."""
    early, late = cuts(frame, valid, test)
    pairs = first_times(frame)
    return Split(
        pairs.filter(pl.col("time") < early),
        pairs.filter((pl.col("time") >= early) & (pl.col("time") < late)),
        pairs.filter(pl.col("time") >= late),
    )


def answerable(history: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Return the later pairs whose user and item occur in a history, and that are not in it."""
    return (
        later.join(history.select("user_id").unique(), on="user_id", how="semi")
        .join(history.select("item_id").unique(), on="item_id", how="semi")
        .join(history.select(PAIR), on=PAIR, how="anti")
        .sort(PAIR)
    )


def folds(count: int, number: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the fold of each of ``count`` queries, all folds of nearly one size."""
    return np.asarray(np.random.default_rng(seed).permutation(count) % number, dtype=np.int64)
