"""Checks a constraint against the catalogue and brings it into the catalogue's own terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.entities import Constraint, Facet, FacetType, Op, Value
from retrieval.catalogue import Catalogue, UnknownField
from retrieval.columns import fold
from retrieval.comparing import NEGATIONS, ORDERINGS, as_number, as_texts
from retrieval.units import convert, find_currency, find_unit

_LIST_OPS = {Op.EQ: Op.CONTAINS, Op.NE: Op.NOT_CONTAINS}
_NUMBER_OPS = {Op.CONTAINS: Op.EQ, Op.NOT_CONTAINS: Op.NE}
_TRUE = frozenset({"true", "yes", "1", "1.0", "是", "有"})
_FALSE = frozenset({"false", "no", "0", "0.0", "否", "无", "没有"})


def validate(catalogue: Catalogue, constraint: Constraint) -> Constraint:
    """Return a constraint that ``mask`` takes: numbers in the catalogue's unit, texts in the catalogue's spelling.

    Display names and synonyms of values become the values; on a list facet ``==`` becomes ``contains``. A text that
    the catalogue does not know stays: it honestly matches nothing.

    Raises:
        ValueError: the field is unknown (the message lists near names), the comparison or value does not fit the
            field's type, or the unit cannot be converted; the message says how to mend it.
    """
    facet = catalogue.facets.get(constraint.field)
    if facet is None:
        raise UnknownField(constraint.field, catalogue.facets)
    values = _listed(constraint.value)
    if not values:
        raise ValueError(f"{facet.name}: a value is needed")
    match facet.type:
        case FacetType.NUMBER:
            return _numeric(facet, constraint, values)
        case FacetType.DATE:
            return _date(facet, constraint, values)
        case FacetType.BOOLEAN:
            return _boolean(facet, constraint, values)
    return _textual(catalogue, facet, constraint, values)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def _shaped(facet: Facet, op: Op, values: Sequence[Any]) -> Value:
    """Return one value, or a tuple of them, as the comparison takes it."""
    if op is Op.BETWEEN:
        if len(values) != 2:
            raise ValueError(f"{facet.name}: between takes two values, [low, high]")
        return tuple(sorted(values))
    if op in (Op.IN, Op.NOT_IN):
        return tuple(values)
    if len(values) != 1:
        raise ValueError(f"{facet.name}: {op.value} takes one value; use in or not_in for several")
    value: Value = values[0]
    return value


def _numeric(facet: Facet, constraint: Constraint, values: Sequence[Any]) -> Constraint:
    op = _NUMBER_OPS.get(constraint.op, constraint.op)
    try:
        numbers = [as_number(value) for value in values]
    except ValueError as error:
        raise ValueError(f"{facet.name} is a number: {constraint.value!r} is not") from error
    if not np.isfinite(numbers).all():
        raise ValueError(f"{facet.name}: {constraint.value!r} is no finite number")
    unit = constraint.unit
    if unit and facet.unit and unit != facet.unit:
        numbers = [_in_unit(facet, number, unit) for number in numbers]
    elif unit and not facet.unit and (find_unit(unit) or find_currency(unit)):
        raise ValueError(f"{facet.name} is counted without a unit, not in {unit!r}")
    return replace(constraint, op=op, value=_shaped(facet, op, numbers), unit=facet.unit)


def _in_unit(facet: Facet, number: float, unit: str) -> float:
    own = facet.unit or ""
    if find_currency(own) is not None and find_currency(unit) == find_currency(own):
        return number
    try:
        return round(convert(number, unit, own), 9)
    except ValueError:
        raise ValueError(f"{facet.name} is in {own!r}, which {unit!r} cannot be converted to") from None


def _date(facet: Facet, constraint: Constraint, values: Sequence[Any]) -> Constraint:
    texts = [str(value).strip() for value in values]
    # A bare year or month stands for its first day.
    texts = [f"{text}-01-01" if len(text) == 4 else f"{text}-01" if len(text) == 7 else text for text in texts]
    for text in texts:
        try:
            as_number(text if "-" in text else "?")
        except ValueError as error:
            raise ValueError(f"{facet.name} is a date: write {text!r} as YYYY-MM-DD") from error
    return replace(constraint, value=_shaped(facet, constraint.op, texts), unit=None)


def _boolean(facet: Facet, constraint: Constraint, values: Sequence[Any]) -> Constraint:
    if constraint.op in ORDERINGS:
        raise ValueError(f"{facet.name} is yes or no: use == or !=, not {constraint.op.value}")
    folded = {fold(str(value)) for value in values}
    if len(folded) != 1 or not folded <= _TRUE | _FALSE:
        raise ValueError(f"{facet.name} is yes or no: the value must be true or false, not {constraint.value!r}")
    negated = constraint.op in NEGATIONS
    return replace(constraint, op=Op.EQ, value=bool(folded & _TRUE) != negated, unit=None)


def _textual(catalogue: Catalogue, facet: Facet, constraint: Constraint, values: Sequence[Any]) -> Constraint:
    op = constraint.op
    if op in ORDERINGS:
        raise ValueError(f"{facet.name} holds texts: use ==, in, contains or a negation, not {op.value}")
    texts = [text.strip() for text in as_texts(tuple(values))]
    if not all(texts):
        raise ValueError(f"{facet.name}: the value is empty")
    spelled = tuple(dict.fromkeys(value for text in texts for value in canonical(catalogue, facet, text)))
    if len(spelled) > 1:
        op = Op.NOT_IN if op in NEGATIONS else Op.IN
    if facet.type is FacetType.LIST:
        op = _LIST_OPS.get(op, op)
    return replace(constraint, op=op, value=_shaped(facet, op, spelled), unit=None)


def canonical(catalogue: Catalogue, facet: Facet, text: str) -> tuple[str, ...]:
    """Return the values, categories or brands that a text names, in the catalogue's spelling; else the text itself.

    A value that is spelled like the text comes alone; several can share a display name or synonym.
    """
    if facet.type is FacetType.TEXT:
        return (text,)
    if facet.name == "category" and (node := catalogue.tree.node(text)):
        return (node,)
    wanted = fold(text)
    known = catalogue.values(facet.name)
    exact = tuple(value for value in known if fold(value) == wanted)
    if exact:
        return exact
    named = tuple(value for value in known if wanted in map(fold, _names(facet, value)))
    return named or (text,)


def _names(facet: Facet, value: str) -> list[str]:
    return [*facet.value_labels.get(value, {}).values(), *facet.value_synonyms.get(value, ())]
