"""The port of messaging channels: what a channel sends, what is sent to it, and what each implementation does.

A channel is a translator and nothing more: it verifies and reads a delivery, and it makes plain requests (``Post``)
out of replies. Queue, order, repetitions, back-off and the conversation itself are ``switchboard.py``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import httpx

from core.errors import FloorwalkerError, RequestError
from core.events import Reply
from server.channels.answers import Answer
from storage.handoffs import Handoff

Kind = Literal["message", "returned", "closed"]
"""A customer's message; the conversation given back to the assistant; the conversation ended by a person."""

MAX_ID = 200
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request from a channel, as it came."""

    body: bytes
    headers: Mapping[str, str]
    """Names in lower case."""
    query: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Return a header, empty when it is missing."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that a channel tells us."""

    message_id: str
    """The same for repetitions of one message, and for nothing else of this channel."""
    conversation: str
    """Whose conversation: one customer's, so where several write in one place it names the customer too."""
    user: str
    text: str = ""
    kind: Kind = "message"
    drop: tuple[str, ...] = ()
    """Ids of constraints that a pressed button gives up."""
    language: str | None = None
    address: Mapping[str, Any] = field(default_factory=dict)
    """Where answers go: plain JSON that only this channel reads."""
    identity_token: str | None = field(default=None, repr=False)
    """Who is signed in on the shop's site, as it signed it."""
    ours: bool = False
    """Whether the channel itself says that the assistant has the conversation, not a person."""
    handoff: int = 0
    """The hand-off that ``returned`` or ``closed`` is about, when an operator pressed a button."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a delivery holds, and what it is answered with at once."""

    inbound: tuple[Inbound, ...] = ()
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Post:
    """One request to a channel, without its secrets, so that it may be stored."""

    path: str
    """Below the channel's own base address."""
    json: Mapping[str, Any]
    key: str = ""
    """Tells repetitions, where the channel can."""
    essential: bool = True
    """False for what the customer can do without: its failure is logged and passed over."""
    spare: Mapping[str, Any] | None = None
    """What is sent instead when the channel refuses ``json`` as malformed (no pictures, plain text)."""


class Rejected(RequestError):
    """A delivery that is not from the channel, or not now."""

    code = "delivery_rejected"

    def __init__(self, message: str, *, status: int = 401, code: str | None = None) -> None:
        """Say why: 401 for a missing or wrong proof, 403 for what is proven and not allowed."""
        super().__init__(message, status=status, code=code)


class Undelivered(FloorwalkerError):
    """A post that a channel did not take."""

    code = "undelivered"

    def __init__(
        self, message: str, *, final: bool = False, malformed: bool = False, wait: float | None = None
    ) -> None:
        """Say why; ``wait`` is how many seconds the channel asks for, ``final`` that no repetition will help."""
        super().__init__(message)
        self.final, self.malformed, self.wait = final, malformed, wait


class Channel(Protocol):
    """One messaging service. Everything but ``deliver`` is pure."""

    name: str
    base: str
    """The address that posts go to."""
    pushes: bool
    """Whether messages can be sent at any time; else they wait until the channel asks."""

    def verify(self, delivery: Delivery, now: float) -> None:
        """Let a delivery pass that the channel made, and just now.

        Raises:
            Rejected: no proof, a wrong one, or one from another time.
        """
        ...

    def parse(self, delivery: Delivery) -> Parsed:
        """Return what a verified delivery holds; what is none of our business is left out.

        Raises:
            RequestError: the body is not what the channel's documentation says.
        """
        ...

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return the posts that show an answer; ``key`` tells repetitions of it."""
        ...

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Return the posts that call a person, in the channel's own way."""
        ...

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Return the posts that give a conversation back to the assistant, or end it."""
        ...

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Send one post.

        Raises:
            Undelivered: the channel did not take it.
        """
        ...
