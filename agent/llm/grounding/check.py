"""Checks a generated sentence against the turn's facts: items, numbers, properties, comparisons, service, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agent.embedded.lexicon import Kind, Lexicon
from agent.embedded.text import normalise
from agent.llm.grounding.facts import Facts, stems_of
from agent.llm.grounding.language import words
from agent.llm.grounding.names import invented
from agent.llm.grounding.numbers import number_stated
from agent.llm.grounding.properties import compared_truly, compares, property_true, unstated_truly
from agent.llm.grounding.service import order_true, service_true
from agent.llm.grounding.statement import MARK, Part, marks_of, masked, parts_of

_MARKUP = re.compile(r"[*_`~]+|\\(?=[^\w\s])")
_LISTED = re.compile(r"^\s*(?:[-•·–]|\(?\d{1,2}[.)、：:](?!\d))\s*")
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|「([^」]+)」|『([^』]+)』|《([^》]+)》|‘([^’]+)’")
_LEADS = frozenset("than unlike similar like vs compared 比 类似 像".split())
_TO_ITEM = frozenset("for buys gets 买到 可以买 能买".split())
_PASSED = frozenset("the our a an of to with .".split())
_LIST = re.compile(r"、|，|, | and | or |和|或")
_JOINED = frozenset({"and", "&", ",", "，", "、", "和", "与", "及", "the", "or", "both", "as", "well"})
_SHINGLE = 7
"""Words in a row that nobody says by chance: shared with the prompt, they are leaked from it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check."""

    fault: str = ""
    """What is not borne out; empty when all is."""
    named: tuple[int, ...] = ()
    """Places of the items that the sentence names."""

    @property
    def ok(self) -> bool:
        """Whether the sentence may be said."""
        return not self.fault


@dataclass(frozen=True)
class Sentence:
    """A sentence taken apart."""

    plain: str
    """Without Markdown, names as marks."""
    low: str
    """Folded, names as marks."""
    parts: tuple[Part, ...]
    about: tuple[tuple[int, ...], ...]
    """For each part, the items that it is said of."""
    references: frozenset[int]
    """Items that others are compared with."""
    single: bool
    """Whether it names its items, or goes on about those before; else it speaks of all at once."""


class Checker:
    """Checks the sentences of one answer; holds no state but the turn's facts."""

    def __init__(
        self, facts: Facts, lexicon: Lexicon, prompt: str = "", knows: Callable[[str], bool] | None = None
    ) -> None:  # fmt: skip
        """Take the turn's facts.

        Args:
            facts: what may be said.
            lexicon: the shop's phrases.
            prompt: the system prompt, which may not be repeated.
            knows: tells words of the language from names.
        """
        self.facts = facts
        self._lexicon = lexicon
        self._names = facts.names()
        self._secret = frozenset(_shingles(prompt))
        self._knows = knows or (lambda word: False)

    def check(self, sentence: str, carried: Sequence[int] = ()) -> Verdict:
        """Return whether a sentence is borne out; ``carried``: the items that the sentences before it were about."""
        plain = _LISTED.sub("", _MARKUP.sub("", sentence)).strip()
        if not any(char.isalnum() for char in plain):
            return Verdict()
        if self._secret & set(_shingles(plain)):
            return Verdict("repeats the prompt")
        fault, text = self._unquoted(masked(plain, self._names))
        read = self._read(text, tuple(carried))
        named = tuple(marks_of(read.parts))
        for found in self._faults(read):
            fault = fault or found
        return Verdict(fault, named)

    def _faults(self, read: Sentence) -> Iterator[str]:
        facts = self.facts
        if words().unstated.search(read.low):
            yield "" if unstated_truly(read.parts, read.about, facts) else "says of a stated fact that it is not stated"
            return
        compared = sorted(read.references) if compares(read.parts, read.references) else None
        for at, part in enumerate(read.parts):
            about = read.about[at]
            if part.number and not number_stated(at, read.parts, self._beside(about, read), facts, compared):
                yield f"number {part.text}"
            elif part.span is not None and not property_true(at, read.parts, about, facts):
                yield f"property {part.text}"
        yield compared_truly(read.parts, read.about, read.references, facts)
        yield invented(read.plain, read.low, read.parts, read.about, facts, self._knows)
        yield order_true(read.low, read.parts, facts)
        yield service_true(read.low, read.parts, read.about, facts)

    def _beside(self, about: tuple[int, ...], read: Sentence) -> tuple[int, ...]:
        if not about or not read.single:
            return ()
        return (*about, *sorted(read.references - set(about)))

    def _unquoted(self, plain: str) -> tuple[str, str]:
        """Take verified quotations and strings of orders out of a sentence; tell of one that nobody said."""
        sources = self.facts.sources
        fault, out, last = "", [], 0
        for found in _QUOTED.finditer(plain):
            said = next(group for group in found.groups() if group)
            cores = [normalise(core).strip(" .,;:!?。，；：！？…") for core in _LIST.split(said)]
            known = MARK in said or all(any(core in source for source in sources) for core in cores)
            if not known and (len(said.split()) > 3 or (not said.isascii() and len(said) > 5)):
                fault = fault or "quotes what nobody said"
            if known and MARK not in said:
                out.append(plain[last : found.start()] + " ")
                last = found.end()
        text = "".join([*out, plain[last:]])
        for string in sorted(set(self.facts.strings), key=len, reverse=True):
            if len(string) > 3:
                text = re.sub(re.escape(string), " ", text, flags=re.IGNORECASE)
        return fault, text

    def _read(self, text: str, carried: tuple[int, ...]) -> Sentence:
        parts = tuple(self._pointed(parts_of(text, self._lexicon)))
        low = normalise(text)
        pointed = ((at, part.item) for at, part in enumerate(parts) if part.item is not None)
        references = frozenset(item for at, item in pointed if _refers(at, parts))
        about = self._about(parts, low, references, carried)
        single = bool(marks_of(parts)) or bool(carried)
        return Sentence(text, low, parts, about, references, single)

    def _pointed(self, parts: list[Part]) -> Iterator[Part]:
        """Read "the second one" as the item in that place."""
        for part in parts:
            entry = part.span.of(Kind.ORDINAL) if part.span is not None else None
            place = int(entry.value) - 1 if entry is not None and entry.value.lstrip("-").isdigit() else None
            if place is not None and 0 <= place < len(self.facts.shown) and part.item is None:
                part = replace(part, item=self.facts.shown[place])
            yield part

    def _about(
        self, parts: Sequence[Part], low: str, references: frozenset[int], carried: tuple[int, ...]
    ) -> tuple[tuple[int, ...], ...]:
        """Return for each part the items that it is said of: those named last before it, else first after it."""
        groups = [group for group in _groups(parts) if not set(group[1]) <= references]
        if not groups:
            all_said = words().all_of.search(low) and not words().some_of.search(low)
            whole = self.facts.shown if all_said else carried
            if references and not whole:
                whole = ()
            return tuple(whole for _ in parts)
        out = []
        for at, part in enumerate(parts):
            before = [items for place, items in groups if place <= at]
            ahead = next((items for place, items in groups if place > at), None)
            led = ahead is not None and part.number and _leads(parts, at)
            out.append(ahead if led and ahead is not None else before[-1] if before else groups[0][1])
        return tuple(out)


