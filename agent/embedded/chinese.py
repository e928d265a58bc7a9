"""Chinese words of a message that the shop has no phrase for: kept whole, and met by what they mean in English.

A character is a word of its own in one place and part of another word elsewhere: 台 counts laptops and ends 台灯 (desk
lamp), 大 is "big" and begins 大衣 (overcoat). The dictionary's words settle which; the shop's own phrases go before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.embedded.lexicon import SHOP_KINDS, Entry, Kind, Lexicon, Span
from agent.embedded.numbers import NUMERALS
from agent.embedded.text import Token, tokenize
from retrieval.bilingual import COUNTING, PLAIN, RARE, bilingual
from retrieval.units import find_currency

_USUAL = 2
"""Senses of a word by which it may name a kind of thing."""
_LONGEST = 4
"""Characters of a word at most that no dictionary has."""


def settle_words(
    spans: Sequence[Span], tokens: Sequence[Token], lexicon: Lexicon
) -> tuple[list[Span], list[tuple[int, int]]]:
    """Return the phrases without those that are mere parts of Chinese words, and the words that no phrase covers.

    A word whose English ends in the name of a kind of thing is a phrase for it: 餐桌, a dining table, is a table.

    Args:
        spans: phrases met in the message.
        tokens: the message.
        lexicon: tells what English words stand for.
    """
    kept = list(spans)
    words: list[tuple[int, int]] = []
    for start, end in _words(tokens):
        inside = [span for span in kept if span.start < end and span.end > start]
        if not _is_whole(tokens, start, end, inside):
            continue
        head = _head("".join(token.text for token in tokens[start:end]), lexicon)
        own = max((span.end for span in inside if span.of(*SHOP_KINDS)), default=start)
        # After a phrase of the shop's own the rest tells: 袋 in 旅行袋 is a bag, 机 in 电视机 is no set.
        if head is not None and own < end and (own == start or _kind_of(tokens[end - 1].text, lexicon) == head):
            kept = [span for span in kept if span not in inside or span.end <= own]
            kept.append(_span(tokens, own, end, head))
            continue
        parts = [span for span in inside if span.end - span.start == 1]
        kept = [span for span in kept if span not in parts]
        if len(parts) == len(inside):
            words.append((start, end))
    kept += _single(kept, words, tokens, lexicon)
    return sorted(kept, key=lambda span: span.start), words


def _is_whole(tokens: Sequence[Token], start: int, end: int, inside: Sequence[Span]) -> bool:
    """Tell whether a word is one here: no phrase covers or crosses it, and it is no amount."""
    places = range(start, end)
    if any(span.start <= start and span.end >= end for span in inside) or _counts(tokens, start, inside):
        return False
    if any(span.start < start or span.end > end for span in inside):
        return False
    own = {at for span in inside if span.of(*SHOP_KINDS) for at in range(span.start, span.end)}
    rest = {at for span in inside if not span.of(*SHOP_KINDS) for at in range(span.start, span.end)}
    if own and own | rest == set(places) and end - 1 in own:
        return False
    return not (rest and all(at in rest or tokens[at].text in NUMERALS for at in places))  # 百年


def _span(tokens: Sequence[Token], start: int, end: int, entry: Entry) -> Span:
    return Span(start, end, (entry,), "".join(token.text for token in tokens[start:end]))


def _single(
    kept: Sequence[Span], words: Sequence[tuple[int, int]], tokens: Sequence[Token], lexicon: Lexicon
) -> list[Span]:
    """Return phrases for characters that stand alone.

    They are measure words ("一束花"), and heads of words that no dictionary has ("短靴" is a 靴).
    """
    taken = {at for span in kept for at in range(span.start, span.end)}
    taken |= {at for start, end in words for at in range(start, end)}
    ends = {end for _, end in words}
    found: list[Span] = []
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and _alone(tokens[end], end in taken):
            end += 1
        if at < end and at and tokens[at - 1].text in COUNTING and bilingual().measures(tokens[at].text):
            found.append(_span(tokens, at, at + 1, Entry(Kind.GRAMMAR, "one")))
        elif at < end <= at + _LONGEST and _ends(tokens, end, kept) and not _takes(tokens, at, end, kept) and (
            # After a word of the dictionary it is mostly a mere ending: 线 in 数据线 is no string.
            entry := _kind_of(tokens[end - 1].text, lexicon, 1 if at in ends else RARE)
        ):  # fmt: skip
            found.append(_span(tokens, at, end, entry))
        at = max(end, at + 1)
    return found


def _takes(tokens: Sequence[Token], start: int, end: int, kept: Sequence[Span]) -> bool:
    """Tell whether a character is a verb between a word of grammar and what it takes: "最多花110", "别带logo"."""
    following = tokens[end] if end < len(tokens) else None
    if following is None or not any(span.end == start and span.of(Kind.GRAMMAR) for span in kept):
        return False
    joined = following.glued and following.kind in ("number", "word")
    return joined or find_currency(following.text) is not None


def _ends(tokens: Sequence[Token], end: int, kept: Sequence[Span]) -> bool:
    """Tell whether no thing follows that the characters before it would tell more of."""
    if end == len(tokens) or tokens[end].kind != "cjk" or tokens[end].text in PLAIN:
        return True
    return any(span.start == end and not span.of(*SHOP_KINDS) for span in kept)


def _alone(token: Token, taken: bool) -> bool:
    return token.kind == "cjk" and not taken and token.text not in PLAIN and token.text not in NUMERALS


def _words(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Return where the dictionary's words of two characters and more stand."""
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end].kind == "cjk" and (end == at or tokens[end].glued):
            end += 1
        place = at
        for word in bilingual().split("".join(token.text for token in tokens[at:end])):
            if len(word) > 1 and word not in PLAIN:
                yield place, place + len(word)
            place += len(word)
        at = max(end, at + 1)


def _counts(tokens: Sequence[Token], start: int, inside: Sequence[Span]) -> bool:
    """Tell whether the first character belongs to a number before it: "三台灯" counts, "书桌台灯" does not."""
    before = tokens[start - 1] if start else None
    counted = before is not None and (before.kind == "number" or before.text in COUNTING)
    return counted and any(span.start == start and span.of(Kind.UNIT, Kind.GRAMMAR) for span in inside)


def _head(word: str, lexicon: Lexicon) -> Entry | None:
    """Return the kind of thing that the English of a word ends in the name of."""
    for sense in bilingual().senses(word)[:_USUAL]:
        tokens = tokenize(sense)
        spans = lexicon.match(tokens)
        if len(tokens) > 1 and spans and spans[-1].end == len(tokens):
            entry = spans[-1].of(Kind.CATEGORY)
            if entry is not None:
                return entry
    return None


def _kind_of(character: str, lexicon: Lexicon, senses: int = RARE) -> Entry | None:
    """Return the kind of thing that a single character means in one of so many senses."""
    for thing in bilingual().things(character)[:senses]:
        tokens = tokenize(thing)
        spans = lexicon.match(tokens)
        entry = spans[0].of(Kind.CATEGORY) if len(spans) == 1 and spans[0].end == len(tokens) else None
        if entry is not None:
            return entry
    return None
