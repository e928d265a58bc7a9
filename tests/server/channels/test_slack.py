"""Slack's documented payloads and its published signature."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from server.channels.port import Delivery, Rejected
from server.channels.slack import Slack
from tests.server.channels.conftest import Wired
from tests.server.channels.kits import SERVICE_CHANNEL, SlackKit

KIT = SlackKit()

# https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET, STAMP = "8f742231b10e8888abcd99yyyzzz85a5", "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack"
    b".com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0"
    b"bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def slack() -> Slack:
    return Slack(SecretStr(SECRET), SecretStr("xoxb"), base="https://slack.example/api", service="", inbox="")


def test_the_published_signature():
    headers = {"x-slack-signature": SIGNATURE, "x-slack-request-timestamp": STAMP}
    slack().verify(Delivery(BODY, headers), float(STAMP))
    with pytest.raises(Rejected):
        slack().verify(Delivery(BODY + b"x", headers), float(STAMP))
    with pytest.raises(Rejected, match="seconds away"):
        slack().verify(Delivery(BODY, headers), float(STAMP) + 301)


def test_the_challenge_is_echoed(wired: Wired):
    body = {"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
            "type": "url_verification"}  # fmt: skip
    response = wired.deliver(KIT.signed(json.dumps(body).encode()))
    assert response.status_code == 200
    assert response.json() == {"challenge": body["challenge"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"user": "UBOT"},
        {"channel_type": "channel"},
        {"type": "reaction_added"},
        {"text": " <@UBOT> "},
    ],
)
def test_what_is_not_for_the_bot_is_left_alone(wired: Wired, changes: dict[str, str]):
    event = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": "hello", "ts": "1.1"}
    assert wired.deliver(KIT.event({**event, **changes})).status_code == 200
    assert wired.quiet()
    assert wired.assistant.requests == []
    assert wired.fakes["slack"].calls == []


def test_a_mention_in_a_channel_is_answered_in_its_thread(wired: Wired):
    event = {"type": "app_mention", "channel": "C1", "user": "U1", "text": "<@UBOT> a lamp", "ts": "1515449522.000016"}
    wired.deliver(KIT.event(event))
    (call,) = wired.answered(KIT, 1)
    assert call.json["channel"] == "C1"
    assert call.json["thread_ts"] == "1515449522.000016"
    assert wired.assistant.requests[0].message == "a lamp"


def test_people_in_one_channel_have_conversations_of_their_own(wired: Wired):
    for number, user in enumerate(("U1", "U2")):
        event = {"type": "app_mention", "channel": "C1", "user": user, "text": "<@UBOT> hi", "ts": f"1.{number}"}
        wired.deliver(KIT.event(event, f"E{number}"))
    wired.answered(KIT, 2)
    keys = {request.session.key for request in wired.assistant.requests}
    assert len(keys) == 2, "nobody may use the identity that somebody else proved"


def test_what_slack_marks_up_is_read_as_typed(wired: Wired):
    text = "where is FW-1? <mailto:ann@example.com|ann@example.com> &lt;3 &amp; see <https://a.example/x>"
    wired.deliver(KIT.message(text))
    wired.answered(KIT, 1)
    assert wired.assistant.requests[0].message == "where is FW-1? ann@example.com <3 & see https://a.example/x"


def test_texts_cannot_call_people_or_make_links(wired: Wired):
    wired.deliver(KIT.message("tell &lt;!channel&gt; and &lt;@U2&gt;"))
    (call,) = wired.answered(KIT, 1)
    shown = json.dumps(call.json, ensure_ascii=False)
    assert "<!channel>" not in shown
    assert "<@U2>" not in shown
    assert "&lt;!channel&gt;" in shown
    assert "javascript:" not in shown
    assert "<https://shop.example/lamp-1|Lumo &lt;b&gt;Lamp&lt;/b&gt;>" in shown


def test_refused_blocks_are_sent_plainer(wired: Wired):
    wired.fakes["slack"].fail(200, {"ok": False, "error": "invalid_blocks"})
    wired.deliver(KIT.message("a lamp"))
    (call,) = wired.answered(KIT, 1)
    assert not any("accessory" in block for block in call.json["blocks"])


def test_an_error_that_will_not_pass_is_given_up(wired: Wired):
    wired.fakes["slack"].fail(200, {"ok": False, "error": "channel_not_found"})
    wired.deliver(KIT.message("a lamp", message_id="1"))
    wired.deliver(KIT.message("a desk", message_id="2"))
    (text,) = KIT.shown(wired.answered(KIT, 1))
    assert "a desk" in text


def test_slacks_own_rate_limit_is_waited_for(wired: Wired):
    wired.fakes["slack"].fail(429, {"ok": False, "error": "ratelimited"}, Retry_After="0")
    wired.deliver(KIT.message("a lamp"))
    assert len(wired.answered(KIT, 1)) == 1


def test_the_service_channel_is_called_and_gives_back(wired: Wired):
    wired.deliver(KIT.message("person please"))
    wired.answered(KIT, 1)
    assert wired.quiet()
    fake = wired.fakes["slack"]
    (call,) = [call for call in fake.calls if call.json["channel"] == SERVICE_CHANNEL]
    text = call.json["blocks"][0]["text"]["text"]
    assert "person please" in text
    assert "cancel too_late FW-1" in text
    buttons = {button["action_id"]: button["value"] for button in call.json["blocks"][1]["elements"]}
    elsewhere = KIT.pressed("handoff:give_back", buttons["handoff:give_back"], "D7")
    assert wired.deliver(elsewhere).status_code == 403, "customers give nothing back"
    sent = KIT.pressed("handoff:give_back", buttons["handoff:give_back"], SERVICE_CHANNEL)
    assert wired.deliver(sent).status_code == 200
    assert "assistant again" in KIT.shown(wired.answered(KIT, 2))[1]
    assert wired.assistant.handed == set()
