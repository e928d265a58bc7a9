"""Who a customer is: proof by order number and e-mail, by name and postcode, or by a token; no hints, limited tries."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from commerce.records import Customer, Order, order_key, plain
from commerce.tokens import LEEWAY, Claims, TokenVerifier, invalid_token, not_accepted
from core.conversation import Identity
from core.errors import ServiceError
from storage.database import Database

IDENTITY_SECONDS = 30 * 60.0

SESSION_TRIES = 5
PART_TRIES = 10
POSTCODE_TRIES = 50
WINDOW_SECONDS = 15 * 60.0
"""So many wrong answers in a session, or with one order number, address or name, until the oldest is a quarter of an
hour old. Each part counts by itself: whoever knows one would else guess the other in ever new sessions. A postcode is
shared by many."""

ORDERS_KEPT = 20
"""Order numbers remembered in an identity; the desk opens all orders of the customer."""

MIGRATIONS = (
    "CREATE TABLE failures (subject TEXT NOT NULL, time REAL NOT NULL); CREATE INDEX s ON failures (subject);",
    "CREATE TABLE tokens (name TEXT PRIMARY KEY, session TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;",
)


class People(Protocol):
    """What identification needs of a back end."""

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer by id."""
        ...

    def customers_named(self, name: str, postcode: str) -> tuple[Customer, ...]:
        """Return the customers of a name and postcode."""
        ...

    def customers_with(self, email: str) -> tuple[Customer, ...]:
        """Return the customers of an e-mail address."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return an order by its number."""
        ...

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, newest first."""
        ...


class IdentityDesk:
    """Turns what a customer says of themselves into an identity, or not."""

    def __init__(
        self,
        people: People,
        attempts: Path,
        *,
        tokens: TokenVerifier | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep the wrong tries in a file, so that a restart does not forgive them.

        Args:
            people: knows the customers and their orders.
            attempts: the file.
            tokens: checks tokens; None where none are accepted.
            clock: tells seconds since the epoch.

        Raises:
            StorageError: the file or its folder cannot be used.
        """
        self._people = people
        self._attempts = Database(attempts, MIGRATIONS)
        self._tokens = tokens
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        """Or many tries at once would all be counted after all were allowed."""

    def by_order(self, order_id: str, email: str, *, session: str) -> Identity | None:
        """Return an identity when the order exists and was placed with that e-mail address, else None.

        None does not say which part was wrong; the comparison of the address takes constant time.

        Raises:
            ServiceError: ``too_many_tries``, said for existing and invented orders alike; ``data["seconds"]`` to wait.
        """
        parts = (("order", order_key(order_id)), ("email", plain(email)))
        subjects = _subjects(session, *parts)
        with self._one_at_a_time:
            self._refuse_guessing(subjects)
            order = self._people.order(order_id)
            customer = self._people.customer(order.customer_id if order else "")
            known = customer.email if customer else ""
            same = hmac.compare_digest(_digest(plain(email)), _digest(plain(known)))
            if customer is None or not known or not same:
                self._count(subjects)
                return None
        return self._identity(customer)

    def by_name(self, name: str, postcode: str, *, session: str) -> Identity | None:
        """Return an identity when exactly one customer has that name and postcode, else None.

        Raises:
            ServiceError: ``too_many_tries``.
        """
        subjects = _subjects(session, ("name", plain(name)), ("postcode", plain(postcode)))
        with self._one_at_a_time:
            self._refuse_guessing(subjects)
            found = self._people.customers_named(name, postcode) if plain(name) and plain(postcode) else ()
            if len(found) != 1:
                self._count(subjects)
                return None
        return self._identity(found[0])

    def by_email(self, email: str, *, session: str) -> Identity | None:
        """Return an identity when exactly one customer has that e-mail address (``identity: email``), else None.

        Raises:
            ServiceError: ``too_many_tries``.
        """
        subjects = _subjects(session, ("email", plain(email)))
        with self._one_at_a_time:
            self._refuse_guessing(subjects)
            found = self._people.customers_with(email) if plain(email) else ()
            if len(found) != 1:
                self._count(subjects)
                return None
        return self._identity(found[0])

    def by_token(self, token: str, *, session: str) -> Identity:
        """Return the identity of who is signed in on the shop's site; it ends with the token.

        A token with an id of its own (``jti``) holds in the first session that shows it and in no other.

        Raises:
            RequestError: status 400 where no tokens are accepted, 401 for a token that proves nothing.
        """
        if self._tokens is None:
            raise not_accepted()
        claims = self._tokens.verify(token)
        if claims.token_id is not None:
            self._tie(claims, session)
        customer = self._people.customer(claims.customer_id)
        if customer is None or customer.id != claims.customer_id:
            raise invalid_token()
        return replace(self._identity(customer), expires=claims.expires)

    def close(self) -> None:
        """Close the file of wrong tries."""
        self._attempts.close()

    def _identity(self, customer: Customer) -> Identity:
        orders = tuple(order.id for order in self._people.orders_of(customer.id)[:ORDERS_KEPT])
        return Identity(customer.id, orders, self._clock() + IDENTITY_SECONDS)

    def _tie(self, claims: Claims, session: str) -> None:
        """Tie a token to the session; what it is known by and the session are kept as digests only."""
        name, holder = _name(f"token:{claims.token_id}"), _name(f"session:{session}")
        with self._attempts.transaction() as connection:
            connection.execute("DELETE FROM tokens WHERE expires <= ?", (self._clock() - LEEWAY,))
            connection.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?)", (name, holder, claims.expires))
            first = connection.execute("SELECT session FROM tokens WHERE name = ?", (name,)).fetchone()
        if not hmac.compare_digest(first[0], holder):
            raise invalid_token()

    def _refuse_guessing(self, subjects: Mapping[str, int]) -> None:
        now = self._clock()
        for subject, tries in subjects.items():
            rows = self._attempts.query(
                "SELECT time FROM failures WHERE subject = ? AND time > ? ORDER BY time DESC LIMIT ?",
                (_name(subject), now - WINDOW_SECONDS, tries),
            )
            if len(rows) >= tries:
                wait = rows[-1][0] + WINDOW_SECONDS - now
                raise ServiceError(
                    f"too many wrong tries; try again in {round(wait / 60) or 1} minutes",
                    code="too_many_tries",
                    data={"seconds": round(wait)},
                )

    def _count(self, subjects: Iterable[str]) -> None:
        now = self._clock()
        with self._attempts.transaction() as connection:
            connection.execute("DELETE FROM failures WHERE time <= ?", (now - WINDOW_SECONDS,))
            connection.executemany("INSERT INTO failures VALUES (?, ?)", [(_name(each), now) for each in subjects])


def _subjects(session: str, *parts: tuple[str, str]) -> dict[str, int]:
    """Return what wrong tries are counted under, each with how many it may have; a part left empty proves nothing."""
    limits = {"postcode": POSTCODE_TRIES}
    stated = {f"{kind}:{value}": limits.get(kind, PART_TRIES) for kind, value in parts if value}
    return {f"session:{session}": SESSION_TRIES, **stated}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _name(subject: str) -> str:
    """What people typed is kept as a digest only."""
    return _digest(subject).hex()
