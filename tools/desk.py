"""Tools over the service desk: policies, orders, profile, hand-off."""

from __future__ import annotations

from commerce.records import order_facts
from core.conversation import StateChange
from core.entities import EventKind, Item
from core.errors import ServiceError
from core.events import Action
from tools.arguments import HandOff, OrderStatus, SearchPolicies, ShowProfile
from tools.context import ToolContext
from tools.results import HandedOff, IdentityNeeded, OrderFound, PassagesFound, ProfileShown, ToolResult


def search_policies(arguments: SearchPolicies, context: ToolContext) -> ToolResult:
    """Find what the shop's policies say."""
    passages = context.services.policies.search(arguments.question, context.language, 2)
    text = "\n".join(f"[{passage.ref}] {passage.text}" for passage in passages) or "the documents do not say"
    return ToolResult(text, PassagesFound(arguments.question, passages))


def order_status(arguments: OrderStatus, context: ToolContext) -> ToolResult:
    """Tell where an order is, to the customer who placed it only."""
    desk, state = context.services.orders, context.state
    if not context.issued:
        return ToolResult("this session cannot hold an identity", IdentityNeeded((), "session"))
    order_id = arguments.order_id or state.desk.get("order_id")
    email = arguments.email or state.desk.get("email")
    notes = {**state.desk, "order_id": order_id, "email": email}
    identity = state.identity if desk.valid(state.identity) else None
    try:
        if identity is None or (order_id and email and arguments.email):
            if not order_id or not email:
                missing = tuple(name for name, value in (("order_id", order_id), ("email", email)) if not value)
                return ToolResult("identity is needed", IdentityNeeded(missing), StateChange(desk=notes))
            identity = desk.verify(order_id, email, session=context.session_key)
            if identity is None:
                change = StateChange(desk={**notes, "order_id": None, "email": None})
                return ToolResult("order number and e-mail do not match", IdentityNeeded((), "refused"), change)
        # A verified customer who names no order means the latest one.
        order = desk.order(identity, order_id) if order_id else desk.orders_of(identity)[0]
    except ServiceError as error:
        why = "limited" if error.code == "too_many_tries" else "refused"
        change = StateChange(identity=identity, desk={**notes, "order_id": None})
        return ToolResult(str(error), IdentityNeeded((), why), change)
    facts = order_facts(order)
    change = StateChange(identity=identity, desk={**notes, "order_id": order.id, "email": None})
    return ToolResult(f"order {order.id}: {facts['status']}", OrderFound(facts), change)


def show_profile(arguments: ShowProfile, context: ToolContext) -> ToolResult:
    """Tell what is known of the user."""
    recommender, wants = context.services.recommender, context.state.wants
    history = recommender.user_items(context.user_id) if context.user_id else {}

    def items(*kinds: EventKind) -> tuple[Item, ...]:
        found = [item_id for item_id, events in history.items() if set(events) & set(kinds)]
        return tuple(recommender.catalogue.items(found[:10]))

    catalogue = recommender.catalogue
    liked = tuple(dict.fromkeys((*catalogue.items(wants.liked), *items(EventKind.LIKE))))
    disliked = tuple(dict.fromkeys((*catalogue.items(wants.disliked), *items(EventKind.DISLIKE))))
    shown = ProfileShown(
        liked, disliked, items(EventKind.PURCHASE), items(EventKind.VIEW, EventKind.CLICK), wants,
        known=context.user_id is not None,
    )  # fmt: skip
    return ToolResult("what is known of the user", shown)


def hand_off(arguments: HandOff, context: ToolContext) -> ToolResult:
    """Give the conversation to a person, with a summary."""
    action = Action("handoff", arguments.summary)
    return ToolResult("handed over to a person", HandedOff(arguments.summary), actions=(action,))
