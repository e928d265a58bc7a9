"""Turns over HTTP on the default shop and on a large one: ``make bench`` or ``python -m benchmarks.turns``.

Prints a table and writes ``docs/performance.md``. A benchmark, not a test: nothing passes or fails.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks import large_shop, performance_page
from benchmarks.driving import Load, drive, first_answer
from benchmarks.performance_page import ShopResult
from benchmarks.served import Server, ServerFailed, serving
from benchmarks.stages import in_process
from core.settings import CHECKOUT
from core.shop import load_shop
from retrieval.loading import read_catalogue

PAGE = CHECKOUT / "docs" / "performance.md"
WARM_UP = 12
VISITS = 30
"""Visits in process, to see where the time goes."""
LARGE_NOTE = "its vectors are spread from an encoded sample with seeded noise, so it says nothing of quality."


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    work: Path
    sessions: Sequence[int]
    turns: int
    seconds: float


def measure(name: str, shop: Path, note: str, plan: Plan) -> ShopResult:
    """Start a server twice on one shop, drive turns through the second, and return what was seen."""
    data_dir, log = plan.work / f"data-{name}", plan.work / f"{name}.log"
    shutil.rmtree(data_dir, ignore_errors=True)
    start = time.perf_counter()
    with serving(shop, data_dir, log) as server:
        first_answer(server.url)
        cold = time.perf_counter() - start
    start = time.perf_counter()
    with serving(shop, data_dir, log) as server:
        first_answer(server.url)
        second = time.perf_counter() - start
        idle, _ = server.memory()
        drive(server.url, 1, turns=WARM_UP, seconds=60)
        loads, served = _loads(server, plan)
        _, peak = server.memory()
    parts = in_process(shop, data_dir, VISITS)
    return ShopResult(name, count_items(shop), note, cold, second, idle, peak, loads, parts, served)


def _loads(server: Server, plan: Plan) -> tuple[list[Load], list[tuple[str, float, float]]]:
    """Drive each level of load; the server's own measurements are taken around the first."""
    before, loads = server.measurements(), []
    served: list[tuple[str, float, float]] = []
    for index, sessions in enumerate(plan.sessions):
        loads.append(drive(server.url, sessions, turns=plan.turns, seconds=plan.seconds))
        if index == 0:
            served = time_spent(before, server.measurements(), len(loads[0].latencies))
    return loads, served


def time_spent(before: Mapping[str, float], after: Mapping[str, float], turns: int) -> list[tuple[str, float, float]]:
    """Return for each of the server's time measurements its name, mean milliseconds a call, and calls a turn."""
    spent = []
    for name, value in after.items():
        match = re.fullmatch(r"floorwalker_(\w+?)_seconds_sum(?:\{(.*)\})?", name)
        if not match or not turns:
            continue
        counter = name.replace("_seconds_sum", "_seconds_count")
        calls = after.get(counter, 0.0) - before.get(counter, 0.0)
        if calls:
            labels = ", ".join(re.findall(r'="([^"]*)"', match.group(2) or ""))
            title = match.group(1).replace("_", " ") + (f": {labels}" if labels else "")
            spent.append((title, (value - before.get(name, 0.0)) * 1000 / calls, calls / turns))
    return spent


def count_items(shop: Path) -> int:
    """Return how many items a shop has."""
    return len(read_catalogue(load_shop(shop))[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description="Measures turns over HTTP.")
    parser.add_argument("--shops", nargs="+", choices=["default", "large"], default=["default", "large"])
    parser.add_argument("--items", type=int, default=100_000, help="how many items the large shop has")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--turns", type=int, default=600, help="most turns a level of load")
    parser.add_argument("--seconds", type=float, default=40.0, help="most seconds a level of load")
    parser.add_argument("--work", type=Path, default=CHECKOUT / ".floorwalker" / "bench", help="where indexes are made")
    parser.add_argument("--dry", action="store_true", help="print only, leave docs/performance.md as it is")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server under test is stopped then, too
    console = Console(highlight=False)
    options.work.mkdir(parents=True, exist_ok=True)
    plan = Plan(options.work, options.sessions, options.turns, options.seconds)
    results, busy = [], psutil.getloadavg()[0]
    try:
        for name in options.shops:
            console.print(f"measuring the {name} shop …")
            results.append(_measure_named(name, options.items, plan))
            if not options.dry:
                PAGE.write_text(performance_page.page(results, busy), encoding="utf-8")
    except ServerFailed as error:
        console.print(str(error), markup=False)
        return 1
    text = performance_page.page(results, busy)
    console.print(text, markup=False, soft_wrap=True)
    for load in (load for result in results for load in result.loads if load.failures):
        console.print(f"{load.sessions} sessions: {load.failures[:5]}", markup=False)
    return 0


def _measure_named(name: str, items: int, plan: Plan) -> ShopResult:
    if name == "default":
        return measure(name, CHECKOUT / "shops" / "electronics", "", plan)
    shop = large_shop.make(plan.work / f"shop-{items}", items, plan.work)
    return measure(name, shop, LARGE_NOTE, plan)


if __name__ == "__main__":
    sys.exit(main())
