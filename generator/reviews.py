"""Short reviews that agree with the item's facets and the customer's stars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.behaviour import Log
from generator.customers import People
from generator.products import Product


def write_reviews(log: Log, products: Sequence[Product], people: People, seed: int) -> Iterator[list[str]]:
    """Yield the rows of ``reviews.csv``."""
    yield from ()
