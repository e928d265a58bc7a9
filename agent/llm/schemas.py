"""The tools as an LLM sees them: strict JSON schemas, typed from the shop's own facets, small and bounded.

Every property is required and nullable where it may be left out, as ``strict: true`` wants it. Nothing here changes
between turns, so that a server keeps the prompt's beginning cached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.entities import Facet, FacetType
from prompts.templates import standard
from retrieval.catalogue import Catalogue

Schema = dict[str, Any]

FEW = 5
"""A facet with no more values than this gets them as an enum; others are described in the system prompt."""
MOST_ENUMS = 4
MOST_FIELDS = 22
"""Facets that are offered; the rarest stay out, and the parser still reads them."""
MOST_NAMED = 5
"""Values of a facet that the system prompt names."""
_HIDDEN = frozenset({"title", "stock", "rating_count", "created_at"})
_LEFT = (FacetType.TEXT, FacetType.DATE)
"""Types that models write in too many ways; the parser reads dates."""
_ID: Schema = {"type": "string"}
_IDS: Schema = {"type": "array", "items": _ID, "maxItems": 9}
_TEXT: Schema = {"type": ["string", "null"]}


def offered(catalogue: Catalogue) -> list[Facet]:
    """Return the facets that a model may constrain, the most filled first."""
    facets = [f for f in catalogue.facets.values() if f.type not in _LEFT and f.name not in _HIDDEN]
    filled = {facet.name: int(np.count_nonzero(catalogue.stated(facet.name))) for facet in facets}
    return sorted((f for f in facets if filled[f.name]), key=lambda f: -filled[f.name])[:MOST_FIELDS]


def facet_lines(catalogue: Catalogue, language: str) -> list[str]:
    """Return the facets in words, for the system prompt: ranges and units of numbers, values of the others."""
    facets, said = offered(catalogue), {"en": "numbers", "zh": "数值"}
    numbers = [_range(catalogue, f) for f in facets if f.type is FacetType.NUMBER]
    lines = [f"{said.get(language, said['en'])}: {', '.join(numbers)}"] if numbers else []
    enumerated = {facet.name for facet in _few(catalogue, facets)}
    for facet in facets:
        if facet.type in (FacetType.CATEGORY, FacetType.LIST) and facet.name not in enumerated:
            lines.append(f"{facet.name}: {_some(catalogue, facet)}")
    return lines


def _range(catalogue: Catalogue, facet: Facet) -> str:
    low, high = catalogue.quantiles(facet.name, None, [0.0, 1.0])
    unit = f" {facet.unit}" if facet.unit else ""
    return f"{facet.name} {_short(low)}–{_short(high)}{unit}"


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _some(catalogue: Catalogue, facet: Facet) -> str:
    counts = catalogue.values(facet.name)
    limit = 3 * MOST_NAMED if facet.name == "category" else MOST_NAMED
    named = sorted(counts, key=lambda value: -counts[value])[:limit]
    return ", ".join(value[:40] for value in named) + (", …" if len(counts) > limit else "")


def _few(catalogue: Catalogue, facets: Sequence[Facet]) -> list[Facet]:
    """Return the facets whose values become enums."""
    worded = [f for f in facets if f.type in (FacetType.CATEGORY, FacetType.LIST) and f.name != "category"]
    return [f for f in worded if 0 < len(catalogue.values(f.name)) <= FEW][:MOST_ENUMS]


def tool_schemas(catalogue: Catalogue, language: str) -> tuple[Schema, ...]:
    """Return the tools that a shop offers, in OpenAI's shape."""
    shop = catalogue.shop
    words = standard().table("tools", language)
    tools = [_recommend(catalogue, words), *_looking(words)]
    if (shop.root / shop.policies).is_dir():
        tools.append(_tool("search_policies", words, {"question": {"type": "string"}}))
    if shop.file("orders"):
        tools += _desk(words, by_name=shop.asks_for == "name_postcode")
    item = _object({"item_id": _ID, "quantity": {"type": "integer"}})
    tools += [
        _tool("cart", words, {"items": {"type": "array", "items": item, "maxItems": 5}}),
        _tool("hand_off", words, {}),
        _tool("rewind", words, {"how": {"type": "string", "enum": ["undo", "reset"]}}),
    ]  # fmt: skip
    return tuple(tools)


