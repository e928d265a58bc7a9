"""The kind of thing that a message asks for: its category, among several nouns, and the kinds that it turns down."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.embedded.elements import Element
from agent.embedded.lexicon import DEGREES, Entry, Kind
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary
from core.entities import Constraint, FacetType, Op

_NEAR = 3
"""Elements between a facet's name and its value."""
_ANYTHING = frozenset({"something", "anything", "things", "stuff", "one"})
MAX_SHOWN = 10
"""Items that are shown at once at most, however many are asked for."""
Named = tuple[Element, Entry]


def find_category(
    reading: Reading, vocabulary: Vocabulary, current: str | None, asked: str | None, measured: bool
) -> tuple[str | None, list[Constraint]]:
    """Return the category that a message newly asks for, and its constraints on categories.

    Args:
        reading: the message as read.
        vocabulary: the shop's.
        current: the category that the conversation is about, if any.
        asked: the field of the question that is open, if any.
        measured: whether an amount stands in the message.
    """
    named = [(e, entry) for e, entry in _named(reading) if not _is_value(e, reading, asked)]
    wanted = [(e, entry) for e, entry in named if not e.negated]
    direct = [(e, entry) for e, entry in wanted if not e.purpose]
    if not direct and not _names_another(reading, vocabulary):
        direct = wanted
    # "256 GB storage": a word that also names a facet is the facet where another names the category, or an amount
    # stands in the message.
    things = [(e, entry) for e, entry in direct if not (e.span and e.span.of(Kind.FACET))]
    direct = things or ([] if measured else direct)
    unwanted = [Constraint("", "category", Op.NE, entry.value, text=e.text) for e, entry in named if e.negated]
    if not direct:
        node = next((found for e in reading.elements if (found := _head_of(e, reading, vocabulary, current))), None)
        heads = [] if node is None else [Constraint("", "category", Op.EQ, node, text=node)]
        return node, [*unwanted, *heads]
    nodes = list(dict.fromkeys(entry.value for _, entry in direct))
    nodes = [n for n in nodes if not any(n != o and n in vocabulary.categories[o][:-1] for o in nodes)]
    if len(nodes) > 1 and _joined(reading, [e for e, _ in direct]):
        text = " / ".join(e.text for e, _ in direct)
        return nodes[0], [*unwanted, Constraint("", "category", Op.IN, tuple(nodes), text=text)]
    # Of several nouns in a row the last is the head: "laptop bag".
    return nodes[-1], [*unwanted, Constraint("", "category", Op.EQ, nodes[-1], text=direct[-1][0].text)]


def _names_another(reading: Reading, vocabulary: Vocabulary) -> bool:
    """Tell whether a thing that the shop has no kind for is named beside what it is for: "a mirror for the hall"."""
    elements = reading.elements

    def tells(at: int) -> bool:
        inside = 0 <= at < len(elements) and elements[at].tells() and not elements[at].negated
        return inside and elements[at].text not in vocabulary.stopwords

    for at, element in enumerate(elements):
        before = {each.text for each in elements[:at] if each.clause == element.clause}
        if element.role("for") and tells(at - 1) and not before & _ANYTHING:
            return True
        if element.role("for_last") and tells(at + 1):
            return True
    return False


def count_of(reading: Reading) -> int | None:
    """Read "five laptops", "the three cheapest", "五家": a bare number before what it counts."""
    for element, following in pairwise(reading.elements):
        number, counted = element.number, following.span
        if number is None or counted is None or element.currency or following.role("range", "and", "or"):
            continue
        counts = counted.of(Kind.CATEGORY, *DEGREES) or following.role("one", "lowest", "highest", "best")
        if counts and number.value == int(number.value) and 2 <= number.value <= MAX_SHOWN:
            return int(number.value)
    return None


def category_of_the_past(reading: Reading) -> Constraint | None:
    """Return the kind of thing that was had before: who complains of the old one and wants better means its like."""
    for element in reading.elements:
        entry = element.span.of(Kind.CATEGORY) if element.span else None
        if entry is not None and element.past and not element.negated:
            return Constraint("", "category", Op.EQ, entry.value, text=element.text)
    return None


def _named(reading: Reading) -> list[Named]:
    named: list[Named] = []
    for element in reading.elements:
        entry = element.span.of(Kind.CATEGORY) if element.span else None
        other_meaning = element.span and (element.span.entries[0].kind is Kind.ITEM or _is_purpose(element))
        if entry and not element.past and not other_meaning and not given_up(reading, element):
            named.append((element, entry))
    return named


def _is_value(element: Element, reading: Reading, asked: str | None) -> bool:
    """Tell whether a word that also names a kind is a value: its facet was asked for or is named right before it."""
    fields = {e.field for e in element.span.entries if e.kind is Kind.VALUE} if element.span else set()
    if not fields:
        return False
    at = reading.elements.index(element)
    before = next((each for each in reversed(reading.elements[:at]) if each.is_shop() or each.number), None)
    near = before is not None and at - reading.elements.index(before) <= _NEAR
    named = {e.field for e in before.span.entries if e.kind is Kind.FACET} if before and near and before.span else set()
    return asked in fields or bool(named & fields)


def given_up(reading: Reading, element: Element) -> bool:
    """Tell whether "forget" stands right before: the thing is named to be given up."""
    at = reading.elements.index(element)
    return any(before.role("drop") for before in reading.elements[max(0, at - 2) : at])


def _head_of(element: Element, reading: Reading, vocabulary: Vocabulary, current: str | None) -> str | None:
    """Return the category that the head of a longer phrase names: "mechanical keyboard" is a keyboard too."""
    entry = element.span.of(Kind.VALUE, Kind.FACET) if element.span else None
    if entry is None or element.past or element.negated or element.purpose:
        return None
    facet = vocabulary.catalogue.facets.get(entry.field)
    if entry.kind is Kind.FACET and (facet is None or facet.type is not FacetType.BOOLEAN):
        return None  # "quantity per case" names a number, and no case
    if current is not None and entry.field in vocabulary.catalogue.category_facets(current):
        return None
    for start in range(element.start + 1, element.end):
        spans = vocabulary.lexicon.match(reading.tokens[start : element.end])
        head = spans[0].of(Kind.CATEGORY) if spans and spans[0].end == element.end - start else None
        if head is not None and spans[0].start == 0 and _singular(head.surface) == _singular(spans[0].text):
            return head.value if _mostly(entry, head.value, vocabulary) else None
    return None


def _singular(word: str) -> str:
    """Return a word without a plural's ending: "control" is no "controllers", "keyboard" one of "keyboards"."""
    return word.removesuffix("es").removesuffix("s")


def _mostly(entry: Entry, category: str, vocabulary: Vocabulary) -> bool:
    """Tell whether most of what has a value is of a kind: a "female connector" is on cables."""
    if entry.kind is not Kind.VALUE:
        return True
    count = vocabulary.count_of
    return 2 * count(entry.field, entry.value, category) >= count(entry.field, entry.value, None)


def _joined(reading: Reading, named: Sequence[Element]) -> bool:
    """Tell whether phrases stand in one list ("laptops or tablets"): by "or", or by a bare "and"."""
    at = [reading.elements.index(element) for element in named]
    between = [element for a, b in pairwise(at) for element in reading.elements[a + 1 : b]]
    listed = not any(e.is_shop() or e.number for e in between)
    return any(e.role("or") or (listed and e.role("and")) for e in between)


def _is_purpose(element: Element) -> bool:
    """Tell whether a word says what something is for ("for gaming"), although it names a category too."""
    return element.purpose and element.span is not None and element.span.of(Kind.VALUE) is not None
