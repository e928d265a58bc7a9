"""What the embedded model heard in a message: the hint for the LLM, and what code holds the LLM to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.embedded.desk_words import DeskReading, read_desk
from agent.embedded.message import Message
from agent.ports import Decision, ToolCall, TurnContext
from core.entities import ItemId

SEARCHES = ("recommend_items", "similar_items")
_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Heard:
    """A message as the embedded model reads it and would decide upon it."""

    message: Message
    decision: Decision

    @property
    def context(self) -> TurnContext:
        """The turn."""
        return self.message.context

    @cached_property
    def desk(self) -> DeskReading:
        """The message's words for the service desk."""
        return read_desk(self.context.message)

    @property
    def search(self) -> ToolCall | None:
        """The search that the embedded model would make."""
        return next((call for call in self.decision.calls if call.name in SEARCHES), None)

    def wanted(self) -> list[Mapping[str, Any]]:
        """Return the constraints that the embedded model read, as a tool's arguments."""
        return list(self.search.arguments.get("set", ())) if self.search else []

    def call(self, name: str) -> ToolCall | None:
        """Return the embedded model's call of a tool, if it would make one."""
        return next((call for call in self.decision.calls if call.name == name), None)

    def said(self, words: str) -> bool:
        """Tell whether the user said these words, in this message or before, letter for letter but for signs."""
        return spoken_in(words, [self.context.message, *_said_before(self.context)])

    def said_now(self, words: str) -> bool:
        """Tell whether the user's message holds these words."""
        return spoken_in(words, [self.context.message])

    def known_ids(self, further: Iterable[str] = ()) -> frozenset[str]:
        """Return the items that may be spoken of: met in this conversation, named by the user, or just found."""
        state = self.context.state
        offered = state.desk.get("offer") or ()
        met: list[str] = [*state.shown, *state.focus, *state.seen, *state.wants.anchors, *state.wants.liked]
        return frozenset((*met, *self.message.references.ids, *map(str, offered), *further))

    def pointed(self) -> tuple[ItemId, ...]:
        """Return the items that the message points at for certain."""
        references = self.message.references
        return references.ids if not references.vague else ()


def _said_before(context: TurnContext) -> list[str]:
    return [message.content for message in context.history if message.role == "user"]


def plainly(text: str) -> str:
    """Return a text's letters and digits alone, folded: what two spellings of the same words share."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


def spoken_in(words: str, texts: Iterable[str]) -> bool:
    """Tell whether words stand in one of some texts; too few letters say nothing."""
    wanted = plainly(words)
    if len(wanted) < (1 if not wanted.isascii() or wanted.isdigit() else 2):
        return False
    return any(wanted in plainly(text) for text in texts)
