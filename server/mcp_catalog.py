"""The MCP tools over catalogue and policies. None of them changes anything at the shop."""

from __future__ import annotations

from typing import Any, cast

from agent.direct import DirectCall
from agent.embedded.reasons import annotate
from core.entities import Language, UserId
from core.events import ConstraintEdit, TurnDone, TurnRequest
from retrieval.validation import validate
from server import mcp_arguments as args
from server import mcp_results as told
from server.mcp_port import Caller, Refused
from server.rendering import extension
from tools.results import Compared, Detailed, PassagesFound, Recommended


async def search_catalog(call: args.SearchCatalog, caller: Caller) -> told.Found:
    """Search the shop's catalogue by words and by typed filters (price, brand, category and every other facet)."""
    if not call.query.strip() and not call.filters and not call.sort:
        raise Refused("give a query, filters or a sort: an empty search finds nothing in particular")
    arguments = {
        "query": call.query, "set": [entry.model_dump(mode="json") for entry in call.filters],
        "sort": [entry.model_dump() for entry in call.sort] or None, "limit": call.limit,
    }  # fmt: skip
    found = await _read("recommend_items", arguments, call.language, caller)
    if not isinstance(found, Recommended):
        raise Refused("nothing was searched")
    language = caller.language(call.language)
    products = [_told(entry, language, caller) for entry in found.ranking.items]
    return told.Found(products=products, total=found.ranking.matches)


async def lookup_catalog(call: args.LookupCatalog, caller: Caller) -> told.LookedUp:
    """Look up several products by their ids: current price, stock and attributes of each."""
    catalogue, language = caller.assistant.recommender.catalogue, caller.language(call.language)
    ids = list(dict.fromkeys(call.ids))
    known = [item_id for item_id in ids if catalogue.has(item_id)]
    products = [told.product(catalogue.item(item_id), language, base=caller.base) for item_id in known]
    return told.LookedUp(products=products, missing=[item_id for item_id in ids if item_id not in known])


async def get_product(call: args.GetProduct, caller: Caller) -> told.Details:
    """Get one product with its full description, all attributes and related products."""
    found = await _read("item_details", {"item_ids": [call.id]}, call.language, caller)
    if not isinstance(found, Detailed):
        raise Refused("nothing was found")
    language = caller.language(call.language)
    item = found.items[0].item
    related = [
        told.Related(relation=relation, id=other.id, title=other.text("title", language))
        for relation, other in found.related.get(str(item.id), ())
    ]
    return told.Details(product=told.product(item, language, most=told.LONG, base=caller.base), related=related)


async def recommend(call: args.Recommend, caller: Caller) -> told.Answered:
    """Recommend products for a need in the shopper's own words, with reasons; a session goes on ("cheaper", "why?")."""
    assistant = caller.assistant
    catalogue = assistant.recommender.catalogue
    try:
        edited = tuple(validate(catalogue, entry.constraint(0)) for entry in call.filters)
    except ValueError as error:
        raise Refused(f"filters: {error}") from error
    session = caller.session(call.session_id, call.user)
    request = TurnRequest(
        call.need,
        session,
        user_id=UserId(call.user) if call.user else None,
        language=call.language and caller.language(call.language),
        edit=ConstraintEdit((), edited) if edited else None,
        read_only=True,
    )
    async for event in assistant.stream(request):
        if isinstance(event, TurnDone):
            reply = event.reply
    found = extension(reply)
    return told.Answered(
        session_id=reply.session_id,
        answer=reply.text,
        products=[told.recommended(entry, reply.language, base=caller.base) for entry in reply.items],
        constraints=found["constraints"],
        question=found["question"],
        relaxed=found["relaxed"],
    )


async def compare(call: args.Compare, caller: Caller) -> told.Comparison:
    """Compare two to six products: what differs first, and which is best where one end is better."""
    found = await _read("compare_items", {"item_ids": call.ids}, call.language, caller)
    if not isinstance(found, Compared):
        raise Refused("nothing was compared")
    language, facets = caller.language(call.language), caller.assistant.recommender.catalogue.facets
    return told.Comparison(
        products=[told.product(entry.item, language, base=caller.base) for entry in found.items],
        rows=[told.row(found, at, facets[entry.field], language) for at, entry in enumerate(found.facets)],
    )


async def search_policies(call: args.AskPolicies, caller: Caller) -> told.PoliciesFound:
    """Find what the shop's policies say (returns, delivery, payment, warranty …); quote them with their source."""
    found = await _read("search_policies", {"question": call.question}, call.language, caller)
    passages = found.passages if isinstance(found, PassagesFound) else ()
    return told.PoliciesFound(passages=[told.passage(each) for each in passages])


async def _read(name: str, arguments: dict[str, Any], language: Language | None, caller: Caller) -> object:
    """Run a tool that leaves nothing behind, and return its evidence."""
    session = caller.assistant.new_session(caller.scope())
    call = DirectCall(session, name, arguments, caller.language(language), keep=False)
    return (await caller.assistant.call(call)).evidence


def _told(entry: Any, language: Language, caller: Caller) -> told.Product:
    worded = annotate(entry, cast("Any", caller.assistant.recommender.catalogue), language)
    return told.recommended(worded, language, base=caller.base)
