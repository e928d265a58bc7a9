"""The assistant as its doors drive it: sessions, histories, retries, cancellation, events, identity, live prices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from core.conversation import Message
from core.entities import Constraint, EventKind, Interaction, ItemId, Op, UserId
from core.errors import ItemNotFound, RequestError
from core.events import ConstraintEdit, ItemsFound, Reply, SessionRef, TextDelta, TurnDone, TurnRequest, TurnStarted
from tests.agent.gadgets import ANN, ANNS_ORDER, gadgets


async def _say(assistant: Assistant, message: str, session: SessionRef | None = None, **more: Any) -> Reply:
    return await assistant.reply(TurnRequest(message, session or assistant.new_session(), **more))


def _wanted(reply: Reply) -> dict[str, Any]:
    return {constraint.field: constraint.value for constraint in reply.constraints}


def _ids(reply: Reply) -> list[str]:
    return [entry.item.id for entry in reply.items]


def _tools(reply: Reply) -> list[str]:
    return [run.name for run in reply.tool_calls]


async def _known(assistant: Assistant, user: UserId) -> dict[str, Any]:
    profile = await assistant.profile(user)
    return {name: value for name, value in profile.items() if name != "user" and value}


# Turns and sessions


async def test_an_answer(assistant: Assistant) -> None:
    reply = await _say(assistant, "a laptop under $900")
    assert set(_ids(reply)) == {"l1", "l3", "l4"}
    assert reply.items[0].reasons
    assert all(reason.text for entry in reply.items for reason in entry.reasons)
    assert all(entry.item.title in reply.text for entry in reply.items)
    assert (reply.model, reply.mode, reply.degraded) == ("embedded", "embedded", False)


async def test_the_events_of_a_turn(assistant: Assistant) -> None:
    request = TurnRequest("a laptop under $900", assistant.new_session())
    events = [event async for event in assistant.stream(request)]
    assert isinstance(events[0], TurnStarted)
    assert isinstance(events[-1], TurnDone)
    kinds = [type(event) for event in events]
    assert kinds.index(ItemsFound) < kinds.index(TextDelta)
    reply = events[-1].reply
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == reply.text
    assert (events[0].session_id, events[0].turn_id) == (reply.session_id, reply.turn_id)


async def test_a_session_goes_on_and_others_do_not(assistant: Assistant) -> None:
    session = assistant.new_session()
    await _say(assistant, "a laptop", session)
    assert _wanted(await _say(assistant, "under $900", session)) == {"category": "Laptops", "price": 900.0}
    assert _wanted(await _say(assistant, "under $900")) == {"price": 900.0}


async def test_a_session_of_one_scope_is_not_another_s(assistant: Assistant) -> None:
    await _say(assistant, "a laptop", assistant.session("mine", "ann"))
    assert "category" not in _wanted(await _say(assistant, "under $900", assistant.session("mine", "ben")))


async def test_an_unknown_session_starts_empty(assistant: Assistant) -> None:
    reply = await _say(assistant, "cheaper than $300", assistant.session("never seen before"))
    assert "category" not in _wanted(reply)
    assert reply.session_id == "never seen before"


async def test_the_state_survives_a_restart(open_shop: Callable[..., Assistant], tmp_path: Path) -> None:
    folder = gadgets(tmp_path / "shop")
    first = open_shop(folder, tmp_path / "data")
    session = first.new_session()
    await _say(first, "a laptop under $900", session)
    first.close()
    second = open_shop(folder, tmp_path / "data")
    again = second.session(session.session_id)
    assert again.issued
    reply = await _say(second, "the cheapest one", again)
    assert {"category": "Laptops", "price": 900.0}.items() <= _wanted(reply).items()


async def test_turns_of_one_session_run_one_after_the_other(assistant: Assistant) -> None:
    session = assistant.new_session()
    said = ["a laptop", "under $1400", "not from Hexa", "black", "cheaper", "undo"]
    replies = await asyncio.gather(*(_say(assistant, message, session) for message in said))
    assert len({reply.turn_id for reply in replies}) == len(said)
    final = _wanted(await _say(assistant, "for travel", session))
    assert final["category"] == "Laptops"
    assert final["brand"] == "Hexa"
    assert final["color"] == "black"


async def test_sessions_run_beside_each_other(assistant: Assistant) -> None:
    budgets = range(300, 1500, 100)
    replies = await asyncio.gather(*(_say(assistant, f"a laptop under ${budget}") for budget in budgets))
    assert [_wanted(reply)["price"] for reply in replies] == [float(budget) for budget in budgets]


async def test_an_edited_chip(assistant: Assistant) -> None:
    session = assistant.new_session()
    first = await _say(assistant, "a laptop under $600", session)
    chip = next(c.id for c in first.constraints if c.field == "price")
    edited = await _say(assistant, "", session, edit=ConstraintEdit(remove=(chip,)))
    assert _wanted(edited) == {"category": "Laptops"}
    more = ConstraintEdit(set=(Constraint("", "color", Op.EQ, "black"),))
    assert _wanted(await _say(assistant, "show me", session, edit=more))["color"] == "black"


@pytest.mark.parametrize("message", ["", "  \n ", "x" * 20_001])
async def test_wrong_messages(message: str, assistant: Assistant) -> None:
    with pytest.raises(RequestError) as caught:
        await _say(assistant, message)
    assert caught.value.param == "messages"


async def test_an_edit_of_an_unknown_field(assistant: Assistant) -> None:
    with pytest.raises(RequestError, match="'wheels'"):
        await _say(assistant, "hello", edit=ConstraintEdit(set=(Constraint("", "wheels", Op.EQ, 4.0),)))


@pytest.mark.parametrize(
    "message",
    [
        "\x00\x07",
        "😀" * 50,
        "ｌａｐｔｏｐ",
        "a" * 19_000,
        "'; DROP TABLE states; --",
        "{{ 7*'7' }} ${x} <b>",
        "\ud83d\ude00",
    ],
)
async def test_odd_messages_are_answered(message: str, assistant: Assistant) -> None:
    reply = await _say(assistant, message)
    assert reply.text
    assert "7777777" not in reply.text
    assert "<b>" not in reply.text


# Stateless clients


class _Client:
    """Keeps the conversation itself, as OpenAI's clients do."""

    def __init__(self, assistant: Assistant, scope: str = "") -> None:
        self.assistant, self.scope = assistant, scope
        self.history: tuple[Message, ...] = ()

    async def say(self, message: str) -> Reply:
        session = self.assistant.stateless(self.history, self.scope)
        reply = await _say(self.assistant, message, session, history=self.history)
        self.history += (Message("user", message), Message("assistant", reply.text))
        return reply


