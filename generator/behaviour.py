"""Simulates what customers do: the generative model of ``interactions.csv`` (generator/README.md describes it).

A visit is (customer, category, time). The customer sees a consideration set drawn by popularity, values each item by
``taste . features - price sensitivity * log price + Gumbel noise``, views the best few, clicks some, and may put the
best one into the cart, buy it, rate it and like it. Buying leads to companion visits (a camera: a lens of its mount).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.customers import People
from generator.features import Shelf
from generator.tables import read_table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

START = np.datetime64("2025-05-16T00:00:00", "s")
DAYS = 549
NOW = DAYS * 86400 - 4 * 3600
"""The log's last moment, in seconds since ``START``: 15 November 2026, 20:00."""
KINDS = ("view", "click", "cart", "purchase", "rating", "like", "dislike")
_SEEN = 24
_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Log:
    """Events as parallel columns, sorted by time."""

    user: Ints
    item: Ints
    kind: Ints
    """Index into ``KINDS``."""
    value: Floats
    """Stars for a rating, pieces for a purchase, NaN otherwise."""
    second: Ints
    """Seconds since the first day."""

    def times(self) -> NDArray[np.datetime64]:
        """Return each event's date and time of day."""
        return START + self.second.astype("timedelta64[s]")

    def of(self, kind: str) -> Log:
        """Return the events of one kind."""
        chosen = self.kind == KINDS.index(kind)
        return Log(self.user[chosen], self.item[chosen], self.kind[chosen], self.value[chosen], self.second[chosen])


@dataclass(frozen=True, slots=True)
class _Visits:
    user: Ints
    category: Ints
    second: Ints
    mount: Ints
    """What an item must fit (a lens mount), or -1."""


def simulate(shelf: Shelf, people: People, visits: int, rng: np.random.Generator) -> Log:
    """Draw about ``visits`` visits and what they lead to."""
    first = _plan(shelf, people, visits, rng)
    columns = _browse(shelf, people, first, rng)
    bought = columns[:, 2] == KINDS.index("purchase")
    second = _companions(shelf, columns[bought], rng)
    columns = np.concatenate([columns, _browse(shelf, people, second, rng)])
    columns = _once(shelf, columns)
    columns = np.concatenate([columns, _opinions(shelf, people, columns, rng)])
    columns = columns[(columns[:, 4] >= 0) & (columns[:, 4] <= NOW)]
    columns = columns[np.lexsort((columns[:, 2], columns[:, 1], columns[:, 0], columns[:, 4]))]
    whole = columns[:, [0, 1, 2, 4]].astype(np.int64)
    return Log(whole[:, 0], whole[:, 1], whole[:, 2], columns[:, 3], whole[:, 3])


def _plan(shelf: Shelf, people: People, visits: int, rng: np.random.Generator) -> _Visits:
    """Draw who comes when, and what for: busy customers, seasons by month, weekends and evenings."""
    day_dates = START.astype("datetime64[D]") + np.arange(DAYS)
    months = day_dates.astype("datetime64[M]").astype(int) % 12
    weekend = np.where((day_dates.astype(int) + 3) % 7 >= 5, 1.35, 1.0)
    weights = np.asarray(read_table("tastes")["season"])[months] * weekend * np.linspace(0.75, 1.2, DAYS)
    user = rng.choice(len(people.ids), visits, p=people.activity / people.activity.sum())
    day = rng.choice(DAYS, visits, p=weights / weights.sum())
    hours = np.clip(
        np.where(rng.random(visits) < 0.62, rng.normal(20, 1.8, visits), rng.normal(12.5, 2.6, visits)), 6, 23.6
    )
    interest = people.interests[user] * shelf.season[:, months[day]].T
    ladder = np.cumsum(interest, axis=1)
    category = (ladder < rng.random(visits)[:, None] * ladder[:, -1:]).sum(axis=1)
    second = day * 86400 + (hours * 3600).astype(np.int64) + rng.integers(0, 60, visits)
    return _Visits(user, category, second, np.full(visits, -1))


