"""The desk's tools: identity first, nothing written without a yes to what was read back in an earlier turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from agent.state import finish, merge
from commerce.records import Customer, PaymentMethod
from core.conversation import ConversationState
from core.errors import ToolRetry
from core.settings import Settings
from tests.service_shop import service
from tools.context import Services, ToolContext
from tools.matching import named_lines, named_method, replacements
from tools.registry import TOOLS, run_tool
from tools.results import CartShown, Confirmed, Dropped, HandedOff, IdentityNeeded, Prepared, ToolResult

CANCEL = {"changes": [{"kind": "cancel", "order_id": "FW-1002"}]}


@pytest.fixture(scope="module")
def assistant(data_folder: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder, data = service(tmp_path_factory.mktemp("service")), data_folder(tmp_path_factory.mktemp("data"))
    opened = Assistant.open(Settings(shop=folder, data_dir=data, watch=False))
    yield opened
    opened.close()


class Talk:
    """Turns with tools alone: each call is a turn, or several calls are one."""

    def __init__(self, services: Services, key: str, *, issued: bool = True) -> None:
        self.services, self.key, self.issued = services, key, issued
        self.consent = True
        self.state = ConversationState(turn=1)

    def turn(self, *calls: tuple[str, dict[str, Any]]) -> ToolResult:
        results = []
        for name, arguments in calls:
            context = ToolContext(self.services, self.state, "en", self.key, self.issued, consent=self.consent)
            results.append(run_tool(name, arguments, context))
            self.state = merge(self.state, results[-1].change)
        self.state = finish(self.state, (), tuple(result.evidence for result in results), None, False)
        self.state = replace(self.state, turn=self.state.turn + 1)
        return results[-1]


@pytest.fixture
def talk(assistant: Assistant, request: pytest.FixtureRequest) -> Callable[..., Talk]:
    def start(*, customer: str = "", **more: Any) -> Talk:
        one = Talk(assistant._services, f"{request.node.name}{customer}", **more)
        if customer:
            order = {"ann": "FW-1002", "bob": "FW-2001"}[customer]
            one.turn(("order_status", {"order_id": order, "email": f"{customer}@example.com"}))
        return one

    return start


def status(assistant: Assistant, order_id: str) -> str:
    order = assistant.desk.backend.order(order_id)
    assert order is not None
    return order.status.value


def test_what_writes_says_so():
    writing = {"confirm_changes", "put_in_cart", "note_restock", "rate_service", "change_profile", "forget_user"}
    assert {tool.name for tool in TOOLS.values() if tool.writes} == writing


def test_identity_comes_before_anything(talk: Callable[..., Talk]):
    found = talk().turn(("prepare_changes", CANCEL)).evidence
    assert found == IdentityNeeded(("email",))


def test_a_session_that_was_not_issued_gets_nothing(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(issued=False)
    who = {"order_id": "FW-1002", "email": "ann@example.com"}
    assert one.turn(("prepare_changes", {**CANCEL, "who": who})).evidence == IdentityNeeded((), "session")
    assert one.turn(("confirm_changes", {})).evidence == Dropped()
    assert status(assistant, "FW-1002") == "paid"


def test_a_confirmation_in_the_turn_of_the_read_back_does_nothing(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(customer="ann")
    found = one.turn(("prepare_changes", CANCEL), ("confirm_changes", {})).evidence
    assert found == Dropped()
    assert status(assistant, "FW-1002") == "paid"
    one.turn(("prepare_changes", CANCEL))
    assert one.turn(("prepare_changes", {}), ("confirm_changes", {})).evidence == Dropped()
    assert status(assistant, "FW-1002") == "paid"


def test_without_the_customers_own_yes_nothing_is_written(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(customer="ann")
    one.turn(("prepare_changes", CANCEL))
    one.consent = False
    for _ in range(3):  # a model that calls the tool unasked, and again
        found = one.turn(("confirm_changes", {}))
        assert found.text.startswith("refused")
        assert isinstance(found.evidence, Prepared)
        assert found.evidence.action is not None, "it is read back once more"
    one.turn(("prepare_changes", CANCEL), ("confirm_changes", {}))
    assert status(assistant, "FW-1002") == "paid"
    one.turn(("confirm_changes", {}))
    assert status(assistant, "FW-1002") == "paid"


def test_a_made_up_receipt_is_no_consent_either(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(customer="ann")
    one.consent = False
    assert one.turn(("confirm_changes", {})).evidence == Dropped()
    assert status(assistant, "FW-1002") == "paid"


def test_read_back_yes_and_a_second_yes(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(customer="ann")
    found = one.turn(("prepare_changes", {"changes": [{"kind": "cancel", "order_id": "fw-1002"}]})).evidence
    assert isinstance(found, Prepared)
    assert found.action is not None
    assert [passage.ref for passage in found.passages] == ["policies/orders.md#cancelling"]
    assert one.state.awaiting == "confirmation"
    first = one.turn(("confirm_changes", {})).evidence
    again = one.turn(("confirm_changes", {})).evidence
    assert isinstance(first, Confirmed)
    assert isinstance(again, Confirmed)
    assert (first.receipt.repeated, again.receipt.repeated) == (False, True)
    assert status(assistant, "FW-1002") == "cancelled"


def test_after_a_no_a_yes_finds_nothing(talk: Callable[..., Talk], assistant: Assistant):
    one = talk(customer="bob")
    one.turn(("prepare_changes", {"changes": [{"kind": "cancel", "order_id": "FW-2001"}]}))
    assert one.turn(("drop_changes", {})).evidence == Dropped(("cancel",))
    assert one.turn(("confirm_changes", {})).evidence == Dropped()
    assert status(assistant, "FW-2001") == "paid"


def test_another_customers_order_is_as_unknown_as_none(talk: Callable[..., Talk]):
    codes = []
    for number in ("FW-1005", "FW-9999"):
        found = talk(customer="bob").turn(("prepare_changes", {"changes": [{"kind": "cancel", "order_id": number}]}))
        assert isinstance(found.evidence, Prepared)
        codes += [(refusal.code, set(refusal.data)) for refusal in found.evidence.refusals]
    assert codes == [("order_not_found", {"order_id"})] * 2


def test_too_many_tries(talk: Callable[..., Talk]):
    one = talk()
    for at in range(6):
        found = one.turn(("order_status", {"order_id": "FW-2003", "email": f"x{at}@example.com"})).evidence
    assert isinstance(found, IdentityNeeded)
    assert found.why == "limited"


def test_what_is_missing_is_asked_for_one_after_the_other(talk: Callable[..., Talk]):
    one = talk(customer="ann")
    for change, asked in (
        ({"order_id": "FW-1001"}, "items"), ({"items": [{"words": "the jumper"}]}, "reason"), ({"reason": "warm"}, ""),
    ):  # fmt: skip
        found = one.turn(("prepare_changes", {"changes": [{"kind": "return", **change}]})).evidence
        assert isinstance(found, Prepared)
        assert (found.needed.what if found.needed else "") == asked
    assert isinstance(found, Prepared)
    assert found.action is not None
    assert [line.item_id for line in found.action.effects[0].items] == ["w3"]


def test_an_exchange_takes_the_place_of_the_return(talk: Callable[..., Talk]):
    one = talk(customer="ann")
    wish = [{"field": "weight", "direction": "lowest"}]
    back = {"kind": "return", "order_id": "FW-1005", "reason": "too heavy", "wishes": wish}
    found = one.turn(("prepare_changes", {"changes": [back]})).evidence
    assert isinstance(found, Prepared)
    assert [entry.item.id for entry in found.alternatives] == ["w5"]
    swap = {"kind": "exchange", "items": [{"new_item_id": "w5"}]}
    found = one.turn(("prepare_changes", {"changes": [swap]})).evidence
    assert isinstance(found, Prepared)
    assert found.action is not None
    assert [effect.kind for effect in found.action.effects] == ["exchange"]
    assert found.action.effects[0].moves[0].amount == 120.0


def test_an_injected_argument_is_refused(talk: Callable[..., Talk]):
    with pytest.raises(ToolRetry, match="amount"):
        talk().turn(("prepare_changes", {"changes": [{"kind": "return", "amount": 10000}]}))


def test_a_hand_off_says_what_was_tried(talk: Callable[..., Talk]):
    one = talk(customer="ann")
    one.turn(("prepare_changes", {"changes": [{"kind": "cancel", "order_id": "FW-1003", "words": "cancel it now"}]}))
    result = one.turn(("hand_off", {"summary": "a person please"}))
    assert isinstance(result.evidence, HandedOff)
    assert "cancel it now" in result.evidence.summary
    data = result.actions[0].data
    assert (data["customer_id"], data["why"]) == ("ann", "requested")
    assert {"what": "cancel", "outcome": "wrong_status", "order_id": "FW-1003", "words": "cancel it now"} in data[
        "tried"
    ]
    assert one.state.desk["handoff"] == "requested"


def test_the_cart_counts_pieces_and_knows_the_stock(talk: Callable[..., Talk]):
    one = talk()
    assert isinstance(one.turn(("show_cart", {})).evidence, CartShown)
    one.turn(("put_in_cart", {"items": [{"item_id": "w5", "quantity": 2}]}))
    result = one.turn(("put_in_cart", {"items": [{"item_id": "w5", "quantity": 2}]}))
    assert isinstance(result.evidence, CartShown)
    assert [(item.id, count) for item, count in result.evidence.lines] == [("w5", 2)]
    assert result.actions[0].data["url"] == "https://shop.example/cart?items=w5%3A2"
    refused = one.turn(("put_in_cart", {"items": [{"item_id": "w6", "quantity": 99}]})).evidence
    assert isinstance(refused, CartShown)
    assert refused.refusals[0].code == "unavailable"
    assert refused.alternatives
    emptied = one.turn(("put_in_cart", {"items": [{"item_id": "w5", "quantity": 0}]})).evidence
    assert isinstance(emptied, CartShown)
    assert not emptied.lines


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the jumper please", ["w3"]), ("my rain shell", ["w5"]), ("both the shell and the jumper", ["w5", "w3"]),
        ("the jacket", ["w5"]), ("the kettle", []), ("那件雨衣", ["w5"]), ("羊毛衫", ["w3"]),
    ],
)  # fmt: skip
def test_lines_are_named_in_part(assistant: Assistant, words: str, expected: list[str]):
    order = assistant.desk.backend.order("FW-1001")
    assert order is not None
    assert [line.item_id for line in named_lines(words, order, assistant.recommender.catalogue)] == expected


def test_a_payment_method_is_named_by_kind_label_or_digits():
    methods = (PaymentMethod("c1", "credit_card", "Visa 1234"), PaymentMethod("c2", "credit_card", "Visa 9876"))
    customer = Customer("ann", payment_methods=(*methods, PaymentMethod("p1", "paypal")))
    said = ("my paypal", "the visa 9876", "the credit card", "cash")
    found = [named_method(words, customer) for words in said]
    assert [method.id if method else None for method in found] == ["p1", "c2", None, None]


def test_what_is_out_of_stock_does_not_come_instead(assistant: Assistant):
    order = assistant.desk.backend.order("FW-2002")
    assert order is not None
    found = replacements(order.items[0], order, (), assistant.recommender.catalogue, "product")
    assert not found.options  # the sand dress is sold out
