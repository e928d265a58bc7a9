"""How building, memory and the time of an answer grow with the catalogue, beside brute force, Chroma and implicit.

Each size is measured in steps, each in a process of its own, so that memory is that of one thing alone. What a step
found is kept under ``WORK/speed``: a run that was stopped goes on with what is missing.
"""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar

import numpy as np
import orjson
import polars as pl
import psutil

from benchmarks import large_shop
from benchmarks.ranking.serving import opened
from core.entities import Constraint, Op, Query, Strength, UserId
from core.settings import CHECKOUT
from retrieval.fusion import fuse
from retrieval.pipeline import Recommender
from retrieval.planner import candidates
from retrieval.sources import SOURCES

SIZES = (1_000, 10_000, 100_000)
STEPS = ("build", "ask", "understand", "plain", "train")
MOST_FOR_CHROMA = 100_000
"""Above so many items plain Chroma is left out, unless it is asked for: its graph takes too long here."""
ASKED = 400
WARM_UP = 40
SEED = 31
FOUND = 50
VISITS = 60
LONG = 20_000
_log = logging.getLogger(__name__)
Facts = dict[str, Any]
Given = TypeVar("Given")


def measure(
    sizes: Sequence[int],
    work: Path,
    again: bool = False,
    chroma: int = MOST_FOR_CHROMA,
    steps: Sequence[str] = STEPS,
) -> list[Facts]:
    """Measure what is not known yet of each size; return all that is.

    Args:
        sizes: how many items the shops have.
        work: where shops, indexes and what was found are kept.
        again: forget what was found before.
        chroma: up to so many items plain Chroma is measured.
        steps: what is measured where it is missing; what is known of others is told, too.
    """
    found = []
    for items in sizes:
        folder = large_shop.make(work / f"shop-{items}", items, work / "data")
        facts: Facts = {}
        for step in STEPS:
            path = work / "speed" / folder.name / f"{step}.json"
            if again and step in steps:
                path.unlink(missing_ok=True)
            if not path.exists() and step in steps:
                _step(step, folder, work, items <= chroma)
            if path.exists():
                facts |= orjson.loads(path.read_bytes())
        found.append(facts)
        _log.info("%s", facts)
    return found


def _step(step: str, folder: Path, work: Path, chroma: bool) -> None:
    """Run one step in a process and keep what it found."""
    _log.info("%s: %s", folder.name, step)
    command = [sys.executable, "-m", "benchmarks.ranking.speed", step, str(folder), str(work), str(int(chroma))]
    done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    path = work / "speed" / folder.name / f"{step}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(done.stdout.splitlines()[-1])
    draft.replace(path)


def _built(folder: Path, work: Path) -> Path:
    return work / "speed" / folder.name / "data"


def build(folder: Path, work: Path, chroma: bool) -> Facts:
    """Build the index anew, with the item vectors known: encoding texts is another matter."""
    rmtree(_built(folder, work), ignore_errors=True)
    start = time.perf_counter()
    recommender = opened(folder, _built(folder, work), time.time)
    took, used = time.perf_counter() - start, time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    size = sum(path.stat().st_size for path in _built(folder, work).rglob("*") if path.is_file())
    return {
        "items": len(recommender.catalogue),
        "build_s": took,
        "build_cpu_s": used,
        "peak_mib": peak,
        "disk_mib": size / 2**20,
    }


def ask(folder: Path, work: Path, chroma: bool) -> Facts:
    """Open the index and ask it."""
    recommender = opened(folder, _built(folder, work), time.time)
    asked = _queries(folder, len(recommender.catalogue))
    recommender.recommend(asked[0])
    first = time.time() - psutil.Process().create_time()
    for query in asked[:WARM_UP]:
        recommender.recommend(query)
    ours = _timed(recommender.recommend, asked[WARM_UP:])
    resident = psutil.Process().memory_info().rss / 2**20
    overlap = _overlap(recommender, asked[: 60 if len(recommender.catalogue) <= MOST_FOR_CHROMA else 12])
    kind = type(recommender.serving.dense).__name__
    return {"first_s": first, "resident_mib": resident, "ours": ours, "overlap": overlap, "quantised": kind[0] == "Q"}


