"""Feishu and Lark: encrypted events in, interactive cards out.

Events: https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/request-url-configuration-case
Messages: https://open.feishu.cn/document/server-docs/im-v1/message/create
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from pydantic import SecretStr

from core.errors import RequestError
from core.events import Reply
from server.channels.answers import Answer, read_payload
from server.channels.bodies import at, id_at, json_object, text_at
from server.channels.feishu_cards import MAX_VALUE, answer_card, handoff_card
from server.channels.port import Delivery, Inbound, Parsed, Post, Rejected, Undelivered
from server.channels.sending import request
from server.channels.signatures import check_signature, check_time, same
from storage.handoffs import Handoff

_TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
_MESSAGES = "/open-apis/im/v1/messages?receive_id_type=chat_id"
_EARLY = 300.0
"""Seconds before its end that a tenant token is replaced."""
_BLOCK = 16
PASSING = frozenset({99991400, 11232, 230020, 1500, 1254290})
"""Codes of limits and of failures inside Feishu."""
EXPIRED = frozenset({99991663, 99991661, 99991664, 99991677})
"""Codes of a tenant token that is no longer taken."""
MALFORMED = frozenset({230001, 230025, 230099, 200621, 200861})


class Feishu:
    """A Feishu or Lark app with a bot."""

    name = "feishu"
    pushes = True

    def __init__(
        self, app_id: str, secret: SecretStr, encrypt_key: SecretStr, verification: SecretStr | None,
        *, base: str, service: str, inbox: str,
    ) -> None:  # fmt: skip
        """Take the app's credentials.

        Args:
            app_id: of the app.
            secret: of the app: fetches tenant tokens.
            encrypt_key: encrypts and signs events.
            verification: the verification token that events carry; None does not look at it.
            base: the open platform's address.
            service: the chat where people take hand-offs; empty for none.
            inbox: the address of our inbox; empty for none.
        """
        self._app_id, self._secret, self._key, self._verification = app_id, secret, encrypt_key, verification
        self.base, self._service, self._inbox = base.rstrip("/"), service, inbox
        self._tenant: tuple[str, float] = ("", 0.0)
        self._asking = asyncio.Lock()

    def verify(self, delivery: Delivery, now: float) -> None:
        """Check ``X-Lark-Signature`` and its time; of a challenge, that it was encrypted with our key."""
        body = self._opened(delivery)
        if self._verification is not None:
            given = text_at(body, "header", "token") or text_at(body, "token")
            if not same(given, self._verification.get_secret_value()):
                raise Rejected("the event does not carry our verification token", status=403)
        if body.get("type") == "url_verification":
            return  # whoever could encrypt it holds the key; Feishu signs events only
        stamp, nonce = delivery.header("X-Lark-Request-Timestamp"), delivery.header("X-Lark-Request-Nonce")
        check_time(stamp, now, "X-Lark-Request-Timestamp")
        content = (stamp + nonce + self._key.get_secret_value()).encode() + delivery.body
        check_signature(delivery.header("X-Lark-Signature"), hashlib.sha256(content).hexdigest(), "X-Lark-Signature")

    def parse(self, delivery: Delivery) -> Parsed:
        """Read a challenge, a message, or what somebody pressed on a card."""
        body = self._opened(delivery)
        if body.get("type") == "url_verification":
            return Parsed(answer={"challenge": text_at(body, "challenge")})
        kind = text_at(body, "header", "event_type")
        if kind == "im.message.receive_v1":
            return Parsed(self._message(body))
        if kind == "card.action.trigger":
            return Parsed(self._pressed(body))
        return Parsed()

    def _opened(self, delivery: Delivery) -> dict[str, Any]:
        outer = json_object(delivery.body)
        sealed = text_at(outer, "encrypt") if isinstance(outer.get("encrypt"), str) else ""
        if not sealed:
            raise Rejected("the event is not encrypted: set the app's Encrypt Key", code="not_encrypted")
        try:
            return json_object(decrypt(self._key.get_secret_value(), outer["encrypt"]))
        except (ValueError, RequestError):
            raise Rejected("the event is not encrypted with our Encrypt Key", code="signature_wrong") from None

    def _message(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        event = at(body, "event")
        message, sender = at(event, "message"), at(event, "sender")
        chat, user = id_at(message, "chat_id"), id_at(sender, "sender_id", "open_id")
        if at(sender, "sender_type") != "user" or at(message, "message_type") != "text" or not chat or not user:
            return ()
        try:
            content = json_object(text_at(message, "content") or "{}")
        except RequestError:
            return ()
        direct, text = text_at(message, "chat_type") == "p2p", text_at(content, "text")
        mentions = at(message, "mentions")
        for mention in mentions if isinstance(mentions, list) else ():
            text = text.replace(id_at(mention, "key") or "\x00", " ")
        if not text.strip() or (not direct and not mentions):
            return ()
        said, drop = read_payload(text.strip())
        message_id = id_at(message, "message_id") or id_at(body, "header", "event_id")
        return (Inbound(message_id, f"{chat}:{user}", user, said, drop=drop, address={"chat": chat}),)

    def _pressed(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        event = at(body, "event")
        user, chat = id_at(event, "operator", "open_id"), id_at(event, "context", "open_chat_id")
        value, message_id = at(event, "action", "value"), id_at(body, "header", "event_id")
        if not (user and chat and isinstance(value, dict) and message_id):
            return ()
        if at(value, "handoff"):
            return self._operated(value, chat, message_id)
        text, drop = read_payload(text_at(value, "say")[:MAX_VALUE])
        if not text and not drop:
            return ()
        return (Inbound(message_id, f"{chat}:{user}", user, text, drop=drop, address={"chat": chat}),)

    def _operated(self, value: dict[str, Any], chat: str, message_id: str) -> tuple[Inbound, ...]:
        number = id_at(value, "handoff")
        if not self._service or chat != self._service or not number.isdigit() or len(number) > 18:
            raise Rejected("hand-offs are given back in the service chat only", status=403)
        kind = "closed" if at(value, "do") == "close" else "returned"
        return (Inbound(message_id, f"handoff:{number}", "operator", kind="closed" if kind == "closed" else "returned",
                        handoff=int(number), address={"chat": chat}),)  # fmt: skip

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return one interactive card."""
        card, spare = (answer_card(answer, rich=rich) for rich in (True, False))
        chat = str(address.get("chat") or "")
        return (Post(_MESSAGES, _sent(chat, card, key), key, spare=_sent(chat, spare, key)),)

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Tell the service chat, with buttons that give back and close."""
        if not self._service:
            return ()
        key = f"handoff:{handoff.id}"
        body = _sent(self._service, handoff_card(handoff, self._inbox), key)
        return (Post(_MESSAGES, body, key, essential=False),)

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Feishu has no state of its own to change."""
        return ()

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Send a message; Feishu tells repetitions by ``uuid`` for an hour."""
        token = await self._tenant_token(client)
        found = await request(client, self.base + post.path, post.json, {"Authorization": f"Bearer {token}"})
        code = at(found, "code")
        if code == 0:
            return
        if code in EXPIRED:
            self._tenant = ("", 0.0)
        passing = code in PASSING or code in EXPIRED
        raise Undelivered(f"Feishu says code {str(code)[:20]}", final=not passing, malformed=code in MALFORMED)

    async def _tenant_token(self, client: httpx.AsyncClient) -> str:
        """Return the tenant token, fetched anew some minutes before it ends."""
        async with self._asking:
            token, until = self._tenant
            if token and time.monotonic() < until:
                return token
            body = {"app_id": self._app_id, "app_secret": self._secret.get_secret_value()}
            found = await request(client, self.base + _TOKEN, body, {})
            token, seconds = text_at(found, "tenant_access_token"), at(found, "expire")
            if at(found, "code") != 0 or not token or not isinstance(seconds, int):
                raise Undelivered(f"Feishu gives no tenant token (code {str(at(found, 'code'))[:20]})")
            self._tenant = (token, time.monotonic() + max(0.0, seconds - _EARLY))
            return token


def decrypt(key: str, sealed: str) -> bytes:
    """Return what Feishu encrypted: AES-256-CBC under the key's SHA-256, the first block being the initial vector.

    Raises:
        ValueError: it was not encrypted with this key.
    """
    try:
        raw = base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(raw) < 2 * _BLOCK or len(raw) % _BLOCK:
        raise ValueError("not whole blocks")
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:_BLOCK])).decryptor()
    padded = cipher.update(raw[_BLOCK:]) + cipher.finalize()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _sent(chat: str, card: Mapping[str, Any], key: str) -> dict[str, Any]:
    unique = hashlib.sha256(key.encode()).hexdigest()[:40]
    return {"receive_id": chat, "msg_type": "interactive", "content": orjson.dumps(card).decode(), "uuid": unique}
