"""The dictionary: Chinese words for English names, English for Chinese messages, search terms of both."""

from __future__ import annotations

import tracemalloc

import pytest

from retrieval.bilingual import Bilingual, bilingual, search_terms
from retrieval.encoder import in_english

SMALL = Bilingual(
    {
        "耳机": "headphones/earphones/telephone receiver",
        "黑色": "black/CL:種|种[zhong3]",
        "运动鞋": "sports shoes/sneakers",
        "运动": "to move/sports",
        "的": "of/~'s (possessive particle)",
        "狗": "dog/CL:隻|只[zhi1]",
    }
)


def test_a_text_is_read_as_its_fewest_words() -> None:
    assert SMALL.gloss("黑色的运动鞋") == "black sports shoes sneakers"


def test_a_run_without_end_takes_no_more_than_its_length() -> None:
    """Twenty thousand characters once took 40 seconds and gigabytes: each place kept the whole split before it."""
    tracemalloc.start()
    assert SMALL.gloss("运动鞋" * 3000).split() == ["sports", "shoes", "sneakers"] * 3000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_what_is_no_chinese_stays() -> None:
    assert SMALL.gloss("USB 耳机 under $30") == "USB headphones earphones under $30"


def test_senses_that_the_catalogue_has_go_first() -> None:
    assert SMALL.gloss("耳机", lambda term: term in ("earphon",)) == "earphones"
    assert SMALL.gloss("耳机", lambda term: False) == "headphones"


def test_words_for_a_name_are_of_two_characters_and_more() -> None:
    assert SMALL.words("Sneakers") == ("运动鞋",)
    assert SMALL.words("dog") == ()
    assert SMALL.words("kayak") == ()


def test_what_has_a_chinese_name_gets_no_other() -> None:
    assert SMALL.naming(["black"]) == ("黑色",)
    assert SMALL.naming(["black", "漆黑"]) == ()


@pytest.mark.parametrize("text", ["", "的", "囧囧", "？！", "\u0000", "嗯" * 500])
def test_any_text_has_a_gloss(text: str) -> None:
    assert isinstance(bilingual().gloss(text), str)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [("耳机", "headphone"), ("防水", "waterproof"), ("帐篷", "tent"), ("喜剧", "comedy"), ("皮革", "leather")],
)
def test_the_dictionary_goes_both_ways(chinese: str, english: str) -> None:
    assert chinese in bilingual().words(english)
    assert english in bilingual().gloss(chinese)


def test_search_has_english_terms_for_chinese_that_the_catalogue_does_not_hold() -> None:
    assert "tent" in search_terms("帐篷", lambda term: term == "tent")
    assert "tent" not in search_terms("帐篷", lambda term: term in ("tent", "帐篷"))
    assert search_terms("a tent", lambda term: True).keys() == {"tent"}


def test_an_encoder_of_english_reads_the_gloss_of_chinese_and_the_english_of_both() -> None:
    assert "headphones" in in_english("我想要一个耳机")
    assert in_english("Hush One headphones cancel noise 降噪耳机").split() == "Hush One headphones cancel noise".split()
    assert in_english("plain words") == "plain words"


@pytest.mark.parametrize(("word", "sense"), [("土豆", "potato"), ("相机", "camera"), ("电视机", "television set")])
def test_a_sense_with_a_note_in_chinese_counts(word: str, sense: str) -> None:
    assert bilingual().senses(word)[0] == sense


def test_a_word_is_read_in_the_senses_that_the_catalogue_speaks_of() -> None:
    weights = {"bag": 0.5, "hold": 0.01, "camera": 0.5, "opportun": 0.01, "moment": 0.3}
    gloss = bilingual().gloss("装相机的包", lambda term: weights.get(term, 0.0))
    assert gloss.split()[-2:] == ["bag", "hold"]
    assert "camera" in gloss
    assert bilingual().split("可以敲打的鼓") == ["可以", "敲打", "的", "鼓"]


def test_a_near_synonym_names_a_thing_too() -> None:
    assert "背包" in bilingual().naming(["backpack"])
    assert "土豆" not in bilingual().naming(["peanut"])
