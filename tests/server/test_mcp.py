"""The MCP server, driven by the official client over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import TextContent

from agent.assistant import Assistant
from core.errors import BackendUnavailable
from core.settings import Settings
from server.app import create_app
from tests.server.serving import served
from tests.service_shop import service

READ = {"search_catalog", "lookup_catalog", "get_product", "recommend", "compare", "search_policies"}
LOOK = {"order_status", "list_orders"}
CHANGE = {"prepare_order_change", "confirm_order_change", "drop_order_change"}
ANN = {"order_id": "FW-1002", "email": "ann@example.com"}
CANCEL = [{"kind": "cancel", "order_id": "FW-1002", "reason": "no longer needed"}]


@dataclass
class Shop:
    url: str
    assistant: Assistant

    def status(self, order_id: str) -> str:
        order = self.assistant.desk.backend.order(order_id)
        assert order is not None
        return order.status.value


@pytest.fixture(scope="module")
def shop(tmp_path_factory, data_folder) -> Iterator[Shop]:
    base = tmp_path_factory.mktemp("mcp")
    settings = Settings(shop=service(base / "shop"), data_dir=data_folder(base / "data"), watch=False)
    assistant = Assistant.open(settings)
    with served(create_app(assistant, settings, page=False)) as url:
        yield Shop(url, assistant)
    assistant.close()


@asynccontextmanager
async def agent(shop: Shop) -> AsyncIterator[Client]:
    async with Client(f"{shop.url}/mcp") as client:
        yield client


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def fault(client: Client, name: str, **arguments: Any) -> str:
    result = await client.call_tool(name, arguments)
    assert result.is_error
    assert result.structured_content is None
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_tools_are_listed_typed_and_annotated(shop):
    async with agent(shop) as client:
        listed = (await client.list_tools()).tools
        tools = {tool.name: tool for tool in listed}
    assert set(tools) == READ | LOOK | CHANGE
    for name, tool in tools.items():
        hints = tool.annotations
        assert hints.read_only_hint is (name in READ | LOOK), name
        assert hints.destructive_hint is (name == "confirm_order_change"), name
        assert hints.open_world_hint is False
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema["type"] == "object"
        assert len(tool.description) > 20


async def test_search_filters_and_errors_that_can_be_mended(shop):
    async with agent(shop) as client:
        found = await call(
            client, "search_catalog", query="jacket", filters=[{"field": "price", "op": "<=", "value": 200}]
        )
        assert found["total"] >= 1
        assert all(product["price"] <= 200 for product in found["products"])
        first = found["products"][0]
        assert first["title"]
        assert first["reasons"]
        message = await fault(client, "search_catalog", query="x", filters=[{"field": "wings", "op": "<=", "value": 1}])
        assert "wings" in message
        assert "limit" in await fault(client, "search_catalog", query="x", limit=1000)
        assert "colour" in await fault(client, "search_catalog", query="x", colour="red")
        assert "empty" in await fault(client, "search_catalog")
        assert "search_catalog" in await fault(client, "no_such_tool")


async def test_lookup_product_and_comparison(shop):
    async with agent(shop) as client:
        looked = await call(client, "lookup_catalog", ids=["w5", "nothing", "w5"])
        assert [product["id"] for product in looked["products"]] == ["w5"]
        assert looked["missing"] == ["nothing"]
        details = await call(client, "get_product", id="w5", language="zh")
        assert details["product"]["price"] == 129.0
        assert details["product"]["attributes"]
        assert "nothing" in await fault(client, "get_product", id="nothing")
        compared = await call(client, "compare", ids=["w5", "w6"])
        price = next(row for row in compared["rows"] if row["field"] == "price")
        assert price["values"] == [129.0, 249.0]
        assert price["best"] == ["w5"]


async def test_recommend_is_a_conversation(shop):
    async with agent(shop) as client:
        first = await call(client, "recommend", need="a jacket")
        again = await call(client, "recommend", need="under $200", session_id=first["session_id"])
        assert again["session_id"] == first["session_id"]
        assert {entry["field"] for entry in again["constraints"]} >= {"price", "category"}
        assert [product["id"] for product in again["products"]] == ["w5"]
        assert "129" in again["answer"]
        filtered = await call(
            client, "recommend", need="something warm", filters=[{"field": "price", "op": "<=", "value": 100}]
        )
        assert all(product["price"] <= 100 for product in filtered["products"])
        assert "session" in await fault(client, "recommend", need="a jacket", session_id="no session")


async def test_recommend_writes_nothing(shop):
    async with agent(shop) as client:
        first = await call(client, "recommend", need="a jacket under $200")
        await call(client, "recommend", need="put the first one in my cart", session_id=first["session_id"])
    session = shop.assistant.session(first["session_id"], first_scope())
    assert shop.assistant.desk.backend.cart(session.key) == ()


def first_scope() -> str:
    from server.sessions import scope_of

    return scope_of("", None)


async def test_policies_are_quoted_or_not_there(shop):
    async with agent(shop) as client:
        found = await call(client, "search_policies", question="How long may I return things?")
        assert found["passages"][0]["source"].startswith("policies/returns.md")
        assert "30 days" in found["passages"][0]["text"]


async def test_no_order_data_without_identity(shop):
    async with agent(shop) as client:
        nobody = await call(client, "order_status", order_id="FW-1002")
        assert nobody["status"] == "identity_needed"
        assert nobody["missing"] == ["email"]
        assert nobody["orders"] == []
        wrong = await call(client, "order_status", order_id="FW-1002", email="bob@example.com")
        assert (wrong["status"], wrong["why"]) == ("identity_needed", "refused")
        assert (await call(client, "list_orders"))["status"] == "identity_needed"
        made_up = await call(client, "order_status", session_id="my-own-session", **ANN)
        assert made_up["why"] == "session"
        changes = await call(client, "prepare_order_change", changes=CANCEL)
        assert (changes["status"], changes["effects"]) == ("identity_needed", [])


async def test_another_persons_order_is_refused(shop):
    async with agent(shop) as client:
        mine = await call(client, "order_status", **ANN)
        assert mine["orders"][0]["order_id"] == "FW-1002"
        session = mine["session_id"]
        listed = await call(client, "list_orders", session_id=session)
        assert {order["order_id"] for order in listed["orders"]} <= {f"FW-100{n}" for n in range(1, 6)}
        theirs = await call(client, "order_status", session_id=session, order_id="FW-2001")
        assert (theirs["status"], theirs["orders"]) == ("identity_needed", [])
        changed = await call(
            client, "prepare_order_change", session_id=session, changes=[{"kind": "cancel", "order_id": "FW-2001"}]
        )
        assert changed["status"] in ("refused", "nothing")
        assert changed["confirmation_id"] is None
        assert shop.status("FW-2001") == "paid"


async def test_a_change_is_read_back_and_done_once(shop):
    async with agent(shop) as client:
        prepared = await call(client, "prepare_order_change", changes=CANCEL, who=ANN)
        assert prepared["status"] == "confirm"
        (effect,) = prepared["effects"]
        assert effect["kind"] == "cancel"
        assert effect["money"][0]["amount"] == 79.0
        assert shop.status("FW-1002") == "paid"
        named = {"session_id": prepared["session_id"], "confirmation_id": prepared["confirmation_id"]}
        assert "confirmed" in await fault(client, "confirm_order_change", **named)
        assert "confirmed" in await fault(client, "confirm_order_change", **named, confirmed=False)
        other = {**named, "confirmation_id": "0" * 32}
        assert "prepare" in await fault(client, "confirm_order_change", **other, confirmed=True)
        elsewhere = await call(client, "order_status")
        stolen = {**named, "session_id": elsewhere["session_id"]}
        assert "prepare" in await fault(client, "confirm_order_change", **stolen, confirmed=True)
        assert shop.status("FW-1002") == "paid"
        done = await call(client, "confirm_order_change", **named, confirmed=True)
        assert (done["status"], done["repeated"]) == ("done", False)
        assert shop.status("FW-1002") == "cancelled"
        version = shop.assistant.desk.backend.order("FW-1002").version
        again = await call(client, "confirm_order_change", **named, confirmed=True)
        assert (again["status"], again["repeated"]) == ("done", True)
        assert shop.assistant.desk.backend.order("FW-1002").version == version


async def test_rules_refuse_and_a_no_drops(shop):
    async with agent(shop) as client:
        who = {"order_id": "FW-1003", "email": "ann@example.com"}
        refused = await call(
            client, "prepare_order_change", changes=[{"kind": "cancel", "order_id": "FW-1003"}], who=who
        )
        assert refused["status"] in ("refused", "detail_needed")
        back = [{"kind": "return", "order_id": "FW-1005", "items": [{"item_id": "w6"}], "reason": "too warm"}]
        prepared = await call(client, "prepare_order_change", session_id=refused["session_id"], changes=back)
        assert prepared["status"] == "confirm"
        dropped = await call(client, "drop_order_change", session_id=refused["session_id"])
        assert dropped["status"] == "dropped"
        named = {"session_id": prepared["session_id"], "confirmation_id": prepared["confirmation_id"]}
        assert "prepare" in await fault(client, "confirm_order_change", **named, confirmed=True)
        assert shop.status("FW-1005") == "delivered"


@pytest.mark.parametrize(("unknown", "words"), [(False, "nothing was changed"), (True, "not known whether")])
async def test_a_shop_system_that_does_not_answer_is_told(shop, monkeypatch, unknown, words):
    def silent(*_: object) -> None:
        raise BackendUnavailable("http://10.0.0.9/orders: no answer", unknown=unknown)

    monkeypatch.setattr(type(shop.assistant.desk.backend), "order", silent)
    async with agent(shop) as client:
        message = await fault(client, "order_status", **ANN)
    assert words in message
    assert "10.0.0.9" not in message


def initialize(url: str, **headers: str) -> httpx.Response:
    body = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    accept = {"Accept": "application/json, text/event-stream"}
    return httpx.post(f"{url}/mcp", json=body, headers={**accept, **headers})


def test_older_clients_initialize(shop):
    answer = initialize(shop.url)
    assert answer.status_code == 200
    assert answer.json()["result"]["serverInfo"]["name"] == "floorwalker"


def test_other_sites_and_rebound_names_are_refused(shop):
    assert initialize(shop.url, Origin="https://evil.example").status_code == 403
    assert initialize(shop.url, Origin="null").status_code == 403
    assert initialize(shop.url, Host="evil.example").status_code == 421
    assert initialize(shop.url, Origin=shop.url).status_code == 200


def test_an_exposed_server_wants_the_key(shop, tmp_path):
    settings = Settings(shop=shop.assistant.settings.shop, data_dir=tmp_path, host="0.0.0.0", api_key="k1,k2")
    with served(create_app(shop.assistant, settings, page=False)) as url:
        assert initialize(url).status_code == 401
        assert initialize(url, Authorization="Bearer no").status_code == 401
        assert initialize(url, Authorization="Bearer k1").status_code == 200
        assert initialize(url, Authorization="Bearer k1", Origin="http://localhost:3000").status_code == 403
