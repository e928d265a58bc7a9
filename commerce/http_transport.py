"""Calls of a shop's own service: bounded in time and size, repeated only where that is harmless, errors told apart.

What is repeated, and why (docs/backend.md says it to the shop's engineer):

* **Reads and previews** change nothing: up to three attempts, with growing pauses, within one deadline.
* **Writes** carry an ``Idempotency-Key``, under which the service carries an action out once. One is repeated once,
  under the same key, when its outcome is unknown (time-out, broken connection, 5xx, an answer that cannot be read) or
  when it surely did not happen (429, no connection). A write without such a key is never repeated.
* **Refusals** are never repeated: an answer, also under status 200, that says no is a no.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from commerce.http_answers import Answer, read_answer
from core.errors import BackendUnavailable, ServiceError, SettingsError
from core.shop import BackendConfig
from core.version import VERSION

logger = logging.getLogger(__name__)

ATTEMPTS, WRITE_ATTEMPTS = 3, 2
LARGEST_ANSWER = 2 * 1024 * 1024
CONNECT_SECONDS = 2.0
LONGEST_PAUSE = 2.0
"""Seconds before an attempt is repeated, whatever ``Retry-After`` says: a customer waits."""
CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the contract (``docs/backend.openapi.yaml``)."""

    method: str
    path: str
    body: Any = None
    key: str | None = None
    """The idempotency key of a write."""
    safe: bool = True
    """Whether repeating it is harmless: it changes nothing, or sets what it set before."""

    @property
    def attempts(self) -> int:
        """Return how often it may be tried."""
        return ATTEMPTS if self.safe else WRITE_ATTEMPTS if self.key else 1


@dataclass(slots=True)
class _Course:
    """How the attempts of a call go."""

    end: float
    unknown: bool = False
    """An attempt may have been carried out."""
    faults: list[str] = field(default_factory=list)


