"""What a message asks the desk to change, and what its answers say: the arguments of ``prepare_changes``."""

from __future__ import annotations

import re
from typing import Any

from agent.embedded.desk_parts import (
    chosen_option,
    chosen_options,
    is_fallback,
    is_yes,
    parts_of,
    payment_words,
    wanted_in,
    wished,
    wishes_in,
)
from agent.embedded.desk_slots import address_in, order_ids, reason_in
from agent.embedded.desk_words import VERBS, DeskReading, DeskWord, read_desk
from agent.embedded.intents import IntentGuesser
from agent.embedded.message import Message
from core.conversation import Intent
from retrieval.comparing import NEGATIONS

INTENTS = {
    "cancel": Intent.CANCEL_ORDER,
    "return": Intent.RETURN,
    "exchange": Intent.EXCHANGE,
    "change_items": Intent.MODIFY_ORDER,
    "change_address": Intent.MODIFY_ORDER,
    "change_payment": Intent.MODIFY_ORDER,
    "change_home": Intent.MODIFY_ORDER,
    "give_up": Intent.RETURN,
}
KINDS = {Intent.CANCEL_ORDER: "cancel", Intent.RETURN: "return", Intent.EXCHANGE: "exchange"}
DESK = frozenset({*INTENTS.values(), Intent.ORDER_STATUS, Intent.REFUND})
_MAY = re.compile(r"\b(?:can|could|may|might) (?:i|we|you|one|people|customers)\b")
_CERTAIN = re.compile(
    r"\b(?:the|my|our|this|that(?=\W*$)|these|those|it|them|ones?|i (?:just )?(?:got|bought|ordered|received))\b"
)
_MEANT = re.compile(r"\ball (?:of )?(?:the |my )?(?:items|things) (?:that )?(?:i|you)\b")


