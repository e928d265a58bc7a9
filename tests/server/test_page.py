"""What the page's events do, without a browser."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from core.entities import EventKind
from core.settings import Settings
from server.app import create_app
from server.page import ChatPage
from tests.server.fake_assistant import ScriptedAssistant


async def turn(page: ChatPage, **said) -> list[dict]:
    return [value async for value in page.say({"turn": "k1", "message": "a quiet laptop", **said})]


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture
def page(assistant) -> ChatPage:
    return ChatPage(assistant, Settings())


async def test_a_turn_issues_a_session_and_the_next_continues_it(page, assistant):
    first = (await turn(page))[-1]
    await turn(page, session=first["session"])
    assert [request.session.session_id for request in assistant.requests] == [first["session"]] * 2
    assert assistant.requests[0].session.issued


async def test_cards_come_before_prose(page):
    values = await turn(page)
    with_cards = next(place for place, value in enumerate(values) if value["pieces"].get("cards"))
    with_text = next(place for place, value in enumerate(values) if value["pieces"].get("text"))
    assert with_cards < with_text
    assert values[-1]["done"]
    json.dumps(values)


async def test_only_offered_profiles_can_be_taken_and_guests_are_users_of_their_own(page, assistant):
    await turn(page, user="u2")
    await turn(page, user="somebody-else", session="s1")
    await turn(page, session="s2")
    users = [str(request.user_id) for request in assistant.requests]
    assert users[0] == "u2"
    assert users[1].startswith("guest-")
    assert users[2].startswith("guest-")
    assert users[1] != users[2]
    assert "s1" not in users[1]


async def test_a_chip_removed_is_an_edit_in_the_pages_language(page, assistant):
    await turn(page, message="", remove=["c2"], language="zh-CN")
    (request,) = assistant.requests
    assert request.edit is not None
    assert request.edit.remove == ("c2",)
    assert request.language == "zh"


async def test_a_message_is_answered_in_its_own_language(page, assistant):
    await turn(page, language="zh")
    assert assistant.requests[0].language is None


async def test_a_request_error_is_told_and_a_defect_is_not(page, caplog):
    told = (await turn(page, message="x" * 20_001))[-1]
    assert "the message is too long" in told["pieces"]["notes"]
    hidden = (await turn(page, message="broken"))[-1]
    assert hidden["done"]
    assert "secret detail" not in json.dumps(hidden)


async def test_leaving_in_mid_turn_stops_the_work(page, assistant):
    values = page.say({"turn": "k", "message": "slow"})
    async for value in values:
        if value["pieces"].get("cards"):
            break
    await values.aclose()
    assert assistant.cancelled == 1


async def test_marks_are_recorded_with_session_turn_and_position(page, assistant):
    mark = {"session": "s1", "user": "u1", "item": "lap-02", "turn": "t1", "position": 2, "event": "like"}
    assert await page.mark(mark) is True
    (seen,) = assistant.recorded
    assert (seen.event, seen.item_id, seen.user_id) == (EventKind.LIKE, "lap-02", "u1")
    assert (seen.session_id, seen.turn_id, seen.position) == ("s1", "t1", 2)
    assert seen.event_id == "s1:t1:lap-02:like"


@pytest.mark.parametrize(
    "mark",
    [
        None,
        "like",
        {"session": "s1"},
        {"session": "", "item": "a", "position": 1, "event": "like"},
        {"session": "s", "item": "a", "position": 1, "event": "purchase"},
        {"session": "s", "item": "a", "position": 0, "event": "like"},
    ],
)
async def test_a_mark_that_is_not_understood_is_refused(page, assistant, mark):
    assert await page.mark(mark) is False
    assert assistant.recorded == []


async def test_a_turn_that_is_not_understood_is_dropped(page, assistant):
    assert [value async for value in page.say({"message": 1})] == []
    assert [value async for value in page.say(None)] == []
    assert assistant.requests == []


def test_the_page_offers_no_api_and_names_no_other_host(assistant):
    with TestClient(create_app(assistant, Settings()), base_url="http://127.0.0.1:8000") as client:
        document = client.get("/")
        info = client.get("/gradio_api/info").json()
    assert document.status_code == 200
    assert info["named_endpoints"] == {}
    assert "fonts.googleapis" not in document.text
    assert "Lantern &amp; Co." in document.text
