"""An LLM's tool calls as calls of the registry: other names, nulls left out, values as constraints hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.ports import ToolCall
from core.conversation import Intent
from core.entities import FacetType
from retrieval.catalogue import Catalogue

_LOOKS = {"details": "item_details", "compare": "compare_items", "explain": "explain_items"}
_ORDERS = {"status": "order_status", "list": "list_orders", "refund": "refund_status"}
_INTENTS = {
    "recommend_items": Intent.RECOMMEND, "similar_items": Intent.SIMILAR, "item_details": Intent.DETAILS,
    "compare_items": Intent.COMPARE, "explain_items": Intent.EXPLAIN, "search_policies": Intent.POLICY,
    "order_status": Intent.ORDER_STATUS, "list_orders": Intent.ORDER_STATUS, "refund_status": Intent.REFUND,
    "confirm_changes": Intent.CONFIRM, "drop_changes": Intent.DENY, "put_in_cart": Intent.CART,
    "show_cart": Intent.CART, "show_profile": Intent.PROFILE, "hand_off": Intent.HANDOFF,
    "change_profile": Intent.PROFILE, "forget_user": Intent.PROFILE,
}  # fmt: skip
_CHANGES = {"cancel": Intent.CANCEL_ORDER, "return": Intent.RETURN, "exchange": Intent.EXCHANGE}
_PAIRS = {"in": ("==", "in"), "not_in": ("!=", "not_in")}
_LISTED = {"in": ("contains", "in"), "not_in": ("not_contains", "not_in")}


def translated(name: str, arguments: Mapping[str, Any], catalogue: Catalogue, seen: Sequence[str]) -> ToolCall:
    """Return the registry's call for a call that the model made; what is unknown stays, for the tool to refuse.

    Args:
        name: the tool as the model named it.
        arguments: as the model wrote them.
        catalogue: the shop's, for the types of facets.
        seen: the items shown so far, for "others than those".
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    match name:
        case "recommend_items" | "similar_items":
            return _search(given, catalogue, seen)
        case "look_at_items":
            what = str(given.pop("what", "details"))
            return ToolCall(_LOOKS.get(what, "item_details"), {k: v for k, v in given.items() if v != []})
        case "look_up_orders":
            tool = _ORDERS.get(str(given.pop("about", "status")), "order_status")
            if tool == "refund_status":
                return ToolCall(tool, {"who": given} if given else {})
            return ToolCall(tool, given if tool == "order_status" else {})
        case "prepare_changes":
            return _changes(given)
        case "answer_read_back":
            return ToolCall("confirm_changes" if given.get("yes") is True else "drop_changes")
        case "cart" | "put_in_cart":
            items = given.get("items")
            return ToolCall("put_in_cart", {"items": items}) if items else ToolCall("show_cart")
    return ToolCall(name, given)


def intents_of(calls: Sequence[ToolCall], started: bool) -> tuple[Intent, ...]:
    """Return what calls want; ``started``: the shopper had wants before, so that a search refines them."""
    found: list[Intent] = []
    for call in calls:
        if call.name == "prepare_changes":
            changes: Sequence[Any] = call.arguments.get("changes") or ({},)
            found += [
                _CHANGES.get(str(change.get("kind")), Intent.MODIFY_ORDER)
                for change in changes
                if isinstance(change, Mapping)
            ]
        elif call.name == "recommend_items" and started:
            found.append(Intent.REFINE)
        elif call.name in _INTENTS:
            found.append(_INTENTS[call.name])
    return tuple(dict.fromkeys(found))


def _search(given: dict[str, Any], catalogue: Catalogue, seen: Sequence[str]) -> ToolCall:
    wanted = given.get("set")
    if isinstance(wanted, list):
        given["set"] = [_constraint(one, catalogue) if isinstance(one, dict) else one for one in wanted]
    if given.pop("others", False):
        given["exclude"] = list(dict.fromkeys([*given.get("exclude", ()), *seen]))
    like = given.pop("similar_to", None) or given.pop("like_items", None)
    given = {key: value for key, value in given.items() if value != []}
    return ToolCall("similar_items", {**given, "like_items": like}) if like else ToolCall("recommend_items", given)


def _constraint(one: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return a constraint as the tool takes it: one value alone, comparisons by the facet's type."""
    facet = catalogue.facets.get(str(one.get("field")))
    value, op = one.get("value"), str(one.get("op", "=="))
    single = not isinstance(value, list) or len(value) == 1
    if isinstance(value, list) and single:
        value = value[0]
    if op in _PAIRS and facet is not None and facet.type is not FacetType.NUMBER:
        op = (_LISTED if facet.type is FacetType.LIST else _PAIRS)[op][not single]
    said = {"text": str(one.get("words", one.get("text", "")))[:200]}
    unit = {"unit": one["unit"]} if one.get("unit") else {}
    strength = {"strength": "must" if one.get("must", one.get("strength") != "wish") else "wish"}
    known = {"field", "value", "op", "words", "text", "unit", "must", "strength"}
    rest = {key: entry for key, entry in one.items() if key not in known}
    return {"field": one.get("field"), "op": op, "value": value, **unit, **strength, **said, **rest}


def _changes(given: dict[str, Any]) -> ToolCall:
    """Return the desk's changes; names of items are the customer's words, details go where the kind wants them."""
    order = {"order_id": given["order_id"]} if given.get("order_id") else {}
    changes: list[Any] = []
    for one in given.get("changes") or ():
        if not isinstance(one, dict):
            changes.append(one)
            continue
        change: dict[str, Any] = {"kind": one.get("kind"), **order}
        names = one.get("items") or ()
        change["items"] = [{"words": name} if isinstance(name, str) else name for name in names]
        if one.get("reason"):
            change["reason"] = one["reason"]
        if one.get("detail") and one.get("kind") == "change_payment":
            change["method"] = one["detail"]
        changes.append({key: value for key, value in change.items() if value != []})
    return ToolCall("prepare_changes", {"changes": changes, **({"who": order} if order else {})})
