"""Which source pays, on a shop's own log: what shoppers bought after a moment, from what was known before it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.ranking.metrics import Table, hits_ndcg, recall
from benchmarks.ranking.serving import Clock, only, opened, weighted
from benchmarks.ranking.sources import moment
from benchmarks.ranking.splits import cuts
from core.entities import EventKind, Interaction, ItemId, Query, UserId
from retrieval.pipeline import Recommender
from retrieval.vectors import CACHE_NAME

NDCG, RECALL = "NDCG@10", "hit rate@20"
LENGTH = 20
USERS = 400
SEED = 17
FARTHER = "with paths of two steps"
FULL, POPULAR, RANDOM = "all, as shipped", "popularity alone", "at random"
LEARNED = frozenset({"bought_together"})
"""Relations that a shop reads out of its log: they know the test part."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Occasion:
    """One shopper just before they first met what they bought."""

    user: str
    item: str
    when: float
    before: Sequence[Interaction]
    """What they did between the cut and this moment."""
    met: frozenset[str]
    """Every item that they had met until then: no system's list holds them, since none of them can be right."""


@dataclass(frozen=True)
class Ablation:
    """All sources, each left out, and some alone."""

    table: Table
    occasions: int
    asked: int
    personal: int
    """Occasions that the visit itself gave something to go by."""


class Now:
    """The clock of the replay."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds since the epoch."""
        return self.seconds


def past_shop(shop: Path, folder: Path, events: pl.DataFrame) -> Path:
    """Write a copy of a shop that knows only these events; ratings and counts are computed from them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("shop.yaml", CACHE_NAME):
        if (shop / name).exists():
            copyfile(shop / name, folder / name)
    rated = (
        events.filter(pl.col("event") == "rating")
        .group_by(pl.col("item_id").alias("id"))
        .agg(pl.col("value").mean().round(2).alias("rating"), pl.len().alias("rating_count"))
    )
    items = pl.read_csv(shop / "items.csv", infer_schema=False)
    items = items.drop([name for name in ("rating", "rating_count") if name in items.columns])
    items.join(rated, on="id", how="left", maintain_order="left").write_csv(folder / "items.csv")
    events.write_csv(folder / "interactions.csv")
    if (shop / "relations.csv").exists():
        relations = pl.read_csv(shop / "relations.csv", infer_schema=False)
        relations.filter(~pl.col("relation").is_in(list(LEARNED))).write_csv(folder / "relations.csv")
    return folder


def occasions(events: pl.DataFrame, early: float, late: float = float("inf")) -> list[Occasion]:
    """Return for every known shopper the first purchase in [early, late) of an item that they had not met before.

    The moment is that of their first event with the item since ``early``, so that nothing of what they did with it is
    given away; ``events`` has the numeric column ``when``.
    """
    past = events.filter(pl.col("when") < early).select("user_id", "item_id")
    met: dict[str, set[str]] = {}
    for user, item in past.iter_rows():
        met.setdefault(user, set()).add(item)
    found = []
    later = events.filter((pl.col("when") >= early) & (pl.col("when") < late)).sort(["user_id", "when", "item_id"])
    for (user,), frame in later.group_by("user_id", maintain_order=True):
        if user in met:
            rows = frame.select("item_id", "event", "value", "when").rows()
            occasion = _first(str(user), rows, met[str(user)])
            found += [occasion] if occasion else []
    return found


def _first(user: str, rows: Sequence[tuple[str, str, float | None, float]], met: set[str]) -> Occasion | None:
    bought = next((item for item, event, *_ in rows if event == "purchase" and item not in met), None)
    if bought is None:
        return None
    start = min(when for item, _, _, when in rows if item == bought)
    before = [
        Interaction(UserId(user), ItemId(item), EventKind(event), value, datetime.fromtimestamp(when, UTC))
        for item, event, value, when in rows
        if when < start
    ]
    return Occasion(user, bought, start, before, frozenset(met.union(str(event.item_id) for event in before)))


def replay(recommender: Recommender, asked: Sequence[Occasion], now: Now) -> dict[str, npt.NDArray[np.float64]]:
    """Return both measures of every occasion, the shopper's own later events recorded first."""
    lists = []
    for occasion in asked:
        now.seconds = occasion.when
        recommender.record(occasion.before)
        seen = tuple(map(ItemId, sorted(occasion.met)))
        found = recommender.recommend(Query(user_id=UserId(occasion.user), exclude=seen, limit=LENGTH)).items
        lists.append([str(shown.item.id) for shown in found])
    return _worth(lists, asked)


