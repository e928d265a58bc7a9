"""What a message asks of the catalogue: constraints, ends to prefer, critiques of what is on screen, free words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.embedded.corrected import corrected, meant_field
from agent.embedded.degrees import Step, degree_of, over_budget, vague_wish
from agent.embedded.elements import Element
from agent.embedded.irony import is_ironic, meant
from agent.embedded.kinds import category_of_the_past, count_of, find_category
from agent.embedded.lexicon import SHOP_KINDS, Entry, Kind
from agent.embedded.meanings import Meanings
from agent.embedded.otherwise import Otherwise
from agent.embedded.quantities import AROUND, Quantity, choose_field, find_quantities, in_unit_of, unit_for
from agent.embedded.reading import Reading
from agent.embedded.telling import telling_words
from agent.embedded.vocabulary import Vocabulary, as_value
from core.entities import Constraint, FacetType, Op, Sort, Strength, Value
from retrieval.constraints import satisfied

_MOST, _WORDS = 20, 200
"""Constraints taken from one message, and characters of each one's wording: what tools accept."""

_MOSTLY = 0.7
"""Where so many items of a kind tell their purposes, one that lists others does not serve this one."""
_YEARS = 20
"""Years that may be left out at most."""
_WORD = 3
"""Letters of a word that may be looked for in titles."""
_FORGETTABLE = frozenset({Kind.BRAND, Kind.VALUE, Kind.CATEGORY, Kind.LOW, Kind.HIGH})
"""What "forget …" may name besides a facet."""


@dataclass(frozen=True, slots=True)
class Critique:
    """A wish relative to something shown: "cheaper", "more battery"."""

    field: str
    higher: bool
    text: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a message asks of the catalogue."""

    constraints: tuple[Constraint, ...] = ()
    sorts: tuple[Sort, ...] = ()
    critiques: tuple[Critique, ...] = ()
    different: tuple[str, ...] = ()
    """Fields of which other values than the shown ones are wanted ("another brand")."""
    dropped: tuple[str, ...] = ()
    """Fields whose constraints are to be forgotten."""
    facets: tuple[str, ...] = ()
    """Facets that are named, with or without a value: what a question about an item asks for."""
    items: tuple[str, ...] = ()
    """Items named by their title."""
    category: str | None = None
    """The category that is newly asked for."""
    count: int | None = None
    """How many items are wanted, when the message says so."""
    text: str = ""
    currency: str | None = None
    """The currency in which an amount was said, when it is not the shop's."""
    unknown: tuple[str, ...] = ()
    """Words that carry meaning but that the vocabulary does not know."""
    unstated: tuple[str, ...] = ()
    """Words for what the catalogue could state and states of no item: "cheaper" where nothing has a price."""

    @property
    def empty(self) -> bool:
        """Tell whether the message asks nothing of the catalogue, free words aside."""
        return not (self.constraints or self.sorts or self.critiques or self.different or self.dropped or self.category)


