"""Numbers in words and digits, in English and Chinese: "1,299.99", "2k", "two thousand", "两千五", "1.5 万"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.embedded.lexicon import Kind, Span
from agent.embedded.text import Token

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_WORD = Span(0, 0, (), "")
NUMERALS = frozenset(_DIGITS) | frozenset(_PLACES) | frozenset(_GROUPS) | {"半"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number read from tokens [start, end)."""

    start: int
    end: int
    value: float
    spelled: bool = False
    """True when it was written in words or Chinese numerals: a weaker hint of a quantity."""
    decade: bool = False
    """True for "the nineties": the number is the first of ten years."""


def chinese_number(text: str) -> float | None:
    """Return the value of a Chinese numeral ("三千五" is 3500, "一百零五" 105, "两万" 20000), or None."""
    if not text or any(char not in NUMERALS for char in text):
        return None
    total = section = 0.0
    digit: int | None = None
    last_place = 1.0
    zero = False
    for char in text:
        if char in _DIGITS:
            zero = zero or _DIGITS[char] == 0
            digit = _DIGITS[char] if digit in (None, 0) else int(digit or 0) * 10 + _DIGITS[char]
        elif char in _PLACES:
            last_place = _PLACES[char]
            section += (1 if digit is None else digit) * last_place
            digit, zero = None, False
        elif char in _GROUPS:
            last_place = _GROUPS[char]
            total += (section + (digit or 0)) * last_place
            section, digit, zero = 0.0, None, False
        else:  # 半
            section += last_place / 2 if last_place > 1 else 0.5
    if digit is not None:
        # A trailing digit after a place counts a tenth of it (三千五 = 3500) unless 零 was said (三千零五).
        section += digit * (last_place / 10 if last_place > 1 and not zero and digit < 10 else 1)
    return total + section


def digits(text: str) -> float | None:
    """Return the value of a number in digits; "1,299.99" and "1.299,99" are both understood, "1,5" is 1.5."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", text):
        return float(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d*[.]\d+|\d+([.,]\d+)?", text):
        return float(text.replace(",", "."))
    return None


def find_numbers(tokens: Sequence[Token], spans: Sequence[Span], words: Sequence[tuple[int, int]] = ()) -> list[Number]:
    """Return the numbers in a message, outside of the shop's own phrases and of Chinese words: 十字架 is no ten.

    Args:
        tokens: the message.
        spans: its phrases.
        words: where Chinese words stand that no phrase covers.
    """
    covered: dict[int, Span] = {at: span for span in spans for at in range(span.start, span.end)}
    covered |= {at: _WORD for start, end in words for at in range(start, end) if not _is_number(tokens[start:end])}
    numbers: list[Number] = []
    at = 0
    while at < len(tokens):
        number = _number_at(tokens, covered, at)
        if number is None:
            at += 1
        else:
            numbers.append(number)
            at = number.end
    return numbers


def _is_number(word: Sequence[Token]) -> bool:
    return all(token.text in NUMERALS for token in word)


def _number_at(tokens: Sequence[Token], covered: dict[int, Span], at: int) -> Number | None:
    token, span = tokens[at], covered.get(at)
    if token.kind == "number" and token.glued and at and tokens[at - 1].kind == "word":
        before = covered.get(at - 1)
        side = tokens[at - 1].text == "x" and at > 1 and tokens[at - 2].kind == "number"  # "9x6"
        if not side and (before is None or before.of(Kind.FACET) is None):
            return None  # "N3000" is a name, "RAM16G" an amount
    if token.kind == "number" and (span is None or span.of(Kind.NUMBER)):
        value = digits(token.text)
        if value is None:
            return None
        value, end = _multiplied(tokens, covered, value, at + 1)
        return Number(at, end, value)
    if token.kind == "cjk" and token.text in NUMERALS and _is_free(covered, at):
        return _chinese_at(tokens, covered, at)
    entry = span.of(Kind.DECADE) if span is not None and span.start == at else None
    if span is not None and entry is not None and entry.surface == span.text:  # "sixty" is no "sixties"
        return Number(at, span.end, float(entry.value), spelled=True, decade=True)
    if span is not None and span.start == at and (entry := span.of(Kind.NUMBER)):
        value, end = _with_ones(tokens, covered, float(entry.value), span.end)
        value, end = _multiplied(tokens, covered, value, end)
        return Number(at, end, value, spelled=True)
    return None


def _with_ones(tokens: Sequence[Token], covered: dict[int, Span], value: float, end: int) -> tuple[float, int]:
    """Read "forty-six" and "five and a half" on from their first word."""
    if value % 10 == 0 and 20 <= value < 100 and end < len(tokens):
        span = covered.get(end)
        entry = span.of(Kind.NUMBER) if span else None
        ones = 1.0 if tokens[end].text == "one" else float(entry.value) if entry else 0.0
        if 0 < ones < 10:
            value, end = value + ones, end + 1
    if [token.text for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        return value + 0.5, end + 3
    return value, end


def _chinese_at(tokens: Sequence[Token], covered: dict[int, Span], at: int) -> Number | None:
    end = at
    while end < len(tokens) and tokens[end].text in NUMERALS and (end == at or end not in covered):
        end += 1
    text = "".join(token.text for token in tokens[at:end])
    value = chinese_number(text)
    # A lone small numeral ("一个", "三款") counts things and is no quantity of a facet.
    if value is None or (len(text) == 1 and text not in _PLACES):
        return Number(at, end, value, spelled=True) if value is not None and _unit_follows(covered, end) else None
    return Number(at, end, value, spelled=True)


def _is_free(covered: dict[int, Span], at: int) -> bool:
    """Tell whether a numeral is not part of a phrase; 两 is a weight only after a number, and a numeral before one."""
    span = covered.get(at)
    return span is None or (span.end - span.start == 1 and all(entry.kind is Kind.UNIT for entry in span.entries))


def _unit_follows(covered: dict[int, Span], at: int) -> bool:
    """Tell whether a unit or a measure word ("三款") follows."""
    span = covered.get(at)
    return span is not None and (span.of(Kind.UNIT) is not None or span.role("one"))


def _multiplied(tokens: Sequence[Token], covered: dict[int, Span], value: float, end: int) -> tuple[float, int]:
    """Read "2 k", "two thousand", "1.5 万" on from a number."""
    if end >= len(tokens):
        return value, end
    token, span = tokens[end], covered.get(end)
    if span is not None and span.end - span.start > 1 and span.of(Kind.UNIT):
        return value, end  # 百 in "48百万像素" belongs to the unit
    if token.text in _GROUPS or token.text in _PLACES:
        place = _GROUPS.get(token.text) or _PLACES[token.text]
        return value * place, end + 1
    if span is not None and span.start == end and (entry := span.of(Kind.MULTIPLIER)):
        if entry.surface == "k" and not token.glued:
            return value, end
        return value * float(entry.value), span.end
    return value, end
