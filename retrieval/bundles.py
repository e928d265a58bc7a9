"""A set of items under one budget that go together: "a starter photo kit under 1,200".

One item is chosen for each part of the set. The choice is exact (a mixed-integer program, HiGHS through SciPy): the
highest sum of scores, with a little for each two that a relation of the shop ties. An item that is related to some of
another part's candidates ("fits the X200") goes only with one of those. Prices are the catalogue's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.entities import ItemId, Recommendation
from retrieval.catalogue import Catalogue
from retrieval.graph import RelationGraph

POOL = 30
"""Candidates of each part: the best by score."""
MOST_PARTS = 8
TIED = 0.1
"""What a relation between two chosen items adds to the sum of scores in [0, 1]."""
SECONDS = 2.0
FITS = frozenset({"compatible_with", "fits", "works_with", "requires"})
"""Relations that say what an item goes with, and so that it goes with nothing else of that kind."""
Limit = tuple[npt.NDArray[np.float64], float]
"""A line of coefficients, and what the sum may be at most."""


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
    """The sum of the prices; of the cheapest set there is, when none fits the budget; NaN when a part has no item."""
    ties: tuple[Tie, ...] = ()


def chosen(
    pools: Sequence[Sequence[Recommendation]], budget: float | None, catalogue: Catalogue, graph: RelationGraph
) -> Bundle:
    """Choose one candidate of each pool.

    Args:
        pools: each part's candidates; those without a price are left out.
        budget: what they may cost together, in the shop's currency; None for any sum.
        catalogue: knows the items' rows.
        graph: the shop's relations.

    Raises:
        ValueError: there are no parts, or too many.
    """
    if not 1 <= len(pools) <= MOST_PARTS:
        raise ValueError(f"a set has 1 to {MOST_PARTS} parts, not {len(pools)}")
    priced = [[entry for entry in pool if entry.item.price is not None] for pool in pools]
    if not all(priced):
        return Bundle((), float("nan"))
    program = _Program(priced, catalogue, graph)
    places = program.solve(budget)
    if places is None and program.strict:  # what the shop states lies outside of the candidates: nothing is tied then
        program.strict = frozenset()
        places = program.solve(budget)
    if places is None:
        cheapest = program.solve(None, cheapest=True)
        prices = program.prices[cheapest] if cheapest is not None else np.array([np.nan])
        return Bundle((), round(float(prices.sum()), 2))
    items = tuple(program.entries[place] for place in places)
    return Bundle(items, round(float(program.prices[places].sum()), 2), program.ties_of(places))


class _Program:
    """The choice as a mixed-integer program: a variable for each candidate, one for each two that are tied."""

    def __init__(self, pools: Sequence[Sequence[Recommendation]], catalogue: Catalogue, graph: RelationGraph) -> None:
        self.entries = [entry for pool in pools for entry in pool]
        self.prices = np.array([float(entry.item.price or 0.0) for entry in self.entries])
        self._part = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
        self._relations: dict[tuple[int, int], str] = {}
        places: dict[int, list[int]] = {}
        for place, entry in enumerate(self.entries):
            places.setdefault(catalogue.row(entry.item.id), []).append(place)
        for place, entry in enumerate(self.entries):
            for edge in graph.edges(catalogue.row(entry.item.id)):
                for other in places.get(edge.row, []) if not edge.inverse else []:
                    if self._part[other] != self._part[place]:
                        self._relations[place, other] = edge.relation
        self.strict = self._stated(catalogue, graph)
        self._tied = sorted({(min(pair), max(pair)) for pair in self._relations})

    def solve(self, budget: float | None, cheapest: bool = False) -> list[int] | None:
        """Return the chosen places, one a part; None when no choice holds."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        count, tied = len(self.entries), len(self._tied)
        scores = np.array([entry.score for entry in self.entries])
        # Of equal scores the earlier in its pool, so that the answer is the same each time.
        scores = scores - 1e-7 * np.arange(count)
        goal = np.concatenate([self.prices if cheapest else -scores, np.full(tied, 0.0 if cheapest else -TIED)])
        limits = [LinearConstraint(self._one_each(tied), 1, 1)]
        if budget is not None:
            limits.append(LinearConstraint(np.concatenate([self.prices, np.zeros(tied)])[None, :], -np.inf, budget))
        rows = [*self._pairs(), *self._fits(tied), *self._twice(tied)]
        if rows:
            limits.append(LinearConstraint(np.array([row for row, _ in rows]), -np.inf, [most for _, most in rows]))
        result = milp(
            goal, constraints=limits, integrality=np.ones(count + tied), bounds=Bounds(0, 1),
            options={"time_limit": SECONDS},
        )  # fmt: skip
        return np.flatnonzero(result.x[:count] > 0.5).tolist() if result.x is not None else None

    def _one_each(self, tied: int) -> npt.NDArray[np.float64]:
        parts = int(self._part[-1]) + 1
        return np.hstack([(self._part[None, :] == np.arange(parts)[:, None]).astype(float), np.zeros((parts, tied))])

    def _pairs(self) -> list[Limit]:
        """A tie counts only when both ends are chosen."""
        found = []
        for number, pair in enumerate(self._tied):
            for end in pair:
                row = np.zeros(len(self.entries) + len(self._tied))
                row[len(self.entries) + number], row[end] = 1.0, -1.0
                found.append((row, 0.0))
        return found

    def _fits(self, tied: int) -> list[Limit]:
        """What is related to some candidates of another part goes only with one of them."""
        found = []
        for place, part in self._related():
            row = np.zeros(len(self.entries) + tied)
            row[place] = 1.0
            for subject, other in self._relations:
                fits = self._relations[subject, other] in FITS or (place, part) not in self.strict
                if subject == place and self._part[other] == part and fits:
                    row[other] = -1.0
            found.append((row, 0.0))
        return found

    def _related(self) -> list[tuple[int, int]]:
        return sorted({(subject, int(self._part[other])) for subject, other in self._relations} | self.strict)

    def _stated(self, catalogue: Catalogue, graph: RelationGraph) -> frozenset[tuple[int, int]]:
        """Return (place, part) of what is stated to fit items of a part's kinds, candidates or not."""
        kinds: dict[tuple[str, ...], set[int]] = {}
        for entry, part in zip(self.entries, self._part.tolist(), strict=True):
            if entry.item.category:
                kinds.setdefault(entry.item.category, set()).add(part)
        found = set()
        for place, entry in enumerate(self.entries):
            for edge in graph.edges(catalogue.row(entry.item.id)):
                if edge.relation in FITS and not edge.inverse:
                    found |= {(place, part) for part in kinds.get(catalogue.item_at(edge.row).category, ())}
        return frozenset(pair for pair in found if self._part[pair[0]] != pair[1])

    def _twice(self, tied: int) -> list[Limit]:
        """No item stands for two parts."""
        by_item: dict[ItemId, list[int]] = {}
        for place, entry in enumerate(self.entries):
            by_item.setdefault(entry.item.id, []).append(place)
        found = []
        for places in by_item.values():
            if len(places) > 1:
                row = np.zeros(len(self.entries) + tied)
                row[places] = 1.0
                found.append((row, 1.0))
        return found

    def ties_of(self, places: Sequence[int]) -> tuple[Tie, ...]:
        """Return the relations among the chosen."""
        return tuple(
            Tie(self.entries[subject].item.id, relation, self.entries[other].item.id)
            for (subject, other), relation in sorted(self._relations.items())
            if subject in places and other in places
        )
