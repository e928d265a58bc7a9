"""Hotels and restaurants of Beijing (CrossWOZ): two shops whose own language is Chinese."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.converters.conversion import Conversion, clean, labels

NOTICE = """\
CrossWOZ database (Qi Zhu and others, 2020. CrossWOZ: A Large-Scale Chinese Cross-Domain Task-Oriented Dialogue
Dataset. TACL), Apache-2.0. District and metro station are READ OUT OF the addresses by the converter.
"""

DISTRICTS = "东城 西城 朝阳 海淀 丰台 石景山 门头沟 房山 通州 顺义 昌平 大兴 怀柔 平谷 密云 延庆".split()
HOTEL_TYPES = {"经济型": "economy", "舒适型": "comfort", "高档型": "upscale", "豪华型": "luxury"}
HOTEL_TYPE_SYNONYMS = {"经济型": ["便宜", "budget"], "豪华型": ["五星级", "five-star"], "高档型": ["高级"]}
FACILITIES: dict[str, tuple[str, list[str]]] = {
    "24小时热水": ("hot water all day", ["热水"]),
    "无烟房": ("non-smoking rooms", ["无烟", "禁烟"]),
    "叫醒服务": ("wake-up call", ["叫早"]),
    "行李寄存": ("luggage storage", ["寄存行李"]),
    "宽带上网": ("broadband", ["宽带"]),
    "吹风机": ("hair dryer", []),
    "中式餐厅": ("Chinese restaurant", ["中餐厅"]),
    "西式餐厅": ("Western restaurant", ["西餐厅"]),
    "早餐服务": ("breakfast", ["早餐"]),
    "会议室": ("meeting room", []),
    "wifi": ("Wi-Fi", ["无线网", "无线网络", "wi-fi"]),
    "洗衣服务": ("laundry", ["洗衣"]),
    "商务中心": ("business centre", []),
    "残疾人设施": ("accessible", ["无障碍"]),
    "接机服务": ("airport pick-up", ["接机"]),
    "健身房": ("gym", ["健身", "fitness room"]),
    "暖气": ("heating", []),
    "酒吧": ("bar", []),
    "室内游泳池": ("indoor pool", ["游泳池", "泳池", "swimming pool", "pool"]),
    "桑拿": ("sauna", []),
    "SPA": ("spa", ["水疗"]),
    "收费停车位": ("paid parking", ["停车场", "停车位", "parking"]),
    "温泉": ("hot spring", []),
}


def convert_hotels(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/zh/hotel_db.json``; ``limit`` takes only so many hotels."""
    entries = _read(data / "zh" / "hotel_db.json", limit)
    return Conversion(_hotel_config(), [_hotel(n, entry) for n, entry in enumerate(entries, 1)], NOTICE)


