"""Things wanted together: what is a set and what is not, what belongs to which part, and how one is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agent.assistant import Assistant
from agent.embedded.decider import EmbeddedDecider
from agent.ports import Decision, TurnContext
from core.conversation import ConversationState, WantedPart, WantedSet, Wants
from core.entities import Constraint, ItemId, Op


@pytest.fixture(scope="module")
def decider(assistant: Assistant) -> EmbeddedDecider:
    return EmbeddedDecider(assistant.recommender, assistant.recommender.embedder)


def decided(decider: EmbeddedDecider, assistant: Assistant, message: str, state: ConversationState) -> Decision:
    catalogue = assistant.recommender.catalogue
    language = "en" if message.isascii() else "zh"
    on_screen = tuple(catalogue.items(state.shown))
    return decider.decide_now(TurnContext(message, language, state, assistant.shop, catalogue, on_screen))


def asked(decider: EmbeddedDecider, assistant: Assistant, message: str) -> dict[str, Any]:
    """Return the arguments of the set that a message asks for; empty when it asks for none."""
    calls = decided(decider, assistant, message, ConversationState()).calls
    return next((dict(call.arguments) for call in calls if call.name == "recommend_set"), {})


def kinds(arguments: dict[str, Any]) -> list[str]:
    return [one["value"] for part in arguments["parts"] for one in part["set"] if one["field"] == "category"]


TOGETHER: Sequence[tuple[str, list[str], float | None]] = (
    ("a laptop, a tablet and headphones for 1500 altogether", ["Laptops", "Slates", "Headphones"], 1500),
    ("I need a laptop and headphones, 1200 in total", ["Laptops", "Headphones"], 1200),
    ("a starter set under 2000: laptop, phone, headphones", ["Laptops", "Telephones", "Headphones"], 2000),
    ("a travel kit with a tablet and headphones for $700", ["Slates", "Headphones"], 700),
    ("a laptop and a phone", ["Laptops", "Telephones"], None),
    ("show me a bundle of a phone plus headphones, budget 800", ["Telephones", "Headphones"], 800),
    ("a phone, headphones & a tablet, all together 1,400 dollars", ["Telephones", "Headphones", "Slates"], 1400),
    ("配一套：笔记本、平板、耳机，一共一万以内", ["Laptops", "Slates", "Headphones"], 10000),
    ("我要一台笔记本和一副耳机，总共1500以内", ["Laptops", "Headphones"], 1500),
    ("手机和耳机加起来不超过900", ["Telephones", "Headphones"], 900),
    ("一台笔记本和一个手机", ["Laptops", "Telephones"], None),
    ("想买平板和耳机，预算700", ["Slates", "Headphones"], 700),
)  # fmt: skip


@pytest.mark.parametrize(("message", "wanted", "budget"), TOGETHER)
def test_what_is_wanted_together(decider, assistant, message, wanted, budget):
    found = asked(decider, assistant, message)
    assert kinds(found) == wanted
    assert found.get("budget") == budget


@pytest.mark.parametrize(
    "message",
    [
        "laptops or tablets under 900", "Norva or Hexa laptops", "a laptop with headphones", "a laptop or a tablet",
        "laptops and tablets", "headphones", "a laptop for gaming under 1500", "either a phone or a tablet",
        "laptops, not tablets, under 1200 in total", "a complete list of your laptops", "笔记本或者平板，一共900以内",
        "笔记本和平板", "平板还是笔记本好", "耳机，不要手机", "compare a laptop and a tablet",
    ],
)  # fmt: skip
def test_what_is_no_set(decider, assistant, message):
    assert asked(decider, assistant, message) == {}


def test_what_is_said_of_one_thing_is_its_own(decider, assistant):
    found = asked(decider, assistant, "a black laptop, white headphones under 150 and a phone, 2000 altogether")
    assert found["budget"] == 2000
    laptop, headphones, phone = found["parts"]
    assert ("color", "black") in [(one["field"], one["value"]) for one in laptop["set"]]
    assert {("color", "white"), ("price", 150.0)} <= {(one["field"], one["value"]) for one in headphones["set"]}
    assert [one["field"] for one in phone["set"]] == ["category"]


def test_each_of_two_sums_is_its_own_things(decider, assistant):
    found = asked(decider, assistant, "a laptop under 1000 and a phone under 500")
    assert "budget" not in found
    assert [[one["value"] for one in part["set"] if one["field"] == "price"] for part in found["parts"]] == [
        [1000],
        [500],
    ]


def test_a_thing_named_twice_is_one(decider, assistant):
    found = asked(decider, assistant, "a laptop and a phone, the laptop at least 16 GB, 2000 altogether")
    assert kinds(found) == ["Laptops", "Telephones"]
    assert ("ram", 16.0) in [(one["field"], one["value"]) for one in found["parts"][0]["set"]]


def test_a_gift_is_for_somebody_else(decider, assistant):
    found = asked(decider, assistant, "a phone and headphones for my mum, 700 in total")
    assert (found["gift"], found["budget"]) == (True, 700)


def test_what_is_said_of_all_goes_to_whatever_can_have_it(decider, assistant):
    found = asked(decider, assistant, "a laptop and headphones for 1500 altogether, all in black")
    assert all(("color", "black") in [(one["field"], one["value"]) for one in part["set"]] for part in found["parts"])


def test_a_thing_that_the_shop_does_not_have_is_told(decider, assistant):
    found = asked(decider, assistant, "a laptop, a phone and a saddle for 1500 altogether")
    assert kinds(found) == ["Laptops", "Telephones"]
    assert found["ignored"] == ["saddle"]


# -- changes -----------------------------------------------------------------------------------------------------------


def _part(kind: str, chosen: str) -> WantedPart:
    return WantedPart(kind, (Constraint("", "category", Op.EQ, kind),), chosen=ItemId(chosen))


HELD = (_part("Laptops", "l1"), _part("Telephones", "p1"), _part("Headphones", "e1"))


@pytest.fixture
def change(decider, assistant):
    ids = tuple(part.chosen for part in HELD)
    state = ConversationState(turn=2, wants=Wants(bundle=WantedSet(HELD, 2500.0)), shown=ids, seen=ids, focus=ids)

    def run(message: str) -> dict[str, Any]:
        calls = decided(decider, assistant, message, state).calls
        return next((dict(call.arguments) for call in calls if call.name == "recommend_set"), {})

    return run


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("without the phone", {"change": [{"part": 2, "drop": True}]}),
        ("drop the headphones", {"change": [{"part": 3, "drop": True}]}),
        ("I already have a phone", {"change": [{"part": 2, "drop": True}]}),
        ("不要耳机了", {"change": [{"part": 3, "drop": True}]}),
        ("another laptop", {"change": [{"part": 1, "other": True}]}),
        ("swap the second one", {"change": [{"part": 2, "other": True}]}),
        ("换一个手机", {"change": [{"part": 2, "other": True}]}),
        ("make it 2000", {"budget": 2000.0}),
        ("under 1800 in total", {"budget": 1800.0}),
        ("预算改成两千", {"budget": 2000.0}),
        ("cheaper", {"cheaper": True}),
        ("便宜点", {"cheaper": True}),
        ("forget the budget", {"any_sum": True}),
    ],
)  # fmt: skip
def test_changes(change, message, wanted):
    assert change(message) == wanted


@pytest.mark.parametrize(
    ("message", "part", "field", "op"),
    [
        ("swap the phone for a cheaper one", 2, "price", "<"), ("the laptop should be lighter", 1, "weight", "<"),
        ("white headphones instead", 3, "color", "=="), ("手机换个便宜点的", 2, "price", "<"),
        ("a laptop with at least 16 GB of memory", 1, "ram", ">="),
    ],
)  # fmt: skip
def test_changes_of_one_part(change, message, part, field, op):
    (found,) = change(message)["change"]
    assert found["part"] == part
    assert (field, op) in [(one["field"], str(one["op"])) for one in found["set"]]


def test_one_more(change):
    found = change("and a tablet too")
    assert [one["query"] for one in found["add"]] == ["Slates"]


@pytest.mark.parametrize(
    "message", ["tell me about the first one", "why the second?", "compare the first and the third", "show me tablets",
                "I want to return the phone", "undo", "thanks", "hello"],
)  # fmt: skip
def test_what_changes_no_set(change, message):
    assert change(message) == {} or message == "undo"
