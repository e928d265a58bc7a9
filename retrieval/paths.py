"""Paths from what a user has to other items: along the shop's relations, over one or two steps, or by shared values.

Every path from one of the user's items has a strength in (0, 1): what the event says, times what each step is worth.
Paths to one item are joined as independent hints, ``1 - Π(1 - strength)``: each of them counts, so that an item falls
when one goes away, and no number of them reaches 1. The strongest path is the reason that is told.

One step ("fits the X200 that you bought") is always walked. With ``rules: {path_steps: 2}`` in shop.yaml two steps are
walked too ("fits the X200, as does the lens that you bought"), and steps over what two items both state (the same maker
and mount). All steps of a request are taken at once on arrays; the work grows with the user's items and the relations
of what they lead to, never with the catalogue (shared values: with the values of the few strongest items).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.catalogue import Catalogue
from retrieval.graph import BACKWARD, Edge, RelationGraph
from retrieval.values import StatedValues, rarity

FURTHER = 0.4
"""What a second step leaves of a path's strength, before the number of ways that lead on divides it."""
MOST_LED = 300
"""Items that a second step is taken from: the strongest."""
CERTAIN = 0.95
"""The strongest that one path can be."""
ALIKE = 0.3
"""What sharing all that an item states is worth."""
LEAST_SHARED = 0.5
"""Two items that share less of the information in what one of them states do not count as alike."""
SHARED_VALUES = 2
"""So many values have to be the same, at least."""
MOST_ALIKE = 5
"""The user's strongest items whose values are compared."""
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Way:
    """One path, read from the candidate to the user's item."""

    start: int
    """The user's item."""
    edges: tuple[Edge, ...]
    """Relations from the candidate on, each to the item that it leads to; empty where only values are shared."""
    shared: tuple[tuple[str, str], ...] = ()
    """(field, value) that both items state."""
    strength: float = 0.0


@dataclass(frozen=True)
class Likenesses:
    """What items state, ready to be compared."""

    stated: StatedValues
    weighed: Any
    """SciPy CSR, items × values, each by how telling it is."""

    @classmethod
    def of(cls, stated: StatedValues) -> Likenesses:
        """Weigh every value by how rare it is."""
        from scipy.sparse import diags

        return cls(stated, (stated.matrix @ diags(rarity(stated.matrix))).tocsr().astype(np.float32))

    def share(self, row: int) -> tuple[Rows, Floats]:
        """Return the items that share enough with one, and the share of its information that they state too."""
        own = self.weighed[row]
        whole = float(own.sum())
        if not whole:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        known = own.copy()
        known.data[:] = 1.0
        found = np.asarray((self.weighed @ known.T).todense()).ravel() / whole
        number = np.asarray((self.stated.matrix @ known.T).todense()).ravel()
        rows = np.flatnonzero((found >= LEAST_SHARED) & (number >= SHARED_VALUES))
        rows = rows[rows != row]
        return rows, np.asarray(np.minimum(found[rows], 1.0), dtype=np.float32)

    def shared(self, row: int, other: int) -> tuple[tuple[str, str], ...]:
        """Return the values that two items share, the most telling first."""
        both = self.weighed[row].multiply(self.stated.matrix[other]).tocoo()
        order = both.col[np.argsort(-both.data, kind="stable")].tolist()
        return tuple((self.stated.fields[place], self.stated.names[place]) for place in order)


