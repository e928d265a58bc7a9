"""The real assistant behind the real server, on a small shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_openai import ChatOpenAI

from agent.assistant import Assistant
from core.settings import Settings
from server.app import create_app
from tests import shops
from tests.server.serving import served
from tests.server.test_chat import EXTENSION, ask, data, error

ITEM = {"id", "title", "price", "currency", "url", "image_url", "score", "reasons", "disclosures"}


@pytest.fixture(scope="module")
def real(tmp_path_factory, data_folder) -> Iterator[str]:
    base = tmp_path_factory.mktemp("real")
    settings = Settings(shop=shops.fashion(base / "shop"), data_dir=data_folder(base / "data"), watch=False)
    assistant = Assistant.open(settings)
    with served(create_app(assistant, settings, page=False)) as url:
        yield url
    assistant.close()


@pytest.fixture
def http(real) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=real, timeout=30) as client:
        yield client


def floorwalker(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["floorwalker"]
    assert set(found) == EXTENSION
    return found


def wanted(found: dict[str, Any]) -> dict[str, Any]:
    return {entry["field"]: entry["value"] for entry in found["constraints"]}


class Shopper:
    """A client that keeps the conversation itself and resends it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.messages: list[dict[str, str]] = []

    def say(self, text: str) -> dict[str, Any]:
        self.messages.append({"role": "user", "content": text})
        response = self.http.post("/v1/chat/completions", json={"messages": self.messages})
        found = floorwalker(response)
        self.messages.append({"role": "assistant", "content": response.json()["choices"][0]["message"]["content"]})
        return found


def test_an_answer(http):
    response = ask(http, "a jacket under $200")
    found = floorwalker(response)
    assert found["intent"] == "recommend"
    assert [item["id"] for item in found["items"]] == ["w5"]
    (item,) = found["items"]
    assert set(item) == ITEM
    assert item["price"] == 129.0
    assert item["reasons"]
    for reason in item["reasons"]:
        assert set(reason) == {"kind", "text", "data", "source"}
        assert reason["text"]
        assert set(reason["source"]) == {"type", "ref"}
    text = response.json()["choices"][0]["message"]["content"]
    assert "Rain Shell" in text
    assert "129" in text
    for constraint in found["constraints"]:
        assert set(constraint) == {"id", "field", "op", "value", "unit", "strength", "turn"}


