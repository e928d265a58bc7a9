"""A generated sentence taken apart: phrases of the shop, numbers with their units, names, and what is negated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.embedded.lexicon import Kind, Lexicon, Span
from agent.embedded.numbers import find_numbers
from agent.embedded.text import Token, normalise, tokenize
from agent.llm.grounding.language import words
from core.entities import Op

MONEY, PERCENT, PIECES = "money", "%", "pcs"
_SPACED = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_SIGNS = frozenset("$€£¥￥₹₩")
_OPS = {
    "at_most": Op.LE, "less_than": Op.LT, "at_least": Op.GE, "more_than": Op.GT, "around": Op.BETWEEN,
}  # fmt: skip
_STOPS = frozenset(".;:!?。；：！？\n—–")
_SOFT = frozenset(",，、")
MARK = "qzx"
"""Stands, with a letter, in place of a name that was recognised; no language has it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A phrase, a number or a word of a sentence."""

    text: str
    place: int
    """Of its first token."""
    span: Span | None = None
    value: float | None = None
    unit: str | None = None
    """A unit's symbol, ``money``, ``%`` or None."""
    decimals: int = 0
    op: Op | None = None
    spelled: bool = False
    negated: bool = False
    clause: int = 0
    item: int | None = None
    """The place of the item that it names."""

    @property
    def number(self) -> bool:
        """Whether it is a number."""
        return self.value is not None


def parts_of(text: str, lexicon: Lexicon) -> list[Part]:
    """Return a sentence's parts in order; recognised names stand in it as ``qzxa``, ``qzxb`` and so on."""
    tokens = tokenize(text)[:300]
    spans = lexicon.match(tokens)
    numbers = find_numbers(tokens, spans)
    taken: dict[int, Part] = {}
    covered: set[int] = set()
    for number in numbers:
        written = tokens[number.start].text
        decimals = len(written.rpartition(".")[2]) if "." in written else 0
        taken[number.start] = Part(written, number.start, None, number.value, None, decimals, None, number.spelled)
        covered.update(range(number.start, number.end))
    for span in spans:
        if not covered & set(range(span.start, span.end)):
            taken[span.start] = Part(_SPACED.sub("", span.text), span.start, span)
            covered.update(range(span.start, span.end))
    for at, token in enumerate(tokens):
        if at not in covered:
            item = ord(token.text[3]) - 97 if _is_mark(token) else None
            taken[at] = Part(token.text, at, item=item)
    found = [taken[at] for at in sorted(taken)]
    return _negated(_bounded(_measured(_claused(found))), text)


def _is_mark(token: Token) -> bool:
    return len(token.text) == 4 and token.text.startswith(MARK)


def _claused(found: Sequence[Part]) -> list[Part]:
    clause, out = 0, []
    for part in found:
        if part.text in _STOPS or (part.span is not None and part.span.role("but")):
            clause += 1
        out.append(replace(part, clause=clause))
    return out


def _measured(found: list[Part]) -> list[Part]:
    """Give numbers their units: a sign before, a unit or per cent after; the first of a range that of the second."""
    out = list(found)
    for at, part in enumerate(out):
        if part.number:
            out[at] = replace(part, unit=_unit(at, out))
    for at in range(len(out) - 3, -1, -1):
        if out[at].number and out[at].unit is None and out[at + 2].number and _joins_range(out[at + 1]):
            out[at] = replace(out[at], unit=out[at + 2].unit)
    return out


def _unit(at: int, parts: Sequence[Part]) -> str | None:
    known, after = words(), parts[at + 1] if at + 1 < len(parts) else None
    if at and parts[at - 1].text in _SIGNS:
        return MONEY
    if after is None or after.text in known.points or (parts[at].spelled and after.text in known.carried):
        return None  # "three in total"
    if after.text in ("%", "％"):
        return PERCENT
    if after.text in _SIGNS:
        return MONEY
    entry = after.span.of(Kind.UNIT) if after.span is not None else None
    if entry is None or entry.value == PIECES:
        return None
    return MONEY if entry.field == "money" else entry.value


