"""Tools of the service desk that touch no order: policies, profile, hand-off."""

from __future__ import annotations

from collections.abc import Sequence

from commerce.mood import mood_of
from core.conversation import StateChange
from core.entities import EventKind, Item, ItemId
from core.events import Action
from tools.arguments import HandOff, SearchPolicies, ShowProfile
from tools.context import ToolContext
from tools.desk_arguments import TakeBack
from tools.profile import stated
from tools.results import HandedOff, PassagesFound, ProfileShown, ToolResult

_PREPARED = frozenset({"cancel", "return", "exchange", "change_items", "change_address", "change_payment"})
_HISTORY = 5


def search_policies(arguments: SearchPolicies, context: ToolContext) -> ToolResult:
    """Find what the shop's policies say."""
    passages = context.services.policies.search(arguments.question, context.language, 2)
    text = "\n".join(f"[{passage.ref}] {passage.text}" for passage in passages) or "the documents do not say"
    procedure = None if passages else _settled_by(arguments.question, context)
    if procedure:
        text += f"; similar requests were settled by: {procedure}"
    offered = None if passages else procedure or "person"
    notes = {**context.state.desk, "offered": offered, "offered_turn": context.state.turn}
    return ToolResult(text, PassagesFound(arguments.question, passages, procedure), StateChange(desk=notes))


def _settled_by(question: str, context: ToolContext) -> str | None:
    """Return how requests like this were settled, when that is something that the desk can prepare."""
    cases = context.services.cases
    found = cases.similar(question, context.language, 1) if cases else ()
    return found[0].case.procedure if found and found[0].case.procedure in _PREPARED else None


def show_profile(arguments: ShowProfile, context: ToolContext) -> ToolResult:
    """Tell what is known of the user."""
    recommender, wants = context.services.recommender, context.state.wants
    history = recommender.user_items(context.user_id) if context.user_id else {}

    def items(*kinds: EventKind, said: Sequence[ItemId] = ()) -> tuple[Item, ...]:
        found = [item_id for item_id, events in history.items() if set(events) & set(kinds)]
        ids = dict.fromkeys((*said, *found[:10]))
        return tuple(recommender.catalogue.items([item_id for item_id in ids if recommender.catalogue.has(item_id)]))

    liked = items(EventKind.LIKE, said=wants.liked)
    disliked = items(EventKind.DISLIKE, said=wants.disliked)
    shown = ProfileShown(
        liked, disliked, items(EventKind.PURCHASE), items(EventKind.VIEW, EventKind.CLICK), wants,
        known=context.user_id is not None, stated=stated(context),
    )  # fmt: skip
    return ToolResult("what is known of the user", shown)


def hand_off(arguments: HandOff, context: ToolContext) -> ToolResult:
    """Give the conversation to a person, with a summary and what was tried; the bot is silent from then on."""
    notes, identity = context.state.desk, context.state.identity
    known = identity if context.services.orders.valid(identity) else None
    data = {
        "why": arguments.why,
        "language": context.language,
        "customer_id": known.customer_id if known else None,
        "order_id": notes.get("order_id") if known else None,
        "tried": list(notes.get("tried", ())),
        "waiting": [draft.get("kind") for draft in notes.get("drafts") or ()],
    }
    words = [str(entry["words"]) for entry in notes.get("tried", ()) if entry.get("words")]
    words += [str(draft["words"]) for draft in notes.get("drafts") or () if draft.get("words")]
    summary = " | ".join(dict.fromkeys([*words[-3:], arguments.summary]))[:2000]
    mood = mood_of(" ".join([summary, arguments.summary]), context.language, context.services.recommender.embedder)
    data |= {"sentiment": mood.sentiment, "urgency": "high" if mood.urgent or arguments.why == "risk" else "normal"}
    if known is not None:
        data["history"] = [
            one.plain() for one in context.services.orders.ledger.of_customer(known.customer_id, _HISTORY)
        ]
        key = f"handoff/{context.session_key}/{context.state.turn}"
        context.services.orders.ledger.add(key, known.customer_id, "handoff", notes.get("order_id"), why=arguments.why)
    if context.services.cases is not None:
        data["similar_cases"] = [one.plain() for one in context.services.cases.similar(summary, context.language)]
    action = Action("handoff", summary, data)
    after = {**notes, "handoff": arguments.why, "pending": None, "asking": None}
    change = StateChange(desk=after if context.issued else None)
    return ToolResult("handed over to a person", HandedOff(summary, arguments.why), change, (action,))


def take_back(arguments: TakeBack, context: ToolContext) -> ToolResult:
    """Give the conversation back to the assistant."""
    notes = {**context.state.desk, "handoff": None}
    return ToolResult("the assistant answers again", HandedOff("", "given_back"), StateChange(desk=notes))
