"""For each channel: its settings, deliveries as the service signs them, its fake, and what a customer sees of calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tests.server.channels.services import Call, FakeService

SERVICE_CHANNEL = "C0SERVICE"


@dataclass(frozen=True)
class Sent:
    """A delivery as it goes over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes


class Kit(Protocol):
    """One channel from its service's side."""

    name: str

    def settings(self, url: str) -> dict[str, Any]:
        """Return what turns the channel on; ``url`` is the fake's."""
        ...

    def fake(self) -> FakeService: ...

    def message(self, text: str, *, conversation: str = "7", message_id: str = "m1", user: str = "U1") -> Sent: ...

    def press(self, payload: str, *, conversation: str = "7", message_id: str = "p1", user: str = "U1") -> Sent: ...

    def signed(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> Sent:
        """Sign a body, as of some time, perhaps with another secret."""
        ...

    def shown(self, calls: list[Call]) -> list[str]:
        """Return the texts that the customer sees, in order."""
        ...

    def choices(self, calls: list[Call]) -> list[tuple[str, str]]:
        """Return what can be pressed: label and payload."""
        ...


def _hmac(secret: bytes, content: bytes) -> bytes:
    return hmac.new(secret, content, hashlib.sha256).digest()


class SlackKit:
    name = "slack"
    secret, token = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-fake-token"

    def settings(self, url: str) -> dict[str, Any]:
        return {"slack_secret": self.secret, "slack_token": self.token, "slack_url": f"{url}/api",
                "slack_handoffs": SERVICE_CHANNEL}  # fmt: skip

    def fake(self) -> FakeService:
        def answer(call: Call) -> Any:
            assert call.path == "/api/chat.postMessage"
            assert call.headers["authorization"] == f"Bearer {self.token}"
            body = call.json
            assert body["channel"], "no channel"
            assert body["text"], "a message needs a text for notifications"
            assert len(body.get("blocks", [])) <= 50
            for block in body.get("blocks", []):
                if block["type"] == "section":
                    assert 0 < len(block["text"]["text"]) <= 3000
                if block["type"] == "actions":
                    assert len(block["elements"]) <= 25
                    assert len({button["action_id"] for button in block["elements"]}) == len(block["elements"])
                    assert all(len(button["text"]["text"]) <= 75 for button in block["elements"])
            return {"ok": True, "channel": body["channel"], "ts": "1.2"}

        return FakeService(answer)

    def message(self, text: str, *, conversation: str = "7", message_id: str = "m1", user: str = "U1") -> Sent:
        event = {"type": "message", "channel_type": "im", "channel": f"D{conversation}", "user": user, "text": text,
                 "ts": "1355517523.000005"}  # fmt: skip
        return self.event(event, message_id)

    def event(self, event: dict[str, Any], message_id: str = "m1") -> Sent:
        body = {
            "token": "x", "team_id": "T1", "api_app_id": "A1", "type": "event_callback", "event_id": message_id,
            "event_time": 1355517523, "authorizations": [{"user_id": "UBOT", "is_bot": True}], "event": event,
        }  # fmt: skip
        return self.signed(json.dumps(body).encode())

    def press(self, payload: str, *, conversation: str = "7", message_id: str = "p1", user: str = "U1") -> Sent:
        return self.pressed("say:0", payload, f"D{conversation}", message_id, user)

    def pressed(self, action: str, value: str, channel: str, message_id: str = "p1", user: str = "U1") -> Sent:
        payload = {
            "type": "block_actions", "user": {"id": user}, "team": {"id": "T1"}, "channel": {"id": channel},
            "message": {"ts": "1.2"},
            "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": message_id}],
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self.signed(body, kind="application/x-www-form-urlencoded")

    def signed(
        self, body: bytes, *, at: float | None = None, secret: str | None = None, kind: str = "application/json"
    ) -> Sent:
        stamp = str(int(time.time() if at is None else at))
        signature = "v0=" + _hmac((secret or self.secret).encode(), b"v0:" + stamp.encode() + b":" + body).hex()
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": kind}
        return Sent("/channels/slack", headers, body)

    def shown(self, calls: list[Call]) -> list[str]:
        bodies = [call.json for call in calls if call.json["channel"] != SERVICE_CHANNEL]
        return [
            "\n".join(block["text"]["text"] for block in body["blocks"] if block["type"] == "section")
            for body in bodies
        ]

    def choices(self, calls: list[Call]) -> list[tuple[str, str]]:
        blocks = [block for call in calls for block in call.json["blocks"] if block["type"] == "actions"]
        return [(button["text"]["text"], button["value"]) for block in blocks for button in block["elements"]]


