"""Constraints in words: as chips ("under $900", "not Acme") and inside sentences ("not from Acme")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from agent.embedded.word_values import Values, is_adjective, spoken
from core.entities import Constraint, Facet, FacetType, Language, Op, Value
from core.shop import Shop
from prompts.phrases import standard
from retrieval.catalogue import Catalogue
from retrieval.units import convert, readable

_NEGATIVE = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})
_SIDES = {Op.LE: "most", Op.LT: "below", Op.GE: "least", Op.GT: "above"}
_ROW = 3
"""Whole numbers in a row that are worded by their ends."""
_BARE_LENGTH = 3
"""A value shorter than this says too little without its facet's name ("M")."""


def word_constraint(constraint: Constraint, catalogue: Catalogue, language: Language) -> str:
    """Return a constraint as a chip's plain text: "under $900", "not Acme", "noise cancelling", "900 美元以内"."""
    return _Wording(Values(catalogue, spoken(language, catalogue.shop))).chip(constraint)


def word_chip(constraint: Constraint, facets: Mapping[str, Facet], currency: str | None, language: Language) -> str:
    """Return a constraint as :func:`word_constraint` does, for who has the shop's facets and currency alone.

    Args:
        constraint: the constraint, perhaps one that a client made up.
        facets: the catalogue's, by name.
        currency: of prices.
        language: a language that phrases exist in; else English is spoken.
    """
    facet = facets.get(constraint.field) or Facet(constraint.field, FacetType.TEXT)
    if facet.unit is None and constraint.unit and constraint.field != "price":
        facet = replace(facet, unit=constraint.unit)
    names = _Names({**facets, constraint.field: facet}, Shop.model_construct(name={}, currency=currency))
    language = spoken(language, names.shop)
    return _Wording(Values(cast(Catalogue, names), language)).chip(constraint)


@dataclass(frozen=True)
class _Names:
    """As much of a catalogue as wording asks for."""

    facets: Mapping[str, Facet]
    shop: Shop

    def category_paths(self) -> tuple[tuple[str, ...], ...]:
        return ()


def word_option(constraint: Constraint, catalogue: Catalogue, language: Language) -> str:
    """Return a constraint as the answer to a question about its facet: "13–14 in", "yes", "under $300"."""
    return _Wording(Values(catalogue, spoken(language, catalogue.shop))).option(constraint)


def word_needs(constraints: Sequence[Constraint], values: Values) -> str:
    """Return constraints as one plain list, in the order given: "under $900, not from Acme and waterproof"."""
    wording = _Wording(values)
    return values.series([wording.inside(constraint) for constraint in constraints])


