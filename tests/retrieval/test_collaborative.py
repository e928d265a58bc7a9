"""Collaborative filtering."""

import numpy as np
import pytest

from core.entities import EventKind
from retrieval.collaborative import CollaborativeModel, train
from retrieval.factors import Factors
from retrieval.histories import History, event_weight


@pytest.fixture(scope="module")
def history():
    """Two camps of users over twenty items, who each take items of their half."""
    draw = np.random.default_rng(1)
    users, rows = [], []
    for user in range(60):
        for row in draw.choice(10, 5, replace=False):
            users.append(f"u{user}")
            rows.append(row + 10 * (user % 2))
    count = len(rows)
    return History.of(
        users, np.array(rows, dtype=np.int32), [EventKind.PURCHASE] * count, np.full(count, np.nan), np.full(count, 1e9)
    )


@pytest.fixture(scope="module", params=["ease", "als"])
def size(request):
    """Items up to which EASE is used: both models must pass every test."""
    return {"ease": 1000, "als": 0}[request.param]


@pytest.fixture(scope="module")
def model(history, size):
    return train(history, 21, most_for_ease=size)


def test_is_bit_identical(history, size, model):
    again = train(history, 21, most_for_ease=size)
    user = (np.array([0, 3]), np.array([1.0, 0.5], dtype=np.float32))
    assert (again.scores(again.fold_in(*user)) == model.scores(model.fold_in(*user))).all()
    assert (again.near_scores == model.near_scores).all()


def test_a_new_user_is_folded_in_and_explained(model):
    user = model.fold_in(np.array([0, 3]), np.array([1.0, 0.5], dtype=np.float32))
    scores = model.scores(user)
    assert scores[[1, 2, *range(4, 10)]].mean() > scores[10:20].mean() + 0.1
    assert scores[20] == 0
    for row in (1, 5):
        trust = model.model.trust[row] if isinstance(model.model, Factors) else 1.0
        assert np.arctanh(scores[row] / trust) == pytest.approx(model.shares(user, row).sum() / trust, abs=1e-4)


def test_a_dislike_repels(model):
    rows = np.array([0, 3])
    liked = model.scores(model.fold_in(rows, np.array([1.0, 1.0], dtype=np.float32)))
    torn = model.scores(model.fold_in(rows, np.array([1.0, -1.0], dtype=np.float32)))
    assert torn[5] < liked[5]
    assert model.fold_in(rows, np.array([-1.0, -1.0], dtype=np.float32)) is None


def test_neighbours_are_of_the_same_camp(model):
    near, scores = model.neighbours(2)
    assert set(near.tolist()) <= set(range(10)) - {2}
    assert ((scores > 0) & (scores <= 1)).all()
    np.testing.assert_allclose(model.similarities(2, near.astype(np.int64)), scores)
    assert model.similarities(2, np.array([15]))[0] == 0


def test_saves_and_opens(model, tmp_path):
    model.save(tmp_path)
    opened = CollaborativeModel.open(tmp_path)
    user = (np.array([0, 3]), np.array([1.0, 0.5], dtype=np.float32))
    assert opened.scores(opened.fold_in(*user)) == pytest.approx(model.scores(model.fold_in(*user)), abs=2e-3)
    assert opened.user_days == model.user_days
    assert CollaborativeModel.open(tmp_path / "none") is None


def test_one_user_is_no_pattern(history):
    single = History.of(
        ["a"] * 3, np.arange(3, dtype=np.int32), [EventKind.LIKE] * 3, np.full(3, np.nan), np.full(3, 1e9)
    )
    model = train(single, 4, most_for_ease=0)
    assert model.model.trust.max() < 0.5
    assert model.near_scores.max(initial=0.0) < 0.2
    nothing = History.of([], np.zeros(0, dtype=np.int32), [], np.zeros(0), np.zeros(0))
    assert train(nothing, 4) is None


def test_ratings_count_by_their_distance_from_the_middle():
    weights = [event_weight(EventKind.RATING, stars, 5.0) for stars in (5, 4, 3, 2, 1)]
    assert weights == pytest.approx([1.0, 0.6, 0.2, -0.2, -0.6])
    assert event_weight(EventKind.RATING, None, 5.0) == 0.0
    assert event_weight(EventKind.DISLIKE, None, 5.0) == -1.0
