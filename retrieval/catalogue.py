"""The catalogue: every item as columns in memory, for masks and statistics; ``Item`` objects are made on demand.

Readers take ``catalogue.snapshot`` once and work on it: a live change (``patch``) makes new columns and swaps the
snapshot, so nobody sees half a change and nobody waits.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from core.entities import Facet, FacetType, Item, ItemId, Language, Value
from core.errors import ItemNotFound
from core.shop import Shop
from retrieval.categories import CategoryTree, Path
from retrieval.columns import Bools, CodeColumn, Column, FlagColumn, Floats, Ints, ListColumn, NumberColumn
from retrieval.comparing import EPOCH, iso_date
from retrieval.layout import Layout
from retrieval.live import LiveChanges, live_value
from retrieval.live import changed as changed_column
from retrieval.wording import item_text

BUILT_IN = ("price", "brand", "category", "rating", "rating_count", "stock", "created_at", "title")
"""The reserved columns that are facets too, in every shop."""

_OTHER = ("description", "currency", "url", "image_url", "group_id", "sponsored")
RESERVED = frozenset((*BUILT_IN, *_OTHER, "id"))

_NUMERIC = (FacetType.NUMBER, FacetType.DATE, FacetType.BOOLEAN)


class UnknownField(ValueError):
    """A field that this catalogue does not have; the message lists near names."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Name the field and what was perhaps meant."""
        names = list(known)
        near = [match[0] for match in process.extract(name, names, scorer=fuzz.WRatio, limit=5, score_cutoff=60)]
        hint = f"did you mean {', '.join(near)}?" if near else f"known fields: {', '.join(sorted(names)[:30])}"
        super().__init__(f"there is no field {name!r} in this shop; {hint}")


