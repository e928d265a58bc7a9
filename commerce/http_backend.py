"""The shop's own order system over HTTP, as ``docs/backend.openapi.yaml`` describes it: a ShopBackend.

What comes back is foreign data: it is validated, and a record that was not asked for (somebody else's order) is a fault
of the service, never shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from commerce.backend import Preview
from commerce.changes import Change, Effect, PendingAction, Pieces, Receipt, action_to_json
from commerce.http_transport import Call, Transport
from commerce.records import Customer, Order, order_key, plain
from core.entities import Item, ItemId
from core.errors import BackendUnavailable, ServiceError

LONGEST_ID = 200

Record = TypeVar("Record")


class HttpBackend:
    """A :class:`commerce.backend.ShopBackend` over HTTP. Thread-safe; every call blocks for up to a few seconds."""

    def __init__(self, transport: Transport) -> None:
        """Speak over a transport; nothing is sent yet."""
        self._transport = transport

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id.

        Raises:
            BackendUnavailable: no answer, or one that breaks the contract.
        """
        found = self._get(Customer, "/customers", _part(customer_id))
        if found is not None and found.id != customer_id:
            _broken("another customer than the one asked for")
        return found

    def customers_named(self, name: str, postcode: str) -> tuple[Customer, ...]:
        """Return the customers of a name and postcode, compared without case and spaces."""
        found = self._search({"name": name, "postcode": postcode})
        wanted = (plain(name), plain(postcode))
        return tuple(each for each in found if (plain(each.name), plain(each.address.postcode)) == wanted)

    def customers_with(self, email: str) -> tuple[Customer, ...]:
        """Return the customers of an e-mail address, compared without case and spaces."""
        return tuple(each for each in self._search({"email": email}) if plain(each.email) == plain(email))

    def order(self, order_id: str) -> Order | None:
        """Return an order by its number, compared without case, spaces and a leading ``#``."""
        key = order_key(order_id)
        found = self._get(Order, "/orders", _part(key))
        if found is not None and order_key(found.id) != key:
            _broken("another order than the one asked for")
        return _timed(found) if found else None

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""
        found = self._get(_OrderList, "/customers", _part(customer_id), "orders")
        orders = [_timed(order) for order in found.orders] if found else []
        if any(order.customer_id != customer_id for order in orders):
            _broken("another customer's orders")
        return tuple(sorted(orders, key=lambda order: order.created_at, reverse=True))

    def offer(self, item_id: str) -> Item | None:
        """Return an item as it is sold now, with price and stock."""
        found = self._get(_Offer, "/items", _part(item_id))
        if found is None:
            return None
        if found.id != item_id:
            _broken("another item than the one asked for")
        return Item(
            ItemId(found.id), found.title, price=found.price, currency=found.currency, category=tuple(found.category),
            stock=found.stock, group_id=found.group_id,
        )  # fmt: skip

    def preview(self, customer_id: str, changes: Sequence[Change]) -> Preview:
        """Work out what changes would do, one after the other, and change nothing.

        Raises:
            ServiceError: a rule forbids one of them; ``order_not_found`` also for another customer's order.
            BackendUnavailable: no answer, or one that breaks the contract.
        """
        body = {"customer_id": customer_id, "changes": [_plain(change) for change in changes]}
        answer = self._transport.send(Call("POST", "/changes/preview", body))
        found = _read(_PreviewBody, answer.body, "a preview")
        if len(found.effects) != len(changes):
            _broken("a preview of another number of changes")
        return Preview(tuple(found.effects), dict(found.versions))

    def apply(self, action: PendingAction) -> Receipt:
        """Carry out all changes of an action, or none; the same key a second time returns the first receipt.

        Raises:
            ServiceError: ``stale`` when anything that was read back would now be different.
            BackendUnavailable: the service does not answer; ``unknown`` when it may have been carried out: confirming
                the same action again finds out, and does nothing twice.
        """
        call = Call("POST", "/changes", action_to_json(action), key=action.key, safe=False)
        try:
            return self._receipt(self._transport.send(call).body, action.key, action.customer_id)
        except BackendUnavailable as fault:
            if not fault.unknown:
                raise
            return self._found_out(action, fault)

    def receipt(self, key: str, customer_id: str) -> Receipt | None:
        """Return the receipt of an action that was carried out for a customer."""
        body = self._fetch("/customers", _part(customer_id), "receipts", _part(key))
        return self._receipt(body, key, customer_id) if body is not None else None

    def cart(self, owner: str) -> tuple[Pieces, ...]:
        """Return what lies in a cart, in the order it was put there."""
        found = self._get(_CartBody, "/carts", _cart(owner))
        return tuple(found.items) if found else ()

    def put_in_cart(self, owner: str, item_id: ItemId, quantity: int) -> tuple[Pieces, ...]:
        """Set how many pieces of an item lie in a cart (0 takes it out) and return the cart; repeating is harmless.

        Raises:
            ServiceError: ``unknown_item``, or ``unavailable`` with ``data["stock"]``.
            BackendUnavailable: no answer, or one that breaks the contract.
        """
        item = _part(item_id)
        if item is None:
            raise ServiceError("there is no such item", code="unknown_item", data={"item_id": item_id[:LONGEST_ID]})
        path = f"/carts/{_cart(owner)}/items/{item}"
        answer = self._transport.send(Call("PUT", path, {"quantity": max(0, quantity)}))
        return tuple(_read(_CartBody, answer.body, "a cart").items)

    def checkout_link(self, owner: str) -> str | None:
        """Return where the cart is paid; None when it is empty or there is no such page."""
        found = self._get(_Link, "/carts", _cart(owner), "checkout")
        return _web_address(found.url) if found and found.url else None

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _found_out(self, action: PendingAction, fault: BackendUnavailable) -> Receipt:
        """Look up whether an action without an answer was carried out."""
        try:
            receipt = self.receipt(action.key, action.customer_id)
        except (BackendUnavailable, ServiceError):
            raise fault from None
        if receipt is not None:
            return receipt
        if isinstance(fault.__cause__, ServiceError):  # it was not carried out, and the service says why it will not be
            raise fault.__cause__
        raise fault

    def _get(self, kind: type[Record], *parts: str | None) -> Record | None:
        body = self._fetch(*parts)
        return _read(kind, body, str(parts[0])[1:]) if body is not None else None

    def _fetch(self, *parts: str | None) -> Any:
        named = [part for part in parts if part is not None]
        return self._transport.send(Call("GET", "/".join(named))).body if len(named) == len(parts) else None

    def _search(self, wanted: Mapping[str, str]) -> list[Customer]:
        # A search by POST: names and addresses of mail do not belong into the log of addresses that servers keep.
        answer = self._transport.send(Call("POST", "/customers/search", dict(wanted)))
        return _read(_Found, answer.body, "customers").customers

    @staticmethod
    def _receipt(body: Any, key: str, customer_id: str) -> Receipt:
        try:
            receipt = _read(Receipt, body, "a receipt")
        except BackendUnavailable as fault:
            raise BackendUnavailable(str(fault), unknown=True) from fault
        if (receipt.key, receipt.customer_id) != (key, customer_id):
            raise BackendUnavailable("the receipt is not the one of this action", unknown=True)
        return receipt


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Found(_Body):
    customers: list[Customer] = Field(max_length=100)


