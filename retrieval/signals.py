"""What a query and its user say, brought to vectors and weighted items: the input of every source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.entities import EventKind, Interaction, Query
from core.ports import Vectors
from retrieval.collaborative import TasteOfUser
from retrieval.ease import WeighedUser
from retrieval.histories import DAY, HALF_LIFE_DAYS, Event, event_weight
from retrieval.opened import OpenIndex
from retrieval.paths import Paths
from retrieval.sequential import sequence

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SESSION_SECONDS = 6 * 3600.0
SESSION_WEIGHTS: Mapping[EventKind, float] = {
    EventKind.VIEW: 0.8,
    EventKind.CLICK: 0.9,
    EventKind.CART: 1.0,
    EventKind.PURCHASE: 0.5,
    EventKind.LIKE: 1.2,
    EventKind.DISLIKE: -1.2,
}
"""What an event of this very visit says of what is wanted now (a purchase: rather what goes with it than another)."""
SESSION_DECAY = 0.8
"""Each event counts so much of the next newer one."""
SESSION_ITEMS = 8
PROFILE_ITEMS = 12
PATH_ITEMS = 40
SELF = 0.9999
LEAST_SPREAD = 0.03
SQUASH = 3.0
"""A similarity so many deviations above that to any item counts tanh(1) = .76."""


@dataclass(frozen=True, slots=True)
class Taste:
    """Items with a weight in [-2, 2], the strongest first, and the event that weighs most in each."""

    rows: Rows
    weights: Floats
    kinds: tuple[EventKind, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int) -> Taste:
        """Return the strongest few."""
        return Taste(self.rows[:count], self.weights[:count], self.kinds[:count])


def _taste(weights: Mapping[int, float], kinds: Mapping[int, EventKind]) -> Taste:
    rows = sorted((row for row in weights if weights[row]), key=lambda row: (-abs(weights[row]), row))
    values = np.clip(np.array([weights[row] for row in rows], dtype=np.float32), -2.0, 2.0)
    return Taste(np.array(rows, dtype=np.int64), values, tuple(kinds[row] for row in rows))


def profile_taste(events: Sequence[Event], latest: float) -> Taste:
    """Return what a user's events say in the long run; they fade towards the newest event of the shop's log."""
    weights: dict[int, float] = {}
    strongest: dict[int, tuple[float, EventKind]] = {}
    for event in events:
        age = max(latest - event.time, 0.0) / DAY if event.time else 0.0
        weight = event.weight * 2.0 ** (-age / HALF_LIFE_DAYS)
        weights[event.row] = weights.get(event.row, 0.0) + weight
        strongest[event.row] = max(strongest.get(event.row, (-1.0, event.kind)), (abs(weight), event.kind))
    return _taste(weights, {row: kind for row, (_, kind) in strongest.items()})


def session_taste(index: OpenIndex, events: Sequence[tuple[Interaction, float]], query: Query, now: float) -> Taste:
    """Return what this visit's events and the query's own likes and dislikes say.

    Args:
        index: the opened index.
        events: the user's recorded events with their time, oldest first.
        query: its ``liked`` and ``disliked`` count as events of now.
        now: seconds since the epoch.
    """
    found: list[tuple[int, float, EventKind]] = []
    for ids, kind in ((query.liked, EventKind.LIKE), (query.disliked, EventKind.DISLIKE)):
        found.extend((row, SESSION_WEIGHTS[kind], kind) for row in index.rows(ids).tolist())
    strength = 1.0
    for event, time in reversed(events):
        if now - time > SESSION_SECONDS or not index.catalogue.has(event.item_id):
            continue
        top = index.history.top
        weight = SESSION_WEIGHTS.get(event.event, event_weight(event.event, event.value, top))
        found.append((index.catalogue.row(event.item_id), weight * strength, event.event))
        strength *= SESSION_DECAY
    weights: dict[int, float] = {}
    kinds: dict[int, EventKind] = {}
    for row, weight, kind in found:
        if abs(weight) > abs(weights.get(row, 0.0)):
            weights[row], kinds[row] = weight, kind
    return _taste(weights, kinds)


@dataclass
class Signals:
    """One request as the sources see it; lives for one request in one thread."""

    index: OpenIndex
    query: Query
    now: float
    text: Vectors | None
    """The query text's vector; None without a text that the encoder reads."""
    terms: Mapping[str, str]
    """The text's search terms and the words that they came from."""
    profile: Taste
    session: Taste
    anchors: Rows
    events: Sequence[Event] = ()
    """All events of the user, oldest first; empty when the query is not personal."""
    visitor: Floats | None = None
    """What the user's taste in another shop predicts of every item, where it carries over."""
    louder: Mapping[str, float] = field(default_factory=dict)
    """Source -> what online learning multiplies its weight by."""
    _cosines: tuple[Rows, Floats] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Stack every vector that items are compared to, and learn how similar each is to any item."""
        likes = (self.anchors, self.session.rows[:SESSION_ITEMS], self.profile.rows[:PROFILE_ITEMS])
        self._places = {row: place for place, row in enumerate(dict.fromkeys(np.concatenate(likes).tolist()))}
        vectors = self.index.vectors
        parts = [np.asarray(vectors[list(self._places)])] if self._places else []
        if self.text is not None:
            parts.append(self.text[None, :])
        self._stack = np.concatenate(parts) if parts else np.zeros((0, vectors.shape[1]), dtype=np.float32)
        usual = self.index.background @ self._stack.T
        # An item's likeness to itself says nothing of the others; in a small shop it would count for much.
        others = usual <= SELF
        count = np.maximum(np.count_nonzero(others, axis=0), 1)
        self._mean = np.asarray(np.where(others, usual, 0.0).sum(axis=0) / count, dtype=np.float32)
        away = np.where(others, usual - self._mean, 0.0)
        spread = np.sqrt((away * away).sum(axis=0) / count)
        self._spread = np.maximum(np.where(others.any(axis=0), spread, 1.0), LEAST_SPREAD).astype(np.float32)

    def nearness(self, rows: Rows) -> Floats:
        """Return in [-1, 1] how much nearer each item is to each stacked vector than items are in general.

        Shape (len(rows), stacked vectors); the text is the last column, if there is one.
        """
        if self._cosines is None or self._cosines[0] is not rows:
            vectors = self.index.vectors
            chosen = vectors[:] if len(rows) == len(vectors) else vectors[rows]
            found = (chosen @ self._stack.T - self._mean) / (self._spread * SQUASH)
            self._cosines = (rows, np.tanh(found, dtype=np.float32))
        return self._cosines[1]

    def text_nearness(self, rows: Rows) -> Floats:
        """Return the nearness to the query's text."""
        return self.nearness(rows)[:, -1]

    def item_nearness(self, rows: Rows, others: Rows) -> Floats:
        """Return the nearness of items to some of the stacked items; shape (len(rows), len(others))."""
        return self.nearness(rows)[:, [self._places[int(other)] for other in others]]

    def cosine(self, row: int) -> float:
        """Return the plain cosine of one item to the query's text; 0 without one."""
        return float(self.index.vectors[row] @ self.text) if self.text is not None else 0.0

    @cached_property
    def known(self) -> int:
        """How many items the user is known to like."""
        return int(np.count_nonzero(self.profile.weights > 0))

    @cached_property
    def folded(self) -> TasteOfUser | None:
        """The user as the collaborative model sees them; None when nothing is known of them."""
        model = self.index.collaborative
        return model.user(self.events, self.index.history.latest) if model is not None and self.events else None

    @cached_property
    def sequence(self) -> Rows:
        """The user's latest items in order, as far as the sequential model knows them; empty without one."""
        model = self.index.sequential
        if model is None:
            return np.zeros(0, dtype=np.int64)
        taken = dict.fromkeys(sequence(self.events).tolist())
        for row in self.index.rows(self.query.liked).tolist():
            taken.pop(row, None)
            taken[row] = None
        return model.known(np.array(list(taken), dtype=np.int64))

    @cached_property
    def foretold(self) -> Floats:
        """What comes next by the sequential model, for every item, before it is squashed."""
        model = self.index.sequential
        if model is None:
            return np.zeros(len(self.index.catalogue), dtype=np.float32)
        return np.asarray(model.predict(self.sequence[None, :])[0])

    @cached_property
    def foretold_without(self) -> Floats:
        """The same when each of the newest items had not been; shape (items left out, items), the newest last."""
        model = self.index.sequential
        return model.without(self.sequence) if model is not None else self.foretold[None, :][:0]

    @cached_property
    def towards(self) -> WeighedUser | None:
        """The user as the two towers see them; None without towers, or when nothing is known of the user."""
        towers = self.index.towers
        return towers.user(self.events, self.index.history.latest) if towers is not None and self.events else None

    @cached_property
    def paths(self) -> Paths:
        """Where the shop's relations lead from the user's items."""
        seeds: dict[int, float] = {}
        for taste in (self.session, self.profile.first(PATH_ITEMS)):
            for row, weight in zip(taste.rows.tolist(), taste.weights.tolist(), strict=True):
                if weight > 0:
                    seeds[row] = max(seeds.get(row, 0.0), min(1.0, weight))
        steps = self.index.shop.rules.path_steps
        return Paths(self.index.graph, seeds, steps, self.index.likenesses if steps > 1 else None)

    @cached_property
    def lexical(self) -> Floats:
        """The BM25 score of every item."""
        return self.index.lexical.scores(self.terms)
