"""Reads CSV, JSON lines and Parquet into columns of text, keeping the line that each row stands on."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import orjson
import polars as pl

from retrieval.columns import Ints
from retrieval.findings import Findings

CHUNK = 20_000
"""Rows that are held as Python objects at a time."""

_CONTROL = r"[\x00-\x08\x0B-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069]"
"""Control characters, and those that turn the direction of writing: neither belongs in a text."""
_MISSING = ["", "null", "NULL", "NaN", "nan", "N/A", "n/a", "NA", "#N/A", "-", "--", "—"]


@dataclass(frozen=True)
class Table:
    """A file's columns, as texts or lists of texts (null: missing), and each row's line in the file."""

    frame: pl.DataFrame
    lines: Ints

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.frame.height

    def where(self, keep: pl.Series) -> Table:
        """Return only the rows that are marked."""
        return Table(self.frame.filter(keep), self.lines[keep.to_numpy()])


def read_table(path: Path, findings: Findings) -> Table:
    """Read a data file, by its suffix: .csv, .tsv, .jsonl, .ndjson (each also with .gz) or .parquet.

    Broken rows are left out and reported in ``findings``.

    Raises:
        ShopError: the file is missing, unreadable, of an unknown kind, not UTF-8, or has no header.
    """
    suffix = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    readers: Mapping[str, Callable[[Path, Findings], Table]] = {
        "csv": _read_csv,
        "tsv": _read_csv,
        "jsonl": _read_jsonl,
        "ndjson": _read_jsonl,
        "parquet": _read_parquet,
    }
    if suffix not in readers:
        findings.fatal("is of an unknown kind: use .csv, .jsonl (or either with .gz) or .parquet")
    if not path.is_file():
        findings.fatal("not found")
    try:
        table = readers[suffix](path, findings)
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError) as error:
        findings.fatal(f"cannot be read: {error}")
    return Table(_cleaned(table.frame), table.lines)


def complete(table: Table, needed: Sequence[str], findings: Findings) -> Table:
    """Leave out the rows that lack one of the needed columns' values."""
    for name in needed:
        missing = table.frame[name].is_null()
        for line in table.lines[missing.to_numpy()].tolist():
            findings.add("is missing; the row is left out", line, name)
        table = table.where(~missing)
    return table


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.name.endswith(".gz") else path.open("rb")


def _cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    """Strip control characters and outer white space from every text, and mark what is missing."""
    strip = [
        pl.col(name).str.replace_all(_CONTROL, "").str.strip_chars().replace(_MISSING, None)
        if kind == pl.String
        else pl.col(name).list.eval(pl.element().str.replace_all(_CONTROL, "").str.strip_chars())
        for name, kind in frame.schema.items()
    ]
    return frame.with_columns(strip)


# -- CSV --------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path, findings: Findings) -> Table:
    with _open(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            return _csv_rows(text, findings)
        except UnicodeDecodeError:
            pass
    findings.fatal("is not UTF-8: save it as UTF-8", row=_undecodable_line(path))


def _csv_rows(text: io.TextIOWrapper, findings: Findings) -> Table:
    header_line = text.readline()
    if not header_line.strip():
        findings.fatal("has no header", row=1)
    delimiter = max(",;\t", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter))
    chunks: list[pl.DataFrame] = []
    lines: list[int] = []
    rows: list[list[str]] = []
    keep = _distinct(header, findings)
    for line, row in _numbered(_Lines(text, 2), delimiter, len(header), findings):
        rows.append(row)
        lines.append(line)
        if len(rows) == CHUNK:
            chunks.append(_chunk(rows, keep))
            rows = []
    chunks.append(_chunk(rows, keep))
    return Table(pl.concat(chunks, rechunk=True), np.array(lines, dtype=np.int32))


class _Lines:
    """Hands out a text's lines, counts them, and takes back those that a broken row swallowed."""

    def __init__(self, text: Iterable[str], start: int) -> None:
        """Keep the lines and the number of the first."""
        self._lines = iter(text)
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self.next = start

    def __iter__(self) -> Iterator[str]:
        """Return the lines still to come."""
        return self

    def __next__(self) -> str:
        """Return the next line."""
        line = self._back.popleft() if self._back else next(self._lines)
        self._taken.append(line)
        self.next += 1
        return line

    def begin(self) -> int:
        """Start a row; returns its first line's number."""
        self._taken.clear()
        return self.next

    def retreat(self) -> None:
        """Give back all lines of the row but its first: a quote left open must not cost the rows after it."""
        self._back.extendleft(reversed(self._taken[1:]))
        self.next -= len(self._taken[1:])


