from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from commerce.loading import check, read_desk_data
from commerce.records import OrderStatus
from core.shop import Shop
from tests.commerce.desk_data import CUSTOMERS, ORDERS, write_shop


def told(shop: Shop) -> list[str]:
    return [str(problem) for problem in read_desk_data(shop).problems]


def test_everything_of_a_good_shop(tmp_path: Path) -> None:
    data = read_desk_data(write_shop(tmp_path))
    assert data.problems == ()
    assert [customer.id for customer in data.customers] == ["ann", "bob"]
    ann = data.customers[0]
    assert (ann.address.lines, ann.address.postcode, len(ann.payment_methods)) == (("1 Long Road, Town",), "AB 12", 3)
    first = data.orders[0]
    assert (first.status, first.total, len(first.items), first.payments[0].amount) == (OrderStatus.DELIVERED, 90, 3, 90)
    assert first.created_at.tzinfo is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "flying"}, "orders.jsonl:1: status: Input should be 'pending'"),
        ({"created_at": "yesterday"}, "orders.jsonl:1: created_at: "),
        ({"items": []}, "orders.jsonl:1: items: "),
        ({"items": [{"item_id": "x", "price": -1}]}, "orders.jsonl:1: items.0.price: "),
        ({"items": [{"item_id": "x", "price": float("nan")}]}, "orders.jsonl:1: items.0.price: "),
        ({"items": [{"item_id": "x", "price": 1, "quantity": 0}]}, "orders.jsonl:1: items.0.quantity: "),
        ({"customer_id": "nobody"}, "orders.jsonl:1: customer_id: there is no customer 'nobody'"),
        ({"order_id": "#fw-2"}, "orders.jsonl:2: order_id: 'FW-2' stands here a second time"),
        ({"order_id": ""}, "orders.jsonl:1: order_id: Field required"),
    ],
)
def test_bad_orders_are_skipped_and_told(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    shop = write_shop(tmp_path, orders=[{**ORDERS[0], **change}, ORDERS[1]])
    (problem,) = told(shop)
    assert problem.startswith(expected)
    assert len(read_desk_data(shop).orders) == 1
    assert not read_desk_data(shop).problems[0].fatal


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"customer_id": ""}, "customers.csv:3: customer_id: Field required"),
        ({"customer_id": "ann"}, "customers.csv:3: customer_id: 'ann' stands here a second time"),
        ({"email": "no address"}, "customers.csv:3: email: "),
        ({"payment_methods": "[{"}, "customers.csv:3: payment_methods: "),
    ],
)
def test_bad_customers_are_skipped_and_told(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    shop = write_shop(tmp_path, customers=[CUSTOMERS[0], {**CUSTOMERS[1], **change}], orders=[])
    (problem,) = told(shop)
    assert problem.startswith(expected)


def test_lines_that_are_no_objects(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)
    (tmp_path / "orders.jsonl").write_text(f'{{"order_id"\n[1]\n\n{json.dumps(ORDERS[0])}\n')
    assert [problem.partition(" (")[0][:32] for problem in told(shop)] == [
        "orders.jsonl:1: is no JSON: Expe",
        "orders.jsonl:2: must be an objec",
    ]
    assert len(read_desk_data(shop).orders) == 1


def test_other_formats(tmp_path: Path) -> None:
    row: dict[str, object] = {key: CUSTOMERS[0][key] for key in ("customer_id", "name", "email")}
    shop = write_shop(tmp_path, customers=[row])
    packed = gzip.compress((tmp_path / "orders.jsonl").read_bytes())
    (tmp_path / "orders.jsonl").unlink()
    (tmp_path / "orders.jsonl.gz").write_bytes(packed)
    pl.read_csv(tmp_path / "customers.csv").write_parquet(tmp_path / "customers.parquet")
    (tmp_path / "customers.csv").unlink()
    assert len(read_desk_data(shop).orders) == 6, "all but Bob's"
    (tmp_path / "orders.jsonl.gz").write_bytes(packed[:60])
    problems = read_desk_data(shop).problems
    assert problems[0].fatal
    assert problems[0].file == "orders.jsonl.gz"


def test_check_looks_at_the_policies_too(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)
    assert "policies: no such folder" in str(check(tmp_path, shop)[0])
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.md").write_bytes(b"\xff\xff")
    (tmp_path / "policies" / "b.md").write_text("# Only a title\n")
    (tmp_path / "policies" / "c.md").write_text("# Title\n\nText.\n")
    assert [problem.file for problem in check(tmp_path, shop)] == ["policies/a.md", "policies/b.md"]
