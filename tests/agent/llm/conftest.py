"""A shop whose chair a scripted model sits in, over real HTTP on both sides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from agent.assistant import Assistant
from server.app import create_app
from tests.agent.gadgets import gadgets
from tests.llm.scripted import Answer, ScriptedServer, say
from tests.server.serving import served

_ITEM = re.compile(r"^\d+\. \[(\S+)\] (.+?)(?: — (\S+))?$", re.M)


def results_of(body: dict[str, Any]) -> str:
    """Return what the tools of this turn told the model: tool messages, or the results in a writer's prompt."""
    messages = body["messages"]
    told: list[str] = []
    for message in reversed(messages):
        if message["role"] == "tool":
            told.insert(0, message["content"])
        elif message["role"] == "user":
            found = re.search(r"<results>\n(.*)</results>", message["content"], re.S)
            return "\n".join(told) if told else found.group(1) if found else ""
    return "\n".join(told)


def items_of(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (id, title, price) of the items that the tools found."""
    return _ITEM.findall(results_of(body))


def worded(body: dict[str, Any]) -> Answer:
    """Answer as a good model does: a lead, and a line for each item."""
    chinese = bool(re.search(r"[一-鿿]", body["messages"][-1]["content"] + results_of(body)))
    lines = [f"{at}. **{title}** — {price}" for at, (_, title, price) in enumerate(items_of(body), start=1)]
    return say("\n".join(["为您找到这些：" if chinese else "This is what I found:", *lines]))


def wanted(*constraints: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    """Return a search as strict schemas make a model write it: every property there."""
    empty: dict[str, Any] = {
        "remove": [],
        "retract": [],
        "query": None,
        "sort": [],
        "similar_to": [],
        "like": [],
        "dislike": [],
    }
    return "recommend_items", {"set": list(constraints), **empty, "others": False, **more}


def one(name: str, value: Any, words: str, op: str = "in", **more: Any) -> dict[str, Any]:
    """Return a constraint as a model writes it."""
    listed = value if isinstance(value, list | bool) else [value]
    return {"field": name, "op": op, "value": listed, "words": words, "must": True, **more}


@dataclass
class Talk:
    """One conversation over HTTP."""

    http: httpx.Client
    model: ScriptedServer
    session: str = ""
    replies: list[dict[str, Any]] = field(default_factory=list)

    def say(self, message: str, *script: Any) -> dict[str, Any]:
        """Say something while the model answers as scripted; return the ``floorwalker`` object with ``text``."""
        self.model.script[:] = list(script)
        self.model.requests.clear()
        headers = {"X-Session-Id": self.session} if self.session else {}
        body = {"model": "floorwalker", "messages": [{"role": "user", "content": message}]}
        answer = self.http.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        content = answer.json()
        reply = {**content["floorwalker"], "text": content["choices"][0]["message"]["content"]}
        reply["usage"] = content.get("usage")
        self.session = reply["session_id"]
        self.replies.append(reply)
        return reply


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="session")
def seats(
    open_shop: Callable[..., Assistant], model: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], tuple[Assistant, httpx.Client]]]:
    base = tmp_path_factory.mktemp("llm")
    folder, known, contexts = gadgets(base / "shop"), {}, []

    def seat(mode: str) -> tuple[Assistant, httpx.Client]:
        if mode not in known:
            assistant = open_shop(folder, base / f"data-{mode}", llm=model.url, mode=mode)
            context = served(create_app(assistant, assistant.settings, page=False))
            url = context.__enter__()
            client = httpx.Client(base_url=url, timeout=30)
            contexts.append((client, context))
            known[mode] = (assistant, client)
        return known[mode]

    yield seat
    for client, context in contexts:
        client.close()
        context.__exit__(None, None, None)


@pytest.fixture
def talk(seats: Callable[[str], tuple[Assistant, httpx.Client]], model: ScriptedServer) -> Callable[[str], Talk]:
    def start(mode: str) -> Talk:
        assistant, client = seats(mode)
        assert assistant.client is not None
        assistant.client.breaker.succeeded()
        model.default, model.down = None, False
        return Talk(client, model)

    return start


@pytest.fixture(params=["agent", "hybrid"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def held(reply: dict[str, Any]) -> set[str]:
    """Return the requirements of a reply, as short texts."""
    return {f"{c['field']} {c['op']} {json.dumps(c['value'])}" for c in reply["constraints"] if c["strength"] == "must"}
