"""Phrases and what they stand for, matched over a whole message: longest match, inflections, typos, mixed languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from agent.embedded.text import Token, tokenize
from retrieval.tokens import stem


class Kind(StrEnum):
    """What a phrase stands for."""

    CATEGORY = "category"
    BRAND = "brand"
    VALUE = "value"
    FACET = "facet"
    LOW = "low"
    HIGH = "high"
    LOWER = "lower"
    HIGHER = "higher"
    LOWEST = "lowest"
    HIGHEST = "highest"
    UNIT = "unit"
    ITEM = "item"
    GRAMMAR = "grammar"
    CUE = "cue"
    ORDINAL = "ordinal"
    NUMBER = "number"
    DECADE = "decade"
    MULTIPLIER = "multiplier"
    POLITE = "polite"


_CANDIDATES = 5
"""Words that a typo may stand for, at most."""
SHOP_KINDS = frozenset(
    {
        Kind.CATEGORY, Kind.BRAND, Kind.VALUE, Kind.FACET, Kind.LOW, Kind.HIGH, Kind.LOWER, Kind.HIGHER, Kind.LOWEST,
        Kind.HIGHEST, Kind.ITEM,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One meaning of a phrase."""

    kind: Kind
    field: str = ""
    """The facet; for grammar the role; for cues the act."""
    value: str = ""
    surface: str = ""
    """The phrase as its author wrote it, tokens joined by spaces."""


@dataclass(frozen=True, slots=True)
class Span:
    """A matched phrase: tokens [start, end) of the message."""

    start: int
    end: int
    entries: tuple[Entry, ...]
    text: str
    corrected: str = ""
    """What the shopper is taken to have meant, when a typo was mended."""

    def of(self, *kinds: Kind) -> Entry | None:
        """Return the first entry of one of the kinds."""
        return next((entry for entry in self.entries if entry.kind in kinds), None)

    def role(self, *roles: str) -> bool:
        """Tell whether it is a grammar word of one of the roles."""
        return any(entry.kind is Kind.GRAMMAR and entry.field in roles for entry in self.entries)


Key = tuple[str, ...]


class Names(Protocol):
    """Finds items by name (``agent.embedded.titles``)."""

    def longest(self, first: str) -> int:
        """Return the length in words of the longest name that begins with a word."""
        ...

    def find(self, words: Sequence[str]) -> str | None:
        """Return the id of the item that the words name, or None."""
        ...


