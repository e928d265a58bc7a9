"""What new items inherit from what is said of them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.entities import EventKind
from retrieval.collaborative import train
from retrieval.histories import History
from retrieval.newcomers import LEAST_TAKERS, Content, School, adopted
from retrieval.values import StatedValues

CAMPS, EACH, NEW = 2, 40, 3
"""Items of two camps, whose last few nobody took."""
SIZE = CAMPS * EACH


@pytest.fixture(scope="module")
def history():
    """Users of two camps, who each take items of their own."""
    draw = np.random.default_rng(1)
    users, rows = [], []
    for user in range(120):
        camp = user % CAMPS
        for row in draw.choice(EACH - NEW, 9, replace=False):
            users.append(f"u{user}")
            rows.append(row + EACH * camp)
    count = len(rows)
    kinds = [EventKind.PURCHASE] * count
    return History.of(users, np.array(rows, dtype=np.int32), kinds, np.full(count, np.nan), np.full(count, 1e9))


@pytest.fixture(scope="module")
def content():
    """Each camp with its own direction of meaning, its own word and its own value, beside what nobody can tell."""
    draw = np.random.default_rng(2)
    camps = np.repeat(np.arange(CAMPS), EACH)
    vectors = draw.normal(0.0, 0.1, (SIZE, 16)).astype(np.float32)
    vectors[np.arange(SIZE), camps] += 1.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    said = csr_matrix((np.ones(SIZE, dtype=np.float32), (np.arange(SIZE), camps)), shape=(SIZE, CAMPS))
    by_word = said.tocsc()
    stated = StatedValues(said, ("kind",) * CAMPS, ("one", "two"))
    return Content.of(vectors, by_word.indices, by_word.indptr, stated)


@pytest.fixture(scope="module", params=["ease", "als"])
def models(request, history, content):
    """A model without and one with inheritance: both kinds must pass every test."""
    most = {"ease": 1000, "als": 0}[request.param]
    return tuple(train(history, SIZE, most_for_ease=most, content=each) for each in (None, lambda: content))


def _asked(model, rows):
    return model.scores(model.fold_in(np.array(rows), np.ones(len(rows), dtype=np.float32)))


NEW_ONES, NEW_OTHERS = np.arange(EACH - NEW, EACH), np.arange(SIZE - NEW, SIZE)


def test_a_new_item_is_offered_to_those_who_like_its_like(models):
    before, after = (_asked(model, list(range(6))) for model in models)
    assert np.abs(before[[*NEW_ONES, *NEW_OTHERS]]).max() < 0.05
    assert after[NEW_ONES].min() > after[NEW_OTHERS].max()
    assert after[NEW_ONES].mean() > 0.1


def test_new_items_stand_among_known_ones_neither_first_nor_last(models):
    scores = _asked(models[1], list(range(6)))
    known = scores[6 : EACH - NEW]
    assert known.min() < scores[NEW_ONES].mean() < known.max()


def test_what_is_known_of_known_items_stays(models):
    before, after = (_asked(model, list(range(6))) for model in models)
    known = np.setdiff1d(np.arange(SIZE), [*NEW_ONES, *NEW_OTHERS])
    assert np.allclose(before[known], after[known], atol=1e-5)


def test_who_took_a_new_item_is_offered_its_like(models):
    scores = _asked(models[1], [int(NEW_ONES[0])])
    assert scores[: EACH - NEW].mean() > scores[EACH : SIZE - NEW].mean() + 0.02


def test_every_share_of_an_inherited_score_is_an_item_of_the_user(models):
    model = models[1]
    user = model.fold_in(np.array([0, 1, EACH]), np.ones(3, dtype=np.float32))
    shares = model.shares(user, int(NEW_ONES[0]))
    trust = getattr(model.model, "trust", np.ones(SIZE))[NEW_ONES[0]]
    assert np.arctanh(model.scores(user)[NEW_ONES[0]] / trust) == pytest.approx(shares.sum() / trust, abs=1e-3)
    assert shares[:2].sum() > shares[2]


def test_an_inheritance_outlives_saving(models, tmp_path):
    models[1].save(tmp_path)
    again = type(models[1]).open(tmp_path)
    assert np.allclose(_asked(again, [0, 1]), _asked(models[1], [0, 1]), atol=2e-2)


def test_without_enough_teachers_nothing_is_inherited(content):
    few = csr_matrix(np.eye(LEAST_TAKERS, SIZE, dtype=np.float32))
    model = object()
    assert adopted(model, few, lambda: content) is model  # type: ignore[arg-type]


def test_what_a_teacher_is_taught_by_others_is_what_a_school_without_it_says(content):
    teachers, lessons = np.arange(0, SIZE, 2), np.random.default_rng(3).random((SIZE // 2, 4)).astype(np.float32)
    alone = School.of(content, teachers).without_own(lessons)
    for place in (0, 7):
        others = np.delete(teachers, place)
        taught = School.of(content, others).taught(np.delete(lessons, place, axis=0), teachers[[place]])
        assert alone[place] == pytest.approx(taught[0], abs=1e-4)
