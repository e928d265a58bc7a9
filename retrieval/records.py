"""Reads what refers to items: interactions, reviews and relations. Unknown items are counted, not fatal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from core.entities import EventKind
from core.errors import Problem
from core.ports import Progress
from core.shop import Shop
from retrieval.catalogue import Catalogue
from retrieval.columns import Floats, Ints
from retrieval.findings import Findings
from retrieval.inference import field_name
from retrieval.parsing import parse_numbers, parse_times
from retrieval.tables import Table, complete, read_table

KINDS: tuple[EventKind, ...] = tuple(EventKind)
"""Event kinds by their code in ``Interactions.events``."""

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user", "customer_id", "customer"),
    "item_id": ("item", "product_id", "product"),
    "event": ("event_type", "action"),
    "time": ("timestamp", "date", "created_at"),
    "value": ("rating", "score", "quantity"),
    "review_id": ("id",),
    "text": ("review", "comment", "body"),
    "rating": ("stars", "score"),
    "related_id": ("target_id", "target", "related"),
    "relation": ("type", "kind"),
}


@dataclass(frozen=True)
class Interactions:
    """Parallel columns, in the file's order."""

    users: list[str]
    rows: Ints
    """The item's row in the catalogue."""
    events: npt.NDArray[np.int8]
    """Codes into ``KINDS``."""
    values: Floats
    """NaN where unknown."""
    times: Floats
    """Seconds since the epoch; NaN where unknown."""

    def __len__(self) -> int:
        """Return the number of interactions."""
        return len(self.users)

    @property
    def kinds(self) -> list[EventKind]:
        """The kind of each interaction."""
        return [KINDS[code] for code in self.events.tolist()]


@dataclass(frozen=True)
class Relations:
    """Parallel columns: ``subjects[k]`` is ``relations[k]`` of ``objects[k]``; items as rows of the catalogue."""

    subjects: Ints
    relations: list[str]
    objects: Ints

    def __len__(self) -> int:
        """Return the number of relations."""
        return len(self.relations)


@dataclass(frozen=True, slots=True)
class Review:
    """What one user wrote of one item."""

    id: str
    item_id: str
    text: str
    rating: float | None = None
    user_id: str | None = None
    language: str | None = None
    time: float | None = None
    """Seconds since the epoch."""


def _read(path: Path, findings: Findings, needed: tuple[str, ...]) -> Table:
    """Read a file with its columns under their usual names; rows that lack a needed field are left out.

    Raises:
        ShopError: the file cannot be read or a needed column is absent.
    """
    table = read_table(path, findings)
    names: dict[str, str] = {}
    for header in table.frame.columns:
        name = field_name(header)[0]
        if name not in names:
            names[name] = header
    for usual, others in _ALIASES.items():
        alias = next((other for other in others if other in names), None)
        if usual not in names and alias and alias not in needed:
            names[usual] = names[alias]
    for name in needed:
        if name not in names:
            findings.fatal(f"there is no such column among: {', '.join(table.frame.columns[:20])}", 1, name)
    table = Table(table.frame.select(pl.col(header).alias(name) for name, header in names.items()), table.lines)
    return complete(table, needed, findings)


def _known(table: Table, name: str, catalogue: Catalogue, findings: Findings) -> tuple[Table, Ints]:
    """Keep the rows whose item the catalogue has; returns their items' rows too. One problem counts the others."""
    ids = pl.Series(catalogue.ids, dtype=pl.String)
    numbers = pl.Series(np.arange(len(ids), dtype=np.int32))
    rows = table.frame[name].replace_strict(ids, numbers, default=None, return_dtype=pl.Int32)
    unknown = rows.is_null()
    if unknown.any():
        examples = ", ".join(map(repr, table.frame[name].filter(unknown).unique(maintain_order=True).head(3)))
        first = int(table.lines[unknown.to_numpy()][0])
        count = int(unknown.sum())
        findings.add(
            f"{count} rows speak of items that the catalogue does not have ({examples}); left out", first, name
        )
    return table.where(~unknown), rows.drop_nulls().to_numpy().astype(np.int32)


def _numbers(table: Table, name: str, findings: Findings, message: str) -> Floats:
    if name not in table.frame.columns:
        return np.full(len(table), np.nan)
    texts = table.frame[name]
    if name == "time":
        values, bad = parse_times(texts)
    else:
        numbers = parse_numbers(texts)
        values, bad = numbers.values, numbers.bad
    rows = np.flatnonzero(bad)
    findings.add_all(zip(table.lines[rows].tolist(), texts.gather(rows).to_list(), strict=True), message, name)
    return values


