"""The MCP tools over orders: identity before data, and a read-back with an explicit yes before every write."""

from __future__ import annotations

from commerce.changes import PendingAction, action_from_json
from core.conversation import ConversationState
from core.events import SessionRef
from server import mcp_arguments as args
from server import mcp_results as told
from server.mcp_port import Caller, Refused
from tools.results import (
    Confirmed,
    Dropped,
    Evidence,
    IdentityNeeded,
    OrderFound,
    OrdersListed,
    Prepared,
)


async def order_status(call: args.OrderStatusCall, caller: Caller) -> told.OrderAnswer:
    """Tell where an order is, to the customer who placed it: needs order number and e-mail, once in a session."""
    arguments = call.model_dump(exclude={"session_id", "language"})
    session = caller.session(call.session_id)
    return _orders(session, await caller.run("order_status", arguments, session, call.language))


async def list_orders(call: args.InSession, caller: Caller) -> told.OrderAnswer:
    """List the latest orders of the customer whom this session has verified."""
    session = caller.session(call.session_id)
    return _orders(session, await caller.run("list_orders", {}, session, call.language))


async def prepare_order_change(call: args.PrepareCall, caller: Caller) -> told.ChangeAnswer:
    """Prepare a cancellation, return, exchange or other change and say exactly what would happen; writes nothing."""
    session = caller.session(call.session_id)
    arguments = {**call.model_dump(mode="json", include={"changes", "who"}, exclude_defaults=True), "replace": True}
    return _change(session, await caller.run("prepare_changes", arguments, session, call.language))


async def confirm_order_change(call: args.ConfirmCall, caller: Caller) -> told.ChangeAnswer:
    """Carry out what was read back, once, after the customer has explicitly said yes; a repetition does nothing."""
    session = caller.session(call.session_id)

    def check(state: ConversationState) -> None:
        known = (action_from_json(state.desk.get(name)) for name in ("pending", "done"))
        if call.confirmation_id not in [action.key for action in known if action is not None]:
            raise Refused("nothing waits for this confirmation in this session: prepare the change (again) first")

    return _change(session, await caller.run("confirm_changes", {}, session, call.language, check))


async def drop_order_change(call: args.DropCall, caller: Caller) -> told.ChangeAnswer:
    """Drop what was prepared; nothing is changed."""
    session = caller.session(call.session_id)
    return _change(session, await caller.run("drop_changes", {}, session, call.language))


def _orders(session: SessionRef, found: Evidence) -> told.OrderAnswer:
    match found:
        case OrderFound():
            return told.OrderAnswer(session_id=session.session_id, status="ok", orders=[dict(found.order)])
        case OrdersListed():
            orders = [dict(order) for order in found.orders]
            return told.OrderAnswer(session_id=session.session_id, status="ok", orders=orders)
        case IdentityNeeded():
            return told.OrderAnswer(
                session_id=session.session_id, status="identity_needed", missing=list(found.missing), why=found.why
            )
    raise Refused("the desk has no answer to this")


def _change(session: SessionRef, found: Evidence) -> told.ChangeAnswer:
    base = told.ChangeAnswer(session_id=session.session_id, status="nothing")
    update: dict[str, object]
    match found:
        case IdentityNeeded():
            update = {"status": "identity_needed", "missing": list(found.missing), "why": found.why}
        case Prepared():
            update = _prepared(found)
        case Confirmed():
            effects = [told.effect(effect) for effect in found.receipt.effects]
            update = {"status": "done", "effects": effects, "repeated": found.receipt.repeated}
        case Dropped():
            update = {"status": "dropped" if found.kinds else "nothing"}
        case _:
            raise Refused("the desk has no answer to this")
    return base.model_copy(update=update)


def _prepared(found: Prepared) -> dict[str, object]:
    action: PendingAction | None = found.action
    status = "detail_needed" if found.needed else "confirm" if action else "refused" if found.refusals else "nothing"
    return {
        "status": status,
        "confirmation_id": action.key if action and not found.needed else None,
        "effects": [told.effect(effect) for effect in action.effects] if action else [],
        "refusals": [told.refusal(refused) for refused in found.refusals],
        "needed": told.needed(found.needed) if found.needed else None,
        "stale": found.stale,
    }
