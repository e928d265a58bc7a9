"""Where a turn's time goes inside the assistant: clocks around its parts, and the scripts run in process."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from agent.assistant import Assistant
from agent.embedded.decider import EmbeddedDecider
from agent.embedded.writer import EmbeddedWriter
from benchmarks.driving import script
from core.events import ToolFinished, TurnRequest
from core.settings import Settings
from retrieval.encoder import MiniLmEmbedder
from retrieval.pipeline import Recommender
from storage.events import EventLog
from storage.sessions import SessionStore

PARTS: tuple[tuple[str, type[Any], str], ...] = (
    ("decide: understand the message", EmbeddedDecider, "decide"),
    ("word: write the answer", EmbeddedWriter, "word"),
    ("keep: store session and reply", SessionStore, "save"),
    ("keep: log impressions", EventLog, "impressions"),
    ("within tools: rank", Recommender, "recommend"),
    ("within decide and rank: encode texts", MiniLmEmbedder, "embed"),
)
WHOLE = "whole turn"
TOOLS = "act: tools"
WARM_UP = 6


class Clock:
    """Adds up seconds by name."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.seconds: dict[str, float] = {}

    def add(self, name: str, seconds: float) -> None:
        """Add to a name's sum."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Add the time that the block takes."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)


def in_process(shop: Path, data_dir: Path, visits: int) -> list[tuple[str, float]]:
    """Return mean milliseconds a turn of each part, after one round of warming up; the index must be there."""
    return asyncio.run(_in_process(Settings(shop=shop, data_dir=data_dir, watch=False, llm="embedded"), visits))


async def _in_process(settings: Settings, visits: int) -> list[tuple[str, float]]:
    assistant, clock = Assistant.open(settings), Clock()
    try:
        for visit in range(WARM_UP):
            await _visit(assistant, -1 - visit, Clock())
        with ExitStack() as stack:
            for name, owner, method in PARTS:
                stack.enter_context(clocked(clock, name, owner, method))
            turns = sum([await _visit(assistant, visit, clock) for visit in range(visits)])
    finally:
        assistant.close()
    names = [WHOLE, *(name for name, _, _ in PARTS[:1]), TOOLS, *(name for name, _, _ in PARTS[1:])]
    return [(name, clock.seconds.get(name, 0.0) * 1000 / turns) for name in names]


async def _visit(assistant: Assistant, visit: int, clock: Clock) -> int:
    session = assistant.new_session("benchmark")
    messages = script(visit)
    for message in messages:
        with clock.running(WHOLE):
            async for event in assistant.stream(TurnRequest(message, session)):
                if isinstance(event, ToolFinished):
                    clock.add(TOOLS, event.run.ms / 1000)
    return len(messages)


@contextmanager
def clocked(clock: Clock, name: str, owner: type[Any], method: str) -> Iterator[None]:
    """Time every call of a method (plain, async or an async generator) while the block runs."""
    original = getattr(owner, method)
    setattr(owner, method, _timed(clock, name, original))
    try:
        yield
    finally:
        setattr(owner, method, original)


def _timed(clock: Clock, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        with clock.running(name):
            result = original(*args, **kwargs)
        if hasattr(result, "__aiter__"):
            return _timed_iteration(clock, name, result)
        return _timed_wait(clock, name, result) if hasattr(result, "__await__") else result

    return call


async def _timed_wait(clock: Clock, name: str, result: Any) -> Any:
    with clock.running(name):
        return await result


async def _timed_iteration(clock: Clock, name: str, pieces: Any) -> Any:
    """Pass an iteration on; only the time until each piece is counted, not what its taker does with it."""
    while True:
        with clock.running(name):
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
        yield piece
