"""A turn's events as OpenAI's chunks, sent as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.events import ItemsFound, Reply, TextDelta, TurnDone, TurnEvent, TurnStarted
from server.errors import wire_error
from server.feed import ClientLeft, TurnFeed, unless_disconnected
from server.protocol import ChatChunk, ChunkChoice, Usage
from server.rendering import extension, to_json, url_citations

KEEP_ALIVE = 10.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""

DONE = b"data: [DONE]\n\n"
COMMENT = b": keep-alive\n\n"


class FrameWriter(Protocol):
    """Turns one turn's events into server-sent events."""

    @property
    def end(self) -> bytes:
        """What closes the stream."""
        ...

    def frames(self, event: TurnEvent) -> Iterator[bytes]:
        """Yield the frames of one event."""
        ...

    def failed(self, error: Exception) -> Iterator[bytes]:
        """Yield what tells that the turn failed after its stream began."""
        ...


def frame(value: Any, name: str = "") -> bytes:
    """Return one server-sent event; JSON has no line ends, so one line holds it."""
    named = f"event: {name}\n".encode() if name else b""
    return named + b"data: " + to_json(value) + b"\n\n"


@dataclass(slots=True)
class ChunkWriter:
    """Turns one turn's events into chunks, in the order of the contract."""

    include_usage: bool = False
    id: str = ""
    created: int = 0
    text: str = ""
    """What was sent so far."""
    items_sent: bool = False
    end: bytes = DONE

    def frames(self, event: TurnEvent) -> Iterator[bytes]:
        """Yield the frames of one event."""
        for chunk in self.chunks(event):
            yield frame(chunk)

    def failed(self, error: Exception) -> Iterator[bytes]:
        """Yield what tells that the turn failed after its stream began."""
        yield frame(wire_error(error).body)

    def chunks(self, event: TurnEvent) -> Iterator[dict[str, Any]]:
        """Yield the chunks of one event."""
        if not self.id:
            yield from self._start(event)
        if isinstance(event, ItemsFound):
            yield from self._items(event.partial)
        elif isinstance(event, TextDelta) and event.text:
            self.text += event.text
            yield self._chunk({"content": event.text})
        elif isinstance(event, TurnDone):
            yield from self._finish(event.reply)

    def _start(self, event: TurnEvent) -> Iterator[dict[str, Any]]:
        turn_id = event.turn_id if isinstance(event, TurnStarted) else ""
        turn_id = event.reply.turn_id if isinstance(event, TurnDone) else turn_id
        self.id = completion_id(turn_id)
        self.created = int(time.time())
        yield self._chunk({"role": "assistant", "content": ""})

    def _items(self, reply: Reply) -> Iterator[dict[str, Any]]:
        if not self.items_sent:
            self.items_sent = True
            yield self._chunk({}, floorwalker=extension(reply))

    def _finish(self, reply: Reply) -> Iterator[dict[str, Any]]:
        if reply.items:
            yield from self._items(reply)
        if rest := unsent(reply, self.text):
            yield self._chunk({"content": rest})
        cited = url_citations(reply)
        delta: dict[str, Any] = {"annotations": cited} if cited else {}
        yield self._chunk(delta, finish=True, floorwalker=extension(reply))
        if self.include_usage:
            yield self._dump(ChatChunk(id=self.id, created=self.created, choices=[], usage=usage_of(reply)))

    def _chunk(
        self, delta: dict[str, Any], *, finish: bool = False, floorwalker: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        choice = ChunkChoice(delta=delta, finish_reason="stop" if finish else None)
        return self._dump(ChatChunk(id=self.id, created=self.created, choices=[choice], floorwalker=floorwalker))

    def _dump(self, chunk: ChatChunk) -> dict[str, Any]:
        absent = set() if chunk.floorwalker else {"floorwalker"}
        return chunk.model_dump(exclude=absent if self.include_usage else absent | {"usage"})


def unsent(reply: Reply, sent: str) -> str:
    """Return what of the answer was not sent piece by piece: a repeated request is answered from memory at once."""
    return reply.text[len(sent) :] if reply.text.startswith(sent) else ""


def completion_id(turn_id: str) -> str:
    """Return the completion's id for a turn."""
    return f"chatcmpl-{turn_id}"


def usage_of(reply: Reply) -> Usage:
    """Return the tokens that the turn's LLM calls took."""
    total = reply.prompt_tokens + reply.completion_tokens
    return Usage(prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens, total_tokens=total)


async def frames(
    feed: TurnFeed, first: TurnEvent | None, writer: FrameWriter, *, keep_alive: float = KEEP_ALIVE
) -> AsyncGenerator[bytes, None]:
    """Yield a turn as server-sent events, and close its feed.

    Args:
        feed: the rest of the turn.
        first: the event that was awaited before the response began, if it came in time.
        writer: makes the frames.
        keep_alive: seconds of silence after which a comment is sent.
    """
    try:
        event = first
        while True:
            if event is None:
                yield COMMENT
            else:
                for part in writer.frames(event):
                    yield part
            try:
                event = await feed.next(keep_alive)
            except StopAsyncIteration:
                break
    except Exception as error:  # noqa: BLE001 - the status line has gone: a frame is all that can tell
        for part in writer.failed(error):
            yield part
    finally:
        await feed.close()
    yield writer.end


class EventStream(Response):
    """Sends frames, and closes them when the client leaves: then their turn is cancelled."""

    media_type = "text/event-stream"

    def __init__(self, body: AsyncGenerator[bytes, None]) -> None:
        """Take the frames."""
        super().__init__(headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"})
        self.frames = body
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or stop at the client's leaving."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            with suppress(ClientLeft, OSError):
                await unless_disconnected(self._send(send), receive)
        finally:
            await asyncio.shield(self.frames.aclose())

    async def _send(self, send: Send) -> None:
        async for part in self.frames:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
