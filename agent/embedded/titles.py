"""Titles, and beginnings of titles that name one product, in a few arrays: a hundred thousand items stay small."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from agent.embedded.text import words_of
from retrieval.catalogue import Catalogue

_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|（.*?）")
_OPENING = re.compile(r"[(\[（]")
ENOUGH = 0.6
"""The share of a title's words that names it."""
LONGEST = 8
"""Words of a title that are looked at."""


class Titles:
    """Finds the item that a run of words names. Immutable, thread-safe."""

    def __init__(self, catalogue: Catalogue, common: frozenset[str]) -> None:
        """Learn a catalogue's titles in every language.

        Args:
            catalogue: the items.
            common: words that name nothing by themselves.
        """
        self._ids = catalogue.ids
        self._longest: dict[str, int] = {}
        brands = {tuple(words_of(brand)) for brand in catalogue.values("brand")}
        hashes, groups, rows, whole = self._collect(catalogue, common, brands)
        self._keys, self._rows = _unique_names(hashes, groups, rows, whole)

    def __len__(self) -> int:
        """Return how many names are known."""
        return len(self._keys)

    def longest(self, first: str) -> int:
        """Return the length of the longest name that begins with a word."""
        return self._longest.get(first, 0)

    def find(self, words: Sequence[str]) -> str | None:
        """Return the id of the item that the words name, or None."""
        if not 0 < len(words) <= self.longest(words[0]):
            return None
        key = hash(tuple(words))
        at = int(np.searchsorted(self._keys, key))
        return self._ids[int(self._rows[at])] if at < len(self._keys) and self._keys[at] == key else None

    def _collect(
        self, catalogue: Catalogue, common: frozenset[str], brands: set[tuple[str, ...]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Return (hash, group, row, whole title?) of every title and beginning of at least two words."""
        hashes, groups, rows, whole = array("q"), array("i"), array("i"), array("b")
        numbers: dict[str, int] = {}
        longest = max(map(len, brands), default=0)
        for row, group, words in _titles(catalogue):
            number = numbers.setdefault(group, len(numbers))
            size = len(words)
            if self._longest.get(words[0], 0) < size:
                self._longest[words[0]] = size
            telling = next((at for at, word in enumerate(words) if word not in common), size)
            for length in range(max(min(2, size), telling + 1, _telling(words, brands, longest)), size + 1):
                key = words[:length]
                if length > longest or key not in brands:
                    hashes.append(hash(key))
                    groups.append(number)
                    rows.append(row)
                    whole.append(length == size)
        return (
            np.frombuffer(hashes, dtype=np.int64),
            np.frombuffer(groups, dtype=np.int32),
            np.frombuffer(rows, dtype=np.int32),
            np.frombuffer(whole, dtype=np.int8).astype(np.bool_),
        )


def _telling(words: tuple[str, ...], brands: set[tuple[str, ...]], longest: int) -> int:
    """Return from how many words on a beginning names its item: most of the title, a brand and more, a model's number.

    "the first" must not name "The First Wives Club", nor 一家 a restaurant that begins with it.

    Args:
        words: the title's.
        brands: every brand's words.
        longest: the most words of a brand.
    """
    least = math.ceil(ENOUGH * len(words))
    for length in range(1, min(longest + 1, least)):
        if words[:length] in brands:
            least = length + 1
            break
    number = next((at for at, word in enumerate(words[:least]) if word.isdigit()), least)
    name = next((at for at, word in enumerate(words[:least]) if len(word) > 1 and word.isalpha()), least)
    return min(least, max(number, name) + 1)


def _titles(catalogue: Catalogue) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (row, group, words) of every title, with and without the brand in front."""
    for row in range(len(catalogue)):
        item_id, group, brand, titles = catalogue.naming(row)
        for title in titles:
            for name in _with_and_without(brand, title):
                plain = _BRACKETS.sub(" ", name) if _OPENING.search(name) else name
                words = tuple(words_of(plain)[:LONGEST])
                if words:
                    yield row, group or item_id, words


def _with_and_without(brand: str | None, title: str) -> Iterable[str]:
    if brand and title.lower().startswith(brand.lower() + " "):
        return title, title[len(brand) + 1 :]
    return (title,)


def _unique_names(
    hashes: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int32],
    whole: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the sorted hashes that name one product, and the row of its first item.

    A whole title names its item even where longer titles begin with it.
    """
    if not len(hashes):
        return hashes, rows
    order = np.lexsort((rows, ~whole, hashes))
    hashes, groups, rows, whole = hashes[order], groups[order], rows[order], whole[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]])
    # Whole titles lead each run; where there is one, only whole titles count.
    counts = np.repeat(whole[starts], np.diff(np.r_[starts, len(hashes)]))
    counted = whole | ~counts
    top = np.iinfo(np.int32).max
    lowest = np.minimum.reduceat(np.where(counted, groups, top), starts)
    highest = np.maximum.reduceat(np.where(counted, groups, -1), starts)
    single = lowest == highest
    return hashes[starts][single], rows[starts][single]