def understand(folder: Path, work: Path, chroma: bool) -> Facts:
    """Compile the vocabulary and read messages with it."""
    from agent.embedded.decider import EmbeddedDecider
    from agent.embedded.vocabulary import Vocabulary
    from benchmarks.driving import script

    recommender = opened(folder, _built(folder, work), time.time)
    start = time.perf_counter()
    Vocabulary(recommender.catalogue)
    took = time.perf_counter() - start
    decider = EmbeddedDecider(recommender, recommender.embedder)
    later, visits = ([text for visit in part for text in script(visit)] for part in (range(1000, 1030), range(VISITS)))
    titles = [recommender.catalogue.item_at(row).title for row in range(min(1000, len(recommender.catalogue)))]

    def decide(text: str) -> object:
        return decider.decide_now(_context(text, recommender))

    _timed(decide, later)
    read, long = _timed(decide, visits), _timed(decide, long_messages(titles))
    return {"vocabulary_s": took, "read": read, "long": long}


HEAD = [
    "items", "build, s", "processor, s", "most memory, MiB", "on disk, MiB", "second start, s", "resident, MiB", "p50",
    "p99", "processor p50", "p99", "NumPy p50", "p99", "Chroma p50", "p99", "overlap@50",
]  # fmt: skip
BUILDING = ("build_s", "build_cpu_s", "peak_mib", "disk_mib", "first_s", "resident_mib")
READING = ["items", "vocabulary, s", "p50", "p99", "processor p50", "p99", "20,000 characters, most", "processor"]
LEARNING = ["items", "events", "tastes, s", "implicit's ALS, s", "plain Chroma, s"]


def rows(found: Sequence[Facts]) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
    """Return the rows of the three tables: asking, reading, learning."""

    def number(one: Facts, name: str, form: str = ",.0f") -> str:
        return format(one[name], form) if name in one else "-"

    def times(one: Facts, name: str, kinds: Sequence[str] = ("p50", "p99")) -> list[str]:
        return [f"{one[name][kind]:.1f}" if name in one else "-" for kind in kinds]

    asking = [
        [
            f"{one['items']:,}{' (quantised)' if one.get('quantised') else ''}",
            *(number(one, name) for name in BUILDING),
            *times(one, "ours", ("p50", "p99", "cpu_p50", "cpu_p99")), *times(one, "brute"), *times(one, "chroma"),
            number(one, "overlap", ".2f"),
        ]
        for one in found
    ]  # fmt: skip
    reading = [
        [
            f"{one['items']:,}", number(one, "vocabulary_s", ".1f"),
            *times(one, "read", ("p50", "p99", "cpu_p50", "cpu_p99")), *times(one, "long", ("most", "cpu_most")),
        ]
        for one in found
    ]  # fmt: skip
    learning = [
        [
            f"{one['items']:,}", number(one, "events"), number(one, "train_s", ".1f"), number(one, "implicit_s", ".1f"),
            number(one, "chroma_build_s"),
        ]
        for one in found
    ]  # fmt: skip
    return asking, reading, learning


def section(asking: str, reading: str, learning: str) -> str:
    """Return the section of docs/quality.md around the three tables."""
    return f"""\
### Speed by size

Generated shops whose vectors are spread from an encoded sample with noise, so that they say nothing of quality; above
{large_shop.GENERATED:,} items each item and user comes in editions. Each step runs in a process of its own. *Build*:
all but encoding the texts, and *most memory* while it ran. *Second start*: from the process's start to the first
answer. Milliseconds of one `Recommender.recommend`, {ASKED - WARM_UP} in turn (words, words with a price, nothing
asked, like another item; each with a user, reasons and questions included), by the clock and of the processor; beside
it a product of the query with all vectors (NumPy) and Chroma's own search for {FOUND} with its defaults, which know
neither constraints nor users. *overlap@50*: what share of the exact first 50 is among the candidates, where not
everything is scored; among editions, which are near-duplicates, it falls by itself. Where the clock stands far above
the processor, other work shared the machine.

{asking}

Understanding: `EmbeddedDecider` on {VISITS} scripted visits in English and Chinese, milliseconds a message; then
messages of {LONG:,} characters (words, slips, names, numbers, signs, Chinese), the slowest of them.

{reading}

Learning the tastes (item-item cosines and fold-in statistics included), beside implicit's ALS alone on the same matrix
with the same factors and rounds; and how long plain Chroma takes to store the vectors.

{learning}
"""


def _context(text: str, recommender: Recommender) -> Any:
    from agent.ports import TurnContext
    from core.conversation import ConversationState

    language = "en" if text.isascii() else "zh"
    catalogue = recommender.catalogue
    return TurnContext(text, language, ConversationState(language=language), catalogue.shop, catalogue)


