"""One small index for all tests of ranking; those that change a shop make their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from retrieval import index
from retrieval.pipeline import Recommender
from tests.retrieval.garden import T0, write_garden


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Recommender:
    """Return a recommender over the garden shop that no test may record events in under a known user."""
    folder = write_garden(tmp_path_factory.mktemp("garden") / "shop")
    data = folder.parent / "data"
    return index.open(folder, data, Settings(shop=folder, data_dir=data), embedder=encoder, clock=lambda: T0 + 1000.0)


@pytest.fixture
def opened(tmp_path: Path, encoder: Any):
    """Return a function that opens the garden shop of this test's own folder."""

    def run(**options: Any) -> Recommender:
        shop = tmp_path / "shop"
        if not shop.exists():
            write_garden(shop)
        settings = Settings(shop=shop, data_dir=tmp_path / "data")
        return index.open(shop, tmp_path / "data", settings, **{"embedder": encoder, **options})

    return run
