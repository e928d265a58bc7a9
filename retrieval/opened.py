"""One opened index: immutable arrays and models that a turn reads. A refresh puts a new one in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.entities import ItemId
from core.ports import Vectors
from core.shop import Shop, Weights
from retrieval.calibration import Kinds
from retrieval.carrying import Visitors
from retrieval.catalogue import Catalogue
from retrieval.collaborative import CollaborativeModel
from retrieval.dense import DenseStore
from retrieval.graph import RelationGraph
from retrieval.histories import History
from retrieval.lexical import LexicalIndex
from retrieval.opinions import OpinionStore
from retrieval.paths import Likenesses
from retrieval.popularity import novelty, quality, relative_prices
from retrieval.quantised import QuantisedStore
from retrieval.quotes import ReviewStore
from retrieval.sequential import SequentialModel
from retrieval.towers import Towers
from retrieval.values import StatedValues

OVER_FETCH, MOST_FETCHED = 1.3, 1500
"""Chroma's search knows no mask here: it is asked for so many more than the mask's share of all items calls for, and
for so many at most."""
BACKGROUND = 1024
"""So many items, evenly spread, tell how similar a vector is to nothing in particular."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OpenIndex:
    """Everything that ranking reads, of one version of the shop."""

    shop: Shop
    catalogue: Catalogue
    vectors: Vectors
    """Shape (items, dimensions), memory-mapped unit rows in the catalogue's order; read by rows: they may be packed."""
    dense: DenseStore | QuantisedStore
    lexical: LexicalIndex
    history: History
    collaborative: CollaborativeModel | None
    graph: RelationGraph
    reviews: ReviewStore
    popularity: Floats
    users: npt.NDArray[np.int32]
    """How many users had a positive event with each item."""
    fingerprint: str
    browsing: Weights | None = None
    """Learned weights for shoppers who ask nothing; None: the shop's own."""
    adapting: Mapping[str, float] = field(default_factory=dict)
    """Source -> how its weight grows with what is known of a user who asks nothing (``retrieval.learned``)."""
    opinions: OpinionStore | None = None
    """What reviews say of which aspect; None in an index of an earlier version."""
    sequential: SequentialModel | None = None
    towers: Towers | None = None
    """Both only where training found that they pay."""
    visitors: Visitors | None = None
    """Users of another shop whose tastes carry over."""
    mark: str = ""
    """Names the interactions and items that were learned from."""
    _derived: dict[str, tuple[tuple[object, ...], Floats]] = field(default_factory=dict, repr=False)
    _orders: dict[str, tuple[Floats, npt.NDArray[np.int64]]] = field(default_factory=dict, repr=False)

    @cached_property
    def background(self) -> Vectors:
        """The vectors of a fixed sample of items."""
        count = len(self.vectors)
        rows = np.unique(np.linspace(0, count - 1, min(count, BACKGROUND)).astype(np.int64))
        return np.ascontiguousarray(self.vectors[rows])

    def nearest(self, vector: Vectors, k: int, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return the rows of at most ``k`` items near a vector by approximate search, within a mask, nearest first."""
        if isinstance(self.dense, QuantisedStore):
            return self.dense.nearest(vector, k, mask)
        share = max(float(np.count_nonzero(mask)) / len(mask), 1e-6)
        wanted = min(int(k * OVER_FETCH / share), MOST_FETCHED, len(mask))
        rows = self.catalogue.rows_of(self.dense.search(vector[None, :], wanted)[0])
        return rows[mask[rows]][:k]

    @cached_property
    def everything(self) -> npt.NDArray[np.bool_]:
        """The mask that leaves all items."""
        return np.ones(len(self.catalogue), dtype=np.bool_)

    @cached_property
    def likenesses(self) -> Likenesses:
        """What items state, ready to be compared."""
        return Likenesses.of(StatedValues.of(self.catalogue))

    @cached_property
    def kinds(self) -> Kinds | None:
        """What the shop sorts its items by; None when nothing does."""
        return Kinds.of(StatedValues.of(self.catalogue))

    @cached_property
    def by_popularity(self) -> npt.NDArray[np.int64]:
        """All rows, the most popular first."""
        return np.argsort(-self.popularity, kind="stable")

    @property
    def quality(self) -> Floats:
        """Every item's quality; computed anew when a live change touched the ratings."""
        now = self.catalogue.snapshot
        state = (now.columns.get("rating"), now.columns.get("rating_count"))
        numbers = self.catalogue.numbers
        return self._remembered("quality", state, lambda: quality(numbers("rating", now), numbers("rating_count", now)))

    @property
    def by_quality(self) -> npt.NDArray[np.int64]:
        """All rows, those of the best quality first."""
        quality = self.quality
        known = self._orders.get("quality")
        if known is None or known[0] is not quality:
            known = (quality, np.argsort(-quality, kind="stable"))
            self._orders["quality"] = known
        return known[1]

    @property
    def relative_prices(self) -> Floats:
        """Every item's log price over its category's median; NaN without a price. Follows live prices."""
        now = self.catalogue.snapshot
        state = (now.columns.get("price"), now.columns.get("category"))
        return self._remembered("price", state, lambda: relative_prices(self.catalogue))

    def novelty(self, now: float) -> Floats:
        """Every item's novelty, exact to the hour."""
        hour = round(now / 3600.0)
        column = self.catalogue.snapshot.columns.get("created_at")
        known = self._derived.get("new")
        if known is None or known[0] != (column, hour):
            known = ((column, hour), novelty(self.catalogue.numbers("created_at"), hour * 3600.0))
            self._derived["new"] = known
        return known[1]

    def _remembered(self, name: str, state: tuple[object, ...], make: Callable[[], Floats]) -> Floats:
        """Return what ``make`` makes, made anew only when one of the columns that it rests on was replaced."""
        known = self._derived.get(name)
        if known is None or any(old is not new for old, new in zip(known[0], state, strict=True)):
            known = (state, make())
            self._derived[name] = known
        return known[1]

    def rows(self, ids: Sequence[ItemId]) -> npt.NDArray[np.int64]:
        """Return the rows of those ids that the catalogue has, in their order."""
        return self.catalogue.rows_of(ids)

    def row_weights(self, weights: Mapping[ItemId, float]) -> dict[int, float]:
        """Return row -> weight for the ids that the catalogue has."""
        return {self.catalogue.row(item): weight for item, weight in weights.items() if self.catalogue.has(item)}
