"""Quantities of a message: which numbers belong to which facet, in which unit, bounded how."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.embedded.dates import CALENDAR, YEAR, counted_back, decade_at, is_date_like
from agent.embedded.elements import COMMAS, Element
from agent.embedded.lexicon import Kind
from agent.embedded.reading import Reading
from agent.embedded.sides import facet_of_side, sides_at
from agent.embedded.vocabulary import Vocabulary
from core.entities import FacetType, Op
from retrieval.units import convert, currencies

COMPARATORS = {
    "at_most": Op.LE, "less_than": Op.LT, "at_least": Op.GE, "more_than": Op.GT, "around": Op.BETWEEN,
}  # fmt: skip
_FLIPPED = {Op.LE: Op.GT, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE}
_APART = 10
_FAR = 50.0
"""How many times beyond what any item has a quantity may lie that is of a facet all the same."""
AROUND = 0.15
"""How far "around 500" reaches to both sides, as a share."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A bounded number: what the message says before a facet is chosen for it."""

    start: int
    """Index of its first element."""
    end: int
    """Index after its last element."""
    low: float | None
    high: float | None
    op: Op | None
    """None when the number stands bare."""
    unit: str | None = None
    money: bool = False
    currency: str | None = None
    """The currency that was said, when it is not the shop's."""
    element: Element | None = None
    comparator: Element | None = None
    side: int | None = None
    """Of a measure of several sides: the place of this one among them from the longest on."""


def find_quantities(reading: Reading, vocabulary: Vocabulary) -> list[Quantity]:
    """Return the quantities of a message with their comparators; numbers of the past are left out."""
    elements = reading.elements
    found: list[Quantity] = []
    at = 0
    while at < len(elements):
        if elements[at].number is None:
            at += 1
            continue
        quantities = _sides(elements, at, vocabulary)
        quantities = quantities or [_ranged(elements, at, vocabulary) or _single(elements, at, vocabulary)]
        if not elements[at].past:
            found += quantities
        at = quantities[-1].end
    return _of_all_sides(_bind(found, elements))


def _sides(elements: Sequence[Element], at: int, vocabulary: Vocabulary) -> list[Quantity]:
    """Read "9 by 12 feet", "52w by 90l": a quantity for each side."""
    places, end = sides_at(elements, at)
    if not places:
        return []
    unit, money, after = _unit_after(elements, end, vocabulary)
    ranks = {place: rank for rank, place in enumerate(sorted(places, key=lambda place: -_value(elements[place])))}
    ends = [*places[1:], end if money else after]
    return [
        Quantity(place, last, value, value, None, None if money else unit, element=elements[place], side=ranks[place])
        for place, last in zip(places, ends, strict=True)
        for value in [_value(elements[place])]
    ]


def _of_all_sides(quantities: Sequence[Quantity]) -> list[Quantity]:
    """Bound all sides of a measure as the one that a comparator stands with: "around seven by five foot"."""
    out = list(quantities)
    for at, one in enumerate(out[1:], start=1):
        before = out[at - 1]
        if one.side is not None and before.side is not None and before.end == one.start:
            op, comparator = one.op or before.op, one.comparator or before.comparator
            out[at], out[at - 1] = replace(one, op=op, comparator=comparator), replace(before, op=op)
    return out


def _value(element: Element) -> float:
    return element.number.value if element.number else 0.0


def _single(elements: Sequence[Element], at: int, vocabulary: Vocabulary) -> Quantity:
    if elements[at].currency is None and (decade := decade_at(elements, at)):
        number = elements[at].number
        return Quantity(
            at,
            at + 1 if number and number.decade else at + 2,
            decade,
            decade + 9,
            Op.BETWEEN,
            element=elements[at],
        )
    unit, money, end = _unit_after(elements, at + 1, vocabulary)
    money = money or elements[at].currency is not None
    value = _value(elements[at])
    if (first := counted_back(elements, at, unit)) and any(
        is_date_like(vocabulary, f) for f in vocabulary.catalogue.facets
    ):
        return Quantity(at, end, first, first, Op.GE, element=elements[at])
    if unit == YEAR and CALENDAR[0] <= value <= CALENDAR[1]:
        unit = None  # "2010年": a date, and no length of time
    currency = _currency_said(elements, at, vocabulary)
    return Quantity(at, end, value, value, None, unit, money, currency, elements[at])


