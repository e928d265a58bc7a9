"""What every part of the embedded writer shares in one turn: language, seed, phrases and values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent.embedded.word_markdown import escape, link
from agent.embedded.word_values import Values, spoken
from agent.ports import TurnContext
from core.entities import Item, Language
from prompts.phrases import standard

_BOLD = re.compile(r"(\w?)(\*\*(?:\\.|[^*\\])+\*\*)(?=(\w?))")
"""Bold text with the letters next to it: Chinese puts no spaces there, but Markdown needs them to see the bold."""


@dataclass(frozen=True)
class Voice:
    """Says phrases of one turn. What is passed to :meth:`say` must be Markdown already (see :meth:`safe`)."""

    context: TurnContext
    language: Language
    values: Values
    seed: int

    @classmethod
    def of(cls, context: TurnContext) -> Voice:
        """Return the voice for a turn."""
        language = spoken(context.language, context.shop)
        return cls(context, language, Values(context.catalogue, language), context.seed)

    def say(self, key: str, nth: int = 0, **variables: Any) -> str:
        """Return a phrase; ``nth`` tells several sayings of one key in one answer apart."""
        text = standard().say(key, self.language, self.seed + nth, **variables)
        return _BOLD.sub(_set_apart, text) if self.language == "zh" and "**" in text else text

    def has(self, key: str) -> bool:
        """Tell whether there is such a phrase."""
        return key in standard().keys(self.language)

    def safe(self, text: str) -> str:
        """Return a text from outside as Markdown that shows it."""
        return escape(text)

    def name(self, item: Item) -> str:
        """Return an item's short title as bold Markdown."""
        return f"**{escape(self.values.short(item))}**"

    def linked(self, item: Item, *, short: bool = False) -> str:
        """Return an item's title as bold Markdown, linked when the item has an address."""
        return f"**{link(self.values.short(item) if short else self.values.title(item), item.url)}**"

    def names(self, items: list[Item] | tuple[Item, ...], limit: int = 5) -> str:
        """Return several titles as one list."""
        return self.values.listing([self.name(item) for item in items[:limit]])

    def paragraph(self, sentences: list[str]) -> str:
        """Return sentences as one paragraph."""
        return ("" if self.language == "zh" else " ").join(sentence for sentence in sentences if sentence)


def _set_apart(found: re.Match[str]) -> str:
    before, bold, after = found.groups()
    return f"{before}{' ' if before else ''}{bold}{' ' if after else ''}"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the answer; ``tight`` pieces (list entries) follow each other without an empty line."""

    text: str
    tight: bool = False
