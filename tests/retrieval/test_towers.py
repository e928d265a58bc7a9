"""Two towers over texts: what is learned, shares, files, and new items that need no training."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.entities import EventKind, Query, UserId
from retrieval.histories import Event
from retrieval.learned import Learned, adapted, model_folder
from retrieval.towers import WEIGHTS, Projections, Towers, write
from retrieval.training.towers import Contrast, fit
from tests.retrieval.learned_models import projections


def camps(users=60, items=20, dimensions=12):
    """Two camps; what a text says of the camp lies in one direction."""
    draw = np.random.default_rng(4)
    vectors = draw.normal(0.0, 0.4, (items, dimensions)).astype(np.float32)
    vectors[:, 0] += np.where(np.arange(items) < items // 2, 1.0, -1.0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    matrix = np.zeros((users, items), dtype=np.float32)
    for user in range(users):
        matrix[user, draw.permutation(items // 2)[:6] + (items // 2) * (user % 2)] = 1.0
    return csr_matrix(matrix), vectors


def towers(found, vectors):
    return Towers(found, found.of_items(vectors), vectors, 240.0)


def event(row, weight=1.0):
    return Event(row, EventKind.PURCHASE, weight, 0.0)


def test_camps_are_learned_and_a_new_item_needs_no_training():
    matrix, vectors = camps()
    shown, hidden = vectors[np.arange(20) != 3], matrix[:, np.arange(20) != 3]
    found = fit(hidden, shown, Contrast(width=8, epochs=15, batch=32, rate=1e-2)).projections
    one = towers(found, vectors)
    user = one.user([event(0), event(1), event(2)], 0.0)
    scores = one.scores(user, np.arange(20))
    assert scores[4:10].mean() > scores[10:].mean() + 0.3
    assert scores[3] > scores[10:].max(), "its text alone says where it stands"


def test_training_is_the_same_each_time_and_stops_early():
    matrix, vectors = camps()
    contrast = Contrast(width=4, epochs=5, patience=2)
    first, second = (fit(matrix, vectors, contrast).projections for _ in range(2))
    assert (first.users == second.users).all()
    values = iter([0.1, 0.5, 0.4, 0.4, 0.4])
    found = fit(matrix, vectors, contrast, lambda _: next(values))
    assert (found.epochs, found.value) == (2, 0.5)


def test_shares_add_up_and_some_score_as_among_all():
    _, vectors = camps()
    one = towers(projections(12), vectors)
    user = one.user([event(0), event(5, -1.0), event(7, 0.5)], 0.0)
    everything = one.scores(user, np.arange(20))
    for row in range(20):
        assert np.tanh(one.shares(user, row).sum()) == pytest.approx(everything[row], abs=1e-5)
    some = np.array([9, 4])
    assert one.scores(user, some) == pytest.approx(everything[some], abs=1e-6)
    assert one.user([event(0, -1.0)], 0.0) is None


def test_saved_checked_and_opened_again(tmp_path):
    _, vectors = camps()
    mark = projections(12).save(tmp_path / "trained", "an encoder")
    assert len(mark) == 32
    write(tmp_path / "trained", tmp_path / "build", vectors, "an encoder")
    found = Towers.open(tmp_path / "build", vectors, 240.0)
    assert found is not None
    assert found.items == pytest.approx(projections(12).of_items(vectors))
    assert Towers.open(tmp_path / "nothing", vectors, 240.0) is None
    with pytest.raises(ValueError, match="encoder"):
        Projections.load(tmp_path / "trained", "another encoder")
    (tmp_path / "trained" / WEIGHTS).write_bytes(b"x")
    with pytest.raises(ValueError, match="damaged"):
        Projections.load(tmp_path / "trained")


def test_the_index_serves_what_training_left(opened, tmp_path):
    from retrieval.index import trained_folder

    serving = opened()
    folder = trained_folder(tmp_path / "shop", tmp_path / "data")
    mark = projections(serving.serving.vectors.shape[1]).save(tmp_path / "draft", serving.embedder.name)
    folder.mkdir(parents=True)
    (tmp_path / "draft").rename(model_folder(folder, "towers", mark))
    Learned(towers=mark).save(folder)
    assert serving.refresh()
    assert any(entry.parts.get("towers") for entry in serving.recommend(Query(user_id=UserId("u0"))).items)


def test_weights_follow_what_is_known_within_bounds():
    assert adapted(0.0, 3) == 1.0
    assert adapted(0.5, 80) > adapted(0.5, 20) == 1.0 > adapted(0.5, 0)
    assert (adapted(9.0, 1000), adapted(9.0, 0)) == (4.0, 0.25)


def test_marks_from_a_file_name_no_other_folder(tmp_path):
    Learned(sequential="../../elsewhere", towers="0" * 32).save(tmp_path)
    found = Learned.load(tmp_path)
    assert (found.sequential, found.towers) == ("", "0" * 32)
