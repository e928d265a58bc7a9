"""Which of a phrase's meanings a message intends: the named facet's, the category's, the one spelled so."""

from __future__ import annotations

from collections.abc import Sequence

from agent.embedded.elements import COMMAS, Element
from agent.embedded.lexicon import Entry, Kind
from agent.embedded.reading import Reading
from agent.embedded.text import tokenize
from agent.embedded.vocabulary import Vocabulary
from core.entities import FacetType
from retrieval.columns import fold

_NEAR = 3
"""Elements between a facet's name and its value: "the finish should be matte", "black as the colour"."""
_TEXTUAL = (FacetType.CATEGORY, FacetType.LIST)
_MEANINGFUL = (Kind.BRAND, Kind.VALUE, Kind.FACET)


class Meanings:
    """Chooses among the shop's meanings of the phrases of one message."""

    def __init__(
        self, reading: Reading, vocabulary: Vocabulary, category: str | None, new: str | None, asked: str | None
    ) -> None:
        """Start on a message.

        Args:
            reading: the message as read.
            vocabulary: the shop's.
            category: the category that the message is about, if any.
            new: the category that the message itself names, if any.
            asked: the field of the question that is open, if any.
        """
        self._elements = reading.elements
        self._tokens = reading.tokens
        self._vocabulary = vocabulary
        self._catalogue = vocabulary.catalogue
        self._category = category
        self._new = new
        self._asked = asked
        known = self._catalogue.category_facets(category) if category else self._catalogue.facets
        self._fields = frozenset(known)

    def of(self, at: int) -> tuple[Entry, ...]:
        """Return what the element at a place means: one entry, or the several values of one facet that it may name."""
        element = self._elements[at]
        if element.span is None:
            return ()
        kind = element.span.of(Kind.CATEGORY)
        entries = [entry for entry in element.span.entries if entry.kind in _MEANINGFUL]
        if kind is not None and kind.value == self._new and kind.value is not None:
            # Another word for the kind may be a value's own name, and narrows it: "memory cards" among drives.
            entries = [e for e in entries if e.kind is Kind.VALUE and self._own_name(e, element)]
            if self._vocabulary.is_name_of(element.text, kind.value):
                return ()
        entries.sort(key=lambda entry: self._rank(entry, at))
        if not entries or self._foreign(entries[0], element):
            return ()
        best = entries[0]
        if best.kind is not Kind.VALUE:
            return (best,)
        return self._alike([e for e in entries if e.kind is Kind.VALUE and e.field == best.field], element)

    def others(self, at: int, chosen: Entry) -> list[Entry]:
        """Return the other values, of this facet and of others, that the element at a place may name too."""
        span = self._elements[at].span
        found = [e for e in span.entries if e.kind is Kind.VALUE and e != chosen] if span else []
        return sorted(found, key=lambda entry: self._rank(entry, at))

    def bound(self) -> dict[int, tuple[str, str, int]]:
        """Return values that only their facet's name beside them tells: "size 12", "rated R", "is the finish: none".

        By the place of the first element: the facet, the value, and the place after the last element.
        """
        found: dict[int, tuple[str, str, int]] = {}
        for at, element in enumerate(self._elements):
            for entry in element.span.entries if element.span else ():
                facet = self._catalogue.facets.get(entry.field)
                if entry.kind is not Kind.FACET or facet is None or facet.type not in _TEXTUAL:
                    continue
                if value := self._after(entry.field, at) or self._before(entry.field, at):
                    found.setdefault(value[0], (entry.field, *value[1:]))
        answered = self._asked and not found and self._value_at(self._asked, 0, len(self._elements))
        return {answered[0]: (str(self._asked), *answered[1:])} if answered else found

    def _after(self, field: str, at: int) -> tuple[int, str, int] | None:
        """Return (first place, value, place after the last) of a value that follows a facet's name."""
        end = at + 1
        while end < min(at + _NEAR, len(self._elements)) and self._links(self._elements[end]):
            end += 1
        return self._value_at(field, at + 1, end + 1)

    def _before(self, field: str, at: int) -> tuple[int, str, int] | None:
        """Return the same of a value that stands before it: "26 as the size"."""
        for start in range(max(0, at - _NEAR), at):
            joint = self._elements[start + 1 : at]
            if joint and joint[0].text in ("as", "for") and all(map(self._links, joint)):
                return self._value_at(field, start, start + 1)
        return None

    def _value_at(self, field: str, first: int, last: int) -> tuple[int, str, int] | None:
        """Return the first bare value of a facet that begins in a range of places."""
        names = self._vocabulary.bare_values(field)
        for start in range(first, min(last, len(self._elements))) if names else ():
            for end in range(min(start + 4, len(self._elements)), start, -1):
                tokens = self._tokens[self._elements[start].start : self._elements[end - 1].end]
                words = tuple(token.text for token in tokens)
                if words in names:
                    return start, names[words], end
        return None

    def _links(self, element: Element) -> bool:
        """Tell whether an element may stand between a facet's name and its value."""
        if element.is_shop() or element.number is not None or element.role("negator", "but", "and", "or"):
            return False
        return element.text not in COMMAS and element.text not in ".;!?。；！？"

    def _rank(self, entry: Entry, at: int) -> tuple[bool | int, ...]:
        counted = entry.kind is Kind.VALUE
        count = self._vocabulary.count_of(entry.field, entry.value, self._category) if counted else 0
        facet = self._catalogue.facets.get(entry.field)
        boolean = facet is not None and facet.type is FacetType.BOOLEAN
        return (
            not (self._named(entry, at) if counted else self._names_a_value(entry, at)),
            entry.field != self._asked,
            entry.kind is not Kind.BRAND,
            entry.field not in self._fields,
            counted and not self._own_name(entry, self._elements[at]),
            not boolean if entry.kind is Kind.FACET else False,
            -count,
        )

    def _named(self, entry: Entry, at: int) -> bool:
        """Tell whether the facet's name stands beside a value: "colour: black", "black as the colour"."""
        return any(self._is_name(place, entry.field) for place in self._around(at))

    def _names_a_value(self, entry: Entry, at: int) -> bool:
        """Tell whether a value of the facet stands beside its name."""
        if entry.kind is not Kind.FACET:
            return False
        beside = [each for place in self._around(at) if (each := self._elements[place].span)]
        return any(each.kind is Kind.VALUE and each.field == entry.field for span in beside for each in span.entries)

    def _is_name(self, place: int, field: str) -> bool:
        span = self._elements[place].span
        return span is not None and any(e.kind is Kind.FACET and e.field == field for e in span.entries)

    def _around(self, at: int) -> list[int]:
        """Return the places of the shop's phrases before and after, where nothing but linking words lies between."""
        found: list[int] = []
        for step in (-1, 1):
            place = at + step
            while 0 <= place < len(self._elements) and abs(place - at) <= _NEAR + 1:
                if self._elements[place].is_shop():
                    found.append(place)
                    break
                if not self._links(self._elements[place]):
                    break
                place += step
        return found

    def _alike(self, entries: Sequence[Entry], element: Element) -> tuple[Entry, ...]:
        """Return of several values that go by one name the one spelled so, else those that the category has."""
        spelled = [entry for entry in entries if fold(entry.value) == fold(element.text)]
        if spelled:
            return tuple(spelled)
        count = self._vocabulary.count_of
        had = [entry for entry in entries if count(entry.field, entry.value, self._category)]
        return tuple(had or entries[:1])

    def _own_name(self, entry: Entry, element: Element) -> bool:
        """Tell whether a value goes by the word itself, and not only by a synonym: "business" the type, not the use."""
        labels = self._catalogue.facets[entry.field].value_labels.get(entry.value, {}).values()
        return _stems(element.text) in {_stems(name) for name in (entry.value, *labels)}

    def _foreign(self, entry: Entry, element: Element) -> bool:
        """Tell whether another word for a value was met that no item of the category has: it means something else."""
        if entry.kind is not Kind.VALUE or self._category is None or self._own_name(entry, element):
            return False
        return not self._vocabulary.count_of(entry.field, entry.value, self._category)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(token.stem for token in tokenize(text))
