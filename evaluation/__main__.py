"""``python -m evaluation``: simulated shoppers against a shop's assistant and its baselines."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from agent.assistant import Assistant
from core.errors import FloorwalkerError
from core.settings import CHECKOUT, Settings
from evaluation.report import markdown, placed, table
from evaluation.runs import Outcome, Plan, run
from evaluation.speech import languages


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    default = CHECKOUT / "shops" / "electronics"
    parser.add_argument("--shop", type=Path, action="append", help=f"a shop folder, repeatable ({default.name})")
    parser.add_argument("--users", type=int, default=60, help="shoppers a shop and language; each talks four times")
    parser.add_argument("--language", action="append", choices=languages(), help="repeatable; every one if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the Markdown part into this page")
    parser.add_argument("--traces", type=Path, help="write every dialogue here, as JSON lines")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=CHECKOUT / ".floorwalker" / "evaluation",
        help="indexes and sessions of the simulation, apart from what people do",
    )
    parser.set_defaults(shops=[default])
    return parser


def command_of(options: argparse.Namespace) -> str:
    """Return the command that repeats a run, without the places of this machine."""
    words = ["python -m evaluation"]
    for shop in options.shop or options.shops:
        place = shop.resolve()
        inside = place.is_relative_to(CHECKOUT)
        words.append(f"--shop {place.relative_to(CHECKOUT).as_posix() if inside else f'SHOPS/{place.name}'}")
    words += [f"--language {language}" for language in options.language or languages()]
    return " ".join([*words, f"--users {options.users} --seed {options.seed}"])


async def _evaluate(options: argparse.Namespace, say: Callable[[Any], None]) -> list[Outcome]:
    outcomes = []
    for shop in options.shop or options.shops:
        settings = Settings(shop=shop, data_dir=options.data_dir, llm="embedded", watch=False)
        assistant = await asyncio.to_thread(Assistant.open, settings)
        try:
            for language in options.language or languages():
                outcome = await run(assistant, Plan(options.users, language, options.seed))
                say(table(outcome))
                outcomes.append(outcome)
        finally:
            assistant.close()
    return outcomes


def main(arguments: Sequence[str] | None = None, say: Callable[[Any], None] | None = None) -> int:
    """Run the evaluation named on the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    say = say or Console(width=180).print
    try:
        outcomes = asyncio.run(_evaluate(options, say))
    except (FloorwalkerError, ValueError) as error:
        say(f"error: {error}")
        return 2
    if options.out:
        part = markdown(outcomes, command_of(options), datetime.now(UTC).date())
        page = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
        options.out.write_text(placed(page, part), encoding="utf-8")
    if options.traces:
        lines = [
            json.dumps({"shop": each.shop, **trace.plain()}, ensure_ascii=False)
            for each in outcomes
            for trace in each.traces
        ]
        options.traces.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
