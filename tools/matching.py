"""What a customer's words name: lines of an order, payment methods, reasons, and the items that may come instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from commerce.changes import ExchangeItems, Pieces, Swap
from commerce.records import Customer, Order, OrderLine, PaymentMethod, plain
from core.entities import Constraint, Item, ItemId, Op
from core.ports import Embedder
from retrieval.catalogue import Catalogue
from retrieval.constraints import mask
from retrieval.tokens import terms
from tools.variants import describe, narrowed, preference

_KINDS = {
    "礼品卡": "gift card", "储值卡": "gift card", "信用卡": "credit card", "银行卡": "card", "支付宝": "alipay",
    "微信": "wechat", "贝宝": "paypal", "钱包": "wallet",
}  # fmt: skip
"""What shops name in English however their customers speak."""
SAME_MEANING = 0.35
"""From this cosine on, free words are taken for one of the reasons that a shop accepts."""


def named_lines(words: str, order: Order, catalogue: Catalogue) -> tuple[OrderLine, ...]:
    """Return the lines of an order that words name, in the order's own sequence.

    A line is named by a word that stands in its title or category and that no other line answers to better.
    """
    said = _said(words)
    lines = tuple({line.item_id: line for line in order.items}.values())
    known = [_names(line, catalogue) for line in lines]
    hits = [said & own for own in known]
    found = []
    for at, line in enumerate(lines):
        best = any(
            all(len(hits[at]) >= len(other) for place, other in enumerate(hits) if place != at and term in other)
            for term in hits[at]
        )
        if best:
            found.append(line)
    exact = [line for line in found if len(found) > 1 and _heads(line, catalogue) & said]
    return tuple(exact or found)


def _said(text: str) -> set[str]:
    """Return the terms of a text that say something: a single Chinese character or letter does not."""
    return {term for term in terms(text) if len(term) > 1 or term.isdigit()}


def _names(line: OrderLine, catalogue: Catalogue) -> frozenset[str]:
    """Return the words that a line answers to: the titles and the categories with their other names."""
    texts = [line.title]
    if catalogue.has(line.item_id):
        item = catalogue.item(line.item_id)
        texts += [item.title, *item.texts.get("title", {}).values(), item.brand or ""]
    return frozenset(term for text in texts for term in _said(text)) | _heads(line, catalogue)


def _heads(line: OrderLine, catalogue: Catalogue) -> frozenset[str]:
    path = catalogue.item(line.item_id).category if catalogue.has(line.item_id) else line.category
    texts: list[str] = []
    for node in path[-1:]:
        config = catalogue.shop.categories.get(node)
        texts += [node, *(config.label.values() if config else ())]
        texts += [word for words in config.synonyms.values() for word in words] if config else []
    return frozenset(term for text in texts for term in _said(text))


def named_method(words: str, customer: Customer) -> PaymentMethod | None:
    """Return the one payment method that words name by its kind, its label or its last digits; None when unclear."""
    for chinese, english in _KINDS.items():
        words = words.replace(chinese, f" {english} ")
    said, whole = _said(words), plain(words)
    scores = []
    for method in customer.payment_methods:
        own = {term for text in (method.kind.replace("_", " "), method.label, method.id) for term in _said(text)}
        scores.append((2 * (plain(method.id) in whole) + len(own & said) / max(1, len(own)), method))
    best = max((score for score, _ in scores), default=0.0)
    named = [method for score, method in scores if score == best > 0]
    return named[0] if len(named) == 1 else None


def accepted_reason(words: str, accepted: Sequence[str], embedder: Embedder) -> str | None:
    """Return the accepted reason that words come nearest to, or None when they come near to none."""
    for reason in accepted:
        if plain(reason) in plain(words):
            return reason
    if not words.strip():
        return None
    near = embedder.embed(list(accepted)) @ embedder.embed([words])[0]
    at = int(np.argmax(near))
    return accepted[at] if float(near[at]) >= SAME_MEANING else None


@dataclass(frozen=True, slots=True)
class Replacements:
    """What may come instead of a line: ``chosen`` when the words leave no doubt, else ``options``, best first."""

    chosen: ItemId | None
    options: tuple[Item, ...]
    exact: bool = True
    """False when nothing is everything that was asked for."""


def replacements(
    line: OrderLine, order: Order, wanted: Iterable[Constraint], catalogue: Catalogue, rule: str, limit: int = 5
) -> Replacements:
    """Return the items in stock that may come instead of a line and are what was asked for.

    Of what was asked, only what is said of this kind of item counts; what was not asked should stay as it was.

    Args:
        line: the line of the order.
        order: the order.
        wanted: what the new item must be.
        catalogue: the shop's.
        rule: ``product`` (variants), ``category`` or ``any``, as in ``shop.yaml``.
        limit: how many options.
    """
    if not catalogue.has(line.item_id):
        return Replacements(None, ())
    old = catalogue.item(line.item_id)
    family = [item for item in family_of(old, catalogue, rule) if item.stock is None or item.stock >= line.quantity]
    asked = [one for one in wanted if one.field in old.facets or one.field in ("price", "brand", "title")]
    asked = [one for one in asked if not (one.op is Op.EQ and _has(old, one) and _contested(one, asked))]
    rows = np.array([catalogue.row(item.id) for item in family], dtype=np.int64)
    fits = mask(catalogue, asked)[rows] if len(rows) and asked else np.ones(len(rows), dtype=bool)
    fitting = [item for item, fit in zip(family, fits, strict=True) if fit]
    fitting.sort(key=lambda item: (-_alike(old, item), abs((item.price or 0.0) - (old.price or 0.0))))
    if not fitting:
        family.sort(key=lambda item: -_alike(old, item))
        return Replacements(None, tuple(family[:limit]), exact=False)
    best = [item for item in fitting if _alike(old, item) == _alike(old, fitting[0])]
    sure = bool(asked) and len(best) == 1 and (len(fitting) == 1 or rule == "product")
    return Replacements(fitting[0].id if sure else None, tuple(fitting[:limit]))


def described(line: OrderLine, words: str, catalogue: Catalogue, rule: str, limit: int = 10) -> Replacements | None:
    """Return what the customer's own words say should come instead of a line; None when they say nothing of it."""
    if not words.strip() or not catalogue.has(line.item_id):
        return None
    old = catalogue.item(line.item_id)
    family = [item for item in family_of(old, catalogue, rule) if item.stock is None or item.stock >= line.quantity]
    said = describe(words, old, family, catalogue)
    if said.empty or not family:
        return None
    fitting = narrowed(said, old, family)
    fitting.sort(
        key=lambda item: (preference(said, item), -_alike(old, item), abs((item.price or 0.0) - (old.price or 0.0)))
    )
    if not fitting:
        return Replacements(None, tuple(sorted(family, key=lambda item: -_alike(old, item))[:limit]), exact=False)
    first = (preference(said, fitting[0]), _alike(old, fitting[0]))
    best = [item for item in fitting if (preference(said, item), _alike(old, item)) == first]
    sure = len(fitting) == 1 or (len(best) == 1 and rule == "product")
    return Replacements(fitting[0].id if sure else None, tuple(fitting[:limit]))


