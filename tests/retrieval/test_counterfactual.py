"""What would come first if something were otherwise is true: it is done for real, and the ranker asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.entities import Constraint, Op, Query, Sort, Strength, UserId
from core.settings import CHECKOUT, Settings
from retrieval import index
from retrieval.counterfactual import REACH, Counterfactual, counterfactual, repriced
from retrieval.pipeline import Recommender
from tests.retrieval.garden import T0, write_garden


@pytest.fixture(scope="module", params=["garden", "electronics"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Recommender:
    folder: Path = CHECKOUT / "shops" / "electronics"
    if request.param == "garden":
        folder = write_garden(tmp_path_factory.mktemp("garden") / "shop")
    data = tmp_path_factory.mktemp("data")
    return index.open(folder, data, Settings(shop=folder, data_dir=data), embedder=encoder, clock=lambda: T0 + 1000.0)


def asked(shop: Recommender, count: int) -> Iterator[Query]:
    """Yield requests: a kind and a limit, some with a user, a wish for a price or a further requirement."""
    draw, catalogue = np.random.default_rng(17), shop.catalogue
    items = [catalogue.item_at(row) for row in range(len(catalogue))]
    kinds = sorted({item.category[-1] for item in items})
    users = sorted(shop.serving.history.users)
    for number in range(count):
        kind = kinds[int(draw.integers(len(kinds)))]
        prices = [item.price for item in items if kind in item.category and item.price]
        limit = float(round(np.quantile(prices, draw.uniform(0.2, 0.8))))
        op, strength = (Op.LE, Op.LT)[number % 2], (Strength.MUST, Strength.MUST, Strength.WISH)[number % 3]
        constraints = [Constraint("c1", "category", Op.EQ, kind), Constraint("c2", "price", op, limit, None, strength)]
        if number % 4 == 0:
            color = items[int(draw.integers(len(items)))].facets.get("color")
            constraints += [Constraint("c3", "color", Op.EQ, str(color))] if color else []
        user = UserId(users[int(draw.integers(len(users)))]) if number % 5 else None
        yield Query(text=kind if number % 2 else "", constraints=tuple(constraints), user_id=user)


def first_for_real(shop: Recommender, query: Query, found: Counterfactual) -> str:
    """Make it so in the catalogue itself, ask, and take it back."""
    if found.price is None:
        freed = tuple(c for c in query.constraints if c is not found.without)
        return shop.recommend(replace(query, constraints=freed)).items[0].item.id
    before = shop.catalogue.item(found.item.id).price
    shop.catalogue.patch(found.item.id, {"price": found.price})
    try:
        return shop.recommend(query).items[0].item.id
    finally:
        shop.catalogue.patch(found.item.id, {"price": before})


def test_every_one_is_true_when_replayed(shop: Recommender) -> None:
    told = []
    for query in asked(shop, 240):
        ranking = shop.recommend(query)
        found = counterfactual(shop, query, ranking)
        if found is None:
            continue
        told.append(found)
        assert ranking.items[0].item.id != found.item.id
        assert first_for_real(shop, query, found) == found.item.id
        if found.price is not None:
            assert found.item.price is not None
            assert (1.0 - REACH) * found.item.price - 1.0 <= found.price < found.item.price
    assert len(told) >= 10


def test_asking_what_if_changes_nothing(shop: Recommender) -> None:
    query = next(query for query in asked(shop, 50) if counterfactual(shop, query, shop.recommend(query)))
    version, before = shop.catalogue.version, shop.recommend(query)
    item = before.items[0].item
    other = repriced(shop, item.id, 1.0)
    assert other.catalogue.item(item.id).price == 1.0
    assert shop.catalogue.item(item.id).price == item.price
    assert shop.catalogue.version == version
    assert shop.recommend(query) == before


def test_who_sorts_is_told_nothing(shop: Recommender) -> None:
    query = replace(next(asked(shop, 1)), sorts=(Sort("price", False),))
    assert counterfactual(shop, query, shop.recommend(query)) is None
