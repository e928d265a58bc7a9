"""What would come first if something were otherwise: "first at $849", "first if it need not be waterproof".

Found by the score's own additive form: an item's total less the shares that hang on its price, against the first one's.
Then replayed: the ranker ranks the same request with that price, or without that requirement, and only what really
comes first is returned.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.entities import Constraint, FacetType, Item, ItemId, Op, Query, Ranking, Recommendation, Strength
from retrieval.comparing import NEGATIONS
from retrieval.pipeline import Recommender
from retrieval.planner import EXACT_ROWS

REACH = 0.15
"""How far above a limit a price is worth telling of, as a share of the limit."""
AHEAD = 0.02
"""An item is told of when it beats the first one by so much of the score (in [-1, 1]); less is a matter of taste."""
FEW = 4
"""With so few matches it is worth telling which requirement keeps a better one away."""
ROUND_FROM = 50.0
"""From this price on, prices are told without cents."""
HALVINGS = 4
"""How finely the price is looked for at which the second one comes first."""
_UPPER = frozenset({Op.LE, Op.LT, Op.BETWEEN})


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """An item that is not shown, or not first, and what would make it the first."""

    item: Item
    price: float | None = None
    """What it would have to cost, at most; None where a requirement stands in its way."""
    without: Constraint | None = None
    """The requirement without which it comes first."""


def counterfactual(recommender: Recommender, query: Query, ranking: Ranking) -> Counterfactual | None:
    """Return the item that would come first for something near what was asked, or None.

    Args:
        recommender: the shop's.
        query: what was asked.
        ranking: what was found for it.

    Raises:
        ValueError: as for ``Recommender.recommend``.
    """
    if not ranking.items or query.sorts:
        return None
    return (
        _cheaper(recommender, query, ranking)
        or _freed(recommender, query, ranking)
        or _second(recommender, query, ranking)
    )


def holds(recommender: Recommender, query: Query, found: Counterfactual) -> bool:
    """Replay a counterfactual: tell whether its item comes first once what it says is so."""
    if found.price is not None:
        items = repriced(recommender, found.item.id, found.price).recommend(replace(query, limit=1)).items
    else:
        items = recommender.recommend(_without(replace(query, limit=1), found.without)).items
    return bool(items) and items[0].item.id == found.item.id


def repriced(recommender: Recommender, item_id: ItemId, price: float) -> Recommender:
    """Return a recommender to which one item costs something else; all else, and all users, are shared."""
    index, other = recommender.serving, copy.copy(recommender)
    catalogue = index.catalogue.priced(item_id, price)
    changed = replace(index, catalogue=catalogue, _derived=dict(index._derived), _orders=dict(index._orders))
    changed.__dict__["background"] = index.background
    other._index = changed
    return other


def _cheaper(recommender: Recommender, query: Query, ranking: Ranking) -> Counterfactual | None:
    """Return the best of what costs a little more than the limit, where it is clearly better."""
    bounds = [c for c in query.constraints if c.field == "price" and c.strength is Strength.MUST and c.op in _UPPER]
    if len(bounds) != 1:
        return None
    limit = float(bounds[0].value[-1] if isinstance(bounds[0].value, tuple) else bounds[0].value)
    above = (
        Constraint("", "price", Op.GT if bounds[0].op is not Op.LT else Op.GE, limit),
        Constraint("", "price", Op.LE, limit * (1.0 + REACH)),
    )
    shown = {entry.item.group_id for entry in ranking.items} - {None}
    nearby = replace(_without(query, bounds[0]), limit=1)
    found = recommender.recommend(replace(nearby, constraints=(*nearby.constraints, *above))).items
    if not found or found[0].item.group_id in shown or _score(found[0]) < _score(ranking.items[0]) + AHEAD:
        return None
    price = _at_most(bounds[0], limit)
    best = Counterfactual(found[0].item, price=price)
    return best if price > 0 and holds(recommender, query, best) else None


def _score(entry: Recommendation) -> float:
    """Return an item's total without what hangs on its price: the share that another price would change."""
    return sum(value for name, value in entry.parts.items() if name != "price")


def _at_most(bound: Constraint, limit: float) -> float:
    """Return the highest price that a limit lets through, in round figures."""
    if bound.op is not Op.LT:
        return limit
    return limit - 1.0 if limit >= ROUND_FROM and float(limit).is_integer() else round(limit - 0.01, 2)


def _freed(recommender: Recommender, query: Query, ranking: Ranking) -> Counterfactual | None:
    """Return what a single requirement keeps away from few matches, where it is clearly better than all of them."""
    if ranking.matches > FEW:
        return None
    ids = {entry.item.id for entry in ranking.items}
    groups = {entry.item.group_id for entry in ranking.items} - {None}
    best: tuple[float, Counterfactual] | None = None
    for constraint in _requirements(recommender, query):
        items = recommender.recommend(replace(_without(query, constraint), limit=1)).items
        gain = _score(items[0]) - _score(ranking.items[0]) if items else 0.0
        if items and gain >= AHEAD and items[0].item.id not in ids and items[0].item.group_id not in groups:
            found = Counterfactual(items[0].item, without=constraint)
            best = (gain, found) if best is None or gain > best[0] else best
    return best[1] if best is not None and holds(recommender, query, best[1]) else None


def _second(recommender: Recommender, query: Query, ranking: Ranking) -> Counterfactual | None:
    """Return the second one where a somewhat lower price would put it first, with the highest price that does."""
    if len(ranking.items) < 2 or len(recommender.catalogue) > EXACT_ROWS:
        return None
    first, second = ranking.items[:2]
    wishes = any(c.field == "price" and c.strength is Strength.WISH for c in query.constraints)
    counts = wishes or "price" in first.parts or "price" in second.parts
    if not counts or second.item.price is None or first.score - second.score > AHEAD:
        return None
    low, high = second.item.price * (1.0 - REACH), second.item.price
    if not holds(recommender, query, Counterfactual(second.item, low)):
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(recommender, query, Counterfactual(second.item, middle)) else (low, middle)
    price = float(int(low)) if low >= ROUND_FROM else round(low - 0.005, 2)
    best = Counterfactual(second.item, price)
    return best if holds(recommender, query, best) else None


def _requirements(recommender: Recommender, query: Query) -> Iterator[Constraint]:
    """Yield what might be given up: no kind of thing, nothing turned down, and not the last requirement."""
    musts = [c for c in query.constraints if c.strength is Strength.MUST]
    facets = recommender.catalogue.facets
    # A value may be what the thing is ("robot"); a number or a feature is what it has.
    kinds = (FacetType.NUMBER, FacetType.BOOLEAN, FacetType.DATE)
    open_ones = [c for c in musts if c.field != "price" and facets[c.field].type in kinds and c.op not in NEGATIONS]
    yield from open_ones if len(musts) > 1 else ()


def _without(query: Query, constraint: Constraint | None) -> Query:
    return replace(query, constraints=tuple(c for c in query.constraints if c is not constraint))
