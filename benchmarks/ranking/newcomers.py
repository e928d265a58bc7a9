"""New items and a log that goes on: what is known of items that nobody took yet, and what learning along is worth."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.ranking.metrics import Table, hits_ndcg
from benchmarks.ranking.serving import only, opened, ranked, weighted
from benchmarks.ranking.sources import Source
from benchmarks.ranking.tastes import Task
from core.entities import EventKind, ItemId, Query, UserId
from core.ports import Vectors
from retrieval.collaborative import preferences, train
from retrieval.ease import Ease
from retrieval.histories import DAY, History
from retrieval.learned import NEVER, Tastes
from retrieval.pipeline import Recommender

HELD_OUT = 0.1
SEED = 23
NDCG = "NDCG@10"
RECALL, SHARE = "Recall@20 of new items", "new items among the first ten"
RANDOM, TEXT, BLIND, PRIOR = "at random", "likeness of texts", "EASE without texts", "EASE with texts"
PLAIN, OURS = "ours without inheritance", "ours"
INHERITED = "ours, collaborative source alone"
HIT, REVENUE = "hit rate@20", "revenue@20"
FROZEN, FOLDED, LEARNING = "frozen", "events folded in", "events folded in, refreshed weekly"
WEEK = 7 * DAY
LENGTH = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Newcomers:
    """Held-out items, ranked among themselves and among all."""

    source: str
    table: Table
    """Among themselves, for users who later took some of them."""
    mixed: Table
    """Among all items, for all users."""
    items: int
    users: int
    everyone: int
    share: float
    """How much of what the users took later were held-out items."""


@dataclass(frozen=True)
class _Cold:
    """A shop whose log says nothing of some of its items."""

    folder: Path
    cold: Sequence[str]
    users: Sequence[str]
    wanted: Sequence[frozenset[str]]
    latest: float


def new_items(source: Source, work: Path, most: int) -> Newcomers:
    """Hold a tenth of the items out of all that is learned, and rank them for those who took some of them later."""
    shop = _held_out(source, work, most)
    ours = opened(shop.folder, work / "data", lambda: shop.latest)
    index = ours.serving
    model = train(index.history, len(index.catalogue), vectors=index.vectors)
    plain = Recommender(replace(index, collaborative=model), ours.embedder, work / "plain", lambda told: None)
    found = _among_themselves(
        shop, ours, plain, weighted(ours, work / "alone", lambda: shop.latest, only("collaborative"))
    )
    mixed: dict[str, dict[str, npt.NDArray[Any]]] = {NDCG: {}, RECALL: {}, SHARE: {}}
    new, rows = set(shop.cold), []
    for name, system in ((PLAIN, plain), (OURS, ours)):
        lists = [ranked(system, user, LENGTH) for user in shop.users]
        rows = [
            (hits_ndcg(_places(shown), _relevant(shown, wanted), 10), *_new_ones(shown, wanted, new))
            for shown, wanted in zip(lists, shop.wanted, strict=True)
        ]
        for measure, values in zip((NDCG, RECALL, SHARE), np.array(rows).T, strict=True):
            mixed[measure][name] = values
    asked = [wanted for wanted in shop.wanted if wanted & new]
    share = sum(len(wanted & new) for wanted in shop.wanted) / sum(map(len, shop.wanted))
    return Newcomers(
        source.name, Table({NDCG: found}), Table(mixed), len(shop.cold), len(asked), len(shop.users), share
    )


def _held_out(source: Source, work: Path, most: int) -> _Cold:
    known = source.split.known
    task = Task.of(known, source.split.test, most)
    drawn = np.random.default_rng(SEED).choice(len(task.items), int(HELD_OUT * len(task.items)), replace=False)
    cold = [task.items[place] for place in np.sort(drawn)]
    left = known.filter(~pl.col("item_id").is_in(cold))
    folder = source.shop(work / "shops" / f"new-{source.name.lower().replace(' ', '-')}", left, cold)
    there = set(left["user_id"].to_list())
    pairs = [
        (task.users[int(user)], frozenset(task.items[place] for place in wanted))
        for user, wanted in zip(task.asked, task.relevant, strict=True)
    ]
    pairs = [(user, wanted) for user, wanted in pairs if user in there]
    latest = float(left["time"].max()) if "time" in left.columns else 0.0  # type: ignore[arg-type]
    return _Cold(folder, cold, [user for user, _ in pairs], [wanted for _, wanted in pairs], latest)


def _among_themselves(
    shop: _Cold, ours: Recommender, plain: Recommender, alone: Recommender
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the NDCG of each system's ranking of the held-out items, for the users who took some of them."""
    index = ours.serving
    cold = np.array([index.catalogue.row(ItemId(item)) for item in shop.cold])
    place = {item: number for number, item in enumerate(shop.cold)}
    asked = [(user, wanted & place.keys()) for user, wanted in zip(shop.users, shop.wanted, strict=True)]
    asked = [(user, wanted) for user, wanted in asked if wanted]
    right = [{place[item] for item in wanted} for _, wanted in asked]
    codes = [index.history.users[user] for user, _ in asked]
    matrix = preferences(index.history, len(index.catalogue), NEVER)
    own, vectors = matrix[codes], np.asarray(index.vectors[:], dtype=np.float32)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    scores: dict[str, npt.NDArray[Any]] = {
        RANDOM: np.random.default_rng(SEED).random((len(codes), len(cold))),
        TEXT: np.asarray(own @ centred) @ centred[cold].T,
        BLIND: np.asarray(own @ Ease.fit(matrix).weights)[:, cold],
        PRIOR: np.asarray(own @ Ease.fit(matrix, vectors=vectors, text=Tastes().text).weights)[:, cold],
    }
    values = {name: _worth(found, right) for name, found in scores.items()}
    known = tuple(ItemId(item) for item in index.catalogue.ids if item not in place)
    for name, system in ((PLAIN, plain), (INHERITED, alone), (OURS, ours)):
        lists = [
            [
                place[str(one.item.id)]
                for one in system.recommend(Query(user_id=UserId(user), exclude=known, limit=10)).items
            ]
            for user, _ in asked
        ]
        pairs = zip(lists, right, strict=True)
        values[name] = np.array([hits_ndcg(shown, wanted, 10) for shown, wanted in pairs])
    for name, found in values.items():
        _log.info("new items: %s %.4f", name, found.mean())
    return values


