"""Feishu's documented payloads, its published ciphertext, and its tenant tokens."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from server.channels.feishu import Feishu, decrypt
from server.channels.port import Delivery, Rejected
from tests.server.channels.conftest import Wired
from tests.server.channels.kits import SERVICE_CHANNEL, FeishuKit

KIT = FeishuKit()


def test_the_published_ciphertext():
    # https://open.feishu.cn/document/server-docs/event-subscription-guide (Encrypt Key "test key")
    assert decrypt("test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=") == b"hello world"


@pytest.mark.parametrize("sealed", ["", "x", "AAAA", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk", "A" * 64])
def test_what_is_not_encrypted_with_our_key_is_told(sealed: str):
    with pytest.raises(ValueError, match=r".*"):
        decrypt("another key", sealed)


def test_the_challenge_is_decrypted_and_echoed(wired: Wired):
    body = {"challenge": "ajls384kdjx98XX", "token": KIT.token, "type": "url_verification"}
    sealed = KIT.sealed(json.dumps(body).encode())
    response = wired.http.post("/channels/feishu", content=sealed, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert response.json() == {"challenge": "ajls384kdjx98XX"}


def test_a_challenge_that_is_not_ours_is_refused(wired: Wired):
    body = {"challenge": "x", "token": "another token", "type": "url_verification"}
    response = wired.http.post("/channels/feishu", content=KIT.sealed(json.dumps(body).encode()))
    assert response.status_code == 403
    body["token"] = KIT.token
    response = wired.http.post("/channels/feishu", content=json.dumps(body).encode())
    assert response.status_code == 401, "nothing unencrypted passes"


def test_a_signature_without_the_token_is_refused():
    channel = Feishu("cli", SecretStr("s"), SecretStr(KIT.key), SecretStr("other"), base="", service="", inbox="")
    sent = KIT.message("hello")
    headers = {name.lower(): value for name, value in sent.headers.items()}
    with pytest.raises(Rejected):
        channel.verify(Delivery(sent.body, headers), float(headers["x-lark-request-timestamp"]))


def test_the_tenant_token_is_fetched_once_and_again_when_it_ended(wired: Wired):
    fake = wired.fakes["feishu"]
    wired.app.state.switchboard.channels["feishu"]._tenant = ("", 0.0)
    wired.deliver(KIT.message("a lamp", message_id="1"))
    wired.deliver(KIT.message("a desk", message_id="2"))
    wired.answered(KIT, 2)
    assert [call.path.rsplit("/", 1)[-1] for call in fake.calls] == ["internal", "messages", "messages"]
    fake.fail(200, {"code": 99991663, "msg": "token expired"})
    wired.deliver(KIT.message("a chair", message_id="3"))
    wired.answered(KIT, 3)
    assert [call.path.rsplit("/", 1)[-1] for call in fake.calls[3:]] == ["internal", "messages"]


def test_a_repeated_send_carries_the_same_uuid(wired: Wired):
    fake = wired.fakes["feishu"]
    wired.deliver(KIT.message("hello", message_id="0"))
    wired.answered(KIT, 1)
    fake.fail(500)
    wired.deliver(KIT.message("a lamp"))
    calls = wired.answered(KIT, 2)
    assert calls[-1].json["uuid"] == fake.refused[0].json["uuid"]


def test_bots_groups_without_mention_and_pictures_are_left_alone(wired: Wired):
    message = {"message_id": "m", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "text",
               "content": '{"text": "hello"}'}  # fmt: skip
    sender = {"sender_id": {"open_id": "U1"}, "sender_type": "user"}
    events = [
        {"sender": {**sender, "sender_type": "app"}, "message": message},
        {"sender": sender, "message": {**message, "chat_type": "group"}},
        {"sender": sender, "message": {**message, "message_type": "image"}},
        {"sender": sender, "message": {**message, "content": "no json"}},
    ]
    for number, event in enumerate(events):
        assert wired.deliver(KIT.event("im.message.receive_v1", event, f"e{number}")).status_code == 200
    assert wired.quiet()
    assert wired.assistant.requests == []


def test_a_mention_in_a_group_is_answered(wired: Wired):
    message = {
        "message_id": "m", "chat_id": "oc_1", "chat_type": "group", "message_type": "text",
        "content": json.dumps({"text": "@_user_1 a lamp"}), "mentions": [{"key": "@_user_1", "name": "Bot"}],
    }  # fmt: skip
    sender = {"sender_id": {"open_id": "U1"}, "sender_type": "user"}
    wired.deliver(KIT.event("im.message.receive_v1", {"sender": sender, "message": message}, "e1"))
    wired.answered(KIT, 1)
    assert wired.assistant.requests[0].message == "a lamp"


def test_texts_cannot_call_people(wired: Wired):
    wired.deliver(KIT.message('<at id="all"></at> hello'))
    (text,) = KIT.shown(wired.answered(KIT, 1))
    assert "<at" not in text
    assert "&lt;at" in text


def test_the_service_chat_is_called_and_gives_back(wired: Wired):
    wired.deliver(KIT.message("person please"))
    wired.answered(KIT, 1)
    assert wired.quiet()
    sent = [call.json for call in wired.fakes["feishu"].calls if call.path.endswith("messages")]
    (card,) = [json.loads(body["content"]) for body in sent if body["receive_id"] == SERVICE_CHANNEL]
    assert "person please" in card["elements"][0]["text"]["content"]
    value = card["elements"][1]["actions"][0]["value"]
    assert wired.deliver(KIT.pressed(value, "oc_7")).status_code == 403
    assert wired.deliver(KIT.pressed(value, SERVICE_CHANNEL)).status_code == 200
    assert "assistant again" in KIT.shown(wired.answered(KIT, 2))[1]
