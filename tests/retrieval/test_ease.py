"""EASE: against the closed form by hand, and that it is a source's equal: fold-in, among, save and open."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from retrieval import ease as module
from retrieval.ease import Ease

TOGETHER = csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1]], dtype=np.float32))


def test_two_items_by_hand():
    # G + I = [[3, 1], [1, 2]], its inverse is [[2, -1], [-1, 3]] / 5: B01 = 1 / 3, B10 = 1 / 2.
    matrix = csr_matrix(np.array([[1, 1], [1, 0]], dtype=np.float32))
    assert Ease.fit(matrix, 1.0).weights == pytest.approx(np.array([[0.0, 1 / 3], [0.5, 0.0]]))


def test_no_item_speaks_for_itself_and_companions_speak_for_each_other():
    model = Ease.fit(TOGETHER, 0.5)
    assert not np.diag(model.weights).any()
    ones = np.ones(2, dtype=np.float32)
    liked = model.scores(model.fold_in(np.array([0]), ones[:1]))
    assert liked[0] > liked[1] > liked[2]
    torn = model.scores(model.fold_in(np.array([0, 2]), ones * np.array([1, -1], dtype=np.float32)))
    assert torn[2] < 0 < torn[1]
    assert model.fold_in(np.array([0]), -ones[:1]) is None


def test_shares_add_up_to_the_score():
    model = Ease.fit(TOGETHER, 0.5)
    user = model.fold_in(np.array([0, 2]), np.array([1.0, 0.5], dtype=np.float32))
    for row in range(3):
        assert np.tanh(model.shares(user, row).sum()) == pytest.approx(model.scores(user)[row], abs=1e-6)


def test_an_item_that_nobody_took_is_known_by_its_text():
    matrix = csr_matrix(np.array([[1, 1, 0, 0]] * 5 + [[0, 1, 1, 0]] * 5, dtype=np.float32))
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.96, 0, 0.28]], dtype=np.float32)
    blind, reading = (Ease.fit(matrix, 1.0, vectors, text) for text in (0.0, 3.0))
    user = (np.array([0]), np.ones(1, dtype=np.float32))
    assert blind.scores(blind.fold_in(*user))[3] == 0
    assert reading.scores(reading.fold_in(*user))[3] > 0.1


def test_some_items_score_as_among_all():
    model = Ease.fit(TOGETHER, 0.5)
    user = model.fold_in(np.array([0, 2]), np.array([1.0, 0.5], dtype=np.float32))
    among = np.array([2, 1])
    assert model.scores(user, among) == pytest.approx(model.scores(user)[among])


def test_saved_and_opened_again(tmp_path):
    model = Ease.fit(TOGETHER, 0.5)
    assert Ease.open(tmp_path) is None
    model.save(tmp_path)
    opened = Ease.open(tmp_path)
    assert opened is not None
    assert opened.weights == pytest.approx(model.weights, abs=1e-3)
    assert opened.usual == model.usual


def test_what_cannot_be_solved_is_said(monkeypatch):
    with pytest.raises(ValueError, match="above 0"):
        Ease.fit(TOGETHER, 0.0)
    monkeypatch.setattr(module, "MOST_ITEMS", 2)
    with pytest.raises(ValueError, match="use ALS"):
        Ease.fit(TOGETHER)
