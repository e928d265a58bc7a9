"""Measures ranking and writes its part of ``docs/quality.md``: ``python -m benchmarks.ranking``.

The data sets are read from ``FLOORWALKER_DATASETS`` (default ``../shared/data``); shops and indexes that are made of
them go to a folder outside the repository, since their licences forbid to ship them.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmarks.datasets import datasets_folder
from benchmarks.ranking import (
    ablation,
    calibrated,
    carried,
    faithful,
    faithfulness,
    newcomers,
    page,
    search,
    speed,
    strangers,
    tastes,
)
from benchmarks.ranking import online as replay
from benchmarks.ranking.sources import SOURCES, Source
from core.settings import CHECKOUT

NEW = frozenset({"strangers", "carried", "calibrated"})
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking", description="How well items are ranked.")
    parser.add_argument("--parts", nargs="+", choices=page.NAMES, default=list(page.NAMES))
    parser.add_argument("--sources", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--users", type=int, default=tastes.USERS, help="test users asked at most, per data set")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(speed.SIZES), help="items of the shops for speed")
    parser.add_argument("--steps", nargs="+", choices=speed.STEPS, default=speed.STEPS, help="speed: what to measure")
    parser.add_argument("--again", action="store_true", help="speed: measure anew what --work holds already")
    parser.add_argument("--chroma", type=int, default=speed.MOST_FOR_CHROMA, help="speed: most items of plain Chroma")
    parser.add_argument("--datasets", type=Path, default=datasets_folder())
    parser.add_argument("--shop", type=Path, default=CHECKOUT / "shops" / "electronics", help="the ablation's shop")
    parser.add_argument("--work", type=Path, default=None, help="keep shops and indexes here: a second run is faster")
    parser.add_argument("--page", type=Path, default=CHECKOUT / "docs" / "quality.md")
    options = parser.parse_args(arguments)
    _quiet()
    with tempfile.TemporaryDirectory(prefix="ranking-") as made:
        work = options.work or Path(made)
        if work.resolve().is_relative_to(CHECKOUT):
            parser.error("--work lies in the repository; the data sets' licences forbid that")
        page.write(options.page, _measured(options, work))
    return 0


def _measured(options: argparse.Namespace, work: Path) -> dict[str, str]:
    data = options.datasets
    found = search.measure(data, work) if "search" in options.parts else None
    outcomes = []
    for name in options.sources if "tastes" in options.parts else []:
        outcomes.append(tastes.measure(SOURCES[name](data), work, options.users))
    cold, online = [], None
    if "newcomers" in options.parts:
        for name in options.sources:
            cold.append(newcomers.new_items(SOURCES[name](data), work, options.users))
        shop = SOURCES["online-retail"](data)
        online = newcomers.going_on(shop, work, newcomers.prices_of(shop))
    ablated = ablation.measure(options.shop, work) if "ablation" in options.parts else None
    reasons = faithful.measure(options.shop, work) if "faithful" in options.parts else None
    return page.sections(found, outcomes, ablated, cold, online, reasons, _more(options, work))


def _more(options: argparse.Namespace, work: Path) -> dict[str, str]:
    """Measure the parts that word their own sections."""
    texts = {}
    if "speed" in options.parts:
        texts["speed"] = page.speeds(speed.measure(options.sizes, work, options.again, options.chroma, options.steps))
    if "online" in options.parts:
        shop = SOURCES["online-retail"](options.datasets)
        texts["online"] = page.replayed(replay.replayed(shop, work, newcomers.prices_of(shop)))
    if "evidence" in options.parts:
        films = tastes_shop(SOURCES["movielens-small"](options.datasets), work)
        texts["evidence"] = page.evidence(
            [
                faithfulness.of_shop(options.shop, work, words=True),
                faithfulness.of_shop(films, work, name="movielens-small"),
            ]
        )
    shops = [SOURCES[name](options.datasets) for name in options.sources if NEW.intersection(options.parts)]
    users = [strangers.new_users(shop, work) for shop in shops if "strangers" in options.parts]
    halves = [carried.carried(shop, work) for shop in shops if "carried" in options.parts]
    lists = [calibrated.calibrated(shop, work, options.users) for shop in shops if "calibrated" in options.parts]
    return {**texts, **page.new(users, halves, lists)}


def tastes_shop(source: Source, work: Path) -> Path:
    """Write a data set's shop as it is before the test; return its folder."""
    return source.shop(work / "shops" / source.name.lower().replace(" ", "-"), source.split.known)


def _quiet() -> None:
    """Tell of this benchmark's own progress only; implicit's advice on threads is followed where it fits."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("benchmarks").setLevel(logging.INFO)
    warnings.filterwarnings("ignore", message="OpenBLAS is configured")
    warnings.filterwarnings("ignore", message="Method expects CSR input")


if __name__ == "__main__":
    sys.exit(main())
