"""Reading a message: its phrases and numbers in order, each with the clause it stands in and what governs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.embedded.lexicon import DEGREES, SHOP_KINDS, Kind, Lexicon, Span
from agent.embedded.numbers import Number, find_numbers
from agent.embedded.text import Token, normalise, tokenize

MAX_TOKENS = 400
"""Tokens of a message that are read: more than a shopper writes, few enough for any machine."""
_ARTICLES = frozenset({"a", "an", "the"})
_FILLERS = _ARTICLES | set("any of such these those this that your 的 这 那 个 款 些".split())
_EITHER = DEGREES | {Kind.CATEGORY}
_STOPS = frozenset(".;:!?。；：！？\n")
_NEAR = 4
"""Elements after "for" among which the first thing that it governs is looked for."""
_COMMAS = frozenset(",，、/")
_CURRENCY = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY", "₹": "INR", "₩": "KRW"}


@dataclass(frozen=True, slots=True)
class Element:
    """A phrase, a number or a free word of the message, and what governs it."""

    start: int
    end: int
    text: str
    span: Span | None = None
    number: Number | None = None
    clause: int = 0
    negated: bool = False
    hedged: bool = False
    past: bool = False
    """Said of something owned before or by others: no requirement."""
    purpose: bool = False
    """Stands after "for": what it is to be used for."""
    currency: str | None = None
    """A currency sign stands before the number."""

    def role(self, *roles: str) -> bool:
        """Tell whether it is a grammar word of one of the roles."""
        return self.span is not None and self.span.role(*roles)

    def is_shop(self) -> bool:
        """Tell whether it is a phrase of the shop's own vocabulary."""
        return self.span is not None and self.span.of(*SHOP_KINDS) is not None


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as read."""

    text: str
    tokens: tuple[Token, ...]
    elements: tuple[Element, ...]
    corrections: tuple[tuple[str, str], ...] = ()
    """(as written, as understood) of mended typos."""

    def cues(self) -> tuple[str, ...]:
        """Return the acts that the message's words hint at, in order, each once."""
        found = (entry.field for e in self.elements if e.span for entry in e.span.entries if entry.kind is Kind.CUE)
        return tuple(dict.fromkeys(found))

    def roles(self, *roles: str) -> tuple[Element, ...]:
        """Return the grammar words of some roles."""
        return tuple(element for element in self.elements if element.role(*roles))

    def free(self, stopwords: frozenset[str]) -> list[str]:
        """Return the words that no phrase covers and that carry meaning, outside of negations."""
        return [
            element.text
            for element in self.elements
            if element.span is None and element.number is None and not element.negated and not element.past
            and element.text not in stopwords and element.text.isalnum()
        ]  # fmt: skip


def read(message: str, lexicon: Lexicon, is_word: Callable[[str], bool]) -> Reading:
    """Read a message against a lexicon.

    Args:
        message: the user's words.
        lexicon: general and shop phrases.
        is_word: tells real words, which are never taken for typos.
    """
    text = normalise(message)
    tokens = tokenize(message)[:MAX_TOKENS]
    tokens, corrections = _mend(tokens, lexicon, is_word)
    spans = lexicon.match(tokens)
    numbers = find_numbers(tokens, spans)
    elements = _govern(_currencies(_clauses(_settled(_elements(text, tokens, spans, numbers)))))
    return Reading(message, tuple(tokens), tuple(elements), tuple(corrections))


def _mend(
    tokens: list[Token], lexicon: Lexicon, is_word: Callable[[str], bool]
) -> tuple[list[Token], list[tuple[str, str]]]:
    covered = {at for span in lexicon.match(tokens) for at in range(span.start, span.end)}
    corrections: list[tuple[str, str]] = []
    mended = list(tokens)
    for at, token in enumerate(tokens):
        if at in covered or token.kind != "word" or is_word(token.text):
            continue
        better = lexicon.correct(token.text)
        if better:
            corrections.append((token.text, better))
            mended[at] = replace(tokenize(better)[0], start=token.start, end=token.end, glued=token.glued)
    return mended, corrections