def _currency_said(elements: Sequence[Element], at: int, vocabulary: Vocabulary) -> str | None:
    """Return the currency that stands with a number, when it is another than the shop's: "£500", "500 euros"."""
    own = vocabulary.catalogue.shop.currency
    sign = elements[at].currency
    if sign is not None:
        return None if own is None or sign in currencies().get(own, {}).get("symbols", ()) else _code_of(sign)
    span = elements[at + 1].span if at + 1 < len(elements) else None
    codes = [e.value for e in span.entries if e.kind is Kind.UNIT and e.field == "money"] if span else []
    return codes[0] if codes and own is not None and own not in codes else None


def _code_of(sign: str) -> str | None:
    return next((code for code, names in currencies().items() if sign in names.get("symbols", ())), None)


def _ranged(elements: Sequence[Element], at: int, vocabulary: Vocabulary) -> Quantity | None:
    """Read "300-500 dollars", "from 2 to 3 kg", "between 300 and 500", "300到500"."""
    low = _single(elements, at, vocabulary)
    joint = low.end
    if joint + 1 >= len(elements) or elements[joint + 1].number is None:
        return None
    between = at > 0 and elements[at - 1].role("between")
    joined = elements[joint].role("range") or (between and elements[joint].role("and"))
    if not joined:
        return None
    high = _single(elements, joint + 1, vocabulary)
    unit, money = high.unit or low.unit, high.money or low.money
    bounds = sorted((_value(elements[at]), _value(elements[joint + 1])))
    start = at - 1 if between else at
    currency = high.currency or low.currency
    return Quantity(start, high.end, bounds[0], bounds[1], Op.BETWEEN, unit, money, currency, elements[at])


def _unit_after(elements: Sequence[Element], at: int, vocabulary: Vocabulary) -> tuple[str | None, bool, int]:
    if at < len(elements) and (span := elements[at].span):
        units = [entry for entry in span.entries if entry.kind is Kind.UNIT]
        money = [entry for entry in units if entry.field == "money"]
        # "5 pounds" is money in a shop that counts in them, a weight elsewhere.
        if money and (len(money) == len(units) or vocabulary.catalogue.shop.currency in [e.value for e in money]):
            return None, True, at + 1
        if units:
            return next(entry.value for entry in units if entry.field != "money"), False, at + 1
    return None, False, at


def _bind(quantities: list[Quantity], elements: Sequence[Element]) -> list[Quantity]:
    """Give each comparator to the number after it, or to the one before that it trails ("500 or less", "500以内")."""
    bound = list(quantities)
    units = {quantity.end - 1 for quantity in quantities if quantity.unit is not None and not quantity.money}
    for at, element in enumerate(elements):
        op = next((op for role, op in COMPARATORS.items() if element.role(role)), None)
        if op is None or element.past or at in units:
            continue  # the "min" of "36 min" bounds nothing
        after = next(
            (i for i, q in enumerate(bound) if 0 < q.start - at + 1 <= 4 and _open(q, element, elements)), None
        )
        before = next((i for i, q in enumerate(bound) if 0 <= at - q.end <= 1 and q.op is None), None)
        if element.text in "<>":  # a sign stands right before its number; elsewhere it is markup, or an arrow
            before = None
            after = after if after is not None and bound[after].start == at + 1 else None
        trailing = before is not None and (not element.text.isascii() or after is None or bound[after].start - at > 1)
        index = before if trailing else after
        if index is None:
            continue
        quantity = bound[index]
        if element.negated or (quantity.element is not None and quantity.element.negated and at < quantity.start):
            op = _FLIPPED.get(op, op)
        bound[index] = replace(quantity, op=op, comparator=element)
    return bound


def _open(quantity: Quantity, comparator: Element, elements: Sequence[Element]) -> bool:
    first = elements[quantity.start]
    return quantity.op is None and first.start >= comparator.end and first.clause == comparator.clause


def choose_field(
    quantity: Quantity,
    reading: Reading,
    vocabulary: Vocabulary,
    category: str | None,
    asked: str | None,
    taken: Collection[str] = (),
) -> str | None:
    """Return the facet that a quantity belongs to, or None.

    A facet named beside it wins; else its unit's facets, those of the category first and the most plausible value
    first; a number without a unit is money when it is bounded, or answers the question that was just asked.
    """
    field = _field(quantity, reading, vocabulary, category, asked, taken)
    dated = CALENDAR[0] <= (quantity.high or 0.0) <= CALENDAR[1]
    return None if field and not dated and is_date_like(vocabulary, field) else field