class Lexicon:
    """A dictionary of phrases over stems. Building is single-threaded; matching is read-only and thread-safe."""

    def __init__(self) -> None:
        """Start empty."""
        self.names: Names | None = None
        """Finds items by their titles; phrases and titles are matched in one pass."""
        self.common: frozenset[str] = frozenset()
        """Words that are never met as another form of a shop's word: "can" is no "cans"."""
        self._entries: dict[Key, list[Entry]] = {}
        self._longest: dict[str, int] = {}
        self._words: dict[int, list[str]] = {}
        self._surfaces: set[str] = set()
        self.confusions: dict[str, list[str]] = {}
        """Characters that are often written for others."""
        self._general: dict[int, list[str]] = {}
        """Words of general phrases, by length: met with one slip of the finger at most."""

    def __len__(self) -> int:
        """Return the number of phrases."""
        return len(self._entries)

    def add(self, phrase: str, kind: Kind, field: str = "", value: str = "", *, fuzzy: bool = True) -> None:
        """Add a meaning of a phrase; ``fuzzy`` lets its single words be found with typos."""
        tokens = tokenize(phrase)
        if not tokens or len(tokens) > 12:
            return
        key = tuple(token.stem for token in tokens)
        entry = Entry(kind, field, value, " ".join(token.text for token in tokens))
        known = self._entries.setdefault(key, [])
        if entry not in known:
            known.append(entry)
        self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key))
        if kind in (Kind.GRAMMAR, Kind.CUE, Kind.POLITE):
            for token in tokens:
                of_length = self._general.setdefault(len(token.text), [])
                if token.kind == "word" and len(token.text) >= 4 and token.text not in of_length:
                    of_length.append(token.text)
        if fuzzy:
            for token in tokens:
                singular = token.text.removesuffix("s")
                for form in (token.text, singular) if stem(singular) == token.stem else (token.text,):
                    if token.kind == "word" and len(form) >= 4 and form not in self._surfaces:
                        self._surfaces.add(form)
                        self._words.setdefault(len(form), []).append(form)

    def knows(self, phrase: str) -> bool:
        """Tell whether a phrase has a meaning already."""
        return tuple(token.stem for token in tokenize(phrase)) in self._entries

    def match(self, tokens: Sequence[Token]) -> list[Span]:
        """Return the phrases in a message, left to right, longest first, not overlapping."""
        spans: list[Span] = []
        at = 0
        while at < len(tokens):
            span = self._longest_at(tokens, at)
            if span is None:
                at += 1
            else:
                spans.append(span)
                at = span.end
        return spans

    def _longest_at(self, tokens: Sequence[Token], at: int) -> Span | None:
        first = tokens[at]
        longest = max(self._longest.get(first.stem, 0), self.names.longest(first.text) if self.names else 0)
        for length in range(min(longest, len(tokens) - at), 0, -1):
            window = tokens[at : at + length]
            surface = " ".join(token.text for token in window)
            entries = self._meanings(window, surface)
            if entries:
                return Span(at, at + length, tuple(entries), surface)
        return None

    def _meanings(self, window: Sequence[Token], surface: str) -> list[Entry]:
        """Return what a run of tokens stands for, the exact wording first: "light" the wish, "lights" the category."""
        entries = self._entries.get(tuple(token.stem for token in window), [])
        exact = [entry for entry in entries if entry.surface == surface]
        rest = [entry for entry in entries if entry.surface != surface]
        if not exact and len(window) == 1 and (surface in self.common or _unsafe_inflection(rest, window[0])):
            rest = []
        item = self.names.find([token.text for token in window]) if self.names else None
        found = _compatible(exact, rest)
        # A title is a name: it is met by its exact words only.
        return [*found, Entry(Kind.ITEM, "", item, surface)] if item is not None else found

    def corrections(self, word: str) -> list[str]:
        """Return the vocabulary's words that an unknown word may be a typo of, those of the fewest edits.

        One edit for words of four to seven letters, two for longer ones; the first letter stands.
        """
        allowed = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
        if not allowed or word in self._surfaces:
            return []
        found, edits = _nearest(word, self._words, allowed)
        if not found or edits > 1:
            found = _nearest(word, self._general, 1)[0] or found
        return found


def _nearest(word: str, words: Mapping[int, Sequence[str]], allowed: int) -> tuple[list[str], int]:
    """Return the nearest words with the same first letter, and how many edits they are away."""
    near: Iterable[str] = (
        other
        for length in range(len(word) - allowed, len(word) + allowed + 1)
        for other in words.get(length, ())
        if other[0] == word[0]
    )
    distance: Any = DamerauLevenshtein.distance
    found = process.extract(word, near, scorer=distance, score_cutoff=allowed, limit=_CANDIDATES)
    least = min((int(edits) for _, edits, _ in found), default=0)
    return [str(other) for other, edits, _ in found if edits == least], least


_NAMES = frozenset({Kind.BRAND, Kind.VALUE, Kind.FACET})
DEGREES = frozenset({Kind.LOW, Kind.HIGH, Kind.LOWER, Kind.HIGHER, Kind.LOWEST, Kind.HIGHEST})


def _compatible(exact: list[Entry], rest: list[Entry]) -> list[Entry]:
    """Return the meanings, exact ones first, without those met by their stem only that an exact one rules out.

    "lights" is the category, "light" the wish; where one wording is both, the message decides.
    """
    kinds = {entry.kind for entry in exact}
    if kinds & DEGREES:
        rest = [entry for entry in rest if entry.kind is not Kind.CATEGORY]
    if Kind.CATEGORY in kinds:
        rest = [entry for entry in rest if entry.kind not in DEGREES]
    if kinds & _NAMES:  # "compatibility" is the facet, although "compatible" is a value
        rest = [entry for entry in rest if entry.kind not in _NAMES or entry.kind in kinds]
    return exact + rest


def _unsafe_inflection(entries: Sequence[Entry], token: Token) -> bool:
    """Tell whether a grammar word was only met through its stem ("using" for "use"): too weak a hint to act on."""
    return all(entry.kind not in SHOP_KINDS for entry in entries) and token.kind == "word"
