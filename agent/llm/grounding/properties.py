"""Whether what a sentence says an item is, has, lacks, or is more than another, is so in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from agent.embedded.lexicon import DEGREES, Entry, Kind
from agent.llm.grounding.facts import Facts, ItemFacts, stems_of
from agent.llm.grounding.language import words
from agent.llm.grounding.statement import Part
from core.entities import Constraint, Op
from retrieval.columns import fold

_CLAIMS = (Kind.VALUE, Kind.BRAND, Kind.CATEGORY, Kind.FACET)
_AMBIGUOUS = (*DEGREES, Kind.GRAMMAR, Kind.UNIT, Kind.ORDINAL, Kind.NUMBER, Kind.CUE, Kind.POLITE, Kind.MULTIPLIER)
_AGAINST = frozenset("usual typical below above save saves 通常 一般 平均 省 低 高".split())
_NEGATIVE = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})


def property_true(at: int, parts: Sequence[Part], about: Sequence[int], facts: Facts) -> bool:
    """Tell whether a phrase of the shop at a place is true of the items that it is said of."""
    part = parts[at]
    span = part.span
    if span is None:
        return True
    if (foreign := span.of(Kind.ITEM)) is not None and len(part.text.split()) + len(part.text) // 6 > 2:
        known = any(one.item.id == foreign.value or part.text in one.text for one in facts.items)
        return known or any(part.text in text.lower() for text in facts.texts)
    entries = [entry for entry in span.entries if entry.kind in _CLAIMS and _exact(entry, part.text)]
    if span.of(*_AMBIGUOUS) is not None:
        entries = [entry for entry in entries if entry.field in facts.flags or _labelled(at, parts, entry.field)]
    if part.text in words().plain:  # "on the other hand", "you pay"
        loose = (Kind.VALUE, Kind.FACET)
        entries = [entry for entry in entries if entry.kind not in loose or _labelled(at, parts, entry.field)]
    if not entries:
        return True
    if not about:
        return _said_of_none(part, entries, facts)
    return all(any(_true_of(entry, part, facts.items[place]) for entry in entries) for place in about)


def _exact(entry: Entry, text: str) -> bool:
    """Tell whether a phrase was met as it is written, or in the plural; another form may be another word."""
    written = entry.surface if entry.surface.isascii() else entry.surface.replace(" ", "")
    text = text if text.isascii() else text.replace(" ", "")
    return written.removesuffix("s") == text.removesuffix("s")


def _labelled(at: int, parts: Sequence[Part], field: str) -> bool:
    """Tell whether the facet's name stands right before."""
    clause = parts[at].clause
    before = [part.span for part in parts[max(0, at - 6) : at] if part.span is not None and part.clause == clause]
    return any(entry.kind is Kind.FACET and entry.field == field for span in before for entry in span.entries)


def compares(parts: Sequence[Part], references: frozenset[int]) -> bool:
    """Tell whether a sentence sets items against each other."""
    kinds = (Kind.LOWER, Kind.HIGHER)
    roles = ("lower", "higher", "less", "more", "than", "less_than", "more_than")
    sets_against = any(part.text in _AGAINST for part in parts)
    return sets_against or bool(references) or any(p.span and (p.span.of(*kinds) or p.span.role(*roles)) for p in parts)


def _true_of(entry: Entry, part: Part, facts: ItemFacts) -> bool:
    item = facts.item
    if entry.kind is Kind.FACET:
        value = item.facets.get(entry.field)
        if entry.field not in facts.flags:
            return True  # the name of a facet says nothing by itself
        if value is None:
            return not part.negated and _in_text(part, facts)
        return bool(value) is not part.negated
    has = _has(entry, facts)
    if part.negated:
        return has is False
    return bool(has) or _in_text(part, facts)


def _has(entry: Entry, facts: ItemFacts) -> bool | None:
    """Return whether an item has a value; None when the catalogue does not say."""
    item = facts.item
    if entry.kind is Kind.BRAND:
        return None if item.brand is None else fold(item.brand) == fold(entry.value)
    if entry.kind is Kind.CATEGORY:
        return fold(entry.value) in {fold(node) for node in item.category} if item.category else None
    value = item.facets.get(entry.field)
    if value is None:
        return None
    values = value if isinstance(value, tuple) else (value,)
    return fold(entry.value) in {fold(str(each)) for each in values}


def _in_text(part: Part, facts: ItemFacts) -> bool:
    """Tell whether an item's own texts use the phrase."""
    if not part.text.isascii() and part.text.replace(" ", "") in facts.text:
        return True
    return all(stem in facts.words for stem in stems_of(part.text))