def chance(items: Sequence[str], asked: Sequence[Occasion]) -> dict[str, npt.NDArray[np.float64]]:
    """Return both measures of lists drawn from what a shopper had not met: the floor."""
    draw = np.random.default_rng(SEED)
    lists = [[item for item in draw.permutation(items).tolist() if item not in one.met][:LENGTH] for one in asked]
    return _worth(lists, asked)


def _worth(lists: Sequence[Sequence[str]], asked: Sequence[Occasion]) -> dict[str, npt.NDArray[np.float64]]:
    places = [[int(item == one.item) for item in shown] for shown, one in zip(lists, asked, strict=True)]
    return {
        NDCG: np.array([hits_ndcg(row, {1}, 10) for row in places]),
        RECALL: np.array([recall(row, {1}, LENGTH) for row in places]),
    }


def variants(active: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return changed weights by name: all, all with longer paths, one source less, popularity alone."""
    return {
        FULL: {},
        FARTHER: {},
        **{f"without {name}": {name: 0.0} for name in active},
        POPULAR: only("popularity"),
    }


def read_events(shop: Path) -> pl.DataFrame:
    """Return a shop's log with the column ``when`` in seconds."""
    path = next(shop.glob("interactions.csv*"))
    events = pl.read_csv(path, schema_overrides={"value": pl.Float64})
    times = pl.Series("when", [moment(time) for time in events["time"]], dtype=pl.Float64)
    return events.with_columns(times)


def measure(shop: Path, work: Path, part: str = "test", most: int = USERS) -> Ablation:
    """Replay the last fifth (``test``) or the tenth before it (``valid``) of a shop's log without each source."""
    events = read_events(shop)
    early, late = cuts(events.with_columns(pl.col("when").alias("time")))
    start, end = (late, float("inf")) if part == "test" else (early, late)
    found = occasions(events, start, end)
    picks = np.sort(np.random.default_rng(SEED).permutation(len(found))[:most])
    asked = [found[int(pick)] for pick in picks]
    folder = past_shop(shop, work / "shops" / f"{shop.name}-{part}", events.filter(pl.col("when") < start).drop("when"))
    now = Now()
    now.seconds = start
    return _measured(opened(folder, work / "data", now), asked, now, work, len(found))


def _measured(recommender: Recommender, asked: Sequence[Occasion], now: Now, work: Path, all_found: int) -> Ablation:
    active = [name for name in _personal_sources() if getattr(recommender.serving.shop.weights, name)]
    values: dict[str, dict[str, npt.NDArray[np.float64]]] = {NDCG: {}, RECALL: {}}
    for name, changes in variants(active).items():
        clock: Clock = now
        system = weighted(recommender, work / "overlay", clock, changes)
        if name == FARTHER:
            system = _farther(system, work / "overlay", clock)
        for measure_name, found in replay(system, asked, now).items():
            values[measure_name][name] = found
        _log.info("ablation: %s %.4f", name, values[NDCG][name].mean())
    for measure_name, found in chance(list(recommender.catalogue.ids), asked).items():
        values[measure_name][RANDOM] = found
    return Ablation(Table(values), all_found, len(asked), sum(bool(occasion.before) for occasion in asked))


def _farther(system: Recommender, folder: Path, clock: Clock) -> Recommender:
    """Return the same system with paths of two steps in the graph."""
    index = system.serving
    rules = index.shop.rules.model_copy(update={"path_steps": 2})
    shop = index.shop.model_copy(update={"rules": rules})
    return Recommender(replace(index, shop=shop), system.embedder, folder, lambda progress: None, clock)


def _personal_sources() -> tuple[str, ...]:
    """Return the sources that speak without a text or an anchor."""
    return ("collaborative", "profile", "session", "graph", "popularity", "quality", "price", "new")