@dataclass(frozen=True)
class Paths:
    """Everything that a user's items lead to."""

    graph: RelationGraph
    seeds: dict[int, float]
    """The user's items with what their events say, in (0, 1]."""
    steps: int = 1
    likenesses: Likenesses | None = None

    def __bool__(self) -> bool:
        """Return whether anything is led to."""
        return bool(len(self.reached[0]))

    @cached_property
    def reached(self) -> tuple[Rows, Floats]:
        """The items that paths lead to, sorted by row, with how strongly."""
        rows = np.array(list(self.seeds), dtype=np.int64)
        told = np.array(list(self.seeds.values()), dtype=np.float64)
        ends, strengths, _ = self._led(rows, told)
        found = [(ends, strengths)]
        if self.steps > 1:
            found += [self._further(ends, strengths), *self._alike()]
        return _joined(found)

    def scores(self, rows: Rows) -> Floats:
        """Return the strength with which paths lead to each of some rows."""
        ends, strengths = self.reached
        if not len(ends):
            return np.zeros(len(rows), dtype=np.float32)
        places = np.minimum(np.searchsorted(ends, rows), len(ends) - 1)
        return np.where(ends[places] == rows, strengths[places], np.float32(0.0))

    def _led(self, rows: Rows, told: npt.NDArray[np.float64]) -> tuple[Rows, npt.NDArray[np.float64], Rows]:
        """Return one relation's ends from each row, the paths' strengths, and the number of ways from where it went."""
        graph = self.graph
        starts, counts = graph.starts[rows], graph.starts[rows + 1] - graph.starts[rows]
        places = np.repeat(starts - np.concatenate([[0], np.cumsum(counts)])[:-1], counts) + np.arange(counts.sum())
        places = places.astype(np.int64)
        worth = np.where(graph.inverse[places], 1.0, BACKWARD) * np.repeat(told, counts)
        return np.asarray(graph.rows[places], dtype=np.int64), worth, np.repeat(counts, counts)

    def _further(self, rows: Rows, told: npt.NDArray[np.float64]) -> tuple[Rows, npt.NDArray[np.float64]]:
        """Take a second step from where a first one led."""
        kept = np.argsort(-told, kind="stable")[:MOST_LED]
        ends, strengths, ways = self._led(rows[kept], told[kept])
        fresh = ~np.isin(ends, np.array(list(self.seeds), dtype=np.int64))
        return ends[fresh], FURTHER * strengths[fresh] / np.sqrt(np.maximum(ways[fresh], 1))

    def _alike(self) -> list[tuple[Rows, npt.NDArray[np.float64]]]:
        """Go over to what states the same as the strongest of the user's items."""
        if self.likenesses is None:
            return []
        found = []
        for row, told in sorted(self.seeds.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ALIKE]:
            rows, shares = self.likenesses.share(row)
            found.append((rows, told * ALIKE * shares.astype(np.float64)))
        return found

    # -- what is told --------------------------------------------------------------------------------------------------

    def way(self, row: int) -> Way | None:
        """Return the strongest path to an item; None when none leads there."""
        ways = [*self._ways(row, (), 1.0)]
        if self.steps > 1:
            for edge in self.graph.edges(row):
                count = int(self.graph.starts[edge.row + 1] - self.graph.starts[edge.row])
                ways += self._ways(edge.row, (edge,), FURTHER * _worth(edge) / count**0.5)
            ways += self._alike_ways(row)
        return max(ways, key=lambda way: way.strength, default=None)

    def _ways(self, row: int, before: tuple[Edge, ...], worth: float) -> list[Way]:
        return [
            Way(edge.row, (*before, edge), (), self.seeds[edge.row] * _worth(edge) * worth)
            for edge in self.graph.edges(row)
            if edge.row in self.seeds
        ]

    def _alike_ways(self, row: int) -> list[Way]:
        if self.likenesses is None:
            return []
        found = []
        for start, told in sorted(self.seeds.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ALIKE]:
            rows, shares = self.likenesses.share(start)
            place = int(np.searchsorted(rows, row))
            if place < len(rows) and rows[place] == row:
                shared = self.likenesses.shared(start, row)
                found.append(Way(start, (), shared, told * ALIKE * float(shares[place])))
        return found


def _worth(edge: Edge) -> float:
    """Return what a step is worth, seen from the candidate: its subject is wanted by who has the object."""
    return BACKWARD if edge.inverse else 1.0


def _joined(found: Sequence[tuple[Rows, npt.NDArray[Any]]]) -> tuple[Rows, Floats]:
    """Join the paths to each item as independent hints."""
    rows = np.concatenate([ends for ends, _ in found])
    told = np.concatenate([strengths for _, strengths in found])
    ends, places = np.unique(rows, return_inverse=True)
    doubts = np.bincount(places, weights=np.log1p(-np.minimum(told, CERTAIN)), minlength=len(ends))
    return ends, np.asarray(-np.expm1(doubts), dtype=np.float32)


def told_path(catalogue: Catalogue, row: int, way: Way) -> tuple[dict[str, Any], str]:
    """Return a path as data (``retrieval.reasons``), and a text that names it: "lens fits camera; camera is_a x"."""
    other = catalogue.item_at(way.start)
    data: dict[str, Any] = {"item_id": other.id, "title": other.title}
    if not way.edges:
        shared = [*dict.fromkeys(field for field, _ in way.shared)]
        return {**data, "shared": shared[:3]}, f"{catalogue.ids[row]} like {other.id}: {', '.join(shared)}"
    first, last = way.edges[0], way.edges[-1]
    if len(way.edges) > 1:
        middle = catalogue.item_at(first.row)
        data["via"] = {
            "item_id": middle.id, "title": middle.title, "relation": first.relation, "inverse": first.inverse,
        }  # fmt: skip
    data |= {"relation": last.relation, "inverse": last.inverse}
    stations = [row, *(edge.row for edge in way.edges)]
    parts = []
    for edge, start, end in zip(way.edges, stations, stations[1:], strict=False):
        ends = (catalogue.ids[start], catalogue.ids[end])
        subject, target = ends[::-1] if edge.inverse else ends
        parts.append(f"{subject} {edge.relation} {target}")
    return data, "; ".join(parts)
