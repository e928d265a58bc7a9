"""Numbers in digits and words, English and Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.embedded.numbers import chinese_number, digits
from agent.embedded.vocabulary import Vocabulary
from tests.agent.conftest import reading_of

_NUMERALS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("五", 5), ("十", 10), ("十二", 12), ("二十", 20), ("三十五", 35), ("一百零五", 105), ("三百五", 350),
        ("三千五", 3500), ("三千零五", 3005), ("两千", 2000), ("两万", 20_000), ("一万二", 12_000), ("两千五百", 2500),
        ("一百二十", 120), ("二十五万", 250_000), ("一亿", 100_000_000), ("十万零三百", 100_300), ("二〇", 20),
    ],
)  # fmt: skip
def test_chinese_numerals(text: str, value: float) -> None:
    assert chinese_number(text) == value


@pytest.mark.parametrize("text", ["", "一个", "abc", "12", "十a"])
def test_what_is_no_chinese_numeral(text: str) -> None:
    assert chinese_number(text) is None


def _spelled(number: int) -> str:
    """Write a number below 10,000 as Chinese spells it in full."""
    text, zero = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            text += ("零" if zero and text else "") + _NUMERALS[digit] + name
            zero = False
        else:
            zero = True
    return text


@given(st.integers(1, 9999))
def test_every_number_spelled_in_full_is_read_back(number: int) -> None:
    assert chinese_number(_spelled(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("900", 900), ("1,299", 1299), ("1,299.99", 1299.99), ("1.299,99", 1299.99), ("1,5", 1.5), ("0.5", 0.5),
        ("1,000,000", 1_000_000), ("12,34,56", None), ("1.2.3", None),
    ],
)  # fmt: skip
def test_digits(text: str, value: float | None) -> None:
    assert digits(text) == value


@pytest.mark.parametrize(
    ("message", "values"),
    [
        ("under 2k", [2000]), ("two thousand dollars", [2000]), ("1.5 thousand", [1500]), ("twenty", [20]),
        ("1.5万以内", [15_000]), ("两千五左右", [2500]), ("3千块", [3000]), ("三百到五百", [300, 500]),
        ("300-500", [300, 500]), ("a 16GB laptop", [16]), ("给我推荐一个", []), ("no number here", []),
    ],
)  # fmt: skip
def test_numbers_in_a_message(message: str, values: list[float], vocabulary: Vocabulary) -> None:
    found = [element.number.value for element in reading_of(message, vocabulary).elements if element.number]
    assert found == values


def test_a_number_in_a_title_is_no_number(vocabulary: Vocabulary) -> None:
    elements = reading_of("how heavy is the Leaf 14", vocabulary).elements
    assert not any(element.number for element in elements)
