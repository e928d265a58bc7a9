"""Orders for the service desk: the purchases of the log's last weeks, in every state that an order can be in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from generator.behaviour import NOW, Log
from generator.output import iso
from generator.products import Product

_DAY = 86400
_PATH = ("pending", "paid", "packed", "shipped", "out_for_delivery", "delivered")
_CARRIERS = (("Swiftfox Parcel", "SFX"), ("Harrier Post", "HP"), ("Blue Gate Logistics", "BGL"))
_PAYMENTS = ("card", "card", "card", "wallet", "bank_transfer", "gift_card")
WEEKS = 6
"""Orders older than this are archived and not at the desk."""


def draw_orders(
    log: Log, products: Sequence[Product], customers: Sequence[Mapping[str, str]], seed: int
) -> list[dict[str, Any]]:
    """Return orders in order of time: what one customer bought within half an hour is one order."""
    bought = log.of("purchase")
    baskets: dict[tuple[int, int], list[int]] = defaultdict(list)
    latest: dict[int, int] = {}
    since = NOW - WEEKS * 7 * _DAY
    for user, item, second in zip(bought.user.tolist(), bought.item.tolist(), bought.second.tolist(), strict=True):
        if second < since:
            continue
        start = latest.get(user)
        if start is None or second - start > 1800:
            start = latest[user] = second
        baskets[user, start].append(item)
    ordered = sorted(baskets.items(), key=lambda entry: (entry[0][1], entry[0][0]))
    return [
        _order(
            f"LL-{100200 + 7 * k}", customers[user], second, [products[i] for i in items], Random(f"{seed}/order/{k}")
        )
        for k, ((user, second), items) in enumerate(ordered)
    ]


def _order(number: str, customer: Mapping[str, str], second: int, items: list[Product], rng: Random) -> dict[str, Any]:
    history = _history(second, rng)
    lines = [
        {
            "item_id": item.id,
            "title": item.title[0],
            "quantity": 2 if item.price < 60 and rng.random() < 0.12 else 1,
            "price": item.price,
        }
        for item in items
    ]
    carrier, prefix = rng.choice(_CARRIERS)
    reached = {status for status, _ in history}
    sent = "shipped" in reached
    total = sum(float(line["price"]) * int(line["quantity"]) for line in lines)
    return {
        "order_id": number,
        "customer_id": customer["customer_id"],
        "status": history[-1][0],
        "created_at": iso(second),
        "items": lines,
        "total": round(total + (0 if total >= 50 else 4.99), 2),
        "currency": "USD",
        "payment_method": rng.choice(_PAYMENTS),
        "shipping": {
            "carrier": carrier if sent else None,
            "tracking": f"{prefix}{rng.randint(10**8, 10**9 - 1)}" if sent else None,
            "eta": None if "cancelled" in reached else iso(second + rng.randint(3, 5) * _DAY)[:10],
            "address": f"{customer['address']} {customer['postcode']}",
        },
        "history": [{"status": status, "time": iso(when)} for status, when in history],
    }


def _history(second: int, rng: Random) -> list[tuple[str, int]]:
    """Return (status, time) as far as the order has come by the log's last moment."""
    gaps = (0, rng.randint(60, 900), rng.randint(3, 30) * 3600, rng.randint(2, 20) * 3600,
            rng.randint(30, 80) * 3600, rng.randint(2, 9) * 3600)  # fmt: skip
    if rng.random() < 0.25:
        gaps = (0, rng.randint(2, 40) * 3600, *gaps[2:])  # a bank transfer takes its time
    steps, when = [], second
    for status, gap in zip(_PATH, gaps, strict=True):
        when += gap
        steps.append((status, when))
    chance = rng.random()
    if chance < 0.05:
        cut = rng.choice((1, 2))
        steps = [*steps[:cut], ("cancelled", steps[cut - 1][1] + rng.randint(600, 7000))]
    elif chance < 0.17:
        asked = when + rng.randint(2, 16) * _DAY
        steps.append(("return_requested", asked))
        if rng.random() < 0.75:
            back = asked + rng.randint(3, 7) * _DAY
            steps.append(("returned", back))
            if rng.random() < 0.75:
                steps.append((rng.choice(("refunded", "refunded", "exchanged")), back + rng.randint(1, 4) * _DAY))
    return [step for step in steps if step[1] <= NOW] or steps[:1]