def _numbered(lines: _Lines, delimiter: str, width: int, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that has as many fields as the header, with the line that it begins on."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.begin()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            findings.add(f"cannot be read ({error}); is a quote left open?", first, kind="cannot be read")
            lines.retreat()
            continue
        if len(row) == width:
            yield first, row
        elif row:
            kind = "has another number of fields than the header"
            findings.add(f"has {len(row)} fields where the header has {width}", first, kind=kind)
            lines.retreat()


def _distinct(header: list[str], findings: Findings) -> dict[int, str]:
    """Return the columns to keep: position -> name."""
    keep: dict[int, str] = {}
    for place, name in enumerate(name.strip() for name in header):
        if not name:
            findings.add(f"column {place + 1} has no name and is left out", 1)
        elif name in keep.values():
            findings.add("this column stands twice: the first one counts", 1, name)
        else:
            keep[place] = name
    return keep


def _chunk(rows: list[list[str]], keep: Mapping[int, str]) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True))
    return pl.DataFrame(
        {name: pl.Series(name, columns[place] if columns else [], dtype=pl.String) for place, name in keep.items()}
    )


def _undecodable_line(path: Path) -> int | None:
    with _open(path) as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


# -- JSON lines -------------------------------------------------------------------------------------------------------


def _read_jsonl(path: Path, findings: Findings) -> Table:
    chunks: list[pl.DataFrame] = []
    lines: list[int] = []
    rows: list[dict[str, Any]] = []
    with _open(path) as raw:
        for number, line in enumerate(raw, start=1):
            row = _json_object(line, number, findings)
            if row is None:
                continue
            rows.append(row)
            lines.append(number)
            if len(rows) == CHUNK:
                chunks.append(_frame(rows))
                rows = []
    chunks.append(_frame(rows))
    return Table(_stacked(chunks), np.array(lines, dtype=np.int32))


def _json_object(line: bytes, number: int, findings: Findings) -> dict[str, Any] | None:
    """Return a line's object with nested objects flattened (``size.width`` as ``size_width``), or None."""
    line = line.removeprefix(b"\xef\xbb\xbf").strip()
    if not line:
        return None
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        findings.add(f"is no JSON: {error}", number, kind="is no JSON")
        return None
    if not isinstance(row, dict):
        findings.add("is no JSON object", number)
        return None
    flat: dict[str, Any] = {}
    for key, value in row.items():
        inner = {f"{key}_{name}": each for name, each in value.items()} if isinstance(value, dict) else {key: value}
        flat.update(inner)
    return flat


def _frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    rows = list(rows)
    columns: dict[str, pl.Series] = {}
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(name) for row in rows]
        if any(isinstance(value, list) for value in values):
            columns[name] = pl.Series(name, [_texts(value) for value in values], dtype=pl.List(pl.String))
        else:
            columns[name] = pl.Series(name, [_text(value) for value in values], dtype=pl.String)
    return pl.DataFrame(columns)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else orjson.dumps(value).decode()


def _texts(value: Any) -> list[str] | None:
    if value is None:
        return None
    return [text for text in map(_text, value if isinstance(value, list) else [value]) if text]


def _stacked(chunks: list[pl.DataFrame]) -> pl.DataFrame:
    """Put chunks under each other; a column that holds lists in one of them holds lists in all."""
    lists = {name for chunk in chunks for name, kind in chunk.schema.items() if kind != pl.String}
    alike = [
        chunk.with_columns(
            pl.when(pl.col(name).is_not_null()).then(pl.concat_list(name)).alias(name)
            for name in chunk.columns
            if name in lists and chunk.schema[name] == pl.String
        )
        for chunk in chunks
    ]
    return pl.concat(alike, how="diagonal", rechunk=True)


# -- Parquet ----------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path, findings: Findings) -> Table:
    frame = pl.read_parquet(path)
    columns: list[pl.Series] = []
    for series in frame:
        kind = series.dtype
        if isinstance(kind, pl.List):
            columns.append(series.cast(pl.List(pl.String)))
        elif kind == pl.Boolean:
            columns.append(
                series.replace_strict([True, False], ["true", "false"], default=None, return_dtype=pl.String)
            )
        elif kind.is_nested() or kind in (pl.Binary, pl.Object):
            findings.add(f"holds {kind}, which is not understood; the column is left out", field=series.name)
        else:
            columns.append(series.cast(pl.String))
    return Table(pl.DataFrame(columns), np.arange(1, frame.height + 1, dtype=np.int32))
