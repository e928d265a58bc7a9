"""What channels sent and what is still to be sent there: kept until it is answered, so that a kill loses nothing.

A row is one message of a customer (or one thing to send without a message). It passes through three stations, each a
commit: it arrived; its answer is known (``posts``, as plain requests to the channel); each post is sent. Whoever starts
again goes on at the station that was reached. A message's id is kept after its answer, so that a repetition is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from storage.database import Database, Row

MIGRATIONS = (
    """
    CREATE TABLE arrivals (
        id INTEGER PRIMARY KEY, channel TEXT NOT NULL, message_id TEXT NOT NULL, conversation TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting', body TEXT NOT NULL, posts TEXT, sent INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, received REAL NOT NULL, incoming INTEGER NOT NULL,
        UNIQUE (channel, message_id)
    );
    CREATE INDEX arrivals_waiting ON arrivals (channel, conversation, id) WHERE state = 'waiting';
    CREATE INDEX arrivals_recent ON arrivals (channel, conversation, received);
    CREATE INDEX arrivals_received ON arrivals (received);
    CREATE TABLE addresses (
        channel TEXT NOT NULL, conversation TEXT NOT NULL, body TEXT NOT NULL, used REAL NOT NULL,
        PRIMARY KEY (channel, conversation)
    ) WITHOUT ROWID;
    """,
)

DAY = 86_400.0
_COLUMNS = "id, channel, message_id, conversation, body, posts, sent, attempts, received"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row that is not finished yet."""

    id: int
    channel: str
    message_id: str
    conversation: str
    body: Mapping[str, Any]
    """The inbound message as plain JSON; empty for what is only sent."""
    posts: tuple[Mapping[str, Any], ...] | None
    """The requests that answer it; None while it is not answered yet."""
    sent: int
    """How many of ``posts`` the channel has taken."""
    attempts: int
    received: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the queue is, for one conversation and for all."""

    recent: int
    """Messages of this conversation within the last minute."""
    waiting: int
    """Messages of all conversations that wait."""


class Arrivals:
    """The queue between channels and the assistant: one file, safe from any thread."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock
        self._kept: float | None = None
        self._pruned = 0.0

    def add(
        self,
        channel: str,
        message_id: str,
        conversation: str,
        body: Mapping[str, Any],
        address: Mapping[str, Any],
        *,
        done: bool = False,
    ) -> bool:
        """Keep a message and where its conversation is answered; tell whether it is new.

        One that is ``done`` only counts: it is answered elsewhere.
        """
        now, state = self._clock(), "done" if done else "waiting"
        if self._kept is not None and now - self._pruned > DAY:
            self.prune(self._kept)
        with self._database.transaction() as connection:
            if address:
                connection.execute(
                    "INSERT INTO addresses (channel, conversation, body, used) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET body = excluded.body, used = excluded.used",
                    (channel, conversation, _dumped(address), now),
                )
            row = (channel, message_id, conversation, state, _dumped(body), now, now)
            return bool(
                connection.execute(
                    "INSERT INTO arrivals (channel, message_id, conversation, state, body, due, received, incoming) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
                    row,
                ).rowcount
            )

    def send(self, channel: str, message_id: str, conversation: str, posts: Sequence[Mapping[str, Any]]) -> bool:
        """Queue what is to be sent to a conversation, once for each id; tell whether it is new."""
        now = self._clock()
        with self._database.transaction() as connection:
            row = (channel, message_id, conversation, _dumped(list(posts)), now, now)
            return bool(
                connection.execute(
                    "INSERT INTO arrivals (channel, message_id, conversation, body, posts, due, received, incoming) "
                    "VALUES (?, ?, ?, '{}', ?, ?, ?, 0) ON CONFLICT DO NOTHING",
                    row,
                ).rowcount
            )

    def known(self, channel: str, message_id: str) -> bool:
        """Tell whether a message arrived before."""
        sql = "SELECT 1 FROM arrivals WHERE channel = ? AND message_id = ?"
        return self._database.first(sql, (channel, message_id)) is not None

    def load(self, channel: str, conversation: str) -> Load:
        """Return how much came from a conversation lately, and how much waits in all."""
        since = self._clock() - 60.0
        recent = self._database.first(
            "SELECT count(*) FROM arrivals WHERE channel = ? AND conversation = ? AND received > ? AND incoming = 1",
            (channel, conversation, since),
        )
        waiting = self._database.first("SELECT count(*) FROM arrivals WHERE state = 'waiting'")
        return Load(int((recent or (0,))[0]), int((waiting or (0,))[0]))

    def ready(self, limit: int) -> tuple[Arrival, ...]:
        """Return rows that may be worked on now: of each conversation only the oldest that waits."""
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM arrivals WHERE state = 'waiting' AND due <= ? AND id IN "
            "(SELECT min(id) FROM arrivals WHERE state = 'waiting' GROUP BY channel, conversation) "
            "ORDER BY due LIMIT ?",
            (self._clock(), limit),
        )
        return tuple(_arrival(row) for row in rows)

    def next_due(self) -> float | None:
        """Return in how many seconds something that waits is due; None when nothing waits."""
        row = self._database.first(
            "SELECT min(due) FROM arrivals WHERE state = 'waiting' AND id IN "
            "(SELECT min(id) FROM arrivals WHERE state = 'waiting' GROUP BY channel, conversation)"
        )
        return None if row is None or row[0] is None else max(0.0, float(row[0]) - self._clock())

    def answered(self, row_id: int, posts: Sequence[Mapping[str, Any]]) -> None:
        """Keep the answer of a message, before anything of it is sent."""
        self._write("UPDATE arrivals SET posts = ?, attempts = 0 WHERE id = ?", (_dumped(list(posts)), row_id))

    def sent(self, row_id: int, count: int) -> None:
        """Remember that the first ``count`` posts were taken."""
        self._write("UPDATE arrivals SET sent = ?, attempts = 0 WHERE id = ?", (count, row_id))

    def postpone(self, row_id: int, seconds: float) -> None:
        """Try again in some seconds."""
        sql = "UPDATE arrivals SET attempts = attempts + 1, due = ? WHERE id = ?"
        self._write(sql, (self._clock() + seconds, row_id))

    def finish(self, row_id: int, *, failed: bool = False) -> None:
        """Close a row; its texts are forgotten, its id is kept against repetitions."""
        sql = "UPDATE arrivals SET state = ?, body = '{}', posts = NULL WHERE id = ?"
        self._write(sql, ("failed" if failed else "done", row_id))

    def address(self, channel: str, conversation: str) -> Mapping[str, Any] | None:
        """Return where a conversation is answered, as its last message said."""
        sql = "SELECT body FROM addresses WHERE channel = ? AND conversation = ?"
        row = self._database.first(sql, (channel, conversation))
        return None if row is None else orjson.loads(row[0])

    def prune(self, older_than: float) -> int:
        """Forget finished rows and addresses last used more than ``older_than`` seconds ago; return how many rows.

        A queue that is used does it again each day: a server may run for months.
        """
        self._kept, self._pruned = older_than, self._clock()
        limit = self._pruned - older_than
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM addresses WHERE used < ?", (limit,))
            sql = "DELETE FROM arrivals WHERE received < ? AND state != 'waiting'"
            return int(connection.execute(sql, (limit,)).rowcount)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, sql: str, parameters: Sequence[Any]) -> None:
        with self._database.transaction() as connection:
            connection.execute(sql, parameters)


def _dumped(value: Any) -> str:
    return orjson.dumps(value).decode()


def _arrival(row: Row) -> Arrival:
    posts = None if row[5] is None else tuple(orjson.loads(row[5]))
    return Arrival(row[0], row[1], row[2], row[3], orjson.loads(row[4]), posts, row[6], row[7], row[8])
