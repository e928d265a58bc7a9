"""The worked example of docs/phones.md, step by step with its numbers: ``python -m benchmarks.phones``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.entities import EventKind, Interaction, ItemId, Query, UserId
from core.settings import CHECKOUT, Settings
from retrieval import index
from retrieval.pipeline import Recommender
from retrieval.reasons import value_of
from retrieval.signals import profile_taste

SHOP = CHECKOUT / "shops" / "phones"
USER = UserId("alex")
QUERY = Query(user_id=USER, limit=5)


def walk(recommender: Recommender) -> Iterator[str]:
    """Yield the lines of the walk-through."""
    catalogue = recommender.catalogue
    opened = recommender.serving
    events = recommender.events(USER)
    yield "1. The data: items and what alex thinks of them"
    for event in events:
        item = catalogue.item_at(event.row)
        stars = round((event.weight + 1.0) * opened.history.top / 2.0)
        attributes = ", ".join(str(value_of(item, name)) for name in ("brand", "model", "color"))
        yield f"   {item.id}  {attributes:36} {stars} stars -> weight {event.weight:+.2f}"
    yield ""
    yield "2. Texts to vectors"
    for row in range(len(catalogue)):
        text = catalogue.texts(row, ["en"])
        numbers = " ".join(f"{number:+.3f}" for number in opened.vectors[row][:4])
        yield f"   {catalogue.ids[row]}  [{numbers} ...]  {text[:58]}..."
    yield ""
    yield "3. The interest that the history shows (weights fade with age, half in 240 days)"
    taste = profile_taste(events, opened.history.latest)
    for place, row in enumerate(taste.rows.tolist()):
        item = catalogue.item_at(row)
        yield f"   {taste.weights[place]:+.2f}  {item.brand}, {value_of(item, 'model')}, {value_of(item, 'color')}"
    yield ""
    yield "4. Likeness of every item to every item (cosine of their texts)"
    likeness = np.asarray(opened.vectors) @ np.asarray(opened.vectors).T
    for row, values in enumerate(likeness):
        yield f"   {catalogue.ids[row]}  " + "  ".join(f"{value:.2f}" for value in values)
    yield ""
    yield "5. and 6. User and item together: the shares of each score, and the ranking"
    yield from _ranking(recommender)
    yield ""
    recommender.record([Interaction(USER, ItemId("4"), EventKind.VIEW)])
    yield "Now alex looks at item 4, and asks again"
    yield from _ranking(recommender)


def _ranking(recommender: Recommender) -> Iterator[str]:
    for place, each in enumerate(recommender.recommend(QUERY).items, 1):
        shares = ", ".join(f"{name} {value:+.3f}" for name, value in each.parts.items() if abs(value) >= 0.001)
        yield f"   {place}. {each.item.title:32} {each.score:.3f}   {shares}"
        reason = each.reasons[0] if each.reasons else None
        if reason is not None:
            shown = {name: value for name, value in reason.data.items() if name in ("title", "event", "now", "rating")}
            yield f"      because ({reason.kind.value}) {shown}"


def main() -> None:
    """Build the shop's index in a temporary folder and write the walk-through."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(shop=SHOP)
        recommender = index.open(SHOP, Path(folder), settings)
        sys.stdout.write("\n".join(walk(recommender)) + "\n")


if __name__ == "__main__":
    main()
