"""What the operator can measure, in Prometheus' format; no label holds anything that a shopper wrote."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.events import ItemsFound, TextDelta, ToolFinished, TurnDone, TurnEvent, TurnRequest

if TYPE_CHECKING:
    from server.port import Conversation

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counters and histograms of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            "floorwalker_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self.under_way = Gauge("floorwalker_turns_under_way", "Turns being taken now", registry=registry)
        self.turns = Counter("floorwalker_turns", "Finished turns", ["intent", "mode", "language"], registry=registry)
        self.unfinished = Counter(
            "floorwalker_turns_unfinished", "Turns that failed or were left", ["cause"], registry=registry
        )
        self.degraded = Counter(
            "floorwalker_turns_degraded", "Turns that the embedded model finished for the LLM", registry=registry
        )
        self.turn_seconds = _histogram("floorwalker_turn_seconds", "Time of a whole turn", registry)
        self.items_seconds = _histogram("floorwalker_items_seconds", "Time until the items are known", registry)
        self.text_seconds = _histogram("floorwalker_first_text_seconds", "Time until the first sentence", registry)
        self.tool_calls = Counter("floorwalker_tool_calls", "Tool calls", ["tool"], registry=registry)
        self.tool_seconds = Histogram(
            "floorwalker_tool_seconds", "Time of a tool call", ["tool"], buckets=SECONDS, registry=registry
        )
        self.tokens = Counter("floorwalker_tokens", "Tokens of LLM calls", ["kind"], registry=registry)
        self.dropped = Counter(
            "floorwalker_dropped_sentences", "Sentences of an LLM that the evidence did not bear out", registry=registry
        )
        self.events = Counter("floorwalker_events", "Interactions recorded", ["event"], registry=registry)

    async def observed(self, stream: AsyncGenerator[TurnEvent, None]) -> AsyncGenerator[TurnEvent, None]:
        """Yield a turn's events and measure them."""
        clock = _TurnClock(self)
        cause = "left"
        self.under_way.inc()
        try:
            async with aclosing(stream):
                async for event in stream:
                    clock.see(event)
                    yield event
            cause = "failed"
        except Exception:  # counted, whatever it is, and raised on
            cause = "failed"
            raise
        finally:
            self.under_way.dec()
            if not clock.done:
                self.unfinished.labels(cause).inc()

    def recorded(self, event: str, number: int) -> None:
        """Count new interactions."""
        self.events.labels(event).inc(number)

    def page(self) -> bytes:
        """Return everything as text."""
        return generate_latest(self.registry)


class Measured:
    """An assistant whose turns are measured, whichever door they come through; all else is the assistant's own."""

    def __init__(self, assistant: Conversation, metrics: Metrics) -> None:
        self._assistant = assistant
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._assistant, name)

    def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        """Take one turn."""
        return self._metrics.observed(self._assistant.stream(request))


class _TurnClock:
    """Measures one turn."""

    def __init__(self, metrics: Metrics) -> None:
        self.done = False
        self._metrics = metrics
        self._start = time.perf_counter()
        self._text = False

    def see(self, event: TurnEvent) -> None:
        metrics, seconds = self._metrics, time.perf_counter() - self._start
        if isinstance(event, ItemsFound):
            metrics.items_seconds.observe(seconds)
        elif isinstance(event, TextDelta) and not self._text:
            self._text = True
            metrics.text_seconds.observe(seconds)
        elif isinstance(event, ToolFinished):
            metrics.tool_calls.labels(event.run.name).inc()
            metrics.tool_seconds.labels(event.run.name).observe(event.run.ms / 1000)
        elif isinstance(event, TurnDone):
            self.done = True
            metrics.turn_seconds.observe(seconds)
            self._reply(event)

    def _reply(self, event: TurnDone) -> None:
        metrics, reply = self._metrics, event.reply
        intent = reply.intents[0].value if reply.intents else "none"
        metrics.turns.labels(intent, reply.mode, reply.language).inc()
        metrics.degraded.inc(int(reply.degraded))
        metrics.tokens.labels("prompt").inc(reply.prompt_tokens)
        metrics.tokens.labels("completion").inc(reply.completion_tokens)
        metrics.dropped.inc(reply.dropped_sentences)


def _histogram(name: str, text: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, text, buckets=SECONDS, registry=registry)
