"""What the desk reads in a message, and what a session keeps of a hand-off and a pending change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from agent.embedded.desk_slots import address_in, email_in, name_and_postcode, order_ids, reason_in
from agent.embedded.desk_words import read_desk
from core.conversation import Message
from core.events import Reply, SessionRef, TurnRequest
from core.settings import Settings
from tests.service_shop import service


@pytest.fixture(scope="module")
def assistant(data_folder: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder, data = service(tmp_path_factory.mktemp("service")), data_folder(tmp_path_factory.mktemp("data"))
    opened = Assistant.open(Settings(shop=folder, data_dir=data, watch=False))
    yield opened
    opened.close()


async def say(assistant: Assistant, session: SessionRef, *messages: str) -> Reply:
    for message in messages:
        reply = await assistant.reply(TurnRequest(message, session))
    return reply


def status(assistant: Assistant, order_id: str) -> str:
    order = assistant.desk.backend.order(order_id)
    assert order is not None
    return order.status.value


@pytest.mark.parametrize(
    ("text", "digits", "expected"),
    [
        ("order #w2378156 please", False, ["#W2378156"]), ("订单fw-1001，谢谢", False, ["FW-1001"]),
        ("it cost 12345 dollars", False, []), ("my order 12345", False, ["12345"]), ("12345", True, ["12345"]),
        ("ann99999@example.com", True, []),
    ],
)  # fmt: skip
def test_order_numbers(text: str, digits: bool, expected: list[str]):
    assert order_ids(text, digits=digits) == expected


def test_an_address_of_mail_beside_chinese():
    assert email_in("邮箱ann@example.com。") == "ann@example.com"


@pytest.mark.parametrize(
    ("message", "expected", "found"),
    [
        ("My name is Yusuf Rossi and my zip code is 19122", False, {"name": "Yusuf Rossi", "postcode": "19122"}),
        ("Yusuf Rossi, 19122", True, {"name": "Yusuf Rossi", "postcode": "19122"}),
        ("I'm looking for a lamp", False, {}),
        ("我叫李明，邮编100080", True, {"name": "李明", "postcode": "100080"}),
    ],
)
def test_names_and_postcodes(message: str, expected: bool, found: dict[str, str]):
    assert name_and_postcode(message, read_desk(message), expected=expected) == found


@pytest.mark.parametrize(
    ("text", "whole", "found"),
    [
        (
            "change the address to 1 A Street, Suite 2, Austin, TX 78712", False,
            {"lines": ["1 A Street", "Suite 2"], "city": "Austin", "state": "TX", "postcode": "78712"},
        ),
        ("5 New Lane, Springfield, 12345", True, {"lines": ["5 New Lane"], "city": "Springfield", "postcode": "12345"}),
        ("change the address please", False, None),
    ],
)  # fmt: skip
def test_addresses(text: str, whole: bool, found: dict[str, Any] | None):
    assert address_in(text, whole=whole) == found


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("return it because it scratches.", "because it scratches"), ("return it, it's too heavy", "it's too heavy"),
        ("退掉它,太重了", "太重了"), ("no reason", ""), ("return the lamp", None),
    ],
)  # fmt: skip
def test_reasons_are_the_customers_words(message: str, reason: str | None):
    assert reason_in(message, read_desk(message)) == reason


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("I don't want to cancel my order", False), ("please cancel my order", True),
        ("what is your return policy", False),
        ("I returned it", False), ("returning the shoes", True), ("我不想取消订单", False), ("帮我取消订单", True),
    ],
)  # fmt: skip
def test_verbs_that_ask_for_a_change(message: str, wanted: bool):
    assert read_desk(message).has("cancel", "return") == wanted


async def test_a_hand_off_holds_the_transcript_until_it_is_given_back(assistant: Assistant):
    session = assistant.new_session()
    reply = await say(assistant, session, "show me jackets", "let me talk to a human")
    said = reply.actions[0].data["transcript"]
    assert [line["text"] for line in said if line["role"] == "user"] == ["show me jackets", "let me talk to a human"]
    assert not (await say(assistant, session, "show me jackets")).tool_calls
    assert await assistant.give_back(session)
    assert not await assistant.give_back(session)
    assert (await say(assistant, session, "show me jackets")).items


async def test_a_retried_yes_repeats_no_write(assistant: Assistant):
    session = assistant.new_session()
    await say(assistant, session, "cancel order FW-1002, ann@example.com")
    first, again = [await assistant.reply(TurnRequest("yes", session, retry_key="k")) for _ in range(2)]
    assert first.turn_id == again.turn_id
    assert status(assistant, "FW-1002") == "cancelled"


async def test_a_history_that_is_only_told_confirms_nothing(assistant: Assistant):
    said = (
        Message("user", "cancel order FW-2001, bob@example.com"), Message("assistant", "Shall I?"),
        Message("user", "yes"), Message("assistant", "Done"),
    )  # fmt: skip
    for message in ("yes", "where is order FW-2001? bob@example.com"):
        session = assistant.stateless(said)
        reply = await assistant.reply(TurnRequest(message, session, history=said))
        assert "Rain Shell" not in reply.text
    assert status(assistant, "FW-2001") == "paid"


async def test_a_session_of_the_clients_own_naming_opens_no_order(assistant: Assistant):
    session = assistant.session("my-own-name")
    reply = await say(assistant, session, "cancel order FW-2001, bob@example.com", "yes")
    assert "Rain Shell" not in reply.text
    assert status(assistant, "FW-2001") == "paid"