class _Wording:
    def __init__(self, values: Values) -> None:
        self.values = values

    def say(self, key: str, **variables: Any) -> str:
        return standard().say(key, self.values.language, **variables)

    def chip(self, constraint: Constraint) -> str:
        """Word it standing alone."""
        facet = self.values.facet(constraint.field)
        if isinstance(constraint.value, bool) or facet.type is FacetType.BOOLEAN:
            return self._boolean(constraint)
        if _bounds(constraint) is not None or facet.type in (FacetType.NUMBER, FacetType.DATE):
            return self._bound(constraint)
        return self._values(constraint).rstrip()

    def inside(self, constraint: Constraint) -> str:
        """Word it for the middle of a sentence."""
        facet = self.values.facet(constraint.field)
        if constraint.field == "brand" and constraint.op in (Op.EQ, Op.NE, Op.IN, Op.NOT_IN):
            side = "not_from" if constraint.op in _NEGATIVE else "from"
            value = self._either(constraint)
            return self.say(f"need.{side}", value=self.values.padded(value).rstrip() if side == "not_from" else value)
        if facet.type is FacetType.BOOLEAN and _positive(constraint) and self.values.language == "en":
            label = self.values.label(constraint.field)
            return label if is_adjective(label) else self.say("need.with", value=label)
        return self.chip(constraint)

    def option(self, constraint: Constraint) -> str:
        """Word it as an answer."""
        facet = self.values.facet(constraint.field)
        if isinstance(constraint.value, bool) or facet.type is FacetType.BOOLEAN:
            return self.say("value.yes" if _positive(constraint) else "value.no")
        if facet.type in (FacetType.NUMBER, FacetType.DATE):
            return self._range(constraint)
        return self._either(constraint) if constraint.op not in _NEGATIVE else self._values(constraint)

    def _boolean(self, constraint: Constraint) -> str:
        label = self.values.label(constraint.field)
        return label if _positive(constraint) else self.values.without(label)

    def _values(self, constraint: Constraint) -> str:
        value = self._either(constraint)
        if len(value) < _BARE_LENGTH and value.isascii():
            value = self.say("value.labelled", label=self.values.label(constraint.field), value=value)
        return self.say("need.not", value=self.values.padded(value)) if constraint.op in _NEGATIVE else value

    def _either(self, constraint: Constraint) -> str:
        field, value = constraint.field, constraint.value
        if isinstance(value, tuple) and not (field == "category" and constraint.op in (Op.EQ, Op.NE)):
            return self.values.listing([self.values.show(field, part) for part in value], "or")
        return self.values.show(field, value)

    def _bound(self, constraint: Constraint) -> str:
        said = self._range(constraint)
        field = constraint.field
        if field == "price":
            return said
        if self.values.facet(field).type is FacetType.DATE:
            return self.say("need.dated", label=self.values.label(field), value=said)
        said = self.values.padded(said).rstrip()
        united = bool(self.values.facet(field).unit) and not isinstance(constraint.value, str)
        return self.say(f"need.measured_{'unit' if united else 'bare'}", label=self.values.label(field), value=said)

    def _range(self, constraint: Constraint) -> str:
        """Word the bound without its facet's name."""
        ends = _bounds(constraint)
        kind = "price" if constraint.field == "price" else "number"
        if self.values.facet(constraint.field).type is FacetType.DATE:
            kind = "date"
        if ends is not None:
            low, high = (self._end(constraint.field, end, kind, last=bool(place)) for place, end in enumerate(ends))
            if isinstance(ends[0], (int, float)) and not (kind == "price" and self.values.language == "en"):
                low = self._low(constraint.field, ends[0], ends[1])
            return self.say(f"{kind}.between", low=low, high=high)
        if constraint.op in _SIDES and not isinstance(constraint.value, tuple):
            last = constraint.op in (Op.LE, Op.GT)
            return self.say(
                f"{kind}.{_SIDES[constraint.op]}", value=self._end(constraint.field, constraint.value, kind, last=last)
            )
        said = self._run(constraint) or self._either(constraint)
        return self.say("need.not", value=self.values.padded(said)) if constraint.op in _NEGATIVE else said

    def _run(self, constraint: Constraint) -> str:
        """Word whole numbers in a row by their ends: "1980–1989"."""
        numbers = constraint.value if isinstance(constraint.value, tuple) else ()
        if len(numbers) < _ROW or not all(isinstance(each, (int, float)) for each in numbers):
            return ""
        if [float(each) for each in numbers] != [float(numbers[0]) + step for step in range(len(numbers))]:
            return ""
        low, high = (self.values.show(constraint.field, each) for each in (numbers[0], numbers[-1]))
        return self.say("number.between", low=low, high=high)

    def _low(self, field: str, low: float, high: Value) -> str:
        """Write the low end of a range in the unit that the high end is read in: "13–14 in", "200–250 g"."""
        unit = self.values.facet(field).unit
        if field != "price" and unit and isinstance(high, (int, float)):
            read = readable(high, unit)[1]
            low = low if read == unit else round(convert(low, unit, read), 6)
            return self.values.number(low, grouped=True)
        return self.values.number(low)

    def _end(self, field: str, value: Value, kind: str, *, last: bool) -> str:
        if kind == "date":
            return self._year(value, last=last)
        if isinstance(value, (int, float)) and kind == "price":
            return self.values.budget(value, self.values.currency())
        return self.values.show(field, value)

    def _year(self, value: Value, *, last: bool) -> str:
        """Return the year alone when the date is the year's first day, or its last where that is the end meant."""
        text = str(value)
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            return text
        edges = ((12, 31),) if last else ((1, 1),)
        return self.say("date.year", value=str(day.year)) if (day.month, day.day) in edges else self.values.day(text)


def _positive(constraint: Constraint) -> bool:
    return bool(constraint.value) is not (constraint.op in _NEGATIVE)


def _bounds(constraint: Constraint) -> tuple[Value, Value] | None:
    if constraint.op is Op.BETWEEN and isinstance(constraint.value, tuple) and len(constraint.value) == 2:
        return constraint.value[0], constraint.value[1]
    return None
