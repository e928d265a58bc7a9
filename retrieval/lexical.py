"""BM25 over the items' bilingual texts, by bm25s; memory-mapped when opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress
from retrieval.catalogue import Catalogue
from retrieval.tokens import terms

FULL_MATCH = 0.75
"""BM25's share of the question's information that counts as all of it: a term that stands once in a text of mean length
reaches 1 / (1 + k1) = .4, one that stands in the title too about .7. Scores are brought to [0, 1] by it."""


def search_text(catalogue: Catalogue, row: int, text: str) -> str:
    """Return what is indexed of an item: its text, with what it is called and what it is said once more.

    What a thing is counts for more than what its description mentions it with.
    """
    item = catalogue.item_at(row)
    category = catalogue.facets.get("category")
    labels = category.value_labels if category else {}
    kinds = [label for node in item.category for label in (node, *labels.get(node, {}).values())]
    titles = [item.title, *item.texts.get("title", {}).values()]
    return "\n".join([text, *titles, *kinds, item.brand or ""])


def write_lexical(folder: Path, texts: Sequence[str], progress: Progress | None = None) -> None:
    """Index one text an item, in row order, and save under ``folder``."""
    import bm25s
    from bm25s.tokenization import Tokenized

    vocabulary: dict[str, int] = {}
    documents: list[list[int]] = []
    for row, text in enumerate(texts):
        if progress and row % 1000 == 0:
            progress("indexing words", row, len(texts))
        documents.append([vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)])
    if progress:
        progress("indexing words", len(texts), len(texts))
    if not vocabulary:
        vocabulary["\u0000"] = 0
        documents[0].append(0)
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(Tokenized(documents, vocabulary), show_progress=False)
    index.save(str(folder), show_progress=False)


@dataclass(frozen=True)
class LexicalIndex:
    """An opened BM25 index."""

    model: Any
    size: int

    @classmethod
    def open(cls, folder: Path, size: int) -> LexicalIndex:
        """Memory-map the index in ``folder``, which holds ``size`` documents."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder), mmap=True, show_progress=False), size)

    @cached_property
    def _rarity(self) -> npt.NDArray[np.float32]:
        """Inverse document frequency by term number."""
        counts = np.diff(np.asarray(self.model.scores["indptr"])).astype(np.float32)
        return np.asarray(np.log1p((self.size - counts + 0.5) / (counts + 0.5)), dtype=np.float32)

    def scores(self, query: Collection[str]) -> npt.NDArray[np.float32]:
        """Return one score an item in [0, 1]: the share of the question's information that its text holds."""
        numbers = [self.model.vocab_dict[term] for term in query if term in self.model.vocab_dict]
        if not numbers:
            return np.zeros(self.size, dtype=np.float32)
        total = float(self._rarity[numbers].sum())
        found = self.model.get_scores_from_ids(numbers)
        return np.asarray(np.minimum(found / (max(total, 1e-6) * FULL_MATCH), 1.0), dtype=np.float32)
