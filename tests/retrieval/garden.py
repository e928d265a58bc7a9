"""A garden shop of forty-odd items with users, reviews and relations, made by code with a fixed seed."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

from tests.shops import write_shop

SETTINGS: dict[str, Any] = {
    "name": "Green Corner",
    "currency": "EUR",
    "languages": ["en", "zh"],
    "facets": {
        "weight": {"type": "number", "unit": "kg", "better": "lower"},
        "power": {"type": "number", "unit": "W", "better": "higher"},
        "cordless": {"type": "boolean"},
    },
    "rules": {"block": [{"brand": "Banned"}]},
}
KINDS = {
    "Mowers": ("lawn mower", "割草机", "cuts the grass of a lawn", 9.0),
    "Pruners": ("hedge trimmer", "绿篱机", "trims hedges and bushes", 3.0),
    "Watering": ("watering hose", "浇水软管", "waters flowers and beds", 1.5),
}
BRANDS = ("Fernway", "Mossgate", "Tulpa", "Banned")
T0 = 1_700_000_000


def items() -> list[dict[str, Any]]:
    """Return the rows of items.csv."""
    draw = random.Random(3)
    found = []
    for number, (kind, brand, model) in enumerate(itertools.product(KINDS, BRANDS, range(4))):
        name, chinese, purpose, weight = KINDS[kind]
        cordless = model % 2 == 0
        found.append({
            "id": f"g{number}", "title": f"{brand} {name} {model + 1}", "title@zh": f"{brand} {chinese} {model + 1}",
            "description": f"A {'cordless, quiet' if cordless else 'corded, strong'} {name} that {purpose}.",
            "price": 40 + 15 * number + draw.randint(0, 9), "brand": brand, "category": f"Garden > {kind}",
            "weight": round(weight + draw.random() * 4, 1), "power": 200 + 50 * draw.randint(0, 20),
            "cordless": "yes" if cordless else "no", "stock": 0 if number % 11 == 10 else 5,
            "rating": round(3 + 2 * draw.random(), 1), "rating_count": draw.randint(1, 90),
            "group_id": f"{brand}-{kind}-{model // 2}", "sponsored": "true" if number == 1 else "",
            "color": draw.choice(["green", "red", "black"]),
        })  # fmt: skip
    return found


def write_garden(folder: Path, rows: list[dict[str, Any]] | None = None, **files: Any) -> Path:
    """Write the shop: users of even number take mowers, those of odd number watering."""
    rows = items() if rows is None else rows
    draw = random.Random(5)
    kinds = {kind: [row["id"] for row in rows if row["category"].endswith(kind)] for kind in KINDS}
    events = [
        {"user_id": f"u{user}", "item_id": item, "event": draw.choice(["view", "purchase", "like"]), "time": T0 + step}
        for user in range(30)
        for step, item in enumerate(draw.sample(kinds["Mowers" if user % 2 == 0 else "Watering"], 6))
    ]
    events.append({"user_id": "hater", "item_id": "g0", "event": "dislike", "time": T0})
    written = [
        ("r1", "g0", "Very quiet. Cuts the lawn well.", 5),
        ("r2", "g0", "Too loud for me.", 1),
        ("r3", "g2", "Light and quiet, my lawn loves it.", 4),
    ]
    reviews = [dict(zip(("review_id", "item_id", "text", "rating"), row, strict=True)) for row in written]
    relations = [{"item_id": "g32", "relation": "accessory_of", "related_id": "g0"}]
    content: dict[str, Any] = {"interactions": events, "reviews": reviews, "relations": relations, **files}
    return write_shop(folder, SETTINGS, rows, **content)
