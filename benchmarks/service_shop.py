"""The tau2-retail service domain as a shop folder: what is sold, who bought it, and the policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from benchmarks.service_domain import RULES, Domain, read_domain
from commerce.records import Address, Customer, Order

_DEGREES = {
    "brightness": (["dim"], ["bright"]), "difficulty level": (["easy", "simple"], ["hard", "difficult"]),
    "weight range": (["light"], ["heavy"]), "thickness": (["thin"], ["thick"]), "length": (["short"], ["long"]),
    "height": (["short", "low"], ["tall", "high"]), "capacity": (["small"], ["big", "large"]),
    "screen size": (["small"], ["big", "large"]), "frame size": (["small"], ["big", "large"]),
    "resolution": (["low resolution"], ["sharp", "high resolution"]),
    "battery life": (["short-lived"], ["long-lasting"]),
    "ventilation": ([], ["airy"]), "diameter": (["small"], ["wide"]), "processor": (["slow"], ["fast", "powerful"]),
}  # fmt: skip
"""Vague words for either end, as a shop's engineer writes them."""
_SECTIONS = {
    "cancel": "policies/policy.md#cancel-pending-order",
    "modify": "policies/policy.md#modify-pending-order",
    "return": "policies/policy.md#return-delivered-order",
    "exchange": "policies/policy.md#exchange-delivered-order",
    "refund": "policies/policy.md#return-delivered-order",
}


def write_shop(source: Path, folder: Path) -> Domain:
    """Write the domain as a shop folder that ``launch.py`` serves, and return the domain.

    Args:
        source: the folder with ``db.json`` and ``policy.md``.
        folder: where to write; made when it is not there.

    Raises:
        OSError: a file cannot be read or written.
    """
    domain = read_domain(source)
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "policy.md").write_text((source / "policy.md").read_text(encoding="utf-8"), encoding="utf-8")
    _write_lines(folder / "items.jsonl", _items(domain))
    _write_lines(folder / "customers.jsonl", map(_customer, domain.customers))
    _write_lines(folder / "orders.jsonl", map(_order, domain.orders))
    settings = {
        "name": "Service domain",
        "currency": "USD",
        "identity": ["name_postcode", "email"],
        "facets": {name: {"low": low, "high": high} for name, (low, high) in _DEGREES.items()},
        "returns": {**RULES.model_dump(mode="json"), "sections": _SECTIONS},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return domain


def options_of(title: str) -> dict[str, str]:
    """Return the options that an item's title states in brackets: "Lamp (color: black)" has one."""
    inside = re.search(r"\((.*)\)", title)
    pairs = (part.split(": ", 1) for part in inside.group(1).split(", ")) if inside else ()
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _items(domain: Domain) -> Iterable[dict[str, Any]]:
    for item in domain.items.values():
        yield {
            "id": item.id, "title": item.title, "price": item.price, "currency": item.currency,
            "category": item.category[0], "stock": item.stock, "group_id": item.group_id,
            **{name.lower(): value for name, value in item.facets.items()},
        }  # fmt: skip


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "customer_id": customer.id, "name": customer.name, "email": customer.email,
        "address": _address(customer.address), "payment_methods": [asdict(one) for one in customer.payment_methods],
    }  # fmt: skip


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id, "customer_id": order.customer_id, "status": order.status.value,
        "created_at": order.created_at.isoformat(), "total": order.total, "currency": order.currency,
        "payment_method": order.payment_method, "shipping": {"address": _address(order.shipping.address)},
        "items": [
            {"item_id": line.item_id, "title": line.title, "quantity": line.quantity, "price": line.price}
            for line in order.items
        ],
        "payments": [{"kind": one.kind, "amount": one.amount, "method": one.method} for one in order.payments],
    }  # fmt: skip


def _address(address: Address) -> Mapping[str, Any]:
    return {**asdict(address), "lines": list(address.lines)}


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
