"""Constraints over the catalogue's columns: masks, relaxations, contradictions, and the shop's rules.

What an item that does not state a field means:

- it satisfies no positive constraint (``<= >= < > == in contains between``), of any type;
- it satisfies a negation (``!= not_in not_contains``) on a brand, category, list or text, since it does not contain
  the value; it does not satisfy a negation on a number, date or boolean, where nothing is known.

Texts compare without regard to case. ``category`` means the whole subtree. On a list, ``==``, ``in`` and ``contains``
mean that any element is (one of) the wanted, the negations that none is. On one text, ``contains`` means a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.entities import Constraint, Op, Relaxation, Strength, Value
from core.errors import Problem
from core.shop import Rules
from retrieval.catalogue import Catalogue, Snapshot
from retrieval.columns import Bools, CodeColumn, FlagColumn, Floats, ListColumn, NumberColumn, TextColumn, fold
from retrieval.comparing import NEGATIONS, ORDERINGS, PARTS, as_numbers, as_texts
from retrieval.validation import validate as validate

_TOLERANCE = 1e-9
"""Relative: a limit that was converted between units must not miss its own value."""

_LONGEST_SET = 63
"""Constraints whose violations fit into one int64 an item; more are never relaxed."""


def _near(numbers: Floats, wanted: float) -> Bools:
    return np.abs(numbers - wanted) <= _margin(wanted)


def _margin(limit: float) -> float:
    return _TOLERANCE * max(1.0, abs(limit))


def _compare(numbers: Floats, op: Op, value: Value) -> Bools:
    """Compare stated numbers (NaN compares false everywhere)."""
    wanted = as_numbers(value)
    limit = wanted[0]
    match op:
        case Op.LE:
            return numbers <= limit + _margin(limit)
        case Op.GE:
            return numbers >= limit - _margin(limit)
        case Op.LT:
            return numbers < limit - _margin(limit)
        case Op.GT:
            return numbers > limit + _margin(limit)
        case Op.BETWEEN:
            low, high = min(wanted), max(wanted)
            return (numbers >= low - _margin(low)) & (numbers <= high + _margin(high))
    found = np.zeros(len(numbers), dtype=np.bool_)
    for each in wanted:
        found |= _near(numbers, each)
    return ~found & ~np.isnan(numbers) if op in NEGATIONS else found


def satisfied(catalogue: Catalogue, constraint: Constraint, snapshot: Snapshot | None = None) -> Bools:
    """Return for each item whether it satisfies one constraint, must or wish; not to be written to.

    Raises:
        ValueError: the field is unknown, or its type has no such comparison (see ``validate``).
    """
    column = catalogue.column(constraint.field, snapshot)
    op, value = constraint.op, constraint.value
    if isinstance(column, NumberColumn):
        return column.spread(_compare(column.data, op, value))
    if isinstance(column, FlagColumn):
        entries = column.data.astype(np.float64)
        entries[column.data < 0] = np.nan
        return column.spread(_compare(entries, op, value))
    numeric = catalogue.numeric(constraint.field)
    if op in ORDERINGS and not numeric:
        raise ValueError(f"{constraint.field!r} holds texts: {op.value!r} does not apply to it")
    if column is None:
        # No item says: numbers and booleans match nothing, texts match every negation.
        return np.full(len(catalogue), op in NEGATIONS and not numeric, dtype=np.bool_)
    part = op in PARTS and not isinstance(column, ListColumn)
    if isinstance(column, TextColumn):
        found = column.hits(as_texts(value), part)
    elif isinstance(column, CodeColumn | ListColumn):
        is_tree = constraint.field == "category"
        table = catalogue.tree.under if is_tree else column.table
        found = column.hits(table(as_texts(value), part))
    else:
        raise ValueError(f"{constraint.field!r} cannot be compared")
    return ~found if op in NEGATIONS else found


def musts(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Return the constraints that are enforced."""
    return [constraint for constraint in constraints if constraint.strength is Strength.MUST]


