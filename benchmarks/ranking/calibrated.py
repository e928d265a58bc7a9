"""Lists that keep the proportions of the kinds that users took: what it costs, and how near they come."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.ranking.metrics import Table, hits_ndcg
from benchmarks.ranking.serving import opened, ranked
from benchmarks.ranking.sources import Source
from benchmarks.ranking.tastes import Task
from core.entities import ItemId, UserId
from retrieval.calibration import Kinds, Proportions, divergence
from retrieval.pipeline import Recommender
from retrieval.signals import profile_taste

NDCG, OFF = "NDCG@10", "divergence@10"
STEPS = (0.0, 0.05, 0.1, 0.2, 0.5)
LENGTH = 10
PLAIN = "as shipped (0)"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Asked:
    user: str
    wanted: frozenset[str]
    proportions: Proportions


@dataclass(frozen=True)
class Calibrated:
    """One data set under several strengths."""

    source: str
    table: Table
    users: int
    kind: str


def calibrated(source: Source, work: Path, most: int) -> Calibrated:
    """Show the test users lists under every strength; users of whom too little is known for proportions are left out.

    Raises:
        ValueError: the shop's items are of no kinds.
    """
    known = source.split.known
    folder = source.shop(work / "shops" / source.name.lower().replace(" ", "-"), known)
    latest = float(known["time"].max()) if "time" in known.columns else 0.0  # type: ignore[arg-type]
    ours = opened(folder, work / "data", lambda: latest)
    index, task = ours.serving, Task.of(known, source.split.test, most)
    kinds = index.kinds
    if kinds is None:
        raise ValueError(f"{source.name} has no kinds")
    asked = list(_asked(ours, kinds, task, latest))
    values: dict[str, dict[str, list[float]]] = {NDCG: {}, OFF: {}}
    for step in STEPS:
        name = f"{step:g}" if step else PLAIN
        rules = index.shop.rules.model_copy(update={"calibrate": step})
        shop = index.shop.model_copy(update={"rules": rules})
        system = Recommender(
            replace(index, shop=shop), ours.embedder, work / "calibrated", lambda told: None, lambda: latest
        )
        for one in asked:
            shown = ranked(system, one.user, LENGTH)
            right = {place for place, item in enumerate(shown) if item in one.wanted}
            missed = set(range(100, 100 + len(one.wanted) - len(right)))
            rows = np.array([index.catalogue.row(ItemId(item)) for item in shown], dtype=np.int64)
            off = divergence(one.proportions.wanted, kinds.mix(rows, np.ones(len(rows))))
            values[NDCG].setdefault(name, []).append(hits_ndcg(range(LENGTH), right | missed, LENGTH))
            values[OFF].setdefault(name, []).append(float(off))
        _log.info("%s, calibrated %s: %.4f", source.name, name, np.mean(values[NDCG][name]))
    table = Table({measure: {name: np.array(v) for name, v in each.items()} for measure, each in values.items()})
    return Calibrated(source.name, table, len(asked), kinds.field)


def _asked(system: Recommender, kinds: Kinds, task: Task, latest: float) -> Iterator[_Asked]:
    """Yield the test users of whom enough is known for proportions."""
    for user, wanted in zip(task.asked, task.relevant, strict=True):
        name = task.users[int(user)]
        taste = profile_taste(system.events(UserId(name)), latest)
        proportions = Proportions.of(kinds, taste.rows, taste.weights)
        if proportions is not None:
            yield _Asked(name, frozenset(task.items[place] for place in wanted), proportions)
