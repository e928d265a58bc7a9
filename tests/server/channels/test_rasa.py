"""Rasa's action server and REST channel, in the shapes that Rasa documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.channels.conftest import RASA_TOKEN, Wired

KEY = {"Authorization": f"Bearer {RASA_TOKEN}"}


def action(text: str, message_id: str = "m1", **changes: Any) -> dict[str, Any]:
    # https://rasa.com/docs/action-server/actions
    message = {"text": text, "intent": {"name": "ask", "confidence": 1}, "entities": [], "message_id": message_id,
               "metadata": {}}  # fmt: skip
    tracker = {
        "sender_id": "2687378567977106", "slots": {"floorwalker_handoff": None}, "latest_message": message,
        "latest_event_time": 1599850576.654908, "paused": False, "events": [], "latest_input_channel": "rest",
        "active_loop": {}, "latest_action": {"action_name": "action_listen"},
    }  # fmt: skip
    return {"next_action": "action_floorwalker", "sender_id": "2687378567977106", "tracker": tracker, "domain": {},
            "version": "3.6.0", **changes}  # fmt: skip


def say(wired: Wired, text: str, sender: str = "ann") -> list[dict[str, Any]]:
    response = wired.http.post("/webhooks/rest/webhook", json={"sender": sender, "message": text}, headers=KEY)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    return found


def test_the_action_answers_with_events_and_responses(wired: Wired):
    response = wired.http.post("/channels/rasa/webhook", json=action("a lamp"), headers=KEY)
    assert response.status_code == 200
    found = response.json()
    assert found["events"] == [{"event": "slot", "timestamp": None, "name": "floorwalker_handoff", "value": False}]
    text, cards = found["responses"]
    assert "You said: a lamp" in text["text"]
    assert {"title": "Lumo", "payload": "Lumo"} in text["buttons"]
    assert cards["custom"]["cards"][0]["id"] == "lamp-1"
    assert wired.assistant.requests[0].session.issued


def test_a_repeated_call_is_the_same_turn(wired: Wired):
    for _ in range(2):
        wired.http.post("/channels/rasa/webhook", json=action("a lamp"), headers=KEY)
    assert wired.assistant.taken == ["a lamp"]


def test_rasas_own_way_to_send_a_token(wired: Wired):
    response = wired.http.post("/channels/rasa/webhook", params={"token": RASA_TOKEN}, json=action("a lamp"))
    assert response.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": RASA_TOKEN}])
@pytest.mark.parametrize("path", ["/channels/rasa/webhook", "/webhooks/rest/webhook"])
def test_no_token_no_answer(wired: Wired, path: str, headers: dict[str, str]):
    response = wired.http.post(path, json=action("a lamp"), headers=headers)
    assert response.status_code == 401
    assert wired.assistant.requests == []


def test_another_action_is_not_ours(wired: Wired):
    body = action("a lamp", next_action="action_other")
    response = wired.http.post("/channels/rasa/webhook", json=body, headers=KEY)
    assert response.status_code == 404
    assert "action_other" in response.json()["error"]["message"]


def test_the_rest_channel(wired: Wired):
    answers = say(wired, "a lamp")
    assert all(answer["recipient_id"] == "ann" for answer in answers)
    assert "You said: a lamp" in answers[0]["text"]
    say(wired, "Lumo")
    one, two = wired.assistant.requests
    assert one.session == two.session
    assert wired.http.get("/webhooks/rest/").json() == {"status": "ok"}


def test_a_button_is_an_edit(wired: Wired):
    buttons = say(wired, "a lamp /nothing")[0]["buttons"]
    payload = next(button["payload"] for button in buttons if "Drop" in button["title"])
    say(wired, payload)
    edit = wired.assistant.requests[1].edit
    assert edit is not None
    assert edit.remove == ("c1",)


def test_a_person_takes_over_and_gives_back(wired: Wired):
    answers = say(wired, "person please")
    handoff = answers[-1]["custom"]["handoff"]
    assert handoff["summary"] == "person please"
    place = f"/inbox/api/handoffs/{handoff['id']}"
    assert say(wired, "hello?") == [], "the assistant keeps silent"
    wired.http.post(f"{place}/reply", json={"text": "Maria here"})
    assert [answer["text"] for answer in say(wired, "")] == ["Maria here"]
    assert say(wired, "") == [], "fetched once"
    found = wired.http.post("/channels/rasa/webhook", json=action("person please"), headers=KEY).json()
    assert found["events"][0]["value"] is True
    wired.http.post(f"{place}/return", json={})
    texts = [answer.get("text", "") for answer in say(wired, "a lamp")]
    assert "assistant again" in texts[0]
    assert any("a lamp" in text for text in texts)


def test_no_channel_no_door(wire):
    wired = wire(rasa_token=None)
    assert wired.http.post("/webhooks/rest/webhook", json={"message": "x"}).status_code == 404
    assert wired.http.post("/channels/nothing", json={}).status_code == 404
    assert wired.http.post("/channels/rasa", json={}).status_code == 404


def test_customers_without_a_name_do_not_share_a_conversation(wired: Wired):
    for body in ({"message": "a lamp"}, {"sender": "", "message": "a lamp"}, {"sender": None, "message": "a lamp"}):
        refused = wired.http.post("/webhooks/rest/webhook", json=body, headers=KEY)
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "sender"
    assert wired.assistant.requests == []
