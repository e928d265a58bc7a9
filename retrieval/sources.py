"""The sources of candidates and scores, under one contract.

Every score is calibrated to one scale, so that the fusion's weights mean the same in every shop: 0 says nothing, 1 is
as strong as the source ever gets, negative speaks against an item.

- *semantic* and the likenesses (*anchor*, *session*, *profile*): a cosine counts by how many standard deviations it
  lies above the cosine to any item of the shop (estimated on a fixed sample), squashed by tanh: encoders and shops
  differ in what a cosine of .5 means, deviations do not.
- *lexical*: the share of the question's information (idf) that the item's text holds.
- *collaborative*, *sequential*, *towers*: the predicted preference, .76 being the level of what users really took.
- *popularity*, *quality*, *new*: percentiles and fading shares.
- *price*: nearness to the price level that the user pays.
- *graph*: near 1 for one step from the item that the user has and wants most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from retrieval.signals import PROFILE_ITEMS, SESSION_ITEMS, Rows, Signals, Taste

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
PAID_ITEMS = 40
PAID_AT_LEAST = 3
LOUD = 2.0
"""Weighted items of a taste that count in full together; of more, each counts less."""
TOGETHER = 0.6
"""What a cosine between the users of two items adds to the likeness of their texts."""


@runtime_checkable
class Retriever(Protocol):
    """A source: proposes candidates, and scores any items for one request."""

    @property
    def name(self) -> str:
        """The key in ``shop.weights`` and in ``Recommendation.parts``."""
        ...

    def active(self, signals: Signals) -> bool:
        """Return whether this source has anything to say of the request."""
        ...

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return at most about ``k`` rows within the mask that this source would propose, the best first."""
        ...

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return one calibrated score in [-1, 1] for each of the rows."""
        ...


def best(scores: Floats, k: int, mask: Mask) -> Rows:
    """Return the rows of the ``k`` highest positive scores within a mask, highest first, ties by row."""
    rows = np.flatnonzero(mask & (scores > 0))
    if len(rows) > k:
        rows = np.sort(rows[np.argpartition(-scores[rows], k)[:k]])
    return rows[np.argsort(-scores[rows], kind="stable")]


def first(order: Rows, scores: Floats, k: int, mask: Mask) -> Rows:
    """Return what ``best`` returns, from all rows in order of their scores: it is read until ``k`` are found."""
    found: list[Rows] = []
    count, start, length = 0, 0, 4 * k
    while count < k and start < len(order):
        part = order[start : start + length]
        part = part[mask[part] & (scores[part] > 0)]
        found.append(part)
        count, start, length = count + len(part), start + length, length * 4
    return np.concatenate(found)[:k] if found else order[:0]


class Semantic:
    """The meaning of the query's text, by the encoder and the index's search for what is near."""

    name = "semantic"

    def active(self, signals: Signals) -> bool:
        """Return whether there is a text that the encoder reads."""
        return signals.text is not None

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the nearest items."""
        text = signals.text
        return signals.index.nearest(text, k, mask) if text is not None else np.zeros(0, dtype=np.int64)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the calibrated nearness to the text."""
        return signals.text_nearness(rows)


class Lexical:
    """The words of the query's text, by BM25."""

    name = "lexical"

    def active(self, signals: Signals) -> bool:
        """Return whether the text has search terms."""
        return bool(signals.terms)

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the items that hold most of the words."""
        return best(signals.lexical, k, mask)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the share of the text's information that each item holds."""
        return signals.lexical[rows]


class Collaborative:
    """What users with this user's tastes took, by EASE or ALS with fold-in."""

    name = "collaborative"

    def active(self, signals: Signals) -> bool:
        """Return whether the user has a positive event and something was learned."""
        return signals.folded is not None

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the items with the highest predicted preference."""
        model, user = signals.index.collaborative, signals.folded
        return best(model.scores(user), k, mask) if model and user else np.zeros(0, dtype=np.int64)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the predicted preferences."""
        model, user = signals.index.collaborative, signals.folded
        return model.scores(user, rows) if model and user else np.zeros(len(rows), dtype=np.float32)


