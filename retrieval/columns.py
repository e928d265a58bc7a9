"""Columns of the catalogue: immutable NumPy arrays, dense or (when few items state a value) sparse.

A dense column holds one entry an item, with a marker for "does not say" (NaN, -1 or an empty range). A sparse column
holds entries only for ``rows``. Columns are never changed: a live change makes a new column, so that readers need
no lock.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SPARSE_BELOW = 0.25
"""Columns that fewer items than this state are kept sparse."""


def fold(text: str) -> str:
    """Return the form in which texts are compared: NFKC, case-folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Column:
    """What all columns share: their size, and where their entries stand."""

    kind = ""

    def __init__(self, size: int, rows: Ints | None) -> None:
        """Keep the number of items, and the sorted rows that have an entry (None: every item has one)."""
        self.size = size
        self.rows = rows

    def position(self, row: int) -> int:
        """Return where a row's entry stands; -1 when a sparse column has none."""
        if self.rows is None:
            return row
        # In the rows' own type: else all of them would be converted at each look.
        found = int(self.rows.searchsorted(self.rows.dtype.type(row)))
        return found if found < len(self.rows) and self.rows[found] == row else -1

    def places(self, rows: Longs) -> tuple[Longs, Bools] | None:
        """Return where some rows' entries stand, and which of them have one; None when every item has an entry."""
        if self.rows is None:
            return None
        if not len(self.rows):
            return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
        found = np.minimum(self.rows.searchsorted(np.asarray(rows, self.rows.dtype)), len(self.rows) - 1)
        return found, self.rows[found] == rows

    def spread(self, hits: Bools) -> Bools:
        """Turn a bool an entry into a bool an item; items without an entry get False."""
        if self.rows is None:
            return hits
        result = np.zeros(self.size, dtype=np.bool_)
        result[self.rows] = hits
        return result

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        raise NotImplementedError

    @cached_property
    def stated(self) -> Bools:
        """For each item whether it states a value."""
        return self.spread(self.says())

    @cached_property
    def count(self) -> int:
        """How many items state a value."""
        return int(np.count_nonzero(self.says()))

    def at(self, row: int) -> Any:
        """Return a row's value as a Python object, or None."""
        raise NotImplementedError

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        raise NotImplementedError


def _taken(column: Column, data: npt.NDArray[Any], rows: Longs, unstated: float) -> npt.NDArray[Any]:
    """Return the entries of some rows; ``unstated`` where a sparse column has none."""
    places = column.places(rows)
    if places is None:
        return data[rows]
    found, held = places
    return np.where(held, data[found] if len(data) else unstated, data.dtype.type(unstated)).astype(data.dtype)


def _spread(column: Column, data: npt.NDArray[Any], unstated: float) -> npt.NDArray[Any]:
    """Return one entry an item of a sparse column."""
    result = np.full(column.size, unstated, dtype=data.dtype)
    result[column.rows] = data
    return result


def _sparse(stated: Bools) -> Ints | None:
    """Return the stated rows when they are few enough to keep the column sparse, else None."""
    if np.count_nonzero(stated) >= SPARSE_BELOW * max(len(stated), 1):
        return None
    return np.flatnonzero(stated).astype(np.int32)


class NumberColumn(Column):
    """float64 numbers, NaN where an item does not say; dates are days since the epoch."""

    kind = "number"

    def __init__(self, size: int, rows: Ints | None, data: Floats) -> None:
        """Keep the entries."""
        super().__init__(size, rows)
        self.data = data

    @classmethod
    def of(cls, dense: Floats) -> NumberColumn:
        """Make a column of one number an item."""
        rows = _sparse(~np.isnan(dense))
        return cls(len(dense), rows, dense if rows is None else dense[rows])

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        return ~np.isnan(self.data)

    def dense(self) -> Floats:
        """Return one number an item; not to be written to."""
        return self.data if self.rows is None else _spread(self, self.data, np.nan)

    def take(self, rows: Longs) -> Floats:
        """Return the numbers of some rows."""
        return np.asarray(_taken(self, self.data, rows, np.nan), dtype=np.float64)

    def at(self, row: int) -> float | None:
        """Return a row's number, or None."""
        place = self.position(row)
        if place < 0:
            return None
        value = float(self.data[place])
        return None if value != value else value

    def changed(self, values: Mapping[int, float | None]) -> NumberColumn:
        """Return a copy with other numbers at some rows."""
        dense = self.dense().copy() if self.rows is None else self.dense()
        for row, value in values.items():
            dense[row] = np.nan if value is None else value
        return NumberColumn(self.size, None, dense)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        return {"data": self.data}


