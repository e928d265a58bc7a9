"""Our own pipeline, as a system among the others: opened on a benchmark's shop, with the clock of the split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from core.entities import Query, UserId
from core.settings import Settings
from core.shop import Weights
from retrieval.encoder import build_embedder
from retrieval.index import open as open_index
from retrieval.learned import Learned
from retrieval.pipeline import Recommender
from retrieval.training.run import run

Clock = Callable[[], float]


def opened(folder: Path, data_dir: Path, clock: Clock) -> Recommender:
    """Build (or take over) the index of a shop and open it; vectors of known texts are not made anew."""
    # What the operator's environment says of the product does not change what is measured.
    settings = Settings(shop=folder, data_dir=data_dir, encoder="minilm")
    return open_index(folder, data_dir, settings, embedder=build_embedder(settings), clock=clock)


def trained(folder: Path, data_dir: Path) -> Learned:
    """Train on a shop's own log, as ``launch.py train`` does."""
    settings = Settings(shop=folder, data_dir=data_dir, encoder="minilm")
    return run(folder, data_dir, settings, embedder=build_embedder(settings))


def weighted(recommender: Recommender, folder: Path, clock: Clock, changes: Mapping[str, float]) -> Recommender:
    """Return a recommender over the same index with other weights of the fusion."""
    index = recommender.serving
    weights = Weights(**{**(index.browsing or index.shop.weights).model_dump(), **changes})
    changed = replace(index, browsing=None, shop=index.shop.model_copy(update={"weights": weights}))
    return Recommender(changed, recommender.embedder, folder, lambda progress: None, clock)


def only(*names: str) -> dict[str, float]:
    """Return weights that leave only these sources."""
    return {name: 1.0 if name in names else 0.0 for name in Weights.model_fields}


def ranked(recommender: Recommender, user: str, count: int) -> list[str]:
    """Return the ids that the pipeline shows a user without a question, the best first."""
    return [str(found.item.id) for found in recommender.recommend(Query(user_id=UserId(user), limit=count)).items]
