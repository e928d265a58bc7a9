"""New users: what a list is worth to somebody of whom nothing, or one event, or a few are known."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.ranking.metrics import Table, hits_ndcg
from benchmarks.ranking.serving import only, opened, weighted
from benchmarks.ranking.sources import Source
from core.entities import Constraint, EventKind, Interaction, ItemId, Op, Query, UserId
from retrieval.pipeline import Recommender

GIVEN = (0, 1, 3, 5)
LEAST = 8
"""Only users with so many known pairs are held out: some have to be left to ask for."""
USERS = 300
SEED = 29
POPULAR, OURS = "popularity", "ours"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Strangers:
    """Held-out users, asked before and after their first events."""

    source: str
    free: Table
    """To shoppers who say nothing, by number of events."""
    told: Table
    """To shoppers who say what kind they are after."""
    users: int
    kind: str
    """The field whose value they say."""


@dataclass(frozen=True)
class _Stranger:
    user: str
    first: Sequence[Interaction]
    wanted: frozenset[str]
    kind: str
    """The kind of most of what is wanted."""
    of_kind: frozenset[str]


def new_users(source: Source, work: Path, most: int = USERS) -> Strangers:
    """Hold users out of all that is learned; ask for what they took after their first five events."""
    known = source.split.known
    sizes = known.group_by("user_id").len().filter(pl.col("len") >= LEAST)["user_id"].sort().to_list()
    draw = np.random.default_rng(SEED)
    held = sorted(draw.choice(sizes, min(most, len(sizes) // 5), replace=False).tolist())
    left = known.filter(~pl.col("user_id").is_in(held))
    folder = source.shop(work / "shops" / f"strangers-{source.name.lower().replace(' ', '-')}", left)
    latest = float(left["time"].max()) if "time" in left.columns else 0.0  # type: ignore[arg-type]
    ours = opened(folder, work / "data", lambda: latest)
    kinds = ours.serving.kinds
    field = kinds.field if kinds is not None else ""
    found = [_stranger(user, known, source.split.test, ours, field) for user in held]
    asked = [one for one in found if one is not None]
    crowd = weighted(ours, work / "crowd", lambda: latest, only("popularity"))
    free: dict[str, dict[str, list[float]]] = {}
    told: dict[str, dict[str, list[float]]] = {}
    for name, system in ((POPULAR, crowd), (OURS, ours)):
        for one in asked:
            _ask(system, one, field, name, free, told)
    tables = [
        Table({measure: {name: np.array(values) for name, values in systems.items()} for measure, systems in each})
        for each in (free.items(), told.items())
    ]
    for measure, systems in tables[0].measures.items():
        _log.info(
            "%s, new users, %s: %s", source.name, measure, {k: round(float(v.mean()), 4) for k, v in systems.items()}
        )
    return Strangers(source.name, tables[0], tables[1], len(asked), field)


def _stranger(user: str, known: pl.DataFrame, test: pl.DataFrame, system: Recommender, field: str) -> _Stranger | None:
    """Return a held-out user with their first events and what they took later; None when nothing is left to ask."""
    own = known.filter(pl.col("user_id") == user)
    own = own.sort("time", "item_id") if "time" in own.columns else own.sample(fraction=1.0, shuffle=True, seed=SEED)
    catalogue = system.catalogue
    own = own.filter(pl.col("item_id").is_in(catalogue.ids))
    later = test.filter((pl.col("user_id") == user) & pl.col("item_id").is_in(catalogue.ids))["item_id"].to_list()
    rows = own.select("item_id", "event", "value").rows()
    first = [
        Interaction(UserId(user), ItemId(item), EventKind(event), value) for item, event, value in rows[: GIVEN[-1]]
    ]
    wanted = frozenset(item for item, *_ in rows[GIVEN[-1] :]) | frozenset(later)
    wanted -= {str(one.item_id) for one in first}
    if not wanted or len(first) < GIVEN[-1]:
        return None
    values = {item: _kinds_of(system, item, field) for item in wanted}
    counts: dict[str, int] = {}
    for kinds in values.values():
        for kind in kinds:
            counts[kind] = counts.get(kind, 0) + 1
    kind = max(sorted(counts), key=lambda each: counts[each], default="")
    return _Stranger(user, first, wanted, kind, frozenset(item for item in wanted if kind and kind in values[item]))


def _kinds_of(system: Recommender, item: str, field: str) -> tuple[str, ...]:
    found = system.catalogue.item(item)
    stated = found.category if field == "category" else found.facets.get(field, ())
    return (stated,) if isinstance(stated, str) else tuple(map(str, stated)) if isinstance(stated, tuple) else ()


def _ask(
    system: Recommender,
    one: _Stranger,
    field: str,
    name: str,
    free: dict[str, dict[str, list[float]]],
    told: dict[str, dict[str, list[float]]],
) -> None:
    """Ask before each of the user's first events, with and without the kind said; nobody is told what comes later."""
    seen = tuple(event.item_id for event in one.first)
    done = 0
    for given in GIVEN:
        system.record(one.first[done:given])
        done = given
        measure = f"{given} events"
        query = Query(user_id=UserId(one.user), exclude=seen, limit=10)
        free.setdefault(measure, {}).setdefault(name, []).append(_worth(system, query, one.wanted))
        if one.kind:
            operator = Op.EQ if field == "category" else Op.CONTAINS
            must = Constraint("kind", field, operator, one.kind)
            query = Query(user_id=UserId(one.user), exclude=seen, limit=10, constraints=(must,))
            told.setdefault(measure, {}).setdefault(name, []).append(_worth(system, query, one.of_kind))


def _worth(system: Recommender, query: Query, wanted: frozenset[str]) -> float:
    shown = [str(found.item.id) for found in system.recommend(query).items]
    right = {place for place, item in enumerate(shown) if item in wanted}
    return hits_ndcg(range(10), right | set(range(100, 100 + len(wanted) - len(right))), 10)
