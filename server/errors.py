"""The only place where an error becomes a status and a body; the shape is OpenAI's, so that its clients raise it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import (
    BackendUnavailable,
    ContextOverflow,
    FloorwalkerError,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RequestError,
    ServiceError,
)
from server.rendering import to_json

logger = logging.getLogger(__name__)

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
INTERNAL = "the server failed on this request; the operator finds the cause in the log under this request's id"


@dataclass(frozen=True, slots=True)
class WireError:
    """An error as it leaves: HTTP status, ``{"error": {...}}`` body and headers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def wire_error(error: BaseException) -> WireError:
    """Return how an error is told to the caller.

    A caller's own mistake is explained; what went wrong inside is logged, and told without paths or details.
    """
    if isinstance(error, RequestError):
        return _wire(error.status, str(error), error.code, error.param)
    if isinstance(error, ServiceError):
        return _wire(403, str(error), error.code)
    if isinstance(error, BackendUnavailable):
        return _wire(503, "the shop's order system does not answer now: try again", error.code)
    if isinstance(error, ContextOverflow):
        return _wire(400, "the conversation is too long for the model: start a new one", "context_length_exceeded")
    if isinstance(error, ModelTimeout):
        return _wire(504, "the model took too long: try again", error.code)
    if isinstance(error, ModelUnavailable):
        return _wire(503, "the model does not answer now: try again", error.code)
    if isinstance(error, ModelError):
        return _wire(502, "the model failed: try again", error.code)
    if isinstance(error, HTTPException):
        code = HTTP_CODES.get(error.status_code, "bad_request")
        return _wire(error.status_code, str(error.detail), code, headers=dict(error.headers or {}))
    logger.error("a request failed", exc_info=error)
    return _wire(500, INTERNAL, error.code if isinstance(error, FloorwalkerError) else "internal_error")


def error_response(error: BaseException) -> Response:
    """Return the response that tells an error."""
    wire = wire_error(error)
    return Response(to_json(wire.body), wire.status, media_type="application/json", headers=wire.headers)


def unauthorized(message: str) -> RequestError:
    """Return the error of a missing or wrong key."""
    return RequestError(message, code="invalid_api_key", status=401)


def _wire(
    status: int, message: str, code: str, param: str | None = None, *, headers: dict[str, str] | None = None
) -> WireError:
    kind = TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    sent = dict(headers or {})
    if status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        sent["Retry-After"] = "1"
    if status == 500:
        # A defect fails again: OpenAI's clients would otherwise repeat the request twice.
        sent["x-should-retry"] = "false"
    return WireError(status, {"error": {"message": message, "type": kind, "param": param, "code": code}}, sent)
