"""Opens exports: bounded in size, whatever their encoding, separator and line ends; one row at a time."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from core.errors import Problem, ShopError
from importers.records import Notes

LARGEST_FILE = 1024 * 1024 * 1024
LARGEST_WHOLE = 128 * 1024 * 1024
"""Of files that have to be read as one piece (JSON, HTML)."""
LONGEST_CELL = 200_000
LONGEST_FIELD = 8 * 1024 * 1024
"""Characters between two quotes before the quote counts as never closed."""
MOST_COLUMNS = 2000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def checked(path: Path, largest: int = LARGEST_FILE) -> Path:
    """Return a file that can be read.

    Raises:
        ShopError: it is missing, empty or too large.
    """
    if not path.is_file():
        raise fault(path, "not found, or no file")
    size = path.stat().st_size
    if not 0 < size <= largest:
        raise fault(path, "is empty" if not size else f"is larger than {largest // 1024 // 1024} MiB: split it")
    return path


def fault(path: Path, message: str, row: int | None = None) -> ShopError:
    """Return the error of a file that cannot be imported."""
    return ShopError([Problem(path.name, message, row)])


def encoding_of(path: Path, notes: Notes | None = None) -> str:
    """Return a text file's encoding: by its mark, UTF-8 where it is that, else what it most likely is."""
    with path.open("rb") as file:
        head = file.read(4)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        file.seek(0)
        if _decodes(file, "utf-8"):
            return "utf-8"
        file.seek(0)
        sample = file.read(1024 * 1024)
    chinese = sample.decode("gb18030", "replace")
    hanzi, broken = sum("\u4e00" <= char <= "\u9fff" for char in chinese), chinese.count("\ufffd")
    found = "gb18030" if hanzi > 4 * broken and hanzi * 8 > sum(byte > 127 for byte in sample) else "cp1252"
    if notes is not None:
        notes.add(f"the file is not UTF-8; it is read as {found}")
    return found


def rows(path: Path, notes: Notes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column) of a file with separators; columns in small letters, without outer spaces.

    Raises:
        ShopError: there is no header, or a quote is never closed.
    """
    encoding = encoding_of(checked(path), notes)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        csv.field_size_limit(LONGEST_FIELD)
        separator = _separator(file)
        reader = csv.reader(file, delimiter=separator)
        try:
            yield from _rows(reader, path, notes)
        except csv.Error as error:
            raise fault(path, f"cannot be read on: {error} (a quote that is never closed?)", reader.line_num) from error


def header(path: Path) -> list[str]:
    """Return the columns of a file with separators, as :func:`rows` names them."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        csv.field_size_limit(LONGEST_FIELD)
        first = next(csv.reader(io.StringIO(file.readline(LONGEST_FIELD)), delimiter=_separator(file)), [])
    return [column(name) for name in first]


def column(name: str) -> str:
    """Return a column's name as compared."""
    return " ".join(name.replace("\ufeff", "").split()).lower()


def whole_text(path: Path, notes: Notes) -> str:
    """Return a text file as one piece."""
    encoding = encoding_of(checked(path, LARGEST_WHOLE), notes)
    return path.read_text(encoding=encoding, errors="replace")


def whole_json(path: Path, notes: Notes) -> Any:
    """Return a JSON file.

    Raises:
        ShopError: it is no JSON.
    """
    try:
        return orjson.loads(whole_text(path, notes).lstrip("\ufeff"))
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}") from error


def _rows(reader: Any, path: Path, notes: Notes) -> Iterator[tuple[int, dict[str, str]]]:
    names = [column(name) for name in next(reader, [])]
    if not any(names) or len(names) > MOST_COLUMNS:
        raise fault(path, "has no header with the columns' names" if not any(names) else "has too many columns", 1)
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            notes.add("has more cells than the header; the last ones are left out", line)
        row: dict[str, str] = {}
        for name, cell in zip(names, cells, strict=False):
            if len(cell) > LONGEST_CELL:
                notes.add(f"is longer than {LONGEST_CELL:,} characters and is cut", line, name)
            text = cell[:LONGEST_CELL].replace("\x00", "").strip()
            if name and text and not row.get(name):
                row[name] = text
        yield line, row


def _separator(file: Any) -> str:
    """Return what separates the cells of the header line, and go back to the beginning."""
    first = file.readline(LONGEST_FIELD)
    file.seek(0)
    bare = re.sub(r'"[^"]*"', "", first)
    return max("\t,;|", key=bare.count)


def _decodes(file: Any, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(1024 * 1024):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def first_of(row: Mapping[str, str], *names: str) -> str:
    """Return the first of some columns that has a value, else an empty text."""
    return next((row[name] for name in names if row.get(name)), "")
