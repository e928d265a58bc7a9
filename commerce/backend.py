"""The port to the shop's own systems: customers, orders, changes, stock and carts.

Two kinds of implementation: SQLite filled from the shop folder (``sqlite_backend.py``), and the shop's own service over
HTTP. One contract suite holds for both (``tests/commerce/backend_contract.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from commerce.changes import Change, Effect, PendingAction, Pieces, Receipt
from commerce.records import Customer, Order
from core.entities import Item, ItemId
from core.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Preview:
    """What changes would do, and the versions of the orders that this was worked out from."""

    effects: tuple[Effect, ...]
    versions: Mapping[str, int]


class ShopBackend(Protocol):
    """What the desk needs of a shop. Thread-safe; every method may raise a StorageError or ServiceError."""

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        ...

    def customers_named(self, name: str, postcode: str) -> tuple[Customer, ...]:
        """Return the customers of a name and postcode, compared without case and spaces."""
        ...

    def customers_with(self, email: str) -> tuple[Customer, ...]:
        """Return the customers of an e-mail address, compared without case and spaces."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return an order by its number, compared without case, spaces and a leading ``#``."""
        ...

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""
        ...

    def offer(self, item_id: str) -> Item | None:
        """Return an item as it is sold now, with price and stock."""
        ...

    def preview(self, customer_id: str, changes: Sequence[Change]) -> Preview:
        """Work out what changes would do, one after the other, and change nothing.

        Raises:
            ServiceError: a rule forbids one of them; ``order_not_found`` also for another customer's order.
        """
        ...

    def apply(self, action: PendingAction) -> Receipt:
        """Carry out all changes of an action, or none; the same key a second time returns the first receipt.

        Raises:
            ServiceError: ``stale`` when anything that was read back would now be different.
        """
        ...

    def receipt(self, key: str, customer_id: str) -> Receipt | None:
        """Return the receipt of an action that was carried out for a customer."""
        ...

    def cart(self, owner: str) -> tuple[Pieces, ...]:
        """Return what lies in a cart, in the order it was put there."""
        ...

    def put_in_cart(self, owner: str, item_id: ItemId, quantity: int) -> tuple[Pieces, ...]:
        """Set how many pieces of an item lie in a cart (0 takes it out) and return the cart; repeating is harmless.

        Raises:
            ServiceError: ``unknown_item``, or ``unavailable`` with ``data["stock"]``.
        """
        ...

    def checkout_link(self, owner: str) -> str | None:
        """Return where the cart is paid; None when it is empty or there is no such page."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


def not_yours(order_id: str) -> ServiceError:
    """Return the refusal for an order that does not exist and for another customer's: the same words for both."""
    return ServiceError(f"you have no order {order_id!r}", code="order_not_found", data={"order_id": order_id})


def require_stock(offer: Item | None, item_id: str, quantity: int) -> None:
    """Refuse what is not sold (``unknown_item``) or not there in that number (``unavailable``)."""
    if offer is None:
        raise ServiceError(f"there is no item {item_id!r}", code="unknown_item", data={"item_id": item_id})
    if offer.stock is not None and offer.stock < quantity:
        data = {"item_id": item_id, "title": offer.title, "stock": offer.stock}
        raise ServiceError(f"there are {offer.stock} pieces of {offer.title}", code="unavailable", data=data)
