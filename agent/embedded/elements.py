"""The elements of a message: phrases, numbers and free words, each with what governs it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.embedded.lexicon import SHOP_KINDS, Span
from agent.embedded.numbers import Number

COMMAS = frozenset(",，、/")


@dataclass(frozen=True, slots=True)
class Element:
    """A phrase, a number or a free word of the message, and what governs it."""

    start: int
    end: int
    text: str
    span: Span | None = None
    number: Number | None = None
    clause: int = 0
    negated: bool = False
    hedged: bool = False
    past: bool = False
    """Said of something owned before or by others: no requirement."""
    purpose: bool = False
    """Stands after "for": what it is to be used for."""
    currency: str | None = None
    """The currency sign that stands before the number."""

    def role(self, *roles: str) -> bool:
        """Tell whether it is a grammar word of one of the roles."""
        return self.span is not None and self.span.role(*roles)

    def is_shop(self) -> bool:
        """Tell whether it is a phrase of the shop's own vocabulary."""
        return self.span is not None and self.span.of(*SHOP_KINDS) is not None

    def tells(self) -> bool:
        """Tell whether it is a word that no phrase covers."""
        return self.span is None and self.number is None and self.text.isalnum()
