"""Words: BM25 over what items are called and said to be, and how many of the question's words they hold at all.

BM25 reads titles, brand, kinds and descriptions: facets in it would make long tables of properties look like poor
matches. The other half is coverage: the share of the question's information (idf) that an item holds anywhere, facets
included. It puts the item that holds every word once above one that repeats some of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress
from retrieval.catalogue import Catalogue
from retrieval.mapping import mapped
from retrieval.tokens import terms

FULL_MATCH = 0.75
"""BM25's share of the question's information that counts as all of it: a term that stands once in a text of mean length
reaches 1 / (1 + k1) = .4, one that stands in the title too about .7."""


def naming_text(catalogue: Catalogue, row: int) -> str:
    """Return what BM25 indexes of an item: what it is called, of what kind and brand, and its description."""
    item = catalogue.item_at(row)
    category = catalogue.facets.get("category")
    labels = category.value_labels if category else {}
    kinds = [label for node in item.category for label in (node, *labels.get(node, {}).values())]
    titles = [item.title, *item.texts.get("title", {}).values()]
    said = [item.description or "", *item.texts.get("description", {}).values()]
    pieces = dict.fromkeys(filter(None, [*titles, item.brand or "", *kinds, *said]))
    return "\n".join(pieces)


def write_lexical(
    folder: Path, naming: Iterable[str], texts: Iterable[str], count: int, progress: Progress | None = None
) -> None:
    """Index the items in row order and save under ``folder``.

    Args:
        folder: where to.
        naming: what BM25 reads of each item (``naming_text``).
        texts: everything that is said of it, for coverage; each is read once, and nothing of it is kept.
        count: how many items there are.
        progress: told of every thousand items, if given.
    """
    import bm25s
    from bm25s.tokenization import Tokenized

    vocabulary: dict[str, int] = {}
    named: list[list[int]] = []
    held: list[npt.NDArray[np.int32]] = []
    for row, (name, text) in enumerate(zip(naming, texts, strict=True)):
        if progress and row % 1000 == 0:
            progress("indexing words", row, count)
        found = [vocabulary.setdefault(term, len(vocabulary)) for term in terms(name)]
        named.append(found)
        rest = [vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)]
        held.append(np.unique(np.array([*found, *rest], dtype=np.int32)))
    if progress:
        progress("indexing words", count, count)
    if not vocabulary:
        vocabulary["\u0000"] = 0
        named[0].append(0)
    # SciPy sorts the matrix in place, which takes half the memory.
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75, csc_backend="scipy")
    index.index(Tokenized(named, vocabulary), show_progress=False)
    index.save(str(folder), show_progress=False)
    _write_holders(folder, held, len(vocabulary))


def _write_holders(folder: Path, held: Sequence[npt.NDArray[np.int32]], size: int) -> None:
    """Write, term after term, the rows of the items that hold it."""
    numbers = np.concatenate(held) if held else np.zeros(0, dtype=np.int32)
    rows = np.repeat(np.arange(len(held), dtype=np.int32), [len(found) for found in held])
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=size))]).astype(np.int64)
    np.save(folder / "holders.npy", rows[np.argsort(numbers, kind="stable")], allow_pickle=False)
    np.save(folder / "holder_starts.npy", starts, allow_pickle=False)


@dataclass(frozen=True)
class LexicalIndex:
    """An opened index of words."""

    model: Any
    size: int
    holders: npt.NDArray[np.int32]
    """Rows of the items that hold each term, term after term."""
    starts: npt.NDArray[np.int64]
    """Shape (terms + 1,): where each term's rows begin."""

    @classmethod
    def open(cls, folder: Path, size: int) -> LexicalIndex:
        """Memory-map the index in ``folder``, which holds ``size`` documents."""
        import bm25s

        model = bm25s.BM25.load(str(folder), mmap=True, show_progress=False)
        return cls(model, size, mapped(folder / "holders.npy"), mapped(folder / "holder_starts.npy"))

    @cached_property
    def _rarity(self) -> npt.NDArray[np.float32]:
        """Inverse document frequency by term number."""
        counts = np.diff(self.starts).astype(np.float32)
        return np.asarray(np.log1p((self.size - counts + 0.5) / (counts + 0.5)), dtype=np.float32)

    def knows(self, term: str) -> bool:
        """Return whether any item's text has a term."""
        return term in self.model.vocab_dict

    def weight(self, term: str) -> float:
        """Return how much the catalogue speaks of a term, in [0, 1]: 0 when no item's text has it."""
        number = self.model.vocab_dict.get(term)
        if number is None or not self.size:
            return 0.0
        return float(np.sqrt((self.starts[number + 1] - self.starts[number]) / self.size))

    def scores(self, query: Collection[str]) -> npt.NDArray[np.float32]:
        """Return one score an item in [0, 1]: how much of the question's information it is about, and holds at all."""
        known = [self.model.vocab_dict[term] for term in query if term in self.model.vocab_dict]
        numbers = [number for number in known if self.starts[number + 1] > self.starts[number]]
        if not numbers:
            return np.zeros(self.size, dtype=np.float32)
        total = max(float(self._rarity[numbers].sum()), 1e-6)
        found = np.array(self.model.get_scores_from_ids(numbers), dtype=np.float32)
        for number in numbers:
            found[self.holders[int(self.starts[number]) : int(self.starts[number + 1])]] += self._rarity[number]
        return np.asarray(np.minimum(found / (total * (1.0 + FULL_MATCH)), 1.0), dtype=np.float32)