def _places(shown: Sequence[str]) -> list[int]:
    return list(range(len(shown)))


def _relevant(shown: Sequence[str], wanted: frozenset[str]) -> set[int]:
    """Return the places of what is wanted; what is not shown stands behind the end of the list."""
    missed = range(len(shown), len(shown) + len(wanted - set(shown)))
    return {*(place for place, item in enumerate(shown) if item in wanted), *missed}


def _new_ones(shown: Sequence[str], wanted: frozenset[str], new: set[str]) -> tuple[float, float]:
    """Return the recall of wanted new items (NaN when none is wanted), and the new items' share of the first ten."""
    right = wanted & new
    found = len(right.intersection(shown)) / min(LENGTH, len(right)) if right else float("nan")
    return found, len(new.intersection(shown[:10])) / 10


def _texts(source: Source, work: Path, items: Sequence[str]) -> Vectors:
    """Return the vectors of the items' texts."""
    folder = source.shop(work / "shops" / source.name.lower().replace(" ", "-"), source.split.known)
    index = opened(folder, work / "data", lambda: 0.0).serving
    rows = [index.catalogue.row(ItemId(item)) for item in items]
    return np.asarray(index.vectors[rows], dtype=np.float32)


def _worth(scores: npt.NDArray[Any], wanted: Sequence[set[int]]) -> npt.NDArray[np.float64]:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    return np.array([hits_ndcg(row.tolist(), items, 10) for row, items in zip(order, wanted, strict=True)])


@dataclass(frozen=True)
class Online:
    """A log replayed week by week, each week asked before it is learned."""

    source: str
    table: Table
    weeks: int
    baskets: int