def _browse(shelf: Shelf, people: People, visits: _Visits, rng: np.random.Generator) -> Floats:
    """Return the rows (user, item, kind, value, second) of all visits."""
    rows = [np.empty((0, 5))]
    for category in range(len(shelf.season)):
        chosen = np.flatnonzero(visits.category == category)
        for part in np.array_split(chosen, max(1, len(chosen) // 4000)):
            if len(part):
                rows.append(_visit(shelf, people, visits, part, category, rng))
    return np.concatenate(rows)


def _visit(
    shelf: Shelf, people: People, visits: _Visits, part: Ints, category: int, rng: np.random.Generator
) -> Floats:
    pool = shelf.members[category]
    chances = shelf.popularity[pool]
    seen = pool[np.searchsorted(np.cumsum(chances) / chances.sum(), rng.random((len(part), _SEEN)) * 0.999999)]
    user, second = visits.user[part], visits.second[part]
    utility = np.einsum("sf,scf->sc", people.tastes[user], shelf.features[seen])
    gone = shelf.released[seen] > second[:, None] / 86400
    mount = visits.mount[part][:, None]
    gone |= (mount >= 0) & (shelf.mount[seen] != mount)
    utility = np.where(gone, -1e9, utility + rng.gumbel(0, 0.9, seen.shape))
    order = np.argsort(-utility, axis=1, kind="stable")[:, :_SHOWN]
    items, utility = np.take_along_axis(seen, order, 1), np.take_along_axis(utility, order, 1)
    viewed = (np.arange(_SHOWN) < 1 + rng.poisson(1.7, len(part))[:, None]) & (utility > -1e8)
    viewed[:, 1:] &= items[:, 1:] != items[:, :-1]
    clicked = viewed & (rng.random(viewed.shape) < 0.45)
    wanted = 1 / (1 + np.exp(3.2 - np.maximum(utility[:, 0], -50.0)))
    carted = viewed[:, 0] & (rng.random(len(part)) < wanted * 0.8)
    clicked[:, 0] |= carted
    bought = carted & (rng.random(len(part)) < 0.8)
    starts = second[:, None] + np.cumsum(rng.integers(20, 200, viewed.shape), axis=1)
    rows = []
    for kind, mask, delay in ((0, viewed, 0), (1, clicked, 9), (2, carted, 700), (3, bought, 900)):
        where = np.nonzero(mask)
        column = where[1] if len(where) == 2 else np.zeros(len(where[0]), dtype=np.int64)
        value = np.full(len(where[0]), 1.0 if kind == 3 else np.nan)
        at = (second if kind > 1 else starts[where])[where[0]] if kind > 1 else starts[where]
        rows.append(
            np.column_stack([user[where[0]], items[where[0], column], np.full(len(value), kind), value, at + delay])
        )
    return np.concatenate(rows)


def _companions(shelf: Shelf, bought: Floats, rng: np.random.Generator) -> _Visits:
    """Plan the visits that a purchase leads to; half of them at once, the others within three weeks."""
    lucky = bought[rng.random(len(bought)) < 0.4]
    item = lucky[:, 1].astype(np.int64)
    weights = shelf.companions[shelf.category[item]]
    lucky, item, weights = lucky[weights.sum(1) > 0], item[weights.sum(1) > 0], weights[weights.sum(1) > 0]
    ladder = np.cumsum(weights, axis=1)
    category = (ladder < rng.random(len(ladder))[:, None] * ladder[:, -1:]).sum(axis=1)
    later = np.where(rng.random(len(item)) < 0.5, -600, rng.integers(86400, 21 * 86400, len(item)))
    mount = np.where(category == shelf.fitted, shelf.mount[item], -1)
    return _Visits(lucky[:, 0].astype(np.int64), category, lucky[:, 4].astype(np.int64) + later, mount)


def _once(shelf: Shelf, columns: Floats) -> Floats:
    """Drop a second purchase of the same group by one customer: these things last."""
    bought = np.flatnonzero(columns[:, 2] == KINDS.index("purchase"))
    bought = bought[np.argsort(columns[bought, 4], kind="stable")]
    pairs = (
        columns[bought, 0].astype(np.int64) * (int(shelf.group.max()) + 1)
        + shelf.group[columns[bought, 1].astype(np.int64)]
    )
    _, first = np.unique(pairs, return_index=True)
    keep = np.ones(len(columns), dtype=bool)
    keep[np.delete(bought, first)] = False
    return columns[keep]


def _opinions(shelf: Shelf, people: People, columns: Floats, rng: np.random.Generator) -> Floats:
    """Return ratings of most purchases (quality, value for money, fit to taste, luck) and some likes and dislikes."""
    bought = columns[columns[:, 2] == KINDS.index("purchase")]
    user, item = bought[:, 0].astype(np.int64), bought[:, 1].astype(np.int64)
    fit = np.einsum("sf,sf->s", people.tastes[user], shelf.features[item])
    fit = (fit - fit.mean()) / (fit.std() + 1e-9)
    mood = (
        4.15
        + 1.7 * (shelf.quality[item] - 0.55)
        + 0.25 * shelf.value[item]
        + 0.22 * fit
        + rng.normal(0, 0.85, len(item))
    )
    stars = np.clip(np.rint(mood), 1, 5)
    later = bought[:, 4] + rng.integers(3 * 86400, 30 * 86400, len(item))
    rated = rng.random(len(item)) < 0.86
    liked = (stars == 5) & (rng.random(len(item)) < 0.4)
    disliked = (stars <= 2) & (rng.random(len(item)) < 0.3)
    rows = []
    for kind, mask, value in ((4, rated, stars), (5, liked, np.nan), (6, disliked, np.nan)):
        values = np.broadcast_to(value, stars.shape)[mask]
        rows.append(
            np.column_stack([user[mask], item[mask], np.full(mask.sum(), kind), values, later[mask] + 60 * (kind - 4)])
        )
    return np.concatenate(rows)