class FlagColumn(Column):
    """int8 booleans: 1, 0, or -1 where an item does not say."""

    kind = "flag"

    def __init__(self, size: int, rows: Ints | None, data: npt.NDArray[np.int8]) -> None:
        """Keep the entries."""
        super().__init__(size, rows)
        self.data = data

    @classmethod
    def of(cls, dense: npt.NDArray[np.int8]) -> FlagColumn:
        """Make a column of one flag an item."""
        rows = _sparse(dense >= 0)
        return cls(len(dense), rows, dense if rows is None else dense[rows])

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        return self.data >= 0

    def dense(self) -> npt.NDArray[np.int8]:
        """Return one flag an item; not to be written to."""
        return self.data if self.rows is None else _spread(self, self.data, -1)

    def numbers(self, rows: Longs | None = None) -> Floats:
        """Return 0, 1 or NaN an item (an item of some rows, where they are given)."""
        flags = self.dense() if rows is None else _taken(self, self.data, rows, -1)
        found = flags.astype(np.float64)
        found[found < 0] = np.nan
        return found

    def at(self, row: int) -> bool | None:
        """Return a row's flag, or None."""
        place = self.position(row)
        value = -1 if place < 0 else int(self.data[place])
        return None if value < 0 else bool(value)

    def changed(self, values: Mapping[int, bool | None]) -> FlagColumn:
        """Return a copy with other flags at some rows."""
        dense = self.dense().copy()
        for row, value in values.items():
            dense[row] = -1 if value is None else int(value)
        return FlagColumn(self.size, None, dense)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        return {"data": self.data}


class _Coded(Column):
    """A column whose entries point into a list of distinct texts."""

    def __init__(self, size: int, rows: Ints | None, data: Ints, values: Sequence[str]) -> None:
        """Keep the entries and the distinct texts."""
        super().__init__(size, rows)
        self.data = data
        self.values = list(values)

    @cached_property
    def folded(self) -> dict[str, list[int]]:
        """Folded text -> its codes."""
        index: dict[str, list[int]] = {}
        for code, value in enumerate(self.values):
            index.setdefault(fold(value), []).append(code)
        return index

    def table(self, wanted: Iterable[str], part: bool = False) -> Bools:
        """Return for each distinct text whether it is one of the wanted ones (``part``: contains one of them)."""
        table = np.zeros(len(self.values), dtype=np.bool_)
        for text in map(fold, wanted):
            if part and text:
                table[[code for key, codes in self.folded.items() if text in key for code in codes]] = True
            else:
                table[self.folded.get(text, [])] = True
        return table

    def hits(self, table: Bools) -> Bools:
        """Turn a bool a distinct text into a bool an item: does it have one of them?"""
        raise NotImplementedError

    @cached_property
    def counts(self) -> Ints:
        """How many items have each distinct text."""
        stated = self.data[self.data >= 0]
        return np.bincount(stated, minlength=len(self.values)).astype(np.int32)


class CodeColumn(_Coded):
    """One of few distinct texts an item, -1 where it does not say."""

    kind = "code"

    @classmethod
    def of(cls, dense: Ints, values: Sequence[str]) -> CodeColumn:
        """Make a column of one code an item."""
        rows = _sparse(dense >= 0)
        return cls(len(dense), rows, dense if rows is None else dense[rows], values)

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        return self.data >= 0

    def hits(self, table: Bools) -> Bools:
        """Turn a bool a distinct text into a bool an item."""
        # The extra last entry answers for code -1.
        return self.spread(np.append(table, False)[self.data])

    def dense(self) -> Ints:
        """Return one code an item; not to be written to."""
        return self.data if self.rows is None else _spread(self, self.data, -1)

    def take(self, rows: Longs) -> Ints:
        """Return the codes of some rows."""
        return np.asarray(_taken(self, self.data, rows, -1), dtype=np.int32)

    def at(self, row: int) -> str | None:
        """Return a row's text, or None."""
        place = self.position(row)
        code = -1 if place < 0 else int(self.data[place])
        return None if code < 0 else self.values[code]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        return {"data": self.data}


