"""The operator's inbox over HTTP: who may look, what is shown, and what a customer fetches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.handover import door_of
from core.settings import Settings
from server.app import create_app
from server.inbox import inbox_texts
from tests.server.channels.assistant import ChannelAssistant
from tests.server.serving import served

KEY = {"Authorization": "Bearer operator"}


@pytest.fixture
def desk(shop_folder: Path, tmp_path: Path) -> Iterator[tuple[httpx.Client, ChannelAssistant]]:
    assistant = ChannelAssistant(shop_folder, tmp_path)
    settings = Settings(shop=shop_folder, data_dir=tmp_path, operator_key="operator", api_key="client")
    with (
        served(create_app(assistant, settings, page=False)) as url,
        httpx.Client(base_url=url, timeout=10, headers={"Authorization": "Bearer client"}) as http,
    ):
        yield http, assistant
    assistant.handoffs.close()


def ask(http: httpx.Client, text: str, session: str = "issued-1") -> httpx.Response:
    body = {"messages": [{"role": "user", "content": text}], "metadata": {"session_id": session}}
    response = http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response


def test_the_page_holds_no_data_and_obeys_a_strict_policy(desk):
    http, _ = desk
    ask(http, "person <script>alert(1)</script>")
    page = http.get("/inbox", headers={"Authorization": ""})
    assert page.status_code == 200
    assert "alert(1)" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for name in ("inbox.js", "inbox.css"):
        assert http.get(f"/inbox/{name}").status_code == 200
    assert http.get("/inbox/inbox.py").status_code == 404
    assert "innerHTML" not in http.get("/inbox/inbox.js").text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/inbox/api/handoffs"),
        ("GET", "/inbox/api/handoffs/1"),
        ("POST", "/inbox/api/handoffs/1/reply"),
        ("POST", "/inbox/api/handoffs/1/return"),
        ("POST", "/inbox/api/handoffs/1/close"),
    ],
)
def test_only_the_operator_sees_and_does_anything(desk, method: str, path: str):
    http, _ = desk
    ask(http, "person please")
    assert http.request(method, path, json={"text": "x"}).status_code == 401, "a client's key is not the operator's"
    assert http.request(method, path, json={"text": "x"}, headers=KEY).status_code == 200


def test_an_operators_words_are_fetched_by_the_customer_alone(desk):
    http, _ = desk
    ask(http, "person please")
    (handoff,) = http.get("/inbox/api/handoffs", headers=KEY).json()["handoffs"]
    assert handoff["channel"] == "api"
    http.post(f"/inbox/api/handoffs/{handoff['id']}/reply", json={"text": "Maria here"}, headers=KEY)
    found = http.get("/v1/sessions/issued-1/messages").json()
    assert found["handoff"] == "taken"
    (words,) = found["data"]
    assert words["content"] == "Maria here"
    assert words["role"] == "operator"
    assert http.get("/v1/sessions/issued-1/messages", params={"after": words["id"]}).json()["data"] == []
    assert http.get("/v1/sessions/issued-2/messages").json()["data"] == []
    assert http.get("/v1/sessions/issued-1/messages", params={"user": "other"}).json()["data"] == []
    assert http.get("/v1/sessions/issued-1/messages", headers={"Authorization": ""}).status_code == 401


def test_giving_back_and_closing(desk):
    http, assistant = desk
    for act, outcome in (("return", "returned"), ("close", "closed")):
        ask(http, "person please")
        (handoff,) = http.get("/inbox/api/handoffs", headers=KEY).json()["handoffs"]
        place = f"/inbox/api/handoffs/{handoff['id']}"
        assert http.post(f"{place}/{act}", json={}, headers=KEY).status_code == 200
        assert assistant.handed == set()
        done = http.get("/inbox/api/handoffs", params={"closed": True}, headers=KEY).json()["handoffs"]
        assert done[0]["outcome"] == outcome
        refused = http.post(f"{place}/reply", json={"text": "too late"}, headers=KEY)
        assert refused.status_code == 409
        assert refused.json()["error"]["code"] == "handoff_closed"


def test_a_conversation_is_listed_once_however_often_a_person_is_asked_for(desk):
    http, _ = desk
    ask(http, "person please")
    ask(http, "person, now!")
    (handoff,) = http.get("/inbox/api/handoffs", headers=KEY).json()["handoffs"]
    assert handoff["summary"] == "person, now!"


@pytest.mark.parametrize("text", ["", "   ", "x" * 5001])
def test_a_reply_has_a_text(desk, text: str):
    http, _ = desk
    ask(http, "person please")
    response = http.post("/inbox/api/handoffs/1/reply", json={"text": text}, headers=KEY)
    assert response.status_code == 400


def test_a_form_of_another_site_does_nothing(desk):
    http, _ = desk
    ask(http, "person please")
    headers = {**KEY, "Content-Type": "text/plain"}
    assert http.post("/inbox/api/handoffs/1/close", content="{}", headers=headers).status_code == 415


def test_both_languages_say_the_same_things():
    texts = inbox_texts()
    assert texts["en"].keys() == texts["zh"].keys()


@pytest.mark.parametrize(
    ("scope", "door"),
    [("page", "page"), ("channel:slack", "slack"), ("", "api"), ("a" * 64, "api"), ("widget:shop", "widget")],
)
def test_doors(scope: str, door: str):
    assert door_of(scope) == door
