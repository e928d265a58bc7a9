"""Which conversation a request belongs to, and which request it repeats."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

import orjson
from pydantic import SecretStr

from core.conversation import Message
from core.errors import RequestError

SESSION_ID = re.compile(r"[A-Za-z0-9._:~@+/=-]{1,200}")


def scope_of(caller: str, user: str | None) -> str:
    """Return the scope of sessions and histories: a digest of the caller's key and the user."""
    return _digest(caller, user or "")


def session_id_of(headers: Mapping[str, str], metadata_id: str | None) -> str | None:
    """Return the session that a client names: ``X-Session-Id``, ``metadata.session_id``, ``X-OpenWebUI-Chat-Id``.

    Raises:
        RequestError: the name has characters that no session id has, or is too long.
    """
    named = (
        ("X-Session-Id", headers.get("x-session-id")),
        ("metadata.session_id", metadata_id),
        ("X-OpenWebUI-Chat-Id", headers.get("x-openwebui-chat-id")),
    )
    for param, value in named:
        if not value:
            continue
        if not SESSION_ID.fullmatch(value):
            raise RequestError(
                f"{param}: a session id has 1 to 200 letters, digits or any of . _ : ~ @ + / = -", param=param
            )
        return value
    return None


def identity_token_of(headers: Mapping[str, str], metadata_token: SecretStr | None) -> str | None:
    """Return the identity token that came: ``X-Floorwalker-Identity``, else ``metadata.identity_token``."""
    named = headers.get("x-floorwalker-identity") or (metadata_token.get_secret_value() if metadata_token else "")
    return named.strip() or None


class Retries:
    """Tells a repeated request from a repeated wish.

    A client that keeps its session on the server may well say "cheaper" twice, in two requests that are alike to the
    last byte; a client whose connection broke sends such a request too, and must not have its turn taken twice. What
    tells them apart: an ``Idempotency-Key``; ``x-stainless-retry-count``, which OpenAI's clients send; or a resent
    history, which grows with each turn and so differs. A stateless request without a key of its own is not matched at
    all: two shoppers may open with the same words, and its turn overwrites nothing.
    """

    def __init__(self, *, seconds: float = 600.0, limit: int = 10_000, clock: Callable[[], float] = monotonic) -> None:
        """Remember attempts for a time, the newest ``limit`` of them."""
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._attempts: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def key(
        self,
        scope: str,
        session_id: str | None,
        messages: Sequence[Message],
        headers: Mapping[str, str],
        *,
        extra: bytes = b"",
    ) -> str | None:
        """Return what a request shares with its repetitions only; None when a repetition cannot be told.

        Args:
            scope: of the caller and user.
            session_id: the session, when the client named one.
            messages: the whole conversation as sent, the new message last.
            headers: of the request, names in lower case.
            extra: whatever else makes the request what it is (an edit).
        """
        spoken = orjson.dumps([(message.role, message.content) for message in messages])
        request = _digest(scope, session_id or "", spoken, extra)
        idempotency = headers.get("idempotency-key")
        if idempotency:
            return _digest(request, "key", idempotency)
        if session_id is None:
            return None
        if any(message.role == "assistant" for message in messages):
            return _digest(request, "history")
        return _digest(request, "attempt", self._attempt(request, headers.get("x-stainless-retry-count", "0")))

    def _attempt(self, request: str, retry_count: str) -> str:
        now = self._clock()
        known = self._attempts.pop(request, None)
        repeated = retry_count.isdigit() and int(retry_count) > 0
        if known and repeated and now - known[1] < self._seconds:
            self._attempts[request] = known
            return known[0]
        attempt = secrets.token_hex(8)
        self._attempts[request] = (attempt, now)
        while len(self._attempts) > self._limit:
            self._attempts.popitem(last=False)
        return attempt


def _digest(*parts: str | bytes) -> str:
    """Hash parts so that no two lists of parts run together."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()
