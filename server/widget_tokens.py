"""Site tokens: short-lived, signed by this server, good for anonymous conversations from the pages of one site.

A browser must never hold an API key. The widget's frame asks for a token instead. It names the visitor and the site
whose page the frame stands in, and opens the chat API for that visitor, nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from core.errors import RequestError, SettingsError

ALGORITHM = "HS256"
AUDIENCE = "floorwalker-site"
PREFIX = "fws_"
LIFE = 3600
"""Seconds that a token is good for."""
RENEWABLE = 90 * 86_400
"""Seconds after which a visitor who was away is a new one."""
LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Visitor:
    """A nameless person on a site."""

    origin: str
    id: str
    """What their tastes and sessions are kept under."""


class SiteTokens:
    """Makes and checks site tokens."""

    def __init__(self, secret: Callable[[], bytes], *, clock: Callable[[], float] = time.time) -> None:
        """Sign with a key of its own, made from the server's secret, which is read when it is first needed."""
        self._secret = secret
        self._clock = clock

    def issue(self, origin: str, former: str | None = None) -> str:
        """Return a token for a visitor of a site; a former token of that site, expired or not, keeps who they are."""
        visitor = self._former(origin, former) or f"visitor-{secrets.token_urlsafe(12)}"
        now = int(self._clock())
        claims = {"aud": AUDIENCE, "iss": origin, "sub": visitor, "iat": now, "exp": now + LIFE}
        return PREFIX + jwt.encode(claims, self._key(), algorithm=ALGORITHM)

    def visitor(self, token: str) -> Visitor:
        """Return whom a token is for.

        Raises:
            RequestError: status 401; ``site_token_expired`` when nothing but its time is wrong.
        """
        claims = self._claims(token)
        if claims is None:
            raise RequestError("this site token is not one of this server's", code="invalid_site_token", status=401)
        if claims["exp"] <= self._clock():
            raise RequestError("this site token has expired: ask for another", code="site_token_expired", status=401)
        return Visitor(claims["iss"], claims["sub"])

    def _former(self, origin: str, token: str | None) -> str | None:
        claims = self._claims(token) if token else None
        if claims is None or claims["iss"] != origin or claims["exp"] < self._clock() - RENEWABLE:
            return None
        return str(claims["sub"])

    def _claims(self, token: str) -> dict[str, Any] | None:
        if not token.startswith(PREFIX) or len(token) > LONGEST or not token.isascii():
            return None
        # Times are checked against our clock above, so that an expired token can still be renewed.
        options: Any = {
            "require": ["aud", "iss", "sub", "exp"],
            "strict_aud": True,
            "verify_exp": False,
            "verify_iat": False,
        }
        try:
            claims: dict[str, Any] = jwt.decode(
                token.removeprefix(PREFIX), self._key(), algorithms=[ALGORITHM], audience=AUDIENCE, options=options
            )
        except jwt.InvalidTokenError:
            return None
        return claims

    def _key(self) -> bytes:
        return hmac.new(self._secret(), b"site tokens", hashlib.sha256).digest()


def origins_of(setting: str) -> frozenset[str]:
    """Return the origins that a setting lists.

    Raises:
        SettingsError: an entry is no origin; ``*`` is none either.
    """
    found = set()
    for entry in filter(None, (part.strip().lower().rstrip("/") for part in setting.split(","))):
        if origin_of(entry) != entry:
            raise SettingsError(
                f"--widget-origins: {entry!r} is no origin; write https://shop.example, or https://shop.example:8443, "
                "separated by commas"
            )
        found.add(entry)
    return frozenset(found)


def origin_of(text: str) -> str | None:
    """Return an address's origin as browsers write it; None when it is no web address."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isascii() or not text.isprintable():
        return None
    if parts.username is not None or any(mark in parts.hostname for mark in "*;,'\" "):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != usual else "")
