"""What an LLM's tool calls may do: checked in code, against the user's own words and what the conversation holds.

A model can be talked into anything by a text that it reads. So nothing that writes, opens an order, silences the bot or
points at an item rests on its word alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.embedded.desk_words import VERBS
from agent.llm.heard import Heard
from agent.ports import ToolCall
from core.conversation import Intent
from core.errors import ToolRetry

DESK = frozenset({
    "order_status", "list_orders", "refund_status", "prepare_changes", "confirm_changes", "drop_changes", "hand_off",
    "take_back",
})  # fmt: skip
"""Tools of the service desk, whose own dialogue (identity, details, yes or no) code leads."""
_PERSON = frozenset({Intent.HANDOFF, Intent.COMPLAINT})
_ITEMS = ("item_ids", "like_items", "like", "dislike", "exclude", "anchors")


def guarded(call: ToolCall, heard: Heard, known: frozenset[str]) -> ToolCall:
    """Return the call as it may run.

    Args:
        call: the registry's call for what the model asked.
        heard: the user's message.
        known: items that may be spoken of.

    Raises:
        ToolRetry: it may not run.
    """
    check = _CHECKS.get(call.name)
    if check is not None:
        call = check(call, heard)
    return _pointed(call, known)


def _pointed(call: ToolCall, known: frozenset[str]) -> ToolCall:
    """Keep the items that the conversation knows; a call about none of them is refused."""
    arguments = dict(call.arguments)
    for name in _ITEMS:
        ids = arguments.get(name)
        if not isinstance(ids, list):
            continue
        kept = [item_id for item_id in dict.fromkeys(map(str, ids)) if item_id in known]
        if not kept and ids and name in ("item_ids", "like_items"):
            raise ToolRetry("use ids of items that are on screen or that a tool returned in this conversation")
        arguments[name] = kept
    if call.name == "put_in_cart":
        items = [one for one in arguments.get("items", ()) if isinstance(one, dict)]
        arguments["items"] = [one for one in items if str(one.get("item_id")) in known]
        if not arguments["items"]:
            raise ToolRetry("use ids of items that are on screen")
    return replace(call, arguments={key: value for key, value in arguments.items() if value != [] or key == "anchors"})


def _cart(call: ToolCall, heard: Heard) -> ToolCall:
    """Let only what the shopper asks to buy into the cart: what their message points at."""
    own = heard.call("put_in_cart")
    if own is None:
        raise ToolRetry("the shopper did not say what to buy; nothing is put into the cart")
    return replace(own, id=call.id)


def _taste(call: ToolCall, heard: Heard) -> ToolCall:
    """Let only a taste be kept that the shopper's message tells, as code reads it."""
    own = heard.call("change_profile")
    if own is None:
        raise ToolRetry("the shopper said nothing of their lasting taste; nothing is kept")
    return replace(own, id=call.id)


def _confirm(call: ToolCall, heard: Heard) -> ToolCall:
    if not heard.context.consent:
        raise ToolRetry("the customer's message is no explicit yes to what was read back; nothing is changed")
    return call


def _drop(call: ToolCall, heard: Heard) -> ToolCall:
    waits = heard.context.state.awaiting in ("confirmation", "detail")
    if not waits or "deny" not in heard.message.cues:
        raise ToolRetry("the customer turned nothing down")
    return call


def _person(call: ToolCall, heard: Heard) -> ToolCall:
    state, own = heard.context.state, heard.call("hand_off")
    asked = own or state.awaiting == "person" or state.unclear > 0 or _PERSON & set(heard.decision.intents)
    if not asked:
        raise ToolRetry("the customer asked for no person; answer them yourself")
    return replace(own, id=call.id) if own else replace(call, arguments={"summary": heard.context.message[:1500]})


def _back(call: ToolCall, heard: Heard) -> ToolCall:
    raise ToolRetry("there is no such tool")


def _own_order(call: ToolCall, heard: Heard) -> ToolCall:
    """Let nobody be looked up whom the user did not name: what proves an identity comes from their words."""
    own = heard.call(call.name)
    who = _their_words(call.arguments.get("who", {}) if call.name == "refund_status" else call.arguments, heard)
    if call.name == "refund_status":
        return replace(call, arguments=dict(own.arguments) if own else {"who": who} if who else {})
    if call.name == "list_orders":
        return replace(call, arguments={})
    return replace(call, arguments={**who, **(own.arguments if own else {})})


def _their_words(arguments: Any, heard: Heard) -> dict[str, Any]:
    given = arguments if isinstance(arguments, Mapping) else {}
    identity = heard.context.state.identity
    theirs = {str(order).casefold() for order in identity.orders} if identity else set()
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str)
        and (heard.said_now(value) or (name == "order_id" and value.casefold() in theirs))
    }  # fmt: skip


def _prepare(call: ToolCall, heard: Heard) -> ToolCall:
    own, state = heard.call("prepare_changes"), heard.context.state
    if own is not None:
        return replace(own, id=call.id)  # read by code, word by word
    if not heard.desk.of(*VERBS) and state.awaiting not in ("detail", "confirmation"):
        raise ToolRetry("the customer asked for no change of an order")
    changes = []
    for change in call.arguments.get("changes") or ():
        if not isinstance(change, Mapping):
            continue
        kept = {name: value for name, value in change.items() if name in ("kind", "reason", "method", "order_id")}
        kept = {name: value for name, value in kept.items() if name == "kind" or heard.said_now(str(value))}
        kept["items"] = [
            one for one in change.get("items", ())
            if isinstance(one, Mapping) and heard.said_now(str(one.get("words", "")))
        ]  # fmt: skip
        changes.append({**kept, "words": heard.context.message[:2000]})
    if not changes:
        raise ToolRetry("name the change: its kind, and what the customer says of it")
    who = _their_words(call.arguments.get("who", {}), heard)
    return replace(call, arguments={"changes": changes, **({"who": who} if who else {})})


_CHECKS = {
    "put_in_cart": _cart,
    "change_profile": _taste,
    "confirm_changes": _confirm,
    "drop_changes": _drop,
    "hand_off": _person,
    "take_back": _back,
    "order_status": _own_order,
    "refund_status": _own_order,
    "list_orders": _own_order,
    "prepare_changes": _prepare,
}
