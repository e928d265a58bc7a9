"""A set of items under one budget that go together: "a starter photo kit under 1,200".

One item is chosen for each part of the set. The choice is exact (a mixed-integer program, HiGHS through SciPy): the
highest sum of scores, with a little for each two that a relation of the shop ties. An item that the shop states to fit
something of another part's kind ("fits the X200") goes only with what it is stated to fit; being bought together binds
nothing. Prices are the catalogue's. Where no whole set is possible, as few parts as possible stay out, the later named
first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from core.entities import ItemId, Recommendation
from retrieval.catalogue import Catalogue
from retrieval.graph import RelationGraph

POOL = 30
"""Candidates of each part: the best by score."""
PARTNERS = 60
"""Further candidates of each part: what the best of the other parts are stated to go with."""
MOST_PARTS = 8
TIED = 0.1
"""What a relation between two chosen items adds to the sum of scores in [0, 1]."""
SECONDS = 2.0
WHOLE = 20.0
"""What each part is worth beside the scores, where not all of them can be had."""
KEPT = 3.0
"""What an item chosen before counts more: a change of one part leaves the others alone, where they can stay."""
EARLIER = 1.1
"""How much more a part is worth than the one named after it."""
_BINDING = re.compile(
    r"compatib|\bfits?\b|accessor|works? with|requires?|\bparts? (?:of|for)\b|refill|mounts?\b|适|兼容|配件|配套"
)
Limit = tuple[Mapping[int, float], float]
"""Coefficients by column, and what their sum may be at most."""


def binds(relation: str) -> bool:
    """Tell whether a relation says what an item goes with, and so that it goes with nothing else of that kind."""
    return _BINDING.search(relation.replace("_", " ").replace("-", " ").casefold()) is not None


@dataclass(frozen=True)
class Tie:
    """A relation between two items of a set: the first is ``relation`` of the second."""

    subject: ItemId
    relation: str
    object: ItemId


@dataclass(frozen=True)
class Bundle:
    """A set: one item for each part, in the order of the parts; empty when none fits the budget."""

    items: tuple[Recommendation, ...]
    total: float
    """The sum of the prices; of the cheapest whole set, when none fits; NaN when there is none at any price."""
    ties: tuple[Tie, ...] = ()
    parts: tuple[int, ...] = ()
    """The place of each item's part."""
    least: float | None = None
    """What the cheapest whole set costs, where parts had to stay out; NaN when there is none at any price."""


def chosen(
    pools: Sequence[Sequence[Recommendation]],
    budget: float | None,
    catalogue: Catalogue,
    graph: RelationGraph,
    partly: bool = False,
    kept: frozenset[ItemId] = frozenset(),
) -> Bundle:
    """Choose one candidate of each pool.

    Args:
        pools: each part's candidates; those without a price are left out.
        budget: what they may cost together, in the shop's currency; None for any sum.
        catalogue: knows the items' rows.
        graph: the shop's relations.
        partly: where no whole set is possible, return the largest part of one.
        kept: items chosen before: as many of them as possible stay.

    Raises:
        ValueError: there are no parts, or too many.
    """
    if not 1 <= len(pools) <= MOST_PARTS:
        raise ValueError(f"a set has 1 to {MOST_PARTS} parts, not {len(pools)}")
    priced = [[entry for entry in pool if entry.item.price is not None] for pool in pools]
    program = _Program(priced, catalogue, graph, kept)
    whole = all(priced)
    places = program.solve(budget) if whole else None
    if places is not None:
        return program.bundle(places)
    cheapest = program.solve(None, cheapest=True) if whole else None
    least = round(float(program.prices[cheapest].sum()), 2) if cheapest is not None else float("nan")
    places = program.solve(budget, partly=True) if partly else None
    return Bundle((), least) if not places else program.bundle(places, least)