class NeedsReader:
    """Turns a reading into needs; one use for each message."""

    def __init__(
        self,
        reading: Reading,
        vocabulary: Vocabulary,
        category: str | None,
        asked: str | None,
        held: Sequence[Constraint] = (),
    ) -> None:
        """Start on a message.

        Args:
            reading: the message as read.
            vocabulary: the shop's.
            category: the category that the conversation is about, if any.
            asked: the field of the question that is open, if any.
            held: what was required before.
        """
        self._held = held
        self._reading = reading
        self._vocabulary = vocabulary
        self._catalogue = vocabulary.catalogue
        self._asked = asked
        quantities = find_quantities(reading, vocabulary)
        self._new_category, self._categories = find_category(reading, vocabulary, category, asked, bool(quantities))
        self._category = self._new_category or category
        self._meanings = Meanings(reading, vocabulary, self._category, self._new_category, asked)
        self._bound = self._meanings.bound()
        named = {at for start, (_, _, end) in self._bound.items() for at in range(start, end)}
        self._measured = [each for each in quantities if not named.intersection(range(each.start, each.end))]
        self._constraints: list[Constraint] = []
        self._sorts: list[Sort] = []
        self._critiques: list[Critique] = []
        self._different: list[str] = []
        self._dropped: list[str] = []
        self._facets: list[str] = []
        self._used: set[int] = set()
        self._others: dict[tuple[str, str], list[Entry]] = {}
        """What else a value's word may name."""
        self._unstated: list[str] = []
        self._guessed: set[tuple[str, str]] = set()
        """Facet and value of what was not said outright: a purpose, a part of a name."""

    def needs(self) -> Needs:
        """Return what the message asks for."""
        self._quantities()
        self._switches()
        self._values()
        self._degrees()
        self._likeness()
        items = [e.span.of(Kind.ITEM) for e in self._reading.elements if e.span and not e.past and not e.negated]
        words = telling_words(self._reading, self._vocabulary, self._used)
        return Needs(
            constraints=_told(self._categories + self._constraints),
            sorts=tuple(dict.fromkeys(self._sorts)),
            critiques=tuple(dict.fromkeys(self._critiques)),
            different=tuple(dict.fromkeys(self._different)),
            dropped=tuple(dict.fromkeys(self._dropped)),
            facets=tuple(dict.fromkeys(self._facets)),
            items=tuple(dict.fromkeys(entry.value for entry in items if entry)),
            category=self._new_category,
            count=count_of(self._reading),
            text=" ".join(dict.fromkeys(words)),
            currency=next((q.currency for q in self._measured if q.currency and "price" in self._facets), None),
            unknown=tuple(self._reading.free(self._vocabulary.stopwords)),
            unstated=tuple(dict.fromkeys(self._unstated)),
        )

    def _likeness(self) -> None:
        """Take the kind of the old thing for the new one's: "my old laptop was too heavy, I want a lighter one"."""
        asks = self._constraints or self._critiques or self._sorts
        old = category_of_the_past(self._reading) if asks and self._category is None else None
        if old is not None:
            self._new_category = self._category = str(old.value)
            self._categories = [*self._categories, old]

    def _quantities(self) -> None:
        before, ironic = corrected(self._reading, self._held), is_ironic(self._reading)
        asked = meant_field(self._reading, before, self._asked, self._vocabulary)
        for quantity in self._measured:
            taken = {constraint.field for constraint in self._constraints}
            field = choose_field(quantity, self._reading, self._vocabulary, self._category, asked, taken)
            if field is None:
                continue
            self._facets.append(field)
            if ironic:  # "great, another $2000 laptop"
                text = quantity.element.text if quantity.element else ""
                self._critiques.append(Critique(field, self._vocabulary.better(field) == "higher", text))
                continue
            constraint = self._bounded(quantity, field, before.op if before and before.field == field else None)
            if constraint is not None:
                self._constraints.append(constraint)
                self._used.update(range(quantity.start, quantity.end))

    def _bounded(self, quantity: Quantity, field: str, before: Op | None) -> Constraint | None:
        unit = unit_for(field, quantity, self._reading, self._vocabulary)
        low, high = (
            in_unit_of(field, bound, unit, self._vocabulary) if bound is not None else 0.0
            for bound in (quantity.low, quantity.high)
        )
        op = quantity.op or self._degree_op(quantity) or before or self._bare_op(quantity, field)
        if op is None:
            return None
        value: Value = (low, high) if op is Op.BETWEEN and low != high else high
        if op is Op.BETWEEN and low == high:
            if quantity.op is None and self._counts(field, high):
                op = Op.EQ
            else:
                reach = AROUND if quantity.op is Op.BETWEEN else 0.04
                value = (round(high * (1 - reach), 6), round(high * (1 + reach), 6))
        elif op is Op.BETWEEN and quantity.element is not None and quantity.element.negated:
            op, value = Op.NOT_IN, tuple(range(int(low), int(high) + 1))[:_YEARS]  # "not from the 80s"
        hedged = bool(quantity.element and quantity.element.hedged)
        said = {*self._reading.elements[quantity.start : quantity.end], quantity.comparator} - {None}
        words = [element.text for element in self._reading.elements if element in said]
        facet = self._catalogue.facets[field]
        value = as_value(facet, value)
        stated = len(self._vocabulary.numbers_of(field, self._category))
        strength = Strength.MUST if stated and not hedged else Strength.WISH
        return Constraint("", field, op, value, facet.unit, strength, text=_spaced(words))

    def _counts(self, field: str, value: float) -> bool:
        """Tell whether a facet counts in whole numbers: then "a set of 6" means six exactly."""
        numbers = self._vocabulary.numbers_of(field, self._category)
        numbers = numbers if len(numbers) else self._vocabulary.numbers_of(field, None)
        return value == int(value) and bool((numbers == numbers.round()).all())

    def _degree_op(self, quantity: Quantity) -> Op | None:
        """Read "lighter than 2 kg", "more than 5", "比2000便宜"."""
        elements = self._reading.elements
        before = elements[max(0, quantity.start - 3) : quantity.start]
        after = elements[quantity.end : quantity.end + 2]
        if not any(e.role("than") for e in (*before, *after)):
            return None
        for element in (*reversed(before), *after):
            if element.span is None:
                continue
            if element.span.of(Kind.LOWER, Kind.LOW) or element.role("lower", "less", "low"):
                return Op.LT
            if element.span.of(Kind.HIGHER, Kind.HIGH) or element.role("higher", "more", "high"):
                return Op.GT
        return None

    def _bare_op(self, quantity: Quantity, field: str) -> Op | None:
        """Read a number without a comparator by which end of the facet people want: "16 GB", "$500", "13 inch"."""
        element = quantity.element
        written = element is None or element.number is None or not element.number.spelled
        if quantity.unit is None and not quantity.money and not written and not self._beside(quantity, field):
            return None  # "one", "two": a way of speaking, unless it counts what stands beside it ("a pack of six")
        if element is not None and element.negated:
            return Op.NE
        better = self._vocabulary.better(field)
        return {"higher": Op.GE, "lower": Op.LE}.get(better or "", Op.BETWEEN)

    def _beside(self, quantity: Quantity, field: str) -> bool:
        near = self._reading.elements[max(0, quantity.start - 2) : quantity.end + 1]
        spans = [element.span for element in near if element.span is not None]
        return any(entry.kind is Kind.FACET and entry.field == field for span in spans for entry in span.entries)

    def _switches(self) -> None:
        """Read "forget the brand", "another brand"."""
        elements = self._reading.elements
        for at, element in enumerate(elements):
            if not element.role("drop", "other", "any"):
                continue
            for index in range(max(0, at - 2), min(len(elements), at + 4)):
                span = elements[index].span
                entry = span.of(*SHOP_KINDS) if span else None
                near = index in (at - 1, at + 1, at + 2, at + 3) and elements[index].clause == element.clause
                if entry is None or not near or index in self._used or entry.kind is Kind.ITEM:
                    continue
                if self._dropped_by(element, entry, after=index > at):
                    self._dropped.append(entry.field)
                    self._used.add(index)
                elif element.role("other") and entry.kind is Kind.FACET:
                    self._different.append(entry.field)
                    self._used.add(index)
                break

    def _dropped_by(self, element: Element, entry: Entry, *, after: bool) -> bool:
        """Tell whether "forget the brand", "forget Acme", "any brand" gives a field free ("any phones" does not)."""
        if element.role("drop"):
            return entry.kind is Kind.FACET or (after and entry.kind in _FORGETTABLE)
        return element.role("any") and entry.kind is Kind.FACET

    def _values(self) -> None:
        groups: dict[tuple[str, bool, bool], list[tuple[Element, str]]] = {}
        named = {at for start, (_, _, end) in self._bound.items() for at in range(start, end)}
        for at, element in enumerate(self._reading.elements):
            if element.past or at in self._used:
                continue
            if at in self._bound:
                field, value, end = self._bound[at]
                self._used.update(range(at, end))
                groups.setdefault((field, element.negated, element.hedged), []).append((element, value))
            if at in named:
                continue
            if element.span is None:
                self._partly(element, groups)
                continue
            for entry in self._meanings.of(at):
                if entry.kind is Kind.FACET:
                    self._boolean(entry.field, element)
                    continue
                self._facets.append(entry.field)
                if entry.kind is Kind.VALUE and not element.negated:
                    self._others[entry.field, entry.value] = self._meanings.others(at, entry)
                key = (entry.field, element.negated, self._wished(element, entry, at))
                groups.setdefault(key, []).append((element, entry.value))
        for (field, negated, wished), found in groups.items():
            self._add_values(field, negated, wished, found)
        self._reconcile()

    def _reconcile(self) -> None:
        """Where nothing has everything that was said, take another reading under which something has."""
        otherwise = Otherwise(self._reading, self._vocabulary, self._held, self._others, self._guessed)
        found = otherwise.found(self._categories, self._constraints)
        if found is not None:
            self._facets += [one.field for one in found[1] if one not in self._constraints]
            self._categories, self._constraints = found
            self._new_category = self._new_category if self._categories else None

    def _partly(self, element: Element, groups: dict[tuple[str, bool, bool], list[tuple[Element, str]]]) -> None:
        """Take a word that names values in part ("Spielberg"), or turns down what titles say ("not retro")."""
        if not element.tells() or element.text in self._vocabulary.stopwords or len(element.text) < _WORD:
            return
        found = self._vocabulary.partly(element.text, self._category)
        for field, value in found:
            self._facets.append(field)
            # "Spielberg" is the director's name; "leather" may mean "faux leather"; "easy" says nothing of cleaning.
            # A word of a code's ("Color LaserJet 4650") is no name of it.
            named = element.text.capitalize() in value and not any(map(str.isdigit, value))
            if not (named or element.negated or self._vocabulary.is_head(element.text, value)):
                continue
            self._guessed.add((field, value))
            softly = element.hedged or (not named and not element.negated)
            groups.setdefault((field, element.negated, softly), []).append((element, value))
        if element.negated and not found:
            without = Constraint("", "title", Op.NOT_CONTAINS, element.text, text=element.text)
            if not bool(satisfied(self._catalogue, without).all()):
                self._constraints.append(without)

    def _wished(self, element: Element, entry: Entry, at: int) -> bool:
        facet = self._catalogue.facets.get(entry.field)
        before = self._reading.elements[at - 1] if at and not element.negated else None
        if before is not None and before.tells() and self._vocabulary.modifies(before.text, entry.field):
            return True  # "smoky pink" where there is "pastel pink": near it, and no more
        if entry.field == self._asked:
            return element.hedged  # "I'd go for blue" answers
        is_list = facet is not None and facet.type is FacetType.LIST
        if element.hedged or not element.purpose or element.negated or not is_list:
            return element.hedged
        # "for travel" tells a purpose: where few items tell theirs, those that do not may still serve it.
        self._guessed.add((entry.field, entry.value))
        insists = any(each.role("insist") and each.clause == element.clause for each in self._reading.elements)
        return not insists and self._vocabulary.stated_share(entry.field, self._category) < _MOSTLY

    def _boolean(self, field: str, element: Element) -> None:
        self._facets.append(field)
        facet = self._catalogue.facets.get(field)
        if facet is not None and facet.type is FacetType.BOOLEAN:
            strength = Strength.WISH if element.hedged else Strength.MUST
            self._constraints.append(
                Constraint("", field, Op.EQ, not element.negated, None, strength, text=element.text)
            )

    def _add_values(self, field: str, negated: bool, wished: bool, found: Sequence[tuple[Element, str]]) -> None:
        facet = self._catalogue.facets[field]
        values = tuple(dict.fromkeys(value for _, value in found))
        text = ", ".join(dict.fromkeys(element.text for element, _ in found))
        strength = Strength.WISH if wished else Strength.MUST
        is_list = facet.type is FacetType.LIST
        # "A or B", or one word that names several values.
        either = any(e.role("or") for e in self._reading.elements) or len({id(e) for e, _ in found}) < len(values)
        if negated:
            op = (Op.NOT_CONTAINS if is_list else Op.NE) if len(values) == 1 else Op.NOT_IN
            value: Value = values[0] if len(values) == 1 else values
            self._constraints.append(Constraint("", field, op, value, None, strength, text=text))
        elif len(values) == 1 or (is_list and not either):
            op = Op.CONTAINS if is_list else Op.EQ
            self._constraints += [Constraint("", field, op, value, None, strength, text=text) for value in values]
        else:
            self._constraints.append(Constraint("", field, Op.IN, values, None, strength, text=text))

    def _degrees(self) -> None:
        bounded = {constraint.field for constraint in self._constraints}
        if (over := over_budget(self._reading)) is not None and "price" not in bounded:
            self._critiques.append(Critique("price", False, over.text))
        for at, element in enumerate(self._reading.elements):
            if element.span is None or element.past or at in self._used:
                continue
            degree = degree_of(at, self._reading, self._vocabulary, self._category, self._asked)
            if degree is None or any(quantity.comparator is element for quantity in self._measured):
                continue
            degree = meant(degree, self._reading, self._vocabulary)
            field, higher = degree.field, degree.higher
            if not len(self._vocabulary.numbers_of(field, None)):
                self._unstated.append(element.text)  # "cheaper" where nothing has a price
                continue
            self._facets.append(field)
            if degree.step is Step.MOST:
                self._sorts.append(Sort(field, higher))
            elif field in bounded:
                continue
            elif degree.step is Step.MORE:
                self._critiques.append(Critique(field, higher, element.text))
            elif (wish := vague_wish(degree, element.text, self._vocabulary, self._category)) is not None:
                self._constraints.append(wish)


def _told(constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Return each constraint once, no more of them than a person means, with the words cut to a reasonable length."""
    once = dict.fromkeys(replace(constraint, text=constraint.text[:_WORDS]) for constraint in constraints)
    return tuple(once)[-_MOST:]


def _spaced(words: Sequence[str]) -> str:
    joined = " ".join(words)
    return joined if joined.isascii() else "".join(words)
