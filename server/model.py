"""The served model as the operator sees it: asked at start what it can do, measured in ``/metrics``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.llm.client import ModelClient
from agent.llm.meter import ModelReport
from core.errors import ModelError

logger = logging.getLogger(__name__)

FIRST_LOOK = 30.0
"""Seconds that a served model has to show what it can do before turns are taken without knowing."""
STATES = ("closed", "half_open", "open")


class Reporting(Protocol):
    """What has counters of a model."""

    def report(self) -> ModelReport:
        """Return the counters."""
        ...


class ModelCollector(Collector):
    """Shows the counters of the assistant's model; nothing where there is none."""

    def __init__(self, client: Callable[[], Reporting | None]) -> None:
        """Keep how to find the client: it is asked at each look."""
        self._client = client

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: there may be no model."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield the families."""
        client = self._client()
        if client is None:
            return
        seen = client.report()
        yield _counter("calls", "Calls of the LLM by outcome", "outcome", seen.calls)
        yield _counter("tokens", "Tokens of the LLM; cached ones are a part of the prompt's", "kind", seen.tokens)
        yield _counter("tool_calls", "Tool calls of the LLM by where they stood", "found_in", seen.tool_calls)
        yield _counter("reranks", "Re-rankings by outcome", "outcome", seen.reranks)
        yield _counter("cut", "Answers of the LLM that stopped early", "cause", seen.cut)
        yield _counter("retries", "Calls that were tried once more", "model", {seen.model: seen.retries})
        yield _counter(
            "breaker_openings", "Times that calls were stopped", "model", {seen.model: seen.breaker_openings}
        )
        seconds = {"whole": seen.seconds, "first_token": seen.first_token_seconds}
        yield _counter("seconds", "Time of calls that succeeded, in all", "part", seconds)
        state = GaugeMetricFamily(
            "floorwalker_llm_breaker", "The breaker's state: 1 for the one it is in", labels=["state"]
        )
        for name in STATES:
            state.add_metric([name], float(name == seen.breaker))
        yield state


@asynccontextmanager
async def acquainted(client: ModelClient | None) -> AsyncIterator[None]:
    """Ask the model what it can do before the first turn, and close the connections after the last."""
    if client is None:
        yield
        return
    try:
        able = await client.probe(FIRST_LOOK)
        logger.info("the model %s", able.words())
    except ModelError as error:
        logger.warning("%s. The embedded model answers until it can be used", error)
    yield
    await client.close()


def _counter(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = CounterMetricFamily(f"floorwalker_llm_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
