"""A conversation between turns: what was understood so far, and the changes that a turn makes to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.entities import Constraint, ItemId, Language, Question, Sort


class Intent(StrEnum):
    """What a message wants (DESIGN 4.2)."""

    RECOMMEND = "recommend"
    REFINE = "refine"
    SIMILAR = "similar"
    COMPARE = "compare"
    EXPLAIN = "explain"
    DETAILS = "details"
    FEEDBACK = "feedback"
    UNDO = "undo"
    RESET = "reset"
    ORDER_STATUS = "order_status"
    CANCEL_ORDER = "cancel_order"
    MODIFY_ORDER = "modify_order"
    RETURN = "return"
    EXCHANGE = "exchange"
    REFUND = "refund"
    POLICY = "policy"
    COMPLAINT = "complaint"
    HANDOFF = "handoff"
    CART = "cart"
    PROFILE = "profile"
    CONFIRM = "confirm"
    DENY = "deny"
    GREET = "greet"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class WantedPart:
    """One thing of a set that is wanted together."""

    text: str = ""
    """What it is, in the user's words."""
    constraints: tuple[Constraint, ...] = ()
    sorts: tuple[Sort, ...] = ()
    refused: tuple[ItemId, ...] = ()
    """What was chosen for it and is to be another."""
    chosen: ItemId | None = None


@dataclass(frozen=True, slots=True)
class WantedSet:
    """Things wanted together, under one budget."""

    parts: tuple[WantedPart, ...] = ()
    budget: float | None = None
    """What they may cost together, in the shop's currency."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What the shopper wants, as held between turns; the part that undo restores."""

    text: str = ""
    """Free words of the need that no constraint holds; what the encoder sees."""
    constraints: tuple[Constraint, ...] = ()
    sorts: tuple[Sort, ...] = ()
    anchors: tuple[ItemId, ...] = ()
    liked: tuple[ItemId, ...] = ()
    disliked: tuple[ItemId, ...] = ()
    gift: bool = False
    """The item is for somebody else: the user's own profile is left out."""
    bundle: WantedSet | None = None
    """Things that are wanted together; None where one kind of thing is."""
    numbered: int = field(default=0, compare=False)
    """The highest number that a constraint's id had: an id is never given twice."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer who proved who they are, in a session that the server issued."""

    customer_id: str
    orders: tuple[str, ...]
    expires: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ConversationState:
    """The typed state of one conversation: small, immutable, stored once a turn as JSON."""

    turn: int = 0
    language: Language = ""
    wants: Wants = field(default_factory=Wants)
    past: tuple[Wants, ...] = ()
    """Earlier wants, newest last, for undo; at most ten."""
    shown: tuple[ItemId, ...] = ()
    """What is on screen, in order: what "the second one" refers to."""
    seen: tuple[ItemId, ...] = ()
    """Everything shown so far, newest last; at most a hundred."""
    focus: tuple[ItemId, ...] = ()
    """The items spoken of last: what "it" refers to."""
    question: Question | None = None
    """The question that is open."""
    asked: tuple[str, ...] = ()
    """Fields already asked about."""
    confirmed: tuple[str, ...] = ()
    """Keys of the shop's eligibility rules that the user has confirmed."""
    learned: tuple[str, ...] = ()
    """Fields of which a wish was once concluded from what was turned down: no second time."""
    awaiting: str | None = None
    """What the desk waits for: ``identity``, ``detail`` (of a change), ``confirmation``, ``erasure``
    (whether to delete all that is kept of the user), ``person`` (whether to call one) or None."""
    topic: Intent | None = None
    """The last intent that an elliptical answer continues."""
    unclear: int = 0
    """Misunderstood turns in a row."""
    identity: Identity | None = None
    desk: Mapping[str, Any] = field(default_factory=dict)
    """The service desk's own notes (the order spoken of, a pending action): plain JSON values."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a tool asks the agent to merge into the state; None or empty leaves a part as it is."""

    set: tuple[Constraint, ...] = ()
    """Constraints to add; each replaces those of its field that it contradicts."""
    remove: tuple[str, ...] = ()
    """Ids of constraints to drop."""
    text: str | None = None
    sorts: tuple[Sort, ...] | None = None
    anchors: tuple[ItemId, ...] | None = None
    like: tuple[ItemId, ...] = ()
    dislike: tuple[ItemId, ...] = ()
    unsaid: tuple[ItemId, ...] = ()
    """Items of which it counts no longer that they were liked or not."""
    shown: tuple[ItemId, ...] | None = None
    focus: tuple[ItemId, ...] | None = None
    question: Question | None = None
    identity: Identity | None = None
    desk: Mapping[str, Any] | None = None
    gift: bool | None = None
    bundle: WantedSet | None = None
    """The set that is wanted from now on; one without parts where none is any more."""
    confirmed: tuple[str, ...] = ()
    """Keys of eligibility rules that were confirmed now."""
    learned: tuple[str, ...] = ()
    """Fields of which a wish was concluded now."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history that a client sent; role is ``user`` or ``assistant``."""

    role: str
    content: str
