"""Who a shopper may talk to: one contract for the assistant and for everything that it is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agent.assistant import Assistant
from core.entities import Constraint, ItemId
from core.events import Reply, TurnRequest
from evaluation.simulator import MOST_SHOWN, Shopper


@dataclass(frozen=True)
class Turn:
    """A seller's answer to one message."""

    items: tuple[ItemId, ...]
    question: str | None = None
    constraints: tuple[Constraint, ...] = ()
    """What the seller holds as required after the message: musts and wishes."""
    text: str = ""


class Seller(Protocol):
    """Talks to one shopper in one dialogue."""

    async def answer(self, message: str) -> Turn:
        """Answer a message; raises nothing of its own."""
        ...


OpenSeller = Callable[[Shopper], Seller]
"""Begins a dialogue. Only an oracle may look into the shopper; the others hear its messages."""


class AssistantSeller:
    """The assistant, through its public door, in a session of its own."""

    def __init__(self, assistant: Assistant) -> None:
        """Begin a session."""
        self._assistant = assistant
        self._session = assistant.new_session()

    async def reply(self, message: str) -> Reply:
        """Return the assistant's whole reply. Raises what ``Assistant.reply`` raises."""
        return await self._assistant.reply(TurnRequest(message, self._session))

    async def answer(self, message: str) -> Turn:
        """Answer a message as the assistant does, with no more items than a shopper looks at."""
        reply = await self.reply(message)
        items = tuple(entry.item.id for entry in reply.items[:MOST_SHOWN])
        return Turn(items, reply.question.field if reply.question else None, reply.constraints, reply.text)
