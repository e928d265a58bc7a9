"""Live changes: what may change of an item while serving, and the new columns that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from retrieval.columns import Column, FlagColumn, NumberColumn

_LIVE_NUMBERS = ("price", "stock", "rating", "rating_count")


def live_value(name: str, value: Any) -> float | bool | None:
    """Check a live change's value.

    Raises:
        ValueError: the field cannot be changed live, or cannot have this value.
    """
    if name == "sponsored":
        if not isinstance(value, bool | None):
            raise ValueError(f"sponsored must be true or false, not {value!r}")
        return value
    if name not in _LIVE_NUMBERS:
        raise ValueError(f"{name!r} cannot be changed while serving; only {', '.join(_LIVE_NUMBERS)} and sponsored can")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number that is not negative, not {value!r}")
    if name in ("stock", "rating_count") and value != int(value):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return float(value)


def changed(column: Column | None, name: str, values: Mapping[int, Any], size: int) -> Column:
    """Return a field's column with other values at some rows; the given column stays as it is."""
    if name == "sponsored":
        flags = column if isinstance(column, FlagColumn) else FlagColumn.of(np.full(size, -1, dtype=np.int8))
        return flags.changed(values)
    numbers = column if isinstance(column, NumberColumn) else NumberColumn.of(np.full(size, np.nan))
    return numbers.changed(values)
