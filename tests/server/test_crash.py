"""The real server is killed around the moment of a committed confirmation; the request is sent again after a restart.

No hook in the product: the test times the kill by the databases. It holds the writing lock of the file that the turn
has to write next, so that the server stands exactly between two commits. It sees the first in the other file: now.
"""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import CHECKOUT
from tests.service_shop import service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FIRST = "cancel order FW-1002. My e-mail is ann@example.com"


class Server:
    """``launch.py serve`` in a process of its own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.log = (base / "log").open("a+", encoding="utf-8")
        command = [sys.executable, "launch.py", "--shop", str(base / "shop"), "--data-dir", str(base / "data"),
                   "--port", "0", "--no-watch"]  # fmt: skip
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, (base / "log").read_text(encoding="utf-8")
        self.url = found.group()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()

    def say(self, text: str, session: str = "", key: str = "") -> httpx.Response:
        named = {"X-Session-Id": session, "Idempotency-Key": key}
        headers = {name: value for name, value in named.items() if value}
        body = {"messages": [{"role": "user", "content": text}]}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=headers, timeout=60)

    def file(self, pattern: str) -> Path:
        (found,) = (self.base / "data").glob(pattern)
        return found


@pytest.fixture
def base(tmp_path: Path, data_folder: Callable[[Path], Path]) -> Path:
    service(tmp_path / "shop")
    data_folder(tmp_path / "data")
    return tmp_path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the writing lock of an SQLite file: whoever writes there waits."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def read(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return [row[0] for row in connection.execute(sql)]


def until(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.001)


def asked_in_the_background(server: Server, session: str) -> list[Any]:
    """Send the yes from a thread of its own; return where its outcome will stand."""
    outcome: list[Any] = []

    def send() -> None:
        try:
            outcome.append(server.say("yes", session, "the-yes").status_code)
        except httpx.HTTPError as error:
            outcome.append(error)

    threading.Thread(target=send, daemon=True).start()
    return outcome


def opened(server: Server) -> str:
    """Bring a conversation to the point where a yes is awaited; return its session."""
    response = server.say(FIRST).json()
    session: str = response["floorwalker"]["session_id"]
    text = response["choices"][0]["message"]["content"]
    assert "FW-1002" in text
    assert read(server.file("desk/*/orders.db"), "SELECT count(*) FROM receipts") == [0]
    return session


def check_done_once(server: Server, session: str) -> None:
    """Send the same request again, twice: it was done, once, and the customer is told."""
    orders = server.file("desk/*/orders.db")
    answers = [server.say("yes", session, "the-yes").json() for _ in range(2)]
    texts = [answer["choices"][0]["message"]["content"] for answer in answers]
    assert texts[0] == texts[1], "the retried request has one answer"
    assert answers[0]["floorwalker"]["turn_id"] == answers[1]["floorwalker"]["turn_id"]
    assert answers[0]["floorwalker"]["intent"] == "confirm"
    assert read(orders, "SELECT count(*) FROM receipts") == [1]
    body = "FROM orders WHERE order_key = 'FW-1002'"
    assert read(orders, f"SELECT json_extract(body, '$.version') {body}") == [1]
    assert read(orders, f"SELECT json_extract(body, '$.status') {body}") == ["cancelled"]
    moved = read(orders, f"SELECT json_extract(body, '$.payments') {body}")[0]
    assert moved.count('"refund"') == 1, "the money goes back once"
    later = server.say("where is my order FW-1002?", session).json()["choices"][0]["message"]["content"]
    assert "cancelled" in later
    assert read(server.file("conversations/*/sessions.db"), SAID).count("yes") == 1


SAID = "SELECT text FROM transcripts WHERE role = 'user' ORDER BY id"


def test_killed_between_the_committed_confirmation_and_the_reply(base: Path):
    server = Server(base)
    try:
        session = opened(server)
        orders, sessions = server.file("desk/*/orders.db"), server.file("conversations/*/sessions.db")
        with held(sessions):  # the turn cannot be stored, and so not be answered
            outcome = asked_in_the_background(server, session)
            until(lambda: read(orders, "SELECT count(*) FROM receipts") == [1])
            assert outcome == []
            server.kill()
        until(lambda: outcome)
        assert isinstance(outcome[0], httpx.HTTPError), "the customer got no answer"
        assert read(sessions, SAID) == [FIRST]
        server.close()
        server = Server(base)
        check_done_once(server, session)
    finally:
        server.close()


def test_killed_before_the_confirmation_was_committed(base: Path):
    server = Server(base)
    try:
        session = opened(server)
        orders = server.file("desk/*/orders.db")
        with held(orders):
            outcome = asked_in_the_background(server, session)
            time.sleep(0.5)
            assert outcome == []
            server.kill()
        assert read(orders, "SELECT count(*) FROM receipts") == [0]
        server.close()
        server = Server(base)
        check_done_once(server, session)
    finally:
        server.close()


def test_killed_after_the_reply_was_stored_and_before_it_was_read(base: Path):
    server = Server(base)
    try:
        session = opened(server)
        sessions = server.file("conversations/*/sessions.db")
        asked_in_the_background(server, session)
        until(lambda: read(sessions, SAID)[-1] == "yes")
        server.kill()
        server.close()
        server = Server(base)
        check_done_once(server, session)
    finally:
        server.close()
