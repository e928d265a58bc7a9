"""Tools over the cart: put in, take out, look, and where it is paid."""

from __future__ import annotations

from commerce.changes import Pieces
from core.conversation import StateChange
from core.entities import Item, ItemId, Query, Recommendation
from core.errors import ServiceError
from core.events import Action
from tools.context import ToolContext
from tools.desk_arguments import PutInCart, ShowCart
from tools.results import CartShown, Refusal, ToolResult

_ALTERNATIVES = 3


def put_in_cart(arguments: PutInCart, context: ToolContext) -> ToolResult:
    """Put items into the cart, or take them out; saying it twice changes nothing more."""
    catalogue, backend = context.services.recommender.catalogue, context.services.orders.backend
    changed: list[Item] = []
    refusals: list[Refusal] = []
    for entry in arguments.items:
        try:
            backend.put_in_cart(_owner(context), ItemId(entry.item_id), entry.quantity)
            changed.append(catalogue.item(entry.item_id))
        except ServiceError as error:
            refusals.append(Refusal(error.code, "cart", {**error.data, "item_id": entry.item_id}))
    alternatives: tuple[Recommendation, ...] = ()
    if refusals and not changed:
        alternatives = _like(str(refusals[0].data["item_id"]), context)
    return _shown(context, tuple(changed), tuple(refusals), alternatives)


def show_cart(arguments: ShowCart, context: ToolContext) -> ToolResult:
    """Tell what is in the cart, and where it is paid."""
    return _shown(context)


def _shown(
    context: ToolContext,
    changed: tuple[Item, ...] = (),
    refusals: tuple[Refusal, ...] = (),
    alternatives: tuple[Recommendation, ...] = (),
) -> ToolResult:
    catalogue, backend = context.services.recommender.catalogue, context.services.orders.backend
    pieces: tuple[Pieces, ...] = backend.cart(_owner(context))
    lines = tuple((catalogue.item(one.item_id), one.quantity) for one in pieces if catalogue.has(one.item_id))
    link = backend.checkout_link(_owner(context))
    actions = (Action("checkout", link, {"url": link}),) if link and lines else ()
    shown = tuple(entry.item.id for entry in alternatives)
    focus = tuple(item.id for item in changed)
    missed = next((str(one.data["item_id"]) for one in refusals if one.data.get("item_id")), None)
    # What cannot be had is remembered: "tell me when it is back".
    notes = {**context.state.desk, "missed": missed} if missed else None
    change = StateChange(shown=shown or None, focus=shown or focus or None, desk=notes)
    text = ", ".join(f"{quantity} x [{item.id}]" for item, quantity in lines) or "the cart is empty"
    return ToolResult(text, CartShown(lines, link, changed, refusals, alternatives), change, actions)


def _owner(context: ToolContext) -> str:
    """A cart belongs to the conversation: a user id proves nothing."""
    return context.session_key


def _like(item_id: str, context: ToolContext) -> tuple[Recommendation, ...]:
    catalogue = context.services.recommender.catalogue
    if not catalogue.has(item_id):
        return ()
    anchor = ItemId(item_id)
    query = Query(
        anchors=(anchor,), exclude=(anchor,), user_id=context.user_id, limit=_ALTERNATIVES, language=context.language
    )
    return context.services.recommender.recommend(query).items