def _common(paths: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the beginning that all paths share."""
    shared = list(takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False)))
    return tuple(level[0] for level in shared)


class _Program:
    """The choice as a mixed-integer program: a variable for each candidate, one for each two that are tied."""

    def __init__(
        self,
        pools: Sequence[Sequence[Recommendation]],
        catalogue: Catalogue,
        graph: RelationGraph,
        kept: frozenset[ItemId] = frozenset(),
    ) -> None:
        self.entries = [entry for pool in pools for entry in pool]
        self.prices = np.array([float(entry.item.price or 0.0) for entry in self.entries])
        self._scores = np.array([entry.score + KEPT * (entry.item.id in kept) for entry in self.entries])
        self._parts = len(pools)
        self._part = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
        self._relations: dict[tuple[int, int], str] = {}
        self._bound: dict[tuple[int, int], set[int]] = {}
        """(place, part) of what is stated to fit items of a part's kinds, candidates or not: those that are."""
        self._relate(catalogue, graph)
        self._tied = sorted({(min(pair), max(pair)) for pair in self._relations})

    def _relate(self, catalogue: Catalogue, graph: RelationGraph) -> None:
        places: dict[int, list[int]] = {}
        kinds: list[set[tuple[str, ...]]] = [set() for _ in range(self._parts)]
        for place, entry in enumerate(self.entries):
            places.setdefault(catalogue.row(entry.item.id), []).append(place)
            kinds[self._part[place]].add(entry.item.category)
        roots = [_common(paths) for paths in kinds]
        for place, entry in enumerate(self.entries):
            for edge in graph.edges(catalogue.row(entry.item.id)):
                if edge.inverse:
                    continue
                others = [other for other in places.get(edge.row, ()) if self._part[other] != self._part[place]]
                self._relations |= {(place, other): edge.relation for other in others}
                if not binds(edge.relation):
                    continue
                path = catalogue.item_at(edge.row).category
                told = {
                    part
                    for part, root in enumerate(roots)
                    if path in kinds[part] or (root and path[: len(root)] == root)
                }
                for part in (told | {int(self._part[at]) for at in others}) - {int(self._part[place])}:
                    fitting = {other for other in others if self._part[other] == part}
                    self._bound.setdefault((place, part), set()).update(fitting)

    def solve(self, budget: float | None, cheapest: bool = False, partly: bool = False) -> list[int] | None:
        """Return the chosen places, one a part (at most one with ``partly``); None when no choice holds."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        count, tied = len(self.entries), len(self._tied)
        if not count:
            return None
        limits = [*self._pairs(), *self._fits(), *self._twice()]
        if budget is not None:
            limits.append((dict(enumerate(self.prices.tolist())), budget))
        for part in range(self._parts):
            own = dict.fromkeys(np.flatnonzero(self._part == part).tolist(), 1.0)
            limits.append((own, 1.0))
            if not partly:
                limits.append((dict.fromkeys(own, -1.0), -1.0))
        at = [(row, column, value) for row, (line, _) in enumerate(limits) for column, value in line.items()]
        rows, columns, values = zip(*at, strict=True)
        matrix = coo_array((values, (rows, columns)), shape=(len(limits), count + tied)).tocsr()
        result = milp(
            self._goal(cheapest, partly), constraints=LinearConstraint(matrix, -np.inf, [most for _, most in limits]),
            integrality=np.ones(count + tied), bounds=Bounds(0, 1), options={"time_limit": SECONDS},
        )  # fmt: skip
        return np.flatnonzero(result.x[:count] > 0.5).tolist() if result.x is not None else None

    def _goal(self, cheapest: bool, partly: bool) -> npt.NDArray[np.float64]:
        count, tied = len(self.entries), len(self._tied)
        if cheapest:
            return np.concatenate([self.prices, np.zeros(tied)])
        # Of equal scores the earlier in its pool, so that the answer is the same each time.
        scores = self._scores - 1e-7 * np.arange(count)
        if partly:
            scores = scores + WHOLE + EARLIER * (self._parts - self._part)
        return -np.concatenate([scores, np.full(tied, TIED)])

    def _pairs(self) -> list[Limit]:
        """A tie counts only when both ends are chosen."""
        count = len(self.entries)
        return [({count + number: 1.0, end: -1.0}, 0.0) for number, pair in enumerate(self._tied) for end in pair]

    def _fits(self) -> list[Limit]:
        """What is stated to fit something of a part's kinds goes only with what it fits, where that part is there."""
        found: list[Limit] = []
        for (place, part), fitting in sorted(self._bound.items()):
            others = set(np.flatnonzero(self._part == part).tolist()) - fitting
            found.append(({place: 1.0} | dict.fromkeys(sorted(others), 1.0), 1.0))
        return found

    def _twice(self) -> list[Limit]:
        """No item stands for two parts."""
        by_item: dict[ItemId, list[int]] = {}
        for place, entry in enumerate(self.entries):
            by_item.setdefault(entry.item.id, []).append(place)
        return [(dict.fromkeys(places, 1.0), 1.0) for places in by_item.values() if len(places) > 1]

    def bundle(self, places: Sequence[int], least: float | None = None) -> Bundle:
        """Return the chosen as a set, with the relations among them."""
        taken = set(places)
        ties = tuple(
            Tie(self.entries[subject].item.id, relation, self.entries[other].item.id)
            for (subject, other), relation in sorted(self._relations.items())
            if subject in taken and other in taken
        )
        items = tuple(self.entries[place] for place in places)
        parts = tuple(int(self._part[place]) for place in places)
        return Bundle(items, round(float(self.prices[list(places)].sum()), 2), ties, parts, least)
