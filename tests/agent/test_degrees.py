"""Vague words and degrees."""

from __future__ import annotations

import pytest

from agent.embedded.degrees import Degree, Step, degree_of, vague_wish
from agent.embedded.inflection import comparatives, superlatives
from agent.embedded.vocabulary import Vocabulary
from core.entities import Op, Strength
from tests.agent.conftest import reading_of


def _degrees(message: str, vocabulary: Vocabulary, category: str | None = "Laptops") -> list[tuple[str, str, bool]]:
    reading = reading_of(message, vocabulary)
    found = (degree_of(at, reading, vocabulary, category) for at in range(len(reading.elements)))
    return [(degree.field, str(degree.step), degree.higher) for degree in found if degree is not None]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a quiet laptop", ("noise_level", "plain", False)),
        ("not a loud laptop", ("noise_level", "plain", False)),
        ("lighter", ("weight", "more", False)),
        ("more lightweight", ("weight", "more", False)),
        ("less heavy", ("weight", "more", False)),
        ("too heavy", ("weight", "more", False)),
        ("the lightest", ("weight", "most", False)),
        ("cheaper", ("price", "more", False)),
        ("the cheapest", ("price", "most", False)),
        ("too expensive", ("price", "more", False)),
        ("more battery life", ("battery_life", "more", True)),
        ("better battery", ("battery_life", "more", True)),
        ("a long battery life", ("battery_life", "plain", True)),
        ("the longest battery life", ("battery_life", "most", True)),
        ("the best battery", ("battery_life", "most", True)),
        ("a bigger screen", ("screen_size", "more", True)),
        ("a smaller one", ("screen_size", "more", False)),
        ("more memory", ("ram", "more", True)),
        ("安静的", ("noise_level", "plain", False)),
        ("轻一点", ("weight", "more", False)),
        ("更轻的", ("weight", "more", False)),
        ("最便宜的", ("price", "most", False)),
        ("太贵了", ("price", "more", False)),
        ("没那么吵的", ("noise_level", "more", False)),
        ("续航长一点", ("battery_life", "more", True)),
        ("续航最长的", ("battery_life", "most", True)),
    ],
)
def test_degrees(message: str, expected: tuple[str, str, bool], vocabulary: Vocabulary) -> None:
    assert expected in _degrees(message, vocabulary)
    assert {field for field, _, _ in _degrees(message, vocabulary)} == {expected[0]}


@pytest.mark.parametrize("message", ["a laptop", "more please", "the best", "long", "good"])
def test_general_adjectives_need_a_facet(message: str, vocabulary: Vocabulary) -> None:
    assert _degrees(message, vocabulary) == []


def test_a_named_facet_goes_before_the_word_s_own(film_vocabulary: Vocabulary) -> None:
    assert _degrees("a high rating", film_vocabulary, None) == [("rating", "plain", True)]
    assert _degrees("a long film", film_vocabulary, None) == [("runtime_min", "plain", True)]


def test_a_vague_wish_follows_the_category(vocabulary: Vocabulary) -> None:
    cheap = Degree("price", Step.PLAIN, False)
    laptop = vague_wish(cheap, "cheap", vocabulary, "Laptops")
    phones = vague_wish(cheap, "cheap", vocabulary, "Headphones")
    assert laptop is not None
    assert phones is not None
    assert (laptop.op, laptop.strength, laptop.text) == (Op.LE, Strength.WISH, "cheap")
    assert float(laptop.value) > float(phones.value)  # type: ignore[arg-type]
    assert vague_wish(Degree("noise_level", Step.PLAIN, False), "quiet", vocabulary, "Headphones") is None


@pytest.mark.parametrize(
    ("word", "more", "most"),
    [("light", "lighter", "lightest"), ("heavy", "heavier", "heaviest"), ("pricey", "pricier", "priciest"),
     ("big", "bigger", "biggest"), ("wide", "wider", "widest"), ("grey", "greyer", "greyest")],
)  # fmt: skip
def test_words_are_inflected_as_people_do(word: str, more: str, most: str) -> None:
    assert more in comparatives(word)
    assert most in superlatives(word)
