"""What is kept of a user, by message: everything is deleted everywhere, and the turn that does it still answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.assistant import Assistant
from core.entities import EventKind, Interaction, ItemId, UserId
from core.events import TurnRequest
from tests.agent.gadgets import gadgets


@pytest.mark.parametrize(
    ("ask", "yes"), [("forget everything about me", "yes"), ("请删除我的所有资料", "确认")], ids=["en", "zh"]
)
async def test_all_is_deleted_on_a_yes(open_shop: Callable[..., Assistant], tmp_path: Path, ask: str, yes: str) -> None:
    assistant = open_shop(gadgets(tmp_path / "shop"), tmp_path / "data")
    user, session = UserId("forgotten"), assistant.new_session()
    await assistant.record([Interaction(user, ItemId("l1"), EventKind.LIKE)])
    assistant.desk.ledger.add("k1", user, "handoff", None, why="risk")
    for message in ("a laptop for the lighthouse", "I want to speak to a human", "take me back to the assistant", ask):
        key = f"retry-{message}"
        other = assistant.new_session() if "human" in message or "back" in message else session
        await assistant.reply(TurnRequest(message, other, user, retry_key=key))
    assert (await assistant.profile(user))["liked"]
    last = await assistant.reply(TurnRequest(yes, session, user, retry_key="retry-yes"))
    assert last.text
    assert not last.constraints
    assert await assistant.reply(TurnRequest(yes, session, user, retry_key="retry-yes")) == last
    assert not any(value for name, value in (await assistant.profile(user)).items() if name != "user")
    assert not assistant.desk.ledger.of_customer(user, 5)
    assert not assistant.transcript(session.key)
    again = await assistant.reply(TurnRequest("under $900", session, user))
    assert [one.field for one in again.constraints] == ["price"]
    await assistant.forget(user)
    assistant.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*.db*"))
    assert b"lighthouse" not in held
    assert b"forgotten" not in held


async def test_what_only_looks_like_it_deletes_nothing(assistant: Assistant) -> None:
    user = UserId("careful")
    for message in (
        "forget everything",
        "delete my order",
        "forget the price",
        "clear my cart",
        "delete my account",
        "删除我的订单",
        "忘掉我说的预算",
        "forget that I said red",
        "clear the data",
    ):
        reply = await assistant.reply(TurnRequest(message, assistant.new_session(), user))
        assert not {"forget_user", "show_profile"} & {run.name for run in reply.tool_calls}, message


async def test_a_caller_that_may_only_look_changes_no_profile(assistant: Assistant) -> None:
    user, session = UserId("looker"), assistant.new_session()
    brand = assistant.recommender.catalogue.item(ItemId("l1")).brand
    reply = await assistant.reply(TurnRequest(f"I like {brand}", session, user, read_only=True))
    assert [run.name for run in reply.tool_calls] == ["recommend_items"]
    assert not (await assistant.profile(user))["stated"]