class _OrderList(_Body):
    orders: list[Order] = Field(max_length=2000)


class _Offer(_Body):
    id: str
    title: str
    price: float | None = Field(None, ge=0, allow_inf_nan=False)
    currency: str | None = None
    category: list[str] = []
    stock: int | None = Field(None, ge=0)
    group_id: str | None = None


class _PreviewBody(_Body):
    effects: list[Effect]
    versions: dict[str, int]


class _CartBody(_Body):
    items: list[Pieces] = Field(max_length=1000)


class _Link(_Body):
    url: str | None = Field(None, max_length=4000)


def _read(kind: type[Record], body: Any, what: str) -> Record:
    try:
        record: Record = _adapter(cast(Hashable, kind)).validate_python(body)
        return record
    except ValidationError as error:
        # Where it is wrong, not what stands there: that may be a customer's.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackendUnavailable(f"the back end's answer ({what}) is wrong at {place!r}: {first['msg']}") from None


def _broken(what: str) -> NoReturn:
    raise BackendUnavailable(f"the back end answered with {what}")


def _part(text: str) -> str | None:
    """Return an id as one segment of a path; None for what is no id, which is not even asked for."""
    if not 0 < len(text) <= LONGEST_ID or not text.isprintable() or not text.strip(".") or set(text) & {"/", "\\"}:
        return None
    return quote(text, safe="")


def _cart(owner: str) -> str:
    """Return a cart's name for the service: the session's own key stays here."""
    return hashlib.sha256(f"cart:{owner}".encode()).hexdigest()[:40]


def _plain(change: Change) -> Any:
    return _adapter(cast(Hashable, type(change))).dump_python(change, mode="json")


@lru_cache(maxsize=32)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def _web_address(url: str) -> str | None:
    """Return an address that a customer may be sent to, or None; the same that ``checkout`` in shop.yaml may hold."""
    return url if re.fullmatch(r"(https?://|/[^/\\])\S*", url) else None


def _timed(order: Order) -> Order:
    """Return an order whose times all know their zone; those that do not are UTC."""
    steps = tuple(replace(step, time=_utc(step.time)) for step in order.history)
    paid = tuple(replace(each, time=_utc(each.time) if each.time else None) for each in order.payments)
    eta = _utc(order.shipping.eta) if order.shipping.eta else None
    shipping = replace(order.shipping, eta=eta)
    return replace(order, created_at=_utc(order.created_at), history=steps, payments=paid, shipping=shipping)


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
