"""Re-rankers for retrieval's last stage: the LLM, listwise, or a server with ``/v1/rerank``; for worker threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import httpx

from agent.embedded.text import language_of
from agent.llm.client import ModelClient
from agent.llm.salvage import json_in
from agent.llm.wire import ModelCall
from core.errors import ModelBadOutput, ModelError
from core.settings import Settings
from prompts.templates import standard
from retrieval.reranking import Reranker

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that a ranking waits for a new order."""
TOKENS = 120


def reranker_of(settings: Settings, client: ModelClient | None) -> Reranker | None:
    """Return the re-ranker of the setting ``rerank``; None for ``off``, and for ``llm`` without an LLM."""
    if settings.rerank == "off":
        return None
    if settings.rerank != "llm":
        return ServedReranker(settings.rerank, client)
    if client is None:
        logger.warning("--rerank llm: there is no LLM (--llm %s), so nothing is re-ranked", settings.llm)
        return None
    return LlmReranker(client)


class LlmReranker:
    """Asks the LLM for an order over numbers; implements ``retrieval.reranking.Reranker``."""

    def __init__(self, client: ModelClient) -> None:
        """Use a model."""
        self._client = client

    def order(self, need: str, documents: Sequence[str]) -> Sequence[int] | None:
        """Return the model's order; None when it fails."""
        if self._client.breaker.state != "closed":  # an ornament: not worth a probe
            self._client.meter.reranks["skipped"] += 1
            return None
        try:
            places = asyncio.run(self._asked(need, documents))
        except ModelError as error:
            logger.info("re-ranking failed: %s", error)
            self._client.meter.reranks["failed"] += 1
            return None
        self._client.meter.reranks["done"] += 1
        return places

    async def _asked(self, need: str, documents: Sequence[str]) -> list[int]:
        prompt = standard().render("rerank", language_of(need, "en"), need=need, documents=list(documents))
        schema = {
            "type": "object",
            "properties": {
                "order": {
                    "type": "array", "maxItems": len(documents),
                    "items": {"type": "integer", "minimum": 0, "maximum": len(documents) - 1},
                }
            },
            "required": ["order"], "additionalProperties": False,
        }  # fmt: skip
        call = ModelCall(
            ({"role": "user", "content": prompt},), schema=schema, max_tokens=TOKENS, temperature=0.0, limit=PATIENCE
        )
        try:
            value = json_in((await self._client.complete(call)).text)
        finally:
            await self._client.close()  # of this loop, which ends with the call
        listed = value.get("order") if isinstance(value, dict) else None
        if not isinstance(listed, list) or not all(type(place) is int for place in listed):
            raise ModelBadOutput("the order is no list of numbers")
        return listed


class ServedReranker:
    """Asks a cross-encoder behind ``/v1/rerank``, as vLLM serves it; implements ``retrieval.reranking.Reranker``."""

    def __init__(self, address: str, client: ModelClient | None = None) -> None:
        """Use a server; ``address`` ends in ``/v1``, and the client only counts."""
        self._url = f"{address.rstrip('/')}/rerank"
        self._meter = client.meter if client is not None else None
        self._model = ""
        self._models = f"{address.rstrip('/')}/models"

    def order(self, need: str, documents: Sequence[str]) -> Sequence[int] | None:
        """Return the server's order; None when it fails."""
        try:
            places = self._asked(need, documents)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError) as error:
            logger.info("re-ranking failed: %s", error)
            self._count("failed")
            return None
        self._count("done")
        return places

    def _asked(self, need: str, documents: Sequence[str]) -> list[int]:
        with httpx.Client(timeout=PATIENCE) as http:
            if not self._model:
                self._model = str(http.get(self._models).raise_for_status().json()["data"][0]["id"])
            body = {"model": self._model, "query": need, "documents": list(documents), "top_n": len(documents)}
            results = http.post(self._url, json=body).raise_for_status().json()["results"]
        ordered = sorted(results, key=lambda one: -float(one["relevance_score"]))
        return [int(one["index"]) for one in ordered]

    def _count(self, outcome: str) -> None:
        if self._meter is not None:
            self._meter.reranks[outcome] += 1
