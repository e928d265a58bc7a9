"""Chatwoot: an agent bot. Events in, messages with cards and options out; hand-off opens the conversation to agents.

https://developers.chatwoot.com/api-reference/messages/create-new-message and, for agent bots,
https://www.chatwoot.com/hc/user-guide/articles/1677497472-how-to-use-agent-bots
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from core.events import Reply
from server.channels.answers import Answer, Card, Choice, read_payload
from server.channels.bodies import at, id_at, json_object, text_at
from server.channels.briefing import briefing
from server.channels.port import Delivery, Inbound, Kind, Parsed, Post, Rejected
from server.channels.sending import request
from server.channels.signatures import check_signature, check_time, keyed, same
from server.channels.words import channel_word
from storage.handoffs import Handoff

_CARDS, _CHOICES, _CONTENT = 6, 10, 10_000
_WEB = ("Channel::WebWidget", "Channel::Api")
"""Inboxes that draw cards; the others take text and options."""


class Chatwoot:
    """An agent bot of a Chatwoot installation."""

    name = "chatwoot"
    pushes = True

    def __init__(self, secret: SecretStr, token: SecretStr, *, base: str, unsigned: bool) -> None:
        """Take the bot's secret and access token.

        Args:
            secret: signs deliveries.
            token: the bot's access token, for the application API.
            base: the installation's address.
            unsigned: whether deliveries of servers that do not sign yet pass, with ``?token=SECRET`` in their address.
        """
        self._secret, self._token = secret, token
        self.base, self._unsigned = base.rstrip("/"), unsigned

    def verify(self, delivery: Delivery, now: float) -> None:
        """Check ``X-Chatwoot-Signature`` and its time; of older servers the token in the address."""
        secret = self._secret.get_secret_value()
        given, stamp = delivery.header("X-Chatwoot-Signature"), delivery.header("X-Chatwoot-Timestamp")
        if self._unsigned and not given and not stamp:
            if same(delivery.query.get("token", ""), secret):
                return
            raise Rejected("the address of an unsigned delivery needs ?token= with the bot's secret")
        check_time(stamp, now, "X-Chatwoot-Timestamp")
        expected = "sha256=" + keyed(secret.encode(), stamp.encode() + b"." + delivery.body).hex()
        check_signature(given, expected, "X-Chatwoot-Signature")

    def parse(self, delivery: Delivery) -> Parsed:
        """Read an event: a contact's message, a chosen option, or a conversation that agents ended."""
        body = json_object(delivery.body)
        event = text_at(body, "event")
        if event == "message_created":
            return Parsed(self._message(body))
        if event == "message_updated":
            return Parsed(self._chosen(body))
        if event in ("conversation_resolved", "conversation_status_changed"):
            return Parsed(self._ended(body))
        return Parsed()

    def _message(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        place, message_id = _place(body, at(body, "conversation")), id_at(body, "id")
        status = text_at(body, "conversation", "status")
        # An open conversation is an agent's: the bot answers pending ones only.
        if at(body, "message_type") not in ("incoming", 0) or at(body, "private") or status != "pending" or not place:
            return ()
        text = text_at(body, "content").strip()
        if not text or not message_id:
            return ()
        said, drop = read_payload(text)
        user = _contact(place, id_at(body, "sender", "id"))
        return (
            Inbound(f"message:{message_id}", _conversation(place), user, said, drop=drop, address=place, ours=True),
        )

    def _chosen(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        """The bot's own message comes back with what the contact chose of its options."""
        chosen = at(body, "content_attributes", "submitted_values", 0)
        place = _place(body, at(body, "conversation"))
        value, message_id = text_at(chosen, "value"), id_at(body, "id")
        if not value or not message_id or not place or text_at(body, "conversation", "status") != "pending":
            return ()
        text, drop = read_payload(value)
        sender = id_at(body, "conversation", "meta", "sender", "id") or id_at(
            body, "conversation", "contact_inbox", "contact_id"
        )
        inbound = Inbound(
            f"chosen:{message_id}",
            _conversation(place),
            _contact(place, sender),
            text,
            drop=drop,
            address=place,
            ours=True,
        )
        return (inbound,)

    def _ended(self, body: dict[str, Any]) -> tuple[Inbound, ...]:
        """A resolved conversation starts with the bot again; one that agents set to pending is the bot's at once."""
        conversation = at(body, "conversation") if at(body, "conversation") else body
        place, status = _place(body, conversation), text_at(conversation, "status")
        if not place or status not in ("resolved", "pending"):
            return ()
        stamp = id_at(conversation, "timestamp") or id_at(conversation, "updated_at") or id_at(body, "id")
        message_id = f"{status}:{_conversation(place)}:{stamp}"
        kind: Kind = "closed" if status == "resolved" else "returned"
        return (Inbound(message_id, _conversation(place), "", kind=kind, address=place),)

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return the text, then cards where the inbox draws them, then options."""
        path = _path(address, "messages")
        posts = [Post(path, {"content": answer.text[:_CONTENT], "message_type": "outgoing"}, f"{key}:text")]
        if answer.cards and address.get("channel") in _WEB:
            items = [_card(card, answer.language) for card in answer.cards[:_CARDS]]
            title = channel_word("cards", answer.language)
            posts.append(Post(path, _rich("cards", title, items), f"{key}:cards", essential=False))
        if answer.choices:
            options = [_option(choice) for choice in answer.choices[:_CHOICES]]
            title = channel_word("choices", answer.language)
            posts.append(Post(path, _rich("input_select", title, options), f"{key}:options", essential=False))
        return tuple(posts)

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Leave the agents a private note and open the conversation: Chatwoot then assigns and notifies."""
        note = {"content": briefing(handoff, handoff.language), "message_type": "outgoing", "private": True}
        return (
            Post(_path(address, "messages"), note, f"handoff:{handoff.id}:note", essential=False),
            Post(_path(address, "toggle_status"), {"status": "open"}, f"handoff:{handoff.id}:open"),
        )

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Set the conversation to pending, which is the bot's, or to resolved."""
        return (Post(_path(address, "toggle_status"), {"status": "resolved" if ended else "pending"}),)

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Call the application API with the bot's token."""
        await request(client, self.base + post.path, post.json, {"api_access_token": self._token.get_secret_value()})


def _place(body: Mapping[str, Any], conversation: Any) -> dict[str, Any]:
    """Return where a conversation is answered; empty when the event does not say it in numbers."""
    account = id_at(body, "account", "id") or id_at(conversation, "account_id")
    number = id_at(conversation, "display_id") or id_at(conversation, "id")
    if not (account.isascii() and account.isdigit() and number.isascii() and number.isdigit()):
        return {}
    return {"account": int(account), "conversation": int(number), "channel": text_at(conversation, "channel")[:60]}


def _conversation(place: Mapping[str, Any]) -> str:
    return f"{place['account']}:{place['conversation']}"


def _contact(place: Mapping[str, Any], sender: str) -> str:
    return f"{place['account']}:{sender}" if sender else ""


def _path(address: Mapping[str, Any], what: str) -> str:
    account, conversation = int(address["account"]), int(address["conversation"])
    return f"/api/v1/accounts/{account}/conversations/{conversation}/{what}"


def _rich(kind: str, title: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "content": title,
        "message_type": "outgoing",
        "content_type": kind,
        "content_attributes": {"items": items},
    }


def _card(card: Card, language: str) -> dict[str, Any]:
    actions = []
    if card.url:
        actions.append({"type": "link", "text": channel_word("open_item", language), "uri": card.url})
    facts = " · ".join(part for part in (card.price, card.sponsored, card.reason) if part)
    picture = {"media_url": card.image_url} if card.image_url else {}
    return {"title": card.title, "description": facts, "actions": actions, **picture}


def _option(choice: Choice) -> dict[str, str]:
    return {"title": choice.label, "value": choice.payload}
