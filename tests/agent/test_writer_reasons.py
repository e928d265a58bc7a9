"""Reasons in words: each kind from its data keys, plain texts, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.embedded.reasons import annotate, shortened, word_reason
from core.entities import Reason, ReasonKind, Source
from retrieval.catalogue import Catalogue
from tests.agent.wording import fashion, numbers, pick, reason, say
from tools.results import Explained

__all__ = ["fashion"]

CASES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    (
        "constraint",
        {"field": "price", "op": "<=", "value": 150, "unit": "USD", "actual": 129.0},
        ["$129.00", "under $150"],
        ["$129.00", "150 美元以内"],
    ),
    (
        "constraint",
        {"field": "weight", "op": "<=", "value": 300, "unit": "g", "actual": 280.0},
        ["280 g weight", "300 g"],
        ["280 克", "300 克"],
    ),
    (
        "constraint",
        {"field": "brand", "op": "!=", "value": "Alba", "actual": "Nordvik"},
        ["Nordvik", "not Alba"],
        ["Nordvik", "不要 Alba"],
    ),
    (
        "constraint",
        {"field": "material", "op": "contains", "value": "nylon", "actual": ["nylon"]},
        ["nylon"],
        ["nylon"],
    ),
    (
        "attribute",
        {"field": "weight", "actual": 280.0, "unit": "g", "rank": "best", "of": 12, "better": "lower"},
        ["lightest", "12", "280 g"],
        ["最轻", "12", "280 克"],
    ),
    (
        "attribute",
        {"field": "weight", "actual": 280.0, "unit": "g", "rank": "top", "of": 12},
        ["weight", "280 g"],
        ["重量", "280 克"],
    ),
    ("attribute", {"field": "color", "actual": "green"}, ["colour: green"], ["颜色：绿色"]),
    ("semantic", {"similarity": 0.5, "words": ["storm", "pocket"]}, ["“storm” and “pocket”"], ["“storm”和“pocket”"]),
    ("semantic", {"similarity": 0.5}, ["describe|asked"], ["描述|需求"]),
    (
        "semantic",
        {"similarity": 0.8, "item_id": "w10", "title": "Trail Trousers", "shared": ["brand", "material"]},
        ["brand and material", "Trail Trousers"],
        ["品牌和面料", "徒步裤"],
    ),
    ("lexical", {"terms": ["storm"]}, ["“storm”"], ["“storm”"]),
    ("collaborative", {"liked": ["w10"], "titles": ["Trail Trousers"], "users": 2}, ["Trail Trousers"], ["徒步裤"]),
    ("collaborative", {"liked": [], "users": 14}, ["14 shoppers"], ["14 位"]),
    (
        "collaborative",
        {"liked": ["w10"], "titles": ["Trail Trousers"], "users": 7, "after": True},
        ["7 shoppers|7 other shoppers", "after Trail Trousers"],
        ["7 位", "徒步裤之后"],
    ),
    (
        "graph",
        {"relation": "goes_with", "item_id": "w10", "title": "Trail Trousers"},
        ["goes with Trail Trousers"],
        ["搭配：徒步裤"],
    ),
    (
        "graph",
        {"relation": "goes_with", "item_id": "w10", "title": "x", "inverse": True},
        ["Trail Trousers goes with it"],
        ["徒步裤"],
    ),
    (
        "review",
        {"review_id": "r1", "quote": "Kept me dry in a storm.", "rating": 5},
        ["“Kept me dry in a storm”"],
        ["“Kept me dry in a storm”"],
    ),
    ("popularity", {"percentile": 0.97, "users": 40}, ["3%", "40"], ["3%", "40"]),
    ("quality", {"rating": 4.62, "rating_count": 1}, ["4.6", r"1 (buyer|rating)\b"], ["4.6", "1"]),
    (
        "price",
        {"price": 129.0, "currency": "USD", "median": 200.0, "percentile": 0.2},
        ["$71", "$200"],
        ["$71", "$200"],
    ),
    ("new", {"days": 0}, ["today"], ["今天"]),
    ("new", {"days": 12}, ["12 days"], ["12 天"]),
    (
        "profile",
        {"item_id": "w10", "title": "Trail Trousers", "event": "view", "now": True},
        ["just looked at", "Trail Trousers"],
        ["刚", "徒步裤"],
    ),
    ("profile", {"item_id": "w5", "title": "Rain Shell", "event": "view", "now": True}, ["just"], ["刚"]),
    ("profile", {"field": "brand", "value": "Nordvik"}, ["Nordvik"], ["Nordvik"]),
]


@pytest.mark.parametrize(("kind", "data", "english", "chinese"), CASES)
def test_each_kind_says_its_data(
    fashion: Catalogue, kind: str, data: dict[str, Any], english: list[str], chinese: list[str]
):
    item = fashion.item("w5")
    for language, parts in (("en", english), ("zh", chinese)):
        text = word_reason(reason(kind, **data), item, fashion, language)
        assert not text.endswith((".", "。", " "))
        assert "None" not in text
        for part in parts:
            assert re.search(part if "|" in part or "\\" in part else re.escape(part), text), (part, text)


def test_nothing_worth_saying_is_empty(fashion: Catalogue):
    item = fashion.item("w5")
    for empty in (
        reason("price", price=250.0, currency="USD", median=200.0),
        reason("graph", relation="goes_with", item_id="gone", title=""),
        reason("lexical", terms=[]),
        reason("quality", rating=None),
        reason("popularity", percentile=0.5, users=1),
        reason("review", review_id="r", quote=""),
    ):
        assert word_reason(empty, item, fashion, "en") == ""


def test_items_that_left_the_catalogue_keep_their_given_title(fashion: Catalogue):
    gone = reason("graph", relation="worn-with", item_id="gone", title="Old <b>Hat</b>")
    assert word_reason(gone, fashion.item("w5"), fashion, "en") == "worn with Old <b>Hat</b>"


def test_a_models_own_words_stay(fashion: Catalogue):
    own = Reason(ReasonKind.GENERATED, Source("facet", "w5"), text="packs\nsmall")
    assert word_reason(own, fashion.item("w5"), fashion, "en") == "packs small"


def test_annotate_names_shared_words_once(fashion: Catalogue):
    found = annotate(
        pick(fashion.item("w5"), reason("lexical", terms=["storm"]), reason("semantic", words=["storm"])), fashion, "en"
    )
    assert ["storm" in one.text for one in found.reasons] == [True, False]


def test_long_quotes_are_cut_at_a_word():
    assert shortened("one two three four", 12) == "one two…"
    assert shortened("一二三四五六七八", 4) == "一二三四…"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_why_lists_every_reason_with_its_source_weightiest_first(fashion: Catalogue, language: str):
    found = pick(
        fashion.item("w5"),
        reason("quality", 0.1, rating=4.6, rating_count=31),
        reason("review", 0.4, source="review", review_id="r1", quote="Kept me dry.", rating=5),
    )
    text = say(fashion, Explained((found,)), language=language, intents=("explain",))
    first, second = (line for line in text.splitlines() if line.startswith("- "))
    assert "Kept me dry" in first
    assert ("customer review" if language == "en" else "买家评价") in first
    assert {4.6, 31.0} <= numbers(second)


def test_why_without_reasons_is_honest(fashion: Catalogue):
    assert "Rain Shell" in say(fashion, Explained((pick(fashion.item("w5")),)), intents=("explain",))
