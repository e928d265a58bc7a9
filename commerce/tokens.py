"""Identity tokens: a shop's site tells who is signed in, by a JWT (HS256) that only it and this server can make.

See docs/backend.md for what a site signs. The algorithm is pinned, the audience is one shop, the life is short.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from core.errors import RequestError, SettingsError

ALGORITHM = "HS256"
SHORTEST_SECRET = 32
"""Bytes (RFC 7518, 3.2: a key at least as long as the hash)."""
LONGEST_LIFE = 24 * 3600.0
LEEWAY = 30.0
"""Seconds that the clocks of site and server may differ."""
LONGEST_TOKEN = 4096
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that holds says."""

    customer_id: str
    expires: float
    """Seconds since the epoch."""
    token_id: str | None = None
    """``jti``: ties the token to the first session that shows it."""


class TokenVerifier:
    """Checks the tokens for one shop. Holds secrets: never logged, never printed."""

    __slots__ = ("_audience", "_secrets")

    def __init__(self, secrets: Sequence[str], audience: str) -> None:
        """Take the secrets that may have signed a token (several while one is being replaced) and the shop's key.

        Raises:
            SettingsError: there is none, or one is too short to be safe.
        """
        if not secrets or any(len(secret.encode()) < SHORTEST_SECRET for secret in secrets):
            raise SettingsError(
                f"FLOORWALKER_IDENTITY_SECRET: each secret needs at least {SHORTEST_SECRET} bytes; make one with "
                '`python -c "import secrets; print(secrets.token_hex(32))"` (several are separated by commas)'
            )
        self._secrets = tuple(secrets)
        self._audience = audience

    def verify(self, token: str) -> Claims:
        """Return what a token says.

        Raises:
            RequestError: status 401; ``identity_token_expired`` when nothing but its time is wrong (get a new one from
                the shop's site), else ``identity_token_invalid``, without saying which part was wrong.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise invalid_token()
        expired = False
        for secret in self._secrets:
            try:
                return self._claims(jwt.decode(token, secret, algorithms=[ALGORITHM], **self._rules()))
            except jwt.ExpiredSignatureError:
                expired = True
            except jwt.InvalidTokenError:
                continue
        raise expired_token() if expired else invalid_token()

    def _rules(self) -> dict[str, Any]:
        options = {"require": ["exp", "iat", "sub", "aud"], "strict_aud": True}
        return {"audience": self._audience, "leeway": LEEWAY, "options": options}

    @staticmethod
    def _claims(payload: dict[str, Any]) -> Claims:
        """Return the claims that the library has checked, checked for what it does not know of."""
        customer_id, token_id, expires = payload["sub"].strip(), payload.get("jti"), float(payload["exp"])
        too_far = expires > time.time() + LONGEST_LIFE + LEEWAY
        if too_far or not 0 < len(customer_id) <= LONGEST_NAME or len(token_id or "") > LONGEST_NAME:
            raise invalid_token()
        return Claims(customer_id, expires, token_id or None)


def sign_token(secret: str, customer_id: str, audience: str, *, seconds: float = 3600.0, token_id: str = "") -> str:
    """Return a token as a shop's site signs it: for tests, examples and sites written in Python.

    Args:
        secret: shared with this server, at least 32 bytes.
        customer_id: the customer who is signed in on the site.
        audience: the shop's ``slug`` (or the name of its folder).
        seconds: how long it holds, at most 24 hours.
        token_id: ties it to the first session that shows it.
    """
    now = int(time.time())
    claims: dict[str, Any] = {"sub": customer_id, "aud": audience, "iat": now, "exp": now + int(seconds)}
    if token_id:
        claims["jti"] = token_id
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def invalid_token() -> RequestError:
    """Return the refusal of a token that proves nothing: the same words whatever was wrong with it."""
    return _refused("the identity token is not valid for this shop", "invalid")


def expired_token() -> RequestError:
    """Return the refusal of a token that held once."""
    return _refused("the identity token has expired: get a new one from the shop's site", "expired")


def not_accepted() -> RequestError:
    """Return the refusal where a shop takes no tokens at all: a mistake of whoever set it up, so it may be told."""
    return RequestError(
        "this server takes no identity tokens: set FLOORWALKER_IDENTITY_SECRET, and list token under identity in "
        "shop.yaml",
        param="metadata.identity_token",
        code="identity_token_unsupported",
    )


def _refused(message: str, what: Literal["invalid", "expired"]) -> RequestError:
    return RequestError(message, param="metadata.identity_token", code=f"identity_token_{what}", status=401)
