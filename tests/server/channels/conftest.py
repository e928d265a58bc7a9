from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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

    def reset(self) -> None:
        """Forget everything, so that one server does for many tests."""
        assert self.quiet()
        switchboard = self.app.state.switchboard
        with switchboard.arrivals._database.transaction() as connection:
            connection.execute("DELETE FROM arrivals")
            connection.execute("DELETE FROM addresses")
        with self.assistant.handoffs._database.transaction() as connection:
            connection.execute("DELETE FROM handoffs")
        self.assistant.reset()
        for fake in self.fakes.values():
            fake.clear()


@pytest.fixture(scope="session")
def services() -> Iterator[dict[str, tuple[str, FakeService]]]:
    """Serve the fakes: by channel, the address and the fake."""
    with ExitStack() as stack:
        fakes = {kit.name: kit.fake() for kit in KITS}
        yield {name: (stack.enter_context(served(fake.app())), fake) for name, fake in fakes.items()}


@contextmanager
def opened(services: Any, shop_folder: Path, data: Path, **changes: Any) -> Iterator[Wired]:
    """Serve an assistant with every channel on."""
    on: dict[str, Any] = {"rasa_token": RASA_TOKEN}
    for kit in KITS:
        on |= kit.settings(services[kit.name][0])
    settings = Settings(shop=shop_folder, data_dir=data, max_message=2000, **{**on, **changes})
    assistant = ChannelAssistant(shop_folder, data)
    app = create_app(assistant, settings, page=False)
    with served(app) as url, httpx.Client(base_url=url, timeout=10) as http:
        yield Wired(url, assistant, {name: fake for name, (_, fake) in services.items()}, http, app)
    assistant.handoffs.close()


@pytest.fixture(scope="session")
def shared(services, shop_folder, tmp_path_factory) -> Iterator[Wired]:
    with opened(services, shop_folder, tmp_path_factory.mktemp("channels"), channel_rate=100) as wired:
        yield wired


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.05)


@pytest.fixture
def wired(shared: Wired) -> Iterator[Wired]:
    """Return the one server, with nothing on record."""
    shared.reset()
    yield shared
    shared.assistant.go.set()
    assert [fault for fake in shared.fakes.values() for fault in fake.faults] == []
    for fake in shared.fakes.values():
        fake.failures.clear()


@pytest.fixture
def wire(services, shop_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Wired]]:
    """Return a function that starts a server of its own; called again, it starts anew on the same data."""
    running: list[ExitStack] = []
    for _, fake in services.values():
        fake.clear()

    def start(**changes: Any) -> Wired:
        while running:
            running.pop().close()
        stack = ExitStack()
        running.append(stack)
        return stack.enter_context(opened(services, shop_folder, tmp_path, **changes))

    yield start
    while running:
        running.pop().close()
    for _, fake in services.values():
        assert fake.faults == []
