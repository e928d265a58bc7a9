"""What users did: the interactions of the index as arrays, and the events recorded since, folded in at once."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.entities import EventKind, Interaction, ItemId, UserId
from retrieval.mapping import mapped

KINDS: tuple[EventKind, ...] = tuple(EventKind)
EVENT_WEIGHTS: Mapping[EventKind, float] = {
    EventKind.VIEW: 0.2,
    EventKind.CLICK: 0.3,
    EventKind.CART: 0.6,
    EventKind.PURCHASE: 1.0,
    EventKind.LIKE: 1.0,
    EventKind.DISLIKE: -1.0,
    EventKind.IMPRESSION: 0.0,
}
"""How much an event says of a taste. A rating counts by its distance from the middle of its scale."""
HALF_LIFE_DAYS = 240.0
"""After so long an event counts half."""
OLDEST = 0.05
"""However old, an event says so much of what it said when it was new."""
DAY = 86_400.0
MAX_OVERLAY = 500
"""Recorded events that are kept in memory for a user, newest last (all of them stand in the event log)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a user did."""

    row: int
    kind: EventKind
    weight: float
    """In [-1, 1], before it fades."""
    time: float
    """Seconds since the epoch; 0 when unknown."""


def weighed(
    events: Sequence[Event], latest: float, half_life: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return distinct rows and what a user's events say of each in [-1, 1]: events of one item summed up, faded.

    Args:
        events: what they did, in any order.
        latest: the newest event of all, in seconds: from there events fade.
        half_life: after so many days an event counts half, but never less than ``OLDEST`` of it.
    """
    weights: dict[int, float] = {}
    for event in events:
        age = max(latest - event.time, 0.0) / DAY if event.time else 0.0
        faded = event.weight * max(2.0 ** (-age / half_life), OLDEST)
        weights[event.row] = weights.get(event.row, 0.0) + faded
    rows = np.array(sorted(row for row in weights if weights[row]), dtype=np.int64)
    found = np.clip(np.array([weights[row] for row in rows.tolist()], dtype=np.float32), -1.0, 1.0)
    # The square root: an item counts to another by the geometric mean of both strengths.
    return rows, np.asarray(np.sign(found) * np.sqrt(np.abs(found)), dtype=np.float32)


def event_weight(kind: EventKind, value: float | None, top: float) -> float:
    """Return what an event says of the user's taste, in [-1, 1]; ``top`` is the best rating of the scale."""
    if kind is not EventKind.RATING:
        return EVENT_WEIGHTS[kind]
    if value is None or value != value:
        return 0.0
    return float(np.clip(2.0 * value / top - 1.0, -1.0, 1.0))


