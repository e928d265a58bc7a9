"""The 74 tasks of a public service domain through the desk: gold actions end as expected, others change nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service_domain import RULES, STATUSES, Domain, Task, address_of, change_of, read_domain, read_tasks
from commerce.changes import ChangeHome, PendingAction
from commerce.records import Customer, Order
from commerce.sqlite_backend import SqliteBackend
from core.errors import ServiceError

CENTS = 0.011
"""The domain's own amounts are unrounded."""


@pytest.fixture(scope="module")
def folder(datasets: Path) -> Path:
    if not (datasets / "tau2-retail").is_dir():
        pytest.skip("no tau2-retail among the data sets")
    return datasets / "tau2-retail"


@pytest.fixture(scope="module")
def domain(folder: Path) -> Domain:
    return read_domain(folder)


@pytest.fixture(scope="module")
def filled(domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("domain") / "orders.db"
    backend = SqliteBackend(path)
    backend.import_records(domain.customers, domain.orders)
    backend.close()
    return path


def owner(backend: SqliteBackend, task: Task) -> str:
    """The tasks' customers act on their own orders: the desk's caller knows them by identity."""
    for action in task.actions:
        order = backend.order(action.arguments.get("order_id", ""))
        if order is not None and change_of(action) is not None:
            return order.customer_id
        if "user_id" in action.arguments:
            return str(action.arguments["user_id"])
    return ""


def play(backend: SqliteBackend, task: Task) -> None:
    customer_id = owner(backend, task)
    for number, action in enumerate(task.actions):
        change = change_of(action)
        if change is None:
            continue
        try:
            preview = backend.preview(customer_id, [change])
        except ServiceError:
            assert not action.passes, action
            continue
        assert action.passes, action
        pending = PendingAction(f"{task.id}/{number}", customer_id, (change,), preview.effects, preview.versions, 0.0)
        first, second = backend.apply(pending), backend.apply(pending)
        assert (first.repeated, second.repeated) == (False, True)


def same_order(order: Order | None, expected: Mapping[str, Any]) -> None:
    assert order is not None
    assert order.status is STATUSES[expected["status"]]
    assert order.items_modified == ("item" in expected["status"])
    pieces = Counter({line.item_id: line.quantity for line in order.items})
    assert pieces == Counter(item["item_id"] for item in expected["items"])
    assert order.shipping.address == address_of(expected["address"])
    assert sorted(line.item_id for line in order.returning) == sorted(expected.get("return_items", []))
    assert sorted(each.new.item_id for each in order.exchanging) == sorted(expected.get("exchange_new_items", []))
    moved = sorted((entry.kind, entry.method, entry.amount) for entry in order.payments)
    stated = sorted(
        (entry["transaction_type"], entry["payment_method_id"], entry["amount"])
        for entry in expected["payment_history"]
    )
    assert [entry[:2] for entry in moved] == [entry[:2] for entry in stated]
    assert [entry[2] for entry in moved] == pytest.approx([entry[2] for entry in stated], abs=CENTS)


def same_customer(customer: Customer | None, expected: Mapping[str, Any]) -> None:
    assert customer is not None
    assert customer.address == address_of(expected["address"])
    for method in expected["payment_methods"].values():
        mine = customer.payment_method(method["id"])
        assert mine is not None
        assert mine.balance == pytest.approx(method.get("balance"), abs=CENTS) or "balance" not in method


def test_gold_actions_end_in_the_expected_state(domain: Domain, folder: Path, filled: Path, tmp_path: Path) -> None:
    tasks = read_tasks(folder)
    assert len(tasks) == 74
    before = {order.id: order for order in domain.orders}
    for task in tasks:
        path = tmp_path / f"{task.id}.db"
        shutil.copy(filled, path)
        backend = SqliteBackend(path, RULES, domain.items.get)
        play(backend, task)
        for order_id, expected in task.orders.items():
            same_order(backend.order(order_id), expected)
        for user_id, expected in task.users.items():
            same_customer(backend.customer(user_id), expected)
        customer_id = owner(backend, task)
        for order in backend.orders_of(customer_id):
            assert order.id in task.orders or order == before[order.id]
        backend.close()


def test_nobody_changes_another_customers_order(domain: Domain, folder: Path, filled: Path) -> None:
    backend = SqliteBackend(filled, RULES, domain.items.get)
    stranger = domain.customers[0].id
    for task in read_tasks(folder):
        for action in task.actions:
            change = change_of(action)
            if change is None or isinstance(change, ChangeHome):
                continue
            order = backend.order(change.order_id)
            if order is None or order.customer_id == stranger:
                continue
            with pytest.raises(ServiceError) as refused:
                backend.preview(stranger, [change])
            assert refused.value.code == "order_not_found"
    backend.close()


def test_other_states_forbid_what_the_policy_forbids(domain: Domain, folder: Path, filled: Path) -> None:
    backend = SqliteBackend(filled, RULES, domain.items.get)
    processed = [order for order in domain.orders if order.status is STATUSES["processed"]]
    for task in read_tasks(folder):
        for action in task.actions:
            change = change_of(action)
            if change is None or isinstance(change, ChangeHome):
                continue
            order = processed[int(task.id) % len(processed)]
            moved = replace(change, order_id=order.id)
            with pytest.raises(ServiceError) as refused:
                backend.preview(order.customer_id, [moved])
            assert refused.value.code == "wrong_status"
    backend.close()