class Transport:
    """A pool of connections to one service. Thread-safe; calls block and belong into worker threads."""

    def __init__(
        self,
        config: BackendConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take address and key; nothing is sent yet.

        Raises:
            SettingsError: the address is not safe to send customers' data to, or the key is not in the environment.
        """
        self._base = _checked(config)
        self._seconds = config.timeout
        self._clock, self._pause = clock, pause
        headers = {"User-Agent": f"Floorwalker/{VERSION}", "Accept": "application/json", "Accept-Encoding": "identity"}
        if config.key_env:
            headers["Authorization"] = f"Bearer {_key(config.key_env)}"
        self._client = httpx.Client(
            headers=headers,
            verify=_trust() if self._base.startswith("https") else False,  # plain only on this very machine
            trust_env=False,  # neither a .netrc nor a proxy variable may take part
            follow_redirects=False,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    def send(self, call: Call) -> Answer:
        """Send a call, again where that is harmless, and return the answer.

        Raises:
            BackendUnavailable: there is no answer that the contract allows; ``unknown`` when a write may have happened.
            ServiceError: the service refuses: a rule, a stale read-back.
        """
        course = _Course(self._clock() + self._seconds * 1.6)
        for attempt in range(call.attempts):
            if attempt:
                self._rest(attempt, course)
                if self._clock() >= course.end:
                    break
            try:
                return self._attempt(call, course)
            except _Again as again:
                course.faults.append(str(again))
                course.unknown = course.unknown or (again.unknown and not call.safe)
                if again.after is not None:
                    self._rest_for(again.after, course)
            except ServiceError as refused:
                if not course.unknown:
                    raise
                # The service may say no only because an attempt before was carried out: whoever called looks it up.
                what = f"refused after an attempt without an answer: {refused}"
                raise BackendUnavailable(what, unknown=True) from refused
        what = course.faults[-1] if course.faults else "no attempt was possible in time"
        message = f"{self._base}{_shown(call)}: {what}"
        logger.error("the shop's back end: %s", message)
        raise BackendUnavailable(message, unknown=course.unknown)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _attempt(self, call: Call, course: _Course) -> Answer:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        if call.key:
            headers["Idempotency-Key"] = call.key
        content = orjson.dumps(call.body) if call.body is not None else None
        left = max(0.05, min(self._seconds, course.end - self._clock()))
        timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
        request = self._client.build_request(
            call.method, self._base + call.path, content=content, headers=headers, timeout=timeout
        )
        try:
            with closing(self._client.send(request, stream=True)) as response:
                status, raw = response.status_code, self._bounded(response, course)
                retry_after = response.headers.get("retry-after")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Again(f"no connection ({type(error).__name__})", unknown=False) from error
        except (httpx.HTTPError, httpx.StreamError, ssl.SSLError) as error:
            raise _Again(f"no answer ({type(error).__name__})", unknown=True) from error
        if status == 429:
            raise _Again("too many requests (429)", unknown=False, after=_seconds(retry_after))
        if status >= 500:
            raise _Again(f"status {status}", unknown=True, after=_seconds(retry_after))
        answer = read_answer(status, raw)
        if answer.busy:
            raise _Again("the same request is under way", unknown=True)
        if answer.fault:
            fault = f"status {status}: {answer.fault}"
            if status < 300:  # said yes in a way that cannot be read
                raise _Again(fault, unknown=True)
            # Our key, the address or this very program is wrong: the same request would be answered alike.
            logger.error("the shop's back end: %s%s: %s", self._base, _shown(call), fault)
            raise BackendUnavailable(f"{self._base}{_shown(call)}: {fault}", unknown=course.unknown)
        return answer

    def _bounded(self, response: httpx.Response, course: _Course) -> bytes:
        """Read a body that is neither too large nor, drop by drop, endless."""
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise _Again("the answer is compressed, which was not asked for", unknown=True)
        chunks, size = [], 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise _Again(f"the answer is larger than {LARGEST_ANSWER // 1024 // 1024} MiB", unknown=True)
            if self._clock() > course.end:
                raise _Again("the answer came too slowly", unknown=True)
            chunks.append(chunk)
        return b"".join(chunks)

    def _rest(self, attempt: int, course: _Course) -> None:
        self._rest_for(0.1 * 3 ** (attempt - 1) * (0.75 + 0.5 * random.random()), course)

    def _rest_for(self, seconds: float, course: _Course) -> None:
        self._pause(max(0.0, min(seconds, LONGEST_PAUSE, course.end - self._clock())))


class _Again(Exception):
    """An attempt came to nothing; ``unknown`` when the service may have carried it out all the same."""

    def __init__(self, what: str, *, unknown: bool, after: float | None = None) -> None:
        super().__init__(what)
        self.unknown = unknown
        self.after = after


def _checked(config: BackendConfig) -> str:
    """Return the address, if customers' data may be sent there."""
    parts = urlsplit(config.url)
    local = _loopback(parts.hostname or "")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SettingsError(f"shop.yaml: backend.url: {config.url} must be https (http only on this very machine)")
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("shop.yaml: backend.url: must be an address without user, ? and #; the key goes to key_env")
    if not config.key_env and not local:
        raise SettingsError(
            "shop.yaml: backend.key_env: name the environment variable that holds the back end's key "
            "(FLOORWALKER_BACKEND_KEY, say)"
        )
    return config.url.rstrip("/")


def _trust() -> ssl.SSLContext:
    """Return who may vouch for a service: the well-known authorities, and those that this machine trusts besides."""
    trust = httpx.create_ssl_context(trust_env=False)
    trust.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return trust


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(name: str, environment: Mapping[str, str] = os.environ) -> str:
    key = environment.get(name, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise SettingsError(f"{name}: set this environment variable to the key of the shop's back end")
    return key


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdigit() and len(retry_after) < 6 else None


def _shown(call: Call) -> str:
    """Return a call without what names a customer or an order: it goes to the log."""
    return f" {call.method} /{call.path.split('/')[1]}"
