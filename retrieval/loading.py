"""Reads a shop's items file into a Catalogue: columns named, rows checked, facets inferred (docs/shops.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from core.entities import Facet, FacetType
from core.errors import Problem, ShopError
from core.ports import Progress
from core.shop import FacetConfig, Shop
from retrieval.assembly import Assembly
from retrieval.builtin import Labels, built_in_facets, make_facet
from retrieval.catalogue import RESERVED, Catalogue
from retrieval.categories import Path as CategoryPath
from retrieval.categories import encode_paths
from retrieval.columns import CodeColumn, Column, NumberColumn
from retrieval.constraints import rule_problems
from retrieval.findings import Findings
from retrieval.inference import field_name, infer
from retrieval.records import Interactions, Relations, Review, read_interactions, read_relations, read_reviews
from retrieval.tables import Table, complete, read_table

__all__ = [
    "Interactions",
    "Relations",
    "Review",
    "read_catalogue",
    "read_interactions",
    "read_relations",
    "read_reviews",
]

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("item_id", "product_id", "sku", "asin", "编号", "商品编号"),
    "title": ("name", "product_name", "item_name", "product_title", "标题", "名称", "商品名称"),
    "description": ("desc", "text", "body", "描述", "简介"),
    "price": ("价格", "售价"),
    "brand": ("manufacturer", "vendor", "supplier", "品牌"),
    "category": ("categories", "product_type", "分类", "类别", "类目"),
    "url": ("link", "product_url", "链接"),
    "image_url": ("image", "image_link", "picture", "图片"),
    "stock": ("quantity", "inventory", "库存"),
    "rating": ("stars", "average_rating", "评分"),
    "rating_count": ("review_count", "reviews_count", "num_reviews", "评价数"),
    "created_at": ("date_added", "added_at", "上架时间"),
}
"""Common names of reserved columns, taken when the reserved name itself is absent."""

NO_CONFIG = FacetConfig()


def read_catalogue(shop: Shop, progress: Progress | None = None) -> tuple[Catalogue, list[Problem]]:
    """Read the shop's items.

    Args:
        shop: the parsed shop.yaml.
        progress: told of the stages ``reading items`` and ``building columns``.

    Returns:
        The catalogue, and what was found and left out (no problem among them is fatal).

    Raises:
        ShopError: there is no items file, it cannot be read, it has no id or title column, no row is usable, or a
            rule of shop.yaml does not fit them.
    """
    path = shop.file("items")
    if path is None:
        message = "not found: a shop needs its items as items.csv, items.jsonl or items.parquet"
        raise ShopError([Problem(str(shop.root / "items.csv"), message)])
    if progress:
        progress("reading items", 0, 1)
    findings = Findings(path)
    table, units = _named(read_table(path, findings), shop, findings)
    table = _usable(table, findings)
    if progress:
        progress("reading items", 1, 1)
    builder = _Builder(shop, table, units, findings)
    catalogue = builder.build(progress)
    wrong = rule_problems(catalogue)
    if wrong:
        raise ShopError(wrong)
    return catalogue, [*findings.problems, *_unused(shop, builder.facets)]


def _named(table: Table, shop: Shop, findings: Findings) -> tuple[Table, dict[str, str]]:
    """Rename columns to fields; returns the units in headers' brackets too."""
    wanted = {key.strip().casefold(): value for key, value in shop.columns.items()}
    names: dict[str, str] = {}
    units: dict[str, str] = {}
    for header in table.frame.columns:
        given = wanted.pop(header.strip().casefold(), None)
        name, unit = (given, None) if given else field_name(header)
        if name in names.values():
            findings.add(f"column {header!r} stands for {name!r}, which another column already does", 1, name)
            continue
        names[header] = name
        if unit:
            units[name] = unit
    for column in wanted:
        findings.add(f"shop.yaml renames column {column!r}, which the file does not have", 1)
    present = set(names.values())
    for reserved, others in ALIASES.items():
        alias = next((other for other in others if other in present), None)
        bare = not any(name == reserved or name.startswith(f"{reserved}@") for name in present)
        if bare and alias and alias not in shop.facets:
            names = {header: _swapped(name, alias, reserved) for header, name in names.items()}
    return Table(table.frame.select(pl.col(header).alias(name) for header, name in names.items()), table.lines), units