async def test_a_history_is_resent(assistant: Assistant) -> None:
    client = _Client(assistant)
    await client.say("a laptop under $900")
    second = await client.say("black ones")
    assert _wanted(second) == {"category": "Laptops", "price": 900.0, "color": "black"}
    third = await client.say("why the first?")
    assert _tools(third) == ["explain_items"]
    assert _ids(third) == _ids(second)[:1]


async def test_regenerating_forks(assistant: Assistant) -> None:
    client = _Client(assistant)
    await client.say("a laptop under $900")
    before = client.history
    once = await client.say("not from Tessa")
    client.history = before
    again = await client.say("not from Tessa")
    assert (_wanted(again), _ids(again), again.text) == (_wanted(once), _ids(once), once.text)
    assert again.turn_id != once.turn_id
    client.history = before
    assert _wanted(await client.say("from Tessa"))["brand"] == "Tessa"
    assert len(again.constraints) == len(once.constraints) == 3


async def test_an_edited_message_takes_its_own_way(assistant: Assistant) -> None:
    client = _Client(assistant)
    await client.say("a laptop under $900")
    await client.say("black ones")
    client.history = ()
    await client.say("a laptop under $1400")
    assert _wanted(await client.say("silver ones")) == {"category": "Laptops", "price": 1400.0, "color": "silver"}


async def test_a_trimmed_history_is_folded(assistant: Assistant) -> None:
    client = _Client(assistant)
    for message in ("hello", "a laptop under $900", "not from Hexa"):
        await client.say(message)
    client.history = client.history[2:]
    assert _wanted(await client.say("black ones")) == {
        "category": "Laptops", "price": 900.0, "brand": "Hexa", "color": "black",
    }  # fmt: skip


async def test_a_history_that_this_server_never_saw_is_folded(assistant: Assistant) -> None:
    history = (
        Message("user", "a laptop under $900"),
        Message("assistant", "Other words."),
        Message("user", "in black"),
    )
    reply = await _say(assistant, "cheaper", assistant.stateless(history), history=history)
    assert {"category": "Laptops", "color": "black"}.items() <= _wanted(reply).items()


async def test_two_shoppers_with_the_same_opening_words(assistant: Assistant) -> None:
    ann, ben = _Client(assistant), _Client(assistant)
    first = await ann.say("a laptop under $900")
    other = await ben.say("a laptop under $900")
    assert first.session_id != other.session_id
    await ann.say("not from Tessa")
    assert "brand" not in _wanted(await ben.say("black ones"))


async def test_a_history_holds_no_identity(assistant: Assistant) -> None:
    client = _Client(assistant)
    await client.say(f"where is my order {ANNS_ORDER}, my e-mail is {ANN}")
    reply = await client.say("where is my order?")
    thief = _Client(assistant)
    thief.history = client.history
    stolen = await thief.say("where is my order?")
    for answer in (reply, stolen):
        assert "Postwing" not in answer.text


async def test_going_on_in_the_session_that_a_stateless_turn_returned(assistant: Assistant) -> None:
    client = _Client(assistant)
    reply = await client.say("a laptop under $900")
    going_on = assistant.session(reply.session_id, "")
    assert _wanted(await _say(assistant, "black ones", going_on))["price"] == 900.0


