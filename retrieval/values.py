"""What items state in words, as a sparse matrix: a column for every facet's value, every brand and category node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue
from retrieval.columns import CodeColumn, ListColumn

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StatedValues:
    """Items × values, 1 where an item states a value."""

    matrix: Any
    """SciPy CSR, shape (items, values), float32."""
    fields: tuple[str, ...]
    """The field of each column."""
    names: tuple[str, ...]
    """The value of each column, in the catalogue's spelling."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> StatedValues:
        """Read every field whose values are texts out of few; a category counts with all nodes above it."""
        from scipy.sparse import csr_matrix

        rows: list[Ints] = []
        columns: list[Ints] = []
        fields: list[str] = []
        names: list[str] = []
        for field, column in sorted(_coded(catalogue).items()):
            items, codes, values = _pairs(catalogue, field, column)
            rows.append(items)
            columns.append(codes + len(names))
            fields.extend([field] * len(values))
            names.extend(values)
        where = (np.concatenate(rows), np.concatenate(columns)) if rows else (np.zeros(0, int), np.zeros(0, int))
        ones = np.ones(len(where[0]), dtype=np.float32)
        matrix = csr_matrix((ones, where), shape=(len(catalogue), len(names)))
        # A value that is stated twice (a node under two names) is stated once.
        matrix.data[:] = 1.0
        return cls(matrix, tuple(fields), tuple(names))


def rarity(matrix: Any) -> npt.NDArray[np.float32]:
    """Return how telling each column of an items × columns matrix is: its idf; 0 where fewer than two items have it."""
    held = np.bincount(matrix.indices, minlength=matrix.shape[1])
    found = np.log((matrix.shape[0] + 1.0) / (held + 0.5))
    return np.where(held >= 2, found, 0.0).astype(np.float32)


def _coded(catalogue: Catalogue) -> Mapping[str, CodeColumn | ListColumn]:
    fields = catalogue.snapshot.columns
    found = {name: fields[name] for name in catalogue.facets if name in fields}
    return {name: column for name, column in found.items() if isinstance(column, CodeColumn | ListColumn)}


def _pairs(catalogue: Catalogue, field: str, column: CodeColumn | ListColumn) -> tuple[Ints, Ints, list[str]]:
    """Return the item and the value's number of every statement, and the values."""
    owners = column.rows if column.rows is not None else np.arange(len(catalogue))
    if isinstance(column, ListColumn):
        items = np.repeat(np.asarray(owners), np.diff(column.indptr))
        return items.astype(np.int64), np.asarray(column.data, dtype=np.int64), list(column.values)
    stated = np.asarray(column.data) >= 0
    items, codes = np.asarray(owners)[stated].astype(np.int64), np.asarray(column.data)[stated].astype(np.int64)
    if field != "category":
        return items, codes, list(column.values)
    numbers: dict[tuple[str, ...], int] = {}
    nodes = [
        [numbers.setdefault(path[: depth + 1], len(numbers)) for depth in range(len(path))]
        for path in catalogue.tree.paths
    ]
    lengths = np.array([len(each) for each in nodes], dtype=np.int64)
    flat = np.array([node for each in nodes for node in each], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    counts = lengths[codes]
    places = np.repeat(starts[codes] - np.concatenate([[0], np.cumsum(counts)])[:-1], counts) + np.arange(counts.sum())
    return np.repeat(items, counts), flat[places], [path[-1] for path in numbers]
