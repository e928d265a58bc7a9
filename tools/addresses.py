"""Which address and which orders a customer means: "my home address", "that of my other order", "my Boston order"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from commerce.records import Address, Customer, Order, order_key
from retrieval.catalogue import Catalogue
from retrieval.tokens import fold
from tools.mentions import held_by, mentions

_HOME = re.compile(
    r"\b(?<!new )(?:home|default|profile|usual|account|on file|my own) ?(?:address|home)?\b|"
    r"\baddress (?:on file|in my (?:profile|account))\b|"
    r"默认|家里|账户"
)
_TO_HOME = re.compile(
    r"\b(?:to|as|into|with|at|use|is)\s+(?:be\s+)?(?:my|the|our)\s+(?:\w+\s)?"
    r"(?:default|home|profile|usual|account|user)\b(?<!new home)|"
    r"默认|家里|账户"
)
_OTHER = re.compile(
    r"\b(?:other|another|same|different|new) (?:order|address|as)\b|\bsame as\b|in my orders?\b|另一|其他|一样|相同"
)
_SENT = re.compile(r"\b(?:sent|shipped|delivered|going) to\b|寄到|送到")
_ALL = re.compile(r"\b(?:all|every|both|each)\b|所有|全部")
_TO = re.compile(r"\b(?:to|same as|into|with|is|be)\b|改成|改到|改为|换成|寄到|送到|为|到")


def known_address(
    words: str, customer: Customer, orders: Sequence[Order], target: Order | None, hint: str = "",
    catalogue: Catalogue | None = None,
) -> Address | None:  # fmt: skip
    """Return the address that words mean among those that the shop holds: home, or an order's; None when unclear.

    Args:
        words: the customer's.
        customer: whose home address it may be.
        orders: all orders of the customer.
        target: the order whose address changes; None for the home address.
        hint: what was said before, which may tell which order has it.
        catalogue: knows the things by which an order may be named.
    """
    now = target.shipping.address if target is not None else customer.address
    wish = _wish(words)
    for order in orders:
        if order.id != (target.id if target else None) and _names_order(wish, order):
            return order.shipping.address
    if target is not None and _TO_HOME.search(words.lower()) and customer.address.lines:
        return customer.address
    if catalogue is not None:
        found = mentions(f"{hint} {words}", held_by(orders), catalogue)
        homes = {one.order.shipping.address for mention in found if _SENT.search(mention.after) for one in mention.held}
        if len(homes) == 1 and _OTHER.search(f"{hint} {words}".lower()):
            return homes.pop()
    known = list(dict.fromkeys([customer.address, *(order.shipping.address for order in orders)]))
    others = [one for one in known if one != now and one.lines]
    placed = [one for one in others if _placed(wish, one)]
    if len(placed) == 1:
        return placed[0]
    if len(others) == 1 and (_OTHER.search(words.lower()) or _HOME.search(words.lower()) or not re.search(r"\d", wish)):
        return others[0]
    return None


def orders_meant(words: str, orders: Sequence[Order], customer: Customer) -> list[Order]:
    """Return the orders whose address is to change: those that go to the place named first, else all of them."""
    match = _TO.search(words.lower())
    before = words[: match.start()] if match else words
    placed = [order for order in orders if _placed(before, order.shipping.address)]
    if placed and not _ALL.search(words.lower()):
        return placed
    if _HOME.search(words.lower()) and len(orders) > 1 and not _ALL.search(words.lower()):
        away = [order for order in orders if order.shipping.address != customer.address]
        return away or list(orders)
    return list(orders)


def completed(address: Address, known: Iterable[Address]) -> Address:
    """Return an address with the state and country that the shop writes for the same postcode or city."""
    for one in known:
        same_code = one.postcode and fold(one.postcode) == fold(address.postcode)
        same_city = one.city and fold(one.city) == fold(address.city)
        if same_code or (same_city and not address.postcode):
            lines = tuple(line for line in address.lines if fold(line) not in (fold(one.city), fold(one.state)))
            city = one.city if len(lines) < len(address.lines) or same_code else address.city
            return Address(
                lines or address.lines, city or one.city, one.state or address.state, one.country or address.country,
                address.postcode or one.postcode,
            )  # fmt: skip
    return address


def _wish(words: str) -> str:
    """Return what is said of the new address."""
    match = _TO.search(words.lower())
    return words[match.end() :].lower() if match else words.lower()


def _names_order(words: str, order: Order) -> bool:
    key = order_key(order.id)
    return bool(re.search(rf"(?<![A-Z0-9]){re.escape(key)}(?![A-Z0-9])", words.upper()))


def _placed(words: str, address: Address) -> bool:
    """Tell whether words name an address by its city, its initials, its street or its state."""
    low = f" {fold(words)} "
    city = fold(address.city)
    initials = "".join(part[0] for part in city.split())
    names = {city, fold(address.state) if len(address.state) > 3 else ""}
    if len(initials) > 1:
        names |= {initials, f"{initials}c"}
    names |= {re.sub(r"^\d+\s+", "", fold(line)) for line in address.lines[:1]}
    if any(name and re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", low) for name in names):
        return True
    return len(address.state) == 2 and bool(re.search(rf"\b{re.escape(address.state)}\b", words))