def mask(catalogue: Catalogue, constraints: Sequence[Constraint], snapshot: Snapshot | None = None) -> Bools:
    """Return for each item whether it satisfies all musts; wishes are left out. Raises like ``satisfied``.

    All constraints are read from one snapshot: the given one, else the present one.
    """
    snapshot = snapshot or catalogue.snapshot
    result = np.ones(len(catalogue), dtype=np.bool_)
    for constraint in musts(constraints):
        result &= satisfied(catalogue, constraint, snapshot)
    return result


def relaxations(
    catalogue: Catalogue,
    constraints: Sequence[Constraint],
    base_mask: Bools | None = None,
    limit: int = 3,
    snapshot: Snapshot | None = None,
) -> tuple[Relaxation, ...]:
    """Return the smallest sets of musts to drop so that there are matches; () when there are matches already.

    Exact for any number of constraints up to 63 (later ones stay in force): the sets of constraints that the items
    violate are collected, and those that contain no other are the minimal ones. Sorted by size, then by matches.

    Args:
        catalogue: the catalogue.
        constraints: wishes among them are ignored.
        base_mask: a bool an item: what may be shown at all (rules, exclusions).
        limit: at most so many sets.
        snapshot: the columns to read; the present ones when not given.
    """
    snapshot = snapshot or catalogue.snapshot
    held = musts(constraints)
    allowed = np.ones(len(catalogue), dtype=np.bool_) if base_mask is None else base_mask.copy()
    violated = np.zeros(len(catalogue), dtype=np.int64)
    for bit, constraint in enumerate(held):
        fits = satisfied(catalogue, constraint, snapshot)
        if bit < _LONGEST_SET:
            violated |= (~fits).astype(np.int64) << bit
        else:
            allowed &= fits
    violated = violated[allowed]
    if not len(violated) or not violated.all():
        return ()
    sets, counts = np.unique(violated, return_counts=True)
    minimal = _minimal(sets.tolist())
    found = [
        Relaxation(
            drop=tuple(constraint.id for bit, constraint in enumerate(held[:_LONGEST_SET]) if chosen >> bit & 1),
            matches=int(counts[(sets & ~np.int64(chosen)) == 0].sum()),
        )
        for chosen in minimal
    ]
    return tuple(sorted(found, key=lambda each: (len(each.drop), -each.matches))[:limit])


def _minimal(sets: list[int]) -> list[int]:
    """Return the bit sets that contain no other."""
    kept: list[int] = []
    for each in sorted(sets, key=int.bit_count):
        if not any(smaller & each == smaller for smaller in kept):
            kept.append(each)
    return kept


# -- what stands beside what ------------------------------------------------------------------------------------------


def _sides(constraint: Constraint) -> frozenset[str]:
    """Return which ends of a numeric facet a constraint limits."""
    match constraint.op:
        case Op.LE | Op.LT:
            return frozenset({"upper"})
        case Op.GE | Op.GT:
            return frozenset({"lower"})
        case Op.BETWEEN:
            return frozenset({"upper", "lower"})
    return frozenset()


def _interval(constraint: Constraint) -> tuple[float, float]:
    wanted = as_numbers(constraint.value)
    low = -np.inf if constraint.op in (Op.LE, Op.LT) else min(wanted)
    high = np.inf if constraint.op in (Op.GE, Op.GT) else max(wanted)
    return low, high


def _apart(a: Constraint, b: Constraint) -> bool:
    """Return whether no number satisfies both of two bounds or equalities."""
    try:
        (low_a, high_a), (low_b, high_b) = _interval(a), _interval(b)
    except ValueError:
        return False
    low, high = max(low_a, low_b), min(high_a, high_b)
    strict = Op.LT in (a.op, b.op) or Op.GT in (a.op, b.op)
    return low > high or (strict and low == high)


