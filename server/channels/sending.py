"""One request to a channel: what its answer means for those that wait, and how long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from server.channels.port import Undelivered

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
FIRST_WAIT, LONGEST_WAIT = 1.0, 900.0
"""Seconds before the second try, and the most between two tries unless the channel asks for more."""
PATIENCE = 3600.0
"""The most seconds that we wait because a channel asks for it."""
RETRIED = frozenset({401, 403, 408, 409, 425, 429})
"""Statuses that may pass: the channel is busy, or the operator mends a token."""


def client_for_channels() -> httpx.AsyncClient:
    """Return the client that all channels share; it follows no redirect, so that no token leaves for elsewhere."""
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=10)
    return httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, limits=limits)


async def request(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any] | bytes, headers: Mapping[str, str]
) -> Any:
    """POST a body and return the parsed answer; None for an answer that is no JSON.

    Raises:
        Undelivered: nobody answered, or the answer is no success.
    """
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    given = {"Content-Type": "application/json; charset=utf-8", **headers}
    try:
        response = await client.post(url, content=content, headers=given)
    except httpx.HTTPError as error:
        raise Undelivered(f"no answer ({type(error).__name__})") from error
    if not response.is_success:
        status = response.status_code
        passing = status >= 500 or status in RETRIED
        raise Undelivered(
            f"status {status}",
            final=not passing,
            malformed=status in (400, 413, 422),
            wait=asked_wait(response.headers),
        )
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds an answer asks us to wait: ``Retry-After`` in seconds or as a date."""
    value = headers.get("retry-after") or headers.get("x-ogw-ratelimit-reset") or ""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), PATIENCE) if seconds == seconds else None


def back_off(attempts: int, asked: float | None) -> float:
    """Return the seconds before the next try: what the channel asks for, else twice as long each time, scattered."""
    if asked is not None:
        return asked
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts, 20))
    return longest * random.uniform(0.5, 1.0)
