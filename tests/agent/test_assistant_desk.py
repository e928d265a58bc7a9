"""The assistant as its doors drive it: the desk's identity, policies, and a shop that changes while it is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from core.entities import UserId
from core.events import Reply, SessionRef, TurnRequest
from tests.agent.gadgets import ANN, ANNS_ORDER, BEN, BENS_ORDER, gadgets


async def _say(assistant: Assistant, message: str, session: SessionRef | None = None, **more: Any) -> Reply:
    return await assistant.reply(TurnRequest(message, session or assistant.new_session(), **more))


def _ids(reply: Reply) -> list[str]:
    return [entry.item.id for entry in reply.items]


# The desk


async def test_an_order_of_the_verified_customer(assistant: Assistant) -> None:
    session = assistant.new_session()
    asked = await _say(assistant, "where is my order?", session)
    assert asked.intents[0] == "order_status"
    assert "Postwing" not in asked.text
    await _say(assistant, ANNS_ORDER, session)
    told = await _say(assistant, ANN, session)
    assert "Aero 13" in told.text
    assert "Hush One" not in told.text
    later = await _say(assistant, "a laptop under $900", session)
    assert later.items
    assert "Aero 13" in (await _say(assistant, f"where is my order {ANNS_ORDER}?", session)).text


@pytest.mark.parametrize(("order", "email"), [(ANNS_ORDER, BEN), (BENS_ORDER, ANN), ("GG-999999", ANN)])
async def test_a_wrong_pair_tells_nothing(order: str, email: str, assistant: Assistant) -> None:
    reply = await _say(assistant, f"where is my order {order}? my e-mail is {email}")
    for secret in ("Postwing", "Aero 13", "Hush One", "Ann", "shipped"):
        assert secret not in reply.text


async def test_another_customer_s_order_stays_closed(assistant: Assistant) -> None:
    session = assistant.new_session()
    await _say(assistant, f"where is my order {ANNS_ORDER}, {ANN}", session)
    reply = await _say(assistant, f"and where is order {BENS_ORDER}?", session)
    assert "Hush One" not in reply.text


async def test_a_session_that_was_not_issued_holds_no_identity(assistant: Assistant) -> None:
    session = assistant.session("a-name-of-my-own")
    reply = await _say(assistant, f"where is my order {ANNS_ORDER}, my e-mail is {ANN}", session)
    assert reply.intents[0] == "order_status"
    assert "Postwing" not in reply.text
    assert "Aero 13" not in reply.text


async def test_the_user_opens_no_orders(assistant: Assistant) -> None:
    reply = await _say(assistant, "where is my order?", user_id=UserId("c1"))
    assert "Aero 13" not in reply.text


async def test_a_policy_is_quoted_with_its_source(assistant: Assistant) -> None:
    reply = await _say(assistant, "how long do I have to return something?")
    assert "30 days" in reply.text
    assert reply.citations[0].source.startswith("policies/returns.md")


# A shop that changes


async def test_a_live_price_shows_in_the_next_turn(open_shop: Callable[..., Assistant], tmp_path: Path) -> None:
    folder = gadgets(tmp_path / "shop")
    assistant = open_shop(folder, tmp_path / "data")
    session = assistant.new_session()
    assert "l3" not in _ids(await _say(assistant, "a laptop under $500", session))
    path = folder / "items.csv"
    rows = path.read_text(encoding="utf-8").replace(",549,", ",449,")
    path.write_text(rows, encoding="utf-8")
    assert assistant.recommender.refresh()
    reply = await _say(assistant, "show me laptops under $500", session)
    assert _ids(reply) == ["l3"]
    assert "$449" in reply.text
    assert not assistant.recommender.refresh()


async def test_a_new_item_is_found_while_serving(open_shop: Callable[..., Assistant], tmp_path: Path) -> None:
    folder = gadgets(tmp_path / "shop")
    assistant = open_shop(folder, tmp_path / "data")
    path = folder / "items.csv"
    line = next(row for row in path.read_text(encoding="utf-8").splitlines() if row.startswith("l1,"))
    path.write_text(path.read_text(encoding="utf-8") + line.replace("l1,", "l9,").replace("799", "99") + "\n", "utf-8")
    assert assistant.recommender.refresh()
    assert _ids(await _say(assistant, "a laptop under $100")) == ["l9"]


async def test_a_broken_file_leaves_what_was_served(open_shop: Callable[..., Assistant], tmp_path: Path) -> None:
    folder = gadgets(tmp_path / "shop")
    assistant = open_shop(folder, tmp_path / "data")
    (folder / "items.csv").write_text("nothing,here\n1,2\n", encoding="utf-8")
    with pytest.raises(Exception, match=r"items\.csv"):
        assistant.recommender.refresh()
    assert (await _say(assistant, "a laptop under $900")).items
