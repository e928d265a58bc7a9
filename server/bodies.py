"""Reads JSON bodies: bounded before they are parsed, and wrong ones explained by the name of the field."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request

from core.errors import RequestError

MAX_BODY = 4 * 1024 * 1024
"""Bytes: a long conversation that is resent whole, with room to spare."""

CLIENT_CLOSED = 499
"""The status that the log shows for a client that left; nobody receives it."""

MAX_DRAIN = 4 * MAX_BODY
"""How much of a too large body is read and dropped, so that its sender gets to read why it was refused."""

BODY_SECONDS = 60.0
"""How long a body may take to come: whoever sends it drop by drop holds no place for ever."""

Id = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of a row, as far as the database counts."""

Body = TypeVar("Body")


async def read_json(request: Request) -> Any:
    """Return the parsed body.

    Raises:
        RequestError: the body is no ``application/json`` (415), too large (413), or no JSON (400).
    """
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        # Not only tidiness: a page of another site can post any other type to this server without asking.
        raise RequestError(
            f"the body must be sent as Content-Type: application/json, not {kind or 'without a type'!r}",
            code="unsupported_media_type",
            status=415,
        )
    raw = await read_raw(request)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the body is not valid JSON: {error}", code="invalid_json") from error


async def read_body(request: Request, adapter: TypeAdapter[Body]) -> Body:
    """Return the body as the adapter's type.

    Raises:
        RequestError: as :func:`read_json`, and for the first field that is wrong, named by ``param``.
    """
    return validate(adapter, await read_json(request))


def validate(adapter: TypeAdapter[Body], value: Any) -> Body:
    """Return the value as the adapter's type.

    Raises:
        RequestError: names the first field that is wrong.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise wrong_field(error) from error


def wrong_field(error: ValidationError) -> RequestError:
    """Return the first finding as the caller's error; input values are not repeated."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    param = path(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return RequestError(f"{param}: {message}" if param else f"the body: {message}", param=param or None)


def path(location: Sequence[int | str]) -> str:
    """Return a field's place as OpenAI writes it: ``messages[0].content``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


async def read_raw(request: Request, limit: int = MAX_BODY) -> bytes:
    """Return the body as it came, at most ``limit`` bytes of it.

    Raises:
        RequestError: it is too large (413), too slow (408), or its sender left before its end.
    """
    declared = request.headers.get("content-length", "0")
    too_large = declared.isdigit() and int(declared) > limit
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                too_large = too_large or size > limit
                if not too_large:
                    chunks.append(chunk)
                elif size > MAX_DRAIN:
                    break
    except TimeoutError as slow:
        raise RequestError("the body came too slowly", code="request_timeout", status=408) from slow
    except ClientDisconnect as left:
        # Nobody reads this answer; it only keeps a caller's leaving out of the log of our failures.
        raise RequestError(
            "the client left before its body was complete", code="client_closed_request", status=CLIENT_CLOSED
        ) from left
    if too_large:
        raise RequestError(
            f"the body is larger than {limit // 1024 // 1024} MiB: send fewer or shorter messages",
            code="request_too_large",
            status=413,
        )
    return b"".join(chunks)
