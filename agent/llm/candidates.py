"""Generate, then ground: the LLM imagines ideal items, and the catalogue's nearest ones join the candidates.

Off unless the setting ``imagine`` is on. What maps to nothing is dropped; nothing of the model's words is shown.
"""

from __future__ import annotations

import asyncio
import logging
import time

from rapidfuzz import fuzz

from agent.llm.client import ModelClient
from agent.llm.prompting import state_lines
from agent.llm.salvage import json_in
from agent.llm.wire import ModelCall
from agent.ports import ToolCall, TurnContext
from core.entities import ItemId, Query
from core.errors import ModelError
from prompts.templates import standard
from retrieval.pipeline import Recommender

logger = logging.getLogger(__name__)

MOST = 5
"""Items that the model is asked for."""
NEAR, ALIKE = 0.4, 80.0
"""An imagined item maps to one of the catalogue from this cosine on, or from this likeness of titles (of 100)."""
PATIENCE = 4.0
"""Seconds that imagining may take; a search does not wait longer."""
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array", "maxItems": MOST,
            "items": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "description": {"type": "string"}},
                "required": ["title", "description"], "additionalProperties": False,
            },
        }
    },
    "required": ["items"], "additionalProperties": False,
}  # fmt: skip


class Imagination:
    """Asks a model for the ideal items and finds the like of them; safe for concurrent turns."""

    def __init__(self, client: ModelClient, recommender: Recommender) -> None:
        """Use a model and a catalogue."""
        self._client = client
        self._recommender = recommender

    async def imagine(self, context: TurnContext, call: ToolCall) -> tuple[ItemId, ...]:
        """Return items of the catalogue like those that the model imagines, the best first; none when it fails."""
        need = str(call.arguments.get("query") or context.state.wants.text or context.message)
        prompt = standard().render(
            "imagine", context.language, need=need, constraints=state_lines(context), message=context.message, most=MOST
        )
        limit = min(PATIENCE, max(0.5, context.until - time.monotonic() - PATIENCE))
        asked = ModelCall(({"role": "user", "content": prompt},), schema=SCHEMA, max_tokens=400, limit=limit)
        try:
            answer = await self._client.complete(asked)
            items = json_in(answer.text).get("items", [])
        except (ModelError, AttributeError) as error:
            logger.info("nothing was imagined: %s", error)
            return ()
        told = [(str(one.get("title", "")), str(one.get("description", ""))) for one in items if isinstance(one, dict)]
        return await asyncio.to_thread(self._mapped, told[:MOST], context)

    def _mapped(self, told: list[tuple[str, str]], context: TurnContext) -> tuple[ItemId, ...]:
        found: dict[ItemId, None] = {}
        for title, description in told:
            text = f"{title} {description}"[:500]
            query = Query(text=text, limit=2, language=context.language, personal=False)
            near = self._recommender.affinity(text) >= NEAR
            for entry in self._recommender.recommend(query).items:
                titles = (entry.item.title, *entry.item.texts.get("title", {}).values())
                if near or max(fuzz.token_set_ratio(title, each) for each in titles) >= ALIKE:
                    found[entry.item.id] = None
        return tuple(found)
