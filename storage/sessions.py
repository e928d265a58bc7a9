"""Conversations between turns: state, transcript and the replies to retried requests, one transaction a turn."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from core.conversation import ConversationState
from core.entities import UserId
from core.events import Reply
from storage.database import Database

logger = logging.getLogger(__name__)

Stored = TypeVar("Stored")

STATE_FORMAT = 1
"""Grows when stored states or replies of earlier versions can no longer be read with the meaning they had."""

REPLY_SECONDS = 600.0
DAY = 86_400.0

MIGRATIONS = (
    """
    CREATE TABLE states (
        key TEXT PRIMARY KEY, format INTEGER NOT NULL, body TEXT NOT NULL, snapshot INTEGER NOT NULL,
        user_id TEXT, saved REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX states_user ON states (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX states_saved ON states (saved);
    CREATE TABLE transcripts (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, turn INTEGER NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,
        user_id TEXT, time REAL NOT NULL
    );
    CREATE INDEX transcripts_key ON transcripts (key);
    CREATE INDEX transcripts_user ON transcripts (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX transcripts_time ON transcripts (time);
    CREATE TABLE replies (
        retry_key TEXT PRIMARY KEY, format INTEGER NOT NULL, body TEXT NOT NULL, user_id TEXT, saved REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX replies_user ON replies (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX replies_saved ON replies (saved);
    """,
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of a transcript; role is ``user``, ``assistant`` or ``operator``."""

    role: str
    text: str
    turn: int = 0
    time: float = 0.0
    """Seconds since the epoch; set by the store."""


class SessionStore:
    """States by key. A session key is overwritten turn by turn; a snapshot key is written once and never changes."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock
        self._kept: float | None = None
        self._pruned = 0.0

    def load(self, key: str) -> ConversationState | None:
        """Return the state under a session or snapshot key; None when there is none that this version can read."""
        row = self._database.first("SELECT format, body FROM states WHERE key = ?", (key,))
        if row is None:
            return None
        return _parse(_states(), row[0], row[1], "state")

    def save(
        self,
        keys: Sequence[str],
        state: ConversationState,
        *,
        issued: bool,
        snapshots: Sequence[str] = (),
        transcript: Sequence[Utterance] = (),
        user_id: UserId | None = None,
        retry_key: str | None = None,
        reply: Reply | None = None,
    ) -> None:
        """Write one turn in one transaction: all of it or nothing.

        Args:
            keys: session keys; each now holds ``state`` (a snapshot stays what it is). The transcript goes under the
                first.
            state: the state after the turn.
            issued: whether the server issued the session or a channel verified it; only then are the identity and
                the desk's pending work kept.
            snapshots: history keys. An existing one stays as it is; identity and desk are never written there.
            transcript: what was said in this turn.
            user_id: whose conversation it is, for :meth:`delete_user`.
            retry_key: with ``reply``: what a repetition of this request will be answered with.
            reply: the answer of this turn.

        Raises:
            StorageError: the file cannot be written.
        """
        now = self._clock()
        public = _states().dump_json(without_identity(state)).decode()
        own = _states().dump_json(state).decode() if issued else public
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO states (key, format, body, snapshot, user_id, saved) VALUES (?, ?, ?, 0, ?, ?) "
                "ON CONFLICT DO UPDATE SET format = excluded.format, body = excluded.body, "
                # Who writes without knowing whose it is (an operator gives it back) does not make it nobody's.
                "user_id = coalesce(excluded.user_id, user_id), saved = excluded.saved WHERE snapshot = 0",
                [(key, STATE_FORMAT, own, user_id, now) for key in keys],
            )
            connection.executemany(
                "INSERT INTO states (key, format, body, snapshot, user_id, saved) VALUES (?, ?, ?, 1, ?, ?) "
                "ON CONFLICT DO NOTHING",
                [(key, STATE_FORMAT, public, user_id, now) for key in snapshots],
            )
            if keys:
                connection.executemany(
                    "INSERT INTO transcripts (key, turn, role, text, user_id, time) VALUES (?, ?, ?, ?, ?, ?)",
                    [(keys[0], state.turn, line.role, _storable(line.text), user_id, now) for line in transcript],
                )
            if retry_key is not None and reply is not None:
                self._put_reply(connection, retry_key, reply, user_id, now)
        if self._kept is not None and now - self._pruned > DAY:
            self.prune(self._kept)

    def transcript(self, key: str, limit: int = 200) -> tuple[Utterance, ...]:
        """Return the last lines said under a session key, oldest first."""
        rows = self._database.query(
            "SELECT role, text, turn, time FROM transcripts WHERE key = ? ORDER BY id DESC LIMIT ?", (key, limit)
        )
        return tuple(Utterance(*row) for row in reversed(rows))

    def find_reply(self, retry_key: str) -> Reply | None:
        """Return the answer that a retried request got, if it is younger than ten minutes."""
        row = self._database.first(
            "SELECT format, body FROM replies WHERE retry_key = ? AND saved >= ?",
            (retry_key, self._clock() - REPLY_SECONDS),
        )
        return None if row is None else _parse(_replies(), row[0], row[1], "reply")

    def save_reply(self, retry_key: str, reply: Reply, user_id: UserId | None = None) -> None:
        """Keep an answer for retries of its request; :meth:`save` does it in the turn's own transaction."""
        with self._database.transaction() as connection:
            self._put_reply(connection, retry_key, reply, user_id, self._clock())

    def prune(self, older_than: float) -> int:
        """Delete states and transcript lines last written more than ``older_than`` seconds ago; return how many.

        A store that is written to does it again each day: a server may run for months.
        """
        self._kept, self._pruned = older_than, self._clock()
        limit = self._pruned - older_than
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM replies WHERE saved < ?", (self._clock() - REPLY_SECONDS,))
            gone = connection.execute("DELETE FROM transcripts WHERE time < ?", (limit,)).rowcount
            return gone + connection.execute("DELETE FROM states WHERE saved < ?", (limit,)).rowcount

    def delete(self, key: str) -> None:
        """Forget one session: its state and transcript."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM states WHERE key = ?", (key,))
            connection.execute("DELETE FROM transcripts WHERE key = ?", (key,))

    def delete_user(self, user_id: UserId) -> int:
        """Delete everything stored of a user's conversations; return how many rows."""
        with self._database.transaction() as connection:
            return sum(
                connection.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,)).rowcount
                for table in ("states", "transcripts", "replies")
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _put_reply(
        self, connection: sqlite3.Connection, retry_key: str, reply: Reply, user_id: UserId | None, now: float
    ) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO replies (retry_key, format, body, user_id, saved) VALUES (?, ?, ?, ?, ?)",
            (retry_key, STATE_FORMAT, _replies().dump_json(reply).decode(), user_id, now),
        )
        connection.execute("DELETE FROM replies WHERE saved < ?", (now - REPLY_SECONDS,))


def without_identity(state: ConversationState) -> ConversationState:
    """Return the state as it may stand in history: no identity, nothing pending at the service desk."""
    if state.identity is None and not state.desk and state.awaiting != "confirmation":
        return state
    awaiting = None if state.awaiting == "confirmation" else state.awaiting
    return replace(state, identity=None, desk={}, awaiting=awaiting)


@cache
def _states() -> TypeAdapter[ConversationState]:
    return TypeAdapter(ConversationState)


@cache
def _replies() -> TypeAdapter[Reply]:
    return TypeAdapter(Reply)


def _storable(text: str) -> str:
    """Return a text without halves of characters, which a client can send in JSON and SQLite refuses."""
    return text.encode("utf-8", "replace").decode()


def _parse(adapter: TypeAdapter[Stored], stored_format: int, body: str, what: str) -> Stored | None:
    if stored_format != STATE_FORMAT:
        logger.warning(
            "a stored %s of format %d is discarded (this version reads %d)", what, stored_format, STATE_FORMAT
        )
        return None
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        logger.warning(
            "a stored %s cannot be read and is discarded: %s", what, error.errors(include_input=False)[0]["msg"]
        )
        return None
