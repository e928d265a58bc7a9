"""Personal data is taken out of past dialogues, whoever's and wherever it stands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.personal import without_personal_data

NAMES = st.sampled_from(["Anna Lee", "Bob Miller", "Chen Wei", "Zoë O'Brien", "Dr. Ruiz"])
AROUND = st.sampled_from(["", "hello, ", "it broke. ", "请看一下，", "问题是"])
AFTER = st.sampled_from(["", ".", ", thanks", "，谢谢", " please"])
DIGITS = st.text("0123456789", min_size=4, max_size=4)


@given(AROUND, st.from_regex(r"[a-z]{1,8}[.+_-]?[a-z0-9]{1,8}@[a-z]{2,8}\.(com|org|cn)", fullmatch=True), AFTER)
def test_no_mail_address_is_left(before: str, mail: str, after: str):
    assert mail not in without_personal_data(f"{before}{mail}{after}")


@given(AROUND, st.sampled_from("13 15 17 18 19".split()), st.text("0123456789", min_size=9, max_size=9), AFTER)
def test_no_mobile_number_is_left(before: str, start: str, rest: str, after: str):
    number = start + rest
    spaced = f"{number[:3]} {number[3:7]} {number[7:]}"
    for said in (number, spaced):
        assert not re.search(r"\d{4,}", without_personal_data(f"{before}{said}{after}"))


@given(AROUND, st.lists(DIGITS, min_size=4, max_size=4), st.sampled_from([" ", "-", ""]), AFTER)
def test_no_card_number_is_left(before: str, groups: list[str], joint: str, after: str):
    text = without_personal_data(f"{before}{joint.join(groups)}{after}")
    assert not re.search(r"\d{4}", text)


@given(AROUND, st.from_regex(r"[A-Z]{1,3}-?[0-9]{4,8}", fullmatch=True), AFTER)
def test_no_order_number_is_left(before: str, number: str, after: str):
    assert number not in without_personal_data(f"{before}order {number}{after}")
    assert number not in without_personal_data(f"{before}#{number}{after}")


@given(NAMES)
def test_no_name_that_is_told_or_known_is_left(name: str):
    told = without_personal_data(f"My name is {name}, and the screen is dark.")
    assert name not in told
    assert "the screen is dark" in told
    assert name not in without_personal_data(f"I asked {name} about it", [name])


@pytest.mark.parametrize(
    "text",
    [
        "I live at 12 Long Lane, Springfield, IL 62704", "send it to 221b Baker Street please",
        "地址是北京市朝阳区建国路88号2单元", "寄到中山路15号", "住上海市徐汇区某某小区3号楼",
    ],
)  # fmt: skip
def test_no_address_is_left(text: str):
    assert "[address]" in without_personal_data(text)


def test_what_is_no_persons_stays():
    text = "The 15 inch screen flickers after 20 minutes; returned within 30 days, $120 refunded to the card."
    assert without_personal_data(text) == text
    assert without_personal_data("屏幕一直闪，30 天内退货，退款 120 元") == "屏幕一直闪，30 天内退货，退款 120 元"


@given(st.text())
def test_any_text_is_taken_and_taking_twice_changes_nothing_more(text: str):
    once = without_personal_data(text)
    assert "@" not in re.sub(r"[^\w@.]", " ", once) or not re.search(r"\w@\w+\.\w", once)
    without_personal_data(once)
