from __future__ import annotations

import dataclasses
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commerce.changes import CancelOrder, Change, ChangeItems, ChangePayment, PendingAction, Swap
from commerce.checks import paid
from commerce.loading import read_desk_data
from commerce.sqlite_backend import SqliteBackend
from core.entities import Item, ItemId
from core.errors import ServiceError
from core.shop import Shop
from tests.commerce.backend_contract import BLUE, GOLD, LAMP, RED, BackendContract, balance, order, pending
from tests.commerce.desk_data import ITEMS, NOW, ORDERS, RULES, write_shop

ROOT = Path(__file__).resolve().parents[2]


def offers(item_id: str) -> Item | None:
    return ITEMS.get(ItemId(item_id))


def opened(folder: Path, shop: Shop) -> SqliteBackend:
    backend = SqliteBackend(folder / "orders.db", RULES, offers, checkout=shop.checkout, clock=lambda: NOW)
    data = read_desk_data(shop)
    assert data.problems == ()
    backend.import_records(data.customers, data.orders)
    return backend


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SqliteBackend]:
    backend = opened(tmp_path, write_shop(tmp_path))
    yield backend
    backend.close()


class TestSqliteBackend(BackendContract):
    pass


def test_import_is_idempotent_and_never_undoes_the_desk(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)
    backend = opened(tmp_path, shop)
    data = read_desk_data(shop)
    assert backend.import_records(data.customers, data.orders).new == 0
    backend.apply(pending(backend, CancelOrder("FW-2")))
    changed: list[dict[str, object]] = [{**row, "total": 1.0} for row in ORDERS]
    data = read_desk_data(write_shop(tmp_path, orders=changed))
    result = backend.import_records(data.customers, data.orders)
    assert (result.new, result.updated, result.kept) == (0, len(ORDERS) - 1, ("FW-2",))
    assert (order(backend, "FW-2").status.value, order(backend, "FW-2").total) == ("cancelled", 60.0)
    assert (order(backend, "FW-3").total, order(backend, "FW-3").version) == (1.0, 1)
    backend.close()


def test_an_update_from_the_shop_makes_a_confirmation_stale(tmp_path: Path) -> None:
    backend = opened(tmp_path, write_shop(tmp_path))
    action = pending(backend, CancelOrder("FW-2"))
    changed: list[dict[str, object]] = [{**row, "shipping": {"carrier": "Fast"}} for row in ORDERS]
    data = read_desk_data(write_shop(tmp_path, orders=changed))
    backend.import_records(data.customers, data.orders)
    with pytest.raises(ServiceError) as refused:
        backend.apply(action)
    assert refused.value.code == "stale"
    backend.close()


def test_a_changed_price_makes_a_confirmation_stale(backend: SqliteBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    action = pending(backend, ChangeItems("FW-2", (Swap(RED, BLUE),)))
    monkeypatch.setitem(ITEMS, BLUE, dataclasses.replace(ITEMS[BLUE], price=13.0))
    with pytest.raises(ServiceError) as refused:
        backend.apply(action)
    assert refused.value.code == "stale"


CANCELLER = """
import sys
from pathlib import Path
from commerce.changes import CancelOrder, PendingAction
from commerce.sqlite_backend import SqliteBackend
backend = SqliteBackend(Path(sys.argv[1]), clock=lambda: 1e9)
for line in sys.stdin:
    order_id = line.strip()
    preview = backend.preview("ann", [CancelOrder(order_id)])
    backend.apply(PendingAction(order_id, "ann", (CancelOrder(order_id),), preview.effects, preview.versions, 2e9))
    print(order_id, flush=True)
"""


def test_killed_between_confirmation_and_reply(tmp_path: Path) -> None:
    numbers = [f"P-{number}" for number in range(300)]
    template = {**ORDERS[5], "status": "pending", "payments": [{"kind": "payment", "amount": 10, "method": "gift-1"}]}
    rows: list[dict[str, object]] = [{**template, "order_id": number} for number in numbers]
    shop = write_shop(tmp_path, orders=rows)
    opened(tmp_path, shop).close()
    command = [sys.executable, "-c", CANCELLER, str(tmp_path / "orders.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{number}\n" for number in numbers))
        process.stdin.flush()
        told = [process.stdout.readline().strip() for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()
    backend = opened(tmp_path, shop)
    cancelled = {each.id for each in backend.orders_of("ann") if each.status.value == "cancelled"}
    assert set(told) <= cancelled < set(numbers)
    assert balance(backend) == 50.0 + 10.0 * len(cancelled), "each refund happened with its cancellation, once"
    for number in told[:5]:
        action = PendingAction(number, "ann", (CancelOrder(number),), (), {}, NOW)
        assert backend.apply(action).repeated
    assert balance(backend) == 50.0 + 10.0 * len(cancelled)
    backend.close()


CHANGES = st.one_of(
    st.builds(CancelOrder, st.sampled_from(["FW-2", "FW-6", "FW-7"])),
    st.builds(
        ChangePayment, st.sampled_from(["FW-2", "FW-6", "FW-7"]), st.sampled_from(["card-1", "gift-1", "paypal-1"])
    ),
    st.builds(
        lambda order_id, new, count, method: ChangeItems(order_id, (Swap(RED, new, count),), method),
        st.sampled_from(["FW-2", "FW-6", "FW-7"]),
        st.sampled_from([BLUE, GOLD, LAMP]),
        st.integers(1, 2),
        st.sampled_from([None, "gift-1", "paypal-1"]),
    ),
)


@settings(deadline=None, max_examples=40)
@given(changes=st.lists(CHANGES, max_size=6))
def test_money_is_never_made_or_lost(tmp_path_factory: pytest.TempPathFactory, changes: list[Change]) -> None:
    folder = tmp_path_factory.mktemp("desk")
    backend = opened(folder, write_shop(folder))
    start = balance(backend)
    for number, change in enumerate(changes):
        try:
            backend.apply(pending(backend, change, key=str(number)))
        except ServiceError:
            continue
    spent = 0.0
    for each in backend.orders_of("ann"):
        if each.id not in ("FW-2", "FW-6", "FW-7"):
            continue
        held = sum(paid(each).values())
        owed = 0.0 if each.status.value == "cancelled" else each.total
        assert held == pytest.approx(owed) or (each.id == "FW-7" and held == 0.0)
        moved = [payment for payment in each.payments if payment.method == "gift-1"]
        spent += sum(payment.amount if payment.kind == "payment" else -payment.amount for payment in moved)
    now = balance(backend)
    assert start is not None
    assert now is not None
    assert now >= 0.0
    assert start - now == pytest.approx(spent - 10.0), "FW-6 was paid with the card before"
    backend.close()


def test_many_customers_import_quickly(tmp_path: Path) -> None:
    numbers = random.Random(1).sample(range(10_000), 200)
    rows: list[dict[str, object]] = [{**ORDERS[1], "order_id": f"N-{number}"} for number in numbers]
    backend = opened(tmp_path, write_shop(tmp_path, orders=rows))
    assert len(backend.orders_of("ann")) == 200
    backend.close()
