"""Which columns of a catalogue must be looked at for one item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from core.entities import Language
from retrieval.columns import Column, Ints


@dataclass(frozen=True)
class Layout:
    """Which facet columns must be looked at for an item: the dense ones, and the sparse ones that state it."""

    dense: tuple[str, ...]
    sparse: tuple[str, ...]
    indptr: npt.NDArray[np.int64]
    stating: Ints
    translations: tuple[tuple[str, Language, str], ...]

    @classmethod
    def of(cls, own: Sequence[str], columns: Mapping[str, Column]) -> Layout:
        """Look at the columns of some facets, ``own``: those that are not built in and that an item states."""
        dense = tuple(name for name in own if columns[name].rows is None)
        sparse = tuple(name for name in own if columns[name].rows is not None)
        size = next(iter(columns.values())).size if columns else 0
        rows = [cast(Ints, columns[name].rows) for name in sparse]
        flat = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32)
        owner = np.repeat(np.arange(len(sparse), dtype=np.int32), [len(each) for each in rows])
        indptr = np.concatenate(([0], np.cumsum(np.bincount(flat, minlength=size))))
        translations = []
        for key in columns:
            name, at, language = key.rpartition("@")
            if at:
                translations.append((name, language, key))
        return cls(dense, sparse, indptr, owner[np.argsort(flat, kind="stable")], tuple(translations))

    def facets_of(self, row: int) -> list[str]:
        """Return the names of the facets to look at for a row."""
        stating = self.stating[self.indptr[row] : self.indptr[row + 1]]
        return [*self.dense, *(self.sparse[code] for code in stating.tolist())]
