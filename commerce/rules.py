"""The shop's rules for changes, decided in code: pure functions from records to records, and what to read back.

The same functions prepare an action and carry it out, so what was read back is what happens. Every refusal is a
ServiceError whose ``code`` names the rule and whose ``data`` holds the values that its wording needs: ``order_id``,
``policy`` (the section), and what the rule looked at.

Codes: ``order_not_found``, ``wrong_status``, ``already_changed``, ``already_exchanged``, ``window_over``,
``not_returnable``, ``not_in_order``, ``no_items``, ``reason_needed``, ``unknown_item``, ``same_item``,
``other_product``, ``unavailable``, ``method_unknown``, ``method_not_allowed``, ``same_method``, ``balance_too_low``,
``address_incomplete``; and from the desk: ``identity_needed``, ``too_many_tries``, ``stale``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from commerce.changes import (
    CancelOrder,
    Change,
    ChangeAddress,
    ChangeHome,
    ChangeItems,
    ChangePayment,
    Effect,
    ExchangeItems,
    ReturnItems,
)
from commerce.checks import (
    Case,
    complete,
    difference,
    line,
    merged,
    move,
    own_method,
    paid,
    refund_method,
    replaced,
    require_balance,
    require_returnable,
    require_status,
    require_unchanged,
    section,
    swapped,
    with_balance,
    worth,
)
from commerce.records import Customer, Order, OrderStatus, Payment, Replacement, money, plain

LONGEST_REASON = 500
"""Characters of the customer's reason that are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change makes of the records, and its read-back."""

    customer: Customer
    order: Order | None
    effect: Effect


def decide(change: Change, case: Case) -> Outcome:
    """Apply one change to an order, or refuse it.

    Raises:
        ServiceError: a rule forbids it; see the codes above.
    """
    match change:
        case CancelOrder():
            return _cancel(change, case)
        case ReturnItems():
            return _return(change, case)
        case ExchangeItems():
            return _exchange(change, case)
        case ChangeItems():
            return _change_items(change, case)
        case ChangeAddress():
            return _change_address(change, case)
        case ChangePayment():
            return _change_payment(change, case)
        case ChangeHome():
            raise TypeError("a change of the customer's own address has no order; use decide_home")


def decide_home(change: ChangeHome, customer: Customer) -> Outcome:
    """Change the address that the shop holds for a customer.

    Raises:
        ServiceError: ``address_incomplete``.
    """
    address = complete(change.address, None)
    return Outcome(replace(customer, address=address), None, Effect("change_home", address=address))


def _cancel(change: CancelOrder, case: Case) -> Outcome:
    require_status(case, case.rules.cancellable, "cancel")
    require_unchanged(case, "cancel")
    accepted = case.rules.cancel_reasons
    if accepted and plain(change.reason) not in {plain(reason) for reason in accepted}:
        raise case.refuse(
            "reason_needed", f"the reason must be one of: {', '.join(accepted)}", "cancel", reasons=accepted
        )
    customer, payments = case.customer, list(case.order.payments)
    moves = []
    for method, amount in paid(case.order).items():
        customer = with_balance(customer, method, amount)
        payments.append(Payment("refund", amount, method, case.time))
        moves.append(move(case, "refund", amount, method))
    order = case.moved(OrderStatus.CANCELLED, reason=change.reason[:LONGEST_REASON], payments=tuple(payments))
    effect = Effect("cancel", order.id, order.items, moves=tuple(moves), policy=section(case, "cancel"), final=True)
    return Outcome(customer, order, effect)


def _return(change: ReturnItems, case: Case) -> Outcome:
    require_status(case, case.rules.returnable, "return")
    lines = tuple(line(case, pieces, "return") for pieces in merged(case, change.items, "return"))
    require_returnable(case, lines, "return")
    method = refund_method(case, change.refund_to)
    amount = worth(lines)
    order = case.moved(OrderStatus.RETURN_REQUESTED, returning=lines, reason=change.reason[:LONGEST_REASON])
    moves = (move(case, "refund", amount, method),)
    return Outcome(case.customer, order, Effect("return", order.id, lines, (), moves, policy=section(case, "return")))


def _exchange(change: ExchangeItems, case: Case) -> Outcome:
    if case.order.exchanging:
        raise case.refuse("already_exchanged", "an order can be exchanged once, and this one was", "exchange")
    require_status(case, case.rules.exchangeable, "exchange")
    old, new = swapped(case, change.swaps, "exchange", same_allowed=True)
    require_returnable(case, old, "exchange")
    moves = difference(case, old, new, change.method, "exchange")
    replacements = tuple(Replacement(*pair) for pair in zip(old, new, strict=True))
    order = case.moved(OrderStatus.EXCHANGE_REQUESTED, exchanging=replacements, reason=change.reason[:LONGEST_REASON])
    effect = Effect("exchange", order.id, old, new, moves, policy=section(case, "exchange"), final=True)
    return Outcome(case.customer, order, effect)


def _change_items(change: ChangeItems, case: Case) -> Outcome:
    require_status(case, case.rules.modifiable, "modify")
    require_unchanged(case, "modify")
    old, new = swapped(case, change.swaps, "modify", same_allowed=False)
    moves = difference(case, old, new, change.method, "modify")
    customer, payments = case.customer, list(case.order.payments)
    for each in moves:
        customer = with_balance(customer, each.method, each.amount if each.kind == "refund" else -each.amount)
        payments.append(Payment(each.kind, each.amount, each.method, case.time))
    items = replaced(case.order.items, old, new)
    total = money(case.order.total + worth(new) - worth(old))
    order = replace(case.order, items=items, total=total, payments=tuple(payments), items_modified=True)
    final = case.rules.item_change_is_final
    effect = Effect("change_items", order.id, old, new, moves, policy=section(case, "modify"), final=final)
    return Outcome(customer, order, effect)


def _change_address(change: ChangeAddress, case: Case) -> Outcome:
    require_status(case, case.rules.modifiable, "modify")
    require_unchanged(case, "modify")
    address = complete(change.address, case)
    order = replace(case.order, shipping=replace(case.order.shipping, address=address))
    effect = Effect("change_address", order.id, address=address, policy=section(case, "modify"))
    return Outcome(case.customer, order, effect)


def _change_payment(change: ChangePayment, case: Case) -> Outcome:
    require_status(case, case.rules.modifiable, "modify")
    require_unchanged(case, "modify")
    method = own_method(case, change.method, "modify").id
    before = paid(case.order)
    if set(before) <= {method} and method == case.order.payment_method:
        raise case.refuse("same_method", "the order is paid with that method already", "modify", method=method)
    amount = money(sum(before.values()))
    require_balance(case, method, amount or case.order.total, "modify")
    customer, payments = case.customer, list(case.order.payments)
    moves = [move(case, "payment", amount, method)] if amount else []
    moves += [move(case, "refund", part, old) for old, part in before.items()]
    for each in moves:
        customer = with_balance(customer, each.method, each.amount if each.kind == "refund" else -each.amount)
        payments.append(Payment(each.kind, each.amount, each.method, case.time))
    order = replace(case.order, payment_method=method, payments=tuple(payments))
    effect = Effect("change_payment", order.id, moves=tuple(moves), policy=section(case, "modify"))
    return Outcome(customer, order, effect)
