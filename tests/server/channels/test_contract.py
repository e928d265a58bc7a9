"""What holds for every channel that is answered asynchronously, over real HTTP."""

from __future__ import annotations

import time

import pytest

from tests.server.channels.conftest import Wired
from tests.server.channels.kits import KITS, Kit
from tests.server.serving import eventually

pytestmark = pytest.mark.parametrize("kit", KITS, ids=[kit.name for kit in KITS])


def test_a_message_is_answered_with_cards_and_choices(wired: Wired, kit: Kit):
    response = wired.deliver(kit.message("a lamp"))
    assert response.status_code == 200
    calls = wired.answered(kit, 1)
    (text,) = kit.shown(calls)
    assert "You said: a lamp" in text
    request = wired.assistant.requests[0]
    assert request.session.issued, "a channel has verified whose conversation it is"
    assert request.session.scope == f"channel:{kit.name}"
    assert wired.quiet()
    labels = [label for label, _ in kit.choices(list(wired.fakes[kit.name].calls))]
    assert "Lumo" in labels
    assert any("Cheaper" in label for label in labels)


def test_a_choice_comes_back_as_a_message(wired: Wired, kit: Kit):
    wired.deliver(kit.message("a lamp"))
    wired.answered(kit, 1)
    assert wired.quiet()
    payload = dict(kit.choices(list(wired.fakes[kit.name].calls)))["Lumo"]
    assert wired.deliver(kit.press(payload)).status_code == 200
    wired.answered(kit, 2)
    first, second = wired.assistant.requests
    assert second.message == "Lumo"
    assert second.session == first.session, "what is pressed belongs to the conversation"


def test_a_way_out_of_a_dead_end_comes_back_as_an_edit(wired: Wired, kit: Kit):
    wired.deliver(kit.message("a lamp /nothing"))
    wired.answered(kit, 1)
    assert wired.quiet()
    payload = next(value for label, value in kit.choices(list(wired.fakes[kit.name].calls)) if "Drop" in label)
    wired.deliver(kit.press(payload))
    wired.answered(kit, 2)
    edit = wired.assistant.requests[1].edit
    assert edit is not None
    assert edit.remove == ("c1",)
    assert wired.assistant.requests[1].message == ""


def test_a_repeated_delivery_is_answered_once(wired: Wired, kit: Kit):
    for _ in range(3):
        assert wired.deliver(kit.message("a lamp", message_id="same")).status_code == 200
    wired.deliver(kit.message("a desk", message_id="other"))
    calls = wired.answered(kit, 2)
    assert wired.quiet()
    assert [text.split(".")[0] for text in kit.shown(calls)] == ["You said: a lamp", "You said: a lamp | a desk"]
    assert wired.assistant.taken == ["a lamp", "a desk"]


def test_a_repetition_after_a_restart_is_answered_once(wire, kit: Kit):
    wired = wire()
    wired.deliver(kit.message("a lamp", message_id="same"))
    wired.answered(kit, 1)
    assert wired.quiet()
    wired = wire()
    assert wired.deliver(kit.message("a lamp", message_id="same")).status_code == 200
    assert wired.quiet()
    assert wired.assistant.taken == []
    assert len(kit.shown(list(wired.fakes[kit.name].calls))) == 1


def test_a_wrong_signature_is_refused(wired: Wired, kit: Kit):
    wrong = {"slack": "x", "chatwoot": "x", "feishu": "x", "webhook": "whsec_" + "QUFB" * 11}[kit.name]
    body = b'{"type": "message.created", "event": "message_created"}'
    response = wired.deliver(kit.signed(body, secret=wrong))
    assert response.status_code == 401, response.text
    assert response.json()["error"]["message"]


def test_a_changed_body_is_refused(wired: Wired, kit: Kit):
    sent = kit.message("a lamp")
    response = wired.http.post(sent.path, content=sent.body.replace(b"a", b"b", 1), headers=sent.headers)
    assert response.status_code == 401
    assert wired.assistant.requests == []


def test_an_unsigned_delivery_is_refused(wired: Wired, kit: Kit):
    sent = kit.message("a lamp")
    response = wired.http.post(sent.path, content=sent.body, headers={"Content-Type": "application/json"})
    assert response.status_code == 401


