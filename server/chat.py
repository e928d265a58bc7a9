"""``POST /v1/chat/completions`` and ``GET /v1/models``: the router only dispatches, :class:`ChatService` serves."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from core.conversation import Message
from core.entities import Constraint, Strength, UserId, Value
from core.errors import FloorwalkerError, RequestError
from core.events import ConstraintEdit, Reply, TurnDone, TurnEvent, TurnRequest
from core.settings import Settings
from retrieval.validation import validate
from server.bodies import CLIENT_CLOSED, read_body
from server.feed import ClientLeft, TurnFeed, unless_disconnected
from server.port import Conversation
from server.protocol import (
    MODEL,
    ChatRequest,
    ChatResponse,
    Choice,
    Edit,
    EditedConstraint,
    Model,
    ModelList,
    ResponseMessage,
    primary_language,
)
from server.rendering import extension, to_json, url_citations
from server.sessions import Retries, identity_token_of, scope_of, session_id_of
from server.sse import KEEP_ALIVE, ChunkWriter, EventStream, FrameWriter, completion_id, frames, usage_of

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue

MAX_TURNS = 256
"""Turns under way; more are told to come back in a second."""


def chat_router() -> APIRouter:
    """Return the routes; the service stands in ``app.state.chat``."""
    router = APIRouter(prefix="/v1", tags=["chat"])

    @router.get("/models", summary="List the one model")
    async def list_models(request: Request) -> ModelList:
        service: ChatService = request.app.state.chat
        return ModelList(data=[service.card()])

    @router.get("/models/{model:path}", summary="The one model")
    async def retrieve_model(request: Request, model: str) -> Model:
        service: ChatService = request.app.state.chat
        check_model(model)
        return service.card()

    @router.post("/chat/completions", response_model=ChatResponse, summary="Take one turn of a conversation")
    async def create_chat_completion(request: Request) -> Response:
        service: ChatService = request.app.state.chat
        body = await read_body(request, service.requests)
        turn = service.turn(body, request)
        if body.stream:
            usage = bool(body.stream_options and body.stream_options.include_usage)
            return await service.stream(turn, ChunkWriter(usage))
        return await answered(service, turn, request, lambda reply: completion(reply).model_dump())

    return router


async def answered(
    service: ChatService, turn: TurnRequest, request: Request, body: Callable[[Reply], dict[str, Any]]
) -> Response:
    """Take a turn and return its whole answer as JSON; a client that leaves stops the work."""
    try:
        reply = await unless_disconnected(service.reply(turn), request.receive)
    except ClientLeft:
        return Response(status_code=CLIENT_CLOSED)
    return Response(to_json(body(reply)), media_type="application/json")


def completion(reply: Reply) -> ChatResponse:
    """Return a reply in the shape of a chat completion."""
    message = ResponseMessage(content=reply.text, annotations=url_citations(reply))
    return ChatResponse(
        id=completion_id(reply.turn_id),
        created=int(time.time()),
        choices=[Choice(message=message)],
        usage=usage_of(reply),
        floorwalker=extension(reply),
    )


def check_model(model: str) -> None:
    """Refuse any model but ours.

    Raises:
        RequestError: status 404, in OpenAI's words and code.
    """
    if model != MODEL:
        raise RequestError(
            f"the model {model[:100]!r} does not exist: this server has {MODEL!r}",
            param="model",
            code="model_not_found",
            status=404,
        )


class ChatService:
    """Takes turns for HTTP clients."""

    def __init__(self, assistant: Conversation, settings: Settings, *, keep_alive: float = KEEP_ALIVE) -> None:
        self.requests = TypeAdapter(ChatRequest)
        self._assistant = assistant
        self._limit = settings.max_message
        self._keep_alive = keep_alive
        self._retries = Retries()
        self._started = int(time.time())
        self._turns = 0

    def card(self) -> Model:
        """Return the model's entry."""
        return Model(created=self._started)

    def turn(self, body: ChatRequest, request: Request) -> TurnRequest:
        """Return the turn that a request asks for.

        Raises:
            RequestError: the request cannot be served; ``param`` names the field.
        """
        check_model(body.model)
        _refuse_tools(body)
        history, message = self._messages(body)
        metadata = body.metadata
        edit = self._edit(metadata.edit) if metadata and metadata.edit else None
        if not message.content.strip() and edit is None:
            raise RequestError("the last message is empty", param=f"messages[{len(body.messages) - 1}].content")
        user = request.state.visitor or body.user
        scope = scope_of(request.state.caller, user)
        session_id = session_id_of(request.headers, metadata.session_id if metadata else None)
        session = (
            self._assistant.session(session_id, scope) if session_id else self._assistant.stateless(history, scope)
        )
        edited = orjson.dumps(metadata.edit.model_dump()) if metadata and metadata.edit else b""
        return TurnRequest(
            message=message.content,
            session=session,
            user_id=UserId(user) if user else None,
            language=primary_language(metadata.language) if metadata else None,
            edit=edit,
            history=history,
            identity_token=identity_token_of(request.headers, metadata.identity_token if metadata else None),
            retry_key=self._retries.key(scope, session_id, (*history, message), request.headers, extra=edited),
        )

    async def reply(self, turn: TurnRequest) -> Reply:
        """Take the turn and return its reply.

        Raises:
            FloorwalkerError: the turn failed.
        """
        # The stream is drawn in this very task, which is cancelled when the client leaves.
        async with aclosing(self._events(turn)) as events:
            async for event in events:
                if isinstance(event, TurnDone):
                    reply = event.reply
        return reply

    async def stream(self, turn: TurnRequest, writer: FrameWriter) -> EventStream:
        """Start the turn and return its stream; a turn that fails at once still fails with a status.

        Raises:
            FloorwalkerError: the turn failed before its first event.
        """
        feed = TurnFeed(self._events(turn))
        try:
            first = await feed.next(self._keep_alive)
        except BaseException:  # a cancelled request too must stop its turn
            await feed.close()
            raise
        return EventStream(frames(feed, first, writer, keep_alive=self._keep_alive))

    async def _events(self, turn: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        if self._turns >= MAX_TURNS:
            raise RequestError("too many turns are under way: try again in a second", code="overloaded", status=429)
        self._turns += 1
        done = False
        try:
            async with aclosing(self._assistant.stream(turn)) as events:
                async for event in events:
                    done = done or isinstance(event, TurnDone)
                    yield event
            if not done:
                raise FloorwalkerError("the turn ended without an answer")
        finally:
            self._turns -= 1

    def _messages(self, body: ChatRequest) -> tuple[tuple[Message, ...], Message]:
        last = len(body.messages) - 1
        spoken = body.messages[last]
        if spoken.role != "user":
            raise RequestError(
                f"the last message must come from the user, not from {spoken.role!r}", param=f"messages[{last}].role"
            )
        if len(spoken.content) > self._limit:
            raise RequestError(
                f"the message has {len(spoken.content):,} characters; at most {self._limit:,} are read",
                param=f"messages[{last}].content",
                code="string_above_max_length",
            )
        # A message that was refused for its length stays in some clients' histories: it is cut there, not refused.
        history = tuple(
            Message(message.role, message.content[: self._limit])
            for message in body.messages[:last]
            if message.role in ("user", "assistant")
        )
        return history, Message("user", spoken.content)

    def _edit(self, edit: Edit) -> ConstraintEdit:
        catalogue = cast("Catalogue", self._assistant.recommender.catalogue)
        edited: list[Constraint] = []
        for index, constraint in enumerate(edit.set):
            try:
                edited.append(validate(catalogue, _constraint(constraint)))
            except ValueError as error:
                raise RequestError(str(error), param=f"metadata.edit.set[{index}]") from error
        return ConstraintEdit(tuple(edit.remove), tuple(edited))


def _refuse_tools(body: ChatRequest) -> None:
    for name, given in (("tools", body.tools), ("functions", body.functions)):
        if given:
            raise RequestError(
                f"{name!r} cannot be given: the assistant runs its own tools on the server and never asks the caller "
                "to run one. Leave it out",
                param=name,
                code="unsupported_parameter",
            )


def _constraint(edited: EditedConstraint) -> Constraint:
    value: Value = tuple(edited.value) if isinstance(edited.value, list) else edited.value  # type: ignore[assignment]
    return Constraint(edited.id, edited.field, edited.op, value, edited.unit, Strength(edited.strength))
