"""The whole pipeline replayed by time: frozen, with events folded in, and with online learning of the weights.

Every customer's purchases of one day are one visit. Before it, the pipeline is asked for a list; then it is shown (an
impression in a real event log) and the purchases are recorded. What is right is what the customer bought on that day
and never before. The systems differ only in what they are told of what happened since the start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree

import numpy as np
import polars as pl

from benchmarks.ranking.metrics import Table, hits_ndcg
from benchmarks.ranking.serving import opened
from benchmarks.ranking.sources import Source
from core.entities import EventKind, Interaction, ItemId, Query, UserId
from retrieval.pipeline import Recommender
from storage.events import EventLog, Shown

HIT, REVENUE, NDCG = "hit rate@10", "revenue@10", "NDCG@10"
FROZEN, FOLDED, LEARNING = "frozen", "events folded in", "events folded in, weights learned online"
LENGTH = 10
DAY = 86_400.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replay:
    """What the replay showed."""

    source: str
    table: Table
    visits: int
    days: int
    factors: Mapping[str, float]
    """What online learning multiplied the weights by in the end."""
    seconds: float


@dataclass(frozen=True)
class Visit:
    """What a customer bought on one day, and when it began."""

    user: str
    start: float
    items: tuple[str, ...]
    wanted: frozenset[str]
    """Those of them that they had not bought before."""


def visits_of(source: Source, every: int = 1) -> list[Visit]:
    """Return the visits of the test part by customers and of items that are known before, in time.

    Args:
        source: a data set split at moments that hold for everybody.
        every: take only the customers of which the number is a multiple of it, so that fewer are replayed in full.
    """
    known = source.split.known
    items, users = set(known["item_id"].to_list()), sorted(set(known["user_id"].to_list()))
    kept = set(users[::every])
    test = source.split.test.filter(pl.col("user_id").is_in(list(kept)) & pl.col("item_id").is_in(list(items)))
    test = test.with_columns((pl.col("time") // DAY).alias("day")).sort("time", "user_id", "item_id")
    met: dict[str, set[str]] = {}
    for user, item in known.filter(pl.col("user_id").is_in(list(kept))).select("user_id", "item_id").iter_rows():
        met.setdefault(user, set()).add(item)
    found = []
    for (user, _), frame in test.group_by(["user_id", "day"], maintain_order=True):
        bought = tuple(frame["item_id"].to_list())
        wanted = frozenset(bought) - met[str(user)]
        met[str(user)].update(bought)
        if wanted:
            found.append(Visit(str(user), float(frame["time"].min()), bought, wanted))  # type: ignore[arg-type]
    return sorted(found, key=lambda visit: (visit.start, visit.user))


class _Shop:
    """One system on its own log and clock."""

    def __init__(self, folder: Path, work: Path, name: str, start: float) -> None:
        self._place = work / "online" / name.replace(" ", "-").replace(",", "")
        rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        self.now = start
        made = opened(folder, work / "data", lambda: start)
        rules = made.serving.shop.rules.model_copy(update={"learn_online": name == LEARNING})
        index = replace(made.serving, shop=made.serving.shop.model_copy(update={"rules": rules}))
        self.system = Recommender(index, made.embedder, self._place, lambda progress: None, lambda: self.now)
        self._log = EventLog(self._place / "events.db", clock=lambda: self.now)
        self._tells = name != FROZEN
        self.system.follow(self._log, self._place)

    def asked(self, visit: Visit, number: int) -> list[str]:
        """Return the list for a visit, and log that it was shown."""
        self.now = visit.start
        user = UserId(visit.user)
        found = self.system.recommend(Query(user_id=user, limit=LENGTH)).items
        shown = [Shown(one.item.id, at, one.score, one.parts, one.propensity) for at, one in enumerate(found, start=1)]
        self._log.impressions(f"t{number}", "replay", user, shown, self.system.version)
        return [str(one.item.id) for one in found]

    def told(self, visit: Visit) -> None:
        """Record what was bought."""
        if self._tells:
            when = datetime.fromtimestamp(visit.start + 1.0, UTC)
            events = [Interaction(UserId(visit.user), ItemId(i), EventKind.PURCHASE, time=when) for i in visit.items]
            self.system.record(self._log.add(events))

    def rest(self) -> None:
        """Learn, as the watcher does every few seconds."""
        self.system.refresh()

    def factors(self) -> Mapping[str, float]:
        """Return what the weights are multiplied by."""
        learner = self.system._learner
        return dict(learner.factors) if learner else {}

    def close(self) -> None:
        """Close the log."""
        self._log.close()


def replayed(source: Source, work: Path, prices: Mapping[str, float], every: int = 4, limit: int = 600) -> Replay:
    """Replay the visits for the three systems, each of which sees the same."""
    folder = source.shop(work / "shops" / source.name.lower().replace(" ", "-"), source.split.known)
    visits = visits_of(source, every)[:limit]
    began = time.perf_counter()
    values: dict[str, dict[str, list[float]]] = {m: {} for m in (HIT, REVENUE, NDCG)}
    factors: Mapping[str, float] = {}
    for name in (FROZEN, FOLDED, LEARNING):
        shop = _Shop(folder, work, name, visits[0].start)
        ranked = []
        for number, visit in enumerate(visits):
            ranked.append(shop.asked(visit, number))
            shop.told(visit)
            if number % 20 == 19:
                shop.rest()
        factors = shop.factors() if name == LEARNING else factors
        shop.close()
        for measure, found in _worth(ranked, visits, prices).items():
            values[measure][name] = found
        _log.info("%s: %s hit %.4f", source.name, name, float(np.mean(values[HIT][name])))
    table = Table({m: {name: np.array(v) for name, v in found.items()} for m, found in values.items()})
    days = int((visits[-1].start - visits[0].start) // DAY) + 1
    return Replay(source.name, table, len(visits), days, factors, time.perf_counter() - began)


def _worth(
    ranked: Sequence[Sequence[str]], visits: Sequence[Visit], prices: Mapping[str, float]
) -> dict[str, list[float]]:
    worth: dict[str, list[float]] = {HIT: [], REVENUE: [], NDCG: []}
    for row, visit in zip(ranked, visits, strict=True):
        hits = [item for item in row if item in visit.wanted]
        worth[HIT].append(float(bool(hits)))
        worth[REVENUE].append(sum(prices.get(item, 0.0) for item in hits))
        numbers = {item: place for place, item in enumerate(sorted({*row, *visit.wanted}))}
        worth[NDCG].append(hits_ndcg([numbers[i] for i in row], {numbers[i] for i in visit.wanted}, LENGTH))
    return worth


def section(found: Replay, table: str) -> str:
    """Return the text of the quality page; ``table`` is its table in Markdown."""
    moved = ", ".join(f"{name} ×{factor:.2f}" for name, factor in sorted(found.factors.items()))
    return (
        f"### Learning online: {found.source}\n\nThe whole pipeline, replayed by time: {found.visits:,} visits (a "
        f"customer's purchases of one day) over {found.days} days after the training and validation part, by customers "
        f"known before. Before each visit the shopper, who asks nothing, is shown {LENGTH} items; right is what they "
        "buy on that day for the first time. Revenue is the sum of the right items' prices. *Frozen*: nothing that "
        "happens since the start is told. *Folded in*: purchases count at once in the same model. *Learned online*: "
        "FTRL moves the sources' weights by what came of each impression, weighed by position. A purchase is taken for "
        "the answer to an impression if the item was shown: a replay cannot tell what a shown item would have caused."
        f"\n\n{table}\nWeights after the replay: {moved or 'unmoved'}.\n"
    )