def _events(table: Table, findings: Findings) -> tuple[Table, npt.NDArray[np.int8]]:
    """Keep the rows whose event is known; without an event column, rated rows are ratings and others purchases."""
    if "event" not in table.frame.columns:
        rated = "value" in table.frame.columns
        code = KINDS.index(EventKind.RATING if rated else EventKind.PURCHASE)
        return table, np.full(len(table), code, dtype=np.int8)
    names = [kind.value for kind in KINDS]
    folded = table.frame["event"].str.to_lowercase().fill_null("")
    codes = folded.replace_strict(names, list(range(len(names))), default=None, return_dtype=pl.Int8)
    unknown = codes.is_null()
    texts = table.frame["event"].filter(unknown).to_list()
    message = f"must be one of {', '.join(names)}"
    findings.add_all(zip(table.lines[unknown.to_numpy()].tolist(), texts, strict=True), message, "event")
    return table.where(~unknown), codes.drop_nulls().to_numpy().astype(np.int8)


def read_interactions(
    shop: Shop, catalogue: Catalogue, progress: Progress | None = None
) -> tuple[Interactions, list[Problem]]:
    """Read the shop's interactions (none when there is no file), and what was left out.

    Raises:
        ShopError: the file cannot be read, or lacks the columns user_id and item_id.
    """
    path = shop.file("interactions")
    if path is None:
        nothing = np.zeros(0)
        return Interactions([], nothing.astype(np.int32), nothing.astype(np.int8), nothing, nothing), []
    if progress:
        progress("reading interactions", 0, 1)
    findings = Findings(path)
    table, rows = _known(_read(path, findings, ("user_id", "item_id")), "item_id", catalogue, findings)
    fine, events = _events(table, findings)
    if len(fine) < len(table):
        rows, table = rows[np.isin(table.lines, fine.lines)], fine
    values = _numbers(table, "value", findings, "must be a number")
    times = _numbers(table, "time", findings, "must be an ISO time or seconds since 1970")
    if progress:
        progress("reading interactions", 1, 1)
    return Interactions(table.frame["user_id"].to_list(), rows, events, values, times), findings.problems


def read_reviews(
    shop: Shop, catalogue: Catalogue, progress: Progress | None = None
) -> tuple[list[Review], list[Problem]]:
    """Read the shop's reviews (none when there is no file), and what was left out.

    Raises:
        ShopError: the file cannot be read, or lacks the columns item_id and text.
    """
    path = shop.file("reviews")
    if path is None:
        return [], []
    if progress:
        progress("reading reviews", 0, 1)
    findings = Findings(path)
    table, rows = _known(_read(path, findings, ("item_id", "text")), "item_id", catalogue, findings)
    ratings = _numbers(table, "rating", findings, "must be a number")
    times = _numbers(table, "time", findings, "must be an ISO time or seconds since 1970")
    blank: list[str | None] = [None] * len(table)
    frame = table.frame
    ids, users, languages = (
        frame[name].to_list() if name in frame.columns else blank for name in ("review_id", "user_id", "language")
    )
    texts = frame["text"].to_list()
    reviews: dict[str, Review] = {}
    for place, row in enumerate(rows.tolist()):
        line = int(table.lines[place])
        key = ids[place] or f"r{line}"
        if key in reviews:
            findings.add(f"{key!r} stood before; the first one counts", line, "review_id", kind="stood before")
            continue
        rating, time = float(ratings[place]), float(times[place])
        reviews[key] = Review(
            id=key,
            item_id=catalogue.ids[row],
            text=texts[place],
            rating=None if rating != rating else rating,
            user_id=users[place],
            language=languages[place],
            time=None if time != time else time,
        )
    if progress:
        progress("reading reviews", 1, 1)
    return list(reviews.values()), findings.problems


def read_relations(
    shop: Shop, catalogue: Catalogue, progress: Progress | None = None
) -> tuple[Relations, list[Problem]]:
    """Read the shop's relations between items (none when there is no file), and what was left out.

    Raises:
        ShopError: the file cannot be read, or lacks the columns item_id, relation and related_id.
    """
    path = shop.file("relations")
    if path is None:
        nothing = np.zeros(0, dtype=np.int32)
        return Relations(nothing, [], nothing), []
    if progress:
        progress("reading relations", 0, 1)
    findings = Findings(path)
    table = _read(path, findings, ("item_id", "relation", "related_id"))
    table, _ = _known(table, "item_id", catalogue, findings)
    table, objects = _known(table, "related_id", catalogue, findings)
    subjects = np.array([catalogue.row(item_id) for item_id in table.frame["item_id"].to_list()], dtype=np.int32)
    if progress:
        progress("reading relations", 1, 1)
    return Relations(subjects, table.frame["relation"].to_list(), objects), findings.problems