def test_the_official_clients(real):
    with openai.OpenAI(base_url=f"{real}/v1", api_key="any") as client:
        hello: Any = [{"role": "user", "content": "a jacket under $200"}]
        whole = client.chat.completions.create(model="floorwalker", messages=hello)
        chunks = list(client.chat.completions.create(model="floorwalker", messages=hello, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    early = next(chunk for chunk in chunks if chunk.model_extra.get("floorwalker"))
    assert early.choices[0].delta.content is None
    assert [item["id"] for item in early.model_extra["floorwalker"]["items"]] == ["w5"]
    assert (
        "Rain Shell"
        in ChatOpenAI(base_url=f"{real}/v1", api_key="any", model="floorwalker").invoke("a jacket under $200").content
    )


def test_a_session_refines(http):
    place = {"metadata": {"session_id": "refine"}}
    first = floorwalker(ask(http, "a jacket", **place))
    assert first["session_id"] == "refine"
    second = floorwalker(ask(http, "under $200", **place))
    assert wanted(second)["price"] == 200.0
    assert [item["id"] for item in second["items"]] == ["w5"]
    chip = next(entry["id"] for entry in second["constraints"] if entry["field"] == "price")
    third = floorwalker(ask(http, "", metadata={**place["metadata"], "edit": {"remove": [chip]}}))
    assert "price" not in wanted(third)


def test_a_chip_is_set(http):
    edit = {"set": [{"field": "price", "op": "<=", "value": 100, "unit": "USD"}]}
    found = floorwalker(ask(http, "a jumper", metadata={"edit": edit}))
    assert wanted(found)["price"] == 100.0
    for wrong in ({"field": "wings", "op": "<=", "value": 1}, {"field": "weight", "op": "<=", "value": "blue"}):
        response = ask(http, "a jumper", metadata={"edit": {"set": [wrong]}})
        assert response.status_code == 400
        assert error(response)["param"].startswith("metadata.edit")


def test_a_stateless_client_resends_edits_and_trims(http):
    shopper = Shopper(http)
    shopper.say("a jacket")
    found = shopper.say("under $200")
    assert wanted(found)["price"] == 200.0
    assert "category" in wanted(found)
    del shopper.messages[2:]
    again = shopper.say("under $200")
    assert wanted(again) == wanted(found)
    assert again["session_id"] != found["session_id"]
    del shopper.messages[2:]
    assert wanted(shopper.say("under $300"))["price"] == 300.0
    shopper.messages[0] = {"role": "user", "content": "a dress"}
    rebuilt = wanted(shopper.say("in blue"))
    assert rebuilt["price"] == 300.0
    assert "Jackets" not in str(rebuilt)
    del shopper.messages[:2]
    assert wanted(shopper.say("cotton"))["price"] == 300.0


def test_two_shoppers_with_the_same_opening(http):
    first, second = Shopper(http), Shopper(http)
    opened = [shopper.say("a jacket") for shopper in (first, second)]
    assert opened[0]["session_id"] != opened[1]["session_id"]
    assert wanted(first.say("under $200"))["price"] == 200.0
    assert wanted(second.say("under $300"))["price"] == 300.0
    sessions = [{"X-Session-Id": entry["session_id"]} for entry in opened]
    assert wanted(floorwalker(ask(http, "under $250", headers=sessions[0])))["price"] == 250.0
    assert "price" not in wanted(floorwalker(ask(http, "in black", headers=sessions[1])))


def test_a_retried_request_is_the_same_turn(http):
    session = {"X-Session-Id": "retried"}
    first = floorwalker(ask(http, "a jacket", headers={**session, "X-Stainless-Retry-Count": "0"}))
    again = floorwalker(ask(http, "a jacket", headers={**session, "X-Stainless-Retry-Count": "1"}))
    assert again == first
    streamed = data(ask(http, "a jacket", stream=True, headers={**session, "X-Stainless-Retry-Count": "2"}))
    assert streamed[-2]["floorwalker"] == first


def test_an_unknown_session_starts_a_new_one(http):
    assert floorwalker(ask(http, "hello", headers={"X-Session-Id": "never-heard-of"}))["intent"] == "greet"


def test_events_change_the_profile_and_are_forgotten(http):
    user = {"user": "zoe"}
    like = {"event": "like", "item_id": "w6", "user": "zoe", "event_id": "z1"}
    assert http.post("/v1/events", json=like).json()["recorded"] == 1
    assert http.post("/v1/events", json=[like, like]).json()["duplicates"] == 2
    assert "w6" in str(http.get("/v1/profile", params=user).json())
    assert "w4" in str(http.patch("/v1/profile", params=user, json={"dislike": ["w4"]}).json())
    assert http.patch("/v1/profile", params=user, json={"like": ["nothing"]}).status_code == 404
    assert http.delete("/v1/profile", params=user).status_code == 200
    assert "w6" not in str(http.get("/v1/profile", params=user).json())


def test_chinese(http):
    found = floorwalker(ask(http, "有没有连衣裙,100 以内?"))
    assert wanted(found)["price"] == 100.0
    assert found["items"][0]["title"] == "亚麻连衣裙"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=80), history=st.lists(st.text(max_size=20), max_size=3))
def test_no_words_break_it(http, text, history):
    messages = [
        {"role": "user" if number % 2 == 0 else "assistant", "content": content}
        for number, content in enumerate(history)
    ]
    response = http.post("/v1/chat/completions", json={"messages": [*messages, {"role": "user", "content": text}]})
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert not text.strip() or "\x00" <= min(text) < "\xa0"
