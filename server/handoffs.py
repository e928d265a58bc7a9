"""The desk of the people who take hand-offs: what waits, what was said, their replies, giving back and closing.

``server/inbox.py`` shows it; ``GET /v1/sessions/{id}/messages`` and the chat page fetch what a person said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Request

from agent.handover import CHANNEL
from core.errors import RequestError
from core.events import SessionRef
from server.bodies import Id
from server.channels.answers import Answer
from server.channels.port import Channel, Post
from server.channels.words import channel_word
from server.port import Conversation
from server.sessions import SESSION_ID, scope_of
from storage.handoffs import CLOSED, OPEN, TAKEN, Handoff, HandoffStore, Words
from storage.sessions import Utterance

MAX_REPLY = 5000
"""Characters of an operator's reply."""

Outbox = Callable[[Channel, str, str, Sequence[Post]], Awaitable[None]]


class Talker(Conversation, Protocol):
    """An assistant whose conversations can be handed over."""

    async def give_back(self, session: SessionRef) -> bool:
        """Let the assistant answer again."""
        ...

    def transcript(self, key: str) -> Sequence[Utterance]:
        """Return what was said in a session."""
        ...


class HandoffDesk:
    """Takes what operators do; one per server."""

    def __init__(self, store: HandoffStore, assistant: Talker, channels: Mapping[str, Channel]) -> None:
        """Serve the hand-offs of a store; :attr:`outbox` is set by whoever sends to channels."""
        self.store = store
        self.outbox: Outbox | None = None
        self.addresses: Callable[[str, str], Mapping[str, Any] | None] = lambda channel, conversation: None
        self._assistant = assistant
        self._channels = channels

    def listed(self, *, closed: bool = False) -> tuple[Handoff, ...]:
        """Return the hand-offs that wait for a person or are with one, or those that are over."""
        return self.store.listed((CLOSED,) if closed else (OPEN, TAKEN))

    def lines(self, handoff: Handoff) -> list[dict[str, Any]]:
        """Return the conversation: transcript and a person's words by time.

        While a person has it, the assistant only says that it is handed over; that is left out after the first time.
        """
        said: list[tuple[float, str, str]] = []
        announced = False
        for line in self._assistant.transcript(handoff.session_key):
            silent = line.role == "assistant" and handoff.opened <= line.time <= (handoff.closed or line.time)
            if not (silent and announced):
                said.append((line.time, line.role, line.text))
            announced = announced or silent
        said += [(words.time, words.role, words.text) for words in self.store.words(handoff.session_key)]
        said.sort(key=lambda entry: entry[0])
        return [{"time": time, "role": role, "text": text} for time, role, text in said if text.strip()]

    def heard(self, session_key: str, after: int) -> tuple[tuple[Words, ...], str | None]:
        """Return what a person said in a session after some id, and how the hand-off stands (None: there is none)."""
        handoff = self.store.of_session(session_key)
        return self.store.words(session_key, after), handoff.state if handoff else None

    async def say(self, handoff_id: int, text: str) -> None:
        """Tell the customer what a person writes.

        Raises:
            RequestError: there is no such hand-off, it is closed, or the text is empty or too long.
        """
        text = text.strip()
        if not text or len(text) > MAX_REPLY:
            raise RequestError(f"a reply has 1 to {MAX_REPLY} characters", param="text")
        handoff = await self._found(handoff_id)
        words = await asyncio.to_thread(self.store.say, handoff_id, text)
        if words is None:
            raise _closed()
        await self._push(handoff, f"operator:{words.id}", text=text)

    async def give_back(self, handoff_id: int, *, tell_channel: bool = True) -> Handoff:
        """Let the assistant answer again, and tell the customer so.

        Raises:
            RequestError: there is no such hand-off, or it is closed.
        """
        handoff = await self._found(handoff_id)
        text = channel_word("returned", handoff.language)
        words = await asyncio.to_thread(self.store.say, handoff_id, text, "assistant")
        if words is None:
            raise _closed()
        await self._end(handoff, "returned")
        key = f"returned:{handoff.id}"
        await self._push(handoff, key, text=text, ended=False if tell_channel else None)
        return handoff

    async def close(self, handoff_id: int, *, tell_channel: bool = True) -> Handoff:
        """End the conversation; should the customer write again, the assistant answers.

        Raises:
            RequestError: there is no such hand-off.
        """
        handoff = await self._found(handoff_id)
        await self._end(handoff, "closed")
        if tell_channel:
            await self._push(handoff, f"closed:{handoff.id}", ended=True)
        return handoff

    async def _found(self, handoff_id: int) -> Handoff:
        handoff = await asyncio.to_thread(self.store.get, handoff_id)
        if handoff is None:
            raise RequestError(f"there is no hand-off {handoff_id}", code="not_found", status=404)
        return handoff

    async def _end(self, handoff: Handoff, outcome: str) -> None:
        session = SessionRef(handoff.session_id, handoff.session_key, handoff.issued, handoff.scope)
        await self._assistant.give_back(session)
        await asyncio.to_thread(self.store.close_handoff, handoff.id, outcome)

    async def _push(self, handoff: Handoff, key: str, *, text: str = "", ended: bool | None = None) -> None:
        """Send to the channel that the conversation came through, if it takes messages at any time."""
        channel = self._channels.get(handoff.channel) if handoff.scope.startswith(CHANNEL) else None
        if channel is None or not channel.pushes or self.outbox is None:
            return
        address = await asyncio.to_thread(self.addresses, channel.name, handoff.session_id)
        if address is None:
            return
        posts: list[Post] = []
        if text:
            posts += channel.render(Answer(text, handoff.language), address, key)
        if ended is not None:
            posts += channel.give_back(address, ended=ended)
        if posts:
            await self.outbox(channel, handoff.session_id, key, posts)


def sessions_router() -> APIRouter:
    """Return the route that clients of the API fetch a person's words from."""
    router = APIRouter(prefix="/v1", tags=["chat"])

    @router.get("/sessions/{session_id}/messages", summary="What a person said in a session that was handed over")
    async def messages(request: Request, session_id: str, after: Id = 0, user: str = "") -> dict[str, Any]:
        desk: HandoffDesk | None = request.app.state.handoffs
        if not SESSION_ID.fullmatch(session_id):
            raise RequestError("a session id has 1 to 200 letters, digits or any of . _ : ~ @ + / = -", param="id")
        if desk is None:
            return {"object": "list", "data": [], "handoff": None}
        assistant: Conversation = request.app.state.assistant
        session = assistant.session(session_id, scope_of(request.state.caller, user[:256]))
        words, state = await asyncio.to_thread(desk.heard, session.key, after)
        return {"object": "list", "data": [plain_words(entry) for entry in words], "handoff": state}

    return router


def plain_words(words: Words) -> dict[str, Any]:
    """Return a person's words as JSON."""
    return {"id": words.id, "role": words.role, "content": words.text, "created": int(words.time)}


def _closed() -> RequestError:
    return RequestError("this hand-off is closed", code="handoff_closed", status=409)
