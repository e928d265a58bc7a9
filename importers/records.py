"""What every importer makes of an export: products, and notes on what was left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Problem

FacetValue = str | float | bool | list[str]

KEPT_NOTES = 200
"""Notes kept with their row; the rest is counted by kind."""


@dataclass(frozen=True, slots=True)
class Product:
    """One item of a shop-to-be; a variant is an item of its own."""

    id: str
    title: str
    description: str = ""
    price: float | None = None
    currency: str | None = None
    brand: str = ""
    category: tuple[str, ...] = ()
    """From the widest to the narrowest."""
    url: str | None = None
    images: tuple[str, ...] = ()
    """Web addresses, the main one first."""
    stock: int | None = None
    rating: float | None = None
    rating_count: int | None = None
    created_at: datetime | None = None
    group_id: str | None = None
    other_id: str | None = None
    """Taken when ``id`` is another product's already."""
    row: int | None = None
    """Where it stands in the file."""
    facets: dict[str, FacetValue] = field(default_factory=dict)


class Notes:
    """Collects what was left out: with file, row and field, and how often."""

    def __init__(self, file: str) -> None:
        """Note on one file."""
        self._file = file
        self.problems: list[Problem] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        """(field, what) -> how often."""
        self.rows_left_out = 0

    def add(self, message: str, row: int | None = None, field: str = "") -> None:
        """Note that a value was left out or changed."""
        self.counts[field, message] += 1
        if len(self.problems) < KEPT_NOTES:
            self.problems.append(Problem(self._file, message, row, field or None, fatal=False))

    def leave_out(self, message: str, row: int | None = None, field: str = "") -> None:
        """Note that a whole row was left out."""
        self.rows_left_out += 1
        self.add(f"{message}; the row is left out", row, field)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator says that the file does not."""

    name: str = ""
    currency: str | None = None
    site: str | None = None
    """The shop's web address, where an export has only the products' handles."""