def _swapped(name: str, alias: str, reserved: str) -> str:
    base, at, language = name.partition("@")
    return f"{reserved}{at}{language}" if base == alias else name


def _usable(table: Table, findings: Findings) -> Table:
    """Leave out rows without id or title and those whose id stood before.

    Raises:
        ShopError: the columns are missing, or no row is left.
    """
    frame = table.frame
    if "title" not in frame.columns:
        translated = next((name for name in frame.columns if name.startswith("title@")), None)
        if translated:
            frame = frame.with_columns(pl.col(translated).alias("title"))
    for name in ("id", "title"):
        if name not in frame.columns:
            columns = ", ".join(frame.columns[:20])
            findings.fatal(f"there is no such column among: {columns}; name it under columns in shop.yaml", 1, name)
        if frame[name].dtype != pl.String:
            findings.fatal("must be a text, not a list", field=name)
    if not frame.height:
        findings.fatal("has no rows")
    table = complete(Table(frame, table.lines), ("id", "title"), findings)
    twice = ~table.frame["id"].is_first_distinct()
    doubled = table.frame["id"].filter(twice).to_list()
    for line, item_id in zip(table.lines[twice.to_numpy()].tolist(), doubled, strict=True):
        findings.add(
            f"{item_id!r} stood before; the first one counts", line, "id", kind="stood before; the first counts"
        )
    table = table.where(~twice)
    if not len(table):
        findings.fatal("no row is usable")
    return table


def _unused(shop: Shop, facets: Mapping[str, Facet]) -> list[Problem]:
    """Report facets of shop.yaml that no item states."""
    return [
        Problem("shop.yaml", "no item states this facet", field=f"facets.{name}", fatal=False)
        for name, config in shop.facets.items()
        if name not in facets and not config.ignore
    ]


