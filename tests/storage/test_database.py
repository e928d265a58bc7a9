from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import StorageError
from storage.database import Database

NOTES = ("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",)
ROOT = Path(__file__).resolve().parents[2]


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a" / "notes.db"
    Database(path, NOTES).close()
    more = (*NOTES, "ALTER TABLE notes ADD COLUMN colour TEXT DEFAULT 'a;b'; CREATE INDEX n ON notes (text);")
    database = Database(path, more)
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('x')")
    assert database.query("SELECT text, colour FROM notes") == [("x", "a;b")]
    database.close()
    with pytest.raises(StorageError, match="newer version"):
        Database(path, NOTES)


def test_failed_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    Database(path, NOTES).close()
    with pytest.raises(StorageError):
        Database(path, (*NOTES, "CREATE TABLE other (id); CREATE TABLE notes (id)"))
    database = Database(path, NOTES)
    assert database.first("SELECT count(*) FROM sqlite_master WHERE name = 'other'") == (0,)
    database.close()


def test_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", NOTES)

    def write_and_fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('outer')")
            with database.transaction() as inner:
                inner.execute("INSERT INTO notes (text) VALUES ('inner')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert database.query("SELECT * FROM notes") == []
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (NULL)")
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('after')")
    assert database.query("SELECT text FROM notes") == [("after",)]
    database.close()


def test_threads_write_side_by_side(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", NOTES)

    def write() -> None:
        for _ in range(50):
            with database.transaction() as connection:
                (count,) = connection.execute("SELECT count(*) FROM notes").fetchone()
                connection.execute("INSERT INTO notes (text) VALUES (?)", (str(count),))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(int(row[0]) for row in database.query("SELECT text FROM notes"))
    assert numbers == list(range(400))
    database.close()


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"notes\.db.*(--data-dir)"):
        Database(path, NOTES)


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="--data-dir"):
        Database(blocked / "notes.db", NOTES)
    (tmp_path / "notes.db").mkdir()
    with pytest.raises(StorageError, match="--data-dir"):
        Database(tmp_path / "notes.db", NOTES)


def test_locked_by_another_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", NOTES, busy_seconds=0.05)
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"), database.transaction():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('now')")
    database.close()


def test_use_after_close(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", NOTES)
    database.close()
    database.close()
    with pytest.raises(StorageError, match="closed"):
        database.query("SELECT 1")


WRITER = """
import sys
from pathlib import Path
from storage.database import Database
database = Database(Path(sys.argv[1]), (sys.argv[2],))
number = 0
while True:
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (f"{number} a",))
        connection.execute("INSERT INTO notes (text) VALUES (?)", (f"{number} b",))
    print(number, flush=True)
    number += 1
"""


def test_killed_process_loses_no_commit_and_keeps_no_half(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    command = [sys.executable, "-c", WRITER, str(path), NOTES[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().split()]
    database = Database(path, NOTES)
    texts = {row[0] for row in database.query("SELECT text FROM notes")}
    database.close()
    whole = {text.split()[0] for text in texts}
    assert texts == {f"{number} {half}" for number in whole for half in "ab"}
    assert {str(number) for number in told} <= whole


def test_nobody_else_on_the_machine_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "private.db"
    path.touch(mode=0o644)
    database = Database(path, ("CREATE TABLE t (x TEXT);",))
    with database.transaction() as connection:
        connection.execute("INSERT INTO t VALUES ('x')")
    found = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()}
    assert found == {"private.db": 0, "private.db-wal": 0, "private.db-shm": 0}
    database.close()
