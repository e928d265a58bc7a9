"""A small shop of gadgets with a service desk: units, booleans, lists, orders of two customers, policies."""

# ruff: noqa: E501 (a table of data reads best with one row a line)

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.shops import write_shop

_ITEMS = """
l1|Aero 13|Aero 13 轻薄本|A thin laptop that hardly makes a sound.|799|Norva|Computers > Laptops|16|512|1.1|14|13.3|30|yes|silver|travel;study|20|4.6
l2|Forge 17|Forge 17 游戏本|A loud, fast laptop for games.|1299|Hexa|Computers > Laptops|32|1000|2.6|6|17.3|48|no|black|gaming|9|4.4
l3|Leaf 14|Leaf 14 笔记本|A plain laptop for lessons.|549|Tessa|Computers > Laptops|8|256|1.5|10|14|35|no|silver|study;work|30|4.0
l4|Leaf 15 Pro|Leaf 15 Pro 笔记本|A wide laptop for the desk.|899|Tessa|Computers > Laptops|16|1000|1.8|12|15.6|38|yes|black|work|4|4.3
l5|Aero 16|Aero 16 大屏本|A large and quiet laptop.|1499|Norva|Computers > Laptops|32|2000|1.9|16|16|32|yes|white|work;travel|7|4.8
p1|Pebble 5|Pebble 5 手机|A small telephone.|299|Tessa|Telephones & Slates > Telephones|6|128|0.16|20|5.4||yes|red|calls|40|4.1
p2|Pebble 6 Max|Pebble 6 Max 手机|A large telephone.|699|Tessa|Telephones & Slates > Telephones|12|512|0.22|30|6.8||yes|black|calls;gaming|25|4.5
p3|Nova S|Nova S 手机|A telephone for photographs.|599|Norva|Telephones & Slates > Telephones|8|256|0.19|24|6.1||yes|white|photos|12|4.7
s1|Slate 11|Slate 11 平板|A slate to read and draw on.|449|Norva|Telephones & Slates > Slates|8|128|0.48|11|11||yes|silver|study;drawing|15|4.2
e1|Hush One|Hush One 降噪耳机|Over-ear headphones that cancel noise.|249|Auva|Audio > Headphones|||0.25|30|||no|black|travel;music|50|4.6
e2|Hush Bud|Hush Bud 耳塞|Earbuds for running.|99|Auva|Audio > Headphones|||0.05|8|||no|white|sport;music|60|4.0
e3|Bass 300|Bass 300 头戴耳机|Loud headphones.|59|Hexa|Audio > Headphones|||0.3|22|||no|red|music|33|3.8
"""

_SETTINGS: dict[str, Any] = {
    "name": {"en": "Small Gadgets", "zh": "小数码"},
    "currency": "USD",
    "facets": {
        "price": {"better": "lower", "low": {"en": ["cheap"], "zh": ["便宜"]}, "high": {"en": ["expensive"], "zh": ["贵"]}},
        "ram": {"unit": "GB", "better": "higher", "label": {"en": "memory", "zh": "内存"}},
        "storage": {"unit": "GB", "better": "higher", "label": {"en": "storage", "zh": "存储"}},
        "weight": {"unit": "kg", "better": "lower", "label": {"en": "weight", "zh": "重量"}, "low": {"en": ["light", "lightweight"], "zh": ["轻"]}, "high": {"en": ["heavy"], "zh": ["重"]}},
        "battery_life": {"unit": "h", "better": "higher", "label": {"en": "battery life", "zh": "续航"}, "synonyms": {"en": ["battery"], "zh": ["电池"]}},
        "screen_size": {"unit": "in", "label": {"en": "screen size", "zh": "屏幕尺寸"}, "synonyms": {"en": ["screen"], "zh": ["屏幕"]}, "low": {"en": ["small"]}, "high": {"en": ["big"]}},
        "noise_level": {"unit": "dB", "better": "lower", "label": {"en": "noise level", "zh": "噪音"}, "low": {"en": ["quiet", "silent"], "zh": ["安静"]}, "high": {"en": ["loud"], "zh": ["吵"]}},
        "touchscreen": {"label": {"en": "touchscreen", "zh": "触摸屏"}},
        "color": {"label": {"en": "colour", "zh": "颜色"}, "synonyms": {"en": ["color"]}, "values": {"black": {"label": {"zh": "黑色"}}, "white": {"label": {"zh": "白色"}}, "red": {"label": {"zh": "红色"}}, "silver": {"label": {"zh": "银色"}}}},
        "type": {"values": {"over-ear": {"synonyms": ["over-ear headphones"]}}},
        "use": {"type": "list", "label": {"en": "use", "zh": "用途"}, "values": {"travel": {"label": {"zh": "旅行"}}, "gaming": {"synonyms": ["games"], "label": {"zh": "游戏"}}, "study": {"label": {"zh": "学习"}}}},
    },
    "categories": {
        "Laptops": {"label": {"zh": "笔记本电脑"}, "synonyms": {"en": ["notebook"], "zh": ["笔记本"]}},
        "Telephones & Slates": {"label": {"zh": "手机与平板"}},
        "Telephones": {"label": {"zh": "手机"}, "synonyms": {"en": ["phone"]}},
        "Slates": {"label": {"zh": "平板"}, "synonyms": {"en": ["tablet"]}},
        "Headphones": {"label": {"zh": "耳机"}},
    },
    "brands": {"Norva": {"label": {"zh": "诺瓦"}}},
    "returns": {"window_days": 30, "cancellable": ["pending", "paid"], "modifiable": ["pending"]},
}  # fmt: skip