@dataclass(frozen=True)
class History:
    """All interactions of the index, sorted by user and time."""

    users: Mapping[str, int]
    starts: npt.NDArray[np.int64]
    """Shape (users + 1,): where each user's events begin."""
    rows: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.int8]
    weights: npt.NDArray[np.float32]
    times: npt.NDArray[np.float64]
    top: float
    latest: float
    """The time of the newest event; 0 when none is known."""

    @classmethod
    def of(
        cls,
        users: Sequence[str],
        rows: npt.NDArray[np.int32],
        kinds: Sequence[EventKind],
        values: npt.NDArray[np.float64],
        times: npt.NDArray[np.float64],
    ) -> History:
        """Build from parallel columns; values and times are NaN where unknown."""
        numbers: dict[str, int] = {}
        codes = np.fromiter((numbers.setdefault(user, len(numbers)) for user in users), np.int64, len(users))
        kind_codes = np.fromiter((KINDS.index(kind) for kind in kinds), np.int8, len(kinds))
        rated = kind_codes == KINDS.index(EventKind.RATING)
        top = max(5.0, float(np.nanmax(values[rated], initial=5.0)) if rated.any() else 5.0)
        weights = np.array([EVENT_WEIGHTS.get(kind, 0.0) for kind in KINDS], dtype=np.float32)[kind_codes]
        weights[rated] = np.clip(np.nan_to_num(2.0 * values[rated] / top - 1.0), -1.0, 1.0)
        when = np.nan_to_num(times)
        order = np.lexsort((np.arange(len(when)), when, codes))
        starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(numbers)))]).astype(np.int64)
        latest = float(when.max(initial=0.0))
        return cls(numbers, starts, rows[order], kind_codes[order], weights[order], when[order], top, latest)

    def part(self, kept: npt.NDArray[np.bool_]) -> History:
        """Return the history of some of the events only; users keep their numbers."""
        counts = np.bincount(self.user_codes[kept], minlength=len(self.starts) - 1)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        latest = float(self.times[kept].max(initial=0.0))
        columns = (self.rows[kept], self.kinds[kept], self.weights[kept], self.times[kept])
        return replace(
            self, starts=starts, rows=columns[0], kinds=columns[1], weights=columns[2], times=columns[3], latest=latest
        )

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("starts", "rows", "kinds", "weights", "times"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        meta = {"users": list(self.users), "top": self.top, "latest": self.latest}
        (folder / "history.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> History:
        """Memory-map what ``save`` wrote."""
        meta = json.loads((folder / "history.json").read_text(encoding="utf-8"))
        names = ("starts", "rows", "kinds", "weights", "times")
        arrays = {name: mapped(folder / f"{name}.npy") for name in names}
        users = {user: code for code, user in enumerate(meta["users"])}
        return cls(users=users, top=meta["top"], latest=meta["latest"], **arrays)

    def events(self, user: str) -> list[Event]:
        """Return a user's events, oldest first."""
        code = self.users.get(user)
        if code is None:
            return []
        part = slice(int(self.starts[code]), int(self.starts[code + 1]))
        columns = (self.rows[part], self.kinds[part], self.weights[part], self.times[part])
        return [
            Event(int(row), KINDS[kind], float(weight), float(time))
            for row, kind, weight, time in zip(*(column.tolist() for column in columns), strict=True)
        ]

    @property
    def user_codes(self) -> npt.NDArray[np.int64]:
        """Return the user's number for every event."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def faded(self) -> npt.NDArray[np.float32]:
        """Return every event's weight after fading towards the newest event of all."""
        age = np.where(self.times > 0, self.latest - self.times, 0.0) / DAY
        return np.asarray(self.weights * np.exp2(-age / HALF_LIFE_DAYS), dtype=np.float32)


class EventOverlay:
    """Events recorded while serving, by user; kept by item id, so that a new index can take over."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Read which users asked to be forgotten from ``folder``."""
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[str, tuple[Interaction, ...]] = {}
        self._seen: set[str] = set()
        self._path = folder / "forgotten.json"
        self._forgotten: frozenset[str] = frozenset(
            json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else ()
        )

    def record(self, interactions: Sequence[Interaction]) -> int:
        """Add events (those with a known ``event_id`` are left out) and return how many were new."""
        added = 0
        with self._lock:
            for event in interactions:
                if event.event is EventKind.IMPRESSION or (event.event_id and event.event_id in self._seen):
                    continue
                if event.event_id:
                    self._seen.add(event.event_id)
                if event.time is None:
                    event = replace(event, time=datetime.fromtimestamp(self._clock(), UTC))
                self._events[event.user_id] = (*self._events.get(event.user_id, ()), event)[-MAX_OVERLAY:]
                added += 1
        return added

    def of(self, user: UserId) -> tuple[Interaction, ...]:
        """Return a user's recorded events in the order of arrival."""
        return self._events.get(user, ())

    def forget(self, user: UserId) -> None:
        """Drop a user's events and leave those of the index out from now on, also after a restart."""
        with self._lock:
            self._events.pop(user, None)
            self._forgotten |= {digest(user)}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".part")
            draft.write_text(json.dumps(sorted(self._forgotten)), encoding="utf-8")
            draft.replace(self._path)

    def forgot(self, user: UserId) -> bool:
        """Return whether a user asked to be forgotten."""
        return bool(self._forgotten) and digest(user) in self._forgotten


def seconds(moment: datetime | None) -> float:
    """Return seconds since the epoch, 0 for no time; a time without a zone is UTC."""
    if moment is None:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def digest(user: str) -> str:
    """Return the hash that stands for a user where the id itself must not stand."""
    return hashlib.blake2b(user.encode("utf-8"), digest_size=12).hexdigest()


def items_of(events: Sequence[tuple[ItemId, EventKind]]) -> dict[ItemId, tuple[EventKind, ...]]:
    """Return the distinct kinds of events by item, in order."""
    found: dict[ItemId, tuple[EventKind, ...]] = {}
    for item, kind in events:
        if kind not in found.get(item, ()):
            found[item] = (*found.get(item, ()), kind)
    return found
