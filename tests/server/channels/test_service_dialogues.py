"""The service dialogues over the API and through every channel; what counts is the end state of the database.

``make test-slow`` plays every dialogue through every door. By default each door plays a share of them, so that all
dialogues are played once.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.assistant import Assistant
from commerce.identity import IdentityDesk
from core.settings import Settings
from server.app import create_app
from tests.dialogues.conversation import change_order, load_dialogues, wrong_orders
from tests.dialogues.test_dialogues import reset_desk
from tests.server.channels.conftest import RASA_TOKEN
from tests.server.channels.kits import KITS, Kit
from tests.server.channels.services import FakeService
from tests.server.serving import eventually, served
from tests.service_shop import service

DIALOGUES = [dialogue for dialogue in load_dialogues() if dialogue["file"].startswith("service")]
DOORS = ("api", "rasa-rest", "rasa-action", *(kit.name for kit in KITS))
SAMPLE = [(DOORS[at % len(DOORS)], dialogue) for at, dialogue in enumerate(DIALOGUES)]
REST = [(door, d) for d in DIALOGUES for door in DOORS if (door, d) not in SAMPLE]


@dataclass
class House:
    """The real assistant behind the real server, with every channel on."""

    assistant: Assistant
    app: Any
    http: httpx.Client
    fakes: dict[str, FakeService]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


@pytest.fixture(scope="module")
def house(data_folder: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = data_folder(tmp_path_factory.mktemp("data"))
    with ExitStack() as stack:
        fakes = {kit.name: kit.fake() for kit in KITS}
        on: dict[str, Any] = {"rasa_token": RASA_TOKEN}
        for kit in KITS:
            on |= kit.settings(stack.enter_context(served(fakes[kit.name].app())))
        shop = service(tmp_path_factory.mktemp("service"))
        settings = Settings(shop=shop, data_dir=data, watch=False, channel_rate=1000, **on)
        assistant = Assistant.open(settings)
        stack.callback(assistant.close)
        app = create_app(assistant, settings, page=False)
        url = stack.enter_context(served(app))
        yield House(assistant, app, stack.enter_context(httpx.Client(base_url=url, timeout=30)), fakes)


class Talk:
    """One conversation through one door; ``say`` returns what the customer sees in answer."""

    def __init__(self, house: House, door: str) -> None:
        self.house, self.door = house, door
        self.number = next(house.numbers)
        self.turns = 0
        self.session = ""

    def say(self, text: str) -> str:
        self.turns += 1
        if self.door == "api":
            return self._api(text)
        if self.door.startswith("rasa"):
            return self._rasa(text)
        return self._channel(next(kit for kit in KITS if kit.name == self.door), text)

    def _api(self, text: str) -> str:
        headers = {"X-Session-Id": self.session} if self.session else {}
        body = {"messages": [{"role": "user", "content": text}]}
        response = self.house.http.post("/v1/chat/completions", json=body, headers=headers)
        assert response.status_code == 200, response.text
        self.session = response.json()["floorwalker"]["session_id"]
        return str(response.json()["choices"][0]["message"]["content"])

    def _rasa(self, text: str) -> str:
        sender, headers = f"customer-{self.number}", {"Authorization": f"Bearer {RASA_TOKEN}"}
        if self.door == "rasa-rest":
            body: dict[str, Any] = {"sender": sender, "message": text}
            response = self.house.http.post("/webhooks/rest/webhook", json=body, headers=headers)
            answers = response.json()
        else:
            message = {"text": text, "message_id": f"{self.number}-{self.turns}"}
            body = {"next_action": "action_floorwalker", "sender_id": sender, "tracker": {"latest_message": message}}
            response = self.house.http.post("/channels/rasa/webhook", json=body, headers=headers)
            answers = response.json()["responses"]
        assert response.status_code == 200, response.text
        return "\n".join(answer.get("text") or "" for answer in answers)

    def _channel(self, kit: Kit, text: str) -> str:
        fake = self.house.fakes[kit.name]
        fake.clear()
        key = f"{self.number}-{self.turns}"
        escaped = html.escape(text, quote=False) if kit.name == "slack" else text
        sent = kit.message(escaped, conversation=str(self.number), message_id=key, user=f"U{self.number}")
        response = self.house.http.post(sent.path, content=sent.body, headers=sent.headers)
        assert response.status_code == 200, response.text
        arrivals = self.house.app.state.switchboard.arrivals
        idle = "SELECT 1 FROM arrivals WHERE state = 'waiting'"
        assert eventually(lambda: arrivals._database.first(idle) is None, 30)
        assert fake.faults == []
        return html.unescape("\n".join(kit.shown(list(fake.calls))))


def forgive(assistant: Assistant) -> None:
    """Forget wrong tries: they count for an order, and every door makes the same ones."""
    identities = next(part for part in vars(assistant.desk).values() if isinstance(part, IdentityDesk))
    with identities._attempts.transaction() as connection:
        connection.execute("DELETE FROM failures")


def play(house: House, door: str, dialogue: dict[str, Any]) -> None:
    """Play a dialogue; raise AssertionError with the dialogue up to the first wrong turn."""
    if dialogue.get("fresh"):
        reset_desk(house.assistant)
    forgive(house.assistant)
    talk, said = Talk(house, door), [f"{dialogue['file']}: {dialogue['name']} ({door})"]
    for turn in dialogue["turns"]:
        for order_id, status in turn.get("change", {}).items():
            change_order(house.assistant, order_id, status)
        text = talk.say(turn["say"])
        said += [f"  you: {turn['say']}", f"  bot: {text}"]
        plain = text.replace("*", "").lower()
        faults = wrong_orders(house.assistant, turn.get("orders", {}))
        # After a hand-off channels are silent where the API says that a person has the conversation.
        if plain.strip():
            wanted = [str(entry).replace("*", "").lower() for entry in turn.get("says", ())]
            faults += [f"does not say {entry!r}" for entry in wanted if entry not in plain]
        never = [str(entry).replace("*", "").lower() for entry in turn.get("never", ())]
        faults += [f"says {entry!r}" for entry in never if entry in plain]
        assert not faults, "\n".join([*said, *(f"  - {fault}" for fault in faults)])


def _ids(pairs: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{door}:{dialogue['name']}" for door, dialogue in pairs]


@pytest.mark.parametrize(("door", "dialogue"), SAMPLE, ids=_ids(SAMPLE))
def test_each_dialogue_through_a_door(house: House, door: str, dialogue: dict[str, Any]) -> None:
    play(house, door, dialogue)


@pytest.mark.slow
@pytest.mark.parametrize(("door", "dialogue"), REST, ids=_ids(REST))
def test_each_dialogue_through_every_other_door(house: House, door: str, dialogue: dict[str, Any]) -> None:
    play(house, door, dialogue)
