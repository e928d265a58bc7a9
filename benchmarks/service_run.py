"""Plays the scripted customers against a real server over HTTP and compares the database in the end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from agent.assistant import Assistant
from benchmarks.service_domain import STATUSES, Domain, Task, address_of, read_tasks
from benchmarks.service_phrasings import Phrasing
from benchmarks.service_player import Player
from benchmarks.service_shop import write_shop
from benchmarks.service_words import Storefront
from commerce.records import Customer, Order
from commerce.sqlite_backend import SqliteBackend
from commerce.tables import rewrite
from core.settings import Settings
from server.app import create_app

CENTS = 0.011
"""The domain's own amounts are unrounded."""


@dataclass(frozen=True)
class Outcome:
    """One conversation and what it left in the database."""

    task_id: str
    seed: int
    faults: tuple[str, ...]
    """How the end state differs; empty is success."""
    forbidden: tuple[str, ...]
    """Writes that nobody may make: to other customers' records, or without a yes to a read-back just before."""
    turns: int
    transcript: tuple[tuple[str, str], ...] = field(repr=False, default=())


class Stage:
    """A served shop whose records are put back after each conversation."""

    def __init__(self, source: Path, work: Path, encoder: Path | None = None) -> None:
        """Write the shop, build its index and open the assistant."""
        self.domain: Domain = write_shop(source, work / "shop")
        self.tasks: dict[str, Task] = {task.id: task for task in read_tasks(source)}
        self.scripts: dict[str, Any] = json.loads((source / "customers.json").read_text(encoding="utf-8"))
        data = work / "data"
        data.mkdir(parents=True, exist_ok=True)
        if encoder is not None and not (data / "encoder").exists():
            (data / "encoder").symlink_to(encoder)
        settings = Settings(shop=work / "shop", data_dir=data, watch=False, llm="embedded")
        self.assistant = Assistant.open(settings)
        self.settings = settings
        backend = self.assistant.desk.backend
        assert isinstance(backend, SqliteBackend)
        self.backend: SqliteBackend = backend
        self._before: dict[str, Order | Customer] = {order.id: order for order in self.domain.orders}
        self._before |= {customer.id: customer for customer in self.domain.customers}
        self.reset(self._everybody())
        self.store = _storefront(self.domain)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port of this machine; yield the address."""
        listener = socket.create_server(("127.0.0.1", 0))
        app = create_app(self.assistant, self.settings, page=False)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            listener.close()

    def play(self, url: str, task_id: str, seed: int) -> Outcome:
        """Let one customer talk until they have nothing left to say; put the records back afterwards."""
        player = Player(self.scripts[task_id], self.store, Phrasing(seed))
        owner = self._owner(task_id)
        lines: list[tuple[str, str]] = []
        forbidden: list[str] = []
        said: str | None = player.first()
        headers: dict[str, str] = {}
        read_back = False
        with httpx.Client(base_url=url, timeout=60) as client:
            while said is not None:
                body = {"model": "floorwalker", "messages": [{"role": "user", "content": said}]}
                answer = client.post("/v1/chat/completions", json=body, headers=headers).raise_for_status().json()
                extension = answer["floorwalker"]
                headers = {"X-Session-Id": extension["session_id"]}
                lines += [("customer", said), ("desk", answer["choices"][0]["message"]["content"])]
                kinds = [action["kind"] for action in extension["actions"]]
                if "done" in kinds and not (read_back and said.lower().startswith(("yes", "sure"))):
                    forbidden.append(f"a write without a yes: {said!r}")
                read_back = "confirm" in kinds
                said = player.answer(extension["actions"])
        changed = self._changed(owner)
        forbidden += [f"{key} is not the customer's" for key in changed["others"]]
        faults = self._faults(task_id, owner)
        self.reset(changed["own"] + changed["others"])
        return Outcome(task_id, seed, tuple(faults), tuple(forbidden), player.turns, tuple(lines))

    def reset(self, keys: Sequence[str]) -> None:
        """Put records back as they were, and forget wrong tries."""
        with self.backend._database.transaction() as connection:
            for key in keys:
                rewrite(connection, self._before[key])
        with self.assistant.desk._identities._attempts.transaction() as connection:
            connection.execute("DELETE FROM failures")

    def _owner(self, task_id: str) -> str:
        """Return the customer that a script is about, by name and postcode or e-mail."""
        known = self.scripts[task_id]["known"]
        if known.get("user_id"):
            return str(known["user_id"])
        for customer in self.domain.customers:
            if customer.email in (known.get("emails") or ()):
                return customer.id
            if customer.name == known["name"] and customer.address.postcode in (known.get("zips") or ()):
                return customer.id
        return ""

    def _everybody(self) -> list[str]:
        return list(self._before)

    def _changed(self, owner: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"own": [], "others": []}
        touched = "SELECT order_key, customer_id, body FROM orders"
        now = {row[0]: row for row in self.backend._database.query(touched)}
        for order in self.domain.orders:
            row = now[order.id.lstrip("#").upper()]
            if '"version":0' not in row[2]:
                found["own" if order.customer_id == owner else "others"].append(order.id)
        for customer in self.domain.customers:
            if self.backend.customer(customer.id) != customer:
                found["own" if customer.id == owner else "others"].append(customer.id)
        return found

    def _faults(self, task_id: str, owner: str) -> list[str]:
        task = self.tasks[task_id]
        faults = []
        for order in self.backend.orders_of(owner):
            if order.id in task.orders:
                faults += _order_faults(order, task.orders[order.id])
            elif _plain(order) != _plain(self._before[order.id]):
                faults.append(f"{order.id}: changed ({order.status.value}), should be as it was")
        customer = self.backend.customer(owner)
        if customer is not None:
            faults += _customer_faults(customer, task.users.get(owner), self._before.get(owner))
        return faults


def _plain(order: Any) -> Any:
    return replace(order, version=0)


def _order_faults(order: Order, expected: Mapping[str, Any]) -> list[str]:
    faults = []

    def same(name: str, own: Any, wanted: Any) -> None:
        if own != wanted:
            faults.append(f"{order.id}: {name} is {own}, should be {wanted}")

    same("status", order.status.value, STATUSES[expected["status"]].value)
    same("items", Counter(line.item_id for line in order.items), Counter(i["item_id"] for i in expected["items"]))
    same("address", order.shipping.address, address_of(expected["address"]))
    same("returning", sorted(line.item_id for line in order.returning), sorted(expected.get("return_items", [])))
    wanted = sorted(expected.get("exchange_new_items", []))
    same("exchange", sorted(each.new.item_id for each in order.exchanging), wanted)
    if order.status.value not in ("return_requested", "exchange_requested"):  # money moves when the goods are back
        moved = Counter((one.kind, one.method) for one in order.payments)
        stated = Counter((e["transaction_type"], e["payment_method_id"]) for e in expected["payment_history"])
        same("payments", moved, stated)
    return faults


def _customer_faults(customer: Customer, expected: Mapping[str, Any] | None, before: Any) -> list[str]:
    if expected is None:
        return [] if replace(customer, version=0) == before else ["the customer's record changed, should be as it was"]
    faults = []
    if customer.address != address_of(expected["address"]):
        faults.append(f"home address is {customer.address}, should be {address_of(expected['address'])}")
    for method in expected["payment_methods"].values():
        mine = customer.payment_method(method["id"])
        if "balance" in method and (mine is None or abs((mine.balance or 0.0) - method["balance"]) > CENTS):
            faults.append(f"{method['id']} holds {mine.balance if mine else None}, should hold {method['balance']}")
    return faults


def _storefront(domain: Domain) -> Storefront:
    products: dict[str, dict[str, set[str]]] = {}
    for item in domain.items.values():
        own = products.setdefault(item.category[0], {})
        for name, value in item.facets.items():
            own.setdefault(name, set()).add(str(value))
    frozen = {p: {name: frozenset(values) for name, values in own.items()} for p, own in products.items()}
    return Storefront(frozen)
