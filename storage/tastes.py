"""What users said of themselves: values of the shop's facets that they like or do not, until they take it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.entities import UserId
from storage.database import Database

MIGRATIONS = (
    """
    CREATE TABLE tastes (
        user_id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, likes INTEGER NOT NULL, time REAL NOT NULL,
        PRIMARY KEY (user_id, field, value)
    ) WITHOUT ROWID;
    """,
)


class Taste(NamedTuple):
    """A value that somebody said to like (or not to), in the catalogue's own spelling."""

    field: str
    value: str
    likes: bool


class TasteStore:
    """Stated tastes by user; what is said later of a value replaces what was said before. Thread-safe."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._clock = clock

    def put(self, user_id: UserId, taste: Taste) -> None:
        """Keep a taste.

        Raises:
            StorageError: the file cannot be written.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO tastes (user_id, field, value, likes, time) VALUES (?, ?, ?, ?, ?)",
                (user_id, taste.field, taste.value, int(taste.likes), self._clock()),
            )

    def of_user(self, user_id: UserId) -> tuple[Taste, ...]:
        """Return a user's tastes, oldest first."""
        rows = self._database.query(
            "SELECT field, value, likes FROM tastes WHERE user_id = ? ORDER BY time, field, value", (user_id,)
        )
        return tuple(Taste(field, value, bool(likes)) for field, value, likes in rows)

    def remove(self, user_id: UserId, field: str, value: str) -> bool:
        """Forget what was said of a value; tell whether anything was."""
        with self._database.transaction() as connection:
            gone = connection.execute(
                "DELETE FROM tastes WHERE user_id = ? AND field = ? AND value = ?", (user_id, field, value)
            )
            return gone.rowcount > 0

    def delete_user(self, user_id: UserId) -> int:
        """Delete all tastes of a user; return how many."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM tastes WHERE user_id = ?", (user_id,)).rowcount

    def close(self) -> None:
        """Close the file."""
        self._database.close()
