"""The embedder's door: ``import floorwalker``."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest

import floorwalker
from core import errors, events
from core.settings import CHECKOUT, Settings
from tests import shops


def test_what_it_offers():
    from agent.assistant import Assistant
    from agent.blocking import BlockingAssistant

    assert floorwalker.Assistant is Assistant
    assert floorwalker.BlockingAssistant is BlockingAssistant
    assert floorwalker.Reply is events.Reply
    assert floorwalker.events is events
    assert floorwalker.errors is errors
    assert set(floorwalker.__all__) == {"Assistant", "BlockingAssistant", "Reply", "__version__", "errors", "events"}
    with pytest.raises(AttributeError, match="Nothing"):
        _ = floorwalker.Nothing


def test_the_version_is_the_projects():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert floorwalker.__version__ == project["version"]


def test_its_own_packages_are_no_intruders():
    assert floorwalker.intruders() == []


@pytest.fixture(scope="module")
def settings(tmp_path_factory, data_folder) -> Settings:
    base = tmp_path_factory.mktemp("embedded")
    return Settings(shop=shops.fashion(base / "shop"), data_dir=data_folder(base / "data"), watch=False)


def kinds(seen: list[events.TurnEvent]) -> list[type]:
    """Return the events' types, each run of one type once."""
    return [kind for kind, _ in groupby(type(event) for event in seen)]


STREAMED = [
    events.TurnStarted, events.ToolStarted, events.ToolFinished, events.ItemsFound, events.TextDelta, events.TurnDone,
]  # fmt: skip


async def test_it_answers_and_streams_typed_events(settings):
    assistant = floorwalker.Assistant.open(settings)
    session = assistant.new_session()
    reply = await assistant.reply(events.TurnRequest("a jacket under $200", session))
    assert isinstance(reply, floorwalker.Reply)
    assert [entry.item.id for entry in reply.items] == ["w5"]
    seen = [event async for event in assistant.stream(events.TurnRequest("a warm jumper", session))]
    assert kinds(seen) == STREAMED
    assert "".join(event.text for event in seen if isinstance(event, events.TextDelta)) == seen[-1].reply.text
    with pytest.raises(errors.RequestError):
        await assistant.reply(events.TurnRequest(" ", session))
    assistant.close()


def test_it_answers_and_streams_without_an_event_loop(settings):
    with floorwalker.BlockingAssistant.open(settings) as assistant:
        session = assistant.new_session()
        reply = assistant.reply(events.TurnRequest("a jacket", session))
        refined = assistant.reply(events.TurnRequest("under $200", session))
        assert refined.session_id == reply.session_id
        assert [entry.item.id for entry in refined.items] == ["w5"]
        seen = list(assistant.stream(events.TurnRequest("a warm jumper", session)))
        assert kinds(seen) == STREAMED
        for event in assistant.stream(events.TurnRequest("a dress", session)):
            assert isinstance(event, events.TurnStarted)
            break
        with ThreadPoolExecutor(3) as pool:
            asked = [events.TurnRequest("a jacket under $200", assistant.new_session()) for _ in range(6)]
            assert {answer.items[0].item.id for answer in pool.map(assistant.reply, asked)} == {"w5"}
        with pytest.raises(errors.RequestError):
            assistant.reply(events.TurnRequest(" ", session))


def test_an_intruder_is_named(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(CHECKOUT)])
    run = subprocess.run(
        [sys.executable, "-c", "import floorwalker"], env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1
    assert "ImportError" in run.stderr
    assert str(tmp_path / "tools" / "__init__.py") in run.stderr
    assert "core:" not in run.stderr
