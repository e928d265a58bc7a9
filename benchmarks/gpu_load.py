"""Streamed turns at a level of concurrency: what a shopper waits for, and what the model's server was asked."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from benchmarks.driving import percentile, script

LLM = "floorwalker_llm_"
VLLM = ("vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total")


@dataclass
class Level:
    """What one level of load measured; times in seconds."""

    sessions: int
    seconds: float = 0.0
    items: list[float] = field(default_factory=list)
    """Until the cards."""
    first: list[float] = field(default_factory=list)
    """Until the first text."""
    whole: list[float] = field(default_factory=list)
    degraded: int = 0
    dropped: int = 0
    """Sentences that the evidence did not bear out: noise, where the weights are."""
    failures: list[str] = field(default_factory=list)
    prompt: float = 0.0
    """Tokens a call of the model, prompt and answer."""
    completion: float = 0.0
    calls: float = 0.0
    """Of the model, a turn."""
    llm: float = 0.0
    """Seconds a turn that the model's calls took."""
    cached: float | None = None
    """Share of prompt tokens that the server's prefix cache held, by the server's own count."""

    def row(self) -> dict[str, float | int | None]:
        """Return it as figures."""
        turns = len(self.whole)
        mean = sum(self.whole) / turns if turns else 0.0
        return {
            "sessions": self.sessions, "turns": turns, "turns_per_second": turns / self.seconds if turns else 0.0,
            "items_p50": percentile(self.items, 0.5), "first_text_p50": percentile(self.first, 0.5),
            "first_text_p95": percentile(self.first, 0.95), "turn_p50": percentile(self.whole, 0.5),
            "turn_p95": percentile(self.whole, 0.95), "llm_calls_per_turn": self.calls,
            "prompt_tokens_per_call": self.prompt, "completion_tokens_per_call": self.completion,
            "llm_seconds_per_turn": self.llm, "our_seconds_per_turn": max(0.0, mean - self.llm),
            "prefix_cache_share": self.cached, "degraded": self.degraded, "dropped_sentences": self.dropped,
            "failures": len(self.failures),
        }  # fmt: skip


def drive(url: str, sessions: int, turns: int, model: str = "", key: str = "") -> Level:
    """Take so many streamed turns with so many sessions at once.

    Args:
        url: our server.
        sessions: at once.
        turns: in all.
        model: the model's server without its ``/v1``, where it shows measurements.
        key: its key.
    """
    level = Level(sessions)
    ours, theirs = _measured(url), _measured(model, key)
    start = time.perf_counter()
    asyncio.run(_drive(url, level, turns))
    level.seconds = time.perf_counter() - start
    _account(level, ours, _measured(url))
    after = _measured(model, key)
    asked, hit = (sum(after.get(name, 0.0) for name in after if name.startswith(one)) for one in VLLM)
    asked -= sum(theirs.get(name, 0.0) for name in theirs if name.startswith(VLLM[0]))
    hit -= sum(theirs.get(name, 0.0) for name in theirs if name.startswith(VLLM[1]))
    level.cached = hit / asked if asked else None
    return level


def _account(level: Level, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    """Take calls, tokens and time of the model from our own measurements."""

    def grown(name: str) -> float:
        return after.get(LLM + name, 0.0) - before.get(LLM + name, 0.0)

    calls, turns = grown('calls_total{outcome="ok"}'), len(level.whole)
    if calls and turns:
        level.prompt = grown('tokens_total{kind="prompt"}') / calls
        level.completion = grown('tokens_total{kind="completion"}') / calls
        level.calls = calls / turns
        level.llm = grown('seconds_total{part="whole"}') / turns


def _measured(url: str, key: str = "") -> dict[str, float]:
    if not url:
        return {}
    try:
        answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=30)
    except httpx.HTTPError:  # a model's server that just crashed
        return {}
    lines = answer.text.splitlines() if answer.status_code == 200 else []
    pairs = (line.rsplit(" ", 1) for line in lines if re.match(r"[a-z]", line))
    return {name: float(value) for name, value in pairs}


async def _drive(url: str, level: Level, turns: int) -> None:
    limits = httpx.Limits(max_connections=level.sessions, max_keepalive_connections=level.sessions)
    left = itertools.count()
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def shop(number: int) -> None:
            for visit in itertools.count(number * 1000 + number):
                session = uuid.uuid4().hex
                for message in script(visit):
                    if next(left) >= turns:
                        return
                    await _turn(client, message, session, level)

        await asyncio.gather(*(shop(number) for number in range(level.sessions)))


async def _turn(client: httpx.AsyncClient, message: str, session: str, level: Level) -> None:
    body = {"model": "floorwalker", "stream": True, "messages": [{"role": "user", "content": message}]}
    start, first, items = time.perf_counter(), 0.0, 0.0
    last: Mapping[str, object] = {}
    try:
        async with client.stream(
            "POST", "/v1/chat/completions", json=body, headers={"X-Session-Id": session}
        ) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk, now = json.loads(line[6:]), time.perf_counter() - start
                last = chunk.get("floorwalker") or last
                items = items or (now if last else 0.0)
                first = first or (now if _text(chunk) else 0.0)
    except (httpx.HTTPError, ValueError) as error:
        level.failures.append(f"{type(error).__name__} at {message!r}")
        return
    if not last:
        level.failures.append(f"status {answer.status_code} at {message!r}")
        return
    level.whole.append(time.perf_counter() - start)
    level.first.append(first)
    level.items.append(items)
    level.degraded += int(bool(last.get("degraded")))
    level.dropped += int(str(last.get("dropped_sentences") or 0))


def _text(chunk: Mapping[str, object]) -> bool:
    choices = chunk.get("choices")
    return bool(isinstance(choices, list) and choices and choices[0].get("delta", {}).get("content"))
