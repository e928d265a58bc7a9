"""What every ShopBackend must do. A test module inherits ``BackendContract`` and gives it a ``backend`` fixture.

The fixture holds the customers and orders of ``desk_data``, decides by ``desk_data.RULES``, sells ``desk_data.ITEMS``
and lives at the time ``desk_data.NOW``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from commerce.backend import ShopBackend
from commerce.changes import (
    CancelOrder,
    Change,
    ChangeAddress,
    ChangeHome,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    PendingAction,
    Pieces,
    Receipt,
    ReturnItems,
    Swap,
)
from commerce.records import Address, Order, OrderStatus
from core.entities import ItemId
from core.errors import ServiceError
from tests.commerce.desk_data import NOW

RED, BLUE, GOLD, GONE, BRUSH, LAMP = (
    ItemId(name) for name in ("mug-red", "mug-blue", "mug-gold", "mug-gone", "brush", "lamp")
)
THERE = Address(("9 New Street",), "Elsewhere", postcode="9999")


def pending(backend: ShopBackend, *changes: Change, key: str = "key", customer: str = "ann") -> PendingAction:
    preview = backend.preview(customer, changes)
    return PendingAction(key, customer, changes, preview.effects, preview.versions, NOW + 60)


def done(backend: ShopBackend, *changes: Change, key: str = "key") -> Receipt:
    return backend.apply(pending(backend, *changes, key=key))


def order(backend: ShopBackend, order_id: str) -> Order:
    found = backend.order(order_id)
    assert found is not None
    return found


def balance(backend: ShopBackend) -> float | None:
    customer = backend.customer("ann")
    assert customer is not None
    method = customer.payment_method("gift-1")
    assert method is not None
    return method.balance


def state(backend: ShopBackend) -> Sequence[object]:
    return [backend.customer("ann"), backend.customer("bob"), backend.orders_of("ann"), backend.orders_of("bob")]


class BackendContract:
    def test_reading(self, backend: ShopBackend) -> None:
        assert backend.customer("nobody") is None
        assert backend.order("FW-99") is None
        assert order(backend, " # fw-1 ").id == "FW-1"
        assert [each.id for each in backend.customers_named("ann  LEE", "ab12")] == ["ann"]
        assert [each.id for each in backend.customers_with("ANN.lee@example.com ")] == ["ann"]
        assert next(each.id for each in backend.orders_of("ann")) == "FW-2", "newest first"
        assert {each.id for each in backend.orders_of("bob")} == {"FW-5"}
        offer = backend.offer(RED)
        assert offer is not None
        assert offer.stock == 5

    def test_preview_changes_nothing(self, backend: ShopBackend) -> None:
        before = state(backend)
        backend.preview("ann", [CancelOrder("FW-2"), ChangeHome(THERE)])
        assert state(backend) == before

    def test_cancel(self, backend: ShopBackend) -> None:
        receipt = done(backend, CancelOrder("fw-2", "ordered by mistake"))
        (effect,) = receipt.effects
        (refund,) = effect.moves
        assert (refund.kind, refund.amount, refund.label, refund.days) == ("refund", 60.0, "Visa 1234", 7)
        assert effect.policy == "policies/orders.md#cancel"
        cancelled = order(backend, "FW-2")
        assert (cancelled.status, cancelled.reason, cancelled.version) == (
            OrderStatus.CANCELLED,
            "ordered by mistake",
            1,
        )
        assert cancelled.history[-1].status is OrderStatus.CANCELLED

    def test_cancel_paid_by_gift_card_gives_the_money_back_at_once(self, backend: ShopBackend) -> None:
        (effect,) = done(backend, CancelOrder("FW-6")).effects
        assert effect.moves[0].days == 0
        assert balance(backend) == 60.0

    def test_cancel_of_an_unpaid_order_moves_no_money(self, backend: ShopBackend) -> None:
        (effect,) = done(backend, CancelOrder("FW-7")).effects
        assert effect.moves == ()

    def test_return(self, backend: ShopBackend) -> None:
        (effect,) = done(backend, ReturnItems("FW-1", (Pieces(RED), Pieces(LAMP)), reason="too heavy")).effects
        assert [(line.title, line.quantity) for line in effect.items] == [("Red mug", 1), ("Lamp", 1)]
        assert [(move.kind, move.amount, move.method) for move in effect.moves] == [("refund", 50.0, "card-1")]
        returned = order(backend, "FW-1")
        assert returned.status is OrderStatus.RETURN_REQUESTED
        assert returned.returning == effect.items

    def test_return_to_a_gift_card_but_to_no_other_method(self, backend: ShopBackend) -> None:
        preview = backend.preview("ann", [ReturnItems("FW-1", (Pieces(RED),), refund_to="gift card 99")])
        assert (preview.effects[0].moves[0].method, preview.effects[0].moves[0].days) == ("gift-1", 0)
        with pytest.raises(ServiceError) as refused:
            backend.preview("ann", [ReturnItems("FW-1", (Pieces(RED),), refund_to="paypal-1")])
        assert refused.value.code == "method_not_allowed"

    def test_exchange_pays_the_difference(self, backend: ShopBackend) -> None:
        (effect,) = done(backend, ExchangeItems("FW-1", (Swap(RED, BLUE, 2),), "gift-1", "colour")).effects
        assert [(move.kind, move.amount, move.method) for move in effect.moves] == [("payment", 5.0, "gift-1")]
        assert effect.new_items[0].title == "Blue mug"
        assert order(backend, "FW-1").status is OrderStatus.EXCHANGE_REQUESTED
        with pytest.raises(ServiceError) as refused:
            backend.preview("ann", [ExchangeItems("FW-1", (Swap(RED, BLUE),))])
        assert refused.value.code == "already_exchanged"

    def test_change_items_once(self, backend: ShopBackend) -> None:
        done(backend, ChangeItems("FW-2", (Swap(RED, BLUE),), "gift-1"))
        changed = order(backend, "FW-2")
        assert {(line.item_id, line.quantity) for line in changed.items} == {(RED, 1), (LAMP, 1), (BLUE, 1)}
        assert (changed.total, changed.status, balance(backend)) == (62.5, OrderStatus.PAID, 47.5)
        for change in (ChangeItems("FW-2", (Swap(RED, BLUE),)), CancelOrder("FW-2"), ChangeAddress("FW-2", THERE)):
            with pytest.raises(ServiceError) as refused:
                backend.preview("ann", [change])
            assert refused.value.code == "already_changed"

    def test_change_address_and_payment(self, backend: ShopBackend) -> None:
        done(backend, ChangeAddress("FW-6", THERE), ChangePayment("FW-6", "Visa 1234"), ChangeHome(THERE))
        changed = order(backend, "FW-6")
        assert (changed.shipping.address, changed.payment_method, balance(backend)) == (THERE, "card-1", 60.0)
        customer = backend.customer("ann")
        assert customer is not None
        assert customer.address == THERE

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (CancelOrder("FW-3"), "wrong_status"),
            (CancelOrder("FW-5"), "order_not_found"),
            (CancelOrder("FW-99"), "order_not_found"),
            (ReturnItems("FW-2", (Pieces(RED),)), "wrong_status"),
            (ReturnItems("FW-4", (Pieces(RED),)), "window_over"),
            (ReturnItems("FW-1", (Pieces(BRUSH),)), "not_returnable"),
            (ReturnItems("FW-1", (Pieces(BLUE),)), "not_in_order"),
            (ReturnItems("FW-1", (Pieces(RED, 2), Pieces(RED))), "not_in_order"),
            (ReturnItems("FW-1", ()), "no_items"),
            (ReturnItems("FW-1", (Pieces(RED, -1),)), "no_items"),
            (ReturnItems("FW-1", (Pieces(RED),), "card-9"), "method_unknown"),
            (ExchangeItems("FW-1", (Swap(RED, LAMP),)), "other_product"),
            (ExchangeItems("FW-1", (Swap(RED, GONE),)), "unavailable"),
            (ExchangeItems("FW-1", (Swap(RED, BLUE, 3),)), "not_in_order"),
            (ExchangeItems("FW-1", (Swap(RED, ItemId("x")),)), "unknown_item"),
            (ExchangeItems("FW-1", (Swap(RED, GOLD),), "gift-1"), "balance_too_low"),
            (ExchangeItems("FW-4", (Swap(RED, BLUE),)), "window_over"),
            (ChangeItems("FW-2", (Swap(RED, RED),)), "same_item"),
            (ChangeItems("FW-1", (Swap(RED, BLUE),)), "wrong_status"),
            (ChangePayment("FW-2", "card-1"), "same_method"),
            (ChangePayment("FW-2", "gift-1"), "balance_too_low"),
            (ChangeAddress("FW-2", Address((" ",))), "address_incomplete"),
            (ChangeAddress("FW-5", THERE), "order_not_found"),
        ],
    )
    def test_what_the_rules_forbid(self, backend: ShopBackend, change: Change, code: str) -> None:
        before = state(backend)
        with pytest.raises(ServiceError) as refused:
            backend.preview("ann", [change])
        assert refused.value.code == code
        assert state(backend) == before

    def test_an_other_customers_order_is_refused_in_the_words_for_none(self, backend: ShopBackend) -> None:
        messages = []
        for order_id in ("FW-5", "FW-9"):
            with pytest.raises(ServiceError) as refused:
                backend.preview("ann", [CancelOrder(order_id)])
            messages.append(str(refused.value).replace(order_id, "?"))
        assert messages[0] == messages[1]

    def test_all_changes_or_none(self, backend: ShopBackend) -> None:
        before = state(backend)
        action = pending(backend, ChangeAddress("FW-2", THERE), CancelOrder("FW-6"))
        done(backend, CancelOrder("FW-6"), key="other")
        between = state(backend)
        with pytest.raises(ServiceError) as refused:
            backend.apply(action)
        assert (refused.value.code, refused.value.data["cause"]) == ("stale", "wrong_status")
        assert state(backend) == between != before

    def test_several_changes_of_one_order_build_on_each_other(self, backend: ShopBackend) -> None:
        done(backend, ChangeAddress("FW-2", THERE), ChangeItems("FW-2", (Swap(RED, BLUE, 2),)))
        changed = order(backend, "FW-2")
        assert (changed.shipping.address, changed.total, changed.version) == (THERE, 65.0, 1)
        with pytest.raises(ServiceError) as refused:
            backend.preview("ann", [CancelOrder("FW-6"), CancelOrder("FW-6")])
        assert refused.value.code == "wrong_status"

    def test_twice_with_the_same_key_does_it_once(self, backend: ShopBackend) -> None:
        action = pending(backend, CancelOrder("FW-6"))
        first = backend.apply(action)
        after = state(backend)
        second = backend.apply(action)
        assert (first.repeated, second.repeated) == (False, True)
        assert second.effects == first.effects
        assert state(backend) == after
        assert backend.receipt("key", "bob") is None, "a receipt is the customer's own"

    def test_at_the_same_time_it_happens_once(self, backend: ShopBackend) -> None:
        action = pending(backend, CancelOrder("FW-6"))
        receipts: list[Receipt] = []
        threads = [threading.Thread(target=lambda: receipts.append(backend.apply(action))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(receipt.repeated for receipt in receipts) == [False] + [True] * 7
        assert balance(backend) == 60.0

    def test_stale_when_the_order_changed(self, backend: ShopBackend) -> None:
        action = pending(backend, CancelOrder("FW-2"))
        done(backend, ChangeAddress("FW-2", THERE), key="other")
        with pytest.raises(ServiceError) as refused:
            backend.apply(action)
        assert refused.value.code == "stale"
        assert order(backend, "FW-2").status is OrderStatus.PAID

    def test_cart(self, backend: ShopBackend) -> None:
        assert backend.cart("s") == ()
        assert backend.checkout_link("s") is None
        backend.put_in_cart("s", RED, 2)
        backend.put_in_cart("s", LAMP, 1)
        backend.put_in_cart("s", RED, 3)
        assert backend.put_in_cart("s", RED, 3) == (Pieces(RED, 3), Pieces(LAMP, 1))
        assert backend.cart("other") == ()
        assert backend.checkout_link("s") == "https://shop.example/cart?items=mug-red%3A3%2Clamp%3A1"
        assert backend.put_in_cart("s", RED, 0) == (Pieces(LAMP, 1),)
        for item, code in ((ItemId("x"), "unknown_item"), (GONE, "unavailable")):
            with pytest.raises(ServiceError) as refused:
                backend.put_in_cart("s", item, 1)
            assert refused.value.code == code
