"""What a turn emits: one stream of typed events that JSON, SSE, Gradio, channels and the terminal only render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.conversation import Intent, Message
from core.entities import Constraint, Language, Question, Recommendation, Relaxation, UserId


@dataclass(frozen=True, slots=True)
class ConstraintEdit:
    """Chips edited beside the message (``metadata.edit``)."""

    remove: tuple[str, ...] = ()
    set: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionRef:
    """Where a turn's state is read and written.

    A session (``session_id`` given or issued) is one mutable state. Without one, ``history_key`` names an immutable
    snapshot of the state after the messages before the last.
    """

    session_id: str
    """The public id, returned to the client; continuing with it continues from this very turn."""
    key: str
    """The private storage key: the id scoped to API key and user."""
    issued: bool = False
    """True when this server issued the id or a channel verified it: only then may identity be held."""
    scope: str = ""
    """What history keys are scoped to: a digest of API key and user."""
    stateless: bool = False
    """True when the client sent no session id: the state comes from ``history``."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One message of a user."""

    message: str
    session: SessionRef
    user_id: UserId | None = None
    language: Language | None = None
    """A wish for the answer's language; None follows the user's."""
    edit: ConstraintEdit | None = None
    history: tuple[Message, ...] = ()
    """The messages before this one, oldest first."""
    retry_key: str | None = None
    """Same key, same message: a retried request."""
    read_only: bool = False
    """True when the caller may only look (an agent's read-only tool): tools that write are not run."""
    identity_token: str | None = field(default=None, repr=False)
    """Who is signed in on the shop's site, as it signed it (``commerce/tokens.py``); never logged."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A policy section that the answer rests on."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the caller must act on: ``handoff``, ``checkout`` and the like."""

    kind: str
    summary: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One tool call as it ran."""

    name: str
    arguments: Mapping[str, Any]
    ms: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole turn's answer: Markdown text and everything structured beside it."""

    session_id: str
    turn_id: str
    text: str
    language: Language
    intents: tuple[Intent, ...]
    items: tuple[Recommendation, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    relaxed: tuple[Relaxation, ...] = ()
    question: Question | None = None
    citations: tuple[Citation, ...] = ()
    actions: tuple[Action, ...] = ()
    tool_calls: tuple[ToolRun, ...] = ()
    model: str = "embedded"
    mode: str = "embedded"
    degraded: bool = False
    dropped_sentences: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The turn has its ids."""

    session_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool is about to run."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool has run."""

    run: ToolRun


@dataclass(frozen=True, slots=True)
class ItemsFound:
    """The items are known: cards may be drawn before the prose. ``partial`` is the reply so far, without text."""

    partial: Reply


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A checked piece of the answer's Markdown (a sentence, a list entry, a table)."""

    text: str


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The turn is over and its state stored."""

    reply: Reply


TurnEvent = TurnStarted | ToolStarted | ToolFinished | ItemsFound | TextDelta | TurnDone
"""A failed turn raises a FloorwalkerError out of the stream."""
