"""The service desk's acts: who the customer is, what they want changed, their yes or no, the cart, a person.

They come before shopping. Each returns a decision, or None when the message is none of its business; the desk's tools
decide what is allowed and what is still needed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.embedded.desk_care import care, offered, resumed
from agent.embedded.desk_changes import DESK, INTENTS, ChangeReader
from agent.embedded.desk_parts import is_yes, pieces_in
from agent.embedded.desk_slots import email_in, name_and_postcode, order_ids
from agent.embedded.desk_words import DeskReading, read_desk
from agent.embedded.intents import Guess, IntentGuesser
from agent.embedded.lexicon import Kind
from agent.embedded.message import Message
from agent.embedded.requests import Requests
from agent.ports import Decision, ToolCall
from core.conversation import Intent

_BUT = re.compile(r"\bnot (?:the|that|this|my)\s+\w|\b(?:except|without|only)\b|(?:不要|不是|别退|别换)[一-鿿]{2,}")
_PATIENCE = 2
"""Misunderstandings in a row before a person is called."""


class DeskActs:
    """Reads messages for the desk; immutable and thread-safe."""

    def __init__(self, guesser: IntentGuesser, requests: Requests) -> None:
        """Use the intents' examples and the shop's vocabulary."""
        self._guesser = guesser
        self._requests = requests
        self._changes = ChangeReader(guesser)

    # In order of precedence

    def first(self, message: Message) -> Decision | None:
        """Return what goes before everything else: silence after a hand-off, risk, a yes or no, an identity."""
        desk = read_desk(message.context.message).outside(message.shop_places(), message.shop_places(Kind.CATEGORY))
        for act in (self._silent, self._alarm, self._confirmation, self._identity):
            decision = act(message, desk)
            if decision is not None:
                return decision
        return None

    def then(self, message: Message) -> Decision | None:
        """Return what the desk makes of a message that asks for no person and takes nothing back."""
        desk = read_desk(message.context.message).outside(message.shop_places(), message.shop_places(Kind.CATEGORY))
        whole = message.context.state.desk.get("asking") == "whole_order"
        if desk.has("only") and (decision := self._amend(message, desk)) is not None:
            return decision
        if whole and (decision := self._answer(message, desk)) is not None:
            return decision
        if (decision := care(message, desk)) is not None:
            return decision
        for act in (self._change, self._answer, self._amend, self._refund, self._cart, self._orders):
            decision = act(message, desk)
            if decision is not None:
                return decision
        return None

    def hand_off(self, message: Message, why: str = "requested") -> Decision:
        """Return the decision to call a person."""
        call = ToolCall("hand_off", {"summary": self._requests.summary(message), "why": why})
        intents = (Intent.HANDOFF,) if why == "requested" else (Intent.COMPLAINT, Intent.HANDOFF)
        return Decision((Intent.HANDOFF,) if why in ("requested", "misunderstood", "policy") else intents, (call,))

    def complaint(self, message: Message, score: float) -> Decision:
        """Say sorry and ask; a second complaint calls a person."""
        if message.context.state.topic is Intent.COMPLAINT:
            return self.hand_off(message, "anger")
        return Decision((Intent.COMPLAINT,), confidence=score)

    def buys(self, message: Message) -> bool:
        """Tell whether a message has words of buying: an ordinal alone is no purchase."""
        return read_desk(message.context.message).has("take", "take_out", "cart")

    def cart(self, message: Message) -> Decision:
        """Return what to do about a message that is about buying, when it does not say what."""
        if read_desk(message.context.message).has("cart"):
            return Decision((Intent.CART,), (ToolCall("show_cart"),))
        shown = len(message.context.on_screen)
        return Decision((Intent.CART,), note="which_item" if shown else "nothing_shown", note_data={"shown": shown})

    def lost(self, message: Message) -> bool:
        """Tell whether this misunderstanding is one too many."""
        return message.context.state.unclear >= _PATIENCE

    # Before everything else

    def _silent(self, message: Message, desk: DeskReading) -> Decision | None:
        if not message.context.state.desk.get("handoff"):
            return None
        if desk.has("resume"):
            return Decision((Intent.HANDOFF,), (ToolCall("take_back"),))
        misunderstood = message.context.state.desk.get("handoff") == "misunderstood"
        if misunderstood and not message.needs.empty:  # nobody asked for a person: what is clear now is answered
            calls = (ToolCall("take_back"), self._requests.recommend(message, fresh=False))
            return Decision((Intent.RECOMMEND,), calls)
        return Decision((Intent.HANDOFF,), note="handed_off")

    def _alarm(self, message: Message, desk: DeskReading) -> Decision | None:
        if desk.has("risk"):
            return self.hand_off(message, "risk")
        if not desk.has("anger"):
            return None
        if message.context.state.topic is Intent.COMPLAINT:
            return self.hand_off(message, "anger")
        # Once: what is asked for is done, with an apology; else ask what went wrong and offer a person.
        decision = self._identity(message, desk) or self.then(message)
        if decision is None or not decision.calls:
            return Decision((Intent.COMPLAINT,))
        return replace(decision, intents=(*decision.intents, Intent.COMPLAINT))

    def _confirmation(self, message: Message, desk: DeskReading) -> Decision | None:
        state, cues = message.context.state, message.cues
        waits = state.awaiting == "confirmation"
        deny = "deny" in cues and "confirm" not in cues and not desk.has("no_reason")
        if waits and is_yes(message, desk):
            return Decision((Intent.CONFIRM,), (ToolCall("confirm_changes"),))
        if (waits or state.awaiting == "detail") and deny and not self._corrects(message, desk):
            left_out = state.awaiting == "detail" and len(state.desk.get("drafts") or ()) > 1
            if left_out:  # a no to one question leaves the other changes alone
                return Decision((Intent.DENY,), (ToolCall("prepare_changes", {"skip": True}),))
            return Decision((Intent.DENY,), (ToolCall("drop_changes"),))
        if waits or not is_yes(message, desk):
            return None
        if state.desk.get("person") and state.awaiting == "person":
            return self.hand_off(message, "policy")
        if taken := offered(message, desk):
            if taken == "person":
                return self.hand_off(message, "policy")
            return Decision((INTENTS[taken],), (ToolCall("prepare_changes", {"changes": [{"kind": taken}]}),))
        if state.desk.get("pending"):  # something else was spoken of since: read it back once more
            return Decision((Intent.CONFIRM,), (ToolCall("prepare_changes"),))
        if state.desk.get("done") and state.topic is Intent.CONFIRM and state.question is None:
            return Decision((Intent.CONFIRM,), (ToolCall("confirm_changes"),))
        return None

    def _corrects(self, message: Message, desk: DeskReading) -> bool:
        """Tell whether a "no" says what it should be instead: then it drops nothing."""
        if message.context.state.desk.get("asking") == "whole_order" and message.context.state.awaiting == "detail":
            return desk.has("cancel", "all")
        if _BUT.search(desk.text):
            return True
        things = not message.needs.empty or desk.of("payment", "address", "only") or message.references.ids
        return bool(things) or self._changes.of(message, desk) is not None

    def _identity(self, message: Message, desk: DeskReading) -> Decision | None:
        """Take what proves who the customer is, and go on with what they wanted."""
        state = message.context.state
        waiting = state.awaiting == "identity"
        by_name = message.context.shop.asks_for == "name_postcode"
        email = email_in(message.context.message)
        said: dict[str, Any] = {"email": email} if email else {}
        if by_name and (waiting or desk.of("coded", "named")):
            said |= name_and_postcode(message.context.message, desk, expected=waiting)
        ids = order_ids(desk.text, digits=waiting and not by_name)
        if ids and (waiting or said):
            said["order_id"] = ids[0]
        if not said or not (waiting or email or {"name", "postcode"} <= set(said)):
            return None
        changes = self._changes.of(message, desk) or []
        begun = state.desk.get("drafts")
        if not changes and not begun and (going_on := resumed(message, said)) is not None:
            return going_on
        if not changes and not begun:
            known = state.topic if state.topic in DESK else Intent.ORDER_STATUS
            intent = Intent.REFUND if desk.has("refund") else known or Intent.ORDER_STATUS
            return Decision((intent,), (self._look_up(intent, said, desk),))
        kinds = [change["kind"] for change in changes] or [draft["kind"] for draft in begun or ()]
        intents = tuple(dict.fromkeys(INTENTS[kind] for kind in kinds))
        return Decision(intents, (ToolCall("prepare_changes", {"changes": changes, "who": said}),))

    def _look_up(self, intent: Intent, said: dict[str, Any], desk: DeskReading) -> ToolCall:
        if intent is Intent.REFUND or desk.has("refund"):
            return ToolCall("refund_status", {"who": said})
        return ToolCall("order_status", said)

    # Changes

    def _change(self, message: Message, desk: DeskReading) -> Decision | None:
        changes = self._changes.of(message, desk)
        state = message.context.state
        begun = state.desk.get("drafts") and state.awaiting in ("confirmation", "detail")
        if not changes or (begun and desk.has("only") and state.awaiting == "confirmation"):
            return None  # what is left of it is a correction
        intents = tuple(dict.fromkeys(INTENTS[change["kind"]] for change in changes))
        anew = message.context.state.awaiting == "confirmation" and ("deny" in message.cues or desk.has("mind"))
        arguments: dict[str, Any] = {"changes": changes, **({"replace": True} if anew else {})}
        return Decision(intents, (ToolCall("prepare_changes", arguments),))

    def _answer(self, message: Message, desk: DeskReading) -> Decision | None:
        """Take the answer to what the desk asked for."""
        state = message.context.state
        drafts = state.desk.get("drafts") or ()
        if state.awaiting != "detail" or not drafts or message.cues & {"compare", "explain", "reset", "undo"}:
            return None
        change = self._changes.detail(message, desk, str(state.desk.get("asking")))
        if change is None:
            return None
        place = state.desk.get("asked_at")
        alike = [d for d in drafts if d["kind"] == state.desk.get("asked_kind")]
        draft = drafts[place] if isinstance(place, int) and place < len(drafts) else (alike or drafts)[0]
        known = {"order_id": draft["order_id"]} if draft.get("order_id") else {}
        arguments = {"changes": [{"kind": draft["kind"], **known, **change}], "answers": True}
        return Decision((INTENTS[draft["kind"]],), (ToolCall("prepare_changes", arguments),))

    def _amend(self, message: Message, desk: DeskReading) -> Decision | None:
        """Take a correction of what was read back or begun: "not the lamp", "only the chair", "with PayPal"."""
        state, text = message.context.state, message.context.message
        drafts = state.desk.get("drafts") or ()
        if state.awaiting not in ("confirmation", "detail") or not drafts or message.cues & {"compare", "explain"}:
            return None
        if text.rstrip().endswith(("?", "？")) or desk.has("asking", "where", "list", "cart"):
            return None
        call = ToolCall("prepare_changes", {"amend": text.strip()[:1000]})
        return Decision((INTENTS[drafts[0]["kind"]],), (call,))

    # Questions about orders, and the cart

    def _refund(self, message: Message, desk: DeskReading) -> Decision | None:
        guess = self._guess(message)
        asks = desk.has("refund") and desk.has("where") and not desk.has("asking")
        if not asks and not (guess.sure and guess.intent is Intent.REFUND):
            return None
        ids = order_ids(desk.text, digits=False)
        return Decision((Intent.REFUND,), (ToolCall("refund_status", {"who": {"order_id": ids[0]}} if ids else {}),))

    def _orders(self, message: Message, desk: DeskReading) -> Decision | None:
        """List the orders, or look up the one that is named."""
        ids = order_ids(desk.text, digits=False)
        if desk.has("list") and not ids:
            return Decision((Intent.ORDER_STATUS,), (ToolCall("list_orders"),))
        known = message.context.state.identity is not None or message.context.state.topic in DESK
        if ids and (known or desk.has("order", "where")) and message.needs.empty:
            return Decision((Intent.ORDER_STATUS,), (ToolCall("order_status", {"order_id": ids[0]}),))
        return None

    def _cart(self, message: Message, desk: DeskReading) -> Decision | None:
        references = message.references
        out = desk.has("take_out")
        pointed = bool(references.ids) and not references.vague and not message.context.message.rstrip().endswith("?")
        takes = desk.has("take") or out or (desk.has("cart") and pointed)
        if takes and references.ids and not (references.vague and len(references.ids) > 1):
            count = 0 if out else pieces_in(message)
            items = [{"item_id": str(item_id), "quantity": count} for item_id in references.ids[:5]]
            return Decision((Intent.CART,), (ToolCall("put_in_cart", {"items": items}),))
        if desk.has("take") and references.vague and message.context.on_screen and message.needs.empty:
            return Decision((Intent.CART,), note="which_item", note_data={"shown": len(message.context.on_screen)})
        if desk.has("cart") and message.needs.empty:
            return Decision((Intent.CART,), (ToolCall("show_cart"),))
        return None

    def _guess(self, message: Message) -> Guess:
        return self._guesser.guess(message.context.message, message.context.language)