def long_messages(titles: Iterable[str]) -> list[str]:
    """Return messages as long as may be sent: of words, names, slips, numbers, signs and Chinese."""
    kinds = (
        "I would like something quiet and light for travel. ", "qwrtz plmk vbnn ", "headphonse wirelss noize ",
        "我想要一台安静的全自动咖啡机，预算三千左右，最好带磨豆功能。", "嶨", "12 345 6,789 ", "!? ", "a",
        " ".join(titles) + " ",
    )  # fmt: skip
    return [(kind * (LONG // len(kind) + 1))[:LONG] for kind in kinds]


def plain(folder: Path, work: Path, chroma: bool) -> Facts:
    """Search the bare vectors: a product with all of them, and Chroma as it comes."""
    from retrieval.dense import DenseStore, write_store

    recommender = opened(folder, _built(folder, work), time.time)
    vectors, ids = np.array(recommender.serving.vectors), recommender.catalogue.ids
    words = [query.text for query in _queries(folder, len(ids)) if query.text][:100]
    texts = [recommender.embedder.embed([text]) for text in words]
    facts: Facts = {"brute": _timed(lambda text: np.argpartition(-(vectors @ text[0]), FOUND), texts)}
    if chroma:
        place = work / "speed" / folder.name / "chroma"
        rmtree(place, ignore_errors=True)
        start = time.perf_counter()
        write_store(place, ids, vectors, ["0"] * len(ids), configuration={"hnsw": {"space": "cosine"}})
        facts["chroma_build_s"] = time.perf_counter() - start
        store = DenseStore(place)
        facts["chroma"] = _timed(lambda text: store.search(text, FOUND), texts)
        store.close()
        rmtree(place, ignore_errors=True)
    return facts


def train(folder: Path, work: Path, chroma: bool) -> Facts:
    """Fit the tastes as a build does, and implicit's own model on the same matrix."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from retrieval.collaborative import DEFAULTS, ITERATIONS, preferences
    from retrieval.collaborative import train as fit

    recommender = opened(folder, _built(folder, work), time.time)
    history, items = recommender.serving.history, len(recommender.catalogue)
    start = time.perf_counter()
    fit(history, items, vectors=recommender.serving.vectors)
    ours = time.perf_counter() - start
    matrix = preferences(history, items, DEFAULTS.item_days)
    with threadpool_limits(limits=1, user_api="blas"):
        start = time.perf_counter()
        model = AlternatingLeastSquares(factors=DEFAULTS.factors, iterations=ITERATIONS, random_state=SEED)
        model.fit(matrix, show_progress=False)
    return {"events": len(history.rows), "train_s": ours, "implicit_s": time.perf_counter() - start}


def _overlap(recommender: Recommender, asked: Sequence[Query]) -> float:
    """Return how much of the exact first 50 the candidates hold, for requests that leave more than are all scored."""
    shares = []
    for query in asked:
        gathered = recommender._gather(query)
        active = [source for source in SOURCES if source.active(gathered.signals)]
        rows = candidates(gathered.signals, gathered.eligible, active)
        every = np.flatnonzero(gathered.eligible)
        if len(rows) == len(every):
            continue
        exact = fuse(gathered.signals, every, active, gathered.signals.index.shop)
        best = every[exact.order[:FOUND]]
        shares.append(float(np.isin(best, rows).mean()))
    return float(np.mean(shares)) if shares else 1.0


def _queries(folder: Path, items: int) -> list[Query]:
    """Return requests of a few kinds: words, words with a price, a user who asks nothing, like another item."""
    draw = np.random.default_rng(SEED)
    table = pl.read_csv(next(folder.glob("items.csv*")), infer_schema=False, columns=["id", "title"])
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


def _timed(call: Callable[[Given], object], inputs: Sequence[Given]) -> Mapping[str, float]:
    """Return milliseconds of a call: by the clock, and of the processor, which other work does not lengthen much."""
    call(inputs[0])
    clock, processor = [], []
    for given in inputs:
        start, used = time.perf_counter(), time.process_time()
        call(given)
        clock.append(1000.0 * (time.perf_counter() - start))
        processor.append(1000.0 * (time.process_time() - used))
    shares = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {name: float(np.quantile(clock, share)) for name, share in shares.items()} | {
        f"cpu_{name}": float(np.quantile(processor, share)) for name, share in shares.items()
    }


if __name__ == "__main__":
    name, shop, kept, with_chroma = sys.argv[1:]
    done: Facts = {"build": build, "ask": ask, "understand": understand, "plain": plain, "train": train}[name](
        Path(shop), Path(kept), with_chroma == "1"
    )
    sys.stdout.write(orjson.dumps(done).decode() + "\n")
