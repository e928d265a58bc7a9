"""Aftercare in words: short confirmations with items beside them, and what was done before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from agent.embedded.word_voice import Piece, Voice
from tools.results import HistoryShown, Told


def told(voice: Voice, found: Told) -> Iterator[Piece]:
    """Say one thing, with the items that go with it."""
    facts: dict[str, Any] = {name: voice.safe(str(value)) for name, value in found.data.items()}
    facts["items"] = bool(found.items)
    yield Piece(voice.say(found.key, **facts))
    for at, one in enumerate(found.items, start=1):
        price = voice.safe(voice.values.price(one.item))
        yield Piece(f"{at}. " + voice.say("item.head", name=voice.linked(one.item), price=price), tight=True)


def history(voice: Voice, found: HistoryShown) -> Iterator[Piece]:
    """List what the desk did for the customer."""
    if not found.entries:
        yield Piece(voice.say("history.none"))
        return
    yield Piece(voice.say("history.lead"))
    for entry in found.entries:
        kind = str(entry["kind"])
        key = f"history.{kind}" if voice.has(f"history.{kind}") else f"verb.{kind}"
        titles = [str(title) for title in entry.get("titles") or ([entry["title"]] if entry.get("title") else [])]
        line = voice.say(
            "history.line",
            date=voice.safe(voice.values.day(datetime.fromtimestamp(float(entry["time"]), UTC).isoformat())),
            what=voice.say(key) if voice.has(key) else voice.safe(kind),
            number=voice.safe(str(entry.get("order_id") or "")),
            titles=voice.safe(voice.values.listing(titles[:5])) if titles else "",
        )
        yield Piece(f"- {line}", tight=True)