def _said_of_none(part: Part, entries: Sequence[Entry], facts: Facts) -> bool:
    """Tell whether a phrase without an item may stand: it was asked for, is true of all shown, or only names a kind."""
    if not facts.shown:
        return True
    for entry in entries:
        if any(_asks(one, entry, part.negated) for one in facts.wants.constraints):
            return True
    shown = [facts.items[place] for place in facts.shown]
    if all(any(_true_of(entry, part, item) for entry in entries) for item in shown):
        return True
    if part.negated:
        return False
    return any(part.text in text.lower() for text in facts.texts)


def _asks(one: Constraint, entry: Entry, negated: bool) -> bool:
    if one.field != entry.field:
        return False
    if entry.kind is Kind.FACET:
        if isinstance(one.value, bool):
            return bool(one.value) is not (negated is not (one.op in _NEGATIVE))
        return True
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    same = fold(entry.value) in {fold(str(value)) for value in values}
    return same and (one.op in _NEGATIVE) is negated


def unstated_truly(parts: Sequence[Part], about: Sequence[tuple[int, ...]], facts: Facts) -> bool:
    """Tell whether the facets that a sentence calls unstated are so."""
    for part, places in zip(parts, about, strict=True):
        entry = part.span.of(Kind.FACET) if part.span is not None else None
        if entry is None:
            continue
        for place in places:
            item = facts.items[place].item
            value = item.facets.get(entry.field, getattr(item, entry.field, None))
            if value not in (None, "", ()):
                return False
    return True


def compared_truly(
    parts: Sequence[Part], about: Sequence[tuple[int, ...]], references: frozenset[int], facts: Facts
) -> str:
    """Return what a sentence compares wrongly: a superlative, or "lighter than …"; empty when nothing."""
    for at, part in enumerate(parts):
        places = [place for place in about[at] if place not in references]
        degrees = _degrees(at, parts, bool(references))
        if degrees and len(places) == 1:
            found = [_beats(places[0], degree, references, facts) for degree in degrees]
            if None not in found and not any(true is not part.negated for true in found):
                return f"comparison {part.text}"
    return ""


def _beats(place: int, degree: tuple[str, bool, bool], references: frozenset[int], facts: Facts) -> bool | None:
    """Tell whether an item leads on a facet; None when that is not known."""
    field, higher, most = degree
    if most and field in facts.items[place].best:
        return True
    own = _number(facts.items[place], field)
    others = sorted(references) if references and not most else [p for p in facts.shown if p != place]
    values = [v for other in others if (v := _number(facts.items[other], field)) is not None]
    if own is None or not values:
        return None
    beats = [own > value if higher else own < value for value in values]
    if most:
        return all(b or own == value for b, value in zip(beats, values, strict=True))
    return all(beats) if references else any(beats)


def _degrees(at: int, parts: Sequence[Part], referring: bool) -> list[tuple[str, bool, bool]]:
    """Return (facet, whether the higher end, whether a superlative) of the meanings of a word that compares."""
    span = parts[at].span
    if span is None or span.of(Kind.FACET) is not None:
        return []
    kinds = {
        Kind.LOWEST: (False, True), Kind.HIGHEST: (True, True), Kind.LOWER: (False, False), Kind.HIGHER: (True, False),
        **({Kind.LOW: (False, False), Kind.HIGH: (True, False)} if referring else {}),
    }  # fmt: skip
    found = [(entry.field, *kinds[entry.kind]) for entry in span.entries if entry.kind in kinds]
    if found:
        return found
    if referring and span.role("less_than", "less", "more_than", "more"):
        named = [part.span.of(Kind.FACET) for part in parts[max(0, at - 3) : at] if part.span is not None]
        field = next((entry.field for entry in reversed(named) if entry is not None), "price")
        return [(field, span.role("more_than", "more"), False)]
    plain = ("low", "high") if referring else ()
    role = next((name for name in ("lowest", "highest", "lower", "higher", *plain) if span.role(name)), None)
    if role is None:
        return []
    before = range(at - 1, max(-1, at - 6), -1) if referring else (at - 1,)
    for place in (at + 1, at + 2, *before):
        other = parts[place].span if 0 <= place < len(parts) else None
        facet = other.of(Kind.FACET) if other is not None else None
        if facet is not None:
            return [(facet.field, role.startswith("high"), role.endswith("est"))]
    return []


def _number(facts: ItemFacts, field: str) -> float | None:
    value = getattr(facts.item, field) if field in ("price", "rating", "stock") else facts.item.facets.get(field)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