@pytest.mark.parametrize("shift", [-301, 330])
def test_a_stale_delivery_is_refused(wired: Wired, kit: Kit, shift: int):
    body = kit.message("a lamp").body if kit.name != "feishu" else b'{"header": {"token": "feishu-verification-token"}}'
    response = wired.deliver(kit.signed(body, at=time.time() + shift))
    assert response.status_code == 401
    assert "seconds away" in response.json()["error"]["message"]


def test_a_slow_assistant_is_acknowledged_at_once(wired: Wired, kit: Kit):
    response = wired.deliver(kit.message("a lamp /slow"))
    assert response.status_code == 200, "acknowledged while the turn still runs"
    assert wired.fakes[kit.name].calls == []
    assert eventually(lambda: wired.app.state.switchboard._busy)
    wired.assistant.go.set()
    assert "a lamp" in kit.shown(wired.answered(kit, 1))[0]


def test_messages_of_one_conversation_keep_their_order(wired: Wired, kit: Kit):
    wired.deliver(kit.message("first /slow", message_id="1"))
    wired.deliver(kit.message("second", message_id="2"))
    wired.deliver(kit.message("elsewhere", message_id="3", conversation="8", user="U2"))
    wired.answered(kit, 1)
    assert wired.assistant.taken == ["elsewhere"], "another conversation does not wait"
    wired.assistant.go.set()
    wired.answered(kit, 3)
    assert wired.assistant.taken == ["elsewhere", "first /slow", "second"]


def test_customers_share_nothing(wired: Wired, kit: Kit):
    wired.deliver(kit.message("a lamp", message_id="1"))
    wired.deliver(kit.message("a desk", message_id="2", conversation="8", user="U2"))
    wired.answered(kit, 2)
    one, other = wired.assistant.requests
    assert one.session.key != other.session.key


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_is_sent_again_until_it_is_taken(wired: Wired, kit: Kit, status: int):
    fake = wired.fakes[kit.name]
    fake.fail(status, Retry_After="0")
    fake.fail(status, Retry_After="0")
    wired.deliver(kit.message("a lamp"))
    calls = wired.answered(kit, 1)
    assert wired.quiet()
    assert len(fake.refused) == 2
    assert len(kit.shown(calls)) == 1
    assert wired.assistant.taken == ["a lamp"], "the turn is taken once, whatever sending costs"


def test_a_channel_that_asks_for_time_gets_it(wired: Wired, kit: Kit):
    fake = wired.fakes[kit.name]
    fake.fail(429, Retry_After="1")
    begin = time.monotonic()
    wired.deliver(kit.message("a lamp"))
    wired.answered(kit, 1, seconds=10)
    assert time.monotonic() - begin >= 0.95


def test_what_waits_is_answered_after_a_kill(wire, kit: Kit):
    wired = wire()
    wired.deliver(kit.message("a lamp /slow", message_id="1"))
    wired.deliver(kit.message("a desk", message_id="2"))
    assert eventually(lambda: wired.assistant.requests == [] and wired.app.state.switchboard._busy)
    wired = wire()
    wired.assistant.go.set()
    calls = wired.answered(kit, 2)
    assert wired.quiet()
    assert wired.assistant.taken == ["a lamp /slow", "a desk"]
    assert len(kit.shown(calls)) == 2


def test_an_answer_that_was_made_is_not_made_again_after_a_kill(wire, kit: Kit):
    wired = wire()
    fake = wired.fakes[kit.name]
    fake.fail(500, Retry_After="3600")
    wired.deliver(kit.message("a lamp"))
    assert eventually(lambda: len(fake.refused) == 1)
    assert eventually(lambda: wired.app.state.switchboard._busy == {})
    arrivals = wired.app.state.switchboard.arrivals
    with arrivals._database.transaction() as connection:
        connection.execute("UPDATE arrivals SET due = 0")
    wired = wire()
    wired.answered(kit, 1)
    assert wired.quiet()
    assert wired.assistant.taken == [], "the stored answer is sent; no turn is taken anew"


def test_a_turn_that_fails_is_tried_again(wired: Wired, kit: Kit):
    wired.deliver(kit.message("/fail 1"))
    assert "You said: /fail 1" in kit.shown(wired.answered(kit, 1))[0]


