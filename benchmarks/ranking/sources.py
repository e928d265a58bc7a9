"""The data of the collaborative experiments, and shops that hold only what was known before the test."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.converters import movielens, online_retail
from benchmarks.converters.conversion import Conversion
from benchmarks.ranking.splits import Split, core, latest_split, random_split, time_split

LIKED = 4.0
"""From so many stars on a rating says that the film was liked."""
SEED = 3
Item = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """One data set, split, with the items and settings of its shop."""

    name: str
    how: str
    """How the split was made."""
    split: Split
    items: Sequence[Item]
    config: Mapping[str, Any]

    def shop(self, folder: Path, history: pl.DataFrame, also: Collection[str] = ()) -> Path:
        """Write a shop that knows this history and nothing later, with items ``also`` that nobody took; return it."""
        kept = {*history["item_id"].to_list(), *also}
        items = [_untold(item) for item in self.items if str(item["id"]) in kept]
        rules = {**self.config.get("rules", {}), "exclude_owned": True, "in_stock_only": False}
        # Personas and examples name users and items that this part may lack.
        config = {key: value for key, value in self.config.items() if key not in ("personas", "examples")}
        Conversion({**config, "rules": rules}, items, "made for a benchmark", _events(history)).write(folder)
        return folder


def _untold(item: Item) -> Item:
    """Leave out what was computed over the whole data set, the test part with it."""
    return {key: value for key, value in item.items() if key not in ("rating", "rating_count", "price", "created_at")}


def _events(history: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in ("user_id", "item_id", "event", "value", "time") if name in history.columns]
    events = history.select(names)
    if "time" in names:
        stamp = pl.from_epoch(pl.col("time").cast(pl.Int64), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S")
        events = events.with_columns(stamp.alias("time"))
    return events


def movielens_1m(data: Path) -> Source:
    """MovieLens 1M: what was liked, 5-core, every user's pairs split at random."""
    found = movielens.convert(data)
    assert found.interactions is not None
    liked = core(_texts(found.interactions).filter(pl.col("value") >= LIKED))
    how = "ratings of 4 and 5, 5-core; of every user 20 % at random are the test, 10 % validation (there is no time)"
    return Source("MovieLens 1M", how, random_split(liked, SEED), found.items, found.config)


def movielens_small(data: Path) -> Source:
    """MovieLens small: what was liked, 5-core, every user's latest are the test."""
    source = data / "movielens-small"
    ratings = pl.read_csv(source / "ratings.csv").select(
        pl.col("userId").alias("user_id"),
        pl.col("movieId").alias("item_id"),
        pl.lit("rating").alias("event"),
        pl.col("rating").cast(pl.Float64).alias("value"),
        pl.col("timestamp").cast(pl.Float64).alias("time"),
    )
    liked = core(_texts(ratings).filter(pl.col("value") >= LIKED))
    how = (
        "ratings of 4 and more, 5-core; of every user the latest 20 % are the test, 10 % before them validation (most "
        "users rated on one day: a common cut would leave few with both parts)"
    )
    config = {"name": {"en": "MovieLens small"}}
    return Source("MovieLens small", how, latest_split(liked), _films(source / "movies.csv"), config)


def _films(path: Path) -> list[Item]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            "id": row["movieId"],
            "title": row["title"],
            "category": "Films",
            "genre": [genre for genre in row["genres"].split("|") if not genre.startswith("(")],
        }
        for row in rows
    ]


def retail(data: Path) -> Source:
    """Online Retail: purchases, split at two moments that hold for everybody."""
    found = online_retail.convert(data)
    assert found.interactions is not None
    seconds = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S").dt.epoch("s").cast(pl.Float64)
    pairs = _texts(found.interactions).with_columns(seconds.alias("time"))
    how = (
        "purchases of both files without the days that overlap and without rows that lack a customer; the first 70 % "
        "of the time-ordered rows are training, the next 10 % validation, the last 20 % the test, for everybody; asked "
        "is what a customer had not bought before"
    )
    return Source("Online Retail", how, time_split(pairs), found.items, found.config)


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("user_id").cast(pl.String), pl.col("item_id").cast(pl.String), pl.col("value").cast(pl.Float64)
    )


SOURCES: Mapping[str, Callable[[Path], Source]] = {
    "movielens-1m": movielens_1m,
    "movielens-small": movielens_small,
    "online-retail": retail,
}


def moment(time: str) -> float:
    """Return the seconds since the epoch of an ISO time without a zone, which is UTC."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()
