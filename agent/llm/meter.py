"""Counts what the model costs and how often it fails; read by ``/metrics``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agent.llm.breaker import BreakerState
from agent.llm.wire import Finished, ToolCalls


@dataclass(frozen=True, slots=True)
class ModelReport:
    """A picture of the counters; all grow from the start of the process."""

    model: str
    breaker: BreakerState
    breaker_openings: int
    calls: dict[str, int]
    """By outcome: ``ok``, ``left``, ``refused`` (by the breaker), or an error's code."""
    retries: int
    tokens: dict[str, int]
    """By kind: ``prompt``, ``completion``, and ``cached``, a part of prompt."""
    tool_calls: dict[str, int]
    """By where they stood: ``wire``, ``plan``, ``text``, ``reasoning``."""
    reranks: dict[str, int]
    """Re-rankings by outcome: ``done``, ``failed``, ``skipped`` (the breaker is open)."""
    cut: dict[str, int]
    """Answers that stopped early, by ``length`` and ``repetition``."""
    seconds: float
    """Of all finished calls."""
    first_token_seconds: float


class Meter:
    """The counters of one client."""

    def __init__(self) -> None:
        """Start at zero."""
        self.calls: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter(prompt=0, completion=0, cached=0)
        self.tool_calls: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.reranks: Counter[str] = Counter()
        self.retries = 0
        self.seconds = 0.0
        self.first_token_seconds = 0.0

    def finished(self, event: Finished) -> None:
        """Count a call that succeeded."""
        self.calls["ok"] += 1
        self.tokens["prompt"] += event.usage.prompt_tokens
        self.tokens["completion"] += event.usage.completion_tokens
        self.tokens["cached"] += event.usage.cached_tokens
        self.seconds += event.seconds
        self.first_token_seconds += event.first_token
        if event.cut:
            self.cut[event.cut] += 1

    def called(self, event: ToolCalls) -> None:
        """Count tool calls by where they stood."""
        self.tool_calls[event.found_in] += len(event.calls)

    def report(self, model: str, breaker: BreakerState, openings: int) -> ModelReport:
        """Return the counters as they are now."""
        return ModelReport(
            model=model,
            breaker=breaker,
            breaker_openings=openings,
            calls=dict(self.calls),
            retries=self.retries,
            tokens=dict(self.tokens),
            tool_calls=dict(self.tool_calls),
            reranks=dict(self.reranks),
            cut=dict(self.cut),
            seconds=self.seconds,
            first_token_seconds=self.first_token_seconds,
        )
