"""Constraints as chips and options: money, numbers with units, negation, lists, booleans, dates, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.embedded.word_constraints import word_constraint, word_option
from agent.embedded.word_questions import word_question
from core.entities import Option, Question
from core.shop import load_shop
from retrieval.catalogue import Catalogue
from retrieval.loading import read_catalogue
from tests.agent.wording import fashion, films, hotels, must
from tests.shops import write_shop

__all__ = ["fashion", "films", "hotels"]


@pytest.mark.parametrize(
    ("field", "op", "value", "english", "chinese"),
    [
        ("price", "<=", 900.0, "under $900", "900 美元以内"),
        ("price", "<", 899.5, "under $899.50", "899.5 美元以下"),
        ("price", ">=", 1300.0, "from $1,300", "1300 美元以上"),
        ("price", "between", (300.0, 500.0), "$300–$500", "300–500 美元"),
        ("brand", "==", "Nordvik", "Nordvik", "Nordvik"),
        ("brand", "!=", "Nordvik", "not Nordvik", "不要 Nordvik"),
        ("brand", "!=", "Fjordal", "not Fjordal", "不要峡湾"),
        ("brand", "in", ("Alba", "Nordvik"), "Alba or Nordvik", "Alba 或 Nordvik"),
        ("brand", "not_in", ("Alba", "Nordvik"), "not Alba or Nordvik", "不要 Alba 或 Nordvik"),
        ("category", "==", "Dresses", "Dresses", "连衣裙"),
        ("category", "==", ("Women", "Dresses"), "Dresses", "连衣裙"),
        ("weight", "<=", 300.0, "at most 300 g weight", "重量不超过 300 克"),
        ("color", "==", "black", "black", "黑色"),
        ("material", "contains", "wool", "wool", "wool"),
        ("material", "not_contains", "nylon", "not nylon", "不要 nylon"),
        ("rating", ">=", 4.0, "rating at least 4", "评分至少 4"),
    ],
)
def test_chips(fashion: Catalogue, field: str, op: str, value: Any, english: str, chinese: str):
    assert word_constraint(must(field, op, value), fashion, "en") == english
    assert word_constraint(must(field, op, value), fashion, "zh") == chinese


def test_booleans_and_years(films: Catalogue):
    assert word_constraint(must("subtitled", "==", True), films, "en") == "subtitled"
    assert word_constraint(must("subtitled", "==", False), films, "en") == "not subtitled"
    assert word_constraint(must("subtitled", "!=", True), films, "zh") == "无subtitled"
    assert "2010" in word_constraint(must("year", ">=", 2010.0), films, "en")
    assert "2,010" not in word_constraint(must("year", ">=", 2010.0), films, "en")


def test_dates_say_the_year_when_that_is_meant(fashion: Catalogue):
    assert word_constraint(must("created_at", ">=", "2020-01-01"), fashion, "en").endswith("from 2020 on")
    assert word_constraint(must("created_at", "<", "2000-01-01"), fashion, "en").endswith("before 2000")
    assert "1990–1999" in word_constraint(must("created_at", "between", ("1990-01-01", "1999-12-31")), fashion, "en")
    assert "June 3, 2021" in word_constraint(must("created_at", ">", "2021-06-03"), fashion, "en")
    assert "2020 年" in word_constraint(must("created_at", ">=", "2020-01-01"), fashion, "zh")


def test_a_single_currency_has_its_short_sign(hotels: Catalogue):
    assert word_constraint(must("price", "<=", 500.0), hotels, "zh") == "500 元以内"
    assert word_constraint(must("price", "<=", 500.0), hotels, "en") == "under ¥500"


def test_another_language_is_answered_in_the_shops_own(hotels: Catalogue, fashion: Catalogue):
    assert word_constraint(must("price", "<=", 500.0), hotels, "fr") == "500 元以内"
    assert word_constraint(must("price", "<=", 500.0), fashion, "fr") == "under $500"


def test_both_ends_of_a_range_are_in_the_unit_that_is_written(tmp_path: Path):
    items = [{"id": str(number), "title": f"Thing {number}", "weight": f"{number} kg"} for number in range(1, 6)]
    write_shop(tmp_path, {"name": "x"}, items)
    catalogue = read_catalogue(load_shop(tmp_path))[0]
    assert word_option(must("weight", "between", (0.2, 0.25)), catalogue, "zh") == "200–250 克"
    assert word_option(must("weight", "between", (0.2, 2.5)), catalogue, "en") == "0.2–2.5 kg"


def test_absurd_numbers_are_written_all_the_same(fashion: Catalogue):
    assert word_constraint(must("price", "<=", 1e190), fashion, "en") == "under $1e+190"
    assert "1e+190" in word_constraint(must("weight", "<=", 1e190), fashion, "zh")


def test_options_leave_the_facet_out(fashion: Catalogue, films: Catalogue):
    assert word_option(must("weight", "between", (100.0, 300.0)), fashion, "en") == "100–300 g"
    assert word_option(must("weight", "between", (100.0, 1500.0)), fashion, "en") == "100–1,500 g"
    assert word_option(must("weight", ">", 300.0), fashion, "zh") == "超过 300 克"
    assert word_option(must("subtitled", "==", True), films, "en") == "yes"
    assert word_option(must("subtitled", "==", False), films, "zh") == "否"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_are_worded_with_their_options(fashion: Catalogue, films: Catalogue, language: str):
    question = Question("price", (Option("", 3, must("price", "<", 50.0)), Option("any", 2)))
    worded = word_question(question, fashion, language, seed=2)
    assert worded.text.endswith(("?", "？"))
    assert [option.label for option in worded.options] == [
        "under $50" if language == "en" else "50 美元以下", "any",
    ]  # fmt: skip
    assert word_question(Question("subtitled", ()), films, language, seed=0).text
    assert len({word_question(Question("color", ()), fashion, language, seed=seed).text for seed in range(3)}) == 3
