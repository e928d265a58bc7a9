"""Customers and orders from the shop folder: schemas, and what is wrong with a file, by row and field."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Annotated, Any, TypeVar, cast

import polars as pl
from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from commerce.records import (
    Address,
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentMethod,
    Shipping,
    StatusChange,
    money,
    order_key,
)
from core.entities import ItemId
from core.errors import Problem
from core.shop import Shop

EMAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"


def _empty_is_missing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if each not in ("", None)}
    return value


def _from_json(value: Any) -> Any:
    """Read a CSV cell that holds a list or object as JSON."""
    return json.loads(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value


def _lines(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _time(value: Any) -> Any:
    """Accept a date, a time, or seconds since the epoch; without a zone it is UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def _with_zone(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


Time = Annotated[datetime, BeforeValidator(_time), AfterValidator(_with_zone)]
Texts = Annotated[list[str], BeforeValidator(_lines)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Code = Annotated[str, Field(min_length=1)]


class _Row(BaseModel):
    """Unknown fields are the shop's own and ignored; numbers may stand where text is meant (ids, postcodes)."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, str_strip_whitespace=True)


Schema = TypeVar("Schema", bound=_Row)


class AddressRow(_Row):
    """An address, as an object."""

    lines: Texts = Field(default=[], validation_alias=AliasChoices("lines", "street", "address1"))
    line2: str = Field(default="", validation_alias=AliasChoices("line2", "address2"))
    city: str = ""
    state: str = ""
    country: str = ""
    postcode: str = Field(default="", validation_alias=AliasChoices("postcode", "zip", "postal_code"))

    def record(self) -> Address:
        """Return the address."""
        lines = tuple(line for line in (*self.lines, self.line2) if line)
        return Address(lines, self.city, self.state, self.country, self.postcode)


def _address(value: Any) -> Any:
    """Accept an address as one string."""
    value = _from_json(value)
    return {"lines": [value]} if isinstance(value, str) else _empty_is_missing(value)


class PaymentMethodRow(_Row):
    """A payment method of a customer."""

    id: Code
    kind: Code
    label: str = ""
    balance: Amount | None = None


class CustomerRow(_Row):
    """A line of ``customers.csv``."""

    customer_id: Code
    name: str = ""
    email: Annotated[str, Field(pattern=EMAIL)] | None = None
    phone: str = ""
    postcode: str = ""
    address: Annotated[AddressRow, BeforeValidator(_address)] = AddressRow()
    city: str = ""
    state: str = ""
    country: str = ""
    payment_methods: Annotated[list[PaymentMethodRow], BeforeValidator(_from_json)] = []

    def record(self) -> Customer:
        """Return the customer."""
        known = self.address.record()
        address = Address(
            known.lines,
            known.city or self.city,
            known.state or self.state,
            known.country or self.country,
            known.postcode or self.postcode,
        )
        methods = tuple(PaymentMethod(row.id, row.kind, row.label, row.balance) for row in self.payment_methods)
        return Customer(self.customer_id, self.name, self.email or "", self.phone, address, methods)


class LineRow(_Row):
    """A position of an order."""

    item_id: Code
    title: str = ""
    quantity: int = Field(1, ge=1)
    price: Amount
    category: Texts = []


class ShippingRow(_Row):
    """How an order travels."""

    carrier: str = ""
    tracking: str = ""
    eta: Time | None = None
    address: Annotated[AddressRow, BeforeValidator(_address)] = AddressRow()


class StatusRow(_Row):
    """A step of an order's history."""

    status: OrderStatus
    time: Time


class PaymentRow(_Row):
    """Money that moved."""

    kind: Annotated[str, Field(pattern="^(payment|refund)$")]
    amount: Amount
    method: str = ""
    time: Time | None = None


class OrderRow(_Row):
    """A line of ``orders.jsonl``."""

    order_id: Code
    customer_id: Code
    status: OrderStatus
    created_at: Time
    items: Annotated[list[LineRow], Field(min_length=1)]
    total: Amount | None = None
    currency: str = ""
    payment_method: str = ""
    shipping: Annotated[ShippingRow, BeforeValidator(_empty_is_missing)] = ShippingRow()
    history: list[StatusRow] = []
    payments: list[PaymentRow] = []

    def record(self, currency: str) -> Order:
        """Return the order; ``currency`` is the shop's, for orders that name none.

        Where the file states no payments, an order that got further than ``pending`` was paid with its method.
        """
        items = tuple(
            OrderLine(ItemId(row.item_id), row.title or row.item_id, row.quantity, row.price, tuple(row.category))
            for row in self.items
        )
        total = self.total if self.total is not None else money(sum(line.price * line.quantity for line in items))
        shipping = self.shipping
        history = sorted((StatusChange(row.status, row.time) for row in self.history), key=lambda change: change.time)
        payments = tuple(Payment(row.kind, row.amount, row.method, row.time) for row in self.payments)
        reached = {self.status, *(change.status for change in history)}
        if not payments and not reached <= {OrderStatus.PENDING, OrderStatus.CANCELLED}:
            payments = (Payment("payment", total, self.payment_method, self.created_at),)
        return Order(
            id=self.order_id,
            customer_id=self.customer_id,
            status=self.status,
            created_at=self.created_at,
            items=items,
            total=total,
            currency=self.currency or currency,
            payment_method=self.payment_method,
            shipping=Shipping(shipping.carrier, shipping.tracking, shipping.eta, shipping.address.record()),
            history=tuple(history),
            payments=payments,
        )


@dataclass(frozen=True, slots=True)
class DeskData:
    """The readable customers and orders of a shop folder, and what was wrong with the others."""

    customers: tuple[Customer, ...] = ()
    orders: tuple[Order, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_desk_data(shop: Shop) -> DeskData:
    """Read ``customers`` and ``orders`` of a shop folder; neither has to exist.

    A bad row is skipped and told as a problem that is not fatal; so are duplicate ids and orders of unknown customers.
    A file that cannot be read at all is a fatal problem.
    """
    customers, problems = _read_customers(shop)
    orders, order_problems = _read_orders(shop, {customer.id for customer in customers})
    return DeskData(tuple(customers), tuple(orders), (*problems, *order_problems))


def check(folder: Path, shop: Shop) -> list[Problem]:
    """Return everything that is wrong with a shop folder's customers, orders and policies."""
    # Imported here: policies need nothing of the above, and a shop without them should not pay for it.
    from commerce.sections import read_sections

    problems = list(read_desk_data(shop).problems)
    root = folder / shop.policies
    if not root.is_dir():
        return [*problems, Problem(shop.policies, "no such folder: policy questions will not be answered", fatal=False)]
    return [*problems, *read_sections(root, shop.policies, shop.language)[1]]


def _read_customers(shop: Shop) -> tuple[list[Customer], list[Problem]]:
    path = shop.file("customers")
    if path is None:
        return [], []
    problems: list[Problem] = []
    found: dict[str, Customer] = {}
    for number, row in _rows(path, problems):
        parsed = _parse(CustomerRow, path, number, row, problems)
        if parsed is None:
            continue
        if parsed.customer_id in found:
            problems.append(_skipped(path, number, "customer_id", f"{parsed.customer_id!r} stands here a second time"))
            continue
        found[parsed.customer_id] = parsed.record()
    return list(found.values()), problems


def _read_orders(shop: Shop, customers: set[str]) -> tuple[list[Order], list[Problem]]:
    path = shop.file("orders")
    if path is None:
        return [], []
    problems: list[Problem] = []
    found: dict[str, Order] = {}
    for number, row in _rows(path, problems):
        parsed = _parse(OrderRow, path, number, row, problems)
        if parsed is None:
            continue
        if order_key(parsed.order_id) in found:
            problems.append(_skipped(path, number, "order_id", f"{parsed.order_id!r} stands here a second time"))
        elif parsed.customer_id not in customers:
            message = f"there is no customer {parsed.customer_id!r} in the customers file"
            problems.append(_skipped(path, number, "customer_id", message))
        else:
            found[order_key(parsed.order_id)] = parsed.record(shop.currency or "")
    return list(found.values()), problems


def _parse(
    schema: type[Schema], path: Path, number: int, row: dict[str, Any], problems: list[Problem]
) -> Schema | None:
    try:
        return schema.model_validate(_empty_is_missing(row))
    except ValidationError as error:
        for item in error.errors(include_url=False):
            field = ".".join(str(part) for part in item["loc"])
            problems.append(_skipped(path, number, field, f"{item['msg']}, not {_shortened(item['input'])}"))
        return None


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, fields) of a CSV, JSONL (both also .gz) or Parquet file."""
    try:
        if path.name.endswith(".parquet"):
            yield from enumerate(pl.read_parquet(path).iter_rows(named=True), start=1)
            return
        with _open(path) as file:
            yield from _json_rows(path, file, problems) if ".jsonl" in path.suffixes else _csv_rows(file)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, pl.exceptions.PolarsError) as error:
        problems.append(Problem(path.name, f"cannot be read: {error}"))


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _csv_rows(file: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(file, strict=True)
    for row in reader:
        yield reader.line_num, {name: value for name, value in row.items() if name is not None}


def _json_rows(path: Path, file: IO[str], problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(_skipped(path, number, None, f"is no JSON: {error.msg} at column {error.colno}"))
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            problems.append(_skipped(path, number, None, f"must be an object, not {_shortened(row)}"))


def _skipped(path: Path, row: int, field: str | None, message: str) -> Problem:
    return Problem(path.name, message, row=row, field=field, fatal=False)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
