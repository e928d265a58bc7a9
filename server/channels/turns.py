"""One message of a channel as a turn of the assistant, and the reply as what is sent back."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from agent.handover import CHANNEL
from core.entities import UserId
from core.errors import FloorwalkerError
from core.events import ConstraintEdit, Reply, SessionRef, TurnDone, TurnRequest
from core.settings import Settings
from server.channels.answers import Answer, answer_of
from server.channels.port import Channel, Inbound, Post
from server.channels.words import channel_word
from server.handoffs import HandoffDesk
from server.port import Conversation
from storage.handoffs import Handoff

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue

GRACE = 30.0
"""Seconds that a turn may take beyond its own limit before it counts as failed."""
SETTLED = 5.0
"""Seconds after which a channel's word that the assistant has a conversation is newer than its hand-off."""


class ChannelTurns:
    """Takes turns for channels."""

    def __init__(self, assistant: Conversation, desk: HandoffDesk | None, settings: Settings) -> None:
        """Use an assistant and the hand-off desk; None where the assistant hands nothing over."""
        self._assistant = assistant
        self._desk = desk
        self._longest = settings.max_message
        self._limit = settings.turn_limit + GRACE
        self._public_url = settings.public_url.rstrip("/")

    async def take(self, channel: Channel, inbound: Inbound, received: float) -> tuple[Post, ...]:
        """Take a turn, or what an operator did, and return what is sent.

        Raises:
            FloorwalkerError, TimeoutError: the turn failed.
        """
        if inbound.kind != "message":
            return await self._ended(channel, inbound)
        posts, _ = await self.answer(channel, inbound, received)
        return posts

    async def answer(self, channel: Channel, inbound: Inbound, received: float) -> tuple[tuple[Post, ...], bool]:
        """Take a turn and return what is sent, and whether a person has the conversation after it."""
        language = inbound.language or ""
        if len(inbound.text) > self._longest:
            return self._say(channel, inbound, channel_word("too_long", language), language), False
        session = self.session(channel, inbound)
        before = await self._handoff(session)
        if before is not None and inbound.ours and before.announced and received > before.announced + SETTLED:
            assert self._desk is not None
            await self._desk.give_back(before.id, tell_channel=False)
            before = None
        reply = await self._reply(self._request(channel, inbound, session))
        after = await self._handoff(session)
        if before is not None and after is not None and before.id == after.id:
            return (), True  # a person answers; the assistant keeps silent
        catalogue = cast("Catalogue", self._assistant.recommender.catalogue)
        answer = answer_of(reply, catalogue.facets, self._assistant.shop.currency, self._public_url)
        posts = channel.render(answer, inbound.address, _key(inbound))
        action = next((action for action in reply.actions if action.kind == "handoff"), None)
        if action is None:
            return posts, after is not None
        handoff = after or Handoff(session.key, session.session_id, session.scope, True, channel.name, reply.language,
                                   action.summary, str(action.data.get("why", "")), {})  # fmt: skip
        return (*posts, *channel.hand_off(handoff, reply, inbound.address)), True

    def apology(self, channel: Channel, inbound: Inbound) -> tuple[Post, ...]:
        """Return what is sent when a turn failed for good."""
        if inbound.kind != "message":
            return ()
        language = inbound.language or ("zh" if any("\u4e00" <= char <= "\u9fff" for char in inbound.text) else "en")
        return self._say(channel, inbound, channel_word("failed", language), language)

    async def announce(self, channel: Channel, conversation: str) -> None:
        """Remember that the channel was told of a conversation's hand-off."""
        if self._desk is not None:
            session = self._assistant.session(conversation, CHANNEL + channel.name)
            await asyncio.to_thread(self._desk.store.announce, session.key)

    async def waiting(self, channel: Channel, inbound: Inbound) -> tuple[Post, ...]:
        """Return what a person said since a channel asked last, for channels that only ask."""
        if self._desk is None:
            return ()
        words = await asyncio.to_thread(self._desk.store.fetch, self.session(channel, inbound).key)
        return tuple(post for entry in words for post in self._say(channel, inbound, entry.text, "en"))

    async def handed_off(self, channel: Channel, inbound: Inbound) -> bool:
        """Tell whether a person has the conversation."""
        return await self._handoff(self.session(channel, inbound)) is not None

    def session(self, channel: Channel, inbound: Inbound) -> SessionRef:
        """Return a conversation's session; the channel has proven whose it is, so it may hold an identity."""
        return replace(self._assistant.session(inbound.conversation, CHANNEL + channel.name), issued=True)

    async def _handoff(self, session: SessionRef) -> Handoff | None:
        return None if self._desk is None else await asyncio.to_thread(self._desk.store.of_session, session.key)

    def _request(self, channel: Channel, inbound: Inbound, session: SessionRef) -> TurnRequest:
        # A shop's own system names its own customers; other channels' users are strangers to the shop's history.
        user = inbound.user if channel.name == "webhook" else f"{channel.name}:{inbound.user}" if inbound.user else ""
        key = hashlib.sha256(f"{channel.name}\n{inbound.conversation}\n{inbound.message_id}".encode()).hexdigest()
        language = (inbound.language or "").replace("_", "-").split("-", 1)[0].strip().lower()
        return TurnRequest(
            message=inbound.text,
            session=session,
            user_id=UserId(user) if user else None,
            language=language if language.isascii() and language.isalpha() else None,
            edit=ConstraintEdit(remove=inbound.drop) if inbound.drop else None,
            retry_key=f"channel:{key}" if inbound.message_id else None,
            identity_token=inbound.identity_token,
        )

    async def _reply(self, request: TurnRequest) -> Reply:
        async with asyncio.timeout(self._limit):
            async with aclosing(self._assistant.stream(request)) as events:
                async for event in events:
                    if isinstance(event, TurnDone):
                        return event.reply
        raise FloorwalkerError("the turn ended without an answer")

    async def _ended(self, channel: Channel, inbound: Inbound) -> tuple[Post, ...]:
        """A person gave a conversation back, or closed it: in the channel itself, or by a button of ours there."""
        if self._desk is None:
            return ()
        number = inbound.handoff
        if not number:
            known = await self._handoff(self.session(channel, inbound))
            number = known.id if known is not None else 0
        handoff = await asyncio.to_thread(self._desk.store.get, number)
        if handoff is None or handoff.state == "closed":
            return ()
        act: Any = self._desk.close if inbound.kind == "closed" else self._desk.give_back
        await act(number, tell_channel=bool(inbound.handoff))
        if not inbound.handoff:
            return ()
        return self._say(channel, inbound, channel_word(f"handoff_{inbound.kind}", handoff.language), handoff.language)

    def _say(self, channel: Channel, inbound: Inbound, text: str, language: str) -> tuple[Post, ...]:
        return channel.render(Answer(text, language), inbound.address, _key(inbound))


def _key(inbound: Inbound) -> str:
    """Return what names the answer to a message, for channels that tell repetitions."""
    return hashlib.sha256(f"{inbound.conversation}\n{inbound.message_id}".encode()).hexdigest()
