"""One SQLite file: WAL, numbered migrations, atomic transactions, safe from any thread and beside other processes.

A file holds one connection behind a lock. Every statement of the project is short (a turn commits in well under a
millisecond), so a lock costs less than a connection per thread, and nothing leaks when worker threads come and go.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import StorageError

logger = logging.getLogger(__name__)

Row = tuple[Any, ...]


class Database:
    """A migrated SQLite file."""

    def __init__(self, path: Path, migrations: Sequence[str], *, busy_seconds: float = 10.0) -> None:
        """Open or make the file and bring it up to date.

        Args:
            path: the file; its folder is made when missing.
            migrations: SQL scripts in order; the first n have run when the file's ``user_version`` is n.
            busy_seconds: how long to wait for another process that is writing.

        Raises:
            StorageError: the folder cannot be written, the file is no database or was made by a newer version.
        """
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{path.parent}: cannot be made ({error.strerror}); choose another --data-dir"
            ) from error
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise StorageError(f"{path.parent}: is not writable; change its permissions or choose another --data-dir")
        with self._faults():
            self._connection = _connect(path, busy_seconds)
            try:
                self._migrate(migrations)
            except BaseException:  # whatever fails, the file is not left open
                self.close()
                raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a SELECT.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._lock, self._faults():
            return self._open().execute(sql, parameters).fetchall()

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a SELECT, or None."""
        with self._lock, self._faults():
            row: Row | None = self._open().execute(sql, parameters).fetchone()
            return row

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the writing lock; commit on leaving, roll back when the block raises. Nesting joins the outer one.

        Raises:
            StorageError: another process keeps the file locked, or the disk refuses.
        """
        with self._lock, self._faults():
            connection = self._open()
            if self._depth == 0:
                connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield connection
                if self._depth == 1:
                    connection.execute("COMMIT")
            except BaseException:  # an interrupt too rolls back
                if self._depth == 1 and connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Close the file; further use raises StorageError. Closing twice is fine."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"{self.path}: is closed")
        return self._connection

    def _migrate(self, migrations: Sequence[str]) -> None:
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(migrations):
                raise StorageError(
                    f"{self.path}: was made by a newer version of Floorwalker (format {version}, this one knows "
                    f"{len(migrations)}); update, or choose another --data-dir"
                )
            for number in range(version, len(migrations)):
                for statement in _statements(migrations[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number + 1}")
                logger.debug("%s: migration %d applied", self.path.name, number + 1)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a broken rule of the schema is a fault of the calling code, not of the disk
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{self.path}: {_explain(error)}") from error


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    _keep_private(path)
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL survives a killed process without loss, and a power cut without corruption.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:  # whatever fails, the file is not left open
        connection.close()
        raise
    return connection


def _keep_private(path: Path) -> None:
    """Conversations and orders: other users of the machine read none of it. SQLite's side files follow."""
    with suppress(OSError):  # what is wrong with a path, SQLite finds too
        if not path.is_dir():
            path.touch(mode=0o600)
            path.chmod(0o600)


def _statements(script: str) -> Iterator[str]:
    """Split a script: ``executescript`` would commit the migration's transaction before it starts."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""


def _explain(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return f"is no usable SQLite database ({text}); move it away to start afresh, or choose another --data-dir"
    if "locked" in text:
        return "is locked by another process; stop the other one, or choose another --data-dir"
    if "readonly" in text or "unable to open" in text:
        return f"cannot be written ({text}); change its permissions or choose another --data-dir"
    if "full" in text:
        return f"cannot grow ({text}); free some disk space"
    return text