class _Builder:
    """Makes columns and facets from a table whose columns are fields."""

    def __init__(self, shop: Shop, table: Table, units: Mapping[str, str], findings: Findings) -> None:
        self._shop = shop
        self._frame = table.frame
        self._units = units
        self._findings = findings
        self._assembly = Assembly(table, findings)
        self._paths: list[CategoryPath] = []
        self._labels: dict[str, Labels] = {}
        self.columns: dict[str, Column] = {}
        self.facets: dict[str, Facet] = {}

    def build(self, progress: Progress | None) -> Catalogue:
        """Return the finished catalogue."""
        currency = self._reserved()
        own = [name for name in self._frame.columns if name not in RESERVED and "@" not in name]
        for done, name in enumerate(own):
            if progress:
                progress("building columns", done, len(own))
            self._facet(name)
        self._translations()
        self.facets = {**built_in_facets(self._shop, currency, self._labels), **self.facets}
        if progress:
            progress("building columns", len(own), max(len(own), 1))
        ids = self._frame["id"].to_list()
        return Catalogue(self._shop, self.facets, ids, self.columns, self._paths)

    def _reserved(self) -> str | None:
        """Build the reserved columns; returns the currency of prices."""
        make, present = self._assembly, set(self._frame.columns)
        self.columns["title"] = make.titles("title")
        if "description" in present:
            self.columns["description"] = make.texts("description")
        for name in present & {"url", "image_url"}:
            self.columns[name] = make.addresses(name)
        for name in present & {"brand", "currency", "group_id"}:
            self.columns[name] = make.coded(name)
        for name in present & {"stock", "rating_count"}:
            self.columns[name] = NumberColumn.of(make.amounts(name, whole=True))
        if "rating" in present:
            self.columns["rating"] = NumberColumn.of(make.amounts("rating"))
        if "created_at" in present:
            self.columns["created_at"] = make.days("created_at")
        if "sponsored" in present:
            self.columns["sponsored"] = make.flags("sponsored")
        if "category" in present:
            codes, self._paths = encode_paths(make.paths("category", self._shop.category_separator))
            self.columns["category"] = CodeColumn.of(codes, [" > ".join(path) for path in self._paths])
        named = None
        if "price" in present:
            prices, named = make.prices("price")
            self.columns["price"] = NumberColumn.of(prices)
        return self._currency(named)

    def _currency(self, named: str | None) -> str | None:
        """Return the shop's currency: shop.yaml's, the column's most frequent, or the sign that prices carry."""
        column = self.columns.get("currency")
        listed = column.values[0] if isinstance(column, CodeColumn) and column.values else None
        currency = self._shop.currency or listed or named
        if currency and listed is None:
            size = self._frame.height
            self.columns["currency"] = CodeColumn.of(np.zeros(size, dtype=np.int32), [currency])
        return currency

    def _facet(self, name: str) -> None:
        """Infer and build one facet; columns that say nothing are left out."""
        config = self._shop.facets.get(name, NO_CONFIG)
        if config.ignore:
            return
        plan = infer(name, self._frame[name], config, self._shop.list_separator, self._units.get(name))
        if plan is None:
            return
        column = self._assembly.facet(name, plan)
        if not column.count:
            return
        self.columns[name] = column
        languages = self._languages(name)
        labels: Labels = {}
        if plan.type in (FacetType.CATEGORY, FacetType.LIST):
            separator = (plan.separator or "") if plan.type is FacetType.LIST else None
            labels = self._assembly.labels(name, languages, separator)
        self.facets[name] = make_facet(name, plan.type, plan.unit, config, plan.words, self._shop.language, labels)

    def _languages(self, name: str) -> dict[str, str]:
        """Return language -> column of a field's translations."""
        return {
            column.partition("@")[2]: column
            for column in self._frame.columns
            if column.startswith(f"{name}@") and column.partition("@")[2]
        }

    def _translations(self) -> None:
        """Build texts in other languages, and display names of brands and categories."""
        texts = [name for name, facet in self.facets.items() if facet.type is FacetType.TEXT]
        for name in ("title", "description", *texts):
            for column in self._languages(name).values():
                self.columns[column] = self._assembly.texts(column)
        if "brand" in self._frame.columns:
            self._labels["brand"] = self._assembly.labels("brand", self._languages("brand"), None)
        if "category" in self._frame.columns:
            self._labels["category"] = self._category_labels()
        for column in self._frame.columns:
            base, at, _ = column.partition("@")
            if at and base not in self._frame.columns:
                self._findings.add(f"translates {base!r}, which the file does not have", 1, column)

    def _category_labels(self) -> Labels:
        """Return node name -> language -> the display name that most items give it."""
        separator = self._shop.category_separator
        paths = self._assembly.paths("category", separator)
        found: dict[str, dict[str, str]] = {}
        for language, column in self._languages("category").items():
            pairs: Counter[tuple[str, str]] = Counter()
            for path, other in zip(paths, self._assembly.paths(column, separator), strict=True):
                if path and other and len(path) == len(other):
                    pairs.update(zip(path, other, strict=True))
            for (name, label), _ in reversed(pairs.most_common()):
                found.setdefault(name, {})[language] = label
        return found


def source_files(shop: Shop) -> list[Path]:
    """Return the data files of the shop that exist, for fingerprints."""
    kinds = ("items", "interactions", "reviews", "relations")
    paths = [shop.root / "shop.yaml", *(path for kind in kinds if (path := shop.file(kind)))]
    return [path for path in paths if path.is_file()]
