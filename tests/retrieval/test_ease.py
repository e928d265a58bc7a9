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
    liked = model.scores(np.array([0]), np.ones(1, dtype=np.float32))
    assert liked[1] > liked[2]
    repelled = model.scores(np.array([0]), -np.ones(1, dtype=np.float32))
    assert repelled == pytest.approx(-liked)


def test_some_items_score_as_among_all():
    model = Ease.fit(TOGETHER, 0.5)
    rows, weights = np.array([0, 2]), np.array([1.0, 0.5], dtype=np.float32)
    among = np.array([2, 1])
    assert model.scores(rows, weights, among) == pytest.approx(model.scores(rows, weights)[among])


def test_saved_and_opened_again(tmp_path):
    model = Ease.fit(TOGETHER, 0.5)
    assert Ease.open(tmp_path) is None
    model.save(tmp_path)
    opened = Ease.open(tmp_path)
    assert opened is not None
    assert (opened.weights == model.weights).all()


def test_what_cannot_be_solved_is_said(monkeypatch):
    with pytest.raises(ValueError, match="above 0"):
        Ease.fit(TOGETHER, 0.0)
    monkeypatch.setattr(module, "MOST_ITEMS", 2)
    with pytest.raises(ValueError, match="use ALS"):
        Ease.fit(TOGETHER)
