"""The words of things wanted together (``set_words.yaml``) as found in a message, with their places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from agent.embedded.lexicon import Kind, Lexicon, Span
from agent.embedded.reading import Reading
from agent.embedded.text import Token


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    content = yaml.safe_load((Path(__file__).with_suffix(".yaml")).read_text(encoding="utf-8"))
    lexicon = Lexicon()
    for roles in content.values():
        for role, phrases in roles.items():
            for phrase in phrases:
                lexicon.add(str(phrase), Kind.GRAMMAR, role, fuzzy=False)
    return lexicon


def set_words(tokens: Sequence[Token]) -> list[Span]:
    """Return the phrases of sets in a message, in order; ``Span.role`` tells which."""
    return [span for span in _lexicon().match(tokens) if span.entries]


def beside_the_shops(reading: Reading) -> list[Span]:
    """Return those phrases that are no part of the shop's own: a "knife set" that it sells is one thing."""
    named = {at for element in reading.elements if element.is_shop() for at in range(element.start, element.end)}
    return [span for span in set_words(reading.tokens) if not named.intersection(range(span.start, span.end))]