# Retries and cancellation


async def test_a_retried_request_is_answered_alike_and_changes_nothing(assistant: Assistant) -> None:
    session = assistant.new_session()
    await _say(assistant, "a laptop", session)
    once = await _say(assistant, "cheaper", session, retry_key="retry-1")
    again = await _say(assistant, "cheaper", session, retry_key="retry-1")
    assert again == once
    assert _ids(await _say(assistant, "undo", session)) != []
    assert "price" not in _wanted(await _say(assistant, "black ones", session))


async def test_a_retried_stream_ends_the_same(assistant: Assistant) -> None:
    session = assistant.new_session()
    requests = [TurnRequest("a laptop", session, retry_key="retry-2")] * 2
    once, again = [[event async for event in assistant.stream(request)] for request in requests]
    assert once[-1] == again[-1]
    assert [type(event) for event in again] == [TurnStarted, ItemsFound, TextDelta, TurnDone]


async def test_another_retry_key_is_another_turn(assistant: Assistant) -> None:
    session = assistant.new_session()
    once = await _say(assistant, "a laptop", session, retry_key="retry-3")
    assert (await _say(assistant, "a laptop", session, retry_key="retry-4")).turn_id != once.turn_id


@pytest.mark.parametrize("after", [TurnStarted, ItemsFound, TextDelta])
async def test_a_cancelled_stream_stores_nothing(after: type, assistant: Assistant) -> None:
    session = assistant.new_session()
    await _say(assistant, "a laptop", session)
    stream = assistant.stream(TurnRequest("under $600", session, retry_key=f"cancelled-{after.__name__}"))
    async for event in stream:
        if isinstance(event, after):
            break
    await stream.aclose()
    reply = await asyncio.wait_for(_say(assistant, "black ones", session), 10)
    assert _wanted(reply) == {"category": "Laptops", "color": "black"}


async def test_a_cancelled_task_frees_the_session(assistant: Assistant) -> None:
    session = assistant.new_session()
    task = asyncio.create_task(_say(assistant, "a laptop under $600", session))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asyncio.wait_for(_say(assistant, "a telephone", session), 10)).items


# Users


async def test_an_event_changes_the_next_recommendation(assistant: Assistant) -> None:
    user = UserId("event-user")
    before = await _say(assistant, "a laptop", user_id=user)
    last = before.items[-1].item.id
    assert await assistant.record([Interaction(user, last, EventKind.LIKE, event_id="e-1")]) == 1
    assert await assistant.record([Interaction(user, last, EventKind.LIKE, event_id="e-1")]) == 0
    after = await _say(assistant, "a laptop", user_id=user)
    scores = [{entry.item.id: entry.score for entry in reply.items} for reply in (before, after)]
    assert last not in scores[1] or scores[1] != scores[0]
    assert last in str((await assistant.profile(user))["liked"])


async def test_a_disliked_item_is_gone(assistant: Assistant) -> None:
    user = UserId("dislike-user")
    first = _ids(await _say(assistant, "a laptop", user_id=user))[0]
    await assistant.record([Interaction(user, ItemId(first), EventKind.DISLIKE)])
    assert first not in _ids(await _say(assistant, "a laptop", user_id=user))


async def test_an_event_of_an_unknown_item_records_none(assistant: Assistant) -> None:
    user = UserId("unknown-item-user")
    events = [Interaction(user, ItemId(item), EventKind.LIKE) for item in ("l1", "nothing")]
    with pytest.raises(ItemNotFound):
        await assistant.record(events)
    assert not await _known(assistant, user)


async def test_a_profile_takes_likes_and_dislikes_only(assistant: Assistant) -> None:
    user = UserId("profile-user")
    profile = await assistant.update_profile(user, {"like": ["l1"], "dislike": ["l2"]})
    assert "l1" in str(profile)
    with pytest.raises(RequestError, match="'email'"):
        await assistant.update_profile(user, {"email": ["x"]})


async def test_to_forget_deletes_everywhere(open_shop: Callable[..., Assistant], tmp_path: Path) -> None:
    folder, user = gadgets(tmp_path / "shop"), UserId("forgotten")
    assistant = open_shop(folder, tmp_path / "data")
    session = assistant.new_session()
    await _say(assistant, "a laptop for the lighthouse", session, user_id=user, retry_key="forget-1")
    await assistant.record([Interaction(user, ItemId("l1"), EventKind.LIKE)])
    deleted = await assistant.forget(user)
    assert deleted["events"] >= 1
    assert deleted["sessions"] >= 1
    assert not await _known(assistant, user)
    assert "category" not in _wanted(await _say(assistant, "under $900", session))
    assistant.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*.db*"))
    assert b"lighthouse" not in kept
    assert b"forgotten" not in kept
    again = open_shop(folder, tmp_path / "data")
    assert not await _known(again, user)
