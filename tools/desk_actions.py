"""What the desk asks, reads back and has done, as data for whoever renders it: buttons of a channel, a form, a script.

Kinds: ``identify`` (who are you), ``ask`` (a choice or a detail), ``confirm`` (a read-back that waits for a yes),
``refused`` and ``done``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from commerce.changes import Effect
from commerce.records import OrderLine
from core.events import Action
from retrieval.catalogue import Catalogue
from tools.results import Confirmed, DetailNeeded, IdentityNeeded, Prepared


def asked(found: IdentityNeeded | Prepared | Confirmed, catalogue: Catalogue | None = None) -> tuple[Action, ...]:
    """Return the actions of an outcome; ``catalogue`` gives items their full titles."""
    match found:
        case IdentityNeeded():
            return (Action("identify", found.why, {"missing": list(found.missing), "why": found.why}),)
        case Confirmed():
            effects = [] if found.receipt.repeated else _effects(found.receipt.effects, catalogue)
            return (Action("done", _summary(effects), {"effects": effects}),) if effects else ()
    actions = []
    if found.refusals:
        refusals = [{**one.data, "code": one.code, "kind": one.kind} for one in found.refusals]
        actions.append(Action("refused", ", ".join(one.code for one in found.refusals), {"refusals": refusals}))
    if found.needed is not None:
        actions.append(Action("ask", found.needed.what, _needed(found.needed, catalogue)))
    elif found.action is not None:
        effects = _effects(found.action.effects, catalogue)
        actions.append(Action("confirm", _summary(effects), {"effects": effects}))
    return tuple(actions)


def _needed(needed: DetailNeeded, catalogue: Catalogue | None) -> dict[str, Any]:
    prices = {str(entry.item.id): entry.item.price for entry in needed.items}
    options = [{"value": value, "label": label, "price": prices.get(value)} for value, label in needed.options]
    return {
        "item": _named(needed.item_id, catalogue),
        "what": needed.what, "kind": needed.kind, "order_id": needed.order_id, "title": needed.title,
        "options": options, "orders": [dict(order) for order in needed.orders],
    }  # fmt: skip


def _named(item_id: str, catalogue: Catalogue | None) -> dict[str, Any] | None:
    if catalogue is None or not catalogue.has(item_id):
        return None
    item = catalogue.item(item_id)
    return {"item_id": item_id, "title": item.title, "price": item.price}


def _effects(effects: Iterable[Effect], catalogue: Catalogue | None) -> list[dict[str, Any]]:
    return [
        {
            "kind": effect.kind, "order_id": effect.order_id,
            "items": [_line(line, catalogue) for line in effect.items],
            "new_items": [_line(line, catalogue) for line in effect.new_items],
            "moves": [
                {"kind": move.kind, "amount": move.amount, "currency": move.currency, "label": move.label}
                for move in effect.moves
            ],
            "address": str(effect.address) if effect.address else None,
        }
        for effect in effects
    ]  # fmt: skip


def _line(line: OrderLine, catalogue: Catalogue | None) -> dict[str, Any]:
    known = catalogue is not None and catalogue.has(line.item_id)
    title = catalogue.item(line.item_id).title if catalogue is not None and known else line.title
    return {"item_id": line.item_id, "title": title, "quantity": line.quantity, "price": line.price}


def _summary(effects: Iterable[dict[str, Any]]) -> str:
    return ", ".join(f"{effect['kind']} {effect['order_id'] or ''}".strip() for effect in effects)