_RETURNS = """# Returns
## Return window
You may return an item within 30 days of delivery.
## Refunds
We refund to the payment method of the order within 5 working days.
"""
_SHIPPING = """# Shipping
## Delivery time
Parcels within the country take 2 to 4 working days.
"""

ANN = "ann@example.com"
BEN = "ben@example.com"
ANNS_ORDER, BENS_ORDER = "GG-100001", "GG-100002"


def _order(order_id: str, customer: str, item_id: str, title: str, price: float) -> dict[str, Any]:
    return {
        "order_id": order_id, "customer_id": customer, "status": "shipped", "created_at": "2024-05-01T10:00:00",
        "items": [{"item_id": item_id, "title": title, "quantity": 1, "price": price}], "total": price,
        "currency": "USD", "payment_method": "card",
        "shipping": {"carrier": "Postwing", "tracking": f"PW{order_id[-4:]}", "eta": "2024-05-05", "address": "1 Road"},
        "history": [{"status": "pending", "time": "2024-05-01T10:00:00"}, {"status": "shipped", "time": "2024-05-02T10:00:00"}],
    }  # fmt: skip


def gadgets(folder: Path) -> Path:
    """Write the shop."""
    names = (
        "id", "title", "title@zh", "description", "price", "brand", "category", "ram", "storage", "weight",
        "battery_life", "screen_size", "noise_level", "touchscreen", "color", "use", "stock", "rating",
    )  # fmt: skip
    rows = [dict(zip(names, line.split("|"), strict=True)) for line in _ITEMS.strip().splitlines()]
    types = {"e1": "over-ear", "e2": "in-ear", "e3": "over-ear"}
    items = [{**row, "use": row["use"].replace(";", "|"), "type": types.get(row["id"], "")} for row in rows]
    views = [
        {"user_id": user, "item_id": item, "event": "view", "value": 1, "time": 1_700_000_000 + at}
        for at, (user, item) in enumerate([("u1", "l1"), ("u1", "l5"), ("u2", "l2"), ("u2", "p2"), ("u3", "e1")])
    ]
    customers = [
        {"customer_id": "c1", "name": "Ann Lee", "email": ANN, "postcode": "A1", "address": "1 Road"},
        {"customer_id": "c2", "name": "Ben Roe", "email": BEN, "postcode": "B2", "address": "2 Road"},
    ]
    orders = [_order(ANNS_ORDER, "c1", "l1", "Aero 13", 799.0), _order(BENS_ORDER, "c2", "e1", "Hush One", 249.0)]
    policies = {"returns.md": _RETURNS, "shipping.md": _SHIPPING}
    return write_shop(
        folder, _SETTINGS, items, interactions=views, customers=customers, orders=orders, policies=policies
    )
