"""A shop's back end as docs/backend.openapi.yaml describes it, over SQLite: what a shop's engineer may begin with.

Every request and answer is held against the description.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commerce.backend import ShopBackend
from commerce.changes import Change, PendingAction
from core.entities import ItemId
from core.errors import ServiceError
from tests.commerce.described import Description

Answer = tuple[int, Any]
MISSING: Answer = (404, {"error": {"code": "not_found"}})


def reference_app(backend: ShopBackend, key: str = "", description: Description | None = None) -> Starlette:
    """Return the application; ``key`` is what clients must send."""
    described = description or Description()

    def route(path: str, method: str, answer: Callable[[dict[str, str], Any], Answer]) -> Route:
        async def serve(request: Request) -> Response:
            raw = await request.body()
            body = orjson.loads(raw) if raw else None
            sent = request.scope["raw_path"].decode().partition("?")[0]
            described.request(method, sent, dict(request.headers), body)
            if key and not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {key}"):
                return Response(orjson.dumps({"error": {"code": "unauthorized"}}), 401)
            status, content = await run_in_threadpool(_answered, answer, dict(request.path_params), body)
            described.answer(method, sent, status, orjson.loads(orjson.dumps(content)))
            return Response(orjson.dumps(content), status, media_type="application/json")

        endpoint: Callable[[Request], Awaitable[Response]] = serve
        return Route(path, endpoint, methods=[method])

    calls = _Calls(backend)
    return Starlette(
        routes=[
            route("/customers/search", "POST", calls.search),
            route("/customers/{customer_id}", "GET", calls.customer),
            route("/customers/{customer_id}/orders", "GET", calls.orders_of),
            route("/customers/{customer_id}/receipts/{key}", "GET", calls.receipt),
            route("/orders/{order_id}", "GET", calls.order),
            route("/items/{item_id}", "GET", calls.offer),
            route("/changes/preview", "POST", calls.preview),
            route("/changes", "POST", calls.apply),
            route("/carts/{cart_id}", "GET", calls.cart),
            route("/carts/{cart_id}/items/{item_id}", "PUT", calls.put_in_cart),
            route("/carts/{cart_id}/checkout", "GET", calls.checkout),
        ]
    )


def _answered(answer: Callable[[dict[str, str], Any], Answer], names: dict[str, str], body: Any) -> Answer:
    try:
        return answer(names, body)
    except ServiceError as refused:
        status = 409 if refused.code == "stale" else 422
        return status, {"error": {"code": refused.code, "message": str(refused), "data": _plain(refused.data)}}


class _Calls:
    """One method for each operation."""

    def __init__(self, backend: ShopBackend) -> None:
        self.backend = backend

    def search(self, names: dict[str, str], body: Any) -> Answer:
        found = (
            self.backend.customers_with(body["email"])
            if "email" in body
            else self.backend.customers_named(body["name"], body["postcode"])
        )
        return 200, {"customers": [_plain(customer) for customer in found]}

    def customer(self, names: dict[str, str], body: Any) -> Answer:
        found = self.backend.customer(names["customer_id"])
        return (200, _plain(found)) if found else MISSING

    def orders_of(self, names: dict[str, str], body: Any) -> Answer:
        return 200, {"orders": [_plain(order) for order in self.backend.orders_of(names["customer_id"])]}

    def receipt(self, names: dict[str, str], body: Any) -> Answer:
        found = self.backend.receipt(names["key"], names["customer_id"])
        return (200, _plain(found)) if found else MISSING

    def order(self, names: dict[str, str], body: Any) -> Answer:
        found = self.backend.order(names["order_id"])
        return (200, _plain(found)) if found else MISSING

    def offer(self, names: dict[str, str], body: Any) -> Answer:
        found = self.backend.offer(names["item_id"])
        if found is None:
            return MISSING
        keys = ("id", "title", "price", "currency", "category", "stock", "group_id")
        return 200, {key: getattr(found, key) for key in keys}

    def preview(self, names: dict[str, str], body: Any) -> Answer:
        changes = TypeAdapter(tuple[Change, ...]).validate_python(body["changes"])
        return 200, _plain(self.backend.preview(body["customer_id"], changes))

    def apply(self, names: dict[str, str], body: Any) -> Answer:
        return 200, _plain(self.backend.apply(TypeAdapter(PendingAction).validate_python(body)))

    def cart(self, names: dict[str, str], body: Any) -> Answer:
        return 200, {"items": [_plain(pieces) for pieces in self.backend.cart(names["cart_id"])]}

    def put_in_cart(self, names: dict[str, str], body: Any) -> Answer:
        cart = self.backend.put_in_cart(names["cart_id"], ItemId(names["item_id"]), body["quantity"])
        return 200, {"items": [_plain(pieces) for pieces in cart]}

    def checkout(self, names: dict[str, str], body: Any) -> Answer:
        return 200, {"url": self.backend.checkout_link(names["cart_id"])}


def _plain(value: Any) -> Any:
    return TypeAdapter(type(value)).dump_python(value, mode="json")
