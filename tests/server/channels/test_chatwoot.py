"""Chatwoot's documented payloads, its conversation states, and servers that do not sign yet."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import SecretStr

from server.channels.chatwoot import Chatwoot
from server.channels.port import Delivery, Rejected
from tests.server.channels.conftest import Wired
from tests.server.channels.kits import ChatwootKit

KIT = ChatwootKit()


def event(**changes: Any) -> dict[str, Any]:
    return {**KIT.event("hello", "7", "m1", "U1"), **changes}


def conversation(status: str) -> dict[str, Any]:
    return {"id": 7, "status": status, "channel": "Channel::WebWidget"}


def channel(*, unsigned: bool = False) -> Chatwoot:
    return Chatwoot(SecretStr("s"), SecretStr("t"), base="https://chat.example", unsigned=unsigned)


def test_the_signature_is_over_time_and_body():
    body = b'{"event":"message_created"}'
    signature = hmac.new(b"s", b"1700000000." + body, hashlib.sha256).hexdigest()
    headers = {"x-chatwoot-timestamp": "1700000000", "x-chatwoot-signature": f"sha256={signature}"}
    channel().verify(Delivery(body, headers), 1_700_000_000.0)


def test_unsigned_deliveries_need_leave_and_the_token():
    with pytest.raises(Rejected):
        channel().verify(Delivery(b"{}", {}, {"token": "s"}), 0.0)
    channel(unsigned=True).verify(Delivery(b"{}", {}, {"token": "s"}), 0.0)
    for query in ({}, {"token": "x"}):
        with pytest.raises(Rejected):
            channel(unsigned=True).verify(Delivery(b"{}", {}, query), 0.0)
    with pytest.raises(Rejected):
        channel(unsigned=True).verify(Delivery(b"{}", {"x-chatwoot-signature": "sha256=x"}, {"token": "s"}), 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_type": "outgoing"},
        {"message_type": "template"},
        {"private": True},
        {"conversation": conversation("open")},
        {"conversation": conversation("snoozed")},
        {"event": "webwidget_triggered"},
        {"content": None},
        {"account": {}},
        {"account": {"id": "3/../../x"}},
    ],
)
def test_what_is_not_for_the_bot_is_left_alone(wired: Wired, changes: dict[str, Any]):
    assert wired.deliver(KIT.signed(json.dumps(event(**changes)).encode())).status_code == 200
    assert wired.quiet()
    assert wired.assistant.requests == []
    assert wired.fakes["chatwoot"].calls == []


def test_cards_are_drawn_where_the_inbox_can(wired: Wired):
    wired.deliver(KIT.message("a lamp"))
    wired.answered(KIT, 1)
    assert wired.quiet()
    kinds = [call.json.get("content_type") for call in wired.fakes["chatwoot"].calls]
    assert kinds == [None, "cards", "input_select"]
    cards = wired.fakes["chatwoot"].calls[1].json["content_attributes"]["items"]
    assert cards[0]["title"] == "Lumo <b>Lamp</b>"
    assert cards[0]["actions"] == [{"type": "link", "text": "View", "uri": "https://shop.example/lamp-1"}]
    assert cards[1]["actions"] == [], "a javascript: address is no link"
    phone = {"id": 8, "status": "pending", "channel": "Channel::Whatsapp"}
    wired.deliver(KIT.signed(json.dumps(event(id="m2", conversation=phone)).encode()))
    wired.answered(KIT, 2)
    assert wired.quiet()
    kinds = [call.json.get("content_type") for call in wired.fakes["chatwoot"].calls[3:]]
    assert kinds == [None, "input_select"]


def test_a_hand_off_leaves_a_note_and_opens_the_conversation(wired: Wired):
    wired.deliver(KIT.message("person please"))
    assert wired.quiet()
    calls = wired.fakes["chatwoot"].calls
    note, toggle = calls[-2], calls[-1]
    assert note.json["private"] is True
    assert "person please" in note.json["content"]
    assert toggle.path == "/api/v1/accounts/3/conversations/7/toggle_status"
    assert toggle.json == {"status": "open"}


def test_agents_give_back_by_setting_pending(wired: Wired):
    """Agent bots hear nothing of it; but a message of a pending conversation, later than the hand-off, tells."""
    wired.deliver(KIT.message("person please", message_id="1"))
    assert wired.quiet()
    with wired.assistant.handoffs._database.transaction() as connection:
        connection.execute("UPDATE handoffs SET announced = announced - 60")
    wired.deliver(KIT.message("a lamp", message_id="2"))
    shown = KIT.shown(wired.answered(KIT, 2))
    assert any("a lamp" in text for text in shown)
    assert wired.assistant.handoffs.listed() == ()


def test_a_message_on_its_way_during_the_hand_off_gives_nothing_back(wired: Wired):
    wired.deliver(KIT.message("person please", message_id="1"))
    wired.deliver(KIT.message("hello?", message_id="2"))
    assert wired.quiet()
    assert len(wired.assistant.handoffs.listed()) == 1


def test_a_resolved_conversation_ends_its_hand_off(wired: Wired):
    wired.deliver(KIT.message("person please"))
    assert wired.quiet()
    body = {"event": "conversation_resolved", **conversation("resolved"), "account": {"id": 3}, "timestamp": 1}
    assert wired.deliver(KIT.signed(json.dumps(body).encode())).status_code == 200
    assert wired.quiet()
    assert wired.assistant.handoffs.listed() == ()
    assert wired.assistant.handed == set()


def test_giving_back_sets_pending_and_closing_sets_resolved(wired: Wired):
    for act, status in (("return", "pending"), ("close", "resolved")):
        wired.deliver(KIT.message("person please", message_id=act))
        assert wired.quiet()
        (handoff,) = wired.http.get("/inbox/api/handoffs").json()["handoffs"]
        wired.http.post(f"/inbox/api/handoffs/{handoff['id']}/{act}", json={})
        assert wired.quiet()
        assert wired.fakes["chatwoot"].calls[-1].json == {"status": status}