def _leads(parts: Sequence[Part], at: int) -> bool:
    """Tell whether a number is said of the item after it: "$20 for the Bolt"."""
    for part in parts[at + 1 : at + 4]:
        if part.item is not None:
            return False
        if part.text in _TO_ITEM:
            return True
    return False


def _refers(at: int, parts: Sequence[Part]) -> bool:
    """Tell whether the item at a place is what another is compared with: "than the Bolt", "比第二个", "和 B 相比"."""
    for before in reversed(parts[max(0, at - 3) : at]):
        if before.text in _LEADS or (before.span is not None and before.span.role("than", "more_than", "less_than")):
            return True
        if before.text not in _PASSED:
            break
    after = "".join(part.text for part in parts[at + 1 : at + 3])
    return after.startswith(("相比", "比起来"))


def _groups(parts: Sequence[Part]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the named items in order, those that are joined ("A and B") together, with the place of the first."""
    found: list[tuple[int, tuple[int, ...]]] = []
    last = -2
    for at, part in enumerate(parts):
        if part.item is None:
            continue
        joined = found and all(between.text in _JOINED for between in parts[last + 1 : at]) and at - last <= 4
        if joined:
            found[-1] = (found[-1][0], (*found[-1][1], part.item))
        else:
            found.append((at, (part.item,)))
        last = at
    return found


def _shingles(text: str) -> Iterator[str]:
    stems = list(stems_of(text))
    size = _SHINGLE if sum(map(str.isascii, stems)) * 2 > len(stems) else 2 * _SHINGLE
    for at in range(len(stems) - size + 1):
        yield " ".join(stems[at : at + size])
