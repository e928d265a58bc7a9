"""A small shop for the desk's tests: two customers, orders in several states, items in variants."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from core.entities import Item, ItemId
from core.shop import ReturnRules, Shop

DAY = 86_400.0
NOW = 1_000_000_000.0
"""2001-09-09T01:46:40Z: the tests' own time."""

RULES = ReturnRules(
    window_days=30,
    cancellable=["pending", "paid"],
    modifiable=["pending", "paid"],
    not_returnable_categories=["Toothbrushes"],
    sections={"return": "policies/returns.md#window", "cancel": "policies/orders.md#cancel"},
)

ITEMS = {
    item.id: item
    for item in (
        Item(
            ItemId("mug-red"), "Red mug", price=10.0, currency="USD", category=("Home", "Mugs"), stock=5, group_id="mug"
        ),
        Item(
            ItemId("mug-blue"),
            "Blue mug",
            price=12.5,
            currency="USD",
            category=("Home", "Mugs"),
            stock=5,
            group_id="mug",
        ),
        Item(
            ItemId("mug-gold"),
            "Gold mug",
            price=80.0,
            currency="USD",
            category=("Home", "Mugs"),
            stock=9,
            group_id="mug",
        ),
        Item(
            ItemId("mug-gone"),
            "Grey mug",
            price=9.0,
            currency="USD",
            category=("Home", "Mugs"),
            stock=0,
            group_id="mug",
        ),
        Item(ItemId("brush"), "Brush", price=30.0, currency="USD", category=("Care", "Toothbrushes"), stock=5),
        Item(ItemId("lamp"), "Lamp", price=40.0, currency="USD", category=("Home", "Lamps"), stock=None),
    )
}

CUSTOMERS: list[dict[str, object]] = [
    {
        "customer_id": "ann",
        "name": "Ann Lee",
        "email": "Ann.Lee@example.com",
        "postcode": "AB 12",
        "address": "1 Long Road, Town",
        "payment_methods": json.dumps([
            {"id": "card-1", "kind": "credit_card", "label": "Visa 1234"},
            {"id": "gift-1", "kind": "gift_card", "label": "Gift card 99", "balance": 50},
            {"id": "paypal-1", "kind": "paypal"},
        ]),
    },
    {"customer_id": "bob", "name": "Bob Ray", "email": "bob@example.com", "postcode": "ZZ1", "address": "2 Short St"},
]  # fmt: skip


def iso(days_ago: float) -> float:
    """Return a time before ``NOW``, in seconds since the epoch, as a file may state it."""
    return NOW - days_ago * DAY


def order(order_id: str, customer: str, status: str, items: list[tuple[str, int]], **more: object) -> dict[str, object]:
    """Return a line of orders.jsonl."""
    lines = [
        {"item_id": item, "title": ITEMS[ItemId(item)].title, "quantity": count, "price": ITEMS[ItemId(item)].price}
        for item, count in items
    ]
    return {
        "order_id": order_id,
        "customer_id": customer,
        "status": status,
        "created_at": iso(20),
        "items": lines,
        "currency": "USD",
        "payment_method": "card-1",
        **more,
    }


def delivered(days_ago: float) -> list[dict[str, object]]:
    """Return a history that ends with the delivery."""
    return [{"status": "paid", "time": iso(days_ago + 5)}, {"status": "delivered", "time": iso(days_ago)}]


ORDERS = [
    order("FW-1", "ann", "delivered", [("mug-red", 2), ("brush", 1), ("lamp", 1)], history=delivered(10)),
    order("FW-2", "ann", "paid", [("mug-red", 2), ("lamp", 1)], created_at=iso(1)),
    order("FW-3", "ann", "shipped", [("lamp", 1)]),
    order("FW-4", "ann", "delivered", [("mug-red", 1)], created_at=iso(60), history=delivered(31)),
    order("FW-5", "bob", "paid", [("lamp", 1)]),
    order("FW-6", "ann", "paid", [("mug-red", 1)], payment_method="gift-1"),
    order("FW-7", "ann", "pending", [("mug-red", 1)]),
]


def write_shop(
    folder: Path, customers: list[dict[str, object]] | None = None, orders: list[dict[str, object]] | None = None
) -> Shop:
    """Write a shop folder's customers and orders and return the shop."""
    rows = CUSTOMERS if customers is None else customers
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    lines = [json.dumps(row) for row in (ORDERS if orders is None else orders)]
    (folder / "orders.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Shop(
        name={"en": "Test"},
        root=folder,
        currency="USD",
        returns=RULES,
        checkout="https://shop.example/cart?items={items}",
    )
