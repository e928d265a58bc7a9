"""AWS Retail Demo Store: the catalogue as it is, and interactions made from its users' personas."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from benchmarks.converters.conversion import Conversion, labels

NOTICE = """\
Catalogue and users: AWS Retail Demo Store, (c) Amazon.com, Inc. or its affiliates, MIT-0.
interactions.csv is SYNTHETIC: the data set has none. The converter drew it with a fixed seed from each user's persona
(three categories, the first liked most), gender and attitude to discounts. Its figures say nothing of real shoppers.
"""

CATEGORIES = {
    "accessories": ("Accessories", "配饰"),
    "apparel": ("Apparel", "服装"),
    "beauty": ("Beauty", "美妆"),
    "books": ("Books", "图书"),
    "cold dispensed": ("Cold drinks", "冷饮"),
    "electronics": ("Electronics", "电子产品"),
    "floral": ("Flowers and plants", "花卉"),
    "food service": ("Hot food", "餐食"),
    "footwear": ("Footwear", "鞋"),
    "furniture": ("Furniture", "家具"),
    "groceries": ("Groceries", "食品杂货"),
    "homedecor": ("Home decor", "家居装饰"),
    "hot dispensed": ("Hot drinks", "热饮"),
    "housewares": ("Housewares", "家居用品"),
    "instruments": ("Instruments", "乐器"),
    "jewelry": ("Jewelry", "珠宝首饰"),
    "outdoors": ("Outdoors", "户外用品"),
    "salty snacks": ("Salty snacks", "咸味零食"),
    "seasonal": ("Seasonal", "节日用品"),
    "tools": ("Tools", "工具"),
}
SYNONYMS = {
    "apparel": ["clothes", "clothing"],
    "footwear": ["shoes"],
    "homedecor": ["home decor", "decoration", "decorations"],
    "housewares": ["household goods"],
    "instruments": ["musical instruments"],
    "jewelry": ["jewellery"],
    "outdoors": ["outdoor gear", "camping gear"],
}
EVENTS_A_USER = 20
LIKING = (0.55, 0.3, 0.15)
"""How the events of a user fall on the three categories of the persona."""


def convert(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/retail-demo-store``; ``limit`` takes only so many items."""
    source = data / "retail-demo-store"
    with (source / "products.yaml").open(encoding="utf-8") as file:
        products = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    with gzip.open(source / "users.json.gz", "rt", encoding="utf-8") as file:
        users = json.load(file)
    products = products[:: max(1, len(products) // limit)][:limit] if limit else products
    users = users[:limit] if limit else users
    return Conversion(_config(users), [_item(product) for product in products], NOTICE, _interactions(products, users))


def _item(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": product["id"],
        "title": product["name"],
        "description": product["description"],
        "price": float(product["price"]),
        "category": f"{product['category']} > {product['style']}",
        "stock": int(product["current_stock"]),
        "gender": {"F": "women", "M": "men"}.get(product.get("gender_affinity", "")),
        "promoted": bool(product.get("promoted")),
        "also_called": product.get("aliases"),
    }


def _config(users: Sequence[dict[str, Any]]) -> dict[str, Any]:
    personas: dict[str, dict[str, Any]] = {}
    for user in users:
        personas.setdefault(user["persona"], user)
    chosen = list(personas.values())[:6]
    return {
        "name": labels("Retail Demo Store", "零售示范商店"),
        "currency": "USD",
        "facets": {
            "gender": {
                "type": "category",
                "label": labels("gender", "适合人群"),
                "values": {
                    "women": {"label": labels("women", "女士"), "synonyms": ["ladies", "female", "女款"]},
                    "men": {"label": labels("men", "男士"), "synonyms": ["gentlemen", "male", "男款"]},
                },
            },
            "promoted": {"type": "boolean", "label": labels("promotion", "促销"), "ask": False},
            "also_called": {"type": "list", "label": labels("also called", "别名"), "ask": False},
        },
        "categories": {
            name: {"label": labels(*label), "synonyms": SYNONYMS.get(name, [])} for name, label in CATEGORIES.items()
        },
        "personas": {user["id"]: f"{user['name']} ({user['persona'].replace('_', ', ')})" for user in chosen},
        "examples": {
            "en": ["I need a warm jacket under $100", "a gift for a guitar player"],
            "zh": ["想买100美元以内的鞋"],
        },
    }


def _interactions(products: Sequence[dict[str, Any]], users: Sequence[dict[str, Any]]) -> pl.DataFrame:
    random = np.random.default_rng(20261122)
    categories = np.array([product["category"] for product in products])
    genders = np.array([product.get("gender_affinity") or "" for product in products])
    prices = np.array([float(product["price"]) for product in products])
    popularity = random.pareto(2.0, len(products)) + 0.2
    rows: list[tuple[str, str, str, int]] = []
    for user in users:
        weights = popularity * _liking(user, categories, genders, prices)
        if not weights.any():
            continue
        chosen = random.choice(len(products), size=EVENTS_A_USER, p=weights / weights.sum())
        times = np.sort(random.integers(1_735_689_600, 1_767_225_600, EVENTS_A_USER))
        for index, time in zip(chosen, times, strict=True):
            depth = random.random()
            events = ("view", "cart", "purchase")[: 3 if depth < 0.12 else 2 if depth < 0.25 else 1]
            rows += [(user["id"], products[index]["id"], event, int(time) + 90 * n) for n, event in enumerate(events)]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "event", "time"], orient="row")


def _liking(
    user: dict[str, Any], categories: npt.NDArray[Any], genders: npt.NDArray[Any], prices: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Return how much a persona is drawn to each item, before popularity."""
    liking = np.zeros(len(categories))
    for share, category in zip(LIKING, user["persona"].split("_"), strict=False):
        inside = categories == category
        liking[inside] = share / max(inside.sum(), 1)
    liking[(genders != "") & (genders != user["gender"])] *= 0.1
    if user["discount_persona"] == "lower_priced_products":
        liking *= 1 / np.sqrt(1 + prices / np.median(prices))
    return liking