def contradicts(a: Constraint, b: Constraint) -> bool:
    """Return whether two constraints cannot stand beside each other, so that the later one takes the other's place.

    They speak of one field, and either limit the same end of it ("under 900", then "up to 1000"), or leave nothing
    that satisfies both, or both name the one value it must have. Several negations, or several ``contains``, go
    together. Symmetric; strengths and ids do not matter. A requirement said twice counts as replaced.
    """
    if a.field != b.field:
        return False
    if (a.op, a.value) == (b.op, b.value) or _sides(a) & _sides(b):
        return True
    negated = (a.op in NEGATIONS, b.op in NEGATIONS)
    if all(negated):
        return False
    if any(negated):
        positive, negative = (b, a) if negated[0] else (a, b)
        if positive.op in ORDERINGS:
            return False
        return _keys(positive) <= _keys(negative)
    if a.op is Op.CONTAINS or b.op is Op.CONTAINS:
        return False
    if _sides(a) or _sides(b):
        # An exact value and a bound: the exact value settles what the bound only limited.
        return not (_sides(a) and _sides(b)) or _apart(a, b)
    return True


def _keys(constraint: Constraint) -> set[str]:
    values = constraint.value if isinstance(constraint.value, tuple | list) else (constraint.value,)
    return {fold(str(float(each) if isinstance(each, int | float) else each)) for each in values}


# -- the shop's rules -------------------------------------------------------------------------------------------------


def condition_mask(catalogue: Catalogue, when: Mapping[str, Any], snapshot: Snapshot | None = None) -> Bools:
    """Return for each item whether it meets every condition of a rule in shop.yaml.

    Args:
        catalogue: the catalogue.
        when: field -> the value it has, a list of values of which it has one, or ``{operator: value}`` for each
            further comparison; ``id`` names items.
        snapshot: the columns to read; the present ones when not given.

    Raises:
        ValueError: a field or operator is unknown, or does not fit its field.
    """
    result = np.ones(len(catalogue), dtype=np.bool_)
    for name, wanted in when.items():
        if name == "id":
            ids = set(map(str, wanted if isinstance(wanted, list) else [wanted]))
            rows = [catalogue.row(item_id) for item_id in ids if catalogue.has(item_id)]
            named = np.zeros(len(catalogue), dtype=np.bool_)
            named[rows] = True
            result &= named
            continue
        tests = wanted if isinstance(wanted, dict) else {Op.IN if isinstance(wanted, list) else Op.EQ: wanted}
        for op, value in tests.items():
            plain = tuple(value) if isinstance(value, list) else value
            result &= satisfied(catalogue, Constraint(name, name, Op(op), plain), snapshot)
    return result


def rules_mask(catalogue: Catalogue, rules: Rules, snapshot: Snapshot | None = None) -> Bools:
    """Return for each item whether the shop's rules let it be shown: not blocked, and not known to be out of stock.

    Raises:
        ValueError: a rule is wrong (``launch.py check`` names it).
    """
    snapshot = snapshot or catalogue.snapshot
    result = np.ones(len(catalogue), dtype=np.bool_)
    if rules.in_stock_only:
        stock = snapshot.columns.get("stock")
        if isinstance(stock, NumberColumn):
            result &= ~stock.spread(stock.data <= 0)
    for when in rules.block:
        result &= ~condition_mask(catalogue, when, snapshot)
    return result


def rule_problems(catalogue: Catalogue) -> list[Problem]:
    """Return the rules of shop.yaml whose conditions do not fit the catalogue; serving with one would fail."""
    rules = catalogue.shop.rules
    boosts = [
        rule.get("when") or {name: each for name, each in rule.items() if name != "weight"} for rule in rules.boost
    ]
    conditions: dict[str, Sequence[Mapping[str, Any]]] = {
        "block": rules.block,
        "boost": boosts,
        "confirm": [rule.when for rule in rules.confirm],
    }
    problems: list[Problem] = []
    for kind, entries in conditions.items():
        for place, when in enumerate(entries):
            try:
                condition_mask(catalogue, when)
            except (ValueError, AttributeError) as error:
                problems.append(Problem("shop.yaml", str(error), field=f"rules.{kind}.{place}"))
    return problems