def _field(
    quantity: Quantity,
    reading: Reading,
    vocabulary: Vocabulary,
    category: str | None,
    asked: str | None,
    taken: Collection[str],
) -> str | None:
    has_price = bool(np.isfinite(vocabulary.catalogue.numbers("price")).any())
    if quantity.money:
        return "price" if has_price else None
    fields = [f for f in _numeric_fields(vocabulary, category) if _compatible(vocabulary, f, quantity.unit)]
    if quantity.side is not None:
        return _of_side(quantity, quantity.side, vocabulary, category)
    named = _named_facet(quantity, reading, vocabulary)
    if named and (_compatible(vocabulary, named, quantity.unit) or _counts_in(named, quantity, reading)):
        return named
    if quantity.unit is not None:
        return _by_unit(quantity, fields, vocabulary, category, taken)
    temporal = any(
        e.role("temporal", "decade", "recent") or (e.number and e.number.decade)
        for e in reading.elements[max(0, quantity.start - 2) : quantity.end + 2]
    )
    if temporal:
        dated = [f for f in fields if is_date_like(vocabulary, f)]
        if dated:
            return _most_plausible(dated, quantity, vocabulary, category)
    if asked and (asked in fields or asked == "price") and _plausible(asked, quantity, vocabulary, category):
        return asked
    if quantity.op is None or _counts_things(quantity, reading, vocabulary):
        return None
    if not CALENDAR[0] <= (quantity.high or 0.0) <= CALENDAR[1]:
        fields = [field for field in fields if not is_date_like(vocabulary, field)]
    return "price" if has_price else _most_plausible(fields, quantity, vocabulary, category)


def _of_side(quantity: Quantity, rank: int, vocabulary: Vocabulary, category: str | None) -> str | None:
    lengths = [f for f in _numeric_fields(vocabulary, None) if _compatible(vocabulary, f, quantity.unit)]
    side = facet_of_side(rank, lengths, vocabulary, category)
    stated = category if side and len(vocabulary.numbers_of(side, category)) else None
    return side if side and _plausible(side, quantity, vocabulary, stated) else None


def _by_unit(
    quantity: Quantity, fields: Sequence[str], vocabulary: Vocabulary, category: str | None, taken: Collection[str]
) -> str | None:
    """Return the facet whose values a quantity with a unit lies among."""
    measured = _most_plausible([f for f in fields if f not in taken] or fields, quantity, vocabulary, category)
    # "500 pounds" is money where nothing weighs as much.
    odd = measured is None or not _plausible(measured, quantity, vocabulary, category)
    if quantity.currency and odd and bool(np.isfinite(vocabulary.catalogue.numbers("price")).any()):
        return "price"
    if measured is None:  # nothing of the category states it: a wish, of which it is said that nothing is known
        others = [f for f in _numeric_fields(vocabulary, None) if _compatible(vocabulary, f, quantity.unit)]
        measured = _most_plausible(others, quantity, vocabulary, None)
    return measured if measured and _plausible(measured, quantity, vocabulary, None, _FAR) else None


def _counts_in(field: str, quantity: Quantity, reading: Reading) -> bool:
    """Tell whether the word for a quantity's unit is the facet's own name: "a 34 piece set" of a facet "pieces"."""
    spans = [element.span for element in reading.elements[quantity.start : quantity.end] if element.span]
    return any(entry.kind is Kind.FACET and entry.field == field for span in spans for entry in span.entries)


def _counts_things(quantity: Quantity, reading: Reading, vocabulary: Vocabulary) -> bool:
    """Tell whether things that the shop knows nothing of are counted: "10+ devices" is no price."""
    rest = reading.elements[quantity.end : quantity.end + 2]
    following = next((each for each in rest if each is not quantity.comparator), None)
    if following is None or not following.tells() or following.text in vocabulary.stopwords:
        return False
    return following.text.endswith("s") and not following.text.endswith("ss")


def in_unit_of(field: str, value: float, unit: str | None, vocabulary: Vocabulary) -> float:
    """Return a value in the unit that the catalogue keeps the facet in."""
    own = vocabulary.catalogue.facets[field].unit
    return convert(value, unit, own) if unit and own and unit != own else value


