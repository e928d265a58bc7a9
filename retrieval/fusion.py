"""The blend of the sources into one score, additive so that every share of it can be named.

With calibrated scores v in [-1, 1] (see ``sources``) and the shop's weights w, an item's total is Σ w·v / Σ w over the
active sources, wishes and boosts; ``Recommendation.score`` is (1 + total) / 2 and ``parts`` holds w·v / Σ w by source.
A sort wish ("the lightest") is no share but an order: the decent fits come first, ordered by that facet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.entities import Constraint, EventKind, Op, Strength
from core.shop import Shop
from retrieval.catalogue import Catalogue
from retrieval.comparing import as_numbers
from retrieval.constraints import condition_mask, satisfied
from retrieval.learned import adapted
from retrieval.signals import Rows, Signals
from retrieval.sources import CARRIED, COLLABORATIVE, LEXICAL, POPULARITY, PROFILE, SEMANTIC, SESSION, Retriever

Floats = npt.NDArray[np.float32]
DECENT = 0.6
"""With a sort wish and a text: a fit is decent from so much of the best one's relevance on."""
DECENT_WITHIN_MUSTS = 0.3
"""The same when requirements have already chosen the kind of thing."""
MISSED = -0.5
"""What a wish adds that an item misses by far; the near miss of a number comes close to 0."""
WISHES_COUNTED = 3
SOME, MUCH = 5, 25
"""Liked items from which predicted tastes count double, and six times as much, for a user who asks nothing."""

CROWD, HUSHED, FEW = 12.0, 0.7, 10
"""Of whom hardly anything is known, what most like is the better guess: popularity counts up to so many times more, the
likeness to their few items so much less, unless they are looking at something right now. Chosen on users held out whole
from the training parts of MovieLens small and Online Retail. From so many liked items on it is over: of users who come
back with 10 to 25, the crowd tells less than they do."""
LOOKING = frozenset({EventKind.VIEW, EventKind.CLICK, EventKind.CART})


@dataclass(frozen=True)
class Fused:
    """Scores of the candidates and what they are made of."""

    rows: Rows
    total: Floats
    """In [-1, 1]."""
    parts: Mapping[str, Floats]
    order: npt.NDArray[np.int64]
    """Places in ``rows``, the best first."""

    def parts_at(self, place: int) -> dict[str, float]:
        """Return one candidate's shares by source; they sum to its total."""
        return {name: round(float(values[place]), 5) for name, values in self.parts.items() if values[place]}


def fuse(signals: Signals, rows: Rows, sources: Sequence[Retriever], shop: Shop) -> Fused:
    """Score the candidates with the shop's weights.

    Args:
        signals: the request.
        rows: the candidates, sorted.
        sources: the active ones; one whose name is no field of ``shop.weights`` is an error.
        shop: weights and boosts.
    """
    weighted: dict[str, tuple[float, Floats]] = {}
    for source in sources:
        weight = weight_of(source.name, signals)
        if weight:
            weighted[source.name] = (weight, source.scores(signals, rows))
    wishes = wishes_of(signals.query.constraints)
    if wishes:
        values = np.mean([wish_scores(signals.index.catalogue, wish, rows) for wish in wishes], axis=0)
        weighted["wish"] = (shop.weights.wish * min(len(wishes), WISHES_COUNTED), values.astype(np.float32))
    scale = sum(weight for weight, _ in weighted.values()) or 1.0
    parts = {name: np.asarray(weight / scale * values, dtype=np.float32) for name, (weight, values) in weighted.items()}
    for boost in shop.rules.boost:
        amount, when = boost_of(boost)
        hit = condition_mask(signals.index.catalogue, when)[rows]
        parts["boost"] = np.asarray(parts.get("boost", 0.0) + amount * hit, dtype=np.float32)
    total = np.zeros(len(rows), dtype=np.float32)
    for part in parts.values():
        total += part
    return Fused(rows, total, parts, _order(signals, rows, total, weighted))


