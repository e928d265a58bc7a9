"""Collaborative filtering: what a user will like, from what all users liked before."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.ranking.learners import Learner, Lesson, learners
from benchmarks.ranking.metrics import Table, hits_ndcg, recall
from benchmarks.ranking.models import Baseline, Choice, baselines
from benchmarks.ranking.serving import only, opened, ranked, trained, weighted
from benchmarks.ranking.sources import Source
from benchmarks.ranking.splits import answerable
from core.ports import Vectors
from retrieval.index import trained_folder
from retrieval.learned import FILE as LEARNED
from retrieval.pipeline import Recommender
from retrieval.sequential import Sequences

NDCG, RECALL = "NDCG@10", "Recall@20"
LENGTH = 20
USERS = 800
SEED = 5
RARE = "Recall@20 of sparse items"
PLAIN, OURS, OURS_CF = "ours, untrained", "ours, trained", "ours, trained, collaborative source alone"
SPARSE_SHARE = 0.25
"""Items that together hold this share of the known pairs, the rarest first, are sparse."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What one data set showed."""

    source: Source
    table: Table
    chosen: Mapping[str, Choice]
    seconds: Mapping[str, float]
    """Fitting and scoring the test users."""
    sizes: npt.NDArray[np.int64]
    """How many known pairs each test user has."""
    events: int
    items: int
    users: int
    asked: int
    """Test users before the sample."""
    report: Mapping[str, Any]
    """What our training chose, and measured on its own hold-out."""
    rare: npt.NDArray[np.bool_]
    """Test users who took a sparse item."""
    rare_most: int
    """A sparse item has at most so many known takers."""

    @property
    def thirds(self) -> Mapping[str, npt.NDArray[np.bool_]]:
        """The test users in three parts by how much is known of them."""
        low, high = np.quantile(self.sizes, [1 / 3, 2 / 3])
        middle = (self.sizes > low) & (self.sizes <= high)
        return {f"≤ {low:.0f}": self.sizes <= low, f"to {high:.0f}": middle, f"> {high:.0f}": self.sizes > high}


