"""The desk's acts around a request: what was done before, wishes to be told, goods for an order, satisfaction."""

from __future__ import annotations

import re
from typing import Any

from agent.embedded.desk_parts import is_yes
from agent.embedded.desk_words import VERBS, DeskReading
from agent.embedded.message import Message
from agent.embedded.requests import constraint_argument
from agent.ports import Decision, ToolCall
from commerce.mood import mood_of
from core.conversation import Intent

_SCORE = re.compile(r"(?<![\d.])([1-5])(?:\s*(?:/|out of|分|星|stars?)\s*(?:5|five)?)?(?![\d.])")
_FITS = re.compile(
    r"\b(?:for|with|to go with|that fits?|fits?|compatible with|suits?)\s+(?:the|my|that)\s+(.+)|"
    r"(?:配|适合|给)我?(.+?)(?:用的|的)?(?:配件|套|壳|$)",
    re.IGNORECASE,
)
_TOPICS = {"return": "return", "exchange": "exchange", "cancel": "cancel", "refund": "return"}


def care(message: Message, desk: DeskReading) -> Decision | None:
    """Return what a message about earlier requests, missed goods or goods for an order asks for; else None."""
    for act in (_rating, _history, _restock, _goods, _farewell):
        decision = act(message, desk)
        if decision is not None:
            return decision
    return None


def resumed(message: Message, said: dict[str, Any]) -> Decision | None:
    """Return what goes on once the customer has said who they are."""
    match message.context.state.desk.get("waiting_for"):
        case "history":
            return Decision((Intent.ORDER_STATUS,), (ToolCall("show_history", {"who": said}),))
        case "restock":
            return Decision((Intent.CART,), (ToolCall("note_restock", {"who": said}),))
        case "goods":
            return Decision((Intent.RECOMMEND,), (ToolCall("goods_for_order", {"who": said}),))
    return None


def offered(message: Message, desk: DeskReading) -> str | None:
    """Return what was offered in the last answer (``person``, or a kind of change) when the message takes it up."""
    notes, turn = message.context.state.desk, message.context.state.turn
    fresh = notes.get("offered") and notes.get("offered_turn") == turn - 1
    return str(notes["offered"]) if fresh and is_yes(message, desk) else None


def _rating(message: Message, desk: DeskReading) -> Decision | None:
    notes = message.context.state.desk
    if notes.get("rated") != "asked" or notes.get("rated_turn") != message.context.state.turn - 1:
        return None
    text = message.context.message
    found = _SCORE.search(text)
    mood = mood_of(text, message.context.language)
    if found and len(text) < 60:
        score = int(found.group(1))
    elif mood.sentiment == "positive" or is_yes(message, desk):
        score = 5
    elif mood.sentiment == "negative":
        score = 1
    elif "deny" in message.cues and message.needs.empty and not desk.of(*VERBS):
        score = 2
    else:
        return None
    return Decision((Intent.FEEDBACK,), (ToolCall("rate_service", {"score": score}),))


def _history(message: Message, desk: DeskReading) -> Decision | None:
    if not desk.has("history"):
        return None
    kind = next((_TOPICS[role] for word in desk.words for role in sorted(word.roles) if role in _TOPICS), "")
    return Decision((Intent.ORDER_STATUS,), (ToolCall("show_history", {"kind": kind} if kind else {}),))


def _restock(message: Message, desk: DeskReading) -> Decision | None:
    if not desk.has("restock"):
        return None
    references = message.references
    chosen = references.ids[0] if references.ids and not (references.vague and len(references.ids) > 1) else None
    return Decision((Intent.CART,), (ToolCall("note_restock", {"item_id": str(chosen)} if chosen else {}),))


def _goods(message: Message, desk: DeskReading) -> Decision | None:
    """Take "a case for the phone I bought": goods for something that is in an order."""
    if message.needs.category is None or desk.of(*VERBS) or not desk.has("own"):
        return None
    found = _FITS.search(message.context.message)
    if found is None:
        return None
    words = next(part for part in found.groups() if part)
    before = message.context.message[: found.start()] or message.context.message
    constraints = [constraint_argument(one) for one in message.needs.constraints if not one.text or one.text in before]
    arguments = {"words": words.strip()[:400], "set": constraints}
    return Decision((Intent.RECOMMEND,), (ToolCall("goods_for_order", arguments),))


def _farewell(message: Message, desk: DeskReading) -> Decision | None:
    """Ask once, when something was settled and the customer takes their leave, whether they are satisfied."""
    notes, cues = message.context.state.desk, message.cues
    if not notes.get("done") or notes.get("rated") or not message.needs.empty or desk.of(*VERBS):
        return None
    if message.context.state.awaiting or not cues & {"thanks", "goodbye"} or message.context.message.endswith("?"):
        return None
    intent = Intent.THANKS if "thanks" in cues else Intent.GOODBYE
    return Decision((intent,), (ToolCall("ask_satisfaction"),))
