"""Which conversation a request belongs to: sessions, resent histories, retries."""

from __future__ import annotations

import pytest

from core.conversation import Message
from core.errors import RequestError
from server.sessions import Retries, scope_of, session_id_of
from tests.server.test_chat import ask


def said(response) -> str:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"].split("\n")[0]


class Shopper:
    """A client that keeps the conversation itself and resends it."""

    def __init__(self, http, **more):
        self.http, self.more, self.messages = http, more, []

    def say(self, text):
        self.messages.append({"role": "user", "content": text})
        response = self.http.post("/v1/chat/completions", json={"messages": self.messages, **self.more})
        heard = said(response)
        self.messages.append(response.json()["choices"][0]["message"])
        return heard


def test_a_named_session_goes_on(http):
    for place, first in (
        ({"headers": {"X-Session-Id": "a1"}}, "one"),
        ({"metadata": {"session_id": "a2"}}, "two"),
        ({"headers": {"X-OpenWebUI-Chat-Id": "a3"}}, "three"),
    ):
        assert said(ask(http, first, **place)) == f"You said: {first}."
        assert said(ask(http, "more", **place)) == f"You said: {first} | more."


def test_the_session_header_comes_first(http):
    answer = ask(
        http, headers={"X-Session-Id": "b1", "X-OpenWebUI-Chat-Id": "b3"}, metadata={"session_id": "b2"}
    ).json()
    assert answer["floorwalker"]["session_id"] == "b1"
    answer = ask(http, headers={"X-OpenWebUI-Chat-Id": "b3"}, metadata={"session_id": "b2"}).json()
    assert answer["floorwalker"]["session_id"] == "b2"


def test_another_user_has_another_session_of_the_same_name(http):
    assert said(ask(http, "one", headers={"X-Session-Id": "c"}, user="u1")) == "You said: one."
    assert said(ask(http, "two", headers={"X-Session-Id": "c"}, user="u2")) == "You said: two."
    assert said(ask(http, "three", headers={"X-Session-Id": "c"})) == "You said: three."


def test_the_same_wish_twice_is_two_turns(http):
    place = {"headers": {"X-Session-Id": "d"}}
    ask(http, "a laptop", **place)
    ask(http, "cheaper", **place)
    assert said(ask(http, "cheaper", **place)) == "You said: a laptop | cheaper | cheaper."


def test_a_repeated_request_is_one_turn(http):
    for repeated in ({"X-Stainless-Retry-Count": "1"}, {"X-Stainless-Retry-Count": "2"}):
        session = {"X-Session-Id": f"e{repeated['X-Stainless-Retry-Count']}"}
        first = ask(http, "one", headers={**session, "X-Stainless-Retry-Count": "0"}).json()
        again = ask(http, "one", headers={**session, **repeated}).json()
        assert again == first | {"created": again["created"]}
        assert said(ask(http, "two", headers=session)) == "You said: one | two."


def test_a_resent_history_in_a_session_is_one_turn(http):
    place = {"headers": {"X-Session-Id": "f"}}
    messages = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "two"},
    ]
    first, again = (
        http.post("/v1/chat/completions", json={"messages": messages}, **place).json()["floorwalker"]["turn_id"]
        for _ in range(2)
    )
    assert first == again


def test_a_stateless_client_resends(http):
    shopper = Shopper(http)
    assert shopper.say("one") == "You said: one."
    assert shopper.say("two") == "You said: one | two."
    assert shopper.say("three") == "You said: one | two | three."


def test_a_stateless_client_regenerates_and_edits(http):
    shopper = Shopper(http)
    shopper.say("one")
    shopper.say("two")
    del shopper.messages[2:]
    assert shopper.say("two") == "You said: one | two."
    del shopper.messages[2:]
    assert shopper.say("other") == "You said: one | other."
    shopper.messages[0] = {"role": "user", "content": "changed"}
    assert shopper.say("next") == "You said: changed | other | next."


def test_a_stateless_client_trims(http):
    shopper = Shopper(http)
    for text in ("one", "two", "three"):
        shopper.say(text)
    del shopper.messages[:2]
    assert shopper.say("four") == "You said: two | three | four."


def test_two_shoppers_with_the_same_opening_share_nothing(http):
    answers = [ask(http, "good morning").json()["floorwalker"] for _ in range(2)]
    assert answers[0]["session_id"] != answers[1]["session_id"]
    first, second = ({"X-Session-Id": answer["session_id"]} for answer in answers)
    assert said(ask(http, "a desk", headers=first)) == "You said: good morning | a desk."
    assert said(ask(http, "a lamp", headers=second)) == "You said: good morning | a lamp."


def test_a_stateless_clients_answer_names_the_session_to_continue_with(http):
    session = ask(http, "one").json()["floorwalker"]["session_id"]
    assert said(ask(http, "two", metadata={"session_id": session})) == "You said: one | two."


def test_scopes_do_not_run_together():
    assert (
        len({scope_of("", None), scope_of("a", "b"), scope_of("ab", ""), scope_of("", "ab"), scope_of("b", "a")}) == 5
    )
    assert scope_of("", None) == scope_of("", "")


@pytest.mark.parametrize("name", ["a b", "ü", "x" * 201, "a\nb", "<b>"])
def test_what_is_no_session_id(name):
    with pytest.raises(RequestError, match="session id"):
        session_id_of({}, name)


def test_an_empty_session_id_is_none():
    assert session_id_of({"x-session-id": ""}, "") is None


ONE = (Message("user", "one"),)


def test_retry_keys():
    clock = [0.0]
    retries = Retries(seconds=10, limit=2, clock=lambda: clock[0])
    first = retries.key("s", "a", ONE, {})
    assert retries.key("s", "a", ONE, {"x-stainless-retry-count": "1"}) == first
    assert retries.key("s", "b", ONE, {"x-stainless-retry-count": "1"}) != first
    assert retries.key("s", "a", ONE, {"x-stainless-retry-count": "1"}, extra=b"edit") != first
    assert retries.key("s", "a", ONE, {"x-stainless-retry-count": "no"}) != first
    late = retries.key("s", "a", ONE, {})
    clock[0] = 11.0
    assert retries.key("s", "a", ONE, {"x-stainless-retry-count": "1"}) != late


def test_old_attempts_are_forgotten():
    retries = Retries(limit=1)
    first = retries.key("s", "a", ONE, {})
    retries.key("s", "b", ONE, {})
    assert retries.key("s", "a", ONE, {"x-stainless-retry-count": "1"}) != first


def test_a_stateless_request_is_matched_by_its_own_key_only():
    retries = Retries()
    assert retries.key("s", None, ONE, {"x-stainless-retry-count": "1"}) is None
    keyed = retries.key("s", None, ONE, {"idempotency-key": "k"})
    assert keyed == retries.key("s", None, ONE, {"idempotency-key": "k"})
    assert keyed != retries.key("s", None, (Message("user", "two"),), {"idempotency-key": "k"})
    assert keyed != retries.key("t", None, ONE, {"idempotency-key": "k"})
