"""The two ports that carry the conversation, so that LLM and embedded model are exchangeable, and mix."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.conversation import ConversationState, Intent, Message
from core.entities import Item, Language, UserId
from core.shop import Shop
from retrieval.catalogue import Catalogue
from tools.results import Evidence, ToolResult


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
    until: float = math.inf
    """When the turn must end, on the monotonic clock."""
    consent: bool = False
    """The message is an explicit yes, as the embedded model reads it: without it nothing that was read back is
    carried out, whoever decides."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool to run; arguments are plain JSON values that the tool's schema validates."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    """The model's own name for the call, which its result goes back under; empty when no model made it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a tool call."""

    call: ToolCall
    result: ToolResult | None = None
    error: str = ""
    """What was wrong with the call, for the model that made it; empty when it worked."""


@dataclass(frozen=True, slots=True)
class Account:
    """What an LLM took part in a turn with; zeros where none did. Accounts add up."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    dropped: int = 0
    """Sentences that the evidence did not bear out."""
    rounds: int = 0
    """Questions to the model."""
    degraded: bool = False
    """The embedded model finished what the LLM could not."""

    def __add__(self, other: Account) -> Account:
        """Return both together."""
        return Account(
            self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens,
            self.dropped + other.dropped, self.rounds + other.rounds, self.degraded or other.degraded,
        )  # fmt: skip


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
    account: Account = Account()
    draft: str = ""
    """What the model said already, when it called no tool; unchecked."""
    thread: tuple[Mapping[str, Any], ...] = ()
    """What was said with a model in this turn, in the wire's shape, for the next round."""
    outcomes: tuple[Outcome, ...] = ()
    """What became of the calls, in their order; the turn fills it for the writer."""


class Decider(Protocol):
    """Reads a message: the acts understood in it and the tool calls to make."""

    async def decide(self, context: TurnContext) -> Decision:
        """Return the decision; never raises on any message."""
        ...


class Writer(Protocol):
    """Words the answer from this turn's evidence only."""

    def word(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> AsyncIterator[str | Account | Decision]:
        """Yield the answer's Markdown piece by piece (a sentence, a list entry, a table), in order.

        An account of what it cost may stand anywhere. A decision comes last, if at all: its calls are run first, and
        the answer goes on with what they bring.
        """
        ...
