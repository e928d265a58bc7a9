"""Learning online: how loud each source is follows from what is done with what was shown.

The model is the fusion's own: an item is taken with the probability σ(bias + scale · Σ (1 + δ) · part), the parts being
those that were logged beside each impression, less their mean over the turn (only what tells the items of a turn apart
can teach). δ is 0 before any feedback: then the shop's weights stand as they are. FTRL-proximal (McMahan et al.,
KDD 2013) fits it, one impression at a time.

**Position.** A place is looked at with the probability e(k) = k^-FADING, and an item that exploration put there with
the propensity that was logged. The logistic loss's gradient is (p - y) · x; with y / (e · propensity), clipped, in y's
place it is that of the items' own appeal (inverse propensity weighting: Joachims et al., WSDM 2017), so that the first
place does not teach by being first. It is applied in two steps, since it is a sum: p · x when the item is shown,
- y / e · x when feedback comes, however late.

**Bounds.** One event moves no δ by more than STEP. One account moves none by more than ACCOUNT a day, in sum, whatever
it does, and of its events only the first EVENTS a day count at all. δ stays within BOUND. Only named accounts teach.

The learner follows the event log in the background, by row: nothing is learned twice, also after a crash, since the
state (JSON, replaced in one step) holds the rows that were read.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import logging
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.entities import EventKind, Interaction
from core.errors import StorageError
from storage.events import EventLog, Impression

_log = logging.getLogger(__name__)
FILE, VERSION = "online.json", 1
SCALE = 4.0
"""What a whole unit of score is worth in log odds, before it is learned."""
FADING = 0.5
RATE, DAMPING, RIDGE = 0.05, 1.0, 1.0
"""FTRL's α, β and λ₂; the ridge draws δ to 0, which is the shop's own weights."""
MOST_WEIGHT = 4.0
STEP, ACCOUNT, BOUND = 0.005, 0.02, 0.5
BIAS, WORTH = "", "*"
"""The usual log odds, and by how much SCALE is off. Neither touches the order: without them, that shoppers are harder
to please than the model thinks would quieten every source."""
FREE = {BIAS: 4.0, WORTH: 0.9}
"""Their bounds; they move FREER times as fast as the sources' δ."""
FREER = 10.0
EVENTS = 60
DAY = 86_400.0
PAGE = 2000
PENDING = 20_000
COUNTED = 50_000
"""Items whose impressions are counted; those seen most go first: they are not new."""
REWARDS: Mapping[EventKind, float] = {
    EventKind.VIEW: 0.3,
    EventKind.CLICK: 0.3,
    EventKind.CART: 0.7,
    EventKind.LIKE: 0.7,
    EventKind.PURCHASE: 1.0,
    EventKind.DISLIKE: -0.5,
}


def examined(position: int) -> float:
    """Return the probability that a place is looked at; positions count from 1."""
    return float(max(position, 1) ** -FADING)


@dataclass
class _Account:
    """What an account did to the state today."""

    events: int = 0
    moved: dict[str, float] = field(default_factory=dict)
    items: dict[str, float] = field(default_factory=dict)
    """Item -> the most that was counted as taken; 0 for shown."""


@dataclass
class _Shown:
    """An impression that feedback may still come for."""

    parts: Mapping[str, float]
    weight: float
    """1 / (e(k) · propensity), clipped."""
    credited: float = 0.0


