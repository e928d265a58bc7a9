"""From what a customer said to a change that the desk can prepare: the order, the items, what else is needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from commerce.changes import (
    CancelOrder,
    Change,
    ChangeAddress,
    ChangeHome,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    ReturnItems,
    Swap,
)
from commerce.records import Address, Customer, Order, OrderLine, PaymentMethod, order_facts
from core.conversation import Identity
from core.entities import Constraint, Item, ItemId, Recommendation
from core.errors import ServiceError, ToolRetry
from retrieval.validation import validate
from tools.addresses import completed, known_address
from tools.context import ToolContext
from tools.desk_arguments import DeskChange, DeskItem
from tools.lacking import Lacking
from tools.matching import accepted_reason, described, named_lines, named_method, pieces_of, replacements
from tools.resolving import Resolver
from tools.results import DetailNeeded

_CHOICES = 8
_NAMED = re.compile(r"paypal|gift ?card|credit ?card|visa|master ?card|amex|wallet|bank|礼品卡|信用卡|微信|支付宝|钱包")
_ORIGINAL = re.compile(r"\b(?:original|same|first)\b|原")
_OTHER = re.compile(r"\b(?:other|another|different)\b|另一|其他")


@dataclass(frozen=True, slots=True)
class Filled:
    """A draft with everything known, and the change that it makes."""

    draft: DeskChange
    change: Change


class Filler:
    """Fills drafts for one verified customer in one turn."""

    def __init__(self, identity: Identity, spoken_of: str | None, context: ToolContext) -> None:
        """Look at the customer's orders; ``spoken_of`` is the order that the conversation is about."""
        self._desk, self._context = context.services.orders, context
        self._identity, self._spoken_of = identity, spoken_of
        self._rules = context.services.shop.returns
        self._catalogue = context.services.recommender.catalogue
        self._customer: Customer = self._desk.customer(identity)
        self._orders = self._desk.orders_of(identity)
        self._resolver = Resolver(self._orders, self._customer, self._rules, self._catalogue, spoken_of)

    def expand(self, draft: DeskChange, near: frozenset[str] = frozenset()) -> list[DeskChange]:
        """Return a draft for each order that a clause concerns; ``near`` are orders the request is about already.

        Raises:
            Lacking: which lines are meant cannot be told.
        """
        self._resolver.near = near
        return self._resolver.expand(draft)

    def fill(self, draft: DeskChange) -> Filled:
        """Return the change that a draft makes.

        Raises:
            Lacking: something is needed first.
            ServiceError: ``order_not_found``, or a rule forbids it in any case.
        """
        if draft.kind == "change_home":
            return Filled(draft, ChangeHome(self._address(draft, None)))
        order = self._order(draft)
        draft = draft.model_copy(update={"order_id": order.id, "kind": self._kind(draft, order)})
        match draft.kind:
            case "cancel":
                return Filled(draft, CancelOrder(order.id, self._cancel_reason(draft)))
            case "return":
                return self._return(draft, order)
            case "exchange" | "change_items":
                return self._swap(draft, order)
            case "change_address":
                return Filled(draft, ChangeAddress(order.id, self._address(draft, order)))
            case _:
                return Filled(draft, ChangePayment(order.id, self._method(draft, order, needed=True) or ""))

    # The order

    def _order(self, draft: DeskChange) -> Order:
        """Return the order that a draft is about: named, holding what is named, or the only one it can be."""
        if draft.order_id:
            return self._desk.order(self._identity, draft.order_id)
        orders = self._desk.orders_of(self._identity)
        if not orders:
            raise ServiceError("there are no orders", code="order_not_found")
        words = " ".join([draft.words, *(item.words for item in draft.items)])
        open_ones = [order for order in orders if order.status.value in self._statuses(draft)]
        spoken = next((order for order in orders if order.id == self._spoken_of), None)
        holding = [order for order in open_ones if named_lines(words, order, self._catalogue)]
        if spoken is not None and (spoken in holding or not holding):
            return spoken
        if len(holding) == 1 or (not holding and len(open_ones) == 1):
            return (holding or open_ones)[0]
        if not open_ones:
            # None can be changed: the rules say why, of the one that is most likely meant.
            named = [order for order in orders if named_lines(words, order, self._catalogue)]
            return (named or list(orders))[0]
        choices = tuple(order_facts(order) for order in (holding or open_ones)[:_CHOICES])
        options = tuple((str(order["order_id"]), str(order["order_id"])) for order in choices)
        raise Lacking(DetailNeeded("order", draft.kind, options=options, orders=choices), draft)

    def _statuses(self, draft: DeskChange) -> Sequence[str]:
        rules = self._rules
        if draft.kind in ("exchange", "change_items"):
            return (*rules.exchangeable, *rules.modifiable)
        return {"cancel": rules.cancellable, "return": rules.returnable}.get(draft.kind, rules.modifiable)

    def _kind(self, draft: DeskChange, order: Order) -> str:
        """Return the kind of a swap that the order's status allows: before it leaves, or after it came."""
        if draft.kind in ("exchange", "change_items"):
            if order.status.value in self._rules.modifiable:
                return "change_items"
            if order.status.value in self._rules.exchangeable:
                return "exchange"
        return draft.kind

    # Its items

    def _return(self, draft: DeskChange, order: Order) -> Filled:
        if order.status.value in self._rules.returnable:  # else the rules say why not, before anything is asked
            lines, draft = self._lines(draft, order)
            if draft.reason is None:
                title = lines[0].title if len(lines) == 1 else ""
                raise Lacking(DetailNeeded("reason", "return", order.id, title), draft)
        else:
            lines = list(order.items)
        quantity = draft.items[0].quantity if len(draft.items) == 1 else None
        method = self._method(draft, order, needed=False)
        return Filled(draft, ReturnItems(order.id, pieces_of(lines, quantity), method, draft.reason or ""))

    def _lines(self, draft: DeskChange, order: Order) -> tuple[list[OrderLine], DeskChange]:
        """Return the lines of an order that a draft names, and the draft with their ids."""
        if draft.all_items or len(order.items) == 1:
            found = {line.item_id: line for line in order.items}
        else:
            found = {line.item_id: line for item in draft.items for line in self._named(item, order)}
            if not found and draft.words:
                found = {line.item_id: line for line in named_lines(draft.words, order, self._catalogue)}
        if not found:
            options = tuple((str(line.item_id), line.title) for line in order.items)
            raise Lacking(DetailNeeded("items", draft.kind, order.id, options=options), draft)
        given = {item.item_id: item for item in draft.items if item.item_id}
        only = draft.items[0] if len(draft.items) == 1 and len(found) == 1 else DeskItem()
        items = [
            given.get(str(line_id)) or only.model_copy(update={"item_id": str(line_id), "words": "", "position": 0})
            for line_id in found
        ]
        return list(found.values()), draft.model_copy(update={"items": items, "all_items": False})

    def _named(self, item: DeskItem, order: Order) -> tuple[OrderLine, ...]:
        if item.item_id:
            line = order.line(item.item_id)
            if line is None:
                raise ServiceError(
                    f"order {order.id} does not hold {item.item_id}", code="not_in_order",
                    data={"order_id": order.id, "title": self._title(item.item_id), "have": 0, "quantity": 1},
                )  # fmt: skip
            return (line,)
        if item.position:
            place = item.position - 1 if item.position > 0 else item.position
            return (order.items[place],) if -len(order.items) <= place < len(order.items) else ()
        return named_lines(item.words, order, self._catalogue) if item.words else ()

    def _swap(self, draft: DeskChange, order: Order) -> Filled:
        allowed = (*self._rules.modifiable, *self._rules.exchangeable)
        lines, draft = self._lines(draft, order)
        swaps = []
        for at, (line, item) in enumerate(zip(lines, draft.items, strict=True)):
            quantity = item.quantity or line.quantity
            if order.status.value not in allowed:
                swaps.append(Swap(line.item_id, line.item_id, quantity))
                continue
            new_item = item.new_item_id or self._chosen(draft, order, line, item.words)
            filled = item.model_copy(update={"new_item_id": new_item})
            draft = draft.model_copy(update={"items": [*draft.items[:at], filled, *draft.items[at + 1 :]]})
            swaps.append(Swap(line.item_id, ItemId(new_item), quantity))
        method = self._method(draft, order, needed=False)
        if draft.kind == "exchange":
            return Filled(draft, ExchangeItems(order.id, tuple(swaps), method, draft.reason or ""))
        return Filled(draft, ChangeItems(order.id, tuple(swaps), method))

    def _chosen(self, draft: DeskChange, order: Order, line: OrderLine, words: str) -> str:
        """Return the item that the wishes leave for a line; ask when they leave several, or none."""
        rule = self._rules.exchange_within
        found = described(line, words, self._catalogue, rule) or replacements(
            line, order, self._wanted(draft), self._catalogue, rule
        )
        if found.chosen is not None:
            return found.chosen
        if not found.options:
            data = {"order_id": order.id, "title": line.title, "policy": self._rules.sections.get("exchange")}
            raise ServiceError(f"there is nothing in exchange for {line.title}", code="nothing_instead", data=data)
        items = tuple(Recommendation(item, 0.0) for item in found.options)
        options = tuple((str(item.id), item.title) for item in found.options)
        raise Lacking(
            DetailNeeded("new_item", draft.kind, order.id, line.title, options, items=items, item_id=str(line.item_id)),
            draft,
        )

    def _wanted(self, draft: DeskChange) -> list[Constraint]:
        try:
            return [validate(self._catalogue, entry.constraint(self._context.state.turn)) for entry in draft.set]
        except ValueError as error:
            raise ToolRetry(str(error)) from error

    def _title(self, item_id: str) -> str:
        item: Item | None = self._catalogue.item(item_id) if self._catalogue.has(item_id) else None
        return item.title if item else item_id

    # The rest

    def _cancel_reason(self, draft: DeskChange) -> str:
        accepted = self._rules.cancel_reasons
        if not accepted:
            return draft.reason or ""
        words = draft.reason if draft.reason is not None else draft.words
        reason = accepted_reason(words, accepted, self._context.services.recommender.embedder)
        if reason is None:
            options = tuple((one, one) for one in accepted)
            raise Lacking(DetailNeeded("cancel_reason", "cancel", draft.order_id or "", options=options), draft)
        return reason

    def _address(self, draft: DeskChange, order: Order | None) -> Address:
        if draft.home and order is not None:
            return self._customer.address
        if draft.address is None or not draft.address.lines:
            known = known_address(draft.words, self._customer, self._orders, order, draft.hint, self._catalogue)
            if known is not None:
                return known
            raise Lacking(DetailNeeded("address", draft.kind, order.id if order else ""), draft)
        before = order.shipping.address if order else self._customer.address
        address = draft.address.record()
        if not address.country and before.country:
            address = draft.address.model_copy(update={"country": before.country}).record()
        return completed(address, [before, self._customer.address, *(one.shipping.address for one in self._orders)])

    def _method(self, draft: DeskChange, order: Order, *, needed: bool) -> str | None:
        """Return the payment method that a draft names; without one, the rules take the order's own."""
        method: PaymentMethod | None = named_method(draft.method, self._customer) if draft.method else None
        if method is None and draft.method and _OTHER.search(draft.method.lower()):
            others = [one for one in self._customer.payment_methods if one.id != order.payment_method]
            method = others[0] if len(others) == 1 else None
        if method is not None:
            return method.id
        methods = [one for one in self._customer.payment_methods if one.id != order.payment_method or not needed]
        if draft.method and _NAMED.search(draft.method.lower()) and not _ORIGINAL.search(draft.method.lower()):
            options = tuple((one.id, one.label or one.kind) for one in self._customer.payment_methods)
            raise Lacking(DetailNeeded("method", draft.kind, order.id, options=options), draft)
        if needed and not methods and order.status.value in self._rules.modifiable:
            data = {"order_id": order.id, "policy": self._rules.sections.get("modify")}
            raise ServiceError("no other payment method is held", code="no_other_method", data=data)
        if needed and order.status.value in self._rules.modifiable:
            options = tuple((one.id, one.label or one.kind) for one in methods)
            raise Lacking(DetailNeeded("method", draft.kind, order.id, options=options), draft)
        return None if not needed else order.payment_method
