"""Rasa: its action server's ``/webhook``, and its REST channel for clients that speak it. Both are answered at once.

https://rasa.com/docs/action-server/actions, https://rasa.com/docs/rasa/connectors/your-own-website#restinput
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from core.errors import RequestError
from core.events import Reply
from server.channels.answers import Answer, plain_cards, read_payload
from server.channels.bodies import at, id_at, json_object, text_at
from server.channels.port import Delivery, Inbound, Parsed, Post, Rejected, Undelivered
from server.channels.signatures import same
from server.rendering import plain
from storage.handoffs import Handoff

ACTION = "action_floorwalker"
"""The one action that a Rasa assistant may call."""
SLOT = "floorwalker_handoff"
"""The slot that tells a Rasa assistant whether a person has the conversation."""


class Rasa:
    """A Rasa assistant that calls us, or a client of its REST channel."""

    name = "rasa"
    base = ""
    pushes = False

    def __init__(self, token: SecretStr) -> None:
        """Take the token that callers send as ``Authorization: Bearer``, or as ``?token=``, which is Rasa's own way."""
        self._token = token

    def verify(self, delivery: Delivery, now: float) -> None:
        """Check the token; Rasa signs nothing."""
        scheme, _, given = delivery.header("Authorization").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else delivery.query.get("token", "")
        if not given:
            raise Rejected("no token: send Authorization: Bearer TOKEN, or ?token=TOKEN", code="token_missing")
        if not same(given, self._token.get_secret_value()):
            raise Rejected("the token is not the one of FLOORWALKER_RASA_TOKEN", code="token_wrong")

    def parse(self, delivery: Delivery) -> Parsed:
        """Read a call of our action, or a message of the REST channel (an empty one only asks what a person said)."""
        body = json_object(delivery.body)
        called = at(body, "next_action")
        if isinstance(called, str):
            return Parsed((_called(body, called),))
        sender = id_at(body, "sender")
        if not sender:  # Rasa names all of them "default": strangers would share a conversation, and who is verified
            raise RequestError("sender is missing: a text that names one customer's conversation", param="sender")
        text, drop = read_payload(text_at(body, "message").strip())
        message_id = id_at(body, "metadata", "message_id") or id_at(body, "message_id")
        token = text_at(body, "metadata", "identity_token") or None
        return Parsed((Inbound(message_id, sender, sender, text, drop=drop, identity_token=token),))

    def render(self, answer: Answer, address: Mapping[str, Any], key: str) -> tuple[Post, ...]:
        """Return the responses: text with buttons, and the cards as Rasa's custom payload and as pictures."""
        response: dict[str, Any] = {"text": answer.text}
        if answer.choices:
            response["buttons"] = [{"title": choice.label, "payload": choice.payload} for choice in answer.choices]
        posts = [Post("", response, key)]
        posts += [Post("", {"image": card.image_url}, key) for card in answer.cards if card.image_url]
        if answer.cards:
            posts.append(Post("", {"custom": {"cards": plain_cards(answer.cards)}}, key))
        return tuple(posts)

    def hand_off(self, handoff: Handoff, reply: Reply, address: Mapping[str, Any]) -> tuple[Post, ...]:
        """Return a custom payload, from which a Rasa assistant starts its own hand-off."""
        custom = {
            "id": handoff.id,
            "summary": handoff.summary,
            "why": handoff.why,
            "details": plain(handoff.details),
        }
        return (Post("", {"custom": {"handoff": custom}}, "", essential=False),)

    def give_back(self, address: Mapping[str, Any], *, ended: bool) -> tuple[Post, ...]:
        """Nothing can be sent to a Rasa assistant; the slot of the next answer says it."""
        return ()

    async def deliver(self, post: Post, client: httpx.AsyncClient) -> None:
        """Rasa is answered, never called."""
        raise Undelivered("Rasa takes messages as answers only", final=True)


def action_response(posts: tuple[Post, ...], handed_off: bool) -> dict[str, Any]:
    """Return what an action server answers."""
    events = [{"event": "slot", "timestamp": None, "name": SLOT, "value": handed_off}]
    defaults: dict[str, Any] = {"text": None, "buttons": [], "elements": [], "custom": {}, "image": None}
    return {"events": events, "responses": [{**defaults, **post.json} for post in posts]}


def rest_response(posts: tuple[Post, ...], sender: str) -> list[dict[str, Any]]:
    """Return what the REST channel answers."""
    return [{"recipient_id": sender, **post.json} for post in posts]


def _called(body: dict[str, Any], action: str) -> Inbound:
    if action != ACTION:
        raise RequestError(f"No registered action found for name '{action[:100]}'.", code="unknown_action", status=404)
    message = at(body, "tracker", "latest_message")
    sender = id_at(body, "sender_id") or id_at(body, "tracker", "sender_id")
    if not sender:
        raise RequestError("sender_id is missing", param="sender_id")
    text, drop = read_payload(text_at(message, "text").strip())
    token = text_at(message, "metadata", "identity_token") or None
    return Inbound(id_at(message, "message_id"), sender, sender, text, drop=drop, identity_token=token)
