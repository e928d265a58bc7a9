"""kill -9 at the worst moments: nothing is lost, nothing is done or answered twice."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from core.settings import CHECKOUT
from tests.server.channels.kits import WebhookKit
from tests.server.channels.services import FakeService
from tests.server.serving import eventually, served
from tests.service_shop import service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KIT = WebhookKit()


class Server:
    """The real server as a process of its own, with the webhook on."""

    def __init__(self, shop: Path, data: Path, hooks: str) -> None:
        self.data = data
        channel = {f"FLOORWALKER_{name.upper()}": value for name, value in KIT.settings(hooks).items()}
        self.environment = {**os.environ, **channel}
        self.command = [sys.executable, "launch.py", "--shop", str(shop), "--data-dir", str(data), "--port", "0",
                        "--llm", "embedded"]  # fmt: skip
        self.log = data.parent / "log"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        if found is None:
            self.kill()
            raise AssertionError(said + self.log.read_text(encoding="utf-8"))
        self.url = found.group()

    def kill(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
            self.process.stdout.close()
            self.process = None

    def say(self, text: str, message_id: str, conversation: str = "c1") -> None:
        sent = KIT.message(text, conversation=conversation, message_id=message_id)
        response = httpx.post(f"{self.url}{sent.path}", content=sent.body, headers=sent.headers, timeout=20)
        assert response.status_code == 200

    def transcript(self) -> list[str]:
        (path,) = self.data.glob("conversations/*/sessions.db")
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT text FROM transcripts WHERE role = 'user' ORDER BY id").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def place(tmp_path: Path, data_folder: Callable[[Path], Path]) -> Iterator[tuple[Server, FakeService]]:
    data = data_folder(tmp_path / "data")
    fake = KIT.fake()
    with served(fake.app()) as hooks:
        server = Server(service(tmp_path / "shop"), data, hooks)
        try:
            server.start()
            yield server, fake
        finally:
            server.kill()


def ids(fake: FakeService) -> set[str]:
    return {call.headers["webhook-id"] for call in fake.calls}


def test_between_the_confirmed_write_and_its_answer(place):
    server, fake = place
    server.say("cancel order FW-1002, my e-mail is ann@example.com", "m1")
    assert eventually(lambda: len(fake.calls) == 1, 30)
    assert "Trail Trousers" in fake.calls[0].json["data"]["text"]
    fake.fail(503, Retry_After="2")
    server.say("yes", "m2")
    assert eventually(lambda: len(fake.refused) == 1, 30), "the order is cancelled, and nobody was told"
    server.kill()
    server.start()
    assert eventually(lambda: len(fake.calls) == 2, 30)
    assert fake.calls[1].headers["webhook-id"] == fake.refused[0].headers["webhook-id"]
    assert fake.calls[1].json["data"]["floorwalker"]["tool_calls"][0]["name"] == "confirm_changes"
    server.say("yes", "m2")
    server.say("where is order FW-1002?", "m3")
    assert eventually(lambda: len(fake.calls) == 3, 30)
    assert "cancelled" in fake.calls[2].json["data"]["text"].lower()
    assert server.transcript().count("yes") == 1


def test_with_many_messages_on_their_way(place):
    server, fake = place
    said = [(f"a jacket under ${100 + 10 * at}", f"m{at}", f"c{at % 5}") for at in range(20)]
    for text, message_id, conversation in said:
        server.say(text, message_id, conversation)
    server.kill()
    server.start()
    for text, message_id, conversation in said:  # as a service does that is not sure
        server.say(text, message_id, conversation)
    assert eventually(lambda: len(ids(fake)) == len(said), 60)
    assert sorted(server.transcript()) == sorted(text for text, _, _ in said)
    assert fake.faults == []
