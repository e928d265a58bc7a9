"""Tools of the service desk: policies, orders, profile, hand-off."""

from __future__ import annotations

import pytest

from core.conversation import ConversationState, Identity
from core.entities import ItemId
from tests.agent.gadgets import ANN, ANNS_ORDER, BEN, BENS_ORDER
from tests.tools.conftest import Call
from tools.results import HandedOff, IdentityNeeded, OrderFound, PassagesFound, ProfileShown, ToolResult


def _needed(result: ToolResult) -> IdentityNeeded:
    assert isinstance(result.evidence, IdentityNeeded)
    assert result.change.identity is None
    return result.evidence


def test_an_order_for_its_number_and_address(call: Call) -> None:
    result = call("order_status", order_id=ANNS_ORDER, email=ANN.upper())
    assert isinstance(result.evidence, OrderFound)
    assert result.evidence.order["status"] == "shipped"
    assert result.change.identity is not None
    assert result.change.identity.customer_id == "c1"


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, {"order_id", "email"}), ({"order_id": ANNS_ORDER}, {"email"}), ({"email": ANN}, {"order_id"})],
)
def test_what_is_missing_is_asked_for(given: dict[str, str], missing: set[str], call: Call) -> None:
    assert set(_needed(call("order_status", **given)).missing) == missing


@pytest.mark.parametrize(("order_id", "email"), [(ANNS_ORDER, BEN), ("GG-999999", ANN), (BENS_ORDER, "x@example.com")])
def test_a_wrong_pair_is_refused_alike(order_id: str, email: str, call: Call) -> None:
    result = call("order_status", order_id=order_id, email=email, key=f"session:{order_id}{email}")
    assert _needed(result).why == "refused"
    assert result.text == call("order_status", order_id="GG-000000", email=ANN, key="session:other").text


def test_many_wrong_tries_are_limited(call: Call) -> None:
    tries = [call("order_status", order_id=f"GG-20000{at}", email=BEN, key="session:guesser") for at in range(10)]
    assert _needed(tries[-1]).why == "limited"


def test_a_session_that_was_not_issued_is_told_nothing(call: Call) -> None:
    assert _needed(call("order_status", order_id=ANNS_ORDER, email=ANN, issued=False)).why == "session"


def test_the_user_id_opens_nothing(call: Call) -> None:
    assert _needed(call("order_status", user="c1")).missing


def test_a_verified_customer_sees_own_orders_only(call: Call) -> None:
    known = call("order_status", order_id=ANNS_ORDER, email=ANN, key="session:ann").change
    state = ConversationState(turn=2, identity=known.identity, desk=known.desk or {})
    again = call("order_status", state, order_id=ANNS_ORDER)
    assert isinstance(again.evidence, OrderFound)
    other = call("order_status", state, order_id=BENS_ORDER)
    assert not isinstance(other.evidence, OrderFound)
    assert "Hush One" not in other.text + str(other.evidence)


def test_an_expired_identity_is_none(call: Call) -> None:
    state = ConversationState(identity=Identity("c1", (ANNS_ORDER,), 0.0))
    assert isinstance(call("order_status", state, order_id=ANNS_ORDER).evidence, IdentityNeeded)


def test_a_policy_with_its_source(call: Call) -> None:
    result = call("search_policies", question="how many days do I have to return something?")
    assert isinstance(result.evidence, PassagesFound)
    assert result.evidence.passages[0].ref.startswith("policies/returns.md")
    assert "30 days" in result.text


def test_what_the_documents_do_not_say(call: Call) -> None:
    result = call("search_policies", question="what is the capital of France?")
    assert isinstance(result.evidence, PassagesFound)
    assert result.evidence.passages == ()
    assert result.text == "the documents do not say"


def test_a_profile_holds_what_is_known(call: Call) -> None:
    known = call("show_profile", user="u1").evidence
    assert isinstance(known, ProfileShown)
    assert known.known
    assert {item.id for item in known.viewed} == {ItemId("l1"), ItemId("l5")}
    nobody = call("show_profile").evidence
    assert isinstance(nobody, ProfileShown)
    assert not nobody.known
    assert not (nobody.liked)
    assert not (nobody.viewed)
    assert not (nobody.bought)


def test_a_hand_off_is_an_action_for_the_caller(call: Call) -> None:
    result = call("hand_off", summary="wants a refund")
    assert isinstance(result.evidence, HandedOff)
    assert [(action.kind, action.summary) for action in result.actions] == [("handoff", "wants a refund")]
