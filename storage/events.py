"""The event log: what users did, and what they were shown (turn, position, score parts, ranker version).

Learning and metrics read it: an impression says why an item stood where it stood, and with which probability the
ranker would have shown it (the propensity), so that clicks can later be weighed without the position's bias.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from core.entities import EventKind, Interaction, ItemId, UserId
from storage.database import Database, Row

MIGRATIONS = (
    """
    CREATE TABLE interactions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT, user_id TEXT NOT NULL, item_id TEXT NOT NULL,
        event TEXT NOT NULL, value REAL, time REAL NOT NULL, session_id TEXT, turn_id TEXT, position INTEGER
    );
    CREATE UNIQUE INDEX interactions_event ON interactions (user_id, event_id) WHERE event_id IS NOT NULL;
    CREATE INDEX interactions_user ON interactions (user_id, id);
    CREATE TABLE impressions (
        id INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL, session_id TEXT NOT NULL, user_id TEXT,
        item_id TEXT NOT NULL, position INTEGER NOT NULL, score REAL NOT NULL, parts TEXT NOT NULL,
        ranker TEXT NOT NULL, propensity REAL, time REAL NOT NULL
    );
    CREATE UNIQUE INDEX impressions_turn ON impressions (turn_id, position);
    CREATE INDEX impressions_user ON impressions (user_id) WHERE user_id IS NOT NULL;
    """,
)

_COLUMNS = "user_id, item_id, event, value, time, session_id, turn_id, position, event_id"


class Shown(NamedTuple):
    """One item of an answer, as given to :meth:`EventLog.impressions`; position counts from 1."""

    item_id: ItemId
    position: int
    score: float
    parts: Mapping[str, float]
    propensity: float | None = None
    """The chance that the ranker showed it there; None when the ranking was not randomised."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One item shown, as read back."""

    rowid: int
    turn_id: str
    session_id: str
    user_id: UserId | None
    item_id: ItemId
    position: int
    score: float
    ranker: str
    time: datetime
    parts: Mapping[str, float] = field(default_factory=dict)
    propensity: float | None = None


class EventLog:
    """An append-only log of interactions and impressions."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock

    def append(self, interactions: Sequence[Interaction]) -> int:
        """Write interactions in one transaction; return how many were new (see :meth:`add`)."""
        return len(self.add(interactions))

    def add(self, interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
        """Write interactions in one transaction and return those that were new, with their time.

        An ``event_id`` that the same user sent before is left alone, so that a client may send again.

        Raises:
            StorageError: the file cannot be written.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        new = []
        with self._database.transaction() as connection:
            for entry in interactions:
                row = (*_key(entry), _seconds(entry.time or now), *_place(entry))
                written = connection.execute(
                    f"INSERT INTO interactions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    row,
                )
                if written.rowcount:
                    new.append(_interaction(row))
        return tuple(new)

    def impressions(
        self, turn_id: str, session_id: str, user_id: UserId | None, shown: Sequence[Shown], ranker: str
    ) -> int:
        """Write what a turn showed; a repeated turn writes nothing. Return how many entries were new.

        Raises:
            StorageError: the file cannot be written.
        """
        now = self._clock()
        rows = [
            (turn_id, session_id, user_id, entry[0], entry[1], entry[2], orjson.dumps(dict(entry[3])).decode(), ranker,
             entry[4] if len(entry) > 4 else None, now)
            for entry in shown
        ]  # fmt: skip
        with self._database.transaction() as connection:
            return connection.executemany(
                "INSERT INTO impressions (turn_id, session_id, user_id, item_id, position, score, parts, "
                "ranker, propensity, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                rows,
            ).rowcount

    def of_user(self, user_id: UserId, limit: int = 10_000) -> tuple[Interaction, ...]:
        """Return a user's last interactions, oldest first."""
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM interactions WHERE user_id = ? ORDER BY id DESC LIMIT ?", (user_id, limit)
        )
        return tuple(_interaction(row) for row in reversed(rows))

    def since(self, rowid: int = 0, limit: int = 10_000) -> tuple[tuple[int, Interaction], ...]:
        """Return interactions written after a row, in writing order, each with its row id; page until empty."""
        rows = self._database.query(
            f"SELECT id, {_COLUMNS} FROM interactions WHERE id > ? ORDER BY id LIMIT ?", (rowid, limit)
        )
        return tuple((row[0], _interaction(row[1:])) for row in rows)

    def impressions_since(self, rowid: int = 0, limit: int = 10_000) -> tuple[Impression, ...]:
        """Return impressions written after a row, in writing order; page until empty."""
        rows = self._database.query(
            "SELECT id, turn_id, session_id, user_id, item_id, position, score, ranker, time, parts, propensity "
            "FROM impressions WHERE id > ? ORDER BY id LIMIT ?",
            (rowid, limit),
        )
        return tuple(_impression(row) for row in rows)

    def delete_user(self, user_id: UserId) -> int:
        """Delete everything logged of a user; return how many entries."""
        with self._database.transaction() as connection:
            return sum(
                connection.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,)).rowcount
                for table in ("interactions", "impressions")
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _seconds(moment: datetime) -> float:
    """Return seconds since the epoch; a time without a zone is taken as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _key(entry: Interaction) -> Row:
    return (entry.user_id, entry.item_id, entry.event.value, entry.value)


def _place(entry: Interaction) -> Row:
    return (entry.session_id, entry.turn_id, entry.position, entry.event_id)


def _interaction(row: Row) -> Interaction:
    user_id, item_id, event, value, seconds, *place = row
    moment = datetime.fromtimestamp(seconds, UTC)
    return Interaction(user_id, item_id, EventKind(event), value, moment, *place)


def _impression(row: Row) -> Impression:
    *known, seconds, parts, propensity = row
    rowid, turn_id, session_id, user_id, item_id, position, score, ranker = known
    moment = datetime.fromtimestamp(seconds, UTC)
    return Impression(
        rowid, turn_id, session_id, user_id, item_id, position, score, ranker, moment, orjson.loads(parts), propensity
    )
