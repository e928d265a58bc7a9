"""Needs: what a message asks of the catalogue, as typed constraints."""

from __future__ import annotations

from typing import Any

import pytest

from agent.embedded.needs import Needs
from agent.embedded.vocabulary import Vocabulary
from core.entities import Sort
from tests.agent.conftest import needs_of


def _said(needs: Needs) -> set[tuple[str, str, Any]]:
    return {(("~" if c.strength == "wish" else "") + c.field, str(c.op), c.value) for c in needs.constraints}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a laptop", {("category", "==", "Laptops")}),
        ("notebooks", {("category", "==", "Laptops")}),
        ("a laptop or a tablet", {("category", "in", ("Laptops", "Slates"))}),
        ("laptops and tablets", {("category", "in", ("Laptops", "Slates"))}),
        ("headphones for my laptop", {("category", "==", "Headphones")}),
        ("telephones with 256 GB storage", {("category", "==", "Telephones"), ("storage", ">=", 256)}),
        ("手机", {("category", "==", "Telephones")}),
        ("平板", {("category", "==", "Slates")}),
        ("audio, but no headphones", {("category", "==", "Audio"), ("category", "!=", "Headphones")}),
        ("my old laptop broke", set()),
        ("my old laptop was too heavy, I want a white one", {("category", "==", "Laptops"), ("color", "==", "white")}),
        ("laptops, the use should be gaming", {("category", "==", "Laptops"), ("use", "contains", "gaming")}),
        ("over-ear headphones", {("category", "==", "Headphones"), ("type", "==", "over-ear")}),
    ],
)
def test_categories(message: str, expected: set[Any], vocabulary: Vocabulary) -> None:
    assert _said(needs_of(message, vocabulary)) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("from Norva", {("brand", "==", "Norva")}),
        ("not from Norva", {("brand", "!=", "Norva")}),
        ("Norva or Hexa", {("brand", "in", ("Norva", "Hexa"))}),
        ("no Norva or Hexa", {("brand", "not_in", ("Norva", "Hexa"))}),
        ("诺瓦的", {("brand", "==", "Norva")}),
        ("除了诺瓦", {("brand", "!=", "Norva")}),
        ("black", {("color", "==", "black")}),
        ("black or white", {("color", "in", ("black", "white"))}),
        ("neither black nor red", {("color", "not_in", ("black", "red"))}),
        ("黑色或白色", {("color", "in", ("black", "white"))}),
        ("不要红色", {("color", "!=", "red")}),
        ("with a touchscreen", {("touchscreen", "==", True)}),
        ("without a touchscreen", {("touchscreen", "==", False)}),
        ("不带触摸屏", {("touchscreen", "==", False)}),
        ("ideally with a touchscreen", {("~touchscreen", "==", True)}),
        ("ideally in black", {("~color", "==", "black")}),
        ("for travel", {("use", "contains", "travel")}),
        ("the colour should be black", {("color", "==", "black")}),
        ("black as the colour", {("color", "==", "black")}),
        ("a touchscreen isn't required", {("~touchscreen", "==", False)}),
        ("not Hush ones", {("title", "not_contains", "hush")}),
        ("over 18 inch screen", {("screen_size", ">", 18)}),
        ("compatible with N3000 and X15", set()),
        ("for travel and study", {("use", "contains", "travel"), ("use", "contains", "study")}),
        ("not for gaming", {("use", "not_contains", "gaming")}),
        ("no touchscreen, either Norva or Hexa", {("touchscreen", "==", False), ("brand", "in", ("Norva", "Hexa"))}),
        ("black, not from Tessa", {("color", "==", "black"), ("brand", "!=", "Tessa")}),
    ],
)
def test_values(message: str, expected: set[Any], vocabulary: Vocabulary) -> None:
    assert _said(needs_of(message, vocabulary, "Laptops")) == expected


def test_a_whole_sentence(vocabulary: Vocabulary) -> None:
    said = _said(needs_of("I need a quiet laptop under $900 for travel, not from Hexa", vocabulary))
    assert {
        ("category", "==", "Laptops"), ("price", "<", 900), ("use", "contains", "travel"), ("brand", "!=", "Hexa"),
    } <= said  # fmt: skip
    assert [field for field, _, _ in said if field == "~noise_level"]


