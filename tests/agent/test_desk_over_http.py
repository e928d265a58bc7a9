"""The whole conversation over a shop's own order system: read-back, yes, and what is said when the system is down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.assistant import Assistant
from commerce.loading import read_desk_data
from commerce.sqlite_backend import SqliteBackend
from core.events import Reply, SessionRef, TurnRequest
from core.shop import load_shop
from tests.commerce.described import Description
from tests.commerce.reference_backend import reference_app
from tests.server.serving import served
from tests.service_shop import service


class Troubled:
    """A back end's server that can be made silent, slow, or forgetful of its answers."""

    def __init__(self, app: Any) -> None:
        self.app, self.down, self.slow, self.lost, self.posted = app, False, 0.0, False, False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(self.slow)
        lost = False
        if self.lost:
            lost = scope["path"] == "/changes" or (self.posted and "/receipts/" in scope["path"])
            if scope["path"] == "/changes":
                self.posted = True
                await self.app(scope, receive, _into_the_void)
        if self.down or lost:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


async def _into_the_void(message: Any) -> None:
    """Lose an answer: the work was done, and nobody learns of it."""


@pytest.fixture
def shop(tmp_path: Path, open_shop: Callable[..., Assistant]) -> Iterator[tuple[Assistant, Troubled, SqliteBackend]]:
    theirs = load_shop(service(tmp_path / "theirs"))
    data = read_desk_data(theirs)
    sold: list[Assistant] = []

    def offers(item_id: str) -> Any:
        catalogue = sold[0].recommender.catalogue
        return catalogue.item(item_id) if catalogue.has(item_id) else None

    behind = SqliteBackend(tmp_path / "theirs.db", theirs.returns, offers, checkout=theirs.checkout)
    behind.import_records(data.customers, data.orders)
    description = Description()
    trouble = Troubled(reference_app(behind, "", description))
    with served(trouble) as url:
        folder = service(tmp_path / "shop")
        for name in ("customers.csv", "orders.jsonl"):
            (folder / name).unlink()
        settings = yaml.safe_load((folder / "shop.yaml").read_text(encoding="utf-8"))
        settings["backend"] = {"kind": "http", "url": url, "timeout": 2}
        (folder / "shop.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        sold.append(open_shop(folder, tmp_path / "data"))
        yield sold[0], trouble, behind
        assert description.broken == []
    behind.close()


async def say(assistant: Assistant, text: str, session: SessionRef) -> Reply:
    return await assistant.reply(TurnRequest(text, session))


def status(behind: SqliteBackend, order_id: str) -> str:
    order = behind.order(order_id)
    assert order is not None
    return order.status.value


async def test_a_change_from_the_question_to_the_receipt(shop):
    assistant, _, behind = shop
    session = assistant.new_session()
    asked = await say(assistant, "please cancel order FW-1002, my e-mail is ann@example.com", session)
    assert "Trail Trousers" in asked.text
    assert status(behind, "FW-1002") == "paid"
    await say(assistant, "yes", session)
    assert status(behind, "FW-1002") == "cancelled"
    told = await say(assistant, "where is my order FW-1002?", session)
    assert "cancelled" in told.text
    other = await say(assistant, "and where is FW-2001?", session)
    assert "Rain Shell" not in other.text


async def test_while_it_is_down_the_customer_is_told_and_recommending_goes_on(shop):
    assistant, trouble, _ = shop
    session = assistant.new_session()
    trouble.down = True
    told = await say(assistant, "where is my order FW-1003? ann@example.com", session)
    assert "order system" in told.text
    assert "no order" not in told.text.lower()
    told = await say(assistant, "我的订单FW-1003在哪里？邮箱ann@example.com", session)
    assert "订单系统" in told.text
    assert (await say(assistant, "a jacket under $200", session)).items
    trouble.down = False
    told = await say(assistant, "where is my order FW-1003? ann@example.com", session)
    assert "Everyday Tee" in told.text, "nothing was counted as a wrong try"


async def test_a_yes_whose_answer_was_lost_is_found_out_by_the_next(shop):
    assistant, trouble, behind = shop
    session = assistant.new_session()
    await say(assistant, "cancel order FW-1002, ann@example.com", session)
    trouble.lost = True
    told = await say(assistant, "yes", session)
    assert "yes" in told.text, "it is not known, and another yes finds out"
    assert status(behind, "FW-1002") == "cancelled", "it had been done"
    again = await say(assistant, "yes", session)
    assert "yes" in again.text
    trouble.lost = False
    done = await say(assistant, "yes", session)
    assert done.intents[0] == "confirm"
    order = behind.order("FW-1002")
    assert order is not None
    assert order.version == 1, "once"
    assert sum(payment.kind == "refund" for payment in order.payments) == 1


async def test_a_yes_that_never_arrived_is_carried_out_by_the_next(shop):
    assistant, trouble, behind = shop
    session = assistant.new_session()
    await say(assistant, "cancel order FW-1002, ann@example.com", session)
    trouble.down = True
    await say(assistant, "yes", session)
    assert status(behind, "FW-1002") == "paid"
    trouble.down = False
    await say(assistant, "yes", session)
    assert status(behind, "FW-1002") == "cancelled"


async def test_a_slow_system_keeps_nobody_else_waiting(shop):
    assistant, trouble, _ = shop
    await say(assistant, "a jacket", assistant.new_session())
    trouble.slow = 1.5
    orders = [
        asyncio.create_task(say(assistant, "where is my order FW-1003? ann@example.com", assistant.new_session()))
        for _ in range(24)
    ]
    await asyncio.sleep(0.3)
    assert (await say(assistant, "a jacket under $200", assistant.new_session())).items
    assert not any(task.done() for task in orders), "the recommendation did not wait for the orders"
    trouble.slow = 0.0
    await asyncio.gather(*orders)