class Sequential:
    """What users go on to after the user's latest items, in their order, by the sequential model."""

    name = "sequential"

    def active(self, signals: Signals) -> bool:
        """Return whether there is a model, and an item to go on from."""
        return len(signals.sequence) > 0

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return what most likely comes next."""
        return best(signals.foretold, k, mask)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return how likely each comes next."""
        return np.asarray(np.tanh(signals.foretold[rows]), dtype=np.float32)


class TwoTowers:
    """What the user's texts lead to, by the learned projections of both sides."""

    name = "towers"

    def active(self, signals: Signals) -> bool:
        """Return whether there are towers and something is known of the user."""
        return signals.towards is not None

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the items nearest to the user."""
        return best(self.scores(signals, np.arange(len(mask))), k, mask)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the predicted preferences."""
        towers, user = signals.index.towers, signals.towards
        return towers.scores(user, rows) if towers and user else np.zeros(len(rows), dtype=np.float32)


@dataclass(frozen=True)
class Likeness:
    """How much an item resembles weighted items, in text and in who takes it; an item resembles itself most."""

    name: str
    pick: Callable[[Signals], Taste]

    def active(self, signals: Signals) -> bool:
        """Return whether there are items to resemble."""
        return len(self.pick(signals)) > 0

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return what lies near the strongest items, and what the same users took."""
        index, taste = signals.index, self.pick(signals)
        liked = taste.weights > 0
        if not liked.any():
            return np.zeros(0, dtype=np.int64)
        rows, weights = taste.rows[liked], taste.weights[liked]
        centre = weights @ index.vectors[rows]
        found = [rows, index.nearest(centre / max(float(np.linalg.norm(centre)), 1e-6), k, mask)]
        if index.collaborative is not None:
            found.extend(index.collaborative.neighbours(int(row))[0].astype(np.int64) for row in rows[:4])
        merged = np.array(list(dict.fromkeys(np.concatenate(found).tolist())), dtype=np.int64)
        return merged[mask[merged]][:k]

    def shares(self, signals: Signals, rows: Rows) -> Floats:
        """Return what each of the items adds, before squashing; shape (len(rows), items)."""
        index, taste = signals.index, self.pick(signals)
        near = np.maximum(signals.item_nearness(rows, taste.rows), 0.0)
        near[rows[:, None] == taste.rows[None, :]] = 1.0
        if index.collaborative is not None:
            for place, row in enumerate(taste.rows.tolist()):
                near[:, place] += TOGETHER * index.collaborative.similarities(row, rows)
        # A long history is no louder than a short one: its items share what can be said.
        loudness = max(1.0, float(np.abs(taste.weights).sum()) / LOUD)
        return np.asarray(near * (taste.weights / loudness), dtype=np.float32)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the squashed sum over the items: resembling one of them is enough."""
        return np.asarray(np.tanh(self.shares(signals, rows).sum(axis=1)), dtype=np.float32)


def _anchors(signals: Signals) -> Taste:
    return Taste(signals.anchors, np.ones(len(signals.anchors), dtype=np.float32))


class Graph:
    """Along the shop's relations from what the user has, likes or looks at."""

    name = "graph"

    def active(self, signals: Signals) -> bool:
        """Return whether the user's items have relations."""
        return bool(signals.paths)

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return what is related to the user's items, the strongest first."""
        rows, strengths = signals.paths.reached
        fits = mask[rows]
        return rows[fits][np.argsort(-strengths[fits], kind="stable")][:k]

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the strength with which paths lead to each item."""
        return signals.paths.scores(rows)


class PriceFit:
    """How near an item's price level (over its category's median) is to what the user pays elsewhere."""

    name = "price"

    def active(self, signals: Signals) -> bool:
        """Return whether enough is known of what the user pays."""
        return self._level(signals) is not None

    def _level(self, signals: Signals) -> tuple[float, float] | None:
        """Return the mean and the tolerance of the user's log price levels."""
        rows = signals.profile.rows[signals.profile.weights > 0][:PAID_ITEMS]
        levels = signals.index.relative_prices[rows]
        levels = levels[~np.isnan(levels)]
        return (float(levels.mean()), max(float(levels.std()), 0.25)) if len(levels) >= PAID_AT_LEAST else None

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Propose nothing: a price alone is no reason."""
        return np.zeros(0, dtype=np.int64)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return 1 at the user's level, falling to -1 far from it; 0 without a price."""
        level = self._level(signals)
        if level is None:
            return np.zeros(len(rows), dtype=np.float32)
        away = (signals.index.relative_prices[rows] - level[0]) / level[1]
        return np.asarray(np.nan_to_num(2.0 * np.exp(-0.5 * away**2) - 1.0), dtype=np.float32)


