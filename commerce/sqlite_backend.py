"""The shop's customers and orders in SQLite, filled from the shop folder: the back end of a shop that has no other."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from commerce.records import Customer, Order, order_key, plain
from storage.database import Database

logger = logging.getLogger(__name__)

MIGRATIONS = (
    """
    CREATE TABLE customers (
        customer_id TEXT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, postcode TEXT NOT NULL,
        source TEXT NOT NULL, touched INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX customers_email ON customers (email);
    CREATE INDEX customers_name ON customers (name, postcode);
    CREATE TABLE orders (
        order_key TEXT PRIMARY KEY, customer_id TEXT NOT NULL, created REAL NOT NULL,
        source TEXT NOT NULL, touched INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX orders_customer ON orders (customer_id, created);
    """,
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; ``kept`` are records that the desk had changed and the shop's file would overwrite."""

    new: int = 0
    updated: int = 0
    kept: tuple[str, ...] = ()


class SqliteBackend:
    """Customers and orders in one SQLite file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self.database = Database(path, MIGRATIONS)

    def import_records(self, customers: Iterable[Customer], orders: Iterable[Order]) -> Imported:
        """Bring the shop's records in, in one transaction; importing the same again changes nothing.

        A record that the desk has changed since is kept as it is: the shop's export may be older than the change.
        """
        with self.database.transaction() as connection:
            first = _import(connection, "customers", {customer.id: customer for customer in customers})
            second = _import(connection, "orders", {order_key(order.id): order for order in orders})
        kept = (*first.kept, *second.kept)
        if kept:
            logger.warning("%d records that the shop changed are kept: the desk had changed them too", len(kept))
        return Imported(first.new + second.new, first.updated + second.updated, kept)

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        row = self.database.first("SELECT body FROM customers WHERE customer_id = ?", (customer_id,))
        return _customers().validate_json(row[0]) if row else None

    def customers_named(self, name: str, postcode: str) -> tuple[Customer, ...]:
        """Return the customers of a name and postcode, compared without case and spaces."""
        rows = self.database.query(
            "SELECT body FROM customers WHERE name = ? AND postcode = ?", (plain(name), plain(postcode))
        )
        return tuple(_customers().validate_json(row[0]) for row in rows)

    def customers_with(self, email: str) -> tuple[Customer, ...]:
        """Return the customers of an e-mail address, compared without case and spaces."""
        rows = self.database.query("SELECT body FROM customers WHERE email = ?", (plain(email),))
        return tuple(_customers().validate_json(row[0]) for row in rows)

    def order(self, order_id: str) -> Order | None:
        """Return an order by its number, compared without case, spaces and a leading ``#``."""
        row = self.database.first("SELECT body FROM orders WHERE order_key = ?", (order_key(order_id),))
        return _orders().validate_json(row[0]) if row else None

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""
        rows = self.database.query(
            "SELECT body FROM orders WHERE customer_id = ? ORDER BY created DESC, order_key", (customer_id,)
        )
        return tuple(_orders().validate_json(row[0]) for row in rows)

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def _import(connection: sqlite3.Connection, table: str, records: Mapping[str, Customer | Order]) -> Imported:
    key_column = "customer_id" if table == "customers" else "order_key"
    known = {row[0]: row[1:] for row in connection.execute(f"SELECT {key_column}, source, touched, body FROM {table}")}
    new = updated = 0
    kept = []
    for key, record in records.items():
        source = hashlib.sha256(_body(record)).hexdigest()[:32]
        if key not in known:
            new += 1
        else:
            old_source, touched, body = known[key]
            if old_source == source:
                continue
            if touched:
                kept.append(key)
                continue
            updated += 1
            # The version grows, so that what a customer is about to confirm goes stale.
            version = (_customers() if table == "customers" else _orders()).validate_json(body).version
            record = replace(record, version=version + 1)
        write(connection, record, source=source, touched=False)
    return Imported(new, updated, tuple(kept))


def write(connection: sqlite3.Connection, record: Customer | Order, *, source: str, touched: bool) -> None:
    """Write one record over an earlier one."""
    if isinstance(record, Customer):
        connection.execute(
            "INSERT OR REPLACE INTO customers (customer_id, email, name, postcode, source, touched, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.id, plain(record.email), plain(record.name), plain(record.address.postcode), source, touched,
             _body(record).decode()),
        )  # fmt: skip
    else:
        connection.execute(
            "INSERT OR REPLACE INTO orders (order_key, customer_id, created, source, touched, body) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (order_key(record.id), record.customer_id, record.created_at.timestamp(), source, touched,
             _body(record).decode()),
        )  # fmt: skip


def _body(record: Customer | Order) -> bytes:
    return _customers().dump_json(record) if isinstance(record, Customer) else _orders().dump_json(record)


@cache
def _customers() -> TypeAdapter[Customer]:
    return TypeAdapter(Customer)


@cache
def _orders() -> TypeAdapter[Order]:
    return TypeAdapter(Order)
