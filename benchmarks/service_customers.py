"""The scripted customers of the tau2-retail service domain, played by rules over real HTTP.

``python -m benchmarks.service_customers --data-sets DIR --work DIR`` writes its part of ``docs/quality.md``. The desk
runs with the embedded model; a customer answers only from what its script says it knows (``service_player.py``).
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.service_page import section, write
from benchmarks.service_run import Outcome, Stage

SEEDS = (0, 1, 2, 3)
"""Seed 0 speaks as the script is written; the others rephrase."""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "quality.md"

logger = logging.getLogger(__name__)


def halves(ids: Sequence[str]) -> dict[str, str]:
    """Return for each task which part it is of: every other one was read to find causes; of the rest, half late.

    ``unread`` are tasks whose texts and conversations were never looked at while the desk was made.
    """
    rest = list(ids[1::2])
    parts = dict.fromkeys(ids[0::2], "read")
    return parts | dict.fromkeys(rest[0::2], "read late") | dict.fromkeys(rest[1::2], "unread")


def play_all(stage: Stage, seeds: Sequence[int]) -> dict[str, list[Outcome]]:
    """Play every task with every seed; return the outcomes by task."""
    found: dict[str, list[Outcome]] = {}
    with stage.served() as url:
        for task_id in stage.scripts:
            found[task_id] = [stage.play(url, task_id, seed) for seed in seeds]
            logger.info("task %s: %s", task_id, ["ok" if not each.faults else "no" for each in found[task_id]])
    return found


def passes(outcomes: Sequence[Sequence[Outcome]], k: int) -> float:
    """Return pass^k: the chance that ``k`` conversations about a task, drawn without replacement, all succeed."""
    total = 0.0
    for each in outcomes:
        good, share = sum(not one.faults for one in each), 1.0
        for drawn in range(k):
            share *= max(0, good - drawn) / (len(each) - drawn)
        total += share
    return total / len(outcomes) if outcomes else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and write the part of the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data-sets", type=Path, default=os.environ.get("FLOORWALKER_DATASETS"))
    options.add_argument("--work", type=Path, required=True, help="folder for the shop and its index")
    options.add_argument("--encoder", type=Path, help="folder with an encoder that is there already")
    options.add_argument("--page", type=Path, default=PAGE)
    chosen = options.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    logger.setLevel(logging.INFO)
    stage = Stage(Path(chosen.data_sets) / "tau2-retail", chosen.work, chosen.encoder)
    try:
        outcomes = play_all(stage, SEEDS)
    finally:
        stage.assistant.close()
    parts: Mapping[str, str] = halves(list(stage.scripts))
    table = []
    for part in ("read", "read late", "unread", "all"):
        own = [found for task_id, found in outcomes.items() if part in (parts[task_id], "all")]
        table.append((part, len(own), passes(own, 1), passes(own, len(SEEDS))))
    write(chosen.page, section(table, outcomes, parts))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