@dataclass(frozen=True)
class Task:
    """A history and what users took after it."""

    users: Sequence[str]
    items: Sequence[str]
    matrix: Any
    asked: npt.NDArray[np.int64]
    relevant: Sequence[set[int]]
    sequences: Sequences
    """In the order of time; without times in an order drawn by chance."""

    @classmethod
    def of(cls, history: pl.DataFrame, later: pl.DataFrame, most: int) -> Task:
        """Number users and items; ask at most ``most`` users, drawn with a fixed seed."""
        from scipy.sparse import csr_matrix

        users, items = (history[name].unique().sort().to_list() for name in ("user_id", "item_id"))
        user_of, item_of = ({key: place for place, key in enumerate(keys)} for keys in (users, items))
        rows = [user_of[user] for user in history["user_id"]]
        columns = [item_of[item] for item in history["item_id"]]
        ones = np.ones(len(rows), dtype=np.float32)
        matrix = csr_matrix((ones, (rows, columns)), shape=(len(users), len(items)))
        wanted: dict[int, set[int]] = {}
        for user, item in answerable(history, later).select("user_id", "item_id").iter_rows():
            wanted.setdefault(user_of[user], set()).add(item_of[item])
        everyone = np.array(sorted(wanted), dtype=np.int64)
        chosen = everyone
        if len(everyone) > most:
            chosen = np.sort(np.random.default_rng(SEED).choice(everyone, most, replace=False))
        times = np.zeros(len(rows)) if "time" not in history.columns else history["time"].to_numpy().astype(np.float64)
        order = np.lexsort((np.random.default_rng(SEED).random(len(rows)), times, np.array(rows)))
        sequences = Sequences(matrix.indptr.astype(np.int64), np.array(columns)[order], times[order])
        return cls(users, items, matrix, chosen, [wanted[int(user)] for user in chosen], sequences)

    def rankings(self, baseline: Baseline, choice: Choice) -> npt.NDArray[np.int64]:
        """Fit a baseline and return each asked user's best new items: shape (users, LENGTH)."""
        return self.ordered(baseline.model(self.matrix, self.asked, choice))

    def ordered(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Return each asked user's best new items by their scores, which are changed."""
        known = self.matrix[self.asked].tocoo()
        scores[known.row, known.col] = -np.inf
        return np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]

    @property
    def rare_most(self) -> int:
        """The number of takers up to which an item is sparse."""
        takers = np.sort(np.asarray(self.matrix.sum(axis=0)).ravel())
        return int(takers[np.searchsorted(np.cumsum(takers), SPARSE_SHARE * takers.sum())])

    @property
    def rare(self) -> list[set[int]]:
        """The sparse items among those relevant to each asked user."""
        takers, most = np.asarray(self.matrix.sum(axis=0)).ravel(), self.rare_most
        return [{item for item in wanted if takers[item] <= most} for wanted in self.relevant]

    def measure(self, rankings: Sequence[Sequence[int]] | npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
        """Return the measures of every asked user."""
        pairs = [(list(map(int, row)), relevant) for row, relevant in zip(rankings, self.relevant, strict=True)]
        return {
            NDCG: np.array([hits_ndcg(row, relevant, 10) for row, relevant in pairs]),
            RECALL: np.array([recall(row, relevant, LENGTH) for row, relevant in pairs]),
            RARE: np.array([recall(row, rare, LENGTH) for (row, _), rare in zip(pairs, self.rare, strict=True)]),
        }


def tuned(baseline: Baseline, task: Task) -> Choice:
    """Return the settings with the best NDCG on the validation task."""
    if len(baseline.choices) == 1:
        return baseline.choices[0]
    values = [float(task.measure(task.rankings(baseline, choice))[NDCG].mean()) for choice in baseline.choices]
    for choice, value in zip(baseline.choices, values, strict=True):
        _log.info("validation: %s %s %.4f", baseline.name, dict(choice), value)
    return baseline.choices[int(np.argmax(values))]


def learned(learner: Learner, practice: Task, task: Task, vectors: Mapping[str, Vectors]) -> tuple[Any, Choice]:
    """Stop a learner early on the validation task, fit it again on all before the test; return rankings and epochs."""

    def lesson(of: Task) -> Lesson:
        return Lesson(of.matrix, of.sequences, np.stack([vectors[item] for item in of.items]), of.asked)

    def worth(scores: npt.NDArray[np.float32]) -> float:
        return float(practice.measure(practice.ordered(scores.copy()))[NDCG].mean())

    _, epochs = learner.fit(lesson(practice), 0, worth)
    scores, _ = learner.fit(lesson(task), epochs, None)
    return task.ordered(scores), {"epochs": epochs}


def measure(source: Source, work: Path, most: int = USERS, systems: Sequence[Baseline] = ()) -> Outcome:
    """Tune every baseline on the validation part, fit it on all before the test, and test it beside ours."""
    split = source.split
    practice, task = Task.of(split.train, split.valid, most), Task.of(split.known, split.test, most)
    found: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
    chosen: dict[str, Choice] = {}
    seconds: dict[str, float] = {}
    for baseline in systems or baselines():
        chosen[baseline.name] = tuned(baseline, practice)
        start = time.perf_counter()
        found[baseline.name] = task.measure(task.rankings(baseline, chosen[baseline.name]))
        seconds[baseline.name] = time.perf_counter() - start
        _log.info("%s: %s %.4f", source.name, baseline.name, found[baseline.name][NDCG].mean())
    report: dict[str, Any] = {}
    folder = source.shop(work / "shops" / source.name.lower().replace(" ", "-"), split.known)
    (trained_folder(folder, work / "data") / LEARNED).unlink(missing_ok=True)
    index = opened(folder, work / "data", lambda: 0.0).serving
    vectors = dict(zip(index.catalogue.ids, index.vectors[:], strict=True))
    for learner in () if systems else learners():
        start = time.perf_counter()
        rankings, chosen[learner.name] = learned(learner, practice, task, vectors)
        found[learner.name], seconds[learner.name] = task.measure(rankings), time.perf_counter() - start
        _log.info("%s: %s %.4f", source.name, learner.name, found[learner.name][NDCG].mean())
    for name, rankings, taken in _ours(source, folder, task, work, report):
        found[name], seconds[name] = task.measure(rankings), taken
        _log.info("%s: %s %.4f", source.name, name, found[name][NDCG].mean())
    measures = {measure: {name: values[measure] for name, values in found.items()} for measure in (NDCG, RECALL, RARE)}
    sizes = np.diff(task.matrix.indptr)[task.asked].astype(np.int64)
    asked = answerable(split.known, split.test)["user_id"].n_unique()
    return Outcome(
        source, Table(measures), chosen, seconds, sizes,
        split.known.height, len(task.items), len(task.users), asked,
        report, np.array([bool(items) for items in task.rare]), task.rare_most,
    )  # fmt: skip


def _ours(
    source: Source, folder: Path, task: Task, work: Path, report: dict[str, Any]
) -> Iterator[tuple[str, list[list[int]], float]]:
    """Yield our pipeline's rankings: untrained, trained on the known part, and its collaborative source alone."""
    known = source.split.known
    latest = float(known["time"].max()) if "time" in known.columns else 0.0  # type: ignore[arg-type]
    place = {item: number for number, item in enumerate(task.items)}

    def lists(system: Recommender) -> tuple[list[list[int]], float]:
        start = time.perf_counter()
        found = [ranked(system, task.users[int(user)], LENGTH) for user in task.asked]
        return [[place[item] for item in row if item in place] for row in found], time.perf_counter() - start

    yield PLAIN, *lists(opened(folder, work / "data", lambda: latest))
    found = trained(folder, work / "data")
    report.update(
        parts=found.report, held_out=found.report["held_out"], tastes=asdict(found.tastes),
        weights=dict(found.weights), adapting=dict(found.adapting),
    )  # fmt: skip
    system = opened(folder, work / "data", lambda: latest)
    yield OURS, *lists(system)
    yield OURS_CF, *lists(weighted(system, work / "overlay", lambda: latest, only("collaborative")))
