"""A message with everything that was read from it: what the acts decide upon."""

from __future__ import annotations

from dataclasses import dataclass

from agent.embedded.lexicon import Kind
from agent.embedded.needs import Needs
from agent.embedded.reading import Reading
from agent.embedded.references import References
from agent.ports import TurnContext


@dataclass(frozen=True, slots=True)
class Message:
    """Everything read from a message."""

    context: TurnContext
    reading: Reading
    needs: Needs
    references: References
    cues: frozenset[str]
    mentions_service: bool = False
    """Whether words of the service examples occur outside of the shop's own phrases."""

    unheard: tuple[str, ...] = ()
    """Names and words of the need that nothing in the catalogue answers to."""

    @property
    def polite(self) -> bool:
        """Whether it asks for something: "I need", "do you have", "推荐"."""
        return any(element.span and element.span.of(Kind.POLITE) for element in self.reading.elements)

    def shop_places(self, *kinds: Kind) -> list[tuple[int, int]]:
        """Return where the shop's own phrases (of some kinds) stand: first character and the one after the last."""
        tokens = self.reading.tokens
        phrases = (e for e in self.reading.elements if e.is_shop() and (not kinds or (e.span and e.span.of(*kinds))))
        return [(tokens[phrase.start].start, tokens[phrase.end - 1].end) for phrase in phrases]

    @property
    def asks(self) -> bool:
        """Tell whether the message is a question by its end."""
        return self.context.message.rstrip().endswith(("?", "？", "吗", "呢"))

    @property
    def asks_for_the_best(self) -> bool:
        """Tell whether it asks which of the items shown is best: "which of these would be better?"."""
        asks = self.reading.roles("which") and self.reading.roles("best", "better")
        return bool(asks) and self.needs.empty and not self.needs.unknown
