"""Conversations that were handed to a person: who waits, since when, what was said between them, how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from storage.database import Database, Row

MIGRATIONS = (
    """
    CREATE TABLE handoffs (
        id INTEGER PRIMARY KEY, session_key TEXT NOT NULL, session_id TEXT NOT NULL, scope TEXT NOT NULL,
        issued INTEGER NOT NULL, channel TEXT NOT NULL, language TEXT NOT NULL, summary TEXT NOT NULL,
        why TEXT NOT NULL, details TEXT NOT NULL, user_id TEXT, state TEXT NOT NULL, outcome TEXT,
        opened REAL NOT NULL, taken REAL, closed REAL, touched REAL NOT NULL, announced REAL
    );
    CREATE UNIQUE INDEX handoffs_open ON handoffs (session_key) WHERE state != 'closed';
    CREATE INDEX handoffs_state ON handoffs (state, touched);
    CREATE INDEX handoffs_user ON handoffs (user_id) WHERE user_id IS NOT NULL;
    CREATE TABLE words (
        id INTEGER PRIMARY KEY AUTOINCREMENT, handoff INTEGER NOT NULL REFERENCES handoffs (id) ON DELETE CASCADE,
        session_key TEXT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL, time REAL NOT NULL,
        fetched INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX words_session ON words (session_key, id);
    """,
)

_COLUMNS = (
    "id, session_key, session_id, scope, issued, channel, language, summary, why, details, user_id, state, outcome, "
    "opened, taken, closed, touched, announced"
)
DAY = 86_400.0
OPEN, TAKEN, CLOSED = "open", "taken", "closed"


@dataclass(frozen=True, slots=True)
class Handoff:
    """One conversation with a person, from the assistant's last word to the end."""

    session_key: str
    """The private storage key of the session: where its transcript is found."""
    session_id: str
    scope: str
    issued: bool
    channel: str
    """``page``, ``api``, or a channel's name."""
    language: str
    summary: str
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: ``customer_id``, ``order_id``, ``tried``, ``waiting``."""
    user_id: str | None = None
    id: int = 0
    state: str = OPEN
    """``open`` (nobody answered yet), ``taken`` or ``closed``."""
    outcome: str | None = None
    """How it ended: ``returned`` to the assistant, or ``closed``."""
    opened: float = 0.0
    """Seconds since the epoch, like the other times."""
    taken: float | None = None
    closed: float | None = None
    touched: float = 0.0
    """When anything of it changed last."""
    announced: float | None = None
    """When the channel knew of it."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an operator said (role ``operator``), or the assistant when it came back (``assistant``)."""

    id: int
    role: str
    text: str
    time: float


class HandoffStore:
    """Hand-offs by session; at most one of a session is open."""

    def __init__(self, path: Path, *, keep_days: float = 30.0, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file; what nothing happened to for ``keep_days`` is deleted.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock
        self.folder = path.parent
        self._kept = keep_days * DAY
        self.prune(self._kept)

    def open(self, handoff: Handoff) -> int:
        """Keep a new hand-off; one that is open already gets the newer summary. Return its id."""
        now = self._clock()
        if now - self._pruned > DAY:  # a server may run for months
            self.prune(self._kept)
        details = orjson.dumps(dict(handoff.details), default=str).decode()
        with self._database.transaction() as connection:
            known = connection.execute(
                "SELECT id FROM handoffs WHERE session_key = ? AND state != 'closed'", (handoff.session_key,)
            ).fetchone()
            if known is not None:
                connection.execute(
                    "UPDATE handoffs SET summary = ?, why = ?, details = ?, touched = ? WHERE id = ?",
                    (_sound(handoff.summary), handoff.why, details, now, known[0]),
                )
                return int(known[0])
            cursor = connection.execute(
                "INSERT INTO handoffs (session_key, session_id, scope, issued, channel, language, summary, why, "
                "details, user_id, state, opened, touched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
                (
                    handoff.session_key, handoff.session_id, handoff.scope, int(handoff.issued), handoff.channel,
                    handoff.language, _sound(handoff.summary), handoff.why, details, handoff.user_id, now, now,
                ),
            )  # fmt: skip
            return int(cursor.lastrowid or 0)

    def get(self, handoff_id: int) -> Handoff | None:
        """Return a hand-off."""
        row = self._database.first(f"SELECT {_COLUMNS} FROM handoffs WHERE id = ?", (handoff_id,))
        return None if row is None else _handoff(row)

    def of_session(self, session_key: str) -> Handoff | None:
        """Return a session's hand-off that is not closed."""
        sql = f"SELECT {_COLUMNS} FROM handoffs WHERE session_key = ? AND state != 'closed'"
        row = self._database.first(sql, (session_key,))
        return None if row is None else _handoff(row)

    def listed(self, states: Sequence[str] = (OPEN, TAKEN), limit: int = 100) -> tuple[Handoff, ...]:
        """Return hand-offs in some states: those nobody has answered first, then by what changed last."""
        marks = ", ".join("?" for _ in states)
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM handoffs WHERE state IN ({marks}) "
            "ORDER BY state = 'closed', state = 'taken', touched DESC LIMIT ?",
            (*states, limit),
        )
        return tuple(_handoff(row) for row in rows)

    def announce(self, session_key: str) -> None:
        """Mark that the channel knows of a session's open hand-off."""
        sql = "UPDATE handoffs SET announced = coalesce(announced, ?) WHERE session_key = ? AND state != 'closed'"
        with self._database.transaction() as connection:
            connection.execute(sql, (self._clock(), session_key))

    def touch(self, session_key: str) -> None:
        """Mark that the customer wrote again."""
        sql = "UPDATE handoffs SET touched = ? WHERE session_key = ? AND state != 'closed'"
        with self._database.transaction() as connection:
            connection.execute(sql, (self._clock(), session_key))

    def say(self, handoff_id: int, text: str, role: str = "operator") -> Words | None:
        """Keep what a person (or the returning assistant) says; a person's words take the hand-off.

        Returns:
            What was kept; None when there is no such hand-off, or it is closed.
        """
        now = self._clock()
        with self._database.transaction() as connection:
            row = connection.execute("SELECT session_key, state FROM handoffs WHERE id = ?", (handoff_id,)).fetchone()
            if row is None or row[1] == CLOSED:
                return None
            text = _sound(text)
            cursor = connection.execute(
                "INSERT INTO words (handoff, session_key, role, text, time) VALUES (?, ?, ?, ?, ?)",
                (handoff_id, row[0], role, text, now),
            )
            if role == "operator":
                connection.execute(
                    "UPDATE handoffs SET state = 'taken', taken = coalesce(taken, ?), touched = ? WHERE id = ?",
                    (now, now, handoff_id),
                )
            return Words(int(cursor.lastrowid or 0), role, text, now)

    def close_handoff(self, handoff_id: int, outcome: str) -> bool:
        """End a hand-off; tell whether it was open."""
        now = self._clock()
        with self._database.transaction() as connection:
            sql = (
                "UPDATE handoffs SET state = 'closed', outcome = ?, closed = ?, touched = ? "
                "WHERE id = ? AND state != 'closed'"
            )
            return bool(connection.execute(sql, (outcome, now, now, handoff_id)).rowcount)

    def words(self, session_key: str, after: int = 0, limit: int = 200) -> tuple[Words, ...]:
        """Return what a person said in a session after some id, oldest first."""
        rows = self._database.query(
            "SELECT id, role, text, time FROM words WHERE session_key = ? AND id > ? ORDER BY id LIMIT ?",
            (session_key, after, limit),
        )
        return tuple(Words(*row) for row in rows)

    def fetch(self, session_key: str) -> tuple[Words, ...]:
        """Return what was said since the last fetch, and mark it as fetched: for channels that only ask."""
        with self._database.transaction() as connection:
            sql = "SELECT id, role, text, time FROM words WHERE session_key = ? AND fetched = 0 ORDER BY id"
            rows = connection.execute(sql, (session_key,)).fetchall()
            if rows:
                connection.execute(
                    "UPDATE words SET fetched = 1 WHERE session_key = ? AND id <= ?", (session_key, rows[-1][0])
                )
        return tuple(Words(*row) for row in rows)

    def prune(self, older_than: float) -> int:
        """Delete hand-offs that nothing happened to for ``older_than`` seconds; return how many."""
        self._pruned = self._clock()
        limit = self._pruned - older_than
        with self._database.transaction() as connection:
            return int(connection.execute("DELETE FROM handoffs WHERE touched < ?", (limit,)).rowcount)

    def delete_user(self, user_id: str) -> int:
        """Delete everything of a user; return how many hand-offs."""
        with self._database.transaction() as connection:
            return int(connection.execute("DELETE FROM handoffs WHERE user_id = ?", (user_id,)).rowcount)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _handoff(row: Row) -> Handoff:
    return Handoff(
        id=row[0], session_key=row[1], session_id=row[2], scope=row[3], issued=bool(row[4]), channel=row[5],
        language=row[6], summary=row[7], why=row[8], details=orjson.loads(row[9]), user_id=row[10], state=row[11],
        outcome=row[12], opened=row[13], taken=row[14], closed=row[15], touched=row[16], announced=row[17],
    )  # fmt: skip


def _sound(text: str) -> str:
    """Return a text that SQLite takes: halves of characters become question marks."""
    return text.encode("utf-8", "replace").decode()