def unit_for(field: str, quantity: Quantity, reading: Reading, vocabulary: Vocabulary) -> str | None:
    """Return the unit that a quantity has for a facet: the facet's own where the unit's name may mean that."""
    own = vocabulary.catalogue.facets[field].unit
    spans = [element.span for element in reading.elements[quantity.start : quantity.end] if element.span]
    means = any(entry.kind is Kind.UNIT and entry.value == own for span in spans for entry in span.entries)
    return own if means else None if field == "price" else quantity.unit


def _named_facet(quantity: Quantity, reading: Reading, vocabulary: Vocabulary) -> str | None:
    best: tuple[int, str] | None = None
    first = reading.elements[quantity.start]
    reach = range(max(0, quantity.start - 4), min(len(reading.elements), quantity.end + 3))
    compared = any(reading.elements[at].role("than") for at in reach)
    for at in reach:
        element = reading.elements[at]
        if at not in range(quantity.start, quantity.end) and _is_unit_at(reading.elements, at, quantity):
            continue  # it belongs to another number
        if element.span is None or element.clause != first.clause:
            continue
        for entry in element.span.entries:
            # "lighter than 2": the degree names the facet; "quiet, under 900" speaks of two things.
            degree = compared and entry.kind in (Kind.LOWER, Kind.HIGHER, Kind.LOW, Kind.HIGH)
            if (entry.kind is Kind.FACET or degree) and _is_numeric(vocabulary, entry.field):
                distance = quantity.start - at if at < quantity.start else at - quantity.end + 1
                # The word for its unit names a facet, too, where nothing else does: "300 pages".
                distance += (_APART - 1) * (at in range(quantity.start, quantity.end))
                between = reading.elements[min(at, quantity.end) : max(at, quantity.start)]
                # What stands beyond a comma is named for another number, unless nothing else is.
                distance += _APART * any(each.text in COMMAS for each in between)
                if best is None or distance < best[0]:
                    best = (distance, entry.field)
    return best[1] if best else None


def _is_unit_at(elements: Sequence[Element], at: int, quantity: Quantity) -> bool:
    """Tell whether an element is the unit of the number before it, or the facet of another: "300 pages, after 2010"."""
    span = elements[at].span
    counted = at > 0 and elements[at - 1].number is not None and span is not None
    other = at - 1 not in range(quantity.start, quantity.end)
    return (
        counted and span is not None and (span.of(Kind.UNIT) is not None or (other and span.of(Kind.FACET) is not None))
    )


def _is_numeric(vocabulary: Vocabulary, field: str) -> bool:
    facet = vocabulary.catalogue.facets.get(field)
    return facet is not None and facet.type in (FacetType.NUMBER, FacetType.DATE)


def _numeric_fields(vocabulary: Vocabulary, category: str | None) -> list[str]:
    catalogue = vocabulary.catalogue
    names = catalogue.category_facets(category) if category else tuple(catalogue.facets)
    return [name for name in names if _is_numeric(vocabulary, name) and name not in ("stock", "rating_count")]


def _compatible(vocabulary: Vocabulary, field: str, unit: str | None) -> bool:
    if unit is None:
        return True
    own = vocabulary.catalogue.facets[field].unit
    if own is None or field == "price":
        return False
    try:
        convert(1.0, unit, own)
    except ValueError:
        return False
    return True


def _plausible(
    field: str, quantity: Quantity, vocabulary: Vocabulary, category: str | None, reach: float = 2.0
) -> bool:
    """Tell whether a quantity lies near the values that the facet has in the category."""
    numbers = vocabulary.numbers_of(field, category)
    value = in_unit_of(field, quantity.high or 0.0, quantity.unit, vocabulary)
    return bool(len(numbers)) and bool(numbers[0] / reach <= value <= numbers[-1] * reach)


def _most_plausible(
    fields: Sequence[str], quantity: Quantity, vocabulary: Vocabulary, category: str | None
) -> str | None:
    """Return the facet whose values in the category lie around the quantity; ties go to the one stated most often."""
    best: tuple[float, str] | None = None
    for rank, field in enumerate(fields):
        value = in_unit_of(field, quantity.high or 0.0, quantity.unit, vocabulary)
        numbers = vocabulary.numbers_of(field, category)
        if not len(numbers):
            continue
        low, high = np.quantile(numbers, [0.02, 0.98])
        inside = low * 0.8 <= value <= high * 1.25
        exact = float(np.mean(numbers == value))
        score = 2.0 * inside + exact - 0.01 * rank
        if best is None or score > best[0]:
            best = (score, field)
    return best[1] if best else None
