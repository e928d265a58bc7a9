"""Reading a message: its phrases and numbers in order, each with the clause it stands in and what governs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.embedded.chinese import settle_words
from agent.embedded.elements import Element
from agent.embedded.governing import govern
from agent.embedded.lexicon import DEGREES, Kind, Lexicon, Span
from agent.embedded.numbers import Number, find_numbers
from agent.embedded.text import Token, normalise, tokenize
from retrieval.units import find_units

MAX_TOKENS = 400
"""Tokens of a message that are read: more than a shopper writes, few enough for any machine."""
_ARTICLES = frozenset({"a", "an", "the"})
_EITHER = DEGREES | {Kind.CATEGORY}
_LETTERS = 2
_AROUND = 4
"""Tokens on both sides of a typo that tell which word was meant."""
_STOPS = frozenset(".;:!?。；：！？\n")
_BOUNDS = ("at_most", "less_than", "at_least", "more_than", "around")
_CURRENCY = frozenset("$€£¥￥₹₩")


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
    spans, words = settle_words(_named(_bounded(lexicon.match(tokens), tokens, lexicon), tokens), tokens, lexicon)
    numbers = find_numbers(tokens, spans, words)
    found = _as_written(_elements(text, tokens, spans, numbers, words), tokens, normalise(message, cased=True))
    elements = govern(_currencies(_clauses(_settled(found))))
    return Reading(message, tuple(tokens), tuple(elements), tuple(corrections))


def _bounded(spans: list[Span], tokens: Sequence[Token], lexicon: Lexicon) -> list[Span]:
    """Take amounts that a bound stands beside for amounts, where they end a name too: "at most 400 MHz"."""
    bounds = [span for span in spans if span.role(*_BOUNDS)]

    def amount(span: Span) -> int | None:
        """Return the place of the number that ends a name with its unit and has a bound beside it."""
        at = max((at for at in range(span.start, span.end) if tokens[at].kind == "number"), default=span.end)
        unit = "".join(token.text for token in tokens[at + 1 : span.end])
        near = any(0 <= at - each.end <= 1 or each.start == span.end for each in bounds)
        # Whatever two letters after a number mean, they measure: "at least 1 U".
        measures = bool(find_units(unit)) or (unit.isalpha() and len(unit) <= _LETTERS)
        return at if near and measures and span.of(Kind.VALUE, Kind.ITEM) else None

    def within(start: int, end: int) -> list[Span]:
        found = lexicon.match(tokens[start:end])
        return [replace(span, start=span.start + start, end=span.end + start) for span in found]

    out: list[Span] = []
    for span in spans:
        at = amount(span)
        out += [span] if at is None else [*within(span.start, at), *within(at + 1, span.end)]
    return out


def _named(spans: list[Span], tokens: Sequence[Token]) -> list[Span]:
    """Leave out names made of numbers alone where they are amounts ("300-500 dollars"), and letters of codes."""

    def amount(span: Span) -> bool:
        own = tokens[span.start : span.end]
        if any(token.kind not in ("number", "sign") for token in own) or not span.of(Kind.VALUE):
            return False
        after = next((other for other in spans if other.start == span.end), None)
        before = tokens[span.start - 1].text if span.start else ""
        return before in _CURRENCY or (after is not None and after.of(Kind.UNIT) is not None)

    def part(span: Span) -> bool:
        """Tell whether it is the letter of a code: "N" in "N3000"."""
        own, after = tokens[span.start], tokens[span.end : span.end + 1]
        single = span.end == span.start + 1 and own.kind == "word" and len(own.text) <= _LETTERS
        return single and any(token.glued and token.kind == "number" for token in after)

    return [span for span in spans if not amount(span) and not part(span)]


def _mend(
    tokens: list[Token], lexicon: Lexicon, is_word: Callable[[str], bool]
) -> tuple[list[Token], list[tuple[str, str]]]:
    covered = {at for span in lexicon.match(tokens) for at in range(span.start, span.end)}
    corrections: list[tuple[str, str]] = []
    mended = list(tokens)
    for at, token in enumerate(tokens):
        if token.text in lexicon.confusions and (meant := _confused(lexicon, mended, at)):
            corrections.append((token.text, meant.text))
            mended[at] = meant
            continue
        if at in covered or token.kind != "word" or is_word(token.text):
            continue
        words = [_written(word, token) for word in lexicon.corrections(token.text)]
        if words:
            # Of several words as near, the one that makes a phrase with what stands around it.
            better = max(words, key=lambda word: _fit(lexicon, mended, at, word)) if len(words) > 1 else words[0]
            corrections.append((token.text, better.text))
            mended[at] = better
    return mended, corrections


def _written(word: str, token: Token) -> Token:
    return replace(tokenize(word)[0], start=token.start, end=token.end, glued=token.glued)


def _confused(lexicon: Lexicon, tokens: Sequence[Token], at: int) -> Token | None:
    """Return the character that was meant where it makes a phrase that the written one does not."""
    written = _fit(lexicon, tokens, at, tokens[at])[0]
    others = [_written(each, tokens[at]) for each in lexicon.confusions[tokens[at].text]]
    best = max(others, key=lambda each: _fit(lexicon, tokens, at, each))
    return best if _fit(lexicon, tokens, at, best)[0] > max(1, written) else None


def _fit(lexicon: Lexicon, tokens: Sequence[Token], at: int, word: Token) -> tuple[int, bool]:
    """Return how many tokens the phrase has that a word would be part of, and whether it names a kind of thing."""
    first = max(0, at - _AROUND)
    near = [*tokens[first:at], word, *tokens[at + 1 : at + 1 + _AROUND]]
    spans = [span for span in lexicon.match(near) if span.start <= at - first < span.end]
    return max((s.end - s.start for s in spans), default=0), any(s.of(Kind.CATEGORY) for s in spans)


def _elements(
    text: str,
    tokens: Sequence[Token],
    spans: Sequence[Span],
    numbers: Sequence[Number],
    words: Sequence[tuple[int, int]],
) -> list[Element]:
    def element(start: int, end: int, span: Span | None = None, number: Number | None = None) -> Element:
        return Element(start, end, text[tokens[start].start : tokens[end - 1].end], span, number)

    taken = {at for number in numbers for at in range(number.start, number.end)}
    elements = [element(number.start, number.end, number=number) for number in numbers]
    for span in spans:
        if not taken.intersection(range(span.start, span.end)):
            elements.append(element(span.start, span.end, span))
            taken.update(range(span.start, span.end))
    for start, end in words:
        if not taken.intersection(range(start, end)):
            elements.append(element(start, end))
            taken.update(range(start, end))
    elements += [element(at, at + 1) for at in range(len(tokens)) if at not in taken]
    return sorted(elements, key=lambda element: element.start)


def _as_written(elements: list[Element], tokens: Sequence[Token], cased: str) -> list[Element]:
    """Keep of several units of one name that which its capitals tell: "MB/s" counts bytes, "Mb/s" bits."""
    out: list[Element] = []
    for element in elements:
        units = [e for e in element.span.entries if e.kind is Kind.UNIT] if element.span else []
        if element.span is not None and len(units) > 1:
            written = cased[tokens[element.start].start : tokens[element.end - 1].end]
            exact = {unit.symbol for unit in find_units(written) if written in unit.all_names()}
            others = {e for e in units if exact and e.field != "money" and e.value not in exact}
            entries = tuple(e for e in element.span.entries if e not in others)
            element = replace(element, span=replace(element.span, entries=entries))
        out.append(element)
    return out


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
    for at, element in enumerate(elements):
        # "colour: black", "good for: games": what follows belongs to the name before it.
        before = elements[at - 1].span if at and element.text in ":：" else None
        named = before is not None and (before.role("for") or before.of(Kind.FACET) is not None)
        if (element.text in _STOPS and not named) or element.role("but"):
            clause += 1
        out.append(replace(element, clause=clause))
    return out


def _currencies(elements: list[Element]) -> list[Element]:
    """Attach currency signs to the numbers that follow them."""
    out: list[Element] = []
    for element in elements:
        if element.number is not None and out and out[-1].text in _CURRENCY:
            sign = out.pop()
            element = replace(element, start=sign.start, currency=sign.text)
        out.append(element)
    return out
