"""A turn's events as the typed events of OpenAI's Responses API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.events import ItemsFound, Reply, TextDelta, TurnDone, TurnEvent, TurnStarted
from server.errors import wire_error
from server.rendering import extension
from server.responses_protocol import OutputMessage, OutputText, ResponseObject, answer, finished, response_id
from server.sse import frame, unsent


@dataclass(slots=True)
class ResponseWriter:
    """Turns one turn's events into typed events, in the order of the protocol."""

    response: ResponseObject
    text: str = ""
    """What was sent so far."""
    end: bytes = b""
    _number: int = 0
    _message: str = ""
    _place: dict[str, Any] = field(default_factory=dict)

    def frames(self, event: TurnEvent) -> Iterator[bytes]:
        """Yield the frames of one event."""
        if self._number == 0:
            yield from self._start(event)
        if isinstance(event, ItemsFound):
            yield from self._open(extension(event.partial))
        elif isinstance(event, TextDelta) and event.text:
            yield from self._delta(event.text)
        elif isinstance(event, TurnDone):
            yield from self._finish(event.reply)

    def failed(self, error: Exception) -> Iterator[bytes]:
        """Yield what tells that the turn failed after its stream began."""
        told = wire_error(error).body["error"]
        yield self._event("error", code=told["code"], message=told["message"], param=told["param"])
        update = {"status": "failed", "error": {"code": "server_error", "message": told["message"]}}
        yield self._event("response.failed", response=self.response.model_copy(update=update).model_dump())

    def _start(self, event: TurnEvent) -> Iterator[bytes]:
        names = event.reply if isinstance(event, TurnDone) else event
        if isinstance(names, TurnStarted | Reply):
            self._message = f"msg_{names.turn_id}"
            self.response = self.response.model_copy(update={"id": response_id(names.turn_id, names.session_id)})
        started = self.response.model_dump()
        yield self._event("response.created", response=started)
        yield self._event("response.in_progress", response=started)

    def _open(self, found: dict[str, Any] | None = None) -> Iterator[bytes]:
        """Begin the message; with the items that are known, so that cards can be drawn before the prose."""
        if self._place:
            return
        self._place = {"item_id": self._message, "output_index": 0, "content_index": 0}
        item = OutputMessage(id=self._message, status="in_progress").model_dump()
        early = {"floorwalker": found} if found else {}
        yield self._event("response.output_item.added", output_index=0, item=item, **early)
        yield self._event("response.content_part.added", **self._place, part=OutputText().model_dump())

    def _delta(self, text: str) -> Iterator[bytes]:
        yield from self._open()
        self.text += text
        yield self._event("response.output_text.delta", **self._place, delta=text, logprobs=[])

    def _finish(self, reply: Reply) -> Iterator[bytes]:
        yield from self._open(extension(reply) if reply.items else None)
        if rest := unsent(reply, self.text):
            yield from self._delta(rest)
        part = answer(reply)
        for index, cited in enumerate(part.annotations):
            yield self._event(
                "response.output_text.annotation.added", **self._place, annotation_index=index, annotation=cited
            )
        yield self._event("response.output_text.done", **self._place, text=part.text, logprobs=[])
        yield self._event("response.content_part.done", **self._place, part=part.model_dump())
        item = OutputMessage(id=self._message, content=[part]).model_dump()
        yield self._event("response.output_item.done", output_index=0, item=item)
        done = finished(self.response, reply, now=int(time.time()))
        yield self._event("response.completed", response=done.model_dump())

    def _event(self, kind: str, **data: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        return frame({"type": kind, "sequence_number": number, **data}, kind)