class ChangeReader:
    """Reads changes out of messages; immutable and thread-safe."""

    def __init__(self, guesser: IntentGuesser) -> None:
        """Use the intents' examples."""
        self._guesser = guesser

    def of(self, message: Message, desk: DeskReading) -> list[dict[str, Any]] | None:
        """Return the changes that a message asks for, each with what it says of it; None when it asks for none."""
        every = desk.of(*VERBS)
        verbs = wished(desk, [word for word in every if not word.negated])
        alternative = self._alternative(message, desk)
        if alternative is not None:
            return [alternative]
        if not self._concerns_orders(message, desk, verbs):
            return None
        if every and not verbs:
            return None  # what is not to be done, or only wondered about
        if not verbs:
            guess = self._guesser.guess(message.context.message, message.context.language)
            if not guess.sure or guess.intent not in KINDS or _only_refuses(message, desk):
                return None
            return [self._described(message, desk, KINDS[guess.intent], 0, len(desk.text), single=True)]
        # What is not to be done, or only wondered about, ends a wish all the same.
        parts = [part for part in parts_of(desk, every) if any(part[1] <= verb.start < part[2] for verb in verbs)]
        return [self._described(message, desk, kind, start, end, single=False) for kind, start, end in parts]

    def _alternative(self, message: Message, desk: DeskReading) -> dict[str, Any] | None:
        """Return the exchange for one of the items that were offered for a return's reason."""
        offered = message.context.state.desk.get("offer") or ()
        chosen = [item_id for item_id in message.references.ids if item_id in offered]
        takes = desk.has("exchange", "take", "change") or bool(message.reading.roles("one", "it")) or len(chosen) == 1
        if (
            desk.has("return", "cancel")
            or not chosen
            or message.references.vague
            or not takes
            or message.cues & {"explain", "compare", "details"}
        ):
            return None
        return {"kind": "exchange", "items": [{"new_item_id": chosen[0]}]}

    def _concerns_orders(self, message: Message, desk: DeskReading, verbs: list[DeskWord]) -> bool:
        """Tell whether a message is about the customer's own orders rather than about the shop's rules or goods."""
        state = message.context.state
        if desk.has("asking") and not order_ids(desk.text, digits=False):
            return False
        if order_ids(desk.text, digits=False):
            return True
        if _asks_in_general(message, desk, verbs):
            return False
        guess = self._guesser.guess(message.context.message, message.context.language)
        if guess.sure and guess.intent is Intent.POLICY and state.identity is None:
            return False
        if state.awaiting in ("detail", "confirmation"):
            return True
        if guess.sure and guess.intent in (*KINDS, Intent.MODIFY_ORDER):
            return True
        own = desk.has("order", "own") or state.topic in DESK
        about = own or state.identity is not None
        outright = [word for word in verbs if word.roles & {"cancel", "return", "exchange", "give_up"}]
        shopping = bool(state.shown) and state.topic not in DESK and not desk.has("order", "own")
        if not outright:
            begins = desk.has("wish") and not state.shown and not message.needs.empty
            return (about or desk.has("mine") or begins) and bool(verbs) and not shopping
        if shopping:  # "what could replace it?" among goods on screen asks for goods
            return False
        after = desk.text[outright[0].end :]
        ending = re.search(r"[.!?。！？]", after)
        asks = ending is not None and ending.group() in "?？"
        wishes = (desk.has("wish") and not asks) or any("give_up" in word.roles for word in outright)
        return about or wishes or guess.intent in INTENTS.values()

    def _described(
        self, message: Message, desk: DeskReading, kind: str, start: int, end: int, *, single: bool
    ) -> dict[str, Any]:
        """Return one change with what its part of the message says."""
        said = message.context.message if len(message.context.message) == len(desk.text) else desk.text
        part = said if single else said[start:end]
        inner = read_desk(part)
        ids = order_ids(inner.text, digits=False) or order_ids(desk.text, digits=False)[:1]
        change: dict[str, Any] = {"kind": kind, "words": part[:2000]}
        if at_fallback := is_fallback(part):
            change["fallback"] = at_fallback
        if start and kind != "cancel":  # what was said before it may tell which thing is meant
            change["hint"] = said[:start][-400:]
        if ids:
            change["order_id"] = ids[0]
        if inner.has("all") and not _MEANT.search(inner.text) and kind in ("return", "exchange"):
            change["all_items"] = True
        if kind in ("cancel", "return", "exchange") and (reason := reason_in(part, inner)) is not None:
            change["reason"] = reason[:500]
        if kind == "return" and change.get("reason"):
            change["wishes"] = wishes_in(message)
        change |= self._wanted(message, desk, kind, part)
        return {name: value for name, value in change.items() if value not in ([], None)}

    def _wanted(self, message: Message, desk: DeskReading, kind: str, part: str) -> dict[str, Any]:
        """Return what a part says of what is to be instead: items, address, payment method."""
        inner = read_desk(part)
        change: dict[str, Any] = {}
        if kind in ("exchange", "change_items"):
            change["set"] = wanted_in(message, part)
            if chosen := self._pointed(message):
                change["items"] = [{"new_item_id": chosen}]
        if kind in ("change_address", "change_home"):
            address = address_in(part, whole=False)
            change |= {"address": address} if address else {"home": True} if inner.has("home") else {}
        paying = inner if inner.has("payment") else desk
        if paying.has("payment") and kind not in ("cancel", "change_address", "change_home"):
            change["method"] = payment_words(paying)
        return change

    def _pointed(self, message: Message) -> str | None:
        references = message.references
        asked = message.context.state.desk.get("asking") == "new_item"
        return str(references.ids[0]) if references.ids and not references.vague and asked else None

    def detail(self, message: Message, desk: DeskReading, asked: str) -> dict[str, Any] | None:
        """Return what an answer says of what was asked for; None when it says nothing of it."""
        text = message.context.message.strip()[:500]
        option = chosen_option(message)
        match asked:
            case "order":
                ids = order_ids(desk.text, digits=True)
                return {"order_id": ids[0] if ids else option} if ids or option else {"words": text}
            case "items":
                return _items(message, desk, text)
            case "whole_order":
                yes = is_yes(message, desk) or desk.has("all", "cancel")
                order = message.context.state.desk.get("asked_order")
                return {"whole": [str(order)]} if yes and order else None
            case "reason":
                return {"reason": reason_in(text, desk) or text, "wishes": wishes_in(message)}
            case "cancel_reason":
                return {"reason": option or text}
            case "new_item":
                pointed = option or self._pointed(message)
                wanted = wanted_in(message, text)
                return {"items": [{"new_item_id": pointed}]} if pointed else {"set": wanted} if wanted else None
            case "address":
                address = address_in(text, whole=True)
                return {"address": address} if address else {"home": True} if desk.has("home") else None
            case "method":
                return {"method": option or text}
        return None


def _asks_in_general(message: Message, desk: DeskReading, verbs: list[DeskWord]) -> bool:
    """Tell whether a message asks what one may do with no certain thing: "can I return opened headphones?"."""
    state = message.context.state
    if not message.asks or not verbs or state.awaiting is not None:
        return False
    pointed = message.references.ids and not message.references.vague
    certain = desk.has("order", "own", "mine") or pointed or _CERTAIN.search(desk.text[verbs[0].end :])
    return bool(_MAY.search(desk.text[: verbs[0].start])) and not certain


def _only_refuses(message: Message, desk: DeskReading) -> bool:
    """Tell whether a message does no more than turn down values of the catalogue: "不要东单" cancels no order."""
    constraints = message.needs.constraints
    refuses = all(one.op in NEGATIONS or one.value is False for one in constraints)
    return bool(constraints) and refuses and not desk.of("order", "own")


def _items(message: Message, desk: DeskReading, text: str) -> dict[str, Any]:
    """Return the lines that an answer chooses: of one order by item, of several by order and item, or in words."""
    options = [str(one) for one in message.context.state.desk.get("options") or ()]
    chosen = options if desk.has("all") and any("|" in one for one in options) else chosen_options(message)
    if any("|" in one for one in options):
        return {"picks": chosen} if chosen else {"hint": text}
    if desk.has("all"):
        return {"all_items": True}
    return {"items": [{"item_id": one} for one in chosen] or [{"words": text}]}