class Carried:
    """What the user's taste in another shop predicts."""

    name = "carried"

    def active(self, signals: Signals) -> bool:
        """Return whether a taste carries over."""
        return signals.visitor is not None

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the items with the highest prediction."""
        return best(signals.visitor, k, mask) if signals.visitor is not None else np.zeros(0, dtype=np.int64)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the predictions."""
        return signals.visitor[rows] if signals.visitor is not None else np.zeros(len(rows), dtype=np.float32)


@dataclass(frozen=True)
class Static:
    """A score that every item has by itself."""

    name: str
    values: Callable[[Signals], Floats]
    order: Callable[[Signals], Rows] | None = None
    """All rows, the highest first, where that is kept: nothing is sorted at a question then."""

    def active(self, signals: Signals) -> bool:
        """Return whether any item has a score."""
        return bool(self.values(signals).any())

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the highest."""
        values = self.values(signals)
        return best(values, k, mask) if self.order is None else first(self.order(signals), values, k, mask)

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return the items' own scores."""
        return np.asarray(self.values(signals)[rows], dtype=np.float32)


class Imagined:
    """What a model imagined as the ideal items for a request, as far as the catalogue has the like."""

    name = "generated"

    def active(self, signals: Signals) -> bool:
        """Return whether a model imagined anything."""
        return any(signals.index.catalogue.has(item_id) for item_id in signals.query.imagined)

    def top(self, signals: Signals, k: int, mask: Mask) -> Rows:
        """Return the imagined items that fit."""
        rows = self._rows(signals)
        return rows[mask[rows]][:k]

    def scores(self, signals: Signals, rows: Rows) -> Floats:
        """Return 1 for the first one, less for those after it, 0 for all others."""
        places = {int(row): place for place, row in enumerate(self._rows(signals))}
        values = [1.0 / (1.0 + 0.15 * places[row]) if row in places else 0.0 for row in rows.tolist()]
        return np.array(values, dtype=np.float32)

    def _rows(self, signals: Signals) -> Rows:
        catalogue = signals.index.catalogue
        return np.array([catalogue.row(key) for key in signals.query.imagined if catalogue.has(key)], dtype=np.int64)


SEMANTIC = Semantic()
LEXICAL = Lexical()
COLLABORATIVE = Collaborative()
SEQUENTIAL = Sequential()
TOWERS = TwoTowers()
ANCHOR = Likeness("anchor", _anchors)
SESSION = Likeness("session", lambda signals: signals.session.first(SESSION_ITEMS))
PROFILE = Likeness("profile", lambda signals: signals.profile.first(PROFILE_ITEMS))
GRAPH = Graph()
PRICE = PriceFit()
POPULARITY = Static("popularity", lambda signals: signals.index.popularity, lambda signals: signals.index.by_popularity)
QUALITY = Static("quality", lambda signals: signals.index.quality, lambda signals: signals.index.by_quality)
GENERATED = Imagined()
CARRIED = Carried()
NEW = Static("new", lambda signals: signals.index.novelty(signals.now))
SOURCES: tuple[Retriever, ...] = (
    SEMANTIC, LEXICAL, COLLABORATIVE, ANCHOR, SESSION, PROFILE, GRAPH, POPULARITY, QUALITY, PRICE, NEW,
    GENERATED, SEQUENTIAL, TOWERS, CARRIED,
)  # fmt: skip
