"""Who sits in the LLM's chair: settings become a decider and a writer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from agent.embedded.decider import EmbeddedDecider
from agent.embedded.writer import EmbeddedWriter
from agent.llm.candidates import Imagination
from agent.llm.client import Limits, ModelClient
from agent.llm.decider import LlmDecider
from agent.llm.reranker import reranker_of
from agent.llm.writer import LlmWriter
from agent.ports import Decider, ToolCall, TurnContext, Writer
from core.entities import ItemId
from core.errors import ModelError
from core.settings import Settings
from retrieval.pipeline import Recommender

Imagine = Callable[[TurnContext, ToolCall], Awaitable[tuple[ItemId, ...]]]

FIRST_LOOK = 5.0
"""Seconds that a server has to say what it serves before a first turn goes on without knowing."""
EMBEDDED, HYBRID, AGENT = "embedded", "hybrid", "agent"


@dataclass(frozen=True, slots=True)
class Seats:
    """Who decides and who words."""

    decider: Decider
    writer: Writer
    mode: str = EMBEDDED
    client: ModelClient | None = None
    imagine: Imagine | None = None

    @property
    def model(self) -> str:
        """The served model's name; ``embedded`` where there is none."""
        return self.client.model or "llm" if self.client is not None else EMBEDDED

    async def known(self) -> None:
        """Learn the served model's name, where there is one that nobody asked yet."""
        client = self.client
        if client is not None and client.capabilities is None and client.breaker.state == "closed":
            with suppress(ModelError):
                await client.probe(FIRST_LOOK)


def seated(settings: Settings, embedded: EmbeddedDecider, recommender: Recommender) -> Seats:
    """Return the seats for ``--llm`` and ``--mode``: an address puts an LLM into the chair, anything else does not.

    ``agent`` (the default with an LLM) lets it decide and word, ``hybrid`` word alone, ``embedded`` neither.
    """
    if not settings.llm.startswith(("http://", "https://")) or settings.mode == EMBEDDED:
        recommender.reranker = reranker_of(settings, None)
        return Seats(embedded, EmbeddedWriter())
    key = settings.llm_key.get_secret_value() if settings.llm_key is not None else ""
    limits = Limits(call=max(1.0, settings.turn_limit - 1.0))
    client = ModelClient(settings.llm, model=settings.llm_model, key=key, limits=limits)
    recommender.reranker = reranker_of(settings, client)
    decider = LlmDecider(client, embedded)
    mode = settings.mode or AGENT
    imagine = Imagination(client, recommender).imagine if settings.imagine else None
    return Seats(decider if mode == AGENT else embedded, LlmWriter(decider), mode, client, imagine)
