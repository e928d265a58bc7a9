"""Draws a turn's events in a task of their own, so that silence and a leaving client are noticed while it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from core.events import TurnEvent

BUFFER = 256
"""Events that may wait for a slow client before the turn waits for it."""

Result = TypeVar("Result")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class TurnFeed:
    """The events of one turn. All of the stream runs in one task: frameworks bind time limits to the task."""

    def __init__(self, stream: AsyncGenerator[TurnEvent, None]) -> None:
        """Start drawing; :meth:`close` must follow."""
        self._queue: asyncio.Queue[TurnEvent | BaseException | None] = asyncio.Queue(BUFFER)
        self._task = asyncio.create_task(self._draw(stream))

    async def next(self, patience: float | None = None) -> TurnEvent | None:
        """Return the next event, or None when none came within ``patience`` seconds.

        Raises:
            StopAsyncIteration: the turn is over.
            Exception: what the turn failed with.
        """
        try:
            async with asyncio.timeout(patience):
                event = await self._queue.get()
        except TimeoutError:
            return None
        if event is None:
            raise StopAsyncIteration
        if isinstance(event, BaseException):
            raise event
        return event

    async def close(self) -> None:
        """Stop the turn's work, if it still works."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _draw(self, stream: AsyncGenerator[TurnEvent, None]) -> None:
        end: Exception | None = None
        try:
            # A generator that is left in mid-iteration stops its work only when it is closed.
            async with aclosing(stream):
                async for event in stream:
                    await self._queue.put(event)
        except Exception as error:  # noqa: BLE001 - whatever it is: whoever asks for the next event gets it
            end = error
        await self._queue.put(end)


async def disconnected(receive: Receive) -> None:
    """Return when the client has left; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


class ClientLeft(Exception):
    """The client closed its connection; there is nobody to answer."""


async def unless_disconnected(work: Awaitable[Result], receive: Receive) -> Result:
    """Return what ``work`` returns, and cancel it when the client leaves first.

    Raises:
        ClientLeft: the client has left, and the work was cancelled.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(disconnected(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft
        return working.result()
    finally:
        for task in (working, leaving):
            if not task.done():
                task.cancel()
        await asyncio.wait({working, leaving})