def _tool(name: str, words: Mapping[str, str], properties: Mapping[str, Schema]) -> Schema:
    function = {"name": name, "description": words[name], "parameters": _object(properties), "strict": True}
    return {"type": "function", "function": function}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _said(schema: Schema, words: str) -> Schema:
    return {**schema, "description": words}


def _recommend(catalogue: Catalogue, words: Mapping[str, str]) -> Schema:
    name = "recommend_items"
    sort: dict[str, Schema] = {
        "field": {"type": "string"},
        "direction": {"type": "string", "enum": ["lowest", "highest"]},
    }
    properties = {
        "set": _said(
            {"type": "array", "items": {"anyOf": _constraints(catalogue, words)}, "maxItems": 12}, words[f"{name}.set"]
        ),
        "remove": _said(_IDS, words[f"{name}.remove"]),
        "retract": _said(
            {"type": "array", "items": {"type": "string"}, "maxItems": 5}, words[f"{name}.retract"]
        ),
        "query": _said(_TEXT, words[f"{name}.query"]),
        "sort": _said({"type": "array", "items": _object(sort), "maxItems": 3}, words[f"{name}.sort"]),
        "similar_to": _said(_IDS, words[f"{name}.similar_to"]),
        "like": _IDS,
        "dislike": _IDS,
        "others": _said({"type": "boolean"}, words[f"{name}.others"]),
    }  # fmt: skip
    return _tool(name, words, properties)


def _constraints(catalogue: Catalogue, words: Mapping[str, str]) -> list[Schema]:
    """Return one schema for each kind of facet: numbers, yes-or-no ones, those with few values, the rest."""
    facets = offered(catalogue)
    few = _few(catalogue, facets)
    ends = {"words": {"type": "string"}, "must": {"type": "boolean"}}
    told = {
        "words": _said(ends["words"], words["recommend_items.words"]),
        "must": _said(ends["must"], words["recommend_items.must"]),
    }
    choice = {"type": "string", "enum": ["in", "not_in"]}
    found: list[Schema] = []

    def add(names: list[str], middle: Mapping[str, Schema]) -> None:
        if names:
            field = {"field": {"type": "string", "enum": names}}
            found.append(_object({**field, **middle, **(ends if found else told)}))

    add([f.name for f in facets if f.type is FacetType.NUMBER], {
        "op": {"type": "string", "enum": ["<=", ">=", "<", ">", "==", "between"]},
        "value": {"type": "array", "items": {"type": "number"}, "maxItems": 2},
        "unit": _TEXT,
    })  # fmt: skip
    add([f.name for f in facets if f.type is FacetType.BOOLEAN], {"value": {"type": "boolean"}})
    worded = [f.name for f in facets if f.type in (FacetType.CATEGORY, FacetType.LIST) and f not in few]
    add(worded, {"op": choice, "value": {"type": "array", "items": {"type": "string"}, "maxItems": 10}})
    values: Schema = {
        "type": "string",
        "enum": sorted({value for facet in few for value in catalogue.values(facet.name)}),
    }
    add([f.name for f in few], {"op": choice, "value": {"type": "array", "items": values, "maxItems": FEW}})
    return found


def _looking(words: Mapping[str, str]) -> list[Schema]:
    what = {"type": "string", "enum": ["details", "compare", "explain"]}
    return [_tool("look_at_items", words, {"what": what, "item_ids": _IDS})]


def _desk(words: Mapping[str, str], *, by_name: bool) -> list[Schema]:
    who = {"order_id": _TEXT, "email": _TEXT, **({"name": _TEXT, "postcode": _TEXT} if by_name else {})}
    kinds = ["cancel", "return", "exchange", "change_items", "change_address", "change_payment", "change_home"]
    named = {"type": "array", "items": {"type": "string"}, "maxItems": 10}
    change = _object({
        "kind": {"type": "string", "enum": kinds},
        "items": named,
        "reason": _TEXT,
        "detail": _said(_TEXT, words["prepare_changes.detail"]),
    })  # fmt: skip
    changes = {"type": "array", "items": change, "maxItems": 5}
    about = {"type": "string", "enum": ["status", "list", "refund"]}
    return [
        _tool("look_up_orders", words, {"about": about, **who}),
        _tool("prepare_changes", words, {"order_id": _TEXT, "changes": changes}),
        _tool("answer_read_back", words, {"yes": {"type": "boolean"}}),
    ]
