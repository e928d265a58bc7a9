"""The tau2-retail service domain for the order desk: its database as records, its gold actions as changes.

Status names that the domain has and the desk has not ("processed", "pending (item modified)") are mapped; orders there
have no dates, so nothing is late.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commerce.changes import (
    CancelOrder,
    Change,
    ChangeAddress,
    ChangeHome,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    Pieces,
    ReturnItems,
    Swap,
)
from commerce.records import (
    Address,
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentMethod,
    Shipping,
    money,
)
from core.entities import Item, ItemId
from core.shop import ReturnRules

RULES = ReturnRules(
    window_days=None,
    returnable=["delivered"],
    cancellable=["pending"],
    modifiable=["pending"],
    exchangeable=["delivered"],
    exchange_within="product",
    cancel_reasons=["no longer needed", "ordered by mistake"],
    refund_to=["original", "gift_card"],
)

STATUSES = {
    "pending": OrderStatus.PENDING,
    "pending (item modified)": OrderStatus.PENDING,
    "processed": OrderStatus.PACKED,
    "delivered": OrderStatus.DELIVERED,
    "cancelled": OrderStatus.CANCELLED,
    "return requested": OrderStatus.RETURN_REQUESTED,
    "exchange requested": OrderStatus.EXCHANGE_REQUESTED,
}

PLENTY = 1000


@dataclass(frozen=True, slots=True)
class Domain:
    """The domain as the desk sees it."""

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    items: Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class GoldAction:
    """A write that an ideal agent makes, and whether the domain lets it pass."""

    name: str
    arguments: Mapping[str, Any]
    passes: bool


@dataclass(frozen=True, slots=True)
class Task:
    """One customer's errand: the ideal writes, and the orders and users that differ in the end."""

    id: str
    actions: tuple[GoldAction, ...]
    orders: Mapping[str, Mapping[str, Any]]
    users: Mapping[str, Mapping[str, Any]]


def read_domain(folder: Path) -> Domain:
    """Read ``db.json``."""
    content = json.loads((folder / "db.json").read_text(encoding="utf-8"))
    items = {
        variant["item_id"]: _item(product, variant)
        for product in content["products"].values()
        for variant in product["variants"].values()
    }
    customers = tuple(_customer(user) for user in content["users"].values())
    return Domain(customers, tuple(_order(order) for order in content["orders"].values()), items)


def read_tasks(folder: Path) -> tuple[Task, ...]:
    """Read ``tasks.json`` and ``expected.json``."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    tasks = []
    for task in json.loads((folder / "tasks.json").read_text(encoding="utf-8")):
        end = expected[task["id"]]
        pairs = zip(task["evaluation_criteria"]["actions"], end["results"], strict=True)
        actions = tuple(GoldAction(action["name"], action["arguments"], result["ok"]) for action, result in pairs)
        tasks.append(Task(task["id"], actions, end["final"]["orders"], end["final"]["users"]))
    return tuple(tasks)


def change_of(action: GoldAction) -> Change | None:
    """Return a gold action as a change; None for one that only reads."""
    values = action.arguments
    order_id = values.get("order_id", "")
    method = values.get("payment_method_id", "")
    match action.name:
        case "cancel_pending_order":
            return CancelOrder(order_id, values["reason"])
        case "return_delivered_order_items":
            return ReturnItems(order_id, tuple(Pieces(ItemId(item)) for item in values["item_ids"]), method)
        case "exchange_delivered_order_items":
            return ExchangeItems(order_id, _swaps(values), method)
        case "modify_pending_order_items":
            return ChangeItems(order_id, _swaps(values), method)
        case "modify_pending_order_address":
            return ChangeAddress(order_id, address_of(values))
        case "modify_pending_order_payment":
            return ChangePayment(order_id, method)
        case "modify_user_address":
            return ChangeHome(address_of(values))
    return None


def address_of(values: Mapping[str, Any]) -> Address:
    """Return an address of the domain."""
    lines = tuple(line for line in (values["address1"], values["address2"]) if line)
    return Address(lines, values["city"], values["state"], values["country"], values["zip"])


def _swaps(values: Mapping[str, Any]) -> tuple[Swap, ...]:
    pairs = zip(values["item_ids"], values["new_item_ids"], strict=True)
    return tuple(Swap(ItemId(old), ItemId(new)) for old, new in pairs)


def _item(product: Mapping[str, Any], variant: Mapping[str, Any]) -> Item:
    options = ", ".join(f"{name}: {value}" for name, value in variant["options"].items())
    return Item(
        id=ItemId(variant["item_id"]),
        title=f"{product['name']} ({options})",
        price=variant["price"],
        currency="USD",
        category=(product["name"],),
        stock=PLENTY if variant["available"] else 0,
        group_id=product["product_id"],
        facets=variant["options"],
    )


def _customer(user: Mapping[str, Any]) -> Customer:
    methods = tuple(
        PaymentMethod(method["id"], method["source"], _label(method), method.get("balance"))
        for method in user["payment_methods"].values()
    )
    name = f"{user['name']['first_name']} {user['name']['last_name']}"
    return Customer(user["user_id"], name, user["email"], "", address_of(user["address"]), methods)


def _label(method: Mapping[str, Any]) -> str:
    return f"{method['brand']} ending in {method['last_four']}" if "last_four" in method else ""


def _order(order: Mapping[str, Any]) -> Order:
    lines = tuple(OrderLine(ItemId(item["item_id"]), item["name"], 1, item["price"]) for item in order["items"])
    history = order["payment_history"]
    return Order(
        id=order["order_id"],
        customer_id=order["user_id"],
        status=STATUSES[order["status"]],
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
        items=lines,
        total=money(sum(line.price for line in lines)),
        currency="USD",
        payment_method=history[0]["payment_method_id"],
        shipping=Shipping(address=address_of(order["address"])),
        payments=tuple(
            Payment(entry["transaction_type"], entry["amount"], entry["payment_method_id"]) for entry in history
        ),
    )
