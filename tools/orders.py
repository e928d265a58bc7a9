"""Tools that tell a verified customer about their orders; identity comes before data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commerce.records import Customer, Order, OrderStatus, money, order_facts
from core.conversation import Identity, StateChange
from core.errors import ServiceError
from tools.arguments import OrderStatus as OrderStatusArguments
from tools.context import ToolContext
from tools.desk_actions import asked
from tools.desk_arguments import Identify, ListOrders, RefundStatus
from tools.results import IdentityNeeded, OrderFound, OrdersListed, RefundFound, ToolResult

_PROOFS = {
    "order_email": ("order_id", "email"),
    "name_postcode": ("name", "postcode"),
    "email": ("email",),
    "token": (),
}
_LISTED = 5
_KEPT_TRIED = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """Who the customer is, or what is missing to know; and the desk's notes after trying."""

    identity: Identity | None
    needed: IdentityNeeded | None
    notes: Mapping[str, Any]


def identify(arguments: Identify | OrderStatusArguments, context: ToolContext) -> Verified:
    """Return the identity that is known or that these statements prove, or what is missing.

    What was said of oneself is kept in the notes until it proves right or wrong.
    """
    desk, state = context.services.orders, context.state
    if not context.issued:
        return Verified(None, IdentityNeeded((), "session"), state.desk)
    said = {
        name: getattr(arguments, name) or state.desk.get(name) for name in ("order_id", "email", "name", "postcode")
    }
    identity = state.identity if desk.valid(state.identity) else None
    shop = context.services.shop
    order_proof = bool(said["order_id"] and said["email"]) and "order_email" in shop.identity
    name_proof = bool(said["name"] and said["postcode"]) and "name_postcode" in shop.identity
    mail_proof = bool(said["email"]) and "email" in shop.identity
    if identity is not None and not (arguments.email and order_proof):
        return Verified(identity, None, _clean(state.desk, said["order_id"]))
    if not (order_proof or name_proof or mail_proof):
        missing = tuple(name for name in _PROOFS[shop.asks_for] if not said[name])
        why = "unverified" if missing else "sign_in"
        return Verified(None, IdentityNeeded(missing, why), {**state.desk, **said})
    try:
        if mail_proof:
            identity = desk.verify_email(str(said["email"]), session=context.session_key)
        elif order_proof:
            identity = desk.verify(str(said["order_id"]), str(said["email"]), session=context.session_key)
        else:
            identity = desk.verify_name(str(said["name"]), str(said["postcode"]), session=context.session_key)
    except ServiceError:
        return Verified(None, IdentityNeeded((), "limited"), tried(_clean(state.desk, None), "identity", "limited"))
    if identity is None:
        needed = IdentityNeeded((), "refused")
        return Verified(None, needed, tried(_clean(state.desk, None), "identity", "refused"))
    return Verified(identity, None, tried(_clean(state.desk, said["order_id"]), "identity", "verified"))


def tried(
    notes: Mapping[str, Any], what: str, outcome: str, order_id: str | None = None, words: str = ""
) -> dict[str, Any]:
    """Return the notes with one more thing that was tried, for a colleague who takes over."""
    entry = {"what": what, "outcome": outcome, "order_id": order_id, "words": words}
    entry = {name: value for name, value in entry.items() if value}
    return {**notes, "tried": [*notes.get("tried", ()), entry][-_KEPT_TRIED:]}


def order_status(arguments: OrderStatusArguments, context: ToolContext) -> ToolResult:
    """Tell where an order is, to the customer who placed it only."""
    who = identify(arguments, context)
    if who.needed is not None:
        return ToolResult("identity is needed", who.needed, StateChange(desk=who.notes), asked(who.needed))
    try:
        order = _spoken_of(who, context)
    except ServiceError:
        change = StateChange(identity=who.identity, desk={**who.notes, "order_id": None})
        return ToolResult("there is no such order", IdentityNeeded((), "refused"), change)
    facts = order_facts(order)
    change = StateChange(identity=who.identity, desk={**who.notes, "order_id": order.id})
    return ToolResult(f"order {order.id}: {facts['status']}", OrderFound(facts), change)


def list_orders(arguments: ListOrders, context: ToolContext) -> ToolResult:
    """List the verified customer's latest orders."""
    who = identify(Identify(), context)
    if who.needed is not None:
        return ToolResult("identity is needed", who.needed, StateChange(desk=who.notes), asked(who.needed))
    orders = tuple(order_facts(order) for order in context.services.orders.orders_of(who.identity)[:_LISTED])
    text = "; ".join(f"{order['order_id']}: {order['status']}" for order in orders) or "no orders"
    return ToolResult(text, OrdersListed(orders), StateChange(identity=who.identity, desk=who.notes))


def refund_status(arguments: RefundStatus, context: ToolContext) -> ToolResult:
    """Tell where the refund of an order is, to the customer who placed it only."""
    who = identify(arguments.who, context)
    if who.needed is not None:
        return ToolResult("identity is needed", who.needed, StateChange(desk=who.notes), asked(who.needed))
    desk = context.services.orders
    try:
        order = _spoken_of(who, context, refund=True)
    except ServiceError:
        change = StateChange(identity=who.identity, desk={**who.notes, "order_id": None})
        return ToolResult("there is no such order", IdentityNeeded((), "refused"), change)
    customer = desk.customer(who.identity)
    refunds = [(payment.amount, payment.method) for payment in order.payments if payment.kind == "refund"]
    due = order.status in (OrderStatus.RETURN_REQUESTED, OrderStatus.RETURNED) and not refunds
    if due:
        amount = sum(line.price * line.quantity for line in order.returning) if order.returning else order.total
        refunds = [(money(amount), order.payment_method)]
    labelled = [(amount, _label(customer, method)) for amount, method in refunds]
    found = RefundFound(order_facts(order), tuple(labelled), due, context.services.shop.returns.refund_days)
    change = StateChange(identity=who.identity, desk={**who.notes, "order_id": order.id})
    return ToolResult(f"order {order.id}: {order.status.value}, refunds {refunds}", found, change)


def _spoken_of(who: Verified, context: ToolContext, *, refund: bool = False) -> Order:
    """Return the order spoken of; a verified customer who names none means the latest (with a refund)."""
    desk = context.services.orders
    if order_id := who.notes.get("order_id"):
        return desk.order(who.identity, str(order_id))
    orders = desk.orders_of(who.identity)
    if not orders:
        raise ServiceError("there are no orders", code="order_not_found")
    back = (OrderStatus.RETURN_REQUESTED, OrderStatus.RETURNED, OrderStatus.REFUNDED, OrderStatus.CANCELLED)
    return next((order for order in orders if order.status in back), orders[0]) if refund else orders[0]


def _label(customer: Customer, method_id: str) -> str:
    method = customer.payment_method(method_id)
    return (method.label or method.kind) if method else method_id


def _clean(notes: Mapping[str, Any], order_id: Any) -> dict[str, Any]:
    """Return the notes without what was said to prove an identity."""
    return {**notes, "order_id": order_id, "email": None, "name": None, "postcode": None}