class ListColumn(_Coded):
    """Any number of distinct texts an item, in compressed rows: entry i has ``data[indptr[i]:indptr[i + 1]]``."""

    kind = "list"

    def __init__(self, size: int, rows: Ints | None, indptr: Ints, data: Ints, values: Sequence[str]) -> None:
        """Keep the compressed rows and the distinct texts."""
        super().__init__(size, rows, data, values)
        self.indptr = indptr

    @classmethod
    def of(cls, indptr: Ints, data: Ints, values: Sequence[str]) -> ListColumn:
        """Make a column of one (maybe empty) list an item."""
        size = len(indptr) - 1
        lengths = np.diff(indptr)
        rows = _sparse(lengths > 0)
        if rows is None:
            return cls(size, None, indptr, data, values)
        packed = np.concatenate(([0], np.cumsum(lengths[rows]))).astype(np.int32)
        return cls(size, rows, packed, data, values)

    @cached_property
    def _owner(self) -> Ints:
        """The entry that each element belongs to."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        return np.diff(self.indptr) > 0

    def hits(self, table: Bools) -> Bools:
        """Turn a bool a distinct text into a bool an item: does it list one of them?"""
        result = np.zeros(len(self.indptr) - 1, dtype=np.bool_)
        result[self._owner[table[self.data]]] = True
        return self.spread(result)

    def at(self, row: int) -> tuple[str, ...] | None:
        """Return a row's texts, or None."""
        place = self.position(row)
        if place < 0:
            return None
        codes = self.data[self.indptr[place] : self.indptr[place + 1]]
        return tuple(self.values[code] for code in codes.tolist()) or None

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        return {"indptr": self.indptr, "data": self.data}


class TextColumn(Column):
    """Free texts, packed as UTF-8: entry i is ``data[indptr[i]:indptr[i + 1]]``; empty where an item does not say."""

    kind = "text"

    def __init__(self, size: int, rows: Ints | None, indptr: Longs, data: npt.NDArray[np.uint8]) -> None:
        """Keep the packed texts."""
        super().__init__(size, rows)
        self.indptr = indptr
        self.data = data

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> TextColumn:
        """Pack one text (or None) an item."""
        packed = [(text or "").encode() for text in texts]
        lengths = np.fromiter(map(len, packed), dtype=np.int64, count=len(packed))
        rows = _sparse(lengths > 0)
        if rows is not None:
            lengths = lengths[rows]
        indptr = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths)))
        return cls(len(texts), rows, indptr, np.frombuffer(b"".join(packed), dtype=np.uint8))

    @cached_property
    def _haystack(self) -> tuple[str, Longs]:
        """All texts folded in one string, each between NULs, and where each one's leading NUL stands."""
        folded = [fold(text) for text in self.entries()]
        starts = np.cumsum([0] + [len(text) + 1 for text in folded[:-1]]) if folded else np.zeros(0)
        return "\0" + "\0".join(folded) + "\0", starts.astype(np.int64)

    def entries(self) -> list[str]:
        """Return every entry's text."""
        text, ends = self.data.tobytes(), self.indptr.tolist()
        return [text[start:end].decode() for start, end in itertools.pairwise(ends)]

    def _entry(self, place: int) -> str:
        return self.data[self.indptr[place] : self.indptr[place + 1]].tobytes().decode()

    def says(self) -> Bools:
        """Return for each entry whether it states a value."""
        return np.diff(self.indptr) > 0

    def hits(self, wanted: Iterable[str], part: bool = True) -> Bools:
        """Return for each item whether its text contains (or, without ``part``, is) one of the wanted texts."""
        haystack, starts = self._haystack
        result = np.zeros(len(self.indptr) - 1, dtype=np.bool_)
        for text in filter(None, (fold(word.replace("\0", "")) for word in wanted)):
            needle = text if part else f"\0{text}\0"
            found, at = [], haystack.find(needle)
            while at >= 0:
                found.append(at)
                # On to the next text: one hit is enough.
                at = haystack.find(needle, haystack.find("\0", at + len(text)))
            # A leading NUL belongs to the text that it opens.
            result[np.searchsorted(starts, found, side="right") - 1] = True
        return self.spread(result)

    def at(self, row: int) -> str | None:
        """Return a row's text, or None."""
        place = self.position(row)
        return None if place < 0 else self._entry(place) or None

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to save, by name."""
        return {"indptr": self.indptr, "data": self.data}
