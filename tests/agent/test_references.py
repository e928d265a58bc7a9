"""References: which items a message points at."""

from __future__ import annotations

import pytest

from agent.embedded.references import References, resolve
from agent.embedded.vocabulary import Vocabulary
from core.conversation import ConversationState
from core.entities import ItemId
from tests.agent.conftest import needs_of, reading_of

SHOWN = ("l1", "l3", "l4")


def _points(
    message: str, vocabulary: Vocabulary, shown: tuple[str, ...] = SHOWN, focus: tuple[str, ...] = ()
) -> References:
    items = vocabulary.catalogue.items([ItemId(item_id) for item_id in shown])
    state = ConversationState(shown=tuple(map(ItemId, shown)), focus=tuple(map(ItemId, focus or shown)))
    needs = needs_of(message, vocabulary, "Laptops")
    return resolve(reading_of(message, vocabulary), needs, state, items, vocabulary)


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ("the first one", ["l1"]), ("tell me about the second", ["l3"]), ("compare 1 and 3", ["l1", "l4"]),
        ("compare the first and the third", ["l1", "l4"]), ("why the last one?", ["l4"]), ("number two", ["l3"]),
        ("more like the 2nd", ["l3"]), ("第二个", ["l3"]), ("对比第一款和第三款", ["l1", "l4"]),
        ("最后一个怎么样", ["l4"]),
        ("compare all three", ["l1", "l3", "l4"]), ("比较这三个", ["l1", "l3", "l4"]),
        ("tell me about the Leaf 15 Pro", ["l4"]), ("is the Forge 17 better", ["l2"]),
        ("the cheapest one", ["l3"]), ("which one is the lightest", ["l1"]), ("the Norva one", ["l1"]),
        ("what about the black one", ["l4"]), ("why the Norva?", ["l1"]),
    ],
)  # fmt: skip
def test_points_at(message: str, ids: list[str], vocabulary: Vocabulary) -> None:
    assert list(_points(message, vocabulary).ids) == ids


def test_compare_1_and_3_of_the_list_in_order_of_the_message(vocabulary: Vocabulary) -> None:
    assert list(_points("compare 3 with 1", vocabulary).ids) == ["l4", "l1"]


def test_it_is_the_item_in_focus(vocabulary: Vocabulary) -> None:
    found = _points("how heavy is it?", vocabulary, focus=("l3",))
    assert list(found.ids) == ["l3"]
    assert not found.vague
    assert _points("how heavy is it?", vocabulary).vague


def test_past_the_list(vocabulary: Vocabulary) -> None:
    assert _points("the fifth one", vocabulary).out_of_range
    assert _points("the first one", vocabulary, shown=()).out_of_range
    assert not _points("the third one", vocabulary).out_of_range


@pytest.mark.parametrize("message", ["a laptop under 900", "hello", "16 GB", "cheaper", "便宜点"])
def test_points_at_nothing(message: str, vocabulary: Vocabulary) -> None:
    assert not _points(message, vocabulary).ids


def test_a_number_with_a_currency_is_no_position(vocabulary: Vocabulary) -> None:
    assert not _points("compare laptops under $2", vocabulary).named
    assert "l3" not in _points("more like the first under $2", vocabulary).ids
