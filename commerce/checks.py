"""What the rules look at: status, window, pieces, payment methods, and the money that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from commerce.changes import MoneyMove, Pieces, Swap
from commerce.records import (
    Address,
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMethod,
    StatusChange,
    money,
    plain,
)
from core.entities import Item, ItemId
from core.errors import ServiceError
from core.shop import ReturnRules

Offers = Callable[[str], Item | None]
"""What the shop sells now: item id -> the item with its price and stock, or None."""

SectionName = Literal["cancel", "modify", "return", "exchange", "refund"]


@dataclass(frozen=True, slots=True)
class Case:
    """One change in front of the rules: whose it is, what the order is, what may be had instead, and when."""

    customer: Customer
    order: Order
    rules: ReturnRules
    offers: Offers
    now: float

    @property
    def time(self) -> datetime:
        """Return the moment of the change."""
        return datetime.fromtimestamp(self.now, UTC)

    def refuse(self, code: str, message: str, section: SectionName, **data: Any) -> ServiceError:
        """Return a refusal that names the order and the policy section."""
        known = {"order_id": self.order.id, "policy": self.rules.sections.get(section)}
        return ServiceError(message, code=code, data={**known, **data})

    def moved(self, status: OrderStatus, **changes: Any) -> Order:
        """Return the order in a new status."""
        history = (*self.order.history, StatusChange(status, self.time))
        return replace(self.order, status=status, history=history, **changes)


def section(case: Case, name: SectionName) -> str | None:
    """Return the policy section that states a rule."""
    return case.rules.sections.get(name)


def require_status(case: Case, allowed: Sequence[str], name: SectionName) -> None:
    """Refuse a change that the order's status does not allow (``wrong_status``)."""
    if case.order.status.value not in allowed:
        raise case.refuse(
            "wrong_status",
            f"order {case.order.id} is {case.order.status.value}; this needs: {', '.join(allowed) or 'no status'}",
            name,
            status=case.order.status.value,
            allowed=list(allowed),
        )


def require_unchanged(case: Case, name: SectionName) -> None:
    """Refuse a second change of an order whose items were changed (``already_changed``)."""
    if case.order.items_modified and case.rules.item_change_is_final:
        raise case.refuse("already_changed", f"the items of order {case.order.id} were changed once already", name)


def require_returnable(case: Case, lines: Iterable[OrderLine], name: SectionName) -> None:
    """Refuse what is past the return window (``window_over``) or of an excluded category (``not_returnable``)."""
    days = case.rules.window_days
    start = case.order.reached(OrderStatus.DELIVERED) or case.order.shipping.eta or case.order.created_at
    if days is not None and case.time > start + timedelta(days=days):
        ended = (start + timedelta(days=days)).date().isoformat()
        raise case.refuse("window_over", f"the {days} days ended on {ended}", name, days=days, ended=ended)
    excluded = {plain(category) for category in case.rules.not_returnable_categories}
    for each in lines:
        offer = case.offers(each.item_id)
        path = each.category or (offer.category if offer else ())
        if excluded & {plain(node) for node in path}:
            raise case.refuse("not_returnable", f"{each.title} cannot be returned", name, title=each.title)


def merged(case: Case, items: Sequence[Pieces], name: SectionName) -> list[Pieces]:
    """Return what was asked for with each item once; refuse nothing at all and no pieces (``no_items``)."""
    counts: dict[ItemId, int] = {}
    for pieces in items:
        counts[pieces.item_id] = counts.get(pieces.item_id, 0) + pieces.quantity
    if not counts or min(pieces.quantity for pieces in items) < 1:
        raise case.refuse("no_items", "name at least one item and one piece of it", name)
    return [Pieces(item_id, quantity) for item_id, quantity in counts.items()]


