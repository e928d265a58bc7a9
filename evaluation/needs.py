"""What a simulated shopper wants: a target's attributes as requirements, read off the catalogue.

Of the target only attributes are kept: category, brand, facets, price. Its title and its id are no needs, nor is any
value that holds them or that names one item only (a model number in a column of its own).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.entities import Constraint, Facet, FacetType, Item, ItemId, Language, Op, Value
from evaluation.speech import measure, money, rounded
from retrieval.catalogue import Catalogue
from retrieval.constraints import condition_mask, rules_mask, satisfied

SILENT = frozenset({"title", "rating", "rating_count", "stock", "created_at", "sponsored"})
"""Fields that a shopper states nothing of: they name the item, or are the shop's and not the need's."""
PRICE_ROOM = (1.0, 1.3)
"""A budget is so many times the target's price."""
IDENTIFYING = 0.9
"""A facet of which more than this share of the values are unlike each other names items."""
LEAST_ITEMS = 20
"""Fewer items than these cannot tell a naming facet from a small shop."""
LONGEST_VALUE = 40
SHORTEST_VALUE = {True: 3, False: 1}
"""Letters (Latin or not) below which a value says nothing without its facet's name: "R", "Y", "26"."""
LEAST_NEEDS = 3


@dataclass(frozen=True)
class Need:
    """One requirement, what it is called, and how it is put."""

    field: str
    kind: str
    """The kind of phrase in ``phrasings/*.yaml``."""
    constraint: Constraint
    words: Mapping[str, str]
    """``label`` and ``value``, in the shopper's language."""

    @property
    def numeric(self) -> bool:
        """Whether it is a bound."""
        return self.kind in ("price_at_most", "at_most", "at_least")


def normal(text: str) -> str:
    """Return a text for finding one in another: letters and digits alone."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def names_of(item: Item) -> tuple[str, ...]:
    """Return what may never be said of a target: its id and its titles in all languages."""
    titles = (item.title, *item.texts.get("title", {}).values())
    return tuple(dict.fromkeys(filter(None, (normal(each) for each in (item.id, *titles)))))


def leaks(text: str, item: Item) -> bool:
    """Return whether a text holds the item's title, or its id as a word of its own."""
    said, words = normal(text), {normal(word) for word in text.split()}
    return any(name in (words if name == normal(item.id) else said) for name in names_of(item))


def targets(catalogue: Catalogue, language: Language, count: int, seed: int) -> list[ItemId]:
    """Return the ids of items that shoppers are sent for: drawn from all that the shop may show without asking.

    An item is left out when fewer than three of its attributes can be said without naming it.
    """
    allowed = rules_mask(catalogue, catalogue.shop.rules)
    for rule in catalogue.shop.rules.confirm:
        allowed &= ~rows_where(catalogue, rule.when)
    rows = np.flatnonzero(allowed).tolist()
    rng = random.Random(seed)
    rng.shuffle(rows)
    found: list[ItemId] = []
    for row in rows:
        if len(found) == count:
            break
        if len(needs_of(catalogue, row, language, random.Random(0))) >= LEAST_NEEDS:
            found.append(catalogue.item_at(row).id)
    return found


def rows_where(catalogue: Catalogue, when: Mapping[str, object]) -> npt.NDArray[np.bool_]:
    """Return which items a rule's condition names."""
    return condition_mask(catalogue, when)


def needs_of(catalogue: Catalogue, row: int, language: Language, rng: random.Random) -> dict[str, Need]:
    """Return the target's needs by field: what its shopper knows of what they want."""
    item = catalogue.item_at(row)
    found: dict[str, Need] = {}
    for name, facet in catalogue.facets.items():
        if name in SILENT or facet.type in (FacetType.TEXT, FacetType.DATE):
            continue
        need = _need(catalogue, item, row, facet, language, rng)
        if need is not None and not any(leaks(word, item) for word in need.words.values()):
            found[name] = need
    return found


def _need(
    catalogue: Catalogue, item: Item, row: int, facet: Facet, language: Language, rng: random.Random
) -> Need | None:
    if facet.name == "category":
        return _category(catalogue, item, language)
    value: Value | None = getattr(item, facet.name) if facet.name in ("price", "brand") else item.facets.get(facet.name)
    if value is None or value == () or value == "":
        return None
    label = label_of(facet, language)
    if isinstance(value, bool):
        kind = "yes" if value else "no"
        return Need(facet.name, kind, constraint(facet.name, Op.EQ, value), {"label": label, "value": label})
    if isinstance(value, int | float):
        if facet.name == "price":
            currency = item.currency or catalogue.shop.currency
            return budget(float(value), facet, currency, language, rng.uniform(*PRICE_ROOM))
        return bound(catalogue, item, facet, float(value), language)
    if _identifies(catalogue, facet.name):
        return None
    if isinstance(value, tuple):
        chosen = str(rng.choice(sorted(map(str, value))))
        return spoken(catalogue, facet, Op.CONTAINS, chosen, language)
    return spoken(catalogue, facet, Op.EQ, str(value), language)