def _elements(text: str, tokens: Sequence[Token], spans: Sequence[Span], numbers: Sequence[Number]) -> list[Element]:
    def element(start: int, end: int, span: Span | None = None, number: Number | None = None) -> Element:
        return Element(start, end, text[tokens[start].start : tokens[end - 1].end], span, number)

    taken = {at for number in numbers for at in range(number.start, number.end)}
    elements = [element(number.start, number.end, number=number) for number in numbers]
    for span in spans:
        if not taken.intersection(range(span.start, span.end)):
            elements.append(element(span.start, span.end, span))
            taken.update(range(span.start, span.end))
    elements += [element(at, at + 1) for at in range(len(tokens)) if at not in taken]
    return sorted(elements, key=lambda element: element.start)


def _settled(elements: list[Element]) -> list[Element]:
    """Settle words that are a thing or a wish: "a light" is a thing, "something light" and "a light laptop" wish."""
    named = [e for e in elements if e.span and e.span.of(Kind.CATEGORY) and not e.span.of(*DEGREES)]
    out: list[Element] = []
    for at, element in enumerate(elements):
        if element.span is not None and element.span.of(Kind.CATEGORY) and element.span.of(*DEGREES):
            thing = bool(at) and elements[at - 1].text in _ARTICLES and not named
            entries = (e for e in element.span.entries if (e.kind in DEGREES) is not thing or e.kind not in _EITHER)
            element = replace(element, span=replace(element.span, entries=tuple(entries)))
        out.append(element)
    return out


def _clauses(elements: Sequence[Element]) -> list[Element]:
    clause = 0
    out: list[Element] = []
    for element in elements:
        if element.text in _STOPS or element.role("but"):
            clause += 1
        out.append(replace(element, clause=clause))
    return out


def _currencies(elements: list[Element]) -> list[Element]:
    """Attach currency signs to the numbers that follow them."""
    out: list[Element] = []
    for element in elements:
        if element.number is not None and out and out[-1].text in _CURRENCY:
            sign = out.pop()
            element = replace(element, start=sign.start, currency=_CURRENCY[sign.text])
        out.append(element)
    return out


def _govern(elements: list[Element]) -> list[Element]:
    """Mark what negations, hedges, "for" and talk of the past reach."""
    out = list(elements)
    for at, element in enumerate(elements):
        if element.role("negator", "exception") and not element.role("neutral"):
            reached = _negation_reach(elements, at)
            for index in reached:
                out[index] = replace(out[index], negated=not out[index].negated)
        if element.role("past") and not _after_quantity(elements, at):
            _mark_rest_of_clause(out, at, "past")
        if element.role("hedge"):
            _mark_hedged(out, at)
        if element.role("for"):
            for index in _purposes(elements, at):
                out[index] = replace(out[index], purpose=True)
    return out


def _after_quantity(elements: Sequence[Element], at: int) -> bool:
    """Tell whether a number stands before: "2010年之前的" bounds years, "之前的" alone talks of the past."""
    before = elements[at - 1] if at else None
    return before is not None and (before.number is not None or bool(before.span and before.span.of(Kind.UNIT)))


def _mark_rest_of_clause(out: list[Element], at: int, flag: str) -> None:
    index = at + 1
    while index < len(out) and out[index].clause == out[at].clause:
        out[index] = replace(out[index], past=True) if flag == "past" else replace(out[index], hedged=True)
        index += 1


def _mark_hedged(out: list[Element], at: int) -> None:
    """Mark what a hedge softens: what follows ("ideally black"), or, where it trails, what it was added to."""
    index = at + 1
    while index < len(out) and out[index].clause == out[at].clause:
        if out[index].is_shop() or out[index].number is not None:
            break
        index += 1
    if index < len(out) and out[index].clause == out[at].clause:
        _mark_rest_of_clause(out, at, "hedged")
        return
    for before in range(at - 1, -1, -1):
        if out[before].clause != out[at].clause or out[before].text in _COMMAS:
            break
        out[before] = replace(out[before], hedged=True)


