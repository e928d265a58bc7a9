"""Saves a built catalogue and opens it again without reading the shop's files: one array file a number type, mapped.

``catalogue.json`` holds facets, category paths, distinct values and where each column's arrays lie in the array files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import TypeAdapter

from core.entities import Facet
from core.errors import IndexMismatch, IndexMissing
from core.shop import Shop
from retrieval.catalogue import Catalogue
from retrieval.columns import CodeColumn, Column, FlagColumn, ListColumn, NumberColumn, TextColumn

FORMAT = 1
"""Raised when the layout changes; another one is refused."""

_META = "catalogue.json"
_TYPES = ("float64", "int64", "int32", "int8", "uint8")
_FACETS = TypeAdapter(dict[str, Facet])


def save_catalogue(catalogue: Catalogue, folder: Path) -> None:
    """Write a catalogue, with its live changes, into a folder (made when missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    packer = _Packer()
    ids = TextColumn.of(catalogue.ids)
    columns = {name: packer.pack(column) for name, column in catalogue.snapshot.columns.items()}
    meta = {
        "format": FORMAT,
        "items": len(catalogue),
        "ids": packer.pack(ids),
        "columns": columns,
        "paths": catalogue.tree.paths,
        "facets": _FACETS.dump_python(dict(catalogue.facets), mode="json"),
    }
    packer.write(folder)
    (folder / _META).write_bytes(orjson.dumps(meta))


def open_catalogue(shop: Shop, folder: Path) -> Catalogue:
    """Open a saved catalogue; its arrays are mapped, not read.

    Args:
        shop: the shop's settings. Facets come from the folder: after a change of shop.yaml the catalogue must be
            built anew.
        folder: where ``save_catalogue`` wrote.

    Raises:
        IndexMissing: there is no complete catalogue in the folder.
        IndexMismatch: it was written in another format.
    """
    try:
        meta = orjson.loads((folder / _META).read_bytes())
        if meta["format"] != FORMAT:
            raise IndexMismatch(
                f"{folder} holds a catalogue of format {meta['format']}, not {FORMAT}: build the index anew"
            )
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in _TYPES
            if (folder / f"{name}.npy").exists()
        }
        size = meta["items"]
        ids = cast(TextColumn, _unpacked(meta["ids"], size, arrays))
        columns = {name: _unpacked(entry, size, arrays) for name, entry in meta["columns"].items()}
        facets = _FACETS.validate_python(meta["facets"])
        paths = [tuple(path) for path in meta["paths"]]
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise IndexMissing(f"{folder} holds no complete catalogue ({error}): build the index anew") from error
    return Catalogue(shop, facets, ids.entries(), columns, paths)


class _Packer:
    """Lays the columns' arrays end to end, one file a number type."""

    def __init__(self) -> None:
        self._parts: dict[str, list[npt.NDArray[Any]]] = {}
        self._ends: dict[str, int] = {}

    def pack(self, column: Column) -> dict[str, Any]:
        """Take over a column's arrays; returns what is needed to find them again."""
        arrays = column.arrays() if column.rows is None else {"rows": column.rows, **column.arrays()}
        entry: dict[str, Any] = {
            "kind": column.kind,
            "arrays": {name: self._place(each) for name, each in arrays.items()},
        }
        if isinstance(column, CodeColumn | ListColumn):
            entry["values"] = column.values
        return entry

    def _place(self, array: npt.NDArray[Any]) -> tuple[str, int, int]:
        kind = array.dtype.name
        start = self._ends.get(kind, 0)
        self._ends[kind] = start + len(array)
        self._parts.setdefault(kind, []).append(array)
        return kind, start, len(array)

    def write(self, folder: Path) -> None:
        """Write the array files."""
        for kind, parts in self._parts.items():
            np.save(folder / f"{kind}.npy", np.concatenate(parts), allow_pickle=False)


def _unpacked(entry: Mapping[str, Any], size: int, files: Mapping[str, npt.NDArray[Any]]) -> Column:
    """Make a column of its stretches of the array files.

    Raises:
        ValueError: a file is shorter than it should be, or the column's kind is unknown.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, (kind, start, length) in entry["arrays"].items():
        stretch = files[kind][start : start + length] if length else np.zeros(0, dtype=kind)
        if len(stretch) != length:
            raise ValueError(f"{kind}.npy is cut short")
        # A plain view of the map: np.memmap's own class makes every small slice slow.
        arrays[name] = stretch.view(np.ndarray)
    rows, data = arrays.get("rows"), arrays["data"]
    match entry["kind"]:
        case NumberColumn.kind:
            return NumberColumn(size, rows, data)
        case FlagColumn.kind:
            return FlagColumn(size, rows, data)
        case CodeColumn.kind:
            return CodeColumn(size, rows, data, entry["values"])
        case ListColumn.kind:
            return ListColumn(size, rows, arrays["indptr"], data, entry["values"])
        case TextColumn.kind:
            return TextColumn(size, rows, arrays["indptr"], data)
    raise ValueError(f"unknown kind of column {entry['kind']!r}")
