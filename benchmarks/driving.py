"""Scripted shoppers over HTTP: each waits for its answer before it goes on, in a session of its own."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("I need a quiet laptop under ${price} for {use}", "cheaper", "compare 1 and 3", "why the first?", "thanks"),
    ("wireless headphones for {use}", "under ${price}", "another brand", "more like the second", "why this one?"),
    ("有没有降噪耳机，{price}以内？{zh}用的", "便宜一点的", "比较第一个和第二个", "为什么推荐第一个？", "谢谢"),
    ("a phone with a big battery for {use}", "at least 256 GB", "like the first but lighter", "can I return it?"),
    (
        "hello",
        "a gift for someone who likes {use}, about ${price}",
        "with better reviews",
        "tell me more about the first",
    ),
    ("a camera for {use}", "between $100 and ${price}", "compare 1 and 2", "what is the warranty?", "goodbye"),
)
"""What the shoppers say; each list is one visit. Slots are filled anew, so that no query vector is remembered."""

HOW = "daily serious occasional late-night weekend outdoor family shared quick relaxed".split()
WHAT = (
    "travel cooking studying gaming painting running gardening music office fishing camping baking yoga films".split()
)
WHERE = ["at home", "abroad", "on the train", "in a small flat", "by the sea", "in the mountains", "with friends"]
ZH = [
    f"{who}{what}"
    for who in ("爸妈", "孩子", "自己", "同事")
    for what in ("通勤", "旅行", "学习", "运动", "睡前", "办公室")
]


def script(visit: int) -> list[str]:
    """Return the messages of a visit; the same number gives the same words."""
    choice = random.Random(visit)
    use = " ".join(choice.choice(words) for words in (HOW, WHAT, WHERE))
    slots = {"price": choice.randrange(150, 1500, 10), "use": use, "zh": choice.choice(ZH)}
    return [message.format(**slots) for message in SCRIPTS[visit % len(SCRIPTS)]]


@dataclass
class Load:
    """What one level of load measured."""

    sessions: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """Of each answered turn, in seconds, as the client saw it."""
    by_intent: dict[str, list[float]] = field(default_factory=dict)
    tool_ms: list[float] = field(default_factory=list)
    """Of each answered turn, the sum of its tool calls."""
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Turns a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return a latency in milliseconds by nearest rank."""
        return percentile(self.latencies, share) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of values; 0 when there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def drive(url: str, sessions: int, *, turns: int, seconds: float) -> Load:
    """Take turns with so many sessions at once until ``turns`` or ``seconds`` are reached."""
    return asyncio.run(_drive(url, sessions, turns, seconds))


async def _drive(url: str, sessions: int, turns: int, seconds: float) -> Load:
    load, start = Load(sessions), time.perf_counter()
    limits = httpx.Limits(max_connections=sessions, max_keepalive_connections=sessions)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        shoppers = [_shop(client, number, load, start + seconds, turns) for number in range(sessions)]
        await asyncio.gather(*shoppers)
    load.seconds = time.perf_counter() - start
    return load


async def _shop(client: httpx.AsyncClient, number: int, load: Load, end: float, turns: int) -> None:
    """Go through scripts, a new session for each, until time or turns are up."""
    for visit in itertools.count(number * 1000 + number):
        session: str | None = None
        for message in script(visit):
            if time.perf_counter() >= end or len(load.latencies) + len(load.failures) >= turns:
                return
            session = await _turn(client, message, session, load)


async def _turn(client: httpx.AsyncClient, message: str, session: str | None, load: Load) -> str | None:
    start = time.perf_counter()
    try:
        answer = await client.post("/v1/chat/completions", **request(message, session))
    except httpx.HTTPError as error:
        load.failures.append(f"{type(error).__name__} at {message!r}")
        return None
    took = time.perf_counter() - start
    if answer.status_code != 200:
        load.failures.append(f"{answer.status_code} at {message!r}: {answer.text[:200]}")
        return None
    extension: Mapping[str, Any] = answer.json()["floorwalker"]
    load.latencies.append(took)
    load.by_intent.setdefault(str(extension.get("intent")), []).append(took)
    load.tool_ms.append(sum(call["ms"] for call in extension.get("tool_calls", [])))
    return str(extension["session_id"])


def request(message: str, session: str | None) -> dict[str, Any]:
    """Return the arguments of one POST; without a session a new one is begun."""
    body = {"model": "floorwalker", "messages": [{"role": "user", "content": message}]}
    return {"json": body, "headers": {"X-Session-Id": session or uuid.uuid4().hex}}


def first_answer(url: str) -> float:
    """Take one turn and return its seconds."""
    start = time.perf_counter()
    httpx.post(f"{url}/v1/chat/completions", timeout=120, **request(script(0)[0], None)).raise_for_status()
    return time.perf_counter() - start
