"""How loud each source should be for a shopper who asks nothing: learned on the held-out events.

Only the personal sources are weighed anew, and their sum stays what it was: beside a question their say as a whole
is as large as before. A weight may follow what is known of the user: w · ((1 + n) / (1 + typical))^slope for n liked
items. Learned is by the cross entropy of what each user took against all candidates, drawn towards the old weights.
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
from retrieval.learned import TYPICAL, Tastes, adapted
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
"""A weight that was nearly nothing begins from so much."""
KEPT, LEVEL = 4.0, 20.0
"""How many users' worth of doubt holds the weights where they were, and keeps them from following what is known."""
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
    """Learn a blend.

    Args:
        sample: what each user took.
        names: the sources, in the order of what they said.
        said: what they said to each user.
        start: the weights to begin from.
        among_names: the sources that may speak; others get no weight.
        sloped: whether weights may follow what is known of the user.
    """
    from scipy.optimize import minimize

    heard = [name for name in among_names if any(one.scores[names.index(name)].any() for one in said)]
    picked = [names.index(name) for name in heard]
    begin = np.log([max(start.weights[name], LEAST) for name in heard])
    data = [_evidence(one, wanted, picked) for one, wanted in zip(said, sample.wanted, strict=True)]
    count = len(heard)

    def loss(params: Values) -> tuple[float, Values]:
        shift, slopes = params[:count], params[count : 2 * count] if sloped else np.zeros(count)
        doubt = KEPT * float(((shift - shift.mean()) ** 2).sum()) + LEVEL * float((slopes**2).sum())
        slope_by = [2 * KEPT * (shift - shift.mean()), 2 * LEVEL * slopes]
        total = doubt
        for scores, right, level in data:
            weights = np.exp(begin + shift + slopes * level)
            part, by = _cross_entropy(weights, scores, right)
            total += part
            slope_by[0] = slope_by[0] + by * weights
            slope_by[1] = slope_by[1] + by * weights * level
        return total, np.concatenate(slope_by if sloped else slope_by[:1])

    size = count * (2 if sloped else 1)
    params = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 30}).x
    weights = np.exp(begin + params[:count])
    weights *= sum(start.weights[name] for name in heard) / weights.sum()
    slopes = params[count:] if sloped else np.zeros(count)
    # The others' weights stay: they have nothing to say in this log, and may have in the next.
    quiet = {name: (0.0 if name not in among_names else start.weights[name]) for name in names if name not in heard}
    found = {**quiet, **dict(zip(heard, (round(float(one), 4) for one in weights), strict=True))}
    return Blend(found, {name: round(float(one), 3) for name, one in zip(heard, slopes, strict=True) if one})


def _evidence(one: Said, wanted: frozenset[int], picked: Sequence[int]) -> tuple[Floats, Places, float]:
    """Return what the picked sources say, the places of what was taken, and the level of what is known."""
    right = np.flatnonzero(np.isin(one.rows, np.fromiter(wanted, np.int64)))
    return one.scores[picked], right, float(np.log((1 + one.known) / (1 + TYPICAL)))


def _cross_entropy(weights: Values, scores: Floats, right: Places) -> tuple[float, Values]:
    """Return one user's loss and its derivative by the weights."""
    if not len(right):
        return 0.0, np.zeros(len(weights))
    total = weights.astype(np.float32) @ scores
    total -= total.max()
    shares = np.exp(total)
    whole = float(shares.sum())
    loss = float(np.log(whole) - total[right].mean())
    return loss, np.asarray(scores @ (shares / whole) - scores[:, right].mean(axis=1), dtype=np.float64)


def among(sample: Holdout, places: Places) -> Holdout:
    """Return the hold-out of some of its users."""
    return replace(
        sample, users=[sample.users[place] for place in places], codes=sample.codes[places],
        wanted=[sample.wanted[place] for place in places],
    )  # fmt: skip
