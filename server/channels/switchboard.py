"""Between channels and the assistant: takes deliveries at once, answers them one after the other, sends until taken."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import httpx

from core.errors import RequestError
from core.settings import Settings
from server.channels.port import Channel, Delivery, Inbound, Post, Undelivered
from server.channels.sending import back_off, client_for_channels
from server.channels.turns import ChannelTurns
from storage.arrivals import Arrival, Arrivals

logger = logging.getLogger(__name__)

WORKERS = 8
"""Conversations that are answered at a time."""
MAX_WAITING = 5000
"""Messages that may wait; more are refused, and the channel brings them again."""
TURN_TRIES = 3
SEND_TRIES = 40
"""With the longest wait between two tries this is most of a working day."""
KEPT_DAYS = 7.0


class Busy(RequestError):
    """More than may wait; the channel shall come again."""

    code = "rate_limit_exceeded"
    wait = 30


class Switchboard:
    """The queue of one server. Work that is not finished at a kill goes on at the next start."""

    def __init__(
        self, channels: Mapping[str, Channel], turns: ChannelTurns, arrivals: Arrivals, settings: Settings
    ) -> None:
        """Connect channels with the assistant's turns; :meth:`start` begins the work."""
        self.channels = channels
        self.arrivals = arrivals
        self._turns = turns
        self._rate = settings.channel_rate
        self._wake = asyncio.Event()
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._runner: asyncio.Task[None] | None = None
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Begin to work on what waits."""
        await asyncio.to_thread(self.arrivals.prune, KEPT_DAYS * 86_400)
        self._client = client_for_channels()
        self._runner = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop the work; what is not finished stays in the queue."""
        tasks = [task for task in (self._runner, *self._busy.values()) if task is not None]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._client is not None:
            await self._client.aclose()
        self.arrivals.close()

    async def accept(self, channel: Channel, delivery: Delivery) -> Mapping[str, Any]:
        """Verify and keep a delivery; return what it is answered with at once.

        Raises:
            Rejected: it is not from the channel.
            Busy: more than may wait.
            RequestError: the body is not what the channel documents.
        """
        channel.verify(delivery, time.time())
        parsed = channel.parse(delivery)
        for inbound in parsed.inbound:
            await asyncio.to_thread(self._keep, channel, inbound)
        if parsed.inbound:
            self._wake.set()
        return parsed.answer

    async def admit(self, channel: Channel, inbound: Inbound) -> None:
        """Count a message that is answered at once and so does not wait.

        Raises:
            Busy: its conversation sends too many.
        """
        counted = replace(inbound, message_id=f"at-once:{secrets.token_hex(16)}", text="", identity_token=None)
        await asyncio.to_thread(self._keep, channel, counted, done=True)

    async def send(self, channel: Channel, conversation: str, key: str, posts: Sequence[Post]) -> None:
        """Queue what is to be sent to a conversation, once for each key."""
        await asyncio.to_thread(self.arrivals.send, channel.name, key, conversation, [asdict(post) for post in posts])
        self._wake.set()

    def _keep(self, channel: Channel, inbound: Inbound, *, done: bool = False) -> None:
        if not inbound.message_id or not inbound.conversation:
            raise RequestError("a message without an id or a conversation")
        if self.arrivals.known(channel.name, inbound.message_id):
            return
        load = self.arrivals.load(channel.name, inbound.conversation)
        if load.recent >= self._rate or load.waiting >= MAX_WAITING:
            raise Busy("too many messages: bring this one again in half a minute", status=429)
        body = {name: value for name, value in asdict(inbound).items() if name != "address"}
        self.arrivals.add(channel.name, inbound.message_id, inbound.conversation, body, inbound.address, done=done)

    # -- the work ------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                wait = await self._begin_what_is_due()
            except Exception:  # a queue that stops would leave every customer unanswered; the disk may come back
                logger.exception("the channels' queue cannot be read; it is tried again")
                wait = 5.0
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _begin_what_is_due(self) -> float | None:
        """Start what is due, as far as there are workers; return when to look again, in seconds (None: when woken)."""
        due = await asyncio.to_thread(self.arrivals.ready, 2 * WORKERS)
        for arrival in due:
            place = (arrival.channel, arrival.conversation)
            if place in self._busy or len(self._busy) >= WORKERS:
                continue
            task = asyncio.create_task(self._work(arrival))
            self._busy[place] = task
            task.add_done_callback(lambda done, place=place: self._done(place))  # type: ignore[misc]
        return None if due else await asyncio.to_thread(self.arrivals.next_due)

    def _done(self, place: tuple[str, str]) -> None:
        self._busy.pop(place, None)
        self._wake.set()

    async def _work(self, arrival: Arrival) -> None:
        """Bring one row as far as it goes."""
        name, row = arrival.channel, arrival.id
        channel = self.channels.get(name)
        try:
            if channel is None:
                logger.warning("a message of %s is dropped: the channel is off", name)
                await asyncio.to_thread(self.arrivals.finish, row, failed=True)
                return
            posts = arrival.posts
            if posts is None:
                posts = await self._answered(channel, arrival)
            await self._send_all(channel, arrival, posts)
            await self._turns.announce(channel, arrival.conversation)
            await asyncio.to_thread(self.arrivals.finish, row)
        except Undelivered as fault:
            await self._put_off(arrival, fault)
        except Exception:  # whatever broke, the queue goes on and this row is tried again later
            logger.exception("a message of %s failed", name)
            await self._put_off(arrival, Undelivered("a defect of ours; the log has it"))

    async def _answered(self, channel: Channel, arrival: Arrival) -> tuple[Mapping[str, Any], ...]:
        address = await asyncio.to_thread(self.arrivals.address, channel.name, arrival.conversation)
        inbound = inbound_of(arrival, address)
        try:
            posts = await self._turns.take(channel, inbound, arrival.received)
        except Exception as error:  # whatever failed is tried again, and at last the customer gets an apology
            if arrival.attempts + 1 < TURN_TRIES:
                logger.warning("a turn of %s failed and is tried again: %s", channel.name, type(error).__name__)
                raise Undelivered("the turn failed") from error
            logger.exception("a turn of %s failed for good", channel.name)
            posts = self._turns.apology(channel, inbound)
        plain = tuple(asdict(post) for post in posts)
        await asyncio.to_thread(self.arrivals.answered, arrival.id, plain)
        return plain

    async def _send_all(self, channel: Channel, arrival: Arrival, posts: Sequence[Mapping[str, Any]]) -> None:
        assert self._client is not None
        for at in range(arrival.sent, len(posts)):
            await self._send_one(channel, Post(**posts[at]), self._client)
            await asyncio.to_thread(self.arrivals.sent, arrival.id, at + 1)

    async def _send_one(self, channel: Channel, post: Post, client: httpx.AsyncClient) -> None:
        try:
            await channel.deliver(post, client)
        except Undelivered as fault:
            if fault.malformed and post.spare is not None:
                logger.warning("%s refused an answer as it was; it is sent plainer: %s", channel.name, fault)
                await channel.deliver(Post(post.path, post.spare, f"{post.key}:plain", post.essential), client)
            elif fault.final and not post.essential:
                logger.warning("%s did not take what can be done without: %s", channel.name, fault)
            else:
                raise

    async def _put_off(self, arrival: Arrival, fault: Undelivered) -> None:
        tries = arrival.attempts + 1
        if fault.final or tries >= SEND_TRIES:
            logger.error("%s did not take a message after %d tries; it is given up: %s", arrival.channel, tries, fault)
            await asyncio.to_thread(self.arrivals.finish, arrival.id, failed=True)
            return
        logger.info("%s: tried again later: %s", arrival.channel, fault)
        await asyncio.to_thread(self.arrivals.postpone, arrival.id, back_off(arrival.attempts, fault.wait))


def inbound_of(arrival: Arrival, address: Mapping[str, Any] | None) -> Inbound:
    """Return the message of a row, to be answered where its conversation was last."""
    body = dict(arrival.body)
    return Inbound(**{**body, "drop": tuple(body.get("drop", ())), "address": address or {}})
