"""``POST /v1/events``: what people did with items; ``/v1/profile``: what is known of a user, changed and forgotten."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from core.entities import EventKind, Interaction, ItemId, UserId
from core.errors import FloorwalkerError, ItemNotFound, RequestError
from server.bodies import read_body, read_json, validate
from server.errors import wire_error
from server.metrics import Metrics
from server.port import Conversation, Shelves
from server.protocol import MAX_NAME

MAX_EVENTS = 1000
AHEAD = timedelta(days=1)
"""How far a caller's clock may be ahead of ours."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]
User = Annotated[Name, Query(description="whose profile: the id that chat requests send as user")]


def _text(value: Any) -> Any:
    """Let ids that are numbers in a shop's own database pass as text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[Name, BeforeValidator(_text, json_schema_input_type=str | int)]


class Event(BaseModel):
    """One event; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    event: EventKind
    item_id: Id
    user: Id
    session_id: Name | None = None
    turn_id: Name | None = None
    position: int | None = Field(None, ge=0, le=10_000)
    value: float | None = Field(None, ge=0, allow_inf_nan=False)
    """Stars for a rating, pieces for a purchase."""
    time: datetime | None = None
    """ISO 8601, or seconds since 1970; now when it is left out."""
    event_id: Id | None = None
    """Makes sending it again harmless."""


class ProfileChanges(BaseModel):
    """Items to add to a user's likes and dislikes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    like: list[Id] = Field([], max_length=MAX_EVENTS)
    dislike: list[Id] = Field([], max_length=MAX_EVENTS)


class Refused(BaseModel):
    """An event of a list that was not recorded."""

    index: int
    message: str
    param: str | None
    code: str


class Recorded(BaseModel):
    """What became of the events."""

    recorded: int
    duplicates: int
    errors: list[Refused] = []


def events_router() -> APIRouter:
    """Return the routes; ``app.state`` holds the assistant and the metrics."""
    router = APIRouter(prefix="/v1", tags=["events"])

    @router.post("/events", summary="Record one event, or a list of them")
    async def record_events(request: Request) -> Recorded:
        body = await read_json(request)
        if request.state.visitor:  # who comes with a site's token speaks for nobody else
            body = _of_visitor(body, request.state.visitor)
        return await record(request.app.state.assistant, request.app.state.metrics, body)

    return router


def profile_router() -> APIRouter:
    """Return the routes; ``app.state.assistant`` serves them."""
    router = APIRouter(prefix="/v1/profile", tags=["profile"])

    @router.get("", summary="What is known of a user's tastes")
    async def read_profile(request: Request, user: User) -> dict[str, Any]:
        assistant: Conversation = request.app.state.assistant
        return dict(await assistant.profile(UserId(user)))

    @router.patch("", summary="Change what is known of a user's tastes")
    async def change_profile(request: Request, user: User) -> dict[str, Any]:
        assistant: Conversation = request.app.state.assistant
        changes = await read_body(request, TypeAdapter(ProfileChanges))
        await assistant.update_profile(UserId(user), changes.model_dump(exclude_unset=True))
        return dict(await assistant.profile(UserId(user)))

    @router.delete("", summary="Forget a user")
    async def forget_user(request: Request, user: User) -> dict[str, Any]:
        assistant: Conversation = request.app.state.assistant
        return {"deleted": dict(await assistant.forget(UserId(user)))}

    return router


async def record(assistant: Conversation, metrics: Metrics, body: Any) -> Recorded:
    """Record what is right of a body, and say of each other event why not.

    Raises:
        RequestError: a single event is wrong, or every event of a list.
    """
    single = not isinstance(body, list)
    given = [body] if single else body
    if len(given) > MAX_EVENTS:
        raise RequestError(f"{len(given):,} events in one request; at most {MAX_EVENTS:,} are taken")
    adapter = TypeAdapter(Event)
    now = datetime.now(UTC)
    right: list[Interaction] = []
    refused: list[Refused] = []
    for index, entry in enumerate(given):
        try:
            right.append(_interaction(validate(adapter, entry), assistant.recommender.catalogue, now))
        except RequestError as error:
            if single:
                raise
            refused.append(_refused(index, error))
    if given and not right:
        first = refused[0]
        raise RequestError(f"no event was recorded; the first: {first.message}", param=first.param, code=first.code)
    new = await assistant.record(right) if right else 0
    for kind, number in Counter(interaction.event.value for interaction in right).items():
        metrics.recorded(kind, number)
    return Recorded(recorded=new, duplicates=len(right) - new, errors=refused)


def _of_visitor(body: Any, visitor: str) -> Any:
    if isinstance(body, list):
        return [_of_visitor(entry, visitor) for entry in body]
    return {**body, "user": visitor} if isinstance(body, dict) else body


def _interaction(event: Event, shelves: Shelves, now: datetime) -> Interaction:
    if event.event is EventKind.IMPRESSION:
        raise RequestError("impressions are recorded by the assistant itself", param="event")
    if event.event is EventKind.RATING and event.value is None:
        raise RequestError("value: a rating needs one", param="value")
    if not shelves.has(event.item_id):
        raise ItemNotFound(event.item_id)
    return Interaction(
        user_id=UserId(event.user),
        item_id=ItemId(event.item_id),
        event=event.event,
        value=event.value,
        time=_time(event.time, now),
        session_id=event.session_id,
        turn_id=event.turn_id,
        position=event.position,
        event_id=event.event_id or uuid.uuid4().hex,
    )


def _time(stated: datetime | None, now: datetime) -> datetime:
    if stated is None:
        return now
    aware = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    try:
        moment = aware.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise RequestError("time: is outside of the calendar", param="time") from error
    if moment > now + AHEAD:
        raise RequestError("time: is in the future", param="time")
    return moment


def _refused(index: int, error: FloorwalkerError) -> Refused:
    told = wire_error(error).body["error"]
    return Refused(index=index, message=told["message"], param=told["param"], code=told["code"])
