from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from server.app import create_app
from server.channels import sending
from tests.server.channels.assistant import ChannelAssistant
from tests.server.channels.kits import KITS, Kit, Sent
from tests.server.channels.services import Call, FakeService
from tests.server.serving import eventually, served

RASA_TOKEN = "rasa-token"


@dataclass
class Wired:
    """A served application, its assistant and the services that it calls."""

    url: str
    assistant: ChannelAssistant
    fakes: dict[str, FakeService]
    http: httpx.Client
    app: Any

    def deliver(self, sent: Sent) -> httpx.Response:
        return self.http.post(sent.path, content=sent.body, headers=sent.headers)

    def answered(self, kit: Kit, count: int, seconds: float = 5.0) -> list[Call]:
        """Wait until a service took some calls that show something; return all calls."""
        fake = self.fakes[kit.name]
        eventually(lambda: len(kit.shown(list(fake.calls))) >= count, seconds)
        return list(fake.calls)

    def quiet(self) -> bool:
        """Wait until nothing waits in the queue."""
        arrivals = self.app.state.switchboard.arrivals
        return eventually(lambda: arrivals._database.first("SELECT 1 FROM arrivals WHERE state = 'waiting'") is None)


@pytest.fixture
def wire(shop_folder: Path, tmp_path: Path, monkeypatch) -> Iterator[Callable[..., Wired]]:
    """Return a function that serves an assistant with every channel on; called again, it starts on the same data."""
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.05)
    stacks: list[ExitStack] = []
    fakes = {kit.name: kit.fake() for kit in KITS}
    with ExitStack() as services:
        urls = {name: services.enter_context(served(fake.app())) for name, fake in fakes.items()}

        def start(**changes: Any) -> Wired:
            while stacks:
                stacks.pop().close()
            stack = ExitStack()
            stacks.append(stack)
            on: dict[str, Any] = {"rasa_token": RASA_TOKEN}
            for kit in KITS:
                on |= kit.settings(urls[kit.name])
            settings = Settings(shop=shop_folder, data_dir=tmp_path, max_message=2000, **{**on, **changes})
            assistant = ChannelAssistant(shop_folder, tmp_path)
            app = create_app(assistant, settings, page=False)
            url = stack.enter_context(served(app))
            stack.callback(assistant.handoffs.close)
            http = stack.enter_context(httpx.Client(base_url=url, timeout=10))
            return Wired(url, assistant, fakes, http, app)

        yield start
        while stacks:
            stacks.pop().close()
    assert [fault for fake in fakes.values() for fault in fake.faults] == []


@pytest.fixture
def wired(wire) -> Wired:
    return wire()


@pytest.fixture
def now() -> float:
    return time.time()
