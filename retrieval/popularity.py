"""What needs no user: popularity by faded events, quality by a shrunken mean rating, and novelty."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue
from retrieval.histories import DAY, History

PRIOR_RATINGS = 10.0
"""So many ratings at the shop's mean are added to every item: five stars from one person are no five stars."""
PRIOR_USERS = 2.0
MOST_OF_ONE = 1.0
"""What one account can add to an item's standing, at most."""
NEW_DAYS = 45.0
Floats = npt.NDArray[np.float32]


def percentiles(values: npt.NDArray[np.floating]) -> Floats:
    """Return each value's mid-rank in [0, 1]; NaN stays NaN."""
    result = np.full(len(values), np.nan, dtype=np.float32)
    known = np.flatnonzero(~np.isnan(values))
    if len(known):
        ordered = np.sort(values[known])
        low = np.searchsorted(ordered, values[known], side="left")
        high = np.searchsorted(ordered, values[known], side="right")
        result[known] = (low + high) / (2.0 * len(known))
    return result


def popularity(history: History, items: int) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Return each item's popularity in [0, 1] (0: nobody) and how many users had a positive event with it."""
    weights = np.maximum(history.faded(), 0.0)
    positive = weights > 0
    pairs, place = np.unique(history.user_codes[positive] * items + history.rows[positive], return_inverse=True)
    # However often an account comes back to an item, it counts for no more than one purchase of today.
    said = np.minimum(np.bincount(place, weights=weights[positive], minlength=len(pairs)), MOST_OF_ONE)
    mass = np.bincount(pairs % items, weights=said, minlength=items)
    share = np.nan_to_num(percentiles(np.where(mass > 0, mass, np.nan)))
    users = np.bincount(pairs % items, minlength=items).astype(np.int32)
    # Few users are no crowd: what one account does hardly moves an item for others.
    return np.asarray(share * users / (users + PRIOR_USERS), dtype=np.float32), users


def quality(ratings: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> Floats:
    """Return each item's shrunken mean rating as a percentile, centred: -.5 to .5; 0 where there are no ratings."""
    known = ~np.isnan(ratings)
    if not known.any():
        return np.zeros(len(ratings), dtype=np.float32)
    number = np.where(np.isnan(counts), 1.0, counts)
    mean = float(np.average(ratings[known], weights=np.maximum(number[known], 1e-9)))
    shrunken = np.where(known, (ratings * number + mean * PRIOR_RATINGS) / (number + PRIOR_RATINGS), np.nan)
    return np.asarray(np.nan_to_num(percentiles(shrunken) - 0.5), dtype=np.float32)


def novelty(created_days: npt.NDArray[np.float64], now: float) -> Floats:
    """Return 1 for what came today, fading over weeks; 0 when the date is unknown.

    Args:
        created_days: days since the epoch, NaN when unknown.
        now: seconds since the epoch.
    """
    age = np.maximum(now / DAY - created_days, 0.0)
    return np.nan_to_num(np.exp(-age / NEW_DAYS)).astype(np.float32)


def relative_prices(catalogue: Catalogue) -> Floats:
    """Return the log of every item's price over the median of its category; NaN without a price above 0."""
    prices = catalogue.numbers("price")
    known = np.where(prices > 0, prices, np.nan)
    codes, paths = catalogue.codes("category")
    result = np.full(len(prices), np.nan, dtype=np.float32)
    rows = np.flatnonzero(~np.isnan(known))
    rows = rows[np.argsort(codes[rows], kind="stable")]
    bounds = np.flatnonzero(np.diff(codes[rows], prepend=-2, append=len(paths) + 1))
    for start, end in pairwise(bounds.tolist()):
        part = rows[start:end]
        result[part] = np.log(known[part] / np.median(known[part]))
    return result