class ChatwootKit:
    name = "chatwoot"
    secret, token = "chatwoot-secret", "bot-access-token"

    def settings(self, url: str) -> dict[str, Any]:
        return {"chatwoot_secret": self.secret, "chatwoot_token": self.token, "chatwoot_url": url}

    def fake(self) -> FakeService:
        def answer(call: Call) -> Any:
            assert call.headers["api_access_token"] == self.token
            parts = call.path.split("/")
            assert parts[:5] == ["", "api", "v1", "accounts", "3"], call.path
            assert parts[5] == "conversations"
            body = call.json
            if parts[7] == "toggle_status":
                assert body["status"] in ("open", "pending", "resolved", "snoozed")
                return {"payload": {"success": True}}
            assert parts[7] == "messages"
            assert body["content"]
            assert body["message_type"] == "outgoing"
            for item in body.get("content_attributes", {}).get("items", []):
                if body["content_type"] == "input_select":
                    assert set(item) == {"title", "value"}
                else:
                    assert item["title"]
                    assert all(action["uri"].startswith("http") for action in item["actions"])
            return {"id": 1, "content": body["content"]}

        return FakeService(answer)

    def message(self, text: str, *, conversation: str = "7", message_id: str = "m1", user: str = "U1") -> Sent:
        return self.signed(json.dumps(self.event(text, conversation, message_id, user)).encode())

    def event(self, text: str, conversation: str, message_id: str, user: str, **changes: Any) -> dict[str, Any]:
        return {
            "event": "message_created", "id": message_id, "content": text, "content_type": "text",
            "content_attributes": {}, "message_type": "incoming", "private": False,
            "sender": {"id": 5, "name": user, "type": "contact"},
            "conversation": {"id": int(conversation), "status": "pending", "channel": "Channel::WebWidget",
                             "inbox_id": 1},
            "inbox": {"id": 1, "name": "Shop"}, "account": {"id": 3, "name": "Shop"}, **changes,
        }  # fmt: skip

    def press(self, payload: str, *, conversation: str = "7", message_id: str = "p1", user: str = "U1") -> Sent:
        chosen = {"submitted_values": [{"title": "Label", "value": payload}]}
        event = self.event(
            "You can also say", conversation, message_id, user, event="message_updated", message_type="outgoing",
            content_type="input_select", content_attributes=chosen,
        )  # fmt: skip
        return self.signed(json.dumps(event).encode())

    def signed(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> Sent:
        stamp = str(int(time.time() if at is None else at))
        signature = "sha256=" + _hmac((secret or self.secret).encode(), stamp.encode() + b"." + body).hex()
        headers = {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": signature, "Content-Type": "application/json",
                   "X-Chatwoot-Delivery": hashlib.sha256(body).hexdigest()}  # fmt: skip
        return Sent("/channels/chatwoot", headers, body)

    def shown(self, calls: list[Call]) -> list[str]:
        bodies = [call.json for call in calls if call.path.endswith("/messages")]
        return [body["content"] for body in bodies if "content_type" not in body and not body.get("private")]

    def choices(self, calls: list[Call]) -> list[tuple[str, str]]:
        bodies = [call.json for call in calls if call.path.endswith("/messages")]
        chosen = [body for body in bodies if body.get("content_type") == "input_select"]
        return [(item["title"], item["value"]) for body in chosen for item in body["content_attributes"]["items"]]


class FeishuKit:
    name = "feishu"
    key, token = "feishu-encrypt-key", "feishu-verification-token"

    def settings(self, url: str) -> dict[str, Any]:
        return {"feishu_key": self.key, "feishu_token": self.token, "feishu_app": "cli_a",
                "feishu_secret": "app-secret", "feishu_url": url, "feishu_handoffs": SERVICE_CHANNEL}  # fmt: skip

    def fake(self) -> FakeService:
        def answer(call: Call) -> Any:
            if call.path == "/open-apis/auth/v3/tenant_access_token/internal":
                assert call.json == {"app_id": "cli_a", "app_secret": "app-secret"}
                return {"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200}
            assert call.path == "/open-apis/im/v1/messages"
            assert call.query == {"receive_id_type": "chat_id"}
            assert call.headers["authorization"] == "Bearer t-1"
            body = call.json
            assert body["receive_id"]
            assert body["msg_type"] == "interactive"
            assert len(body["uuid"]) <= 50
            card = json.loads(body["content"])
            assert card["elements"]
            return {"code": 0, "msg": "success", "data": {"message_id": "om_1"}}

        return FakeService(answer)

    def message(self, text: str, *, conversation: str = "7", message_id: str = "m1", user: str = "U1") -> Sent:
        message = {
            "message_id": message_id, "create_time": "1609073151345", "chat_id": f"oc_{conversation}",
            "chat_type": "p2p", "message_type": "text", "content": json.dumps({"text": text}),
        }  # fmt: skip
        sender = {"sender_id": {"union_id": "on_1", "user_id": "e33ggbyz", "open_id": user}, "sender_type": "user",
                  "tenant_key": "736588c9260f175e"}  # fmt: skip
        return self.event("im.message.receive_v1", {"sender": sender, "message": message}, f"event-{message_id}")

    def event(self, kind: str, event: dict[str, Any], event_id: str) -> Sent:
        header = {"event_id": event_id, "event_type": kind, "create_time": "1608725989000", "token": self.token,
                  "app_id": "cli_a", "tenant_key": "x"}  # fmt: skip
        return self.signed(json.dumps({"schema": "2.0", "header": header, "event": event}).encode())

    def press(self, payload: str, *, conversation: str = "7", message_id: str = "p1", user: str = "U1") -> Sent:
        return self.pressed({"say": payload}, f"oc_{conversation}", message_id, user)

    def pressed(self, value: dict[str, Any], chat: str, message_id: str = "p1", user: str = "U1") -> Sent:
        event = {
            "operator": {"open_id": user, "tenant_key": "x"}, "token": "c-1", "host": "im_message",
            "action": {"value": value, "tag": "button"}, "context": {"open_message_id": "om_1", "open_chat_id": chat},
        }  # fmt: skip
        return self.event("card.action.trigger", event, message_id)

    def sealed(self, body: bytes, key: str | None = None) -> bytes:
        padder = PKCS7(128).padder()
        padded, start = padder.update(body) + padder.finalize(), b"0123456789abcdef"
        cipher = Cipher(algorithms.AES(hashlib.sha256((key or self.key).encode()).digest()), modes.CBC(start))
        encryptor = cipher.encryptor()
        sealed = base64.b64encode(start + encryptor.update(padded) + encryptor.finalize()).decode()
        return json.dumps({"encrypt": sealed}).encode()

    def signed(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> Sent:
        key = secret or self.key
        stamp, sealed = str(int(time.time() if at is None else at)), self.sealed(body, key)
        digest = hashlib.sha256((stamp + "nonce" + key).encode() + sealed).hexdigest()
        headers = {"X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": "nonce", "X-Lark-Signature": digest,
                   "Content-Type": "application/json"}  # fmt: skip
        return Sent("/channels/feishu", headers, sealed)

    def _cards(self, calls: list[Call]) -> list[dict[str, Any]]:
        sent = [call.json for call in calls if call.path.endswith("/messages")]
        return [json.loads(body["content"]) for body in sent if body["receive_id"] != SERVICE_CHANNEL]

    def shown(self, calls: list[Call]) -> list[str]:
        return [
            "\n".join(element["text"]["content"] for element in card["elements"] if element["tag"] == "div")
            for card in self._cards(calls)
        ]

    def choices(self, calls: list[Call]) -> list[tuple[str, str]]:
        actions = [e for card in self._cards(calls) for e in card["elements"] if e["tag"] == "action"]
        return [(b["text"]["content"], b["value"]["say"]) for action in actions for b in action["actions"]]


class WebhookKit:
    name = "webhook"
    key = b"0123456789abcdef0123456789abcdef"
    secret = "whsec_" + base64.b64encode(key).decode()

    def settings(self, url: str) -> dict[str, Any]:
        return {"webhook_secret": self.secret, "webhook_url": f"{url}/hooks/floorwalker"}

    def fake(self) -> FakeService:
        def answer(call: Call) -> Any:
            assert call.path == "/hooks/floorwalker"
            stamp, message_id = call.headers["webhook-timestamp"], call.headers["webhook-id"]
            assert abs(time.time() - float(stamp)) < 300
            expected = base64.b64encode(_hmac(self.key, f"{message_id}.{stamp}.".encode() + call.raw)).decode()
            assert f"v1,{expected}" in call.headers["webhook-signature"].split()
            body = call.json
            assert set(body) == {"type", "timestamp", "data"}
            assert body["data"]["conversation_id"]
            return {}

        return FakeService(answer)

    def message(self, text: str, *, conversation: str = "7", message_id: str = "m1", user: str = "U1") -> Sent:
        data = {"conversation_id": conversation, "message_id": message_id, "user_id": user, "text": text}
        body = {"type": "message.created", "timestamp": "2026-01-01T00:00:00Z", "data": data}
        return self.signed(json.dumps(body).encode())

    def press(self, payload: str, *, conversation: str = "7", message_id: str = "p1", user: str = "U1") -> Sent:
        return self.message(payload, conversation=conversation, message_id=message_id, user=user)

    def signed(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> Sent:
        stamp = str(int(time.time() if at is None else at))
        key = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        digest = base64.b64encode(_hmac(key, f"msg_1.{stamp}.".encode() + body)).decode()
        headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{digest}",
                   "Content-Type": "application/json"}  # fmt: skip
        return Sent("/channels/webhook", headers, body)

    def shown(self, calls: list[Call]) -> list[str]:
        return [call.json["data"]["text"] for call in calls if call.json["type"].endswith(".replied")]

    def choices(self, calls: list[Call]) -> list[tuple[str, str]]:
        replied = [call.json["data"] for call in calls if call.json["type"] == "message.replied"]
        return [(choice["label"], choice["payload"]) for data in replied for choice in data["choices"]]


KITS: tuple[Kit, ...] = (ChatwootKit(), SlackKit(), FeishuKit(), WebhookKit())
"""The channels that are answered asynchronously; Rasa, which is answered at once, has tests of its own."""
