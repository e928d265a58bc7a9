"""Checks a whole shop folder: every problem with file, row and field, for ``launch.py check``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from core.entities import Item
from core.errors import Problem, ShopError
from core.ports import Progress
from core.shop import Shop, load_shop
from retrieval.catalogue import Catalogue
from retrieval.columns import TextColumn, fold
from retrieval.loading import read_catalogue, read_interactions, read_relations, read_reviews

Check = Callable[[Path, Shop], list[Problem]]
"""Checks another part of the folder: the service desk's data, which a higher floor reads."""

MOST_NAMED = 5


def check_shop(folder: Path, others: Iterable[Check] = (), progress: Progress | None = None) -> list[Problem]:
    """Return every problem of a shop folder; the shop can be served when none of them is fatal.

    Args:
        folder: the shop folder.
        others: checks of the parts that this floor does not know (``commerce.loading.check``).
        progress: told of the stages.
    """
    try:
        shop = load_shop(folder)
    except ShopError as error:
        return list(error.problems)
    problems: list[Problem] = []
    try:
        catalogue, found = read_catalogue(shop, progress)
        problems += [*found, *_records(shop, catalogue, progress), *_names(shop, catalogue), *_images(shop, catalogue)]
    except ShopError as error:
        problems += error.problems
    for check in others:
        problems += check(folder, shop)
    return problems


def _records(shop: Shop, catalogue: Catalogue, progress: Progress | None) -> list[Problem]:
    problems: list[Problem] = []
    for read in (read_interactions, read_reviews, read_relations):
        try:
            problems += read(shop, catalogue, progress)[1]
        except ShopError as error:
            problems += error.problems
    return problems


def _names(shop: Shop, catalogue: Catalogue) -> list[Problem]:
    """Report categories, brands and values of shop.yaml that no item has, and labels without a field."""
    problems: list[Problem] = []
    named = {"categories": ("category", list(shop.categories)), "brands": ("brand", list(shop.brands))}
    for name, config in shop.facets.items():
        if name in catalogue.facets and config.values:
            named[f"facets.{name}.values"] = (name, list(config.values))
    for place, (name, entries) in named.items():
        known = set(map(fold, catalogue.values(name)))
        for entry in entries:
            if fold(entry) not in known:
                problems.append(Problem("shop.yaml", "no item has this value", field=f"{place}.{entry}", fatal=False))
    known = set(map(fold, catalogue.values("category")))
    for entry in shop.returns.not_returnable_categories:
        if fold(entry) not in known:
            field = "returns.not_returnable_categories"
            problems.append(Problem("shop.yaml", f"no item is in category {entry!r}", field=field, fatal=False))
    return problems


def _images(shop: Shop, catalogue: Catalogue) -> list[Problem]:
    """Report pictures below the shop's folder that are not there; a few are named, all are counted."""
    column = catalogue.column("image_url")
    path = shop.file("items")
    if not isinstance(column, TextColumn) or path is None:
        return []
    items: Iterable[Item] = map(catalogue.item_at, np.flatnonzero(column.stated).tolist())
    missing = [
        item
        for item in items
        if item.image_url and "://" not in item.image_url and not (shop.root / item.image_url).is_file()
    ]
    if not missing:
        return []
    names = ", ".join(f"{item.image_url} of {item.id}" for item in missing[:MOST_NAMED])
    return [
        Problem(path.name, f"{len(missing)} pictures are not in the folder ({names})", field="image_url", fatal=False)
    ]
