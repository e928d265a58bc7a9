"""Collects what is wrong with a data file, with row and field, without drowning the reader."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from core.errors import Problem, ShopError

MOST = 20
"""Problems of one kind and field that are listed one by one; the others are counted."""


class Findings:
    """The problems of one file. Those found row by row are not fatal: the row or the field is left out."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.file = path.name
        self._problems: list[Problem] = []
        self._more: dict[tuple[str | None, str], int] = {}
        self._seen: dict[tuple[str | None, str], int] = {}

    def add(self, message: str, row: int | None = None, field: str | None = None, kind: str | None = None) -> None:
        """Add a problem that is skipped; ``kind`` groups those that differ in their wording only."""
        key = (field, kind or message)
        self._seen[key] = self._seen.get(key, 0) + 1
        if self._seen[key] <= MOST:
            self._problems.append(Problem(self.file, message, row, field, fatal=False))
        else:
            self._more[key] = self._more.get(key, 0) + 1

    def add_all(self, entries: Iterable[tuple[int, Any]], message: str, field: str | None = None) -> None:
        """Add a problem for each (row, value); the message says what is expected."""
        for row, value in entries:
            text = str(value)
            shown = repr(text if len(text) <= 60 else text[:57] + "...")
            self.add(f"{message}, not {shown}", int(row), field, kind=message)

    def fatal(self, message: str, row: int | None = None, field: str | None = None) -> NoReturn:
        """Give up on the file.

        Raises:
            ShopError: always, with this problem last.
        """
        raise ShopError([*self.problems, Problem(self.file, message, row, field)])

    @property
    def problems(self) -> list[Problem]:
        """Everything found so far, in order; what was not listed is counted at the end."""
        counted = [
            Problem(self.file, f"{kind}: {count} more rows", None, field, fatal=False)
            for (field, kind), count in self._more.items()
        ]
        return [*self._problems, *counted]
