"""The two ports that carry the conversation, so that LLM and embedded model are exchangeable, and mix."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.conversation import ConversationState, Intent, Message
from core.entities import Item, Language, UserId
from core.shop import Shop
from retrieval.catalogue import Catalogue
from tools.results import Evidence


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What a decider or writer may know of a turn."""

    message: str
    language: Language
    """The answer's language: the user's."""
    state: ConversationState
    """For the decider the state before the turn; for the writer the state after the tools."""
    shop: Shop
    catalogue: Catalogue
    on_screen: tuple[Item, ...] = ()
    """What the user sees, in order."""
    user_id: UserId | None = None
    history: tuple[Message, ...] = ()
    seed: int = 0
    """Varies the wording; the same for a repeated turn."""
    consent: bool = False
    """The message is an explicit yes, as the embedded model reads it: without it nothing that was read back is
    carried out, whoever decides."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool to run; arguments are plain JSON values that the tool's schema validates."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message means and what to do about it."""

    intents: tuple[Intent, ...]
    calls: tuple[ToolCall, ...] = ()
    rewind: str | None = None
    """``undo`` or ``reset``: what to do to the wants before the tools run."""
    note: str | None = None
    """Why no tool is called, for the writer: ``unclear``, ``nothing_shown``, ``which_item``, ``already_asked``,
    ``nothing_to_undo``, ``rude``, ``unavailable`` (an intent that this desk cannot do yet), or None."""
    note_data: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 1.0


class Decider(Protocol):
    """Reads a message: the acts understood in it and the tool calls to make."""

    async def decide(self, context: TurnContext) -> Decision:
        """Return the decision; never raises on any message."""
        ...


class Writer(Protocol):
    """Words the answer from this turn's evidence only."""

    def word(self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]) -> AsyncIterator[str]:
        """Yield the answer's Markdown piece by piece (a sentence, a list entry, a table), in order."""
        ...
