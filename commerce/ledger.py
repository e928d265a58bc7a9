"""What the desk did for each customer: changes, hand-offs, wishes to be told, and how satisfied they were."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from storage.database import Database

MIGRATIONS = (
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, kind TEXT NOT NULL, order_id TEXT,
        time REAL NOT NULL, data TEXT NOT NULL
    );
    CREATE INDEX entries_customer ON entries (customer_id, time);
    CREATE TABLE waiting (
        customer_id TEXT NOT NULL, item_id TEXT NOT NULL, time REAL NOT NULL, PRIMARY KEY (customer_id, item_id)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the desk did for a customer."""

    kind: str
    """A change's kind, ``handoff``, ``restock`` or ``satisfaction``."""
    order_id: str | None
    time: float
    """Seconds since the epoch."""
    data: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"kind": self.kind, "order_id": self.order_id, "time": self.time, **self.data}


class Ledger:
    """One SQLite file; adding the same key twice keeps one entry. Thread-safe."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock

    def add(self, key: str, customer_id: str, kind: str, order_id: str | None = None, **data: Any) -> None:
        """Keep an entry; ``key`` makes a repetition harmless."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO entries (key, customer_id, kind, order_id, time, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (key, customer_id, kind, order_id, self._clock(), orjson.dumps(data, default=str).decode()),
            )

    def of_customer(self, customer_id: str, limit: int = 10) -> tuple[Entry, ...]:
        """Return a customer's entries, newest first."""
        rows = self._database.query(
            "SELECT kind, order_id, time, data FROM entries WHERE customer_id = ? ORDER BY time DESC, id DESC LIMIT ?",
            (customer_id, limit),
        )
        return tuple(Entry(kind, order_id, when, orjson.loads(data)) for kind, order_id, when, data in rows)

    def wait_for(self, customer_id: str, item_id: str) -> bool:
        """Note that a customer wants to be told when an item is back; return whether that is new."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO waiting (customer_id, item_id, time) VALUES (?, ?, ?)",
                (customer_id, item_id, self._clock()),
            )
            return cursor.rowcount > 0

    def waiting(self, item_id: str) -> tuple[str, ...]:
        """Return who waits for an item, first come first."""
        rows = self._database.query("SELECT customer_id FROM waiting WHERE item_id = ? ORDER BY time", (item_id,))
        return tuple(row[0] for row in rows)

    def forget(self, customer_id: str) -> int:
        """Delete everything of a customer; return how much it was."""
        with self._database.transaction() as connection:
            count = connection.execute("DELETE FROM entries WHERE customer_id = ?", (customer_id,)).rowcount
            return count + connection.execute("DELETE FROM waiting WHERE customer_id = ?", (customer_id,)).rowcount

    def close(self) -> None:
        """Close the file."""
        self._database.close()
