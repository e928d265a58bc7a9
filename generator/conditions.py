"""The small language of the tables' conditions: ``weight < 1.4 and not wireless``, ``use has gaming``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Condition = Callable[[Mapping[str, Any]], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@cache
def compile_condition(text: str) -> Condition:
    """Compile a condition; an empty one holds always, a facet that is not stated fails its term.

    Raises:
        ValueError: a term is none of ``name``, ``not name``, ``name has|lacks value``, ``name OP value``.
    """
    terms = [_term(part.split()) for part in text.split(" and ")] if text else []
    return lambda values: all(term(values) for term in terms)


def _term(words: list[str]) -> Condition:
    match words:
        case [name]:
            return lambda values: bool(values.get(name))
        case ["not", name]:
            return lambda values: not values.get(name)
        case [name, "has", *rest]:
            wanted = " ".join(rest)
            return lambda values: wanted in (values.get(name) or ())
        case [name, "lacks", *rest]:
            wanted = " ".join(rest)
            return lambda values: wanted not in (values.get(name) or ())
        case [name, "==", *rest]:
            wanted = " ".join(rest)
            return lambda values: _text(values.get(name)) == wanted
        case [name, "!=", *rest]:
            wanted = " ".join(rest)
            return lambda values: name in values and _text(values[name]) != wanted
        case [name, sign, number] if sign in _COMPARISONS:
            compare, bound = _COMPARISONS[sign], float(number)
            return lambda values: values.get(name) is not None and compare(values[name], bound)
    raise ValueError(f"cannot read the condition {' '.join(words)!r}")


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
