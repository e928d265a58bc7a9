"""Reading: clauses, what negations, hedges, "for" and the past reach, typos, languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.embedded.text import language_of, normalise, tokenize
from agent.embedded.vocabulary import Vocabulary
from tests.agent.conftest import reading_of


def _marked(message: str, vocabulary: Vocabulary, flag: str) -> list[str]:
    return [e.text for e in reading_of(message, vocabulary).elements if getattr(e, flag) and e.is_shop()]


@pytest.mark.parametrize(
    ("message", "negated"),
    [
        ("a laptop not from Norva", ["norva"]),
        ("a laptop without a touchscreen", ["touchscreen"]),
        ("no Norva, Hexa or Tessa", ["norva", "hexa", "tessa"]),
        ("not Norva but Hexa", ["norva"]),
        ("black, not white", ["white"]),
        ("no touchscreen, either Norva or Hexa", ["touchscreen"]),
        ("not black. white", ["black"]),
        ("anything but Tessa", ["tessa"]),
        ("why not black", []),
        ("do you have black ones", []),
        ("不要黑色的笔记本", ["黑色"]),
        ("不要黑色和红色", ["黑色", "红色"]),
        ("除了诺瓦都行", ["诺瓦"]),
        ("有没有黑色的", []),
        ("诺瓦的不要", ["诺瓦"]),
        ("a touchscreen is not needed", ["touchscreen"]),
        ("a touchscreen is not needed, rather not", ["touchscreen"]),
        ("Norva and Hexa are not needed", ["norva", "hexa"]),
        ("有笔记本吗，触摸屏就不用了", ["触摸屏"]),
        ("a black laptop, a touchscreen isn't required", ["touchscreen"]),
    ],
)
def test_what_a_negation_reaches(message: str, negated: list[str], vocabulary: Vocabulary) -> None:
    assert _marked(message, vocabulary, "negated") == negated


@pytest.mark.parametrize(
    ("message", "hedged"),
    [
        ("a laptop, ideally black", ["black"]),
        ("a black laptop", []),
        ("preferably Norva. It must be silver", ["norva"]),
        ("笔记本，最好是黑色", ["黑色"]),
        ("a touchscreen is not needed", ["touchscreen"]),
        ("a touchscreen is not needed, rather not", []),
    ],
)
def test_what_a_hedge_reaches(message: str, hedged: list[str], vocabulary: Vocabulary) -> None:
    assert _marked(message, vocabulary, "hedged") == hedged


@pytest.mark.parametrize(
    ("message", "past"),
    [
        ("my old laptop was black. I want a white one", ["laptop", "black"]),
        ("I want a white laptop", []),
        ("my old laptop was black, I want a white one", ["laptop", "black"]),
        ("I was thinking of a white laptop", []),
        ("我以前用诺瓦的，现在想要黑色", None),
    ],
)
def test_what_talk_of_the_past_reaches(message: str, past: list[str] | None, vocabulary: Vocabulary) -> None:
    found = _marked(message, vocabulary, "past")
    assert found == past if past is not None else "诺瓦" in found


@pytest.mark.parametrize(
    ("message", "purposes"),
    [
        ("a laptop for travel", ["travel"]),
        ("a laptop for travel and study", ["travel", "study"]),
        ("a laptop for work under $900, black", ["work"]),
        ("适合旅行的笔记本", ["旅行"]),
        ("a travel laptop", []),
    ],
)
def test_what_for_reaches(message: str, purposes: list[str], vocabulary: Vocabulary) -> None:
    found = _marked(message, vocabulary, "purpose")
    assert found == purposes


@pytest.mark.parametrize(
    ("message", "corrections"),
    [
        ("a quiet latpop", [("latpop", "laptop")]),
        ("hedphones", [("hedphones", "headphones")]),
        ("a touchscren", [("touchscren", "touchscreen")]),
        ("a plain thing", []),
        ("a horse", []),
        ("rad", []),
        ("mroe optoins plaese", [("mroe", "more"), ("optoins", "options"), ("plaese", "please")]),
        ("不须要触摸屏", [("须", "需")]),
    ],
)
def test_typos(message: str, corrections: list[tuple[str, str]], vocabulary: Vocabulary) -> None:
    assert list(reading_of(message, vocabulary).corrections) == corrections


def test_inflections_and_case_are_met(vocabulary: Vocabulary) -> None:
    assert _marked("LAPTOPS", vocabulary, "negated") == []
    assert any(element.is_shop() for element in reading_of("NoteBooks", vocabulary).elements)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a laptop", "en"), ("一台笔记本", "zh"), ("想要一个 gaming laptop", "zh"), ("500", "fr"), ("", "fr"),
        ("GG-100001", "fr"), ("ann@example.com", "fr"), ("16GB 内存", "zh"), ("?!", "fr"), ("13-14 in", "en"),
    ],
)  # fmt: skip
def test_language(text: str, language: str) -> None:
    assert language_of(text, "fr") == language


def test_normalise_takes_full_width_and_control_characters() -> None:
    assert normalise("Ｌａｐｔｏｐ\x00\u200bＵＳＢ") == "laptop  usb"


def test_any_text_is_read(vocabulary: Vocabulary) -> None:
    @given(st.text(max_size=80))
    def check(text: str) -> None:
        _check_reading(text, vocabulary)

    check()


def _check_reading(text: str, vocabulary: Vocabulary) -> None:
    reading = reading_of(text, vocabulary)
    assert [e.start for e in reading.elements] == sorted(e.start for e in reading.elements)
    assert all(element.start < element.end <= len(reading.tokens) for element in reading.elements)


def test_a_hyphen_joins_words_but_separates_numbers() -> None:
    assert [token.text for token in tokenize("noise-cancelling")] == ["noise", "cancelling"]
    assert [token.text for token in tokenize("300-500")] == ["300", "-", "500"]
