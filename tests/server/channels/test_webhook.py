"""The Standard Webhooks specification: its published signature, rotation of secrets, and what a shop's system sees."""

from __future__ import annotations

import base64
import json

import pytest
from pydantic import SecretStr

from core.errors import SettingsError
from server.channels.port import Delivery, Rejected
from server.channels.webhook import Webhook
from tests.server.channels.conftest import Wired
from tests.server.channels.kits import WebhookKit

KIT = WebhookKit()

# The vector of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
NOW = 1_614_265_330.0


def webhook(secret: str = SECRET) -> Webhook:
    return Webhook(SecretStr(secret), url="https://shop.example/hooks?x=1")


def test_the_published_signature():
    webhook().verify(Delivery(BODY, HEADERS), NOW)
    several = {**HEADERS, "webhook-signature": f"v1,AAAA v1a,x {HEADERS['webhook-signature']}"}
    webhook().verify(Delivery(BODY, several), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2," + HEADERS["webhook-signature"][3:]},
        {"webhook-signature": "ü"},
        {"webhook-signature": ""},
    ],
)
def test_anything_changed_is_refused(changes: dict[str, str]):
    with pytest.raises(Rejected):
        webhook().verify(Delivery(BODY, {**HEADERS, **changes}), NOW)


def test_secrets_are_replaced_one_after_the_other():
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    webhook(f"{other}, {SECRET}").verify(Delivery(BODY, HEADERS), NOW)
    with pytest.raises(Rejected):
        webhook(other).verify(Delivery(BODY, HEADERS), NOW)


@pytest.mark.parametrize("secret", ["x", "whsec_", "whsec_!!", "whsec_QUFB", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_secret_of_another_shape_is_refused_at_the_start(secret: str):
    with pytest.raises(SettingsError, match="FLOORWALKER_WEBHOOK_SECRET"):
        webhook(secret)


def test_the_shops_system_names_its_customers_and_gets_everything(wired: Wired):
    wired.deliver(KIT.message("a lamp", user="customer-5"))
    (call,) = wired.answered(KIT, 1)
    assert wired.assistant.requests[0].user_id == "customer-5"
    data = call.json["data"]
    assert data["conversation_id"] == "7"
    assert [card["id"] for card in data["cards"]] == ["lamp-1", "desk-2"]
    assert data["cards"][1]["url"] is None, "a javascript: address is no link"
    assert data["floorwalker"]["items"][0]["reasons"]
    assert call.headers["webhook-id"].startswith("msg_")


def test_all_tries_of_one_delivery_have_one_id(wired: Wired):
    fake = wired.fakes["webhook"]
    fake.fail(500)
    wired.deliver(KIT.message("a lamp"))
    (call,) = wired.answered(KIT, 1)
    assert call.headers["webhook-id"] == fake.refused[0].headers["webhook-id"]


def test_the_hand_off_is_an_event_and_so_is_its_end(wired: Wired):
    wired.deliver(KIT.message("person please"))
    wired.answered(KIT, 1)
    assert wired.quiet()
    opened = wired.fakes["webhook"].calls[-1].json
    assert opened["type"] == "handoff.opened"
    assert opened["data"]["summary"] == "person please"
    assert opened["data"]["details"]["tried"][0]["code"] == "too_late"
    body = {"type": "handoff.returned", "data": {"conversation_id": "7", "message_id": "r1"}}
    assert wired.deliver(KIT.signed(json.dumps(body).encode())).status_code == 200
    assert wired.quiet()
    assert wired.assistant.handed == set()


def test_the_language_can_be_named(wired: Wired):
    data = {"conversation_id": "7", "message_id": "m", "text": "hello", "language": "zh-CN"}
    wired.deliver(KIT.signed(json.dumps({"type": "message.created", "data": data}).encode()))
    wired.answered(KIT, 1)
    assert wired.assistant.requests[0].language == "zh"


@pytest.mark.parametrize(("data", "param"), [({}, "data.conversation_id"), ({"conversation_id": "7"}, "data.text")])
def test_what_is_missing_is_named(wired: Wired, data: dict[str, str], param: str):
    response = wired.deliver(KIT.signed(json.dumps({"type": "message.created", "data": data}).encode()))
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