def line(case: Case, pieces: Pieces, name: SectionName) -> OrderLine:
    """Return the position that pieces of an order make; refuse what is not in it (``not_in_order``)."""
    lines = [each for each in case.order.items if each.item_id == pieces.item_id]
    have = sum(each.quantity for each in lines)
    if have < pieces.quantity:
        title = lines[0].title if lines else pieces.item_id
        raise case.refuse(
            "not_in_order",
            f"order {case.order.id} holds {have} of {title}, not {pieces.quantity}",
            name,
            title=title,
            item_id=pieces.item_id,
            have=have,
            quantity=pieces.quantity,
        )
    return replace(lines[0], quantity=pieces.quantity)


def swapped(
    case: Case, swaps: Sequence[Swap], name: SectionName, *, same_allowed: bool
) -> tuple[tuple[OrderLine, ...], tuple[OrderLine, ...]]:
    """Return the old and the new positions of swaps, side by side.

    Raises:
        ServiceError: ``no_items``, ``not_in_order``, ``same_item``, ``unknown_item``, ``other_product`` or
            ``unavailable``.
    """
    for pieces in merged(case, [Pieces(swap.item_id, swap.quantity) for swap in swaps], name):
        line(case, pieces, name)
    old = tuple(line(case, Pieces(swap.item_id, swap.quantity), name) for swap in swaps)
    wanted: dict[str, int] = {}
    new = []
    for swap, before in zip(swaps, old, strict=True):
        wanted[swap.new_item_id] = wanted.get(swap.new_item_id, 0) + swap.quantity
        if swap.new_item_id == swap.item_id and not same_allowed:
            raise case.refuse("same_item", f"{before.title} is in the order already", name, title=before.title)
        offer = _offer(case, swap.new_item_id, wanted[swap.new_item_id], before, name)
        new.append(OrderLine(offer.id, offer.title, swap.quantity, offer.price or 0.0, offer.category))
    return old, tuple(new)


def _offer(case: Case, item_id: str, quantity: int, before: OrderLine, name: SectionName) -> Item:
    offer = case.offers(item_id)
    foreign = offer is not None and offer.currency is not None and offer.currency != case.order.currency
    if offer is None or offer.price is None or foreign:
        raise case.refuse("unknown_item", f"there is no item {item_id!r} to be had", name, item_id=item_id)
    if item_id != before.item_id and not _fits(case, before, offer):
        within = case.rules.exchange_within
        message = f"{offer.title} is not of the same {within} as {before.title}"
        raise case.refuse("other_product", message, name, title=offer.title, old_title=before.title, within=within)
    if offer.stock is not None and offer.stock < quantity:
        message = f"{offer.title} is not in stock"
        raise case.refuse("unavailable", message, name, title=offer.title, item_id=item_id, stock=offer.stock)
    return offer


def _fits(case: Case, before: OrderLine, offer: Item) -> bool:
    within = case.rules.exchange_within
    if within == "any":
        return True
    known = case.offers(before.item_id)
    if within == "product":
        return known is not None and known.group_id is not None and known.group_id == offer.group_id
    path = before.category or (known.category if known else ())
    return bool(path) and path == offer.category


def paid(order: Order) -> dict[str, float]:
    """Return what was paid and not refunded, by method; empty for an order that is not paid yet."""
    amounts: dict[str, float] = {}
    for payment in order.payments:
        sign = 1.0 if payment.kind == "payment" else -1.0
        amounts[payment.method] = amounts.get(payment.method, 0.0) + sign * payment.amount
    return {method: money(amount) for method, amount in amounts.items() if money(amount) > 0}


def own_method(case: Case, name: str, rule: SectionName) -> PaymentMethod:
    """Return one of the customer's methods by its id, its label or, where there is one of it, its kind.

    Raises:
        ServiceError: ``method_unknown``; ``data["methods"]`` lists those that there are.
    """
    methods = case.customer.payment_methods
    exact = case.customer.payment_method(name)
    if exact:
        return exact
    asked = plain(name).replace("_", "")
    alike = [each for each in methods if asked in (plain(each.label), plain(each.kind).replace("_", ""))]
    if len(alike) == 1:
        return alike[0]
    known = [{"id": each.id, "kind": each.kind, "label": each.label} for each in methods]
    raise case.refuse("method_unknown", f"{name!r} is not one of the customer's payment methods", rule, methods=known)


