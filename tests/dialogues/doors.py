"""The doors through which dialogues are played: Python, and HTTP as any client would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from agent.assistant import Assistant
from core.entities import Constraint, EventKind, Interaction, Item, ItemId, Op, Strength, UserId
from core.events import TurnRequest


@dataclass(frozen=True)
class Answer:
    """What every door tells of an answer."""

    text: str
    intents: tuple[str, ...]
    items: tuple[Item, ...]
    constraints: tuple[Constraint, ...]
    tools: tuple[str, ...]
    actions: tuple[str, ...]
    cited: tuple[str, ...]


class Door(Protocol):
    """One person's conversation."""

    async def say(self, text: str) -> Answer:
        """Take a turn."""
        ...

    async def record(self, event: Mapping[str, str]) -> None:
        """Record what the person did with an item."""
        ...


class InProcess:
    """Talks to the assistant in this process."""

    def __init__(self, assistant: Assistant, user: UserId | None) -> None:
        self._assistant, self._user = assistant, user
        self._session = assistant.new_session()

    async def say(self, text: str) -> Answer:
        reply = await self._assistant.reply(TurnRequest(text, self._session, self._user))
        return Answer(
            text=reply.text,
            intents=tuple(reply.intents),
            items=tuple(entry.item for entry in reply.items),
            constraints=reply.constraints,
            tools=tuple(run.name for run in reply.tool_calls),
            actions=tuple(action.kind for action in reply.actions),
            cited=tuple(citation.source for citation in reply.citations),
        )

    async def record(self, event: Mapping[str, str]) -> None:
        user, kind = self._user or UserId("somebody"), EventKind(event["event"])
        await self._assistant.record([Interaction(user, ItemId(event["item"]), kind)])


class OverHttp:
    """Talks over ``/v1``; the session is the one that the first answer names. Items are looked up by their ids."""

    def __init__(self, assistant: Assistant, user: UserId | None, url: str) -> None:
        self._catalogue, self._user, self._url = assistant.recommender.catalogue, user, url
        self._session: str | None = None

    async def say(self, text: str) -> Answer:
        message = {"role": "user", "content": text}
        place = {} if self._session is None else {"metadata": {"session_id": self._session}}
        body = {"model": "floorwalker", "messages": [message], **place, **self._who()}
        answer = await self._post("/v1/chat/completions", body)
        told = answer["floorwalker"]
        self._session = told["session_id"]
        return Answer(
            text=answer["choices"][0]["message"]["content"],
            intents=tuple(told["intents"]),
            items=tuple(self._catalogue.items([item["id"] for item in told["items"]])),
            constraints=tuple(_constraint(each) for each in told["constraints"]),
            tools=tuple(run["name"] for run in told["tool_calls"]),
            actions=tuple(action["kind"] for action in told["actions"]),
            cited=tuple(citation["source"] for citation in told["citations"]),
        )

    async def record(self, event: Mapping[str, str]) -> None:
        user = self._user or "somebody"
        told = await self._post("/v1/events", {"event": event["event"], "item_id": event["item"], "user": user})
        assert told["recorded"] == 1, told

    def _who(self) -> dict[str, str]:
        return {} if self._user is None else {"user": str(self._user)}

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        async with httpx.AsyncClient(base_url=self._url, timeout=60, trust_env=False) as client:
            response = await client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()


def _constraint(told: Mapping[str, Any]) -> Constraint:
    value = tuple(told["value"]) if isinstance(told["value"], list) else told["value"]
    return Constraint(told["id"], told["field"], Op(told["op"]), value, told["unit"], Strength(told["strength"]))
