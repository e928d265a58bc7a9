"""Slack: Events API and interactivity in, ``chat.postMessage`` with Block Kit out.

https://docs.slack.dev/authentication/verifying-requests-from-slack,
https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from core.errors import RequestError
from core.events import Reply
from server.channels.answers import Answer, Card, read_payload
from server.channels.bodies import at, id_at, json_object, text_at
from server.channels.briefing import briefing
from server.channels.markup import PLAIN, SLACK, convert
from server.channels.port import Delivery, Inbound, Parsed, Post, Rejected, Undelivered
from server.channels.sending import request
from server.channels.signatures import check_signature, check_time, keyed
from server.channels.words import channel_word
from storage.handoffs import Handoff

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_LINK = re.compile(r"<(?:mailto:|tel:)?([^>|]*)(?:\|([^>]*))?>")
_SECTION, _BUTTON, _VALUE, _CHOICES, _CARDS = 2900, 75, 2000, 10, 6
"""Slack's limits of characters (a little less for a section), and how many of each we show."""
PASSING = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
})  # fmt: skip
MALFORMED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})
MENDABLE = frozenset({
    "invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive", "missing_scope",
})  # fmt: skip
"""What the operator can mend, so that it is worth trying again."""


class Slack:
    """A Slack app."""

    name = "slack"
    pushes = True

    def __init__(self, secret: SecretStr, token: SecretStr, *, base: str, service: str, inbox: str) -> None:
        """Take the app's signing secret and bot token.

        Args:
            secret: signs deliveries.
            token: of the bot (``xoxb-…``).
            base: the Web API's address.
            service: the channel where people take hand-offs; empty for none.
            inbox: the address of our inbox; empty for none.
        """
        self._secret, self._token = secret, token
        self.base, self._service, self._inbox = base.rstrip("/"), service, inbox

    def verify(self, delivery: Delivery, now: float) -> None:
        """Check ``X-Slack-Signature`` and its time."""
        stamp = delivery.header("X-Slack-Request-Timestamp")
        check_time(stamp, now, "X-Slack-Request-Timestamp")
        content = b"v0:" + stamp.encode() + b":" + delivery.body
        expected = "v0=" + keyed(self._secret.get_secret_value().encode(), content).hex()
        check_signature(delivery.header("X-Slack-Signature"), expected, "X-Slack-Signature")

    def parse(self, delivery: Delivery) -> Parsed:
        """Read an event, or what somebody pressed."""
        if delivery.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            fields = parse_qs(delivery.body.decode("utf-8", "replace"), max_num_fields=50)
            return self._pressed(json_object(fields.get("payload", ["{}"])[0]))
        body = json_object(delivery.body)
        if body.get("type") == "url_verification":
            return Parsed(answer={"challenge": text_at(body, "challenge")})
        if body.get("type") != "event_callback":
            return Parsed()
        return Parsed(self._event(body))

    def _event(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        event = at(body, "event")
        kind, user, channel = text_at(event, "type"), id_at(event, "user"), id_at(event, "channel")
        direct = text_at(event, "channel_type") == "im"
        ours = at(event, "bot_id") or at(event, "subtype") or user == id_at(body, "authorizations", 0, "user_id")
        # In channels only what mentions the bot is meant for it; in a direct message everything is.
        if ours or not user or not channel or kind != ("message" if direct else "app_mention"):
            return ()
        text = _plain(text_at(event, "text"))
        if not text:
            return ()
        team, thread = id_at(body, "team_id"), id_at(event, "thread_ts")
        message_id = id_at(body, "event_id") or f"{channel}:{id_at(event, 'ts')}"
        address = {"channel": channel, "thread": thread or ("" if direct else id_at(event, "ts"))}
        return (Inbound(message_id, f"{team}:{channel}:{user}", f"{team}:{user}", text, address=address),)

    def _pressed(self, payload: dict[str, Any]) -> Parsed:
        if payload.get("type") != "block_actions":
            return Parsed()
        action, user = at(payload, "actions", 0), id_at(payload, "user", "id")
        channel = id_at(payload, "channel", "id") or id_at(payload, "container", "channel_id")
        team, value = id_at(payload, "team", "id"), text_at(action, "value")
        name, direct = text_at(action, "action_id"), channel.startswith("D")
        if not (user and channel and value):
            return Parsed()
        message_id = f"press:{id_at(payload, 'message', 'ts')}:{id_at(action, 'action_ts')}:{user}"
        if name.startswith("handoff:"):
            return Parsed(self._operated(name, value, channel, message_id))
        message = at(payload, "message")
        thread = id_at(message, "thread_ts") or ("" if direct else id_at(message, "ts"))
        text, drop = read_payload(value)
        conversation, address = f"{team}:{channel}:{user}", {"channel": channel, "thread": thread}
        return Parsed((Inbound(message_id, conversation, f"{team}:{user}", text, drop=drop, address=address),))

    def _operated(self, name: str, value: str, channel: str, message_id: str) -> tuple[Inbound, ...]:
        """An operator gives back or closes; only in the channel where hand-offs are taken."""
        if not self._service or channel != self._service or not value.isdigit() or len(value) > 18:
            raise Rejected("hand-offs are given back in the service channel only", status=403)
        closed = name == "handoff:close"
        return (Inbound(message_id, f"handoff:{value}", "operator", kind="closed" if closed else "returned",
                        handoff=int(value), address={"channel": channel}),)  # fmt: skip

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return one message: text, a section for each card, buttons."""
        blocks = [_section(part) for part in _parts(convert(answer.text, SLACK))]
        spare = [*blocks]
        for card in answer.cards[:_CARDS]:
            blocks.append(_card(card, answer.language, picture=True))
            spare.append(_card(card, answer.language, picture=False))
        buttons = [
            _button(choice.label, choice.payload, f"say:{at}")
            for at, choice in enumerate(answer.choices[:_CHOICES])
            if len(choice.payload) <= _VALUE
        ]
        if buttons:
            blocks.append({"type": "actions", "elements": buttons})
            spare.append(blocks[-1])
        text = convert(answer.text, PLAIN)[:_SECTION]
        body = {**self._place(address), "text": _escaped(text), "unfurl_links": False, "unfurl_media": False}
        return (Post("/chat.postMessage", {**body, "blocks": blocks}, key, spare={**body, "blocks": spare}),)

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Tell the service channel, with buttons that give back and close."""
        if not self._service:
            return ()
        language = handoff.language
        title = channel_word("handoff_title", language)
        place = channel_word("handoff_place", language, place=f"<#{address.get('channel', '')}>")
        lines = [f"*{_escaped(title)}*", _escaped(briefing(handoff, language))[: _SECTION - 200], place]
        if self._inbox:
            lines.append(f"<{self._inbox}|{_escaped(channel_word('handoff_inbox', language))}>")
        buttons = [
            _button(channel_word(word, language), str(handoff.id), f"handoff:{word}") for word in ("give_back", "close")
        ]
        blocks = [_section("\n".join(lines)), {"type": "actions", "elements": buttons}]
        body = {"channel": self._service, "text": _escaped(title), "blocks": blocks, "unfurl_links": False}
        return (Post("/chat.postMessage", body, f"handoff:{handoff.id}", essential=False),)

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Slack has no state of its own to change."""
        return ()

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Call the Web API; its errors come with status 200."""
        token = self._token.get_secret_value()
        found = await request(client, self.base + post.path, post.json, {"Authorization": f"Bearer {token}"})
        if at(found, "ok") is True:
            return
        error = text_at(found, "error")[:80] or "no answer that Slack documents"
        final = error not in PASSING and error not in MENDABLE
        raise Undelivered(f"Slack says {error}", final=final, malformed=error in MALFORMED)

    def _place(self, address: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(address.get("channel") or "")
        if not channel:
            raise RequestError("a Slack conversation without a channel")
        return {"channel": channel, **({"thread_ts": address["thread"]} if address.get("thread") else {})}


def _plain(text: str) -> str:
    """Return what a person typed: no mentions, links as they read, entities as characters."""
    text = _LINK.sub(lambda match: match.group(2) or match.group(1), _MENTION.sub(" ", text))
    return html.unescape(text).strip()


def _escaped(text: str) -> str:
    return SLACK.escape(text)


def _parts(text: str) -> list[str]:
    """Cut a long text at line ends into what sections hold."""
    parts: list[str] = []
    while len(text) > _SECTION:
        cut = max(text.rfind("\n", 0, _SECTION), _SECTION // 2)
        parts.append(text[:cut])
        text = text[cut:].lstrip("\n")
    return [part for part in (*parts, text) if part.strip()][:20]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _card(card: Card, language: str, *, picture: bool) -> dict[str, Any]:
    title = SLACK.link(_escaped(card.title), card.url) if card.url else _escaped(card.title)
    facts = " · ".join(_escaped(part) for part in (card.price, card.sponsored) if part)
    lines = [f"*{title}*", facts, _escaped(card.reason)]
    block = _section("\n".join(line for line in lines if line)[:_SECTION])
    if picture and card.image_url:
        block["accessory"] = {"type": "image", "image_url": card.image_url, "alt_text": card.title[:2000] or "-"}
    return block


def _button(label: str, value: str, action: str) -> dict[str, Any]:
    text = label if len(label) <= _BUTTON else label[: _BUTTON - 1] + "…"
    return {"type": "button", "action_id": action, "value": value, "text": {"type": "plain_text", "text": text}}
