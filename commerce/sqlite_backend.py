"""The shop's customers and orders in SQLite, filled from the shop folder: the back end of a shop that has no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from commerce.backend import Preview, not_yours, require_stock
from commerce.changes import Change, ChangeHome, PendingAction, Pieces, Receipt
from commerce.checks import Case, Offers
from commerce.records import Customer, Order, order_key, plain
from commerce.rules import decide, decide_home
from commerce.tables import (
    MIGRATIONS,
    Imported,
    customer_of,
    customers_in,
    import_all,
    order_of,
    orders_in,
    receipt_body,
    receipt_of,
    rewrite,
)
from core.entities import Item, ItemId
from core.errors import ServiceError
from core.shop import ReturnRules
from storage.database import Database


def no_offers(item_id: str) -> Item | None:
    """Return None: nothing is sold."""
    return None


class SqliteBackend:
    """Customers and orders in one SQLite file: a :class:`commerce.backend.ShopBackend`. Thread-safe."""

    def __init__(
        self,
        path: Path,
        rules: ReturnRules | None = None,
        offers: Offers = no_offers,
        *,
        checkout: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file.

        Args:
            path: the file.
            rules: what may be changed.
            offers: item id -> the item as it is sold now, or None.
            checkout: the template of :meth:`checkout_link`.
            clock: tells seconds since the epoch.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._database = Database(path, MIGRATIONS)
        self._rules = rules or ReturnRules()
        self._offers = offers
        self._checkout = checkout
        self._clock = clock

    def import_records(self, customers: Iterable[Customer], orders: Iterable[Order]) -> Imported:
        """Bring the shop's records in, in one transaction; importing the same again changes nothing.

        A record that the desk has changed since is kept as it is: the shop's export may be older than the change.
        """
        with self._database.transaction() as connection:
            return import_all(connection, customers, orders)

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        row = self._database.first("SELECT body FROM customers WHERE customer_id = ?", (customer_id,))
        return customer_of(row[0]) if row else None

    def customers_named(self, name: str, postcode: str) -> tuple[Customer, ...]:
        """Return the customers of a name and postcode, compared without case and spaces."""
        return customers_in(
            self._database.query(
                "SELECT body FROM customers WHERE name = ? AND postcode = ?", (plain(name), plain(postcode))
            )
        )

    def customers_with(self, email: str) -> tuple[Customer, ...]:
        """Return the customers of an e-mail address, compared without case and spaces."""
        return customers_in(self._database.query("SELECT body FROM customers WHERE email = ?", (plain(email),)))

    def order(self, order_id: str) -> Order | None:
        """Return an order by its number, compared without case, spaces and a leading ``#``."""
        row = self._database.first("SELECT body FROM orders WHERE order_key = ?", (order_key(order_id),))
        return order_of(row[0]) if row else None

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""
        return orders_in(
            self._database.query(
                "SELECT body FROM orders WHERE customer_id = ? ORDER BY created DESC, order_key", (customer_id,)
            )
        )

    def offer(self, item_id: str) -> Item | None:
        """Return an item as it is sold now, with price and stock."""
        return self._offers(item_id)

    def preview(self, customer_id: str, changes: Sequence[Change]) -> Preview:
        """Work out what changes would do, one after the other, and change nothing.

        Raises:
            ServiceError: a rule forbids one of them; ``order_not_found`` also for another customer's order.
        """
        with self._database.transaction():
            return self._decide(customer_id, changes)[0]

    def apply(self, action: PendingAction) -> Receipt:
        """Carry out all changes of an action, or none; the same key a second time returns the first receipt.

        Raises:
            ServiceError: ``stale`` when anything that was read back would now be different; ``data["cause"]`` is the
                code of the rule that now forbids it, if one does.
        """
        with self._database.transaction() as connection:
            done = self.receipt(action.key, action.customer_id)
            if done:
                return replace(done, repeated=True)
            try:
                preview, records = self._decide(action.customer_id, action.changes)
            except ServiceError as error:
                raise ServiceError(str(error), code="stale", data={**error.data, "cause": error.code}) from error
            if preview != Preview(action.effects, action.versions):
                raise ServiceError("something has changed since this was read back", code="stale")
            for record in records:
                rewrite(connection, replace(record, version=record.version + 1))
            receipt = Receipt(action.key, action.customer_id, action.effects, self._clock())
            connection.execute(
                "INSERT INTO receipts (key, customer_id, time, body) VALUES (?, ?, ?, ?)",
                (receipt.key, receipt.customer_id, receipt.time, receipt_body(receipt)),
            )
        return receipt

    def receipt(self, key: str, customer_id: str) -> Receipt | None:
        """Return the receipt of an action that was carried out for a customer."""
        row = self._database.first("SELECT body FROM receipts WHERE key = ? AND customer_id = ?", (key, customer_id))
        return receipt_of(row[0]) if row else None

    def cart(self, owner: str) -> tuple[Pieces, ...]:
        """Return what lies in a cart, in the order it was put there."""
        rows = self._database.query("SELECT item_id, quantity FROM carts WHERE owner = ? ORDER BY place", (owner,))
        return tuple(Pieces(item_id, quantity) for item_id, quantity in rows)

    def put_in_cart(self, owner: str, item_id: ItemId, quantity: int) -> tuple[Pieces, ...]:
        """Set how many pieces of an item lie in a cart (0 takes it out) and return the cart; repeating is harmless.

        Raises:
            ServiceError: ``unknown_item``, or ``unavailable`` with ``data["stock"]``.
        """
        if quantity > 0:
            require_stock(self._offers(item_id), item_id, quantity)
        with self._database.transaction() as connection:
            if quantity <= 0:
                connection.execute("DELETE FROM carts WHERE owner = ? AND item_id = ?", (owner, item_id))
            else:
                connection.execute(
                    "INSERT INTO carts (owner, item_id, quantity, place) VALUES (?, ?, ?, "
                    "(SELECT coalesce(max(place), 0) + 1 FROM carts WHERE owner = ?)) "
                    "ON CONFLICT DO UPDATE SET quantity = excluded.quantity",
                    (owner, item_id, quantity, owner),
                )
            return self.cart(owner)

    def checkout_link(self, owner: str) -> str | None:
        """Return where the cart is paid; None when it is empty or the shop has no such page."""
        cart = self.cart(owner)
        if not self._checkout or not cart:
            return None
        items = ",".join(f"{pieces.item_id}:{pieces.quantity}" for pieces in cart)
        return self._checkout.replace("{items}", quote(items, safe=""))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _decide(self, customer_id: str, changes: Sequence[Change]) -> tuple[Preview, list[Customer | Order]]:
        """Return what changes do, and the records that they make different."""
        before = customer = self.customer(customer_id)
        if customer is None:
            raise ServiceError("this customer is not known any more", code="identity_needed")
        orders: dict[str, Order] = {}
        effects = []
        for change in changes:
            if isinstance(change, ChangeHome):
                outcome = decide_home(change, customer)
            else:
                order = orders.get(order_key(change.order_id)) or self.order(change.order_id)
                if order is None or order.customer_id != customer_id:
                    raise not_yours(change.order_id)
                outcome = decide(change, Case(customer, order, self._rules, self._offers, self._clock()))
            customer = outcome.customer
            effects.append(outcome.effect)
            if outcome.order is not None:
                orders[order_key(outcome.order.id)] = outcome.order
        versions = {order.id: order.version for order in orders.values()}
        records: list[Customer | Order] = [*orders.values()]
        if customer != before:
            records.append(customer)
        return Preview(tuple(effects), versions), records