class OnlineLearner:
    """Learns factors for the fusion's weights, and counts what came of showing each item. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Take up the state under a folder; one that cannot be read is begun anew, with a line in the log."""
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._weights: dict[str, float] = {}
        self._squares: dict[str, float] = {}
        self._cursors = [0, 0]
        self._day = 0
        self._accounts: dict[str, _Account] = {}
        self._counts: dict[str, list[float]] = {}
        self._pending: OrderedDict[tuple[str, str], _Shown] = OrderedDict()
        self._fresh = True
        self.factors: Mapping[str, float] = MappingProxyType({})
        """Source -> what its weight is multiplied by, in [1 - BOUND, 1 + BOUND]; replaced as a whole."""
        self._load()

    def counts(self, item_id: str) -> tuple[float, float]:
        """Return how often an item was shown, and how much of that was taken, by accounts and days."""
        shown, taken = self._counts.get(item_id, (0.0, 0.0))
        return shown, taken

    def advance(self, log: EventLog) -> bool:
        """Learn from what was logged since the last call, and keep the state; return whether there was anything.

        A log that cannot be read, or a state that cannot be written, is told in the log: nobody's service waits for it.
        """
        with self._lock:
            try:
                return self._advance(log)
            except (StorageError, OSError) as fault:
                _log.warning("online learning waits, what was learned before is served on: %s", fault)
                return False

    def _advance(self, log: EventLog) -> bool:
        if self._fresh:  # feedback on what was shown before a restart still finds it
            self._fresh = False
            page = log.impressions_since(max(0, self._cursors[0] - PAGE), PAGE) if self._cursors[0] else ()
            for turn in _whole(page, self._cursors[0]):
                for entry, parts in _told_apart(turn):
                    self._remember(entry, parts)
        any_read = False
        # In the order of time: what was done yesterday counts as yesterday's.
        for _, found in heapq.merge(self._shown(log), self._feedback(log), key=lambda pair: pair[0]):
            any_read = True
            if isinstance(found, list):
                self._turn(found)
                self._cursors[0] = found[-1].rowid
            else:
                self._event(found[1])
                self._cursors[1] = found[0]
        if any_read:
            self.factors = _factors(self._weights)
            self._save()
        return any_read

    def forget(self, user_id: str) -> None:
        """Drop what a user was shown and took; that their day's influence is spent stays, until tomorrow."""
        key = _digest(user_id)
        with self._lock:
            for pair in [pair for pair in self._pending if pair[0] == key]:
                del self._pending[pair]
            account = self._accounts.get(key)
            if account is not None:
                account.items.clear()
                # Nothing more today: who is forgotten again and again would count anew each time.
                account.events = EVENTS
                self._save()

    # -- reading the log -----------------------------------------------------------------------------------------------

    def _shown(self, log: EventLog) -> Iterator[tuple[float, list[Impression] | tuple[int, Interaction]]]:
        """Yield the turns since the last call, with their time."""
        last = self._cursors[0]
        while page := log.impressions_since(last, PAGE):
            for turn in _turns(page):
                last = turn[-1].rowid
                yield turn[0].time.timestamp(), turn

    def _feedback(self, log: EventLog) -> Iterator[tuple[float, list[Impression] | tuple[int, Interaction]]]:
        """Yield what was done since the last call, with its row and time."""
        last = self._cursors[1]
        while page := log.since(last, PAGE):
            for rowid, event in page:
                last = rowid
                yield event.time.timestamp() if event.time else 0.0, (rowid, event)

    def _turn(self, turn: Sequence[Impression]) -> None:
        """Learn that the items of a turn were shown."""
        for entry, parts in _told_apart(turn):
            if entry.user_id is None:
                continue
            self._remember(entry, parts)
            # The days go by the server's own clock; times of events are the clients'.
            account = self._account(entry.user_id, int(entry.time.timestamp() // DAY))
            if self._counts_for(account):
                self._count(account, str(entry.item_id), 0.0)
                self._move(account, parts, self._expected(parts))

    def _event(self, event: Interaction) -> None:
        """Learn what was done with an item that had been shown to the same account."""
        shown = self._pending.get((_digest(event.user_id), str(event.item_id)))
        reward = REWARDS.get(event.event, 0.0)
        if event.event is EventKind.RATING and event.value is not None:
            reward = max(-0.5, min(1.0, event.value / 2.5 - 1.0))
        if shown is None or not reward:
            return
        # Of a click and the purchase that follows, only what the purchase adds counts.
        credit = reward - shown.credited if reward > 0 else min(reward - shown.credited, 0.0)
        if (reward > 0 and credit <= 0) or not credit:
            return
        account = self._account(event.user_id)
        if self._counts_for(account):
            shown.credited += credit
            self._count(account, str(event.item_id), max(reward, 0.0))
            self._move(account, shown.parts, -credit * shown.weight)

    def _remember(self, entry: Impression, parts: Mapping[str, float]) -> None:
        if entry.user_id is None:
            return
        chance = examined(entry.position) * (entry.propensity if entry.propensity else 1.0)
        shown = _Shown(parts, min(1.0 / max(chance, 1e-6), MOST_WEIGHT))
        self._pending[_digest(entry.user_id), str(entry.item_id)] = shown
        while len(self._pending) > PENDING:
            self._pending.popitem(last=False)

    # -- accounts ------------------------------------------------------------------------------------------------------

    def _account(self, user: str, day: int = 0) -> _Account:
        if day > self._day:
            self._day, self._accounts = day, {}
        return self._accounts.setdefault(_digest(user), _Account())

    def _counts_for(self, account: _Account) -> bool:
        account.events += 1
        return account.events <= EVENTS

    def _count(self, account: _Account, item: str, taken: float) -> None:
        """Count an item as shown once an account and day, and as taken at most once."""
        counts = self._counts.setdefault(item, [0.0, 0.0])
        if item not in account.items:
            counts[0] += 1.0
        more = max(taken - account.items.get(item, 0.0), 0.0)
        counts[1] += more
        account.items[item] = account.items.get(item, 0.0) + more
        if len(self._counts) > COUNTED:
            del self._counts[max(self._counts, key=lambda one: self._counts[one][0])]

    # -- the model -----------------------------------------------------------------------------------------------------

    def _score(self, parts: Mapping[str, float]) -> float:
        return sum((1.0 + self._weights.get(name, 0.0)) * value for name, value in parts.items())

    def _scale(self) -> float:
        return SCALE * (1.0 + self._weights.get(WORTH, 0.0))

    def _expected(self, parts: Mapping[str, float]) -> float:
        odds = self._weights.get(BIAS, 0.0) + self._scale() * self._score(parts)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))

    def _move(self, account: _Account, parts: Mapping[str, float], slope: float) -> None:
        """Take one bounded FTRL step; ``slope`` is the loss's derivative by the log odds."""
        scale = self._scale()
        inputs = {BIAS: 1.0, WORTH: SCALE * self._score(parts), **{name: scale * v for name, v in parts.items()}}
        for name, value in inputs.items():
            gradient = slope * value
            if not gradient or not math.isfinite(gradient):
                continue
            freer = FREER if name in FREE else 1.0
            old, squares = self._weights.get(name, 0.0), self._squares.get(name, 0.0) + gradient * gradient
            # z follows from w, so that what was bounded is what is kept; FTRL's step is then - g / (by n and λ₂).
            change = _within(-gradient / ((DAMPING + math.sqrt(squares)) / RATE + RIDGE), freer * STEP)
            moved = account.moved.get(name, 0.0)
            new = _within(old + _within(moved + change, freer * ACCOUNT) - moved, FREE.get(name, BOUND))
            account.moved[name] = moved + new - old
            self._weights[name], self._squares[name] = new, squares

    # -- the state -----------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        accounts = {key: [one.events, one.moved, one.items] for key, one in self._accounts.items()}
        state = {
            "version": VERSION, "cursors": self._cursors, "weights": self._weights, "squares": self._squares,
            "day": self._day, "accounts": accounts, "counts": self._counts,
        }  # fmt: skip
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(f".{os.getpid()}.part")
        draft.write_text(json.dumps(state), encoding="utf-8")
        draft.replace(self._path)

    def _load(self) -> None:
        if not self._path.exists():
            return
        try:
            self._take(json.loads(self._path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            _log.warning("%s cannot be read (%s): learning begins anew", self._path, fault)
            self._weights, self._squares, self._counts, self._accounts = {}, {}, {}, {}
            self._cursors = [0, 0]

    def _take(self, state: Mapping[str, Any]) -> None:
        if state["version"] != VERSION:
            raise ValueError(f"version {state['version']}, not {VERSION}")
        self._cursors = [int(state["cursors"][0]), int(state["cursors"][1])]
        self._weights = {str(n): _within(float(w), FREE.get(n, BOUND)) for n, w in state["weights"].items()}
        self._squares = {str(name): max(float(value), 0.0) for name, value in state["squares"].items()}
        self._day = int(state["day"])
        self._accounts = {str(key): _Account(*one) for key, one in state["accounts"].items()}
        self._counts = {str(item): [float(both[0]), float(both[1])] for item, both in state["counts"].items()}
        self.factors = _factors(self._weights)


def _factors(weights: Mapping[str, float]) -> Mapping[str, float]:
    return MappingProxyType({name: 1.0 + weight for name, weight in weights.items() if name not in FREE})


def _turns(page: Sequence[Impression]) -> Iterator[list[Impression]]:
    """Yield the turns of a page whole: the last one of a full page may go on in the next."""
    found = [list(turn) for _, turn in groupby(page, key=lambda entry: entry.turn_id)]
    yield from found[:-1] if len(page) == PAGE and len(found) > 1 else found


def _whole(page: Sequence[Impression], last: int) -> Iterator[list[Impression]]:
    """Yield the turns up to a row."""
    known = [entry for entry in page if entry.rowid <= last]
    yield from (list(turn) for _, turn in groupby(known, key=lambda entry: entry.turn_id))


def _told_apart(turn: Sequence[Impression]) -> Iterator[tuple[Impression, dict[str, float]]]:
    """Yield the items of a turn with their parts, less the turn's means."""
    names = {name for entry in turn for name in entry.parts}
    means = {name: sum(entry.parts.get(name, 0.0) for entry in turn) / len(turn) for name in names}
    for entry in turn:
        yield entry, {name: entry.parts.get(name, 0.0) - means[name] for name in names}


def _within(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))


def _digest(user: str) -> str:
    return hashlib.blake2b(user.encode("utf-8"), digest_size=12).hexdigest()
