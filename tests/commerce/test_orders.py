from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce.changes import CancelOrder, action_from_json, action_to_json
from commerce.orders import OrderDesk, order_facts
from core.conversation import Identity
from core.entities import ItemId
from core.errors import ServiceError, ShopError
from tests.commerce.desk_data import ITEMS, NOW, write_shop


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[OrderDesk]:
    shop = write_shop(tmp_path)
    desk = OrderDesk.open(shop, tmp_path / "data", lambda item: ITEMS.get(ItemId(item)), clock=clock)
    yield desk
    desk.close()


def ann(desk: OrderDesk) -> Identity:
    identity = desk.verify("FW-1", "ann.lee@example.com", session="s")
    assert identity is not None
    return identity


@pytest.mark.parametrize(
    ("order_id", "email"),
    [("FW-1", "ann.lee@example.com"), (" #fw-2 ", " Ann.LEE @example.com"), ("ＦＷ-3", "ann.lee＠example.com")],
)
def test_order_number_and_email_prove_the_customer(desk: OrderDesk, order_id: str, email: str) -> None:
    identity = desk.verify(order_id, email, session="s")
    assert identity is not None
    assert (identity.customer_id, identity.expires) == ("ann", NOW + 1800)
    assert identity.orders[0] == "FW-2"
    assert set(identity.orders) == {"FW-1", "FW-2", "FW-3", "FW-4", "FW-6", "FW-7"}


@pytest.mark.parametrize(
    ("order_id", "email"),
    [("FW-1", "bob@example.com"), ("FW-99", "ann.lee@example.com"), ("", ""), ("FW-1", ""), ("\ud800", "\ud800@x.y")],
)
def test_anything_else_does_not(desk: OrderDesk, order_id: str, email: str) -> None:
    assert desk.verify(order_id, email, session="s") is None


def test_name_and_postcode(desk: OrderDesk) -> None:
    identity = desk.verify_name("ann lee", "ab12", session="s")
    assert identity is not None
    assert identity.customer_id == "ann"
    assert desk.verify_name("ann lee", "", session="s") is None
    assert desk.verify_name("", "", session="s") is None


def test_a_customer_without_email_is_nobody(tmp_path: Path) -> None:
    customers: list[dict[str, object]] = [{"customer_id": "ann", "name": "A", "email": ""}, {"customer_id": "bob"}]
    desk = OrderDesk.open(write_shop(tmp_path, customers=customers), tmp_path / "data")
    assert desk.verify("FW-1", "", session="s") is None
    desk.close()


def test_guessing_is_limited_by_session(desk: OrderDesk, clock: Clock) -> None:
    for number in range(5):
        assert desk.verify(f"FW-{number + 50}", "x@y.z", session="guesser") is None
    with pytest.raises(ServiceError) as refused:
        desk.verify("FW-1", "ann.lee@example.com", session="guesser")
    assert (refused.value.code, refused.value.data["seconds"]) == ("too_many_tries", 900)
    assert desk.verify("FW-1", "ann.lee@example.com", session="other") is not None
    clock.now += 901
    assert desk.verify("FW-1", "ann.lee@example.com", session="guesser") is not None


@pytest.mark.parametrize("order_id", ["FW-1", "FW-INVENTED"])
def test_guessing_is_limited_by_order_whether_it_exists_or_not(desk: OrderDesk, order_id: str) -> None:
    for number in range(10):
        assert desk.verify(order_id, f"guess{number}@example.com", session=f"s{number}") is None
    with pytest.raises(ServiceError, match="15 minutes") as refused:
        desk.verify(order_id.lower() + " ", "ann.lee@example.com", session="fresh")
    assert refused.value.code == "too_many_tries"
    assert order_id not in str(refused.value)


@pytest.mark.parametrize("email", ["ann.lee@example.com", "nobody@example.com"])
def test_whoever_knows_an_address_cannot_try_all_order_numbers(desk: OrderDesk, email: str) -> None:
    for number in range(10):
        assert desk.verify(f"FW-{number + 100}", email, session=f"s{number}") is None
    with pytest.raises(ServiceError) as refused:
        desk.verify("FW-1", f" {email.upper()}", session="fresh")
    assert refused.value.code == "too_many_tries"
    assert desk.verify("FW-5", "bob@example.com", session="fresh") is not None, "others are not kept out"


def test_whoever_knows_a_name_or_a_postcode_cannot_try_all_of_the_other(desk: OrderDesk) -> None:
    for number in range(50):
        assert desk.verify_name(f"Somebody {number}", "ab12", session=f"a{number}") is None
    with pytest.raises(ServiceError):
        desk.verify_name("Ann Lee", "AB 12", session="fresh")


def test_a_restart_forgives_nothing(tmp_path: Path, clock: Clock) -> None:
    shop = write_shop(tmp_path)
    for _ in range(5):
        desk = OrderDesk.open(shop, tmp_path / "data", clock=clock)
        assert desk.verify("FW-1", "x@y.z", session="s") is None
        desk.close()
    desk = OrderDesk.open(shop, tmp_path / "data", clock=clock)
    with pytest.raises(ServiceError):
        desk.verify("FW-1", "ann.lee@example.com", session="s")
    desk.close()