def going_on(source: Source, work: Path, prices: Mapping[str, float]) -> Online:
    """Replay what came after the training and validation part: every customer's week is one question.

    Asked are new items of the week, of those known at the beginning. Frozen: users and model as they were. Folded in:
    what a customer bought in earlier weeks counts. Refreshed: the model is fitted anew at the start of each week.
    """
    known, test = source.split.known, source.split.test
    items = sorted(known["item_id"].unique().to_list())
    place = {item: row for row, item in enumerate(items)}
    vectors, tastes = _texts(source, work, items), Tastes()
    cost = np.array([prices.get(item, 0.0) for item in items])
    later = test.filter(pl.col("item_id").is_in(items) & pl.col("user_id").is_in(known["user_id"].unique().to_list()))
    start = float(known["time"].max())  # type: ignore[arg-type]
    later = later.with_columns(((pl.col("time") - start) // WEEK).cast(pl.Int64).alias("week")).sort("week", "user_id")
    past = known.select("user_id", "item_id", "time")
    first = _fitted(past, place, vectors, tastes)
    values: dict[str, dict[str, list[float]]] = {m: {s: [] for s in (FROZEN, FOLDED, LEARNING)} for m in (HIT, REVENUE)}
    weeks = 0
    for (_,), frame in later.group_by("week", maintain_order=True):
        weeks += 1
        now = _fitted(past, place, vectors, tastes) if weeks > 1 else first
        wanted: dict[str, set[int]] = {}
        for user, item in frame.select("user_id", "item_id").iter_rows():
            wanted.setdefault(user, set()).add(place[item])
        for name, model, users in ((FROZEN, first, first), (FOLDED, first, now), (LEARNING, now, now)):
            _ask(model.weights, users, now, wanted, cost, (values[HIT][name], values[REVENUE][name]))
        past = pl.concat([past, frame.select("user_id", "item_id", "time")])
    table = Table({m: {s: np.array(v) for s, v in found.items()} for m, found in values.items()})
    for name in (FROZEN, FOLDED, LEARNING):
        _log.info("%s, online: %s %.4f", source.name, name, table.measures[HIT][name].mean())
    return Online(source.name, table, weeks, len(table.measures[HIT][FROZEN]))


@dataclass(frozen=True)
class _Fitted:
    weights: npt.NDArray[Any]
    users: Mapping[str, int]
    tastes: Any
    """Users × items as they count when asked."""
    met: Any
    """Users × items, whatever the age."""


def _fitted(past: pl.DataFrame, place: Mapping[str, int], vectors: Vectors, tastes: Tastes) -> _Fitted:
    users = past["user_id"].to_list()
    rows = np.array([place[item] for item in past["item_id"]], dtype=np.int32)
    times = past["time"].to_numpy().astype(np.float64)
    kinds = [EventKind.PURCHASE] * len(rows)
    history = History.of(users, rows, kinds, np.full(len(rows), np.nan), times)
    matrix = preferences(history, len(place), tastes.item_days)
    model = Ease.fit(matrix, tastes.ridge, vectors, tastes.text)
    asked = preferences(history, len(place), tastes.user_days)
    return _Fitted(model.weights, history.users, asked, matrix > 0)


def _ask(
    weights: npt.NDArray[Any],
    users: _Fitted,
    now: _Fitted,
    wanted: Mapping[str, set[int]],
    cost: npt.NDArray[np.float64],
    into: tuple[list[float], list[float]],
) -> None:
    names = list(wanted)
    scores = np.asarray(users.tastes[[users.users[name] for name in names]] @ weights)
    met = now.met[[now.users[name] for name in names]].tocoo()
    scores[met.row, met.col] = -np.inf
    for name, row in zip(names, np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH], strict=True):
        hits = [item for item in row.tolist() if item in wanted[name]]
        into[0].append(float(bool(hits)))
        into[1].append(float(cost[hits].sum()))


def prices_of(source: Source) -> Mapping[str, float]:
    """Return the items' prices where they state one."""
    return {str(item["id"]): float(item["price"]) for item in source.items if item.get("price") is not None}
