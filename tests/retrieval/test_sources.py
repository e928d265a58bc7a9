"""The contract that every source keeps."""

import numpy as np
import pytest

from core.entities import EventKind, Interaction, ItemId, Query, UserId
from core.shop import Weights
from retrieval.sources import SOURCES, Retriever, best, first
from tests.retrieval.learned_models import with_models

QUERY = Query(
    text="quiet mower for the lawn 割草机", user_id=UserId("u0"), anchors=(ItemId("g8"),), liked=(ItemId("g1"),)
)
IDS = [source.name for source in SOURCES]


@pytest.fixture(scope="module")
def signals(garden):
    garden.record([Interaction(UserId("visitor"), ItemId("g0"), EventKind.VIEW, event_id="contract")])
    index = with_models(garden.serving)
    return lambda query: garden._signals(index, query)


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_is_a_retriever_with_a_weight(source):
    assert isinstance(source, Retriever)
    assert source.name in Weights.model_fields


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_scores_are_calibrated_and_do_not_depend_on_company(source, signals):
    request = signals(QUERY)
    everything = np.arange(len(request.index.catalogue))
    scores = source.scores(request, everything)
    assert scores.shape == everything.shape
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() <= 1.0 + 1e-6
    some = everything[3::5]
    np.testing.assert_allclose(source.scores(request, some), scores[some], atol=1e-5)


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_top_keeps_to_the_mask_and_repeats_nothing(source, signals):
    request = signals(QUERY)
    mask = np.zeros(len(request.index.catalogue), dtype=bool)
    mask[::2] = True
    rows = source.top(request, 5, mask)
    assert rows.dtype == np.int64
    assert len(rows) == len(set(rows.tolist()))
    assert mask[rows].all()


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_is_deterministic(source, signals):
    everything = np.arange(40)
    first, second = (source.scores(signals(QUERY), everything) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_an_empty_request_makes_only_static_sources_speak(source, signals):
    active = source.active(signals(Query()))
    assert active == (source.name in ("popularity", "quality"))


def test_the_approximate_search_agrees_with_the_exact_scores(signals):
    from retrieval.sources import SEMANTIC

    request = signals(Query(text="trims bushes"))
    size = len(request.index.catalogue)
    everything = np.ones(size, dtype=bool)
    exact = np.argsort(-SEMANTIC.scores(request, np.arange(size)), kind="stable")[:10]
    assert len(set(exact.tolist()) & set(SEMANTIC.top(request, 10, everything).tolist())) >= 9


def test_collaborative_knows_the_tastes(signals, garden):
    request = signals(Query(user_id=UserId("u0")))
    scores = SOURCES[2].scores(request, np.arange(len(garden.catalogue)))
    mowers = garden.catalogue.category_rows("Mowers")
    assert scores[mowers].mean() > scores[garden.catalogue.category_rows("Watering")].mean() + 0.1


@pytest.mark.parametrize("k", [1, 7, 500])
def test_what_is_kept_in_order_gives_what_sorting_gives(k):
    random = np.random.default_rng(k)
    scores = np.round(random.random(3000) - 0.2, 2).astype(np.float32)
    mask = random.random(3000) < 0.03
    order = np.argsort(-scores, kind="stable")
    np.testing.assert_array_equal(
        np.sort(scores[first(order, scores, k, mask)]), np.sort(scores[best(scores, k, mask)])
    )
    assert (mask & (scores > 0))[first(order, scores, k, mask)].all()
