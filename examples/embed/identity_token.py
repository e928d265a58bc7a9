"""Who is signed in, as a shop's server written in Python signs it for the chat (HS256, standard library only)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time


def identity_token(secret: str, customer_id: str, shop: str, seconds: int = 3600) -> str:
    """Return a JWT that opens a customer's orders in the chat; make it on the server, for the signed-in customer only.

    Args:
        secret: the same as ``FLOORWALKER_IDENTITY_SECRET``, at least 32 bytes; it never leaves the server.
        customer_id: the customer's id in the shop's data.
        shop: the shop's slug.
        seconds: how long it holds, at most a day.
    """
    now = int(time.time())
    claims = {"sub": customer_id, "aud": shop, "iat": now, "exp": now + seconds}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    mark = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(mark)}"


def _part(value: dict[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
