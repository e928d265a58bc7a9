"""The tables of the SQLite back end: records as JSON beside the columns that they are found by."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from commerce.changes import Receipt
from commerce.records import Customer, Order, order_key, plain

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
    CREATE TABLE receipts (
        key TEXT PRIMARY KEY, customer_id TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX receipts_customer ON receipts (customer_id, time);
    CREATE TABLE carts (
        owner TEXT NOT NULL, item_id TEXT NOT NULL, quantity INTEGER NOT NULL, place INTEGER NOT NULL,
        PRIMARY KEY (owner, item_id)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; ``kept`` are records that the shop's file changed and the desk had changed before."""

    new: int = 0
    updated: int = 0
    kept: tuple[str, ...] = ()


def import_all(connection: sqlite3.Connection, customers: Iterable[Customer], orders: Iterable[Order]) -> Imported:
    """Bring the shop's records in, inside the caller's transaction."""
    first = _import(connection, "customers", {customer.id: customer for customer in customers})
    second = _import(connection, "orders", {order_key(order.id): order for order in orders})
    kept = (*first.kept, *second.kept)
    if kept:
        logger.warning("%d records that the shop changed are kept: the desk had changed them too", len(kept))
    return Imported(first.new + second.new, first.updated + second.updated, kept)


def rewrite(connection: sqlite3.Connection, record: Customer | Order) -> None:
    """Write a record that the desk has changed: no import overwrites it any more."""
    if isinstance(record, Customer):
        found = connection.execute("SELECT source FROM customers WHERE customer_id = ?", (record.id,)).fetchone()
    else:
        found = connection.execute("SELECT source FROM orders WHERE order_key = ?", (order_key(record.id),)).fetchone()
    _write(connection, record, source=found[0], touched=True)


def customer_of(body: str) -> Customer:
    """Return the customer that a row holds."""
    return _customers().validate_json(body)


def order_of(body: str) -> Order:
    """Return the order that a row holds."""
    return _orders().validate_json(body)


def customers_in(rows: Iterable[tuple[Any, ...]]) -> tuple[Customer, ...]:
    """Return the customers of rows of bodies."""
    return tuple(customer_of(row[0]) for row in rows)


def orders_in(rows: Iterable[tuple[Any, ...]]) -> tuple[Order, ...]:
    """Return the orders of rows of bodies."""
    return tuple(order_of(row[0]) for row in rows)


def receipt_of(body: str) -> Receipt:
    """Return the receipt that a row holds."""
    return _receipts().validate_json(body)


def receipt_body(receipt: Receipt) -> str:
    """Return a receipt as a row holds it."""
    return _receipts().dump_json(receipt).decode()


def _import(connection: sqlite3.Connection, table: str, records: Mapping[str, Customer | Order]) -> Imported:
    column = "customer_id" if table == "customers" else "order_key"
    known = {row[0]: row[1:] for row in connection.execute(f"SELECT {column}, source, touched, body FROM {table}")}
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
            version = (customer_of(body) if table == "customers" else order_of(body)).version
            record = replace(record, version=version + 1)
        _write(connection, record, source=source, touched=False)
    return Imported(new, updated, tuple(kept))


def _write(connection: sqlite3.Connection, record: Customer | Order, *, source: str, touched: bool) -> None:
    body = _body(record).decode()
    if isinstance(record, Customer):
        connection.execute(
            "INSERT OR REPLACE INTO customers (customer_id, email, name, postcode, source, touched, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.id, plain(record.email), plain(record.name), plain(record.address.postcode), source, touched, body),
        )
        return
    connection.execute(
        "INSERT OR REPLACE INTO orders (order_key, customer_id, created, source, touched, body) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (order_key(record.id), record.customer_id, record.created_at.timestamp(), source, touched, body),
    )


def _body(record: Customer | Order) -> bytes:
    return _customers().dump_json(record) if isinstance(record, Customer) else _orders().dump_json(record)


@cache
def _customers() -> TypeAdapter[Customer]:
    return TypeAdapter(Customer)


@cache
def _orders() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


@cache
def _receipts() -> TypeAdapter[Receipt]:
    return TypeAdapter(Receipt)
