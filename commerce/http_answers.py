"""Reads what a shop's service answers: bodies are foreign data, refusals are errors whatever their status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from core.errors import ServiceError

REFUSED = frozenset({"rejected", "refused", "failed", "error", "declined", "denied"})
"""What an envelope's ``status`` says when the service did not do it; no order's status is among them."""
CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
LONGEST_MESSAGE = 500
MOST_DATA = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A body that was understood; None stands for "there is no such thing". ``fault`` says what breaks the contract."""

    body: Any = None
    fault: str | None = None
    busy: bool = False
    """The same write is being carried out at this moment."""


def read_answer(status: int, raw: bytes) -> Answer:
    """Return what an answer says.

    Args:
        status: neither 429 nor 5xx, which say nothing about the request.
        raw: the body as it came.

    Raises:
        ServiceError: the service refuses, with the code of the rule; also under status 200.
    """
    if 300 <= status < 400:
        return Answer(fault="it redirects; name the final address in backend.url")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return Answer(fault=_unreadable(status))
    refusal = _refusal(body)
    if status < 300 and refusal is None:
        return Answer(body)
    code = refusal.get("code") if refusal else None
    if status in (401, 403):
        return Answer(fault="it refuses our key (key_env)")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        if status == 409 or status < 300:  # it said no, and not why
            raise ServiceError(_message(refusal), code="backend_refused")
        return Answer(fault=_unreadable(status))
    if code == "not_found":
        return Answer(None)
    if code == "in_progress":
        return Answer(busy=True)
    raise ServiceError(_message(refusal), code=code, data=_data(refusal))


def _refusal(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the part of a body that says no, or None."""
    error = body.get("error")
    if isinstance(error, dict):
        return error
    if error or body.get("ok") is False or body.get("success") is False:
        return body
    status = body.get("status")
    return body if isinstance(status, str) and status.lower() in REFUSED else None


def _unreadable(status: int) -> str:
    if status == 404:
        return "there is nothing at this address, not even an error.code not_found: is backend.url right?"
    return "the body is not what docs/backend.openapi.yaml describes"


def _message(refusal: Mapping[str, Any] | None) -> str:
    message = (refusal or {}).get("message")
    text = message if isinstance(message, str) and message.isprintable() else "the shop's back end refuses this"
    return text[:LONGEST_MESSAGE]


def _data(refusal: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the plain values that a refusal's wording may need."""
    data = (refusal or {}).get("data")
    if not isinstance(data, dict):
        return {}
    plain = ((str(name)[:60], _plain(value)) for name, value in list(data.items())[:MOST_DATA])
    return {name: value for name, value in plain if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_MESSAGE]
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        return [each for each in (_plain(entry) for entry in value[:MOST_DATA]) if not isinstance(each, list | None)]
    return None
