"""``docs/performance.md``: what ``benchmarks.turns`` measured, beside the budgets."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.driving import Load, percentile
from core.version import VERSION

HEAD = """\
# Performance

Measured by `make bench` (`benchmarks/turns.py`), which writes this page: a real server over loopback HTTP, the embedded
model, no GPU; scripted shopping turns in English and Chinese (find, refine, compare, why, policy, thanks), each session
waiting for its answer before it goes on. The clients run on the same cores as the server and take their share of them.
One run; on a shared machine the figures move by a third from run to run.

**With an LLM on a GPU: not measured.** `benchmarks/gpu.py` is there for it and was only run with a model of noise on
a CPU, which shows that it works and nothing about speed ([llm.md](llm.md)).
"""

BUDGETS = """\
Budgets (2 cores, no GPU, embedded): a turn of one session at 100,000 items p50 ≤ 60 ms and p99 ≤ 200 ms; 32 sessions
≥ 25 turns/s, p99 ≤ 2.5 s, no failure, ≤ 2 GiB; first answer ≤ 60 s after a clone without downloads, ≤ 15 s on a second
start. Ranking alone p99 ≤ 30 ms and understanding p99 ≤ 15 ms there: [quality.md](quality.md#speed-by-size) has both,
and how building, memory and answers grow from 1,000 to 1,000,000 items.
"""


@dataclass(frozen=True)
class ShopResult:
    """One shop's measurements."""

    name: str
    items: int
    note: str
    cold_seconds: float
    """From the process's start to the first answer, without an index."""
    second_seconds: float
    """The same with the index there."""
    idle_mib: float
    peak_mib: float
    loads: Sequence[Load]
    parts: Sequence[tuple[str, float]] = field(default_factory=list)
    """Where a turn's time goes inside the assistant: name, mean milliseconds a turn."""
    served: Sequence[tuple[str, float, float]] = field(default_factory=list)
    """The server's own measurements with one session: name, mean milliseconds a call, calls a turn."""


def page(results: Sequence[ShopResult], busy: float = 0.0) -> str:
    """Return the whole page; ``busy`` is the load average before the run, which other work may have caused."""
    about = f"**Machine:** {machine()}; load average before the run {busy:.1f}; Floorwalker {VERSION}, "
    parts = [HEAD, f"{about}{datetime.now(UTC):%Y-%m-%d}.\n", BUDGETS]
    parts += ["## Turns\n", _turns(results), "## Start and memory\n", _starts(results), "## Where the time goes\n"]
    parts += [_stages(result) for result in results]
    return "\n".join(parts)


def machine() -> str:
    """Describe the machine without naming it."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8"))
        model = found.group(1) if found else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores ({model}), {memory:.0f} GiB, {system}"


def _turns(results: Sequence[ShopResult]) -> str:
    rows = [
        f"| {result.name} ({result.items:,} items) | {load.sessions} | {len(load.latencies)} "
        f"| {load.percentile(0.5):.0f} | {load.percentile(0.99):.0f} | {load.rate:.1f} | {len(load.failures)} |"
        for result in results
        for load in result.loads
    ]
    head = "| shop | sessions | turns | p50 ms | p99 ms | turns/s | failures |\n|---|---|---|---|---|---|---|\n"
    return (
        head
        + "\n".join(rows)
        + "\n"
        + "".join(f"\n{result.name}: {result.note}\n" for result in results if result.note)
    )


def _starts(results: Sequence[ShopResult]) -> str:
    rows = [
        f"| {result.name} | {result.cold_seconds:.1f} | {result.second_seconds:.1f} | {result.idle_mib:.0f} "
        f"| {result.peak_mib:.0f} |"
        for result in results
    ]
    head = (
        "| shop | first start: first answer after s | second start: first answer after s | resident MiB, one answer "
        "| resident MiB, peak under load |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _stages(result: ShopResult) -> str:
    lines = [f"{result.name}, one session, in process (parts overlap where they say so):\n"]
    lines += ["| part | ms a turn |", "|---|---|"]
    lines += [f"| {name} | {ms:.1f} |" for name, ms in result.parts]
    lines += [f"\n{result.name}, one session, as the server measured it:\n", "| what | ms a call | calls a turn |"]
    lines.append("|---|---|---|")
    lines += [f"| {name} | {ms:.1f} | {calls:.2f} |" for name, ms, calls in result.served]
    lines.append(f"\n{result.name}, one session, by intent, as the client saw it:\n")
    lines += ["| intent | turns | p50 ms | p99 ms |", "|---|---|---|---|"]
    intents = result.loads[0].by_intent if result.loads else {}
    lines += [
        f"| {intent} | {len(values)} | {percentile(values, 0.5) * 1000:.0f} | {percentile(values, 0.99) * 1000:.0f} |"
        for intent, values in sorted(intents.items(), key=lambda pair: -len(pair[1]))
    ]
    return "\n".join(lines) + "\n"
