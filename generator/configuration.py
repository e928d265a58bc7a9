"""Composes ``shop.yaml`` from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from generator.customers import People
from generator.products import Product
from generator.tables import brands, categories, read_table


def compose(products: Sequence[Product], people: People) -> dict[str, Any]:
    """Return the content of ``shop.yaml`` for these items."""
    base: dict[str, Any] = read_table("shop")
    stated = {name for product in products for name in product.values}
    facets = {name: _facet(name, raw, products) for name, raw in read_table("facets").items() if name in stated}
    sold = {product.brand.name for product in products}
    return {
        **{key: base[key] for key in ("name", "language", "languages", "currency", "greeting", "examples")},
        "rules": base["rules"],
        "returns": base["returns"],
        "personas": dict(people.personas),
        "relation_labels": base["relation_labels"],
        "facets": {**base["facets"], **facets},
        "categories": _categories(base["departments"]),
        "brands": {brand.name: _brand(brand) for brand in brands() if brand.name in sold},
    }


def dump(content: Mapping[str, Any]) -> str:
    """Return the YAML text, with a note on where it came from."""
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=140, default_flow_style=None)
    return f"# Made by: python -m generator --out shops/electronics --seed 7 (edit generator/tables instead)\n{text}"


def _facet(name: str, raw: Mapping[str, Any], products: Sequence[Product]) -> dict[str, Any]:
    facet: dict[str, Any] = {"type": raw["type"]}
    for key in ("unit", "better"):
        if key in raw:
            facet[key] = raw[key]
    facet["label"] = {"en": raw["label"][0], "zh": raw["label"][1]}
    facet["synonyms"] = raw["words"]
    for key in ("low", "high"):
        if key in raw:
            facet[key] = raw[key]
    if "values" in raw:
        used = _used(name, products)
        facet["values"] = {value: _value(value, *spec) for value, spec in raw["values"].items() if value in used}
    if raw.get("ask") is False:
        facet["ask"] = False
    return facet


def _used(name: str, products: Sequence[Product]) -> set[str]:
    used: set[str] = set()
    for product in products:
        value = product.values.get(name)
        used.update(value if isinstance(value, tuple) else [str(value)])
    return used


def _value(value: str, english: str | None, chinese: str | None, synonyms: list[str]) -> dict[str, Any]:
    label = {"en": english or value, "zh": chinese or value}
    return {"label": label, "synonyms": synonyms} if synonyms else {"label": label}


def _categories(departments: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: {"label": {"en": name.lower() if name not in ("TVs",) else name, "zh": zh}, "synonyms": words}
             for name, (zh, words) in departments.items()}  # fmt: skip
    for table in categories():
        name = table.path[-1]
        english = name if name[:2].isupper() else name.lower()
        found[name] = {"label": {"en": english, "zh": table.zh}, "synonyms": table.synonyms}
    return found


def _brand(brand: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"label": {"en": brand.name, "zh": brand.zh}}
    return {**entry, "synonyms": list(brand.synonyms)} if brand.synonyms else entry