def _purposes(elements: Sequence[Element], at: int) -> list[int]:
    """Return what "for" governs: the next phrase of the shop, and those of its kind that go on ("travel and work")."""
    found: list[int] = []
    for index in range(at + 1, len(elements)):
        element = elements[index]
        if element.clause != elements[at].clause or (not found and index > at + _NEAR):
            break
        if element.is_shop():
            if found and _field_of(element)[0] != _field_of(elements[found[0]])[0]:
                break
            found.append(index)
        elif found and not (element.role("or", "and") or element.text in _COMMAS):
            break
    return found


def _negation_reach(elements: Sequence[Element], at: int) -> list[int]:
    """Return what a negator governs: the next phrase of the shop and its continuation in a list; else the one before.

    "no Acme or Bolt, and no leather", "without a stand", "苹果不要".
    """
    following = elements[at + 1] if at + 1 < len(elements) else None
    if following is not None and following.role("too") and following.clause == elements[at].clause:
        return [index for index in (at + 2,) if index < len(elements)]  # "not too long": the degree alone
    first = _first_governed(elements, at)
    if first is None:
        return _governed_before(elements, at)
    words = [index for index in range(at + 1, first) if elements[index].span is None]
    if words and words[-1] == first - 1 and _names_kind(elements[first]) and _tells(elements[words[-1]]):
        return words  # "no retro mugs" turns retro ones down, not mugs
    first = _past_facet_name(elements, first)
    reached = [*words, first]
    kind, last = _field_of(elements[first]), first
    index = first + 1
    while index < len(elements) and elements[index].clause == elements[at].clause:
        element = elements[index]
        if element.role("negator", "exception", "but", "either"):
            break
        if element.is_shop() or (element.span is None and element.number is None and element.text.isalnum()):
            between = elements[last + 1 : index]
            any_kind = any(e.role("or") for e in between)
            joined = bool(between) and all(e.role("or", "and") or e.text in _COMMAS for e in between)
            if not joined or not (any_kind or _field_of(element) == kind):
                break
            reached.append(index)
            last = index
        index += 1
    return reached


def _names_kind(element: Element) -> bool:
    return element.span is not None and element.span.of(Kind.CATEGORY) is not None


def _tells(element: Element) -> bool:
    """Tell whether a word that no phrase covers says something: it is no article and no sign."""
    return element.text.isalnum() and element.text not in _FILLERS


def _past_facet_name(elements: Sequence[Element], at: int) -> int:
    """Return the value that follows a facet's name ("not rated R" negates R), else the same place."""
    span = elements[at].span
    named = span.of(Kind.FACET) if span else None
    following = elements[at + 1] if at + 1 < len(elements) else None
    if named is None or following is None or following.span is None or following.clause != elements[at].clause:
        return at
    value = following.span.of(Kind.VALUE)
    return at + 1 if value is not None and any(e.field == named.field for e in following.span.entries) else at


def _first_governed(elements: Sequence[Element], at: int) -> int | None:
    free: int | None = None
    for index in range(at + 1, len(elements)):
        element = elements[index]
        if element.clause != elements[at].clause or element.role("negator", "but") or element.text in _COMMAS:
            break
        if element.is_shop() or element.number is not None:
            return index
        if free is None and element.span is None and element.text.isalnum() and len(element.text) > 1:
            free = index
    return free


def _governed_before(elements: Sequence[Element], at: int) -> list[int]:
    for index in range(at - 1, -1, -1):
        element = elements[index]
        if element.clause != elements[at].clause or element.role("negator") or element.text in _COMMAS:
            break
        if element.is_shop():
            return [index]
    return []


def _field_of(element: Element) -> tuple[str, str]:
    entry = element.span.of(*SHOP_KINDS) if element.span else None
    if entry is None:
        return ("free", "")
    field = entry.field if entry.kind in (Kind.VALUE, Kind.FACET) else ""
    return (str(entry.kind), field)
