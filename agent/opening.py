"""What the assistant is put together with: whose goods the desk offers, where a shop's data lies, sound texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from core.entities import Item
from retrieval.pipeline import Recommender


def sound(text: str) -> str:
    """Return a text that can be stored: halves of surrogate pairs, which no encoding takes, become question marks."""
    return text.encode("utf-8", "replace").decode()


def offers_of(recommender: Recommender) -> Callable[[str], Item | None]:
    """Return what the shop sells now, by item id, for the service desk; a rebuilt catalogue counts at once."""

    def offer(item_id: str) -> Item | None:
        catalogue = recommender.catalogue
        return catalogue.item(item_id) if catalogue.has(item_id) else None

    return offer


def folder_name(shop: Path) -> str:
    """Return a name for a shop's data: shops of one name in different places stay apart."""
    path = shop.resolve()
    return f"{path.name}-{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"
