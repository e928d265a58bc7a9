"""Reads what channels send: JSON whose parts may be missing or of another type than documented."""

from __future__ import annotations

from typing import Any

import orjson

from core.errors import RequestError
from server.channels.port import MAX_ID, MAX_TEXT
from server.protocol import CONTROL


def json_object(raw: bytes | str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        RequestError: it is none.
    """
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RequestError("the delivery's body is not valid JSON", code="invalid_json") from error
    if not isinstance(found, dict):
        raise RequestError("the delivery's body is no JSON object", code="invalid_json")
    return found


def at(value: Any, *path: str | int) -> Any:
    """Return a nested part, or None where there is none."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *path: str | int) -> str:
    """Return a text without control characters, empty where there is none; longer ones are cut."""
    found = at(value, *path)
    return CONTROL.sub(" ", found)[:MAX_TEXT] if isinstance(found, str) else ""


def id_at(value: Any, *path: str | int) -> str:
    """Return an id that is a text or a whole number; empty where there is none, or where it is too long to be one."""
    found = at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and len(found) <= MAX_ID else ""
