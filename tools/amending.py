"""Corrections of what was begun, in the customer's words: "not the lamp", "only the chair", "it should be black"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.entities import Item
from retrieval.catalogue import Catalogue
from retrieval.tokens import fold, stem
from tools.desk_arguments import DeskChange, DeskItem
from tools.matching import family_of
from tools.variants import describe

_ONLY = re.compile(r"\b(?:only|just|nothing but)\b|只|仅")
_OUT = re.compile(r"\b(?:not|except|without|leave out|forget|drop|keep|don't)\b|不要|别|除了|不换|不退|保留")
_PAYMENT = re.compile(
    r"\b(?:paypal|gift ?card|credit ?card|card|visa|mastercard|amex|wallet|bank|payment)\b|支付|礼品卡|信用卡|微信|钱包"
)


def amended(drafts: Sequence[DeskChange], words: str, catalogue: Catalogue) -> list[DeskChange]:
    """Return drafts as a correction leaves them: things taken out or left alone, another method, other wishes."""
    low = fold(words)
    every = [item for draft in drafts for item in draft.items]
    named = {item.item_id for item in every if _names(low, item, catalogue) or _titled(low, item, every, catalogue)}
    only, out = bool(_ONLY.search(low)), bool(_OUT.search(low))
    result: list[DeskChange] = []
    lone = [item.item_id for draft in drafts for item in draft.items]
    for draft in drafts:
        items = list(draft.items)
        if named and only:
            items = [item for item in items if item.item_id in named]
        elif named and out:
            items = [item for item in items if item.item_id not in named]
        else:
            about = named or (set(lone) if len(lone) == 1 else _described(words, draft, catalogue))
            items = [
                _rewished(item, words) if item.item_id in about and draft.kind in ("exchange", "change_items") else item
                for item in items
            ]
        if draft.items and not items:
            continue
        method = (
            {"method": words[:500]}
            if _PAYMENT.search(low) and draft.kind not in ("cancel", "change_address", "change_home")
            else {}
        )
        result.append(draft.model_copy(update={"items": items, **method}))
    return result


def _names(low: str, item: DeskItem, catalogue: Catalogue) -> bool:
    known: Item | None = catalogue.item(item.item_id) if item.item_id and catalogue.has(item.item_id) else None
    if known is None:
        return False
    heads: Iterable[str] = known.category[-1:]
    config = catalogue.shop.categories.get(known.category[-1]) if known.category else None
    if config is not None:
        heads = [*heads, *config.label.values(), *(word for words in config.synonyms.values() for word in words)]
    said = {stem(word) for word in re.findall(r"[a-z0-9]+", low)}
    for head in map(fold, heads):
        if re.search(r"[一-鿿]", head):
            if head in low:
                return True
        elif head.split() and stem(head.split()[-1]) in said:
            return True
    return False


def _titled(low: str, item: DeskItem, every: Sequence[DeskItem], catalogue: Catalogue) -> bool:
    """Tell whether words name an item by what only its title has among those begun."""
    own = _title_words(item, catalogue)
    others = {word for other in every if other.item_id != item.item_id for word in _title_words(other, catalogue)}
    said = {stem(word) for word in re.findall(r"[a-z0-9]{3,}", low)}
    wide = [word for word in own - others if not word.isascii()]
    return bool(said & (own - others)) or any(word in low for word in wide)


def _title_words(item: DeskItem, catalogue: Catalogue) -> set[str]:
    if not item.item_id or not catalogue.has(item.item_id):
        return set()
    known = catalogue.item(item.item_id)
    titles = [known.title, *known.texts.get("title", {}).values()]
    heads = [re.split(r"[(,，（]", title)[0] for title in titles]
    wide = {
        part[at : at + 2] for head in heads for part in re.findall(r"[一-鿿]{2,}", head) for at in range(len(part) - 1)
    }
    return {stem(word) for head in heads for word in re.findall(r"[a-z0-9]{3,}", fold(head))} | wide


def _rewished(item: DeskItem, words: str) -> DeskItem:
    if _PAYMENT.search(fold(words)):
        return item
    return item.model_copy(update={"words": f"{item.words} {words}"[-500:], "new_item_id": None})


def _described(words: str, draft: DeskChange, catalogue: Catalogue) -> set[str | None]:
    """Return the items of a swap whose variants have what the words ask for."""
    if draft.kind not in ("exchange", "change_items"):
        return set()
    found: set[str | None] = set()
    for item in draft.items:
        if item.item_id and catalogue.has(item.item_id):
            old = catalogue.item(item.item_id)
            family = [old, *family_of(old, catalogue, "product")]
            if describe(words, None, family, catalogue).values:
                found.add(item.item_id)
    return found