def family_of(old: Item, catalogue: Catalogue, rule: str) -> list[Item]:
    """Return what may come instead of an item by the shop's rule: variants, the same category, or anything."""
    if rule == "product" and old.group_id is None:
        return []
    category = [Constraint("", "category", Op.EQ, old.category[-1])] if old.category else []
    rows = np.flatnonzero(mask(catalogue, category)) if category else np.arange(len(catalogue))
    if rule == "product":
        rows = np.array([row for row in rows if catalogue.naming(int(row))[1] == old.group_id], dtype=np.int64)
    items = [catalogue.item_at(int(row)) for row in rows[:500]]
    return [item for item in items if item.id != old.id and item.price is not None]


def _has(item: Item, constraint: Constraint) -> bool:
    value = getattr(item, constraint.field, None) or item.facets.get(constraint.field)
    return value == constraint.value or (isinstance(value, tuple) and constraint.value in value)


def _contested(constraint: Constraint, others: Sequence[Constraint]) -> bool:
    """Tell whether another value of the same field is asked for too: then the present one is what it replaces."""
    return any(other.field == constraint.field and other.value != constraint.value for other in others)


def _alike(old: Item, item: Item) -> int:
    return sum(item.facets.get(name) == value for name, value in old.facets.items()) + 2 * (
        item.group_id == old.group_id
    )


def exchange_of(order: Order, line: OrderLine, item: Item) -> ExchangeItems:
    """Return the exchange of a line for an item."""
    return ExchangeItems(order.id, (Swap(line.item_id, item.id, line.quantity),))


def pieces_of(lines: Sequence[OrderLine], quantity: int | None) -> tuple[Pieces, ...]:
    """Return whole lines, or some pieces of a single one."""
    if quantity is not None and len(lines) == 1:
        return (Pieces(lines[0].item_id, quantity),)
    return tuple(Pieces(line.item_id, line.quantity) for line in lines)
