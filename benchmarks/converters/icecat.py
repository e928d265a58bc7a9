"""Icecat: electronics and office products with messy typed attributes, as a test of catalogues that nobody tidied."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.converters.conversion import Conversion, labels

NOTICE = """\
Icecat open content (Open Content License, copyleft), product facts by their manufacturers.
Categories are READ OUT OF the titles by the converter: Icecat's titles name the kind of product after supplier and
model. Prices are as given, in cents. Logistics attributes (packages, pallets, cartons, codes) and attributes of
fewer than 200 products are left out.
"""

UNITS = {
    "weight": "g", "width": "mm", "height": "mm", "depth": "mm", "cable_length": "m", "processor_frequency": "GHz",
    "internal_memory": "GB", "display_diagonal": "in", "battery_capacity": "mAh", "total_storage_capacity": "GB",
    "ssd_capacity": "GB", "power_consumption__typical_": "W", "power_consumption__standby_": "W", "output_power": "W",
    "thermal_design_power__tdp_": "W", "processor_boost_frequency": "GHz", "battery_voltage": "V", "label_width": "mm",
    "label_height": "mm", "maximum_screen_size_compatibility": "in", "memory_clock_speed": "MHz",
}  # fmt: skip
"""Units that titles and value ranges confirm; an attribute that mixes units (data_transfer_rate) gets none."""

LABELS = {
    "battery_capacity": ("battery capacity", "电池容量"),
    "cable_length": ("cable length", "线长"),
    "depth": ("depth", "深度"),
    "display_diagonal": ("screen size", "屏幕尺寸"),
    "height": ("height", "高度"),
    "internal_memory": ("memory", "内存"),
    "material": ("material", "材质"),
    "processor_frequency": ("processor speed", "处理器频率"),
    "product_colour": ("colour", "颜色"),
    "total_storage_capacity": ("storage", "存储容量"),
    "weight": ("weight", "重量"),
    "width": ("width", "宽度"),
}

LEFT_OUT = re.compile(
    r"pack(age|ing)|pallet|carton|case_|shipping|code|imperial|__uk_|ark_id|last_change|oem|country_of_origin|order_quantity"
    r"|rohs|harmonized|die_|pci_|_id$|status|serial|embedded|execute|enhanced|temperature|humidity|dimensions|altitude|quantity_outer|quantity_per_box"
)
LEAST_PRODUCTS = 200
LEAST_PHRASE = 5
LEAST_HEAD = 15
NO_HEAD = {"accessory", "part", "kit", "component", "upgrade", "blank", "extension", "inverter", "indoor"}


def convert(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/icecat``; ``limit`` takes only so many products."""
    products = _products(data / "icecat", limit)
    kinds = Kinds.learn(products)
    counts = Counter(name for product in products for name in product if name.startswith("attr_"))
    least = LEAST_PRODUCTS * len(products) // 19_000
    names = [name for name, count in counts.items() if count >= least and not LEFT_OUT.search(name[7:])]
    items = [_item(product, names, kinds) for product in products]
    return Conversion(_config(names), items, NOTICE)


def _products(source: Path, limit: int | None) -> list[dict[str, Any]]:
    products: list[dict[str, Any]] = []
    for path in sorted(source.glob("*.json.zip")):
        with zipfile.ZipFile(path) as archive:
            products += json.loads(archive.read(archive.namelist()[0]))
        if limit and len(products) >= limit:
            return products[:limit]
    return products


class Kinds:
    """Kinds of product as the titles name them: "networking cable" under its head word "cable"."""

    def __init__(self, phrases: set[str], heads: set[str]) -> None:
        """Keep the phrases of several words and the single words."""
        self.phrases = phrases
        self.heads = heads
        self._pattern = _alternatives(phrases | heads)

    @classmethod
    def learn(cls, products: Sequence[Mapping[str, Any]]) -> Kinds:
        """Collect the lower-case words that follow supplier and model in a title, where they recur."""
        found = Counter(phrase for product in products if (phrase := _phrase(product)))
        phrases = {phrase for phrase, count in found.items() if count >= LEAST_PHRASE}
        heads: Counter[str] = Counter()
        for phrase in phrases:
            heads[phrase.split()[-1]] += found[phrase]
        return cls(phrases, {head for head, count in heads.items() if count >= LEAST_HEAD and head not in NO_HEAD})

    def path(self, title: str) -> str | None:
        """Return a title's category path, or None when it names no known kind."""
        for part in re.split(r"\b(?:for|with)\b", title.lower()):
            found = self._pattern.findall(part)
            if found:
                kind = max(found, key=lambda phrase: (phrase.count(" "), found.index(phrase)))
                head = kind.split()[-1]
                names = [head, kind] if head in self.heads and head != kind else [kind]
                return " > ".join(name.capitalize() for name in names)
        return None


def _alternatives(phrases: set[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])" if phrases else r"(?!)")


def _phrase(product: Mapping[str, Any]) -> str:
    rest = product["title"].removeprefix(product["supplier"]).strip()
    if not rest.startswith(product["name"]):
        return ""
    words = []
    for word in rest[len(product["name"]) :].split():
        if not re.fullmatch(r"[a-z][a-z/&-]+", word):
            break
        words.append(word)
    return " ".join(words)


def _item(product: Mapping[str, Any], names: Sequence[str], kinds: Kinds) -> dict[str, Any]:
    item = {
        "id": product["id"],
        "title": product["title"],
        "description": product.get("short_description"),
        "price": product["price"] / 100,
        "brand": product["supplier"],
        "category": kinds.path(product["title"]),
        "created_at": product["date_released"][:10],
        "image_url": product["img_500x500"].replace("http://", "https://") or None,
    }
    return item | {_column(name): _value(name, product[name]) for name in names if name in product}


def _column(name: str) -> str:
    """Return the facet's name; a number and a text of the same name are kept apart."""
    plain = re.sub(r"_+", "_", name[7:]).strip("_")
    return plain if name.startswith("attr_n") else {"attr_b": f"has_{plain}"}.get(name[:6], plain)


def _value(name: str, value: Any) -> Any:
    if name == "attr_n_internal_memory" and value >= 1024:
        return value / 1024  # given in MB
    if name == "attr_n_processor_frequency" and value > 10:
        return value / 1000  # given in MHz
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")] if re.search(r",\S", value) else [value.strip()]
        return [part for part in parts if part]
    return value


def _config(names: Sequence[str]) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    for name in names:
        plain = name[7:]
        facet: dict[str, Any] = facets.setdefault(_column(name), {})
        english = re.sub(r"_+", " ", plain).strip()
        facet["label"] = labels(*LABELS[plain]) if plain in LABELS else {"en": english}
        if name.startswith("attr_n"):
            facet["type"] = "number"
            if plain in UNITS:
                facet["unit"] = UNITS[plain]
        elif name.startswith("attr_b"):
            facet["type"] = "boolean"
    return {
        "name": labels("Icecat electronics and office", "Icecat 电子与办公"),
        "currency": "EUR",
        "facets": facets,
        "examples": {
            "en": ["a black toner cartridge for Xerox under €60", "a 15 inch notebook case"],
            "zh": ["3米以上的网线"],
        },
    }
