"""The service desk's words (``desk_words.yaml``) as found in a message, with their places."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from agent.embedded.lexicon import Kind, Lexicon
from agent.embedded.text import Token, normalise, tokenize

VERBS = ("cancel", "return", "exchange", "change", "give_up")
_GENERAL = frozenset({"change"})
_NEAR = 3
"""A negation counts this many words before what it negates."""


@dataclass(frozen=True, slots=True)
class DeskWord:
    """One phrase of the desk in a message; ``start`` and ``end`` are characters of the normalised text."""

    roles: frozenset[str]
    start: int
    end: int
    negated: bool = False
    exact: bool = True
    """Whether it stands there as written in the list, not in another form."""


@dataclass(frozen=True, slots=True)
class DeskReading:
    """A message's desk words, in order."""

    text: str
    """Normalised: NFKC, lower case."""
    words: tuple[DeskWord, ...]

    def of(self, *roles: str) -> list[DeskWord]:
        """Return the words of some roles."""
        return [word for word in self.words if word.roles & set(roles)]

    def has(self, *roles: str) -> bool:
        """Tell whether a word of one of the roles occurs, not negated."""
        return any(not word.negated for word in self.of(*roles))

    def outside(self, places: Collection[tuple[int, int]], kinds: Collection[tuple[int, int]] = ()) -> DeskReading:
        """Return the reading without words inside longer phrases of the shop: "cancelling" in "noise cancelling".

        A word that only is another form of the desk's belongs to the shop too: a keyboard's "switches". So does a verb
        as general as "switch" where it names a kind of thing.
        """

        def inside(word: DeskWord) -> bool:
            held = ((a, b) for a, b in places if a <= word.start and word.end <= b)
            named = word.roles <= _GENERAL and (word.start, word.end) in kinds
            return named or any(b - a > word.end - word.start or not word.exact for a, b in held)

        return DeskReading(self.text, tuple(word for word in self.words if not inside(word)))

    def within(self, start: int, end: int, roles: Collection[str]) -> bool:
        """Tell whether a word of one of the roles begins in a part of the text."""
        return any(start <= word.start < end and word.roles & set(roles) for word in self.words)


def read_desk(message: str) -> DeskReading:
    """Return the desk words of a message."""
    tokens = tokenize(message)
    spans = _lexicon().match(tokens)
    roles = [(span, frozenset(entry.field for entry in _best(span.entries))) for span in spans]
    negations = [span.end for span, found in roles if "not" in found]
    words = [
        DeskWord(
            found,
            tokens[span.start].start,
            tokens[span.end - 1].end,
            any(end <= span.start <= end + _NEAR and _together(tokens[end : span.start]) for end in negations),
            span.entries[0].surface == span.text,
        )
        for span, found in roles
    ]
    return DeskReading(normalise(message), tuple(words))


def _best(entries: tuple) -> tuple:  # type: ignore[type-arg]
    """Return the meanings of the phrase as written; those of its stem only when there are no others."""
    surface = entries[0].surface
    return tuple(entry for entry in entries if entry.surface == surface)


def _together(between: list[Token]) -> bool:
    return not any(token.text in ".,;!?。，；！？" for token in between)


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    lexicon = Lexicon()
    content = yaml.safe_load((Path(__file__).parent / "desk_words.yaml").read_text(encoding="utf-8"))
    for group in content.values():
        for role, languages in group.items():
            for phrases in languages.values():
                for phrase in phrases:
                    # Values are met in every inflection: "cancelling", "returns".
                    lexicon.add(phrase, Kind.VALUE, role, fuzzy=False)
    return lexicon