@dataclass(frozen=True)
class Snapshot:
    """The columns as they were at one version."""

    columns: Mapping[str, Column]
    version: int
    facets_under: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Cache of ``category_facets``."""


class Catalogue:
    """All items of a shop. Thread-safe; only ``patch`` changes it."""

    def __init__(
        self,
        shop: Shop,
        facets: Mapping[str, Facet],
        ids: Sequence[str],
        columns: Mapping[str, Column],
        paths: Sequence[Path],
    ) -> None:
        """Take over finished columns; use ``retrieval.loading.read_catalogue`` or ``retrieval.archive`` to get them.

        Args:
            shop: the shop's settings.
            facets: every facet by name, built-ins included.
            ids: the item ids by row, distinct.
            columns: field -> column; facets and reserved fields that no item states may be left out; translations of
                texts stand under ``field@language``.
            paths: the category paths, by the codes of column ``category``.
        """
        self.shop = shop
        self.facets: Mapping[str, Facet] = MappingProxyType(dict(facets))
        self.ids: Sequence[str] = list(ids)
        self.tree = CategoryTree(paths)
        self._rows = {item_id: row for row, item_id in enumerate(self.ids)}
        self._snapshot = Snapshot(MappingProxyType(dict(columns)), 0)
        self._writing = threading.Lock()
        self._live = LiveChanges()
        own = [name for name in self.facets if name not in BUILT_IN and name in columns]
        self._layout = Layout.of(own, columns)

    # -- items ---------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.ids)

    @property
    def snapshot(self) -> Snapshot:
        """The columns as they are now; take it once for a piece of work that must see one state."""
        return self._snapshot

    @property
    def version(self) -> int:
        """Grows with every live change."""
        return self._snapshot.version

    def has(self, item_id: str) -> bool:
        """Return whether there is such an item."""
        return item_id in self._rows

    def row(self, item_id: str) -> int:
        """Return an item's row.

        Raises:
            ItemNotFound: there is no such item.
        """
        try:
            return self._rows[item_id]
        except KeyError:
            raise ItemNotFound(item_id) from None

    def rows_of(self, ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows of those ids that there are, in their order."""
        found = map(self._rows.get, ids)
        return np.array([row for row in found if row is not None], dtype=np.int64)

    def item(self, item_id: str) -> Item:
        """Return an item.

        Raises:
            ItemNotFound: there is no such item.
        """
        return self.item_at(self.row(item_id))

    def items(self, ids: Iterable[str]) -> list[Item]:
        """Return several items, in the order of their ids.

        Raises:
            ItemNotFound: one of them does not exist.
        """
        return [self.item(item_id) for item_id in ids]

    def item_at(self, row: int) -> Item:
        """Return the item at a row (0 ... len - 1)."""
        columns = self._snapshot.columns

        def get(name: str) -> Any:
            column = columns.get(name)
            return None if column is None else column.at(row)

        stock, count, created = get("stock"), get("rating_count"), get("created_at")
        category = columns.get("category")
        code = -1 if category is None else _code_at(category, row)
        return Item(
            id=ItemId(self.ids[row]),
            title=get("title") or "",
            description=get("description") or "",
            price=get("price"),
            currency=get("currency") or self.shop.currency,
            brand=get("brand"),
            category=self.tree.paths[code] if code >= 0 else (),
            url=get("url"),
            image_url=get("image_url"),
            stock=None if stock is None else int(stock),
            rating=get("rating"),
            rating_count=None if count is None else int(count),
            created_at=None if created is None else EPOCH + timedelta(days=created),
            group_id=get("group_id"),
            sponsored=bool(get("sponsored")),
            facets=self._facets_at(columns, row),
            texts=self._texts_at(columns, row),
        )

    def _facets_at(self, columns: Mapping[str, Column], row: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name in self._layout.facets_of(row):
            value = columns[name].at(row)
            if value is not None:
                found[name] = iso_date(value) if self.facets[name].type is FacetType.DATE else value
        return found

    def _texts_at(self, columns: Mapping[str, Column], row: int) -> dict[str, dict[Language, str]]:
        found: dict[str, dict[Language, str]] = {}
        for name, language, key in self._layout.translations:
            text = columns[key].at(row)
            if text:
                found.setdefault(name, {})[language] = text
        return found

    def texts(self, row: int, languages: Sequence[Language] | None = None) -> str:
        """Return what encoder and lexical index see of an item.

        Args:
            row: the item's row.
            languages: in this order; the shop's own and then its others when not given.
        """
        if languages is None:
            languages = tuple(dict.fromkeys((self.shop.language, *self.shop.languages)))
        return item_text(self.item_at(row), self.facets, languages)

    def naming(self, row: int) -> tuple[str, str | None, str | None, tuple[str, ...]]:
        """Return an item's id, group, brand and titles (of every language, the shop's own first)."""
        columns = self._snapshot.columns
        keys = ("title", *(key for name, _, key in self._layout.translations if name == "title"))
        titles = (columns[key].at(row) for key in keys if key in columns)
        group, brand = (columns[name].at(row) if name in columns else None for name in ("group_id", "brand"))
        return self.ids[row], group, brand, tuple(filter(None, dict.fromkeys(titles)))

    # -- columns -------------------------------------------------------------------------------------------------------

    def column(self, name: str, snapshot: Snapshot | None = None) -> Column | None:
        """Return a field's column, or None when no item states it.

        Raises:
            UnknownField: the shop has no such field.
        """
        column = (snapshot or self._snapshot).columns.get(name)
        if column is None and name not in self.facets and name not in RESERVED:
            raise UnknownField(name, self.facets)
        return column

    def numbers(self, name: str, snapshot: Snapshot | None = None, rows: npt.NDArray[Any] | None = None) -> Floats:
        """Return one float64 an item, NaN where it does not say; dates as days since the epoch, booleans as 0 and 1.

        The array is shared: do not write to it. With ``rows`` only those rows' numbers are looked up, which costs no
        more in a large catalogue than in a small one.

        Raises:
            UnknownField: the shop has no such field.
            ValueError: the field holds no numbers.
        """
        column = self.column(name, snapshot)
        if column is None:
            return np.full(len(self) if rows is None else len(rows), np.nan)
        if isinstance(column, NumberColumn):
            return column.dense() if rows is None else column.take(rows)
        if isinstance(column, FlagColumn):
            return column.numbers(rows)
        raise ValueError(f"{name!r} holds no numbers")

    def codes(self, name: str, rows: npt.NDArray[Any] | None = None) -> tuple[Ints, list[str]]:
        """Return one int32 code an item (-1: does not say) and the distinct texts that codes point into.

        For ``category`` the texts are whole paths, ``Audio > Headphones``. With ``rows`` only theirs are looked up.
        Neither is to be written to.

        Raises:
            UnknownField: the shop has no such field.
            ValueError: the field is not of one text an item out of few.
        """
        column = self.column(name)
        if column is None:
            return np.full(len(self) if rows is None else len(rows), -1, dtype=np.int32), []
        if isinstance(column, CodeColumn):
            return column.dense() if rows is None else column.take(rows), column.values
        raise ValueError(f"{name!r} is not a column of one text out of few")

    def numeric(self, name: str) -> bool:
        """Return whether a field's values are numbers, dates or booleans."""
        facet = self.facets.get(name)
        return name == "sponsored" or (facet is not None and facet.type in _NUMERIC)

    def lists(self, name: str) -> ListColumn | None:
        """Return a list facet's column in compressed rows, or None when the field is no list or unstated."""
        column = self.column(name)
        return column if isinstance(column, ListColumn) else None

    def stated(self, name: str) -> Bools:
        """Return for each item whether it states a field.

        Raises:
            UnknownField: the shop has no such field.
        """
        column = self.column(name)
        return np.zeros(len(self), dtype=np.bool_) if column is None else column.stated

    # -- what values there are -----------------------------------------------------------------------------------------

    def values(self, name: str) -> Mapping[str, int]:
        """Return value -> number of items, most first; for ``category`` each node's name -> items in its subtree.

        Booleans have the values ``true`` and ``false``; numbers, dates and free texts have none.

        Raises:
            UnknownField: the shop has no such field.
        """
        column = self.column(name)
        if name == "category" and isinstance(column, CodeColumn):
            return self.tree.counts(column)
        if isinstance(column, CodeColumn | ListColumn):
            pairs = zip(column.values, column.counts.tolist(), strict=True)
            return dict(sorted(pairs, key=lambda pair: -pair[1]))
        if isinstance(column, FlagColumn):
            found = {"true": int((column.data == 1).sum()), "false": int((column.data == 0).sum())}
            return {value: count for value, count in found.items() if count}
        return {}

    def category_paths(self) -> list[Path]:
        """Return every category path that items have, widest element first."""
        return list(self.tree.paths)

    def category_rows(self, category: str) -> Bools:
        """Return for each item whether it lies in the subtree of a node name or path."""
        column = self._snapshot.columns.get("category")
        if not isinstance(column, CodeColumn):
            return np.zeros(len(self), dtype=np.bool_)
        return column.hits(self.tree.under([category]))

    def category_facets(self, category: str) -> tuple[str, ...]:
        """Return the shop's own facets (no built-ins) that items under a node state, most stated first.

        An empty ``category`` stands for the whole catalogue.
        """
        snapshot = self._snapshot
        known = snapshot.facets_under.get(category)
        if known is None:
            rows = self.category_rows(category) if category else np.ones(len(self), dtype=np.bool_)
            counts = {
                name: int(np.count_nonzero(snapshot.columns[name].stated & rows))
                for name in self.facets
                if name not in BUILT_IN and name in snapshot.columns
            }
            known = tuple(sorted((name for name in counts if counts[name]), key=lambda name: -counts[name]))
            snapshot.facets_under[category] = known
        return known

    def quantiles(self, name: str, rows: npt.NDArray[Any] | None, qs: Sequence[float]) -> Floats:
        """Return quantiles of a numeric field over the items that state it (all NaN when none does).

        Args:
            name: the field.
            rows: a bool an item, or row numbers; None takes all items.
            qs: in [0, 1].
        """
        numbers = self.numbers(name)
        if rows is not None:
            numbers = numbers[rows]
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            return np.full(len(qs), np.nan)
        return cast(Floats, np.quantile(numbers, list(qs)))

    # -- live changes --------------------------------------------------------------------------------------------------

    def priced(self, item_id: str, price: float) -> Catalogue:
        """Return a view of the catalogue in which one item costs something else; nothing is changed.

        Raises:
            ItemNotFound: there is no such item.
            ValueError: as for ``patch``.
        """
        other = copy.copy(self)
        prices = {self.row(item_id): live_value("price", price)}
        column = changed_column(self._snapshot.columns.get("price"), "price", prices, len(self))
        columns = MappingProxyType({**self._snapshot.columns, "price": column})
        other._snapshot = Snapshot(columns, self._snapshot.version + 1)
        return other

    def patch(self, item_id: str, changes: Mapping[str, Any]) -> None:
        """Change an item's price, stock, rating, rating_count or sponsored flag while serving; None unsets.

        Raises:
            ItemNotFound: there is no such item.
            ValueError: another field, or a value that the field cannot have; nothing is changed then.
        """
        self.patch_all({item_id: changes})

    def patch_all(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change several items at once: readers see all of it or nothing. Raises like ``patch``."""
        by_field: dict[str, dict[int, Any]] = {}
        for item_id, fields in changes.items():
            row = self.row(item_id)
            for name, value in fields.items():
                by_field.setdefault(name, {})[row] = live_value(name, value)
        if not by_field:
            return
        with self._writing:
            columns = dict(self._snapshot.columns)
            for name, values in by_field.items():
                for row, value in values.items():
                    self._live.note(self.ids[row], name, value, self._said(self.ids[row], name))
                columns[name] = changed_column(columns.get(name), name, values, len(self))
            self._snapshot = Snapshot(MappingProxyType(columns), self._snapshot.version + 1)

    def carry(self, earlier: Catalogue) -> None:
        """Take over what was changed live in an earlier catalogue of this shop, where the files say nothing newer."""
        self.patch_all(earlier._live.carried(self._said))

    def _said(self, item_id: str, name: str) -> Any:
        column = self._snapshot.columns.get(name)
        return column.at(self._rows[item_id]) if column is not None else None


def _code_at(column: Column, row: int) -> int:
    place = column.position(row)
    return -1 if place < 0 or not isinstance(column, CodeColumn) else int(column.data[place])
