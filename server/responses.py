"""``POST /v1/responses`` in its minimal form: another shape for the very turns that the chat API takes."""

from __future__ import annotations

import re
import time
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from core.errors import RequestError
from core.events import TurnRequest
from server.bodies import read_body, validate
from server.chat import ChatService, answered
from server.responses_protocol import ResponseObject, ResponsesRequest, finished
from server.responses_stream import ResponseWriter
from server.sessions import SESSION_ID

PREVIOUS = re.compile(r"resp_[A-Za-z0-9_-]{1,100}\.(.{1,200})", re.DOTALL)
SECRETS = frozenset({"identity_token"})
"""Keys of the metadata that are not given back."""


def responses_router() -> APIRouter:
    """Return the route; the service of the chat API stands in ``app.state.chat``."""
    router = APIRouter(prefix="/v1", tags=["responses"])
    requests = TypeAdapter(ResponsesRequest)

    @router.post("/responses", response_model=ResponseObject, summary="Take one turn, in the shape of Responses")
    async def create_response(request: Request) -> Response:
        service: ChatService = request.app.state.chat
        body = await read_body(request, requests)
        turn = turn_of(body, request, service)
        started = ResponseObject(
            id="",
            created_at=int(time.time()),
            previous_response_id=body.previous_response_id,
            metadata={key: value for key, value in (body.metadata or {}).items() if _told(key, value)},
            store=body.store is not False,
            user=body.user,
        )
        if body.stream:
            return await service.stream(turn, ResponseWriter(started))

        def whole(reply: Any) -> dict[str, Any]:
            return finished(started, reply, now=int(time.time())).model_dump()

        return await answered(service, turn, request, whole)

    return router


def turn_of(body: ResponsesRequest, request: Request, service: ChatService) -> TurnRequest:
    """Return the turn that a request asks for: the chat API's, whose fields the input's become.

    Raises:
        RequestError: the request cannot be served; ``param`` names the field as it is called here.
    """
    for name, given in (("background", body.background), ("conversation", body.conversation)):
        if given:
            raise RequestError(
                f"{name!r} cannot be given here; previous_response_id continues a conversation",
                param=name,
                code="unsupported_parameter",
            )
    metadata = dict(body.metadata or {})
    if body.previous_response_id is not None:
        metadata["session_id"] = _session_of(body.previous_response_id)
    said = body.input if isinstance(body.input, list) else [{"role": "user", "content": body.input}]
    messages = [message if isinstance(message, dict) else message.model_dump() for message in said]
    chat = {
        "messages": messages, "model": body.model, "metadata": metadata, "tools": body.tools, "user": body.user
    }  # fmt: skip
    try:
        return service.turn(validate(service.requests, chat), request)
    except RequestError as error:
        named = re.sub(r"^messages\[\d+\]\.content$", "input", error.param or "") if isinstance(body.input, str) else ""
        param = named or (error.param or "").replace("messages", "input", 1) or None
        raise RequestError(
            str(error).replace(error.param or "\0", param or ""), param=param, code=error.code, status=error.status
        ) from error


def _told(key: str, value: Any) -> bool:
    """Return whether an entry of the metadata is given back: OpenAI's are texts; what is nested is meant for us."""
    return key not in SECRETS and isinstance(value, str | int | float | None)


def _session_of(previous: str) -> str:
    found = PREVIOUS.fullmatch(previous)
    if found is None or not SESSION_ID.fullmatch(found.group(1)):
        raise RequestError(
            f"previous response with id {previous[:100]!r} not found",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    return found.group(1)
