"""How loud each source should be for a shopper who asks nothing: learned on the held-out events.

Only the personal sources are weighed anew, and their sum stays what it was: beside a question their say as a whole
is as large as before. A weight may follow what is known of the user: w · ((1 + n) / (1 + typical))^slope for n liked
items. What is learned is what raises NDCG@10, by a few moves from the old weights and from those of the least cross
entropy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.entities import Query, UserId
from core.ports import Embedder, Progress
from core.shop import Rules, Weights
from retrieval.collaborative import train
from retrieval.learned import Tastes, adapted
from retrieval.opened import OpenIndex
from retrieval.pipeline import Recommender
from retrieval.popularity import popularity
from retrieval.training.holdout import LONG, Holdout, Values

PERSONAL = (
    "collaborative", "sequential", "towers", "profile", "graph", "popularity", "quality", "price", "new",
)  # fmt: skip
LEAST_ASKED, MOST_NUMBERS = 300, 50_000_000
"""So many users are asked at least, and so many that what the sources say of all candidates fits into memory."""
LEAST = 0.02
"""A source that was silenced begins anew from so much."""
MOVES = 5
TIMES = (0.25, 0.5, 2.0, 4.0)
STEPS = (-0.4, 0.4)
LEAST_GAIN = 1e-3
DOUBT = 4.0
"""How many users' worth of doubt holds the weights where they were."""
POOL = 100
"""Only candidates that some source puts among its first so many come into question."""
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Said:
    """What every source says of the candidates of one user."""

    rows: Places
    scores: Floats
    """Shape (sources, candidates)."""
    known: int
    """How many items the user is known to like."""


@dataclass(frozen=True)
class Blend:
    """Weights of the sources, and how each follows what is known of the user."""

    weights: Mapping[str, float]
    slopes: Mapping[str, float] = field(default_factory=dict)

    def of(self, names: Sequence[str], known: int) -> Floats:
        """Return the weights for a user."""
        found = [self.weights[name] * adapted(self.slopes.get(name, 0.0), known) for name in names]
        return np.array(found, dtype=np.float32)


def past(index: OpenIndex, holdout: Holdout, tastes: Tastes) -> OpenIndex:
    """Return an index that knows nothing of the held-out events."""
    items = len(index.catalogue)
    share, users = popularity(holdout.early, items)
    model = train(holdout.early, items, vectors=index.vectors, tastes=tastes)
    return replace(
        index, browsing=None, adapting={}, sequential=None, towers=None, history=holdout.early, collaborative=model,
        popularity=share, users=users, _derived={},
    )  # fmt: skip


