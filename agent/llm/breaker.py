"""A circuit breaker: after failures in a row, calls are refused at once; now and then one is let through to look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]

FAILURES = 3
"""Failures in a row that open it."""
FIRST_PAUSE = 5.0
"""Seconds until the first probe; each failed probe doubles them."""
LONGEST_PAUSE = 60.0


class Breaker:
    """Counts the outcomes of calls; used from one event loop, so without locks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed."""
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._opened: float | None = None
        self._probing = False
        self.openings = 0

    @property
    def state(self) -> BreakerState:
        """Closed: calls pass; open: none does; half-open: one may."""
        if self._opened is None:
            return "closed"
        return "half_open" if self._clock() - self._opened >= self._pause else "open"

    def admit(self) -> Literal["pass", "probe", "refuse"]:
        """Say what a new call may do. Whoever is told ``probe`` must report an outcome, or :meth:`left`."""
        state = self.state
        if state == "closed":
            return "pass"
        if state == "open" or self._probing:
            return "refuse"
        self._probing = True
        return "probe"

    def succeeded(self) -> None:
        """Close: the server answers."""
        self._failures, self._opened, self._probing, self._pause = 0, None, False, FIRST_PAUSE

    def failed(self) -> None:
        """Count a failure; open at the third in a row, or again after a failed probe."""
        self._failures += 1
        if self._opened is not None and self._probing:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._opened, self._probing = self._clock(), False
        elif self._opened is None and self._failures >= FAILURES:
            self._opened = self._clock()
            self.openings += 1

    def left(self, *, probe: bool) -> None:
        """Forget a call that its caller left before an outcome; the next one probes."""
        if probe:
            self._probing = False

    def retry_in(self) -> float:
        """Return the seconds until a call may pass again."""
        return 0.0 if self._opened is None else max(0.0, self._pause - (self._clock() - self._opened))