def label_of(facet: Facet, language: Language) -> str:
    """Return how a shopper calls a facet."""
    label = facet.label(language)
    return label.lower() if language == "en" else label


def constraint(name: str, op: Op, value: Value, unit: str | None = None) -> Constraint:
    """Return a true requirement."""
    return Constraint(f"true-{name}", name, op, value, unit)


def spoken(catalogue: Catalogue, facet: Facet, op: Op, value: str, language: Language) -> Need | None:
    """Return a need of one of a facet's values; None for one that nobody would say."""
    shown = facet.value_label(value, language)
    if not normal(shown) or len(shown) > LONGEST_VALUE or not shown.isprintable() or "\\" in shown:
        return None
    kind = "brand" if facet.name == "brand" else "has" if facet.type is FacetType.LIST else "is"
    if kind != "brand" and not tells(catalogue, facet, shown):
        kind = f"{kind}_named"
    return Need(
        facet.name, kind, constraint(facet.name, op, value), {"label": label_of(facet, language), "value": shown}
    )


def tells(catalogue: Catalogue, facet: Facet, shown: str) -> bool:
    """Return whether a value says by itself what is meant: it is a word, and a value of no other facet.

    Who wants one that does not ("R", "26", a colour where the shop has two facets of colours) names the facet as well.
    """
    letters = sum(map(str.isalpha, shown))
    return letters >= SHORTEST_VALUE[shown.isascii()] and _owners(catalogue).get(normal(shown), set()) <= {facet.name}


@lru_cache(maxsize=2)
def _owners(catalogue: Catalogue) -> dict[str, set[str]]:
    """Return the facets that have a value of a name, in any language, by name."""
    owners: dict[str, set[str]] = {}
    for name, facet in catalogue.facets.items():
        if facet.type not in (FacetType.CATEGORY, FacetType.LIST):
            continue
        values = [path[-1] for path in catalogue.category_paths()] if name == "category" else catalogue.values(name)
        for value in values:
            for each in (value, *facet.value_labels.get(value, {}).values()):
                owners.setdefault(normal(each), set()).add(name)
    return owners


def _category(catalogue: Catalogue, item: Item, language: Language) -> Need | None:
    if not item.category:
        return None
    facet, leaf = catalogue.facets["category"], item.category[-1]
    shown = facet.value_label(leaf, language)
    words = {"label": label_of(facet, language), "value": shown.lower() if language == "en" else shown}
    return Need("category", "category", constraint("category", Op.EQ, " > ".join(item.category)), words)


def budget(price: float, facet: Facet, currency: str | None, language: Language, room: float) -> Need:
    """Return the need of a price: an amount of two digits that is not below the price."""
    wanted = price * room
    power = 10.0 ** (len(str(int(wanted))) - 2) if wanted >= 10 else 1.0
    amount = rounded(wanted, Facet("price", FacetType.NUMBER), power, up=True)[0]
    words = {"label": label_of(facet, language), "value": money(amount, currency, language)}
    return Need("price", "price_at_most", constraint("price", Op.LE, amount, currency), words)


def bound(catalogue: Catalogue, item: Item, facet: Facet, value: float, language: Language) -> Need | None:
    """Return the need of a number: a bound on the side that most want, or on which the target lies apart."""
    rows = catalogue.category_rows(" > ".join(item.category)) if item.category else np.ones(len(catalogue), np.bool_)
    peers = catalogue.numbers(facet.name)[rows]
    peers = peers[~np.isnan(peers)]
    if not len(peers) or peers.min() == peers.max():
        return None
    upper = facet.better == "lower" or (facet.better is None and value < float(np.median(peers)))
    number, text, unit = rounded(value, facet, _step(peers), up=upper)
    op, kind = (Op.LE, "at_most") if upper else (Op.GE, "at_least")
    words = {"label": label_of(facet, language), "value": measure(text, unit, language)}
    need = Need(facet.name, kind, constraint(facet.name, op, number, facet.unit), words)
    # Six written digits may fall on the wrong side of a long number: then nobody would say it.
    return need if bool(satisfied(catalogue, need.constraint)[catalogue.row(item.id)]) else None


def _step(peers: npt.NDArray[np.float64]) -> float:
    """Return the 1, 2 or 5 times a power of ten in which such numbers are said: an eighth of their spread."""
    low, high = np.quantile(peers, (0.1, 0.9))
    width = float((high - low) or (peers.max() - peers.min())) / 8.0
    power = 10.0 ** float(np.floor(np.log10(width)))
    return float(max(factor for factor in (1.0, 2.0, 5.0) if factor <= width / power + 1e-9) * power)


def _identifies(catalogue: Catalogue, name: str) -> bool:
    """Return whether a facet's values name items rather than describe them."""
    stated = int(np.count_nonzero(catalogue.stated(name)))
    return stated > LEAST_ITEMS and len(catalogue.values(name)) > IDENTIFYING * stated