def test_a_turn_that_keeps_failing_ends_with_an_apology(wired: Wired, kit: Kit):
    wired.deliver(kit.message("/fail 99"))
    (text,) = kit.shown(wired.answered(kit, 1))
    assert "sorry" in text
    assert "secret" not in text
    assert wired.quiet()


def test_a_conversation_that_floods_is_told_to_wait(wire, kit: Kit):
    wired = wire(channel_rate=2)
    answers = [wired.deliver(kit.message("a lamp", message_id=str(number))) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 0
    other = kit.message("a lamp", message_id="9", conversation="8", user="U2")
    assert wired.deliver(other).status_code == 200, "others are not held up"


def test_too_much_is_refused_before_it_is_read(wired: Wired, kit: Kit):
    sent = kit.message("a lamp")
    response = wired.http.post(sent.path, content=b"x" * 1_100_000, headers=sent.headers)
    assert response.status_code == 413


def test_a_message_that_is_too_long_is_answered_politely(wired: Wired, kit: Kit):
    wired.deliver(kit.message("lamp " * 500))
    (text,) = kit.shown(wired.answered(kit, 1))
    assert "too long" in text
    assert wired.assistant.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff\xfe", b'{"event": 3}', b'{"type": {}}', b'{"data": []}'])
def test_a_signed_body_of_any_shape_does_no_harm(wired: Wired, kit: Kit, body: bytes):
    response = wired.deliver(kit.signed(body))
    assert response.status_code < 500
    assert wired.assistant.requests == []


def test_a_person_takes_over_and_gives_back(wired: Wired, kit: Kit):
    wired.deliver(kit.message("person please", message_id="1"))
    wired.answered(kit, 1)
    assert wired.quiet()
    (handoff,) = wired.http.get("/inbox/api/handoffs").json()["handoffs"]
    assert handoff["channel"] == kit.name
    assert handoff["summary"] == "person please"
    wired.deliver(kit.message("are you there?", message_id="2"))
    assert wired.quiet()
    assert len(kit.shown(list(wired.fakes[kit.name].calls))) == 1, "the assistant keeps silent"
    place = f"/inbox/api/handoffs/{handoff['id']}"
    assert wired.http.post(f"{place}/reply", json={"text": "Hello, this is **Maria** <b>"}).status_code == 200
    text = kit.shown(wired.answered(kit, 2))[1]
    assert "Maria" in text
    assert wired.http.get(place).json()["state"] == "taken"
    lines = [(line["role"], line["text"]) for line in wired.http.get(place).json()["lines"]]
    assert ("user", "are you there?") in lines
    assert ("operator", "Hello, this is **Maria** <b>") in lines
    assert wired.http.post(f"{place}/return", json={}).status_code == 200
    assert "assistant again" in kit.shown(wired.answered(kit, 3))[2]
    assert wired.assistant.handed == set()
    wired.deliver(kit.message("a lamp", message_id="3"))
    assert "a lamp" in kit.shown(wired.answered(kit, 4))[3]


def test_the_customer_calls_the_assistant_back(wired: Wired, kit: Kit):
    wired.deliver(kit.message("person please", message_id="1"))
    wired.deliver(kit.message("back", message_id="2"))
    wired.answered(kit, 2)
    assert wired.http.get("/inbox/api/handoffs").json()["handoffs"] == []


def test_no_secret_is_logged_or_stored(wire, kit: Kit, caplog, tmp_path):
    wired = wire()
    fake = wired.fakes[kit.name]
    fake.fail(500, Retry_After="0")
    with caplog.at_level("DEBUG"):
        wired.deliver(kit.message("a lamp"))
        wired.deliver(kit.signed(b"{}", secret="whsec_" + "QUFB" * 11 if kit.name == "webhook" else "x"))
        wired.answered(kit, 1)
        assert wired.quiet()
    secrets = ["xoxb-fake-token", "8f742231b10e", "bot-access-token", "chatwoot-secret", "app-secret", "feishu-encrypt",
               "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "t-1\""]  # fmt: skip
    own = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("server", "storage", "floorwalker"))
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*")).decode("latin-1")
    assert [secret for secret in secrets if secret in own or secret in stored] == []
