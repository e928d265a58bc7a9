"""Whether a number that a sentence says is stated: of the item that it stands with, or of the turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.embedded.lexicon import Kind
from agent.llm.grounding.facts import AGAINST, Facts, NumberFact
from agent.llm.grounding.statement import MONEY, PERCENT, Part
from core.entities import Op
from retrieval.units import convert

_SMALL = 10
"""Numbers in words up to this count things that are on screen."""
_AROUND = 0.05
_ROUNDED = 0.12
_FACET_REACH = 2


def number_stated(
    at: int, parts: Sequence[Part], about: Sequence[int], facts: Facts, compared: Sequence[int] | None
) -> bool:
    """Tell whether the number at a place is borne out.

    Args:
        at: its place among the parts.
        parts: the sentence.
        about: places of the items that it is said of; empty when it is said of none.
        facts: the turn's.
        compared: places of the items that others are compared with; None when the sentence compares nothing.
    """
    part = parts[at]
    field = _field(at, parts)
    if not about:
        everywhere = [item.numbers for item in facts.items[: len(facts.shown)]]
        said = _stated(part, facts.numbers, "")
        if said or (bool(everywhere) and all(_stated(part, numbers, field) for numbers in everywhere)):
            return True
        return compared is not None and _difference(part, compared or facts.shown, facts)
    hidden = (AGAINST,) if compared is None else ()
    own = [[fact for fact in facts.items[place].numbers if fact.field not in hidden] for place in about]
    if any(_stated(part, numbers, field) for numbers in own):
        return True
    if part.unit is None and part.op is None and not part.decimals and not field and _stated(part, _counts(facts), ""):
        return True
    return compared is not None and _difference(part, about, facts)


def _counts(facts: Facts) -> list[NumberFact]:
    return [fact for fact in facts.numbers if fact.unit is None and not fact.field]


def _field(at: int, parts: Sequence[Part]) -> str:
    """Return the numeric facet that is named right beside a number, or alone in its sentence; empty when none is."""
    if parts[at].unit == MONEY:
        return ""
    for reach in range(1, _FACET_REACH + 1):
        for place in (at - reach, at + reach):
            if not 0 <= place < len(parts) or parts[place].clause != parts[at].clause:
                continue
            field = _named(parts[place])
            if field and not any(p.number for p in parts[min(place, at) + 1 : max(place, at)]):
                return field
    fields = {field for part in parts if (field := _named(part))}
    numbers = [part for part in parts if part.number and part.unit != MONEY]
    return fields.pop() if len(fields) == 1 and len(numbers) == 1 else ""


def _named(part: Part) -> str:
    entry = part.span.of(Kind.FACET) if part.span is not None and part.span.of(Kind.UNIT) is None else None
    return entry.field if entry is not None else ""


def _stated(part: Part, numbers: Iterable[NumberFact], field: str) -> bool:
    """Tell whether one of some facts bears a number out; a facet that is named beside it must be the one, if known."""
    known = list(numbers)
    named = [fact for fact in known if fact.field == field] if field else []
    if named:
        related = [fact for fact in known if fact.field in (field, f"{field}_count", "")]
        return any(_fits(part, fact, named=True) for fact in named) or any(_fits(part, fact) for fact in related)
    return any(_fits(part, fact) for fact in known)


def _fits(part: Part, fact: NumberFact, *, named: bool = False) -> bool:
    if part.value is None:
        return False
    value = fact.value if named and part.unit is None and fact.unit != MONEY else _in_unit(fact, part.unit)
    if value is None:
        return False
    if part.op is Op.BETWEEN:
        return abs(value - part.value) <= _AROUND * abs(value)
    if part.op is not None and fact.field not in ("", AGAINST) and (named or part.unit is not None):
        return _holds(value, part.op, part.value)
    if part.unit == MONEY:
        return abs(value - part.value) < 0.005
    rounded = part.decimals > 0 or abs(value) >= _SMALL
    room = 0.5 * 0.1**part.decimals if rounded else 0.0
    return abs(value - part.value) <= room + 1e-6


def _holds(value: float, op: Op, bound: float) -> bool:
    if abs(value - bound) < 1e-9:
        return True  # a bound that was asked for is restated with another word for its edge
    return value < bound if op in (Op.LE, Op.LT) else value > bound


def _in_unit(fact: NumberFact, unit: str | None) -> float | None:
    """Return a fact's number in the unit that is spoken of; None when they do not compare."""
    if fact.unit == unit:
        return fact.value
    if unit is None or fact.unit is None or {MONEY, PERCENT} & {fact.unit, unit}:
        return None
    try:
        return convert(fact.value, fact.unit, unit)
    except ValueError:
        return None


def _near(part: Part, apart: NumberFact) -> bool:
    """Tell whether a difference was rounded to one or two digits, as people say it; prices are not."""
    value = _in_unit(apart, part.unit)
    return value is not None and part.unit != MONEY and abs(value - (part.value or 0.0)) <= _ROUNDED * value


def _difference(part: Part, about: Sequence[int], facts: Facts) -> bool:
    """Tell whether a number is how far two of the items are apart ("$150 cheaper")."""
    if part.value is None or part.unit is None or part.op is not None:
        return False
    for place in about:
        for own in facts.items[place].numbers:
            for other in facts.items:
                for fact in other.numbers:
                    if fact.field and fact.field == own.field and fact is not own:
                        apart = NumberFact(abs(own.value - fact.value), own.unit)
                        if apart.value and (_fits(part, apart) or _near(part, apart)):
                            return True
    return False
