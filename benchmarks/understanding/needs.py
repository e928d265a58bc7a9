"""The same needs in English and in Chinese over an English catalogue: the AWS Retail Demo Store.

``needs.tsv`` and ``needs_fresh.tsv``: a need in both languages, written without a look at the dictionary, and the
categories that answer it. A need is met when one of the items of the first answer is of such a category.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from agent.assistant import Assistant
from benchmarks.datasets import main as convert
from core.events import TurnRequest
from core.settings import Settings

NEEDS = {"200, for development": "needs.tsv", "60, held out": "needs_fresh.tsv"}
"""What a file of needs is called in the table, and the file."""
LANGUAGES = ("english", "chinese")


@dataclass(frozen=True, slots=True)
class Need:
    """A need in both languages and the categories that answer it."""

    said: dict[str, str]
    categories: frozenset[str]


def read_needs(name: str) -> list[Need]:
    """Read a file of needs."""
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Need({name: row[name] for name in LANGUAGES}, frozenset(row["categories"].split("; "))) for row in rows]


async def measure(work: Path, data: Path) -> dict[str, dict[str, float]]:
    """Return the share of needs that are met, by file and language.

    Args:
        work: where the shop and its index are kept.
        data: the folder of data sets.
    """
    if not (work / "shops" / "retail-demo-store").is_dir():
        convert(["retail-demo-store", "--out", str(work / "shops"), "--datasets", str(data)])
    assistant = Assistant.open(Settings(shop=work / "shops" / "retail-demo-store", data_dir=work / "data", watch=False))
    try:
        met: dict[str, dict[str, float]] = {}
        for title, name in NEEDS.items():
            needs = read_needs(name)
            met[title] = {
                language: sum([await _met(assistant, need, language) for need in needs]) / len(needs)
                for language in LANGUAGES
            }
        return met
    finally:
        assistant.close()


async def _met(assistant: Assistant, need: Need, language: str) -> bool:
    reply = await assistant.reply(TurnRequest(need.said[language], assistant.new_session()))
    return any(" > ".join(found.item.category) in need.categories for found in reply.items)
