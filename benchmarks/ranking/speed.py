"""How building, memory and the time of an answer grow with the catalogue, beside brute force and plain Chroma."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

import numpy as np
import orjson
import polars as pl

from benchmarks import large_shop
from benchmarks.ranking.serving import opened
from core.entities import Constraint, Op, Query, Strength, UserId
from core.settings import CHECKOUT
from retrieval.planner import candidates
from retrieval.sources import SOURCES

SIZES = (1_000, 10_000, 100_000)
ASKED = 300
SEED = 31
FOUND = 50
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Speed:
    """What one size showed; times of an answer in milliseconds."""

    items: int
    build_s: float
    disk_mib: float
    resident_mib: float
    first_s: float
    p50: float
    p99: float
    brute_p50: float
    brute_p99: float
    chroma_p50: float
    chroma_p99: float
    overlap: float
    """The share of the exact first 50 that the planner's candidates hold, where it does not score everything."""


def measure(sizes: Sequence[int], work: Path) -> list[Speed]:
    """Measure each size in a process of its own, so that memory is that of one shop."""
    found = []
    for items in sizes:
        folder = large_shop.make(work / f"shop-{items}", items, work / "data")
        command = [sys.executable, "-m", "benchmarks.ranking.speed", str(folder), str(work)]
        done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
        found.append(Speed(**orjson.loads(done.stdout.splitlines()[-1])))
        _log.info("%s", found[-1])
    return found


def one(folder: Path, work: Path) -> Speed:
    """Build a shop's index anew and ask it."""
    rmtree(work / "speed" / folder.name, ignore_errors=True)
    start = time.perf_counter()
    recommender = opened(folder, work / "speed" / folder.name, time.time)
    built = time.perf_counter() - start
    index = recommender.serving
    asked = _queries(folder, len(recommender.catalogue))
    start = time.perf_counter()
    recommender.recommend(asked[0])
    first = time.perf_counter() - start
    vectors = np.array(index.vectors)
    texts = [recommender.embedder.embed([query.text or "thing"]) for query in asked[:100]]
    ours = _timed([lambda query=query: recommender.recommend(query) for query in asked])  # type: ignore[misc]
    brute = _timed([lambda text=text: np.argpartition(-(vectors @ text[0]), FOUND) for text in texts])  # type: ignore[misc]
    plain = _timed([lambda text=text: index.dense.search(text, FOUND) for text in texts])  # type: ignore[misc]
    overlap = _overlap(recommender, asked[:60])
    size = sum(path.stat().st_size for path in (work / "speed" / folder.name).rglob("*") if path.is_file())
    return Speed(
        len(recommender.catalogue), built, size / 2**20, _resident(), first, *ours, *brute, *plain, overlap
    )  # fmt: skip


def _overlap(recommender: object, asked: Sequence[Query]) -> float:
    """Return how much of the exact first 50 the candidates hold, for requests that leave more than are all scored."""
    shares = []
    for query in asked:
        gathered = recommender._gather(query)  # type: ignore[attr-defined]
        active = [source for source in SOURCES if source.active(gathered.signals)]
        rows = candidates(gathered.signals, gathered.eligible, active)
        every = np.flatnonzero(gathered.eligible)
        if len(rows) == len(every):
            continue
        from retrieval.fusion import fuse

        exact = fuse(gathered.signals, every, active, gathered.signals.index.shop)
        best = every[exact.order[:FOUND]]
        shares.append(float(np.isin(best, rows).mean()))
    return float(np.mean(shares)) if shares else 1.0


def _queries(folder: Path, items: int) -> list[Query]:
    """Return requests of a few kinds: words, words with a price, a user who asks nothing, like another item."""
    draw = np.random.default_rng(SEED)
    table = pl.read_csv(next(folder.glob("items.csv*")), infer_schema=False)
    titles, ids = table["title"].to_list(), table["id"].to_list()
    path = next(folder.glob("interactions.csv*"), None)
    users = pl.read_csv(path, infer_schema=False)["user_id"].unique().sort().to_list() if path else ["nobody"]
    found = []
    for number in range(ASKED):
        words = " ".join(str(titles[int(draw.integers(items))]).split()[-3:])
        user = UserId(str(users[int(draw.integers(len(users)))]))
        cheap = Constraint("c1", "price", Op.LE, float(draw.choice([100.0, 400.0, 1500.0])), strength=Strength.MUST)
        kinds = (
            Query(text=words, user_id=user),
            Query(text=words, constraints=(cheap,), user_id=user),
            Query(user_id=user),
            Query(anchors=(ids[int(draw.integers(items))],), user_id=user),
        )
        found.append(kinds[number % len(kinds)])
    return found


def _timed(calls: Sequence[Callable[[], object]]) -> tuple[float, float]:
    calls[0]()
    taken = []
    for call in calls:
        start = time.perf_counter()
        call()
        taken.append(1000.0 * (time.perf_counter() - start))
    return float(np.quantile(taken, 0.5)), float(np.quantile(taken, 0.99))


def _resident() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(asdict(one(Path(sys.argv[1]), Path(sys.argv[2])))).decode() + "\n")
