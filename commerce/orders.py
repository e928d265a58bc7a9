"""The order desk: tells a verified customer about their own orders, and nobody about anybody else's."""

from __future__ import annotations

import hashlib
import logging
import secrets as random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from commerce.backend import ShopBackend, not_yours
from commerce.changes import Change, PendingAction, Receipt
from commerce.checks import Offers
from commerce.http_backend import HttpBackend
from commerce.http_transport import Transport
from commerce.identity import IdentityDesk
from commerce.ledger import Ledger
from commerce.loading import read_desk_data
from commerce.records import Customer, Order, OrderLine, OrderStatus, order_facts
from commerce.sqlite_backend import SqliteBackend, no_offers
from commerce.tokens import TokenVerifier
from core.conversation import Identity
from core.errors import BackendUnavailable, Problem, ServiceError, ShopError
from core.shop import Shop

__all__ = ["Customer", "Order", "OrderDesk", "OrderLine", "OrderStatus", "order_facts"]

logger = logging.getLogger(__name__)

WAITING = 40
"""Calls that may wait for a back end on another machine at a time."""

CONFIRMATION_SECONDS = 15 * 60.0
"""How long a read-back may wait for its yes."""


class OrderDesk:
    """Identity before data. Thread-safe; calls take well under a millisecond."""

    def __init__(
        self, backend: ShopBackend, identities: IdentityDesk, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Stand on a back end and its identification."""
        self.backend = backend
        self._identities = identities
        self._clock = clock
        self.ledger: Ledger
        """What was done for whom; :meth:`open` sets it."""
        self.threads: ThreadPoolExecutor | None = None
        """Where calls wait for a back end on another machine; None when it is on this one."""
        self.problems: tuple[Problem, ...] = ()
        """What was skipped of the shop's files."""

    @classmethod
    def open(
        cls,
        shop: Shop,
        data_dir: Path,
        offers: Offers = no_offers,
        *,
        secrets: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> OrderDesk:
        """Open the desk of a shop, taking over its customers and orders files where they are new or changed.

        A shop without those files has a desk that knows nobody.

        Args:
            shop: the shop.
            data_dir: where the desk's files go, in a folder of the shop's own.
            offers: item id -> the item as it is sold now, or None; exchanges and carts need it.
            secrets: what the shop's site may have signed identity tokens with.
            clock: tells seconds since the epoch.

        Raises:
            SettingsError: a secret is too short, or the shop's own back end has no safe address or no key.
            ShopError: a file cannot be read at all.
            StorageError: the data folder cannot be used.
        """
        data = read_desk_data(shop)
        fatal = [problem for problem in data.problems if problem.fatal]
        if fatal:
            raise ShopError(fatal)
        if data.problems:
            logger.warning("%d rows of customers and orders are skipped; `check` lists them", len(data.problems))
        place = data_dir / "desk" / _folder_name(shop)
        backend: ShopBackend
        if shop.backend.kind == "http":
            backend = HttpBackend(Transport(shop.backend))
        else:
            sqlite = SqliteBackend(place / "orders.db", shop.returns, offers, checkout=shop.checkout, clock=clock)
            sqlite.import_records(data.customers, data.orders)
            backend = sqlite
        tokens = TokenVerifier(secrets, shop.key) if secrets and "token" in shop.identity else None
        desk = cls(backend, IdentityDesk(backend, place / "attempts.db", tokens=tokens, clock=clock), clock=clock)
        desk.problems = data.problems
        if shop.backend.kind == "http":
            desk.threads = ThreadPoolExecutor(WAITING, thread_name_prefix="desk")
        desk.ledger = Ledger(place / "ledger.db", clock=clock)
        return desk

    def verify(self, order_id: str, email: str, *, session: str) -> Identity | None:
        """Return an identity, good for 30 minutes, when order number and e-mail belong together, else None.

        Compared without case and spaces, in constant time. None does not say which part was wrong.

        Args:
            order_id: the order's number; a leading ``#`` does not count.
            email: the address that the order was placed with.
            session: the session's private key: wrong tries are counted by session and by order.

        Raises:
            ServiceError: ``too_many_tries``; ``data["seconds"]`` says how long to wait.
        """
        return self._identities.by_order(order_id, email, session=session)

    def verify_name(self, name: str, postcode: str, *, session: str) -> Identity | None:
        """Return an identity for a name and postcode (shops with ``identity: name_postcode``), else None.

        Raises:
            ServiceError: ``too_many_tries``.
        """
        return self._identities.by_name(name, postcode, session=session)

    def verify_email(self, email: str, *, session: str) -> Identity | None:
        """Return an identity for an e-mail address alone (shops with ``identity: email``), else None.

        Raises:
            ServiceError: ``too_many_tries``.
        """
        return self._identities.by_email(email, session=session)

    def verify_token(self, token: str, *, session: str) -> Identity:
        """Return the identity of who is signed in on the shop's site; it ends with the token.

        Raises:
            RequestError: status 400 where no tokens are accepted, 401 for a token that proves nothing.
        """
        return self._identities.by_token(token, session=session)

    def valid(self, identity: Identity | None) -> bool:
        """Return whether an identity is there and has not expired."""
        return identity is not None and identity.expires > self._clock()

    def order(self, identity: Identity | None, order_id: str) -> Order:
        """Return one of the customer's own orders.

        Raises:
            ServiceError: ``identity_needed`` (none, or expired), or ``order_not_found``, said in the same words for an
                order that does not exist and for another customer's.
        """
        customer_id = self._require(identity)
        order = self.backend.order(order_id)
        if order is None or order.customer_id != customer_id:
            raise not_yours(order_id)
        return order

    def orders_of(self, identity: Identity | None) -> tuple[Order, ...]:
        """Return the customer's orders, newest first.

        Raises:
            ServiceError: ``identity_needed``.
        """
        return self.backend.orders_of(self._require(identity))

    def customer(self, identity: Identity | None) -> Customer:
        """Return the customer's own record.

        Raises:
            ServiceError: ``identity_needed``, also when the customer is gone.
        """
        customer = self.backend.customer(self._require(identity))
        if customer is None:
            raise ServiceError("this customer is not known any more", code="identity_needed")
        return customer

    def prepare(self, identity: Identity | None, changes: Sequence[Change]) -> PendingAction:
        """Check changes against the shop's rules and return what is to be read back; nothing is written.

        Ask the customer with ``action.effects``, keep the action (``changes.action_to_json``), and call :meth:`confirm`
        after an explicit yes.

        Raises:
            ServiceError: ``identity_needed``, or the rule that forbids a change; see ``commerce/rules.py``.
        """
        customer_id = self._require(identity)
        if not changes:
            raise ServiceError("there is nothing to change", code="no_items")
        preview = self.backend.preview(customer_id, changes)
        return PendingAction(
            key=random.token_hex(16),
            customer_id=customer_id,
            changes=tuple(changes),
            effects=preview.effects,
            versions=preview.versions,
            expires=self._clock() + CONFIRMATION_SECONDS,
        )

    def confirm(self, identity: Identity | None, action: PendingAction) -> Receipt:
        """Carry out what was read back, exactly once however often it is confirmed.

        Raises:
            ServiceError: ``identity_needed``; ``stale`` when it is older than 15 minutes or anything would now be
                different (``data["cause"]`` names the rule that now forbids it): prepare and read back again.
        """
        if self._require(identity) != action.customer_id:
            raise ServiceError("this was prepared for another customer", code="identity_needed")
        done = self._receipt(action)
        if done is not None:
            return replace(done, repeated=True)
        if action.expires <= self._clock():
            raise ServiceError("this was read back too long ago", code="stale", data={"cause": "expired"})
        return self.backend.apply(action)

    def _receipt(self, action: PendingAction) -> Receipt | None:
        try:
            return self.backend.receipt(action.key, action.customer_id)
        except BackendUnavailable as fault:
            # An earlier yes may have been carried out: nobody may be told that nothing was changed.
            raise BackendUnavailable(str(fault), unknown=True) from fault

    def close(self) -> None:
        """Close the files and connections."""
        if self.threads is not None:
            self.threads.shutdown(cancel_futures=True)
        self._identities.close()
        if hasattr(self, "ledger"):
            self.ledger.close()
        self.backend.close()

    def _require(self, identity: Identity | None) -> str:
        if identity is None or not self.valid(identity):
            raise ServiceError("order number and e-mail are needed first", code="identity_needed")
        return identity.customer_id


def _folder_name(shop: Shop) -> str:
    """Two shops served from one data folder do not share customers."""
    root = shop.root.resolve()
    return f"{root.name or 'shop'}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
