"""Questions and policies as terms: service concepts (``concepts.yaml``), and the words that belong to none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import yaml

from retrieval.tokens import fold, stem, terms, words

MARK = "="
"""Begins a concept's term; no word contains it."""


class Concepts:
    """The concepts by phrase, longest first."""

    def __init__(self, path: Path) -> None:
        """Read a file of concepts and of words to ignore."""
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._english: dict[tuple[str, ...], set[str]] = {}
        self._chinese: dict[str, set[str]] = {}
        for concept, phrases in content["concepts"].items():
            for phrase in phrases.get("en", ()):
                self._english.setdefault(_stems(phrase), set()).add(MARK + concept)
            for phrase in phrases.get("zh", ()):
                self._chinese.setdefault(fold(phrase), set()).add(MARK + concept)
        self._ignored_stems = {stem(word) for word in content["ignore"]["en"]}
        self._ignored_chinese = {fold(word) for word in content["ignore"]["zh"]}
        self._longest_english = max(map(len, self._english))
        self._by_first: dict[str, list[tuple[tuple[str, ...], set[str]]]] = {}
        for stems, names in self._english.items():
            self._by_first.setdefault(stems[0], []).append((stems, names))
        self._longest_chinese = max(map(len, (*self._chinese, *self._ignored_chinese)))

    def of_text(self, text: str) -> set[str]:
        """Return all terms of a policy text: words, Chinese pairs and concepts, overlapping ones too."""
        found = set(terms(text))
        stems = _stems(text)
        for start in range(len(stems)):
            for length in range(1, self._longest_english + 1):
                found |= self._english.get(stems[start : start + length], set())
        folded = fold(text)
        for phrase, names in self._chinese.items():
            if phrase in folded:
                found |= names
        return found

    def of_question(self, text: str) -> list[frozenset[str]]:
        """Return what a question asks for, once each: sets of terms any one of which answers to it."""
        found: dict[frozenset[str], None] = {}
        run: list[str] = []
        for word in words(text):
            if word.isascii() or not _is_cjk(word[0]):
                run.append(word)
                continue
            found.update(dict.fromkeys(self._english_needs(run)))
            run = []
            found.update(dict.fromkeys(self._chinese_needs(word)))
        found.update(dict.fromkeys(self._english_needs(run)))
        return list(found)

    def _english_needs(self, run: Sequence[str]) -> Iterator[frozenset[str]]:
        stems = [stem(word) for word in run]
        place = 0
        while place < len(stems):
            end, names = self._longest(stems, place)
            if names:
                yield frozenset(names)
                place = end
                continue
            if stems[place] not in self._ignored_stems and terms(run[place]):
                yield frozenset((stems[place],))
            place += 1

    def _longest(self, stems: Sequence[str], start: int) -> tuple[int, set[str]]:
        """Return where the longest phrase from a place ends, and its concepts; "send something back" is "send back"."""
        best, found = start, set[str]()
        for phrase, names in self._by_first.get(stems[start], ()):
            end = start + 1
            for wanted in phrase[1:]:
                while end < len(stems) and stems[end] != wanted and stems[end] in self._ignored_stems:
                    end += 1
                if end == len(stems) or stems[end] != wanted:
                    break
                end += 1
            else:
                if end > best:
                    best, found = end, names
        return best, found

    def _chinese_needs(self, run: str) -> Iterator[frozenset[str]]:
        place, rest = 0, ""
        while place < len(run):
            for length in range(min(self._longest_chinese, len(run) - place), 0, -1):
                piece = run[place : place + length]
                if piece in self._chinese or piece in self._ignored_chinese:
                    yield from _pairs(rest)
                    rest = ""
                    if piece in self._chinese:
                        yield frozenset(self._chinese[piece])
                    place += length
                    break
            else:
                rest += run[place]
                place += 1
        yield from _pairs(rest)


@cache
def service_concepts() -> Concepts:
    """Return the concepts that come with Floorwalker."""
    return Concepts(Path(__file__).with_name("concepts.yaml"))


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in words(text))


def _pairs(run: str) -> Iterator[frozenset[str]]:
    """Yield the pairs of characters; a single one between known words says too little."""
    for place in range(len(run) - 1):
        yield frozenset((run[place : place + 2],))


def is_pair(term: str) -> bool:
    """Return whether a term is a pair of Chinese characters, which may or may not be a word."""
    return len(term) == 2 and _is_cjk(term[0])


def _is_cjk(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"
