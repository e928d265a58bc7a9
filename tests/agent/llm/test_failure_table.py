"""Every way in which a model fails, through the whole app over HTTP: always a full answer, never a doubled effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from agent.llm.client import Limits
from server.app import create_app
from tests.agent.gadgets import gadgets
from tests.agent.llm.conftest import Talk, held, one, wanted, worded
from tests.llm.scripted import Answer, ScriptedServer, calls, fail, overflow, overloaded, say
from tests.server.serving import served

Start = Callable[[str], Talk]
ASKED = "I need a laptop under $1000, not from Norva"
SEARCH = wanted(
    one("category", "Laptops", "laptop"), one("price", 1000, "under $1000", "<"),
    one("brand", "Norva", "not from Norva", "not_in"),
)  # fmt: skip
HELD = {'category == "Laptops"', 'brand != "Norva"'}
MARKUP = '<tool_call>{"name": "recommend_items", "arguments": {"query": "laptop"}}</tool_call>'

# What the server does with every request of the turn, and whether the embedded model must have stepped in.
FOR_GOOD: dict[str, Answer] = {
    "429": overloaded(429), "500": fail(500), "503": overloaded(503), "no first token": say("late", wait=20),
    "silence in mid-stream": say("Here is", gap=9), "cut in mid-stream": say("Here is what I found: ", cut=4),
    "end in mid-stream": say("Here is what I found: ", stop=4), "overflow": overflow(), "empty": say(""),
    "only thought": say("<think>what now</think>"), "no format": Answer(raw=b"data: <html>\n\n"),
    "error in the stream": Answer(raw=b'data: {"error": {"message": "engine died", "code": 500}}\n\n'),
    "wrong model": fail(404, "The model `x` does not exist.", kind="NotFoundError", param="model"),
    "endless arguments": calls(("recommend_items", '{"query": "' + "very " * 4000)),
}  # fmt: skip
ONCE = ("429", "500", "503", "empty", "only thought", "no format", "error in the stream", "endless arguments")


@pytest.fixture
def quick(seats: Any) -> Iterator[Callable[[str], None]]:
    """Give the client less patience: these are tests."""
    kept = []

    def hurry(mode: str) -> None:
        client = seats(mode)[0].client
        kept.append((client, client.limits))
        client.limits = Limits(first_token=2.0, stall=2.0, call=12.0)

    yield hurry
    for client, limits in kept:
        client.limits = limits


def full(reply: dict[str, Any], searches: int = 1) -> None:
    """An answer that a shopper can use, whatever became of the model; ``searches``: how often one may have looked."""
    assert len(reply["text"]) > 40
    assert reply["items"]
    assert all(item["price"] < 1000 and item["title"] in reply["text"] for item in reply["items"])
    assert held(reply) >= HELD
    assert 1 <= len([run for run in reply["tool_calls"] if run["name"] == "recommend_items"]) <= searches
    for rubbish in ("<tool_call", "<think", "UltraPhone", "engine", "Traceback"):
        assert rubbish not in reply["text"]


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_a_model_that_fails_for_good_is_replaced(talk: Start, mode: str, quick: Any, fault: str) -> None:
    t = talk(mode)
    quick(mode)
    reply = t.say(ASKED, *[FOR_GOOD[fault]] * 8)
    full(reply)
    assert reply["degraded"]


@pytest.mark.parametrize("fault", ONCE)
def test_a_model_that_fails_once_is_asked_again(talk: Start, mode: str, quick: Any, fault: str) -> None:
    t = talk(mode)
    quick(mode)
    script = [FOR_GOOD[fault], calls(SEARCH), worded] if mode == "agent" else [FOR_GOOD[fault], worded]
    reply = t.say(ASKED, *script)
    full(reply)
    assert not reply["degraded"]


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_a_model_that_fails_after_its_tools_ran_repeats_none(talk: Start, quick: Any, fault: str) -> None:
    t = talk("agent")
    quick("agent")
    reply = t.say(ASKED, calls(SEARCH), *[FOR_GOOD[fault]] * 8)
    full(reply)
    assert reply["degraded"]


BROKEN = {
    "malformed": calls(("recommend_items", '{"query": laptop}')),
    "truncated": calls(("recommend_items", '{"set": [{"field": "price", "op": "<", "va')),
    "no object": calls(("recommend_items", "[1, 2]")),
    "wrong types": calls(("recommend_items", {"set": "cheap", "query": 7})),
    "unknown tool": calls(("buy_everything", {"now": True})),
    "unknown field": calls(wanted(one("aura", "bright", "laptop"))),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("mended", [True, False])
def test_a_call_that_cannot_be_run_is_mended_or_replaced(talk: Start, fault: str, mended: bool) -> None:
    t = talk("agent")
    script: list[Any] = [BROKEN[fault], calls(SEARCH), worded] if mended else [BROKEN[fault]] * 8
    t.model.default = worded
    full(t.say(ASKED, *script), searches=2)


@pytest.mark.parametrize("text", [MARKUP, f"Let me look. {MARKUP}", f"<think>I look. {MARKUP}</think>"])
def test_a_call_in_text_or_thought_is_run_and_not_shown(talk: Start, text: str) -> None:
    t = talk("agent")
    full(t.say(ASKED, say(text), worded))


def test_endless_repetition_is_cut_and_finished(talk: Start, mode: str) -> None:
    t = talk(mode)
    endless = say("This is what I found. " * 800)
    reply = t.say(ASKED, *([calls(SEARCH)] if mode == "agent" else []), endless, endless, endless)
    assert reply["text"].count("This is what I found.") < 6
    assert reply["items"]


def test_the_breaker_keeps_the_next_turns_fast_and_full(talk: Start, mode: str) -> None:
    t = talk(mode)
    for _ in range(3):
        full(t.say(ASKED, *[fail(500)] * 8))
        t.session = ""
    reply = t.say(ASKED, worded, worded)
    assert not t.model.requests, "an open breaker asks nobody"
    full(reply)
    assert reply["degraded"]


def test_a_server_that_is_down_at_start_and_comes_later(open_shop: Any, tmp_path: Any, mode: str) -> None:
    model = ScriptedServer(default=worded)
    model.start()
    address = model.url
    model.stop()
    assistant = open_shop(gadgets(tmp_path / "shop"), tmp_path / "data", llm=address, mode=mode)
    with served(create_app(assistant, assistant.settings, page=False)) as url, httpx.Client(base_url=url) as http:
        reply = Talk(http, model).say(ASKED)
        full(reply)
        assert reply["degraded"]
        later = ScriptedServer()
        later.port = model.port
        with later:
            assistant.client.breaker.succeeded()
            script = [calls(SEARCH), worded] if mode == "agent" else [worded]
            found = Talk(http, later).say(ASKED, *script)
            full(found)
            assert not found["degraded"]
            assert found["model"] == "scripted"
