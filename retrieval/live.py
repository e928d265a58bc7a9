"""Live changes: what may change of an item while serving, and the new columns that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class LiveChanges:
    """What was changed of items while serving, each with what the shop's files said of it then."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], tuple[Any, Any]] = {}

    def note(self, item_id: str, name: str, value: Any, before: Any) -> None:
        """Remember a change; of several to one field the last counts, against what stood before the first."""
        self._changes[item_id, name] = (value, self._changes.get((item_id, name), (None, before))[1])

    def carried(self, said: Callable[[str, str], Any]) -> dict[str, dict[str, Any]]:
        """Return item -> field -> value of the changes that outlast new files.

        One of which the files now say something else than they did is older than the files: they win.

        Args:
            said: returns what the new files say of an item's field; raises KeyError where there is no such item.
        """
        kept: dict[str, dict[str, Any]] = {}
        for (item_id, name), (value, before) in self._changes.items():
            try:
                if said(item_id, name) == before:
                    kept.setdefault(item_id, {})[name] = value
            except KeyError:
                continue
        return kept
