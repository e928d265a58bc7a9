"""Quantities: bounds, ranges, units, money, decades, and the facet that each belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from agent.embedded.lexicon import Kind
from agent.embedded.vocabulary import Vocabulary
from core.entities import Op, Strength
from tests.agent.conftest import needs_of, reading_of


def _bounds(message: str, vocabulary: Vocabulary, category: str | None = None, asked: str | None = None) -> Any:
    constraints = needs_of(message, vocabulary, category, asked).constraints
    return [(c.field, str(c.op), c.value) for c in constraints if not isinstance(c.value, str | bool)]


@pytest.mark.parametrize(
    ("message", "op", "value"),
    [
        ("under $900", "<", 900), ("less than 900 dollars", "<", 900), ("below 900", "<", 900),
        ("at most 900", "<=", 900), ("no more than $900", "<=", 900), ("up to 900 bucks", "<=", 900),
        ("900 or less", "<=", 900), ("not over 900", "<=", 900), ("not more than 900", "<=", 900),
        ("my budget is 900", "<=", 900), ("a budget of $900", "<=", 900), ("$900 max", "<=", 900),
        ("$900", "<=", 900), ("over 900", ">", 900), ("more than $900", ">", 900), ("at least 900", ">=", 900),
        ("not under 900", ">=", 900), ("from 900 up", None, None), ("starting at $900", ">=", 900),
        ("under 1.2k", "<", 1200), ("under two thousand dollars", "<", 2000), ("< 900", "<", 900), ("> $900", ">", 900),
        ("between 300 and 500", "between", (300, 500)), ("300-500 dollars", "between", (300, 500)),
        ("from 500 to 300 dollars", "between", (300, 500)), ("$300 to $500", "between", (300, 500)),
        ("around 500", "between", (425, 575)), ("about $1000", "between", (850, 1150)),
        ("500以内", "<=", 500), ("不超过500", "<=", 500), ("500元以下", "<", 500), ("低于500", "<", 500),
        ("500块左右", "between", (425, 575)), ("三百到五百", "between", (300, 500)), ("三千以上", ">=", 3000),
        ("预算两千", "<=", 2000), ("1.5万以内", "<=", 15_000), ("超过500", ">", 500), ("至少500", ">=", 500),
        ("￥500以内", "<=", 500), ("500到800之间", "between", (500, 800)),
    ],
)  # fmt: skip
def test_money(message: str, op: str | None, value: Any, vocabulary: Vocabulary) -> None:
    found = _bounds(message, vocabulary, "Laptops")
    if op is None:
        assert all(field == "price" for field, _, _ in found)
    else:
        assert found == [("price", op, value)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a laptop with 16 GB memory", ("ram", ">=", 16)),
        ("a laptop with 16GB of memory", ("ram", ">=", 16)),
        ("a laptop with at least 1 TB storage", ("storage", ">=", 1000)),
        ("a laptop with 512 GB", ("storage", ">=", 512)),
        ("笔记本，内存16G以上", ("ram", ">=", 16)),
        ("1TB存储的笔记本", ("storage", ">=", 1000)),
        ("a laptop under 1.5 kg", ("weight", "<", 1.5)),
        ("a laptop under 1500 grams", ("weight", "<", 1.5)),
        ("a laptop below 4 pounds", ("weight", "<", pytest.approx(1.814, abs=1e-3))),
        ("1.5公斤以下的笔记本", ("weight", "<", 1.5)),
        ("三斤以内的笔记本", ("weight", "<=", 1.5)),
        ("a laptop lighter than 1.5 kg", ("weight", "<", 1.5)),
        ("比1.5公斤轻的笔记本", ("weight", "<", 1.5)),
        ("10 hours of battery", ("battery_life", ">=", 10)),
        ("battery of more than 10 hours", ("battery_life", ">", 10)),
        ("at least 600 minutes of battery", ("battery_life", ">=", 10)),
        ("续航10小时以上", ("battery_life", ">=", 10)),
        ("screen bigger than 15 inches", ("screen_size", ">", 15)),
        ("a 14 inch laptop", ("screen_size", "between", (13.44, 14.56))),
        ('a 14" laptop', ("screen_size", "between", (13.44, 14.56))),
        ("14寸的笔记本", ("screen_size", "between", (13.44, 14.56))),
        ("13 to 14 inches", ("screen_size", "between", (13, 14))),
        ("13到15寸之间", ("screen_size", "between", (13, 15))),
        ("a laptop below 35 dB", ("noise_level", "<", 35)),
        ("噪音低于35分贝的笔记本", ("noise_level", "<", 35)),
        ("rating above 4.5", ("rating", ">", 4.5)),
        ("4.5分以上", None),
    ],
)
def test_units(message: str, expected: tuple[str, str, Any] | None, vocabulary: Vocabulary) -> None:
    found = _bounds(message, vocabulary, "Laptops")
    if expected is None:
        assert len(found) <= 1
    else:
        assert found == [expected]


def test_two_quantities_keep_apart(vocabulary: Vocabulary) -> None:
    found = _bounds("a laptop under $900 and under 1.5 kg with at least 10 hours of battery", vocabulary)
    assert sorted(field for field, _, _ in found) == ["battery_life", "price", "weight"]
    chinese = _bounds("900美元以内、1.5公斤以下、续航10小时以上的笔记本", vocabulary)
    assert sorted(chinese) == [("battery_life", ">=", 10), ("price", "<=", 900), ("weight", "<", 1.5)]


def test_a_unit_that_no_facet_has_is_left_out(vocabulary: Vocabulary) -> None:
    assert _bounds("a laptop with 20 megapixels", vocabulary) == []


def test_a_bare_number_is_no_requirement_unless_it_answers(vocabulary: Vocabulary) -> None:
    assert _bounds("500", vocabulary, "Laptops") == []
    assert _bounds("900", vocabulary, "Laptops", asked="price") == [("price", "<=", 900)]
    assert _bounds("14", vocabulary, "Laptops", asked="screen_size")[0][0] == "screen_size"


def test_numbers_of_the_past_are_no_requirement(vocabulary: Vocabulary) -> None:
    assert _bounds("my old laptop cost $500. I want a silver one", vocabulary) == []


def test_a_hedged_bound_is_a_wish(vocabulary: Vocabulary) -> None:
    (constraint,) = needs_of("ideally under $900", vocabulary, "Laptops").constraints
    assert (constraint.field, constraint.strength) == ("price", Strength.WISH)


def test_a_sign_binds_the_number_after_it(vocabulary: Vocabulary) -> None:
    assert _bounds("<img onerror=alert(1)> laptop", vocabulary) == []
    assert _bounds("<script>alert(1)</script> laptop", vocabulary) == []


def test_the_words_are_kept_as_provenance(vocabulary: Vocabulary) -> None:
    (constraint,) = needs_of("under 1500 grams", vocabulary, "Laptops").constraints
    assert constraint.text == "under 1500 grams"
    assert constraint.unit == "kg"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("from the nineties", ("between", (1990, 1999))), ("from the 90s", ("between", (1990, 1999))),
        ("1980s films", ("between", (1980, 1989))), ("80年代的电影", ("between", (1980, 1989))),
        ("after 2010", (">", 2010)), ("before 2000", ("<", 2000)), ("2010年以后的", (">", 2010)),
        ("2010年之前的电影", ("<", 2010)),
    ],
)  # fmt: skip
def test_years(message: str, expected: tuple[str, Any], film_vocabulary: Vocabulary) -> None:
    assert _bounds(message, film_vocabulary) == [("year", *expected)]


def test_a_shop_without_prices_takes_hours_in_minutes(film_vocabulary: Vocabulary) -> None:
    (constraint,) = needs_of("under 2 hours", film_vocabulary).constraints
    assert (constraint.field, constraint.op, constraint.value) == ("runtime_min", Op.LT, 120)


def test_a_bare_number_is_no_year_unless_it_could_be_one(film_vocabulary: Vocabulary) -> None:
    assert all(field != "year" for field, _, _ in _bounds("something over 80", film_vocabulary))
    assert _bounds("something over 1980", film_vocabulary) == [("year", ">", 1980)]


@pytest.mark.parametrize(("message", "unit"), [("100 MB/s", "MB/s"), ("100 Mb/s", "Mbps"), ("100 Mbps", "Mbps")])
def test_capitals_tell_units_of_one_name_apart(message: str, unit: str, vocabulary: Vocabulary) -> None:
    spans = [element.span for element in reading_of(message, vocabulary).elements if element.span]
    assert {entry.value for span in spans for entry in span.entries if entry.kind is Kind.UNIT} == {unit}


def test_a_number_glued_to_a_facet_s_name_is_an_amount(vocabulary: Vocabulary) -> None:
    assert _bounds("memory16GB", vocabulary, "Laptops") == [("ram", ">=", 16)]
    assert _bounds("the memoryless16", vocabulary, "Laptops") == []