def test_own_orders_only(desk: OrderDesk) -> None:
    identity = ann(desk)
    assert desk.order(identity, "#fw-2").id == "FW-2"
    assert [order.id for order in desk.orders_of(identity)][:1] == ["FW-2"]
    assert desk.customer(identity).name == "Ann Lee"
    words = []
    for order_id in ("FW-5", "FW-9"):
        with pytest.raises(ServiceError) as refused:
            desk.order(identity, order_id)
        words.append((refused.value.code, str(refused.value).replace(order_id, "?")))
    assert words[0] == words[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(order_id=st.sampled_from(["FW-5", "FW-9"]) | st.text(max_size=8), email=st.text(max_size=30), session=st.uuids())
def test_nobody_sees_bobs_order_without_his_address(desk: OrderDesk, order_id: str, email: str, session: UUID) -> None:
    try:
        identity = desk.verify(order_id, email, session=str(session))
    except ServiceError:
        return  # tried too often
    assert identity is None or email.strip().lower() == "bob@example.com"


def test_identity_expires(desk: OrderDesk, clock: Clock) -> None:
    identity = ann(desk)
    clock.now += 1801
    assert not desk.valid(identity)
    for given_identity in (identity, None):
        with pytest.raises(ServiceError) as refused:
            desk.order(given_identity, "FW-1")
        assert refused.value.code == "identity_needed"


def test_facts_are_plain_values(desk: OrderDesk) -> None:
    facts = order_facts(desk.order(ann(desk), "FW-1"))
    assert facts["items"][0] == {"item_id": "mug-red", "title": "Red mug", "quantity": 2, "price": 10.0}
    assert (facts["status"], facts["total"], facts["currency"]) == ("delivered", 90.0, "USD")
    assert facts["shipping"] == {"carrier": "", "tracking": "", "eta": None, "address": ""}
    assert [step["status"] for step in facts["history"]] == ["paid", "delivered"]


def test_prepare_read_back_confirm(desk: OrderDesk, clock: Clock) -> None:
    identity = ann(desk)
    action = desk.prepare(identity, [CancelOrder("FW-2", "no longer needed")])
    assert action.effects[0].moves[0].amount == 60.0
    kept = action_from_json(action_to_json(action))
    assert kept == action
    assert kept is not None
    assert not desk.confirm(identity, kept).repeated
    clock.now += 1200
    assert desk.confirm(identity, kept).repeated, "a late retry of what was done is told so"


def test_a_confirmation_does_not_wait_for_ever(desk: OrderDesk, clock: Clock) -> None:
    identity = ann(desk)
    action = desk.prepare(identity, [CancelOrder("FW-2")])
    clock.now += 901
    with pytest.raises(ServiceError) as refused:
        desk.confirm(identity, action)
    assert (refused.value.code, refused.value.data["cause"]) == ("stale", "expired")
    assert desk.order(identity, "FW-2").status.value == "paid"


def test_no_write_without_the_customers_own_identity(desk: OrderDesk) -> None:
    action = desk.prepare(ann(desk), [CancelOrder("FW-2")])
    bob = desk.verify("FW-5", "bob@example.com", session="b")
    assert bob is not None
    for identity in (None, bob, replace(ann(desk), expires=NOW - 1)):
        with pytest.raises(ServiceError) as refused:
            desk.confirm(identity, action)
        assert refused.value.code == "identity_needed"
    with pytest.raises(ServiceError) as refused:
        desk.prepare(bob, [CancelOrder("FW-2")])
    assert refused.value.code == "order_not_found"
    with pytest.raises(ServiceError):
        desk.prepare(bob, [])


def test_unreadable_pending_action() -> None:
    assert action_from_json(None) is None
    assert action_from_json({"kind": "old"}) is None


def test_shops_do_not_share_customers(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "shop").mkdir(parents=True)
    first = OrderDesk.open(write_shop(tmp_path / "a" / "shop"), tmp_path / "data")
    second = OrderDesk.open(
        write_shop(tmp_path / "b" / "shop", customers=[{"customer_id": "c"}], orders=[]), tmp_path / "data"
    )
    assert second.verify("FW-1", "ann.lee@example.com", session="s") is None
    assert first.verify("FW-1", "ann.lee@example.com", session="s") is not None
    first.close()
    second.close()


def test_shop_without_customers_and_with_a_broken_file(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)
    (tmp_path / "orders.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ShopError, match=r"orders\.jsonl"):
        OrderDesk.open(shop, tmp_path / "data")
    (tmp_path / "orders.jsonl").unlink()
    (tmp_path / "customers.csv").unlink()
    desk = OrderDesk.open(shop, tmp_path / "data")
    assert desk.verify("FW-1", "ann.lee@example.com", session="s") is None
    desk.close()
