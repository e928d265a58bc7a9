"""Whether what a sentence says an item is, has, lacks, or is more than another, is so in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from agent.embedded.lexicon import DEGREES, Entry, Kind
from agent.llm.grounding.facts import Facts, ItemFacts, stems_of
from agent.llm.grounding.statement import Part
from core.entities import Constraint, Op
from retrieval.columns import fold

_CLAIMS = (Kind.VALUE, Kind.BRAND, Kind.CATEGORY, Kind.FACET)
_AMBIGUOUS = (*DEGREES, Kind.GRAMMAR, Kind.UNIT, Kind.ORDINAL, Kind.NUMBER, Kind.CUE, Kind.POLITE, Kind.MULTIPLIER)
_NEGATIVE = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})


def property_true(part: Part, about: Sequence[int], facts: Facts) -> bool:
    """Tell whether a phrase of the shop is true of the items that it is said of."""
    span = part.span
    if span is None or span.of(*_AMBIGUOUS) is not None:
        return True
    if (foreign := span.of(Kind.ITEM)) is not None and len(part.text.split()) + len(part.text) // 6 > 2:
        return any(one.item.id == foreign.value for one in facts.items)
    entries = [entry for entry in span.entries if entry.kind in _CLAIMS]
    if not entries:
        return True
    if not about:
        return _said_of_none(part, entries, facts)
    return all(any(_true_of(entry, part, facts.items[place]) for entry in entries) for place in about)


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
    text = part.text
    return text in facts.text or all(stem in facts.words for stem in stems_of(text))


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
        degree = _degree(at, parts)
        places = [place for place in about[at] if place not in references]
        if degree is None or len(places) != 1:
            continue
        field, higher, most = degree
        own = _number(facts.items[places[0]], field)
        others = sorted(references) if references and not most else [p for p in facts.shown if p != places[0]]
        values = [v for place in others if (v := _number(facts.items[place], field)) is not None]
        if own is None or not values:
            continue
        beats = [own > value if higher else own < value for value in values]
        ties = [own == value for value in values]
        true = all(b or t for b, t in zip(beats, ties, strict=True)) if most or references else any(beats)
        if references and not most:
            true = all(beats)
        if true is part.negated:
            return f"comparison {part.text}"
    return ""


def _degree(at: int, parts: Sequence[Part]) -> tuple[str, bool, bool] | None:
    """Return (facet, whether the higher end, whether a superlative) of a word that compares, or None."""
    span = parts[at].span
    if span is None:
        return None
    entry = span.of(Kind.LOWEST, Kind.HIGHEST, Kind.LOWER, Kind.HIGHER)
    if entry is not None:
        return entry.field, entry.kind in (Kind.HIGHEST, Kind.HIGHER), entry.kind in (Kind.LOWEST, Kind.HIGHEST)
    role = next((name for name in ("lowest", "highest", "lower", "higher") if span.role(name)), None)
    if role is None:
        return None
    for place in (at + 1, at + 2, at - 1):
        other = parts[place].span if 0 <= place < len(parts) else None
        facet = other.of(Kind.FACET) if other is not None else None
        if facet is not None:
            return facet.field, role.startswith("high"), role.endswith("est")
    return None


def _number(facts: ItemFacts, field: str) -> float | None:
    value = getattr(facts.item, field) if field in ("price", "rating", "stock") else facts.item.facets.get(field)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