def convert_restaurants(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/zh/restaurant_db.json``; ``limit`` takes only so many restaurants."""
    entries = _read(data / "zh" / "restaurant_db.json", limit)
    items = [_restaurant(n, entry) for n, entry in enumerate(entries, 1)]
    return Conversion(_restaurant_config(), items, NOTICE)


def _read(path: Path, limit: int | None) -> list[dict[str, Any]]:
    entries = [entry for _, entry in json.loads(path.read_text(encoding="utf-8"))]
    return entries[:limit]


def _hotel(number: int, entry: dict[str, Any]) -> dict[str, Any]:
    facilities = [clean(name) for name in entry["酒店设施"] or [] if clean(name)]
    if any("wifi" in name for name in facilities):
        facilities.append("wifi")
    return {
        "id": f"hotel-{number:04d}",
        "title": entry["名称"],
        "description": _description(entry),
        "price": entry["价格"],
        "category": "酒店",
        "rating": entry["评分"],
        "hotel_type": entry["酒店类型"],
        "district": _district(entry["地址"]),
        "metro": _station(entry["地铁"]),
        "facilities": list(dict.fromkeys(facilities)),
        "sights_nearby": entry["周边景点"],
        "address": entry["地址"],
        "phone": entry["电话"],
    }


def _restaurant(number: int, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"restaurant-{number:04d}",
        "title": entry["名称"],
        "description": _description(entry),
        "price": entry["人均消费"] or None,
        "category": "餐馆",
        "rating": entry["评分"],
        "dishes": list(dict.fromkeys(clean(dish) for dish in entry["推荐菜"] or [] if clean(dish))),
        "district": _district(entry["地址"]),
        "metro": _station(entry["地铁"]),
        "opening_hours": entry["营业时间"],
        "sights_nearby": entry["周边景点"],
        "address": entry["地址"],
        "phone": entry["电话"],
    }


def _description(entry: dict[str, Any]) -> str:
    parts = [f"位于{entry['地址']}。"]
    if entry["地铁"]:
        parts.append(f"最近地铁：{entry['地铁']}。")
    return "".join(parts)


def _district(address: str) -> str | None:
    """Return the district that an address names ("北京西城区广安门…" is 西城区)."""
    return next((f"{name}区" for name in DISTRICTS if f"{name}区" in address), None)


def _station(metro: str | None) -> str | None:
    """Return the station of "菜市口地铁站D口"."""
    match = re.match(r"(.+?)地铁站", metro or "")
    return match.group(1) if match else None


def _shared_facets(low: list[str], high: list[str]) -> dict[str, Any]:
    return {
        "price": {"low": {"zh": [*low, "便宜", "实惠"]}, "high": {"zh": [*high, "贵"]}},
        "district": {"type": "category", "label": labels("district", "区"), "synonyms": {"zh": ["城区", "地区"]}},
        "metro": {
            "type": "category",
            "label": labels("metro station", "地铁站"),
            "synonyms": {"zh": ["地铁", "地铁口"]},
            "ask": False,
        },
        "sights_nearby": {
            "type": "list",
            "label": labels("sights nearby", "周边景点"),
            "synonyms": {"zh": ["附近", "景点", "靠近"]},
            "ask": False,
        },
        "address": {"type": "text", "label": labels("address", "地址"), "ask": False},
        "phone": {"type": "text", "label": labels("phone", "电话"), "ask": False},
    }


def _hotel_config() -> dict[str, Any]:
    types = {
        name: {"label": labels(english, name), "synonyms": HOTEL_TYPE_SYNONYMS.get(name, [])}
        for name, english in HOTEL_TYPES.items()
    }
    facilities = {
        name: {"label": labels(english, name), "synonyms": synonyms} for name, (english, synonyms) in FACILITIES.items()
    }
    return {
        "name": labels("Beijing hotels", "北京酒店"),
        "language": "zh",
        "currency": "CNY",
        "categories": {
            "酒店": {"label": labels("Hotels", "酒店"), "synonyms": {"en": ["hotel"], "zh": ["宾馆", "旅馆", "住宿"]}}
        },
        "facets": {
            **_shared_facets([], ["豪华"]),
            "hotel_type": {"type": "category", "label": labels("hotel type", "酒店类型"), "values": types},
            "facilities": {
                "type": "list",
                "label": labels("facilities", "设施"),
                "synonyms": {"zh": ["酒店设施"]},
                "values": facilities,
            },
        },
        "rules": {"in_stock_only": False, "exclude_owned": False},
        "examples": {
            "zh": ["想找一家500元以内、有健身房的酒店", "朝阳区评分4.5以上的酒店"],
            "en": ["a hotel with a pool under 600 yuan"],
        },
    }


def _restaurant_config() -> dict[str, Any]:
    return {
        "name": labels("Beijing restaurants", "北京餐馆"),
        "language": "zh",
        "currency": "CNY",
        "categories": {
            "餐馆": {
                "label": labels("Restaurants", "餐馆"),
                "synonyms": {"en": ["restaurant"], "zh": ["餐厅", "饭店", "饭馆"]},
            }
        },
        "facets": {
            **_shared_facets([], ["高档"]),
            "dishes": {
                "type": "list",
                "label": labels("dishes", "推荐菜"),
                "synonyms": {"zh": ["菜", "特色菜", "想吃"]},
            },
            "opening_hours": {"type": "text", "label": labels("opening hours", "营业时间"), "ask": False},
        },
        "rules": {"in_stock_only": False, "exclude_owned": False},
        "examples": {
            "zh": ["人均100元以内，想吃烤鸭", "西城区评分4分以上的餐馆"],
            "en": ["a restaurant with roast duck under 150 yuan"],
        },
    }
