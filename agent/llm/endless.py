"""Notices a model that repeats itself without end."""

from __future__ import annotations

LONGEST_UNIT = 160
"""Characters that a repeated unit may have."""
KEPT = 1_000
STEP = 48
"""A look at the tail after this many new characters."""


class Endless:
    """Fed with the pieces of one text; cheap: it looks at the tail now and then."""

    def __init__(self) -> None:
        """Start with an empty text."""
        self._tail = ""
        self._since = 0

    def feed(self, piece: str) -> bool:
        """Add a piece; tell whether the text now ends in one unit over and over."""
        self._tail = (self._tail + piece)[-KEPT:]
        self._since += len(piece)
        if self._since < STEP:
            return False
        self._since = 0
        return repeats(self._tail)


def repeats(text: str) -> bool:
    """Tell whether a text ends in one unit at least four times.

    Short units must fill more space: rules of dashes and rows of a table are no fault.
    """
    for unit in range(1, min(LONGEST_UNIT, len(text) // 4) + 1):
        needed = max(4 * unit, 64 if unit >= 12 else 240)
        if len(text) < needed:
            continue
        tail = text[-needed:]
        if tail[unit:] == tail[:-unit] and tail.strip("-=_|:# \t"):
            return True
        if tail[unit:] == tail[:-unit] and len(text) >= 4 * needed and not text[-4 * needed :].strip(tail):
            return True  # even a rule of dashes ends somewhere
    return False