def weight_of(name: str, signals: Signals) -> float:
    """Return how loud a source is in a request.

    Beside a question a taste keeps its place. To a shopper who asks nothing, taste is all there is to go by: the more
    is known of them, the louder is what it predicts, and weights that were learned for this case count. Of whom little
    is known, the crowd speaks.
    """
    index, louder = signals.index, signals.louder.get(name, 1.0)
    if asks(signals):
        return float(getattr(index.shop.weights, name)) * louder
    weight = float(getattr(index.browsing or index.shop.weights, name)) * louder
    weight *= adapted(index.adapting.get(name, 0.0), signals.known)
    if name == COLLABORATIVE.name:
        return weight * (1.0 + min(signals.known, MUCH) / SOME)
    little = 0.0 if _looks(signals) else (1.0 - min(signals.known, FEW) / FEW) ** 2
    if name in (POPULARITY.name, CARRIED.name):
        return weight * (1.0 + CROWD * little)
    return weight * (1.0 - HUSHED * little) if name in (SESSION.name, PROFILE.name) else weight


def _looks(signals: Signals) -> bool:
    """Return whether what the user did in this visit says what they are after, as a question would."""
    return bool(LOOKING.intersection(signals.session.kinds))


def asks(signals: Signals) -> bool:
    """Return whether the request says what is wanted: in words, by an item to resemble, or by wishes."""
    return bool(signals.terms) or len(signals.anchors) > 0 or bool(wishes_of(signals.query.constraints))


def wishes_of(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Return the constraints that only raise the score."""
    return [constraint for constraint in constraints if constraint.strength is Strength.WISH]


def wish_scores(catalogue: Catalogue, wish: Constraint, rows: Rows) -> Floats:
    """Return 1 where a wish is satisfied, 0 where the item does not say, less where it is missed."""
    met = satisfied(catalogue, wish)[rows]
    result = np.where(catalogue.stated(wish.field)[rows], np.float32(MISSED), np.float32(0.0))
    if wish.op in (Op.LE, Op.LT, Op.GE, Op.GT, Op.BETWEEN):
        numbers = catalogue.numbers(wish.field, rows=rows)
        away = np.min([np.abs(numbers - value) / max(abs(value), 1e-9) for value in as_numbers(wish.value)], axis=0)
        result += np.nan_to_num(-MISSED * np.exp(-6.0 * away)).astype(np.float32)
    return np.where(met, np.float32(1.0), result)


def boost_of(boost: Mapping[str, Any]) -> tuple[float, Mapping[str, Any]]:
    """Return a boost rule's amount (added to the total, default .1) and its conditions.

    Both ``{when: {brand: Acme}, weight: 0.2}`` and the short ``{brand: Acme, weight: 0.2}`` are rules.
    """
    when = boost.get("when", {key: value for key, value in boost.items() if key != "weight"})
    return float(boost.get("weight", 0.1)), when


def _order(signals: Signals, rows: Rows, total: Floats, weighted: Mapping[str, tuple[float, Floats]]) -> Any:
    """Return the places of the candidates, the best first; ties by row."""
    keys: list[Any] = [rows, -total]
    for sort in reversed(signals.query.sorts):
        numbers = signals.index.catalogue.numbers(sort.field, rows=rows)
        keys.append(np.nan_to_num(-numbers if sort.descending else numbers, nan=np.inf))
    if signals.query.sorts:
        shares = [weighted[source.name] for source in (SEMANTIC, LEXICAL) if source.name in weighted]
        if shares:
            # Both together: many an accessory names the thing that it is for.
            relevance = np.sum([weight * values for weight, values in shares], axis=0)
            musts = any(constraint.strength is Strength.MUST for constraint in signals.query.constraints)
            floor = (DECENT_WITHIN_MUSTS if musts else DECENT) * max(float(relevance.max(initial=0.0)), 0.0)
            keys.append(relevance < floor)
    return np.lexsort(keys)