def _joins_range(part: Part) -> bool:
    return part.text in ("-", "–", "~", "至", "到", "to") or (part.span is not None and part.span.role("range"))


def _bounded(found: list[Part]) -> list[Part]:
    """Give numbers their comparators: "under $900", "at least 16 GB", "500 元以内"."""
    out = list(found)
    for at, part in enumerate(found):
        op = next((op for role, op in _OPS.items() if part.span is not None and part.span.role(role)), None)
        is_unit = bool(at) and found[at - 1].number and part.span is not None and part.span.of(Kind.UNIT) is not None
        if op is None or is_unit or _sets_apart(found[at + 1 : at + 3]):
            continue
        before = [i for i in (at - 1, at - 2, at - 3) if i >= 0 and found[i].number and not _parted(found, i, at)]
        after = [
            i for i in (at + 1, at + 2, at + 3) if i < len(found) and found[i].number and not _parted(found, at, i)
        ]
        trailing = before and (not part.text.isascii() or not after) and (not after or before[0] == at - 1)
        place = before[0] if trailing else after[0] if after else None
        if place is None:
            continue
        if out[place].op is None and found[place].clause == part.clause:
            out[place] = replace(out[place], op=op)
    return out


def _parted(found: Sequence[Part], start: int, end: int) -> bool:
    return any(part.text in _SOFT for part in found[start + 1 : end])


def _sets_apart(after: Sequence[Part]) -> bool:
    """Tell whether an item follows: "$20 more than the first" is a difference, and no bound."""
    return any(part.item is not None or (part.span and part.span.of(Kind.ORDINAL)) for part in after)


def _negated(found: list[Part], text: str) -> list[Part]:
    """Mark what negators reach: the next phrase, and those that are joined to it."""
    known, out = words(), list(found)
    low = normalise(text)
    harmless = [match.span() for match in known.not_negators.finditer(low)]
    places = [m for m in known.negators.finditer(low) if not any(a <= m.start() < b for a, b in harmless)]
    starts = [token.start for token in tokenize(text)[:300]]
    for match in places:
        reached = False
        for at, part in enumerate(found):
            begin = starts[part.place] if part.place < len(starts) else 0
            if begin < match.end():
                continue
            if part.text in _STOPS:
                break
            if _claims(part):
                out[at] = replace(out[at], negated=not out[at].negated)
                reached = True
            elif part.text in known.carried or (part.text in _SOFT and _goes_on(found, at, reached)):
                continue
            elif reached or part.number or begin - match.end() > 24:
                break
    return out


def _claims(part: Part) -> bool:
    kinds = (Kind.VALUE, Kind.BRAND, Kind.CATEGORY, Kind.FACET, Kind.LOWEST, Kind.HIGHEST)
    return part.span is not None and part.span.of(*kinds) is not None


def _goes_on(found: Sequence[Part], at: int, reached: bool) -> bool:
    """Tell whether a list of negated things goes on after a comma: a phrase and then "or" or the end."""
    rest = found[at + 1 : at + 5]
    return reached and any(part.text in ("or", "nor", "或", "或者") for part in rest)


def masked(text: str, names: Sequence[tuple[str, int]]) -> str:
    """Return a text with names (longest first) replaced by marks of their items' places."""
    for name, item in names:
        if not name:
            continue
        pattern = re.escape(name)
        if name[0].isalnum() and name[0].isascii():
            pattern = r"(?<![A-Za-z0-9])" + pattern
        if name[-1].isalnum() and name[-1].isascii():
            pattern += r"(?![A-Za-z0-9])"
        text = re.sub(pattern, f" {MARK}{chr(97 + item)} ", text, flags=re.IGNORECASE)
    return text


def marks_of(parts: Sequence[Part]) -> list[int]:
    """Return the items that a sentence names, in order, each once."""
    return list(dict.fromkeys(part.item for part in parts if part.item is not None))
