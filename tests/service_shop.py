"""The small fashion shop with a service desk: customers, orders in several states, policies in two languages."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import yaml

from tests import shops

DAY = 86_400.0
RULES = {
    "window_days": 30,
    "returnable": ["delivered"],
    "cancellable": ["pending", "paid"],
    "modifiable": ["pending", "paid"],
    "exchange_within": "any",
    "not_returnable_categories": ["Dresses"],
    "sections": {
        "return": "policies/returns.md#window",
        "exchange": "policies/returns.md#exchange",
        "cancel": "policies/orders.md#cancelling",
        "modify": "policies/orders.md#changing",
    },
}
POLICIES = {
    "returns.md": "# Returns\n\n## Window\n\nYou may send things back within 30 days of delivery. Not dresses.\n"
    "\n## Exchange\n\nA thing may be exchanged once for another of its category within 30 days of delivery.\n",
    "orders.md": "# Orders\n\n## Cancelling\n\nAn order can be cancelled until it is packed.\n"
    "\n## Changing\n\nAddress, payment and items can be changed until an order is packed.\n",
}
CARD = {"id": "card-1", "kind": "credit_card", "label": "Visa 1234"}
GIFT = {"id": "gift-1", "kind": "gift_card", "label": "Gift card 99", "balance": 50}
CUSTOMERS: list[dict[str, Any]] = [
    {
        "customer_id": "ann", "name": "Ann Lee", "email": "ann@example.com", "postcode": "AB 12",
        "address": "1 Long Road, Town", "payment_methods": json.dumps([CARD, GIFT]),
    },
    {
        "customer_id": "bob", "name": "Bob Ray", "email": "bob@example.com", "postcode": "ZZ1",
        "address": "2 Short Street", "payment_methods": json.dumps([CARD]),
    },
]  # fmt: skip


def service(folder: Path) -> Path:
    """Write the shop; the orders' times are counted back from now."""
    shops.fashion(folder)
    settings = yaml.safe_load((folder / "shop.yaml").read_text(encoding="utf-8"))
    weight = settings["facets"]["weight"]
    settings["facets"]["weight"] = {**weight, "high": {"en": ["heavy"], "zh": ["重"]}}
    settings |= {"returns": RULES, "checkout": "https://shop.example/cart?items={items}"}
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    (folder / "policies").mkdir(exist_ok=True)
    for name, text in POLICIES.items():
        (folder / "policies" / name).write_text(text, encoding="utf-8")
    shops.write_csv(folder / "customers.csv", CUSTOMERS)
    lines = [json.dumps(row) for row in _orders()]
    (folder / "orders.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _orders() -> list[dict[str, Any]]:
    return [
        _order("FW-1001", "ann", "delivered", 5, [("w5", "Rain Shell", 129.0), ("w3", "Merino Crew Jumper", 89.0)]),
        _order("FW-1002", "ann", "paid", 1, [("w10", "Trail Trousers", 79.0)]),
        _order("FW-1003", "ann", "shipped", 2, [("w7", "Everyday Tee", 19.0)]),
        _order("FW-1004", "ann", "delivered", 60, [("w8", "Everyday Tee, Navy", 19.0)]),
        _order("FW-1005", "ann", "delivered", 4, [("w6", "Down Parka", 249.0)]),
        _order("FW-2001", "bob", "paid", 1, [("w5", "Rain Shell", 129.0)]),
        _order("FW-2002", "bob", "delivered", 3, [("w1", "Linen Summer Dress", 59.0)]),
        _order("FW-2003", "bob", "return_requested", 9, [("w5", "Rain Shell", 129.0)]),
    ]


def _order(key: str, customer: str, status: str, days: float, items: list[tuple[str, str, float]]) -> dict[str, Any]:
    placed = time.time() - (days + 4) * DAY
    steps = {"paid": ["paid"], "shipped": ["paid", "packed", "shipped"]}.get(status, ["paid", "shipped", "delivered"])
    history = [{"status": step, "time": placed + (at + 1) * DAY} for at, step in enumerate(steps)]
    if "delivered" in steps:
        history[-1]["time"] = time.time() - days * DAY
    lines = [{"item_id": item, "title": title, "quantity": 1, "price": price} for item, title, price in items]
    return {
        "order_id": key, "customer_id": customer, "status": status, "created_at": placed, "items": lines,
        "currency": "USD", "payment_method": "card-1", "history": history,
        "shipping": {"address": "1 Long Road, Town"},
    }  # fmt: skip
