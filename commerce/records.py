"""What the service desk knows: customers, orders and their payments."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.entities import ItemId


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"
    REFUNDED = "refunded"
    EXCHANGE_REQUESTED = "exchange_requested"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send things; ``lines`` are as the customer writes them (street, house, flat)."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    country: str = ""
    postcode: str = ""

    def __str__(self) -> str:
        """Return the address on one line."""
        return ", ".join(part for part in (*self.lines, self.city, self.state, self.postcode, self.country) if part)


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay that the shop holds for a customer; never a full card number."""

    id: str
    kind: str
    """``credit_card``, ``paypal``, ``gift_card``, … as the shop names it."""
    label: str = ""
    """What the customer recognises it by: "Visa ending in 1234"."""
    balance: float | None = None
    """What is left on a gift card."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the shop."""

    id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    address: Address = field(default_factory=Address)
    payment_methods: tuple[PaymentMethod, ...] = ()
    version: int = 0
    """Grows with every change."""

    def payment_method(self, method_id: str) -> PaymentMethod | None:
        """Return one of the customer's payment methods."""
        return next((method for method in self.payment_methods if method.id == method_id), None)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position of an order; ``price`` is for one piece."""

    item_id: ItemId
    title: str
    quantity: int
    price: float
    category: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipping:
    """How an order travels."""

    carrier: str = ""
    tracking: str = ""
    eta: datetime | None = None
    address: Address = field(default_factory=Address)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """When an order reached a status."""

    status: OrderStatus
    time: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that moved, or will: ``kind`` is ``payment`` or ``refund``; ``amount`` is positive."""

    kind: str
    amount: float
    method: str
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """Pieces of one item exchanged for pieces of another; prices are for one piece."""

    old: OrderLine
    new: OrderLine


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands now."""

    id: str
    customer_id: str
    status: OrderStatus
    created_at: datetime
    items: tuple[OrderLine, ...]
    total: float
    currency: str
    payment_method: str = ""
    """The id of one of the customer's payment methods, or only its kind."""
    shipping: Shipping = field(default_factory=Shipping)
    history: tuple[StatusChange, ...] = ()
    """Oldest first."""
    payments: tuple[Payment, ...] = ()
    returning: tuple[OrderLine, ...] = ()
    """What a return was asked for."""
    exchanging: tuple[Replacement, ...] = ()
    """What an exchange was asked for."""
    items_modified: bool = False
    """Its items were changed once; nothing more can be changed."""
    reason: str = ""
    """Why it was cancelled, returned or exchanged, in the customer's words."""
    version: int = 0
    """Grows with every change; a confirmation of an older version is stale."""

    def reached(self, status: OrderStatus) -> datetime | None:
        """Return when the order last reached a status, if the history says so."""
        return next((change.time for change in reversed(self.history) if change.status is status), None)

    def line(self, item_id: str) -> OrderLine | None:
        """Return the order's position of an item."""
        return next((line for line in self.items if line.item_id == item_id), None)


def order_key(order_id: str) -> str:
    """Return an order number as compared: without spaces, a leading ``#``, or case ("# fw-1001" is "FW-1001")."""
    return re.sub(r"\s+", "", _typed(order_id)).lstrip("#").upper()


def plain(text: str) -> str:
    """Return an e-mail address, name or postcode as compared: without case, spaces or wide characters."""
    return re.sub(r"\s+", "", _typed(text)).casefold()


def money(amount: float) -> float:
    """Return an amount rounded to cents, never minus zero."""
    return round(amount, 2) + 0.0


def order_facts(order: Order) -> dict[str, Any]:
    """Return an order as plain JSON values, with the keys of ``orders.jsonl``: what a tool shows of it."""
    shipping = order.shipping
    return {
        "order_id": order.id,
        "status": order.status.value,
        "created_at": order.created_at.isoformat(),
        "items": [
            {"item_id": line.item_id, "title": line.title, "quantity": line.quantity, "price": line.price}
            for line in order.items
        ],
        "total": order.total,
        "currency": order.currency,
        "payment_method": order.payment_method,
        "shipping": {
            "carrier": shipping.carrier,
            "tracking": shipping.tracking,
            "eta": shipping.eta.isoformat() if shipping.eta else None,
            "address": str(shipping.address),
        },
        "history": [{"status": change.status.value, "time": change.time.isoformat()} for change in order.history],
    }


def _typed(text: str) -> str:
    """Return what a customer typed without wide characters, and without halves of characters, which SQLite refuses."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())