def refund_method(case: Case, name: str | None) -> str:
    """Return where a return's refund goes: the original method when none is named.

    Raises:
        ServiceError: ``method_unknown``, ``method_not_allowed``.
    """
    original = case.order.payment_method
    if name is None or plain(name) in (plain(original), "original"):
        allowed, method = "original", original
    else:
        found = own_method(case, name, "refund")
        method = found.id
        if method == original:
            allowed = "original"
        else:
            allowed = "gift_card" if found.balance is not None else "any"
    if allowed not in case.rules.refund_to and "any" not in case.rules.refund_to:
        raise case.refuse(
            "method_not_allowed",
            f"a refund cannot go to {method}",
            "refund",
            method=method,
            allowed=case.rules.refund_to,
        )
    return method


def difference(
    case: Case, old: Sequence[OrderLine], new: Sequence[OrderLine], method: str | None, name: SectionName
) -> tuple[MoneyMove, ...]:
    """Return the money that a swap moves; the order's own method serves when none is named.

    Of an order that is not paid yet only the amount due changes.

    Raises:
        ServiceError: ``method_unknown``, ``balance_too_low``.
    """
    amount = money(worth(new) - worth(old))
    original = case.order.payment_method
    own = original if method is None or plain(method) == plain(original) else own_method(case, method, name).id
    if amount == 0 or not paid(case.order):
        return ()
    if amount > 0:
        require_balance(case, own, amount, name)
    return (move(case, "payment" if amount > 0 else "refund", abs(amount), own),)


def require_balance(case: Case, method: str, amount: float, name: SectionName) -> None:
    """Refuse a gift card that holds too little (``balance_too_low``)."""
    known = case.customer.payment_method(method)
    if known is not None and known.balance is not None and known.balance < amount:
        message = f"{known.label or known.id} holds {known.balance:.2f}, not {amount:.2f}"
        raise case.refuse("balance_too_low", message, name, balance=known.balance, amount=amount)


def with_balance(customer: Customer, method: str, amount: float) -> Customer:
    """Return the customer with an amount added to a method that holds a balance; others stay as they are."""
    methods = tuple(
        replace(each, balance=money(each.balance + amount)) if each.id == method and each.balance is not None else each
        for each in customer.payment_methods
    )
    return replace(customer, payment_methods=methods)


def move(case: Case, kind: Literal["payment", "refund"], amount: float, method: str) -> MoneyMove:
    """Return a movement as it is read back; a refund to a gift card is there at once."""
    known = case.customer.payment_method(method)
    at_once = kind == "payment" or (known is not None and known.balance is not None)
    label = (known.label or known.kind) if known else method
    return MoneyMove(kind, amount, case.order.currency, method, label, 0 if at_once else case.rules.refund_days)


def worth(lines: Iterable[OrderLine]) -> float:
    """Return the price of positions together."""
    return money(sum(each.price * each.quantity for each in lines))


def replaced(items: Sequence[OrderLine], old: Sequence[OrderLine], new: Sequence[OrderLine]) -> tuple[OrderLine, ...]:
    """Return an order's positions with some pieces taken out and others put in."""
    left = list(items)
    for gone in old:
        missing = gone.quantity
        for place, each in enumerate(left):
            if each.item_id == gone.item_id and missing:
                taken = min(each.quantity, missing)
                left[place] = replace(each, quantity=each.quantity - taken)
                missing -= taken
    return (*(each for each in left if each.quantity), *new)


def complete(address: Address, case: Case | None) -> Address:
    """Return an address without empty lines; refuse one that nothing can be sent to (``address_incomplete``)."""
    address = replace(address, lines=tuple(part.strip() for part in address.lines if part.strip()))
    if not address.lines:
        message = "the address needs at least a street or a line"
        raise (
            case.refuse("address_incomplete", message, "modify")
            if case
            else ServiceError(message, code="address_incomplete")
        )
    return address
