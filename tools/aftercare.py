"""After a request: what was done before for a customer, whether they are satisfied, and wishes to be told."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from core.conversation import StateChange
from core.entities import ItemId, Query
from core.errors import ToolRetry
from core.events import Action
from retrieval.constraints import mask
from retrieval.validation import validate
from tools.context import ToolContext
from tools.desk_actions import asked
from tools.desk_arguments import AskSatisfaction, GoodsForOrder, NoteRestock, RateService, ShowHistory
from tools.mentions import held_by, mentions
from tools.orders import identify
from tools.results import HistoryShown, Told, ToolResult

_SHOWN = 8
_ALTERNATIVES = 3


def show_history(arguments: ShowHistory, context: ToolContext) -> ToolResult:
    """Tell the verified customer what the desk did for them before."""
    who = identify(arguments.who, context)
    if who.needed is not None or who.identity is None:
        needed = who.needed
        assert needed is not None
        notes = {**who.notes, "waiting_for": "history"}
        return ToolResult("identity is needed", needed, StateChange(desk=notes), asked(needed))
    entries = tuple(
        entry.plain()
        for entry in context.services.orders.ledger.of_customer(who.identity.customer_id, _SHOWN)
        if not arguments.kind or entry.kind == arguments.kind
    )
    text = "; ".join(f"{entry['kind']} {entry.get('order_id') or ''}" for entry in entries) or "nothing so far"
    change = StateChange(identity=who.identity, desk={**who.notes, "waiting_for": None})
    return ToolResult(text, HistoryShown(entries), change)


def ask_satisfaction(arguments: AskSatisfaction, context: ToolContext) -> ToolResult:
    """Ask once whether the request was settled well."""
    notes = {**context.state.desk, "rated": "asked", "rated_turn": context.state.turn}
    return ToolResult("asked for satisfaction", Told("satisfaction.ask"), StateChange(desk=notes))


def rate_service(arguments: RateService, context: ToolContext) -> ToolResult:
    """Keep how satisfied the customer is, from 1 to 5."""
    identity, notes = context.state.identity, context.state.desk
    if context.services.orders.valid(identity) and identity is not None:
        key = f"satisfaction/{context.session_key}/{notes.get('rated_turn')}"
        context.services.orders.ledger.add(key, identity.customer_id, "satisfaction", score=arguments.score)
    data = {"score": arguments.score}
    action = Action("satisfaction", str(arguments.score), data)
    key = "satisfaction.good" if arguments.score > 3 else "satisfaction.bad"
    change = StateChange(desk={**notes, "rated": arguments.score, "offered": "person" if arguments.score < 3 else None,
                               "offered_turn": context.state.turn})  # fmt: skip
    return ToolResult("kept", Told(key), change, (action,))


def note_restock(arguments: NoteRestock, context: ToolContext) -> ToolResult:
    """Note that the customer wants to be told when an item is there again; show others like it meanwhile."""
    catalogue, desk = context.services.recommender.catalogue, context.services.orders
    item_id = arguments.item_id or str(context.state.desk.get("missed") or "")
    if not catalogue.has(item_id):
        return ToolResult("it is not known which item is meant", Told("restock.which"))
    item = catalogue.item(item_id)
    if item.stock is None or item.stock > 0:
        return ToolResult("it is in stock", Told("restock.there", {"title": item.title}))
    who = identify(arguments.who, context)
    if who.needed is not None or who.identity is None:
        needed = who.needed
        assert needed is not None
        notes = {**who.notes, "waiting_for": "restock", "missed": item_id}
        return ToolResult("identity is needed", needed, StateChange(desk=notes), asked(needed))
    customer_id = who.identity.customer_id
    if desk.ledger.wait_for(customer_id, item_id):
        desk.ledger.add(f"restock/{customer_id}/{item_id}/{int(time.time())}", customer_id, "restock", item_id=item_id,
                        title=item.title)  # fmt: skip
    query = Query(anchors=(ItemId(item_id),), exclude=(ItemId(item_id),), user_id=context.user_id,
                  limit=_ALTERNATIVES, language=context.language)  # fmt: skip
    others = context.services.recommender.recommend(query).items
    shown = tuple(entry.item.id for entry in others)
    data: dict[str, Any] = {"item_id": item_id, "title": item.title, "customer_id": customer_id}
    change = StateChange(
        identity=who.identity, desk={**who.notes, "waiting_for": None, "missed": None}, shown=shown or None
    )
    told = Told("restock.noted", {"title": item.title}, others)
    return ToolResult(f"noted for {item_id}", told, change, (Action("notify", item.title, data),))


def goods_for_order(arguments: GoodsForOrder, context: ToolContext) -> ToolResult:
    """Recommend goods for something that the verified customer bought."""
    kept = context.state.desk.get("goods") or {}
    arguments = arguments if arguments.words else arguments.model_validate({**kept, "who": arguments.who.model_dump()})
    who = identify(arguments.who, context)
    if who.needed is not None or who.identity is None:
        needed = who.needed
        assert needed is not None
        goods = arguments.model_dump(mode="json", exclude={"who"}, exclude_defaults=True)
        notes = {**who.notes, "waiting_for": "goods", "goods": goods}
        return ToolResult("identity is needed", needed, StateChange(desk=notes), asked(needed))
    recommender, desk = context.services.recommender, context.services.orders
    notes = {**who.notes, "waiting_for": None, "goods": None}
    held = held_by(desk.orders_of(who.identity))
    found = mentions(arguments.words, held, recommender.catalogue)
    lines = [one for mention in found for one in mention.held if recommender.catalogue.has(one.line.item_id)]
    if not lines:
        return ToolResult(
            "no such thing was bought", Told("goods.unknown"), StateChange(identity=who.identity, desk=notes)
        )
    bought = lines[0].line.item_id
    try:
        wanted = tuple(validate(recommender.catalogue, one.constraint(context.state.turn)) for one in arguments.set)
    except ValueError as error:
        raise ToolRetry(str(error)) from error
    query = Query(constraints=wanted, anchors=(bought,), exclude=(bought,), user_id=context.user_id,
                  limit=context.services.shop.rules.show, language=context.language)  # fmt: skip
    ranking = recommender.recommend(query)
    related = [other for inverse in (True, False) for _, other in recommender.related(bought, inverse)]
    fits = mask(recommender.catalogue, wanted)
    own = [other for other in dict.fromkeys(related) if fits[recommender.catalogue.row(other)]]
    if own:  # what the shop says goes with it comes before what is merely like it
        items = tuple(recommender.fit_of(other, query) for other in own[: query.limit])
        ranking = replace(ranking, items=items, matches=len(own))
    shown = tuple(entry.item.id for entry in ranking.items)
    item = recommender.catalogue.item(bought)
    change = StateChange(identity=who.identity, desk=notes, shown=shown or None, focus=shown or None)
    text = ", ".join(f"[{entry.item.id}] {entry.item.title}" for entry in ranking.items) or "nothing fits"
    key = "goods.for" if own else "goods.like" if shown else "goods.none"
    return ToolResult(text, Told(key, {"title": item.title, "order": lines[0].order.id}, ranking.items), change)