def test_the_same_sentence_in_chinese(vocabulary: Vocabulary) -> None:
    said = _said(needs_of("想要一台900以内、适合旅行的安静笔记本，不要诺瓦", vocabulary))
    assert {
        ("category", "==", "Laptops"), ("price", "<=", 900), ("~use", "contains", "travel"), ("brand", "!=", "Norva"),
    } <= said  # fmt: skip
    assert [field for field, _, _ in said if field == "~noise_level"]


def test_a_purpose_is_required_only_where_something_serves_it(vocabulary: Vocabulary) -> None:
    assert ("use", "contains", "travel") in _said(needs_of("a laptop for travel under 900", vocabulary))
    assert ("~use", "contains", "travel") in _said(needs_of("a laptop for travel by Tessa", vocabulary))


def test_degrees_become_wishes_critiques_and_sorts(vocabulary: Vocabulary) -> None:
    assert needs_of("the lightest laptop", vocabulary).sorts == (Sort("weight", False),)
    (critique,) = needs_of("cheaper", vocabulary, "Laptops").critiques
    assert (critique.field, critique.higher) == ("price", False)
    (wish,) = needs_of("a light one", vocabulary, "Laptops").constraints
    assert (wish.field, wish.strength) == ("weight", "wish")
    assert needs_of("lighter than 1.5 kg", vocabulary, "Laptops").critiques == ()


@pytest.mark.parametrize(
    ("message", "different", "dropped"),
    [
        ("another brand", ("brand",), ()), ("a different colour", ("color",), ()), ("换个品牌", ("brand",), ()),
        ("forget the price", (), ("price",)), ("any brand", (), ("brand",)),
        ("forget the quiet part", (), ("noise_level",)),
        ("品牌不限", (), ("brand",)), ("any laptops", (), ()),
    ],
)  # fmt: skip
def test_switches(message: str, different: tuple[str], dropped: tuple[str], vocabulary: Vocabulary) -> None:
    needs = needs_of(message, vocabulary, "Laptops")
    assert (needs.different, needs.dropped) == (different, dropped)


def test_items_are_named_by_title(vocabulary: Vocabulary) -> None:
    assert needs_of("is the Leaf 15 Pro any good", vocabulary).items == ("l4",)
    assert needs_of("not the Leaf 15 Pro", vocabulary).items == ()


def test_free_words_reach_the_text_without_what_is_negated(vocabulary: Vocabulary) -> None:
    needs = needs_of("a laptop for drawing horses, no weather", vocabulary)
    assert "horses" in needs.text
    assert "weather" not in needs.text
    assert "horses" in needs.unknown


@pytest.mark.parametrize("message", ["", "hello", "?!", "please", "你好", "the one that", "42"])
def test_nothing_is_asked(message: str, vocabulary: Vocabulary) -> None:
    assert needs_of(message, vocabulary).empty


@pytest.mark.parametrize("message", ["that is over my budget", "more than I can afford", "超出预算了"])
def test_beyond_the_budget_asks_for_less(message: str, vocabulary: Vocabulary) -> None:
    assert [(c.field, c.higher) for c in needs_of(message, vocabulary).critiques] == [("price", False)]


def test_an_amount_in_another_currency_is_told(vocabulary: Vocabulary) -> None:
    needs = needs_of("a laptop under £500", vocabulary)
    assert needs.currency == "GBP"
    assert needs_of("a laptop under $500", vocabulary).currency is None


def test_five_hundred_pounds_are_money_where_nothing_weighs_as_much(vocabulary: Vocabulary) -> None:
    assert ("price", "<", 500.0) in _said(needs_of("a laptop under 500 pounds", vocabulary))
    assert ("price", "<", 3.0) not in _said(needs_of("a laptop under 3 pounds", vocabulary))


def test_a_director_is_met_by_the_last_name(film_vocabulary: Vocabulary) -> None:
    assert ("director", "==", "Mara Lindqvist") in _said(needs_of("a film by Lindqvist", film_vocabulary))
