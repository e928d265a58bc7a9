"""A shop's own system: signed deliveries in and out, after the Standard Webhooks specification.

https://www.standardwebhooks.com: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, which is ``v1,`` and
the base64 of HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from pydantic import SecretStr

from core.errors import RequestError, SettingsError
from core.events import Reply
from server.channels.answers import Answer, plain_cards, read_payload
from server.channels.bodies import at, id_at, json_object, text_at
from server.channels.port import Delivery, Inbound, Kind, Parsed, Post, Rejected
from server.channels.sending import request
from server.channels.signatures import check_time, keyed, same
from server.rendering import extension, plain
from storage.handoffs import Handoff

_PREFIX = "whsec_"
_LEAST = 16
"""Bytes that a secret must have; the specification asks for 24 to 64."""
_KINDS = {"message.created": "message", "handoff.returned": "returned", "handoff.closed": "closed"}


class Webhook:
    """A signed webhook in both directions."""

    name = "webhook"
    pushes = True

    def __init__(self, secret: SecretStr, *, url: str) -> None:
        """Take the secret, or several separated by commas while one is replaced: all verify and all sign.

        Raises:
            SettingsError: a secret is not ``whsec_`` and base64, or too short.
        """
        parts = [part.strip() for part in secret.get_secret_value().split(",") if part.strip()]
        self._keys = tuple(_key(part) for part in parts)
        split = urlsplit(url)
        self.base, self._path = f"{split.scheme}://{split.netloc}", url.split(split.netloc, 1)[-1]

    def verify(self, delivery: Delivery, now: float) -> None:
        """Check ``webhook-signature``: one of those given must fit one of our keys."""
        message_id, stamp = delivery.header("webhook-id"), delivery.header("webhook-timestamp")
        if not message_id:
            raise Rejected("the delivery is not signed: webhook-id is missing", code="signature_missing")
        check_time(stamp, now, "webhook-timestamp")
        expected = [self._signature(key, message_id, stamp, delivery.body) for key in self._keys]
        given = delivery.header("webhook-signature").split()[:10]
        if not given:
            raise Rejected("the delivery is not signed: webhook-signature is missing", code="signature_missing")
        fits = [same(signature, wanted) for signature in given for wanted in expected]
        if not any(fits):
            raise Rejected("webhook-signature does not fit this delivery and our secret", code="signature_wrong")

    def parse(self, delivery: Delivery) -> Parsed:
        """Read ``message.created``, ``handoff.returned`` or ``handoff.closed``; other types mean nothing to us."""
        body = json_object(delivery.body)
        kind = _KINDS.get(text_at(body, "type"))
        if kind is None:
            return Parsed()
        data = at(body, "data")
        conversation = id_at(data, "conversation_id")
        if not conversation:
            raise RequestError(
                "data.conversation_id is missing, or longer than 200 characters", param="data.conversation_id"
            )
        message_id = id_at(data, "message_id") or delivery.header("webhook-id")[:200]
        if kind != "message":
            ended: Kind = "closed" if kind == "closed" else "returned"
            address = {"conversation_id": conversation}
            return Parsed((Inbound(message_id, conversation, "", kind=ended, address=address),))
        text, drop = read_payload(text_at(data, "text").strip())
        if not text and not drop:
            raise RequestError("data.text is missing or empty", param="data.text")
        language, token = text_at(data, "language")[:35] or None, text_at(data, "identity_token") or None
        user = id_at(data, "user_id")
        return Parsed(
            (Inbound(message_id, conversation, user, text, drop=drop, language=language,
                     address={"conversation_id": conversation}, identity_token=token),)
        )  # fmt: skip

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return one event with the text, cards, choices, and everything structured of the turn."""
        data = {
            "text": answer.text,
            "language": answer.language,
            "cards": plain_cards(answer.cards),
            "choices": [{"label": choice.label, "payload": choice.payload} for choice in answer.choices],
            "floorwalker": extension(answer.reply) if answer.reply is not None else None,
        }
        kind = "message.replied" if answer.reply is not None else "operator.replied"
        return (self._post(kind, address, data, key),)

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Return an event with the briefing and the transcript."""
        action = next((action for action in reply.actions if action.kind == "handoff"), None)
        transcript = action.data.get("transcript", ()) if action is not None else ()
        data = {
            "handoff_id": handoff.id,
            "summary": handoff.summary,
            "why": handoff.why,
            "language": handoff.language,
            "details": plain(handoff.details),
            "transcript": plain(transcript),
        }
        return (self._post("handoff.opened", address, data, f"handoff:{handoff.id}"),)

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Return an event that says who has the conversation now."""
        return (self._post("handoff.closed" if ended else "handoff.returned", address, {}, ""),)

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Sign and send; the id stays the same over all tries, so that the receiver can tell them."""
        stamp = str(int(time.time()))
        body = orjson.dumps({**post.json, "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z")})
        message_id = "msg_" + hashlib.sha256(post.key.encode() or body).hexdigest()[:32]
        signatures = " ".join(self._signature(key, message_id, stamp, body) for key in self._keys)
        headers = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signatures}
        await request(client, self.base + post.path, body, headers)

    def _post(self, kind: str, address: Mapping[str, Any], data: Mapping[str, Any], key: str) -> Post:
        conversation = str(address.get("conversation_id") or "")
        return Post(self._path, {"type": kind, "data": {"conversation_id": conversation, **data}}, f"{kind}:{key}")

    @staticmethod
    def _signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
        content = f"{message_id}.{stamp}.".encode("utf-8", "replace") + body
        return "v1," + base64.b64encode(keyed(key, content)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError(_WRONG) from error
    if not secret.startswith(_PREFIX) or len(key) < _LEAST:
        raise SettingsError(_WRONG)
    return key


_WRONG = (
    "FLOORWALKER_WEBHOOK_SECRET must be whsec_ and the base64 of 24 to 64 random bytes; make one with: "
    "python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""
)
