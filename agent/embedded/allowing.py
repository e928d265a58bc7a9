"""What a message allows ("Sony is fine too", "a bit heavier is OK", "贵点也行") widens what was required."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.embedded.needs import Critique, Needs
from agent.embedded.reading import Reading
from core.entities import Constraint, Op, Strength, Value

_UPPER, _LOWER = frozenset({Op.LT, Op.LE}), frozenset({Op.GT, Op.GE})
_NUMERIC = _UPPER | _LOWER | {Op.BETWEEN}


def allows(reading: Reading, held: Sequence[Constraint]) -> str | None:
    """Return the field that a bare number is about in "1200 would be fine too": the one bounded last; None for none."""
    if not reading.roles("allow"):
        return None
    bounded = [c.field for c in held if c.op in _NUMERIC and c.strength is Strength.MUST]
    return bounded[-1] if bounded else None


def allowing(needs: Needs, reading: Reading, held: Sequence[Constraint], question: str | None = None) -> Needs:
    """Return the needs with what is merely allowed taken as such: what was required before is widened by it.

    What answers the open ``question`` ("black is fine") asks for it.
    """
    clauses = {element.clause for element in reading.roles("allow") if not element.negated}
    if not clauses:
        return needs
    words = [element.text for element in reading.elements if element.clause in clauses]
    said = {each.field for each in held}
    critiques = [each for each in needs.critiques if each.text in words]
    values = [each for each in needs.constraints if any(word in each.text for word in words)]
    values = [each for each in values if each.field in said or each.field != question]
    if not critiques and not values:
        return needs
    said_now: tuple[Critique | Constraint, ...] = (*critiques, *values)
    fields = {each.field for each in said_now}
    before = [each for each in held if each.field in fields]
    after = before
    for allowed in said_now:
        after = [wider for each in after if (wider := _widened(each, allowed)) is not None]
    known = {each.field for each in before}
    wishes = [_wish(each) for each in values if each.field not in known]
    others = [each for each in needs.constraints if each not in values]
    return replace(
        needs,
        critiques=tuple(each for each in needs.critiques if each not in critiques),
        constraints=(*others, *wishes, *(each for each in after if each not in before)),
        dropped=(*needs.dropped, *sorted({each.field for each in before if each not in after} or fields - known)),
        category=None if "category" in fields else needs.category,
    )


def _wish(allowed: Constraint) -> Constraint:
    """Return what is allowed though nothing was required: bounds are bounds, a value is at most a wish."""
    return allowed if allowed.op in _NUMERIC else replace(allowed, strength=Strength.WISH)


def _widened(held: Constraint, allowed: Critique | Constraint) -> Constraint | None:
    """Return a requirement that takes in what is allowed too; None when nothing of it is left."""
    if held.field != allowed.field:
        return held
    if isinstance(allowed, Critique):
        return _open(held, upwards=allowed.higher)
    if held.op in _NUMERIC:
        return _reaching(held, allowed.value)
    own, values = _texts(held.value), _texts(allowed.value)
    if held.op in (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS):
        rest = tuple(value for value in own if value not in values)
        return held if rest == own else replace(held, value=rest) if rest else None
    if held.op in (Op.EQ, Op.IN, Op.CONTAINS) and set(values) - set(own):
        both = tuple(dict.fromkeys((*own, *values)))
        return replace(held, op=Op.IN, value=both, text=f"{held.text}, {allowed.text}".strip(", "))
    return held


def _open(held: Constraint, *, upwards: bool) -> Constraint | None:
    """Return a bound without the end that is given free."""
    if held.op in (_UPPER if upwards else _LOWER):
        return None
    if held.op is Op.BETWEEN and isinstance(held.value, tuple):
        return replace(held, op=Op.GE if upwards else Op.LE, value=held.value[0 if upwards else 1])
    return held


def _reaching(held: Constraint, allowed: Value) -> Constraint:
    """Return a bound that reaches as far as a value, too."""
    ends, own = _numbers(allowed), _numbers(held.value)
    if not ends or not own:
        return held
    low, high = min(*ends, *own), max(*ends, *own)
    if held.op is Op.BETWEEN:
        return replace(held, value=(low, high))
    far = high if held.op in _UPPER else low
    return held if far == own[0] else replace(held, op=Op.LE if held.op in _UPPER else Op.GE, value=far)


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(each) for each in (value if isinstance(value, tuple) else (value,)))


def _numbers(value: Value) -> list[float]:
    each = value if isinstance(value, tuple) else (value,)
    return [float(one) for one in each if isinstance(one, int | float) and not isinstance(one, bool)]
