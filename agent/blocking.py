"""The assistant for programs without an event loop: the same calls, which wait for their answers."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

from agent.assistant import Assistant
from core.events import Reply, SessionRef, TurnEvent, TurnRequest
from core.ports import Progress
from core.settings import Settings

Result = TypeVar("Result")


class BlockingAssistant:
    """An assistant whose turns run in a loop of its own, in a thread; any thread may call it."""

    def __init__(self, assistant: Assistant) -> None:
        """Take an assistant that no other loop uses."""
        self.assistant = assistant
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="floorwalker", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, settings: Settings, progress: Progress | None = None) -> BlockingAssistant:
        """Open a shop. Raises like :meth:`Assistant.open`."""
        return cls(Assistant.open(settings, progress))

    def __enter__(self) -> BlockingAssistant:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def new_session(self, scope: str = "") -> SessionRef:
        """Issue a session."""
        return self.assistant.new_session(scope)

    def reply(self, request: TurnRequest) -> Reply:
        """Take one turn and return its whole answer. Raises like :meth:`Assistant.stream`."""
        return self._wait(self.assistant.reply(request))

    def stream(self, request: TurnRequest) -> Iterator[TurnEvent]:
        """Take one turn and yield its events as they come; leaving the iteration stops the work."""
        events: queue.SimpleQueue[TurnEvent | None] = queue.SimpleQueue()
        drawing = asyncio.run_coroutine_threadsafe(self._draw(request, events), self._loop)
        try:
            while (event := events.get()) is not None:
                yield event
            drawing.result()
        finally:
            drawing.cancel()

    async def _draw(self, request: TurnRequest, events: queue.SimpleQueue[TurnEvent | None]) -> None:
        """Draw the whole turn in one task: frameworks bind time limits to the task."""
        try:
            async with aclosing(self.assistant.stream(request)) as drawn:
                async for event in drawn:
                    events.put(event)
        finally:
            events.put(None)

    def close(self) -> None:
        """Stop the loop and close the assistant's files."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.assistant.close()

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