def gathered(
    index: OpenIndex, holdout: Holdout, embedder: Embedder, folder: Path, progress: Progress | None = None
) -> tuple[Holdout, tuple[str, ...], list[Said]]:
    """Return a sample of the hold-out, the personal sources and what they say to each user.

    Args:
        index: an index of the past (``past``).
        holdout: the users who are asked.
        embedder: the index' encoder.
        folder: an empty folder for the recommender's own notes.
        progress: told of every user, if given.
    """
    shop = index.shop.model_copy(update={"rules": Rules(exclude_owned=True, in_stock_only=False), "weights": Weights()})
    latest = holdout.early.latest
    recommender = Recommender(replace(index, shop=shop), embedder, folder, lambda told: None, lambda: latest)
    most = max(LEAST_ASKED, MOST_NUMBERS // (len(PERSONAL) * len(index.catalogue)))
    kept = np.unique(np.linspace(0, len(holdout.users) - 1, min(most, len(holdout.users))).astype(np.int64))
    sample = among(holdout, kept)
    said = []
    for place, user in enumerate(sample.users):
        if progress:
            progress("asking the sources", place + 1, len(sample.users))
        seen = tuple(recommender.user_items(UserId(user)))
        rows, found = recommender.source_scores(Query(user_id=UserId(user), exclude=seen))
        silent = np.zeros(len(rows), dtype=np.float32)
        liked = {event.row for event in recommender.events(UserId(user)) if event.weight > 0}
        said.append(Said(rows, np.stack([found.get(name, silent) for name in PERSONAL]), len(liked)))
    return sample, PERSONAL, said


def lists(names: Sequence[str], said: Sequence[Said], blend: Blend) -> list[Places]:
    """Return every user's first rows under a blend."""
    found = []
    for one in said:
        total = blend.of(names, one.known) @ one.scores
        first = np.argpartition(-total, min(LONG, len(total) - 1))[:LONG]
        found.append(one.rows[first[np.argsort(-total[first], kind="stable")]])
    return found


def crossed(
    sample: Holdout, names: Sequence[str], said: Sequence[Said], start: Blend, among_names: Sequence[str], sloped: bool
) -> list[Places]:
    """Return every user's first rows under weights that were learned from the other half of the users."""
    found: list[Places] = [np.zeros(0, dtype=np.int64)] * len(said)
    for side in (0, 1):
        others = np.arange(1 - side, len(said), 2)
        blend = fitted(among(sample, others), names, [said[at] for at in others.tolist()], start, among_names, sloped)
        mine = range(side, len(said), 2)
        for place, rows in zip(mine, lists(names, [said[at] for at in mine], blend), strict=True):
            found[place] = rows
    return found


def fitted(
    sample: Holdout, names: Sequence[str], said: Sequence[Said], start: Blend, among_names: Sequence[str], sloped: bool
) -> Blend:
    """Learn a blend by a few moves of one source each: its weight, or how it follows what is known.

    Few moves in wide steps: a shop's held-out events are too few to tell fine differences apart.

    Args:
        sample: what each user took.
        names: the sources, in the order of what they said.
        said: what they said to each user.
        start: the weights to begin from.
        among_names: the sources that may speak; others get no weight.
        sloped: whether weights may follow what is known of the user.
    """
    pools = [_pool(one) for one in said]
    heard = [name for name in among_names if any(one.scores[names.index(name)].any() for one in pools)]
    silent = {name: 0.0 for name in names if name not in among_names}
    plain = Blend({**start.weights, **silent}, dict(start.slopes))
    begun = (plain, _smooth(sample, names, pools, plain, heard))
    found = [_moved(sample, names, pools, one, heard, sloped) for one in begun]
    blend = max(found, key=lambda pair: pair[1])[0]
    scale = sum(start.weights[name] for name in heard) / (sum(blend.weights[name] for name in heard) or 1.0)
    # The others' weights stay: they have nothing to say in this log, and may have in the next.
    weights = {name: round(weight * scale, 4) if name in heard else weight for name, weight in blend.weights.items()}
    return replace(blend, weights=weights)


def _moved(
    sample: Holdout, names: Sequence[str], said: Sequence[Said], blend: Blend, heard: Sequence[str], sloped: bool
) -> tuple[Blend, float]:
    """Return a blend after a few moves, each the best of all that change one source, and its worth."""
    value = float(sample.worth(lists(names, said, blend)).mean())
    for _ in range(MOVES):
        tried = [move for name in heard for move in _moves(blend, name, sloped)]
        values = [float(sample.worth(lists(names, said, one)).mean()) for one in tried]
        best = int(np.argmax(values)) if values else 0
        if not values or values[best] < value + LEAST_GAIN:
            break
        blend, value = tried[best], values[best]
    return blend, value


def _smooth(sample: Holdout, names: Sequence[str], said: Sequence[Said], start: Blend, heard: Sequence[str]) -> Blend:
    """Return the weights of the least cross entropy of what users took, all moved at once: another place to begin."""
    from scipy.optimize import minimize

    picked = [names.index(name) for name in heard]
    data = [
        (one.scores[picked], np.flatnonzero(np.isin(one.rows, np.fromiter(wanted, np.int64))))
        for one, wanted in zip(said, sample.wanted, strict=True)
    ]
    begin = np.log([max(start.weights[name], LEAST) for name in heard])

    def loss(shift: Values) -> tuple[float, Values]:
        weights = np.exp(begin + shift)
        away = shift - shift.mean()
        found = [_cross_entropy(weights, scores, right) for scores, right in data if len(right)]
        slope = np.sum([by for _, by in found], axis=0) * weights + 2 * DOUBT * away
        return sum(part for part, _ in found) + DOUBT * float((away**2).sum()), slope

    if not heard or not any(len(right) for _, right in data):
        return start
    shift = minimize(loss, np.zeros(len(heard)), jac=True, method="L-BFGS-B", options={"maxiter": 30}).x
    return replace(start, weights={**start.weights, **dict(zip(heard, np.exp(begin + shift).tolist(), strict=True))})


def _cross_entropy(weights: Values, scores: Floats, right: Places) -> tuple[float, Values]:
    """Return one user's loss and its derivative by the weights."""
    total = weights.astype(np.float32) @ scores
    total -= total.max()
    shares = np.exp(total)
    whole = float(shares.sum())
    loss = float(np.log(whole) - total[right].mean())
    return loss, np.asarray(scores @ (shares / whole) - scores[:, right].mean(axis=1), dtype=np.float64)


def _moves(blend: Blend, name: str, sloped: bool) -> list[Blend]:
    """Return the blends in which one source is louder or quieter, or follows what is known more or less."""
    weight, slope = blend.weights[name], blend.slopes.get(name, 0.0)
    found = [replace(blend, weights={**blend.weights, name: max(weight, LEAST) * times}) for times in TIMES]
    if sloped:
        found += [replace(blend, slopes={**blend.slopes, name: slope + step}) for step in STEPS]
    return [*found, replace(blend, weights={**blend.weights, name: 0.0})]


def _pool(one: Said) -> Said:
    """Return what is said of those candidates that some source puts among its first."""
    if len(one.rows) <= POOL:
        return one
    first = np.argpartition(-one.scores, POOL, axis=1)[:, :POOL]
    kept = np.unique(first[one.scores.any(axis=1)])
    return Said(one.rows[kept], one.scores[:, kept], one.known)


def among(sample: Holdout, places: Places) -> Holdout:
    """Return the hold-out of some of its users."""
    return replace(
        sample, users=[sample.users[place] for place in places], codes=sample.codes[places],
        wanted=[sample.wanted[place] for place in places],
    )  # fmt: skip
