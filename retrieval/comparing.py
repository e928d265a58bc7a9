"""How constraints' values are read: the kinds of comparison, and values as numbers, dates and texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.entities import Op, Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NEGATIONS = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})
ORDERINGS = frozenset({Op.LE, Op.GE, Op.LT, Op.GT, Op.BETWEEN})
PARTS = frozenset({Op.CONTAINS, Op.NOT_CONTAINS})


def epoch_days(text: str) -> float:
    """Return an ISO date or time as days since the epoch.

    Raises:
        ValueError: the text is no ISO date.
    """
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH).total_seconds() / 86400


def as_number(value: Value) -> float:
    """Return a constraint's value as a number: dates as days since the epoch, booleans as 0 and 1.

    Raises:
        ValueError: the value is no number.
    """
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        folded = value.strip().casefold()
        if folded in ("true", "false"):
            return float(folded == "true")
        try:
            return float(folded)
        except ValueError:
            return epoch_days(folded.upper())
    raise ValueError(f"expected one number, not {value!r}")


def as_numbers(value: Value) -> list[float]:
    """Return a constraint's value or values as numbers. Raises like ``as_number``."""
    return [as_number(each) for each in value] if isinstance(value, tuple | list) else [as_number(value)]


def as_texts(value: Value) -> list[str]:
    """Return a constraint's value or values as texts."""
    return [str(each) for each in value] if isinstance(value, tuple | list) else [str(value)]


def iso_date(days: float) -> str:
    """Return days since the epoch as ``2024-05-17``, with the time of day when there is one."""
    moment = EPOCH + timedelta(days=days)
    return moment.date().isoformat() if days == int(days) else moment.isoformat(timespec="seconds")
