"""Kinds in proportion to what a user took."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.entities import Query, UserId
from retrieval.calibration import LEAST_HISTORY, Kinds, Proportions, divergence
from retrieval.diversity import _marginal, _off, proportions_of
from retrieval.values import StatedValues

KINDS = 4
SIZE = 40


@pytest.fixture(scope="module")
def kinds():
    """Forty items, ten of each of four kinds."""
    rows = np.arange(SIZE)
    matrix = csr_matrix((np.ones(SIZE, dtype=np.float32), (rows, rows % KINDS)), shape=(SIZE, KINDS))
    found = Kinds.of(StatedValues(matrix, ("genre",) * KINDS, ("a", "b", "c", "d")))
    assert found is not None
    return found


def _history(*shares):
    """Return liked items in these proportions of the kinds."""
    rows = np.concatenate([np.arange(count) * KINDS + kind for kind, count in enumerate(shares)])
    return rows.astype(np.int64), np.ones(len(rows), dtype=np.float32)


def _shown(kinds, proportions, weight):
    """Return how many items of each kind a list of ten shows, where the first kind is the most relevant throughout."""
    total = np.where(np.arange(SIZE) % KINDS == 0, 0.9, 0.86).astype(np.float32) - np.arange(SIZE) / 1000.0
    vectors = np.eye(SIZE, dtype=np.float32)
    off = _off(proportions, np.arange(SIZE), weight) if weight else None
    chosen = _marginal(total.astype(np.float32), vectors, 10, off)
    return np.bincount(np.array(chosen) % KINDS, minlength=KINDS)


def test_lesser_interests_keep_their_share(kinds):
    proportions = Proportions.of(kinds, *_history(7, 3, 0, 0))
    assert proportions is not None
    assert _shown(kinds, proportions, 0.0).tolist() == [10, 0, 0, 0]
    calibrated = _shown(kinds, proportions, 2.0)
    assert calibrated[1] >= 2
    assert calibrated[2:].sum() == 0


def test_the_most_relevant_item_is_shown_whatever_the_history_calls_for(kinds):
    proportions = Proportions.of(kinds, *_history(0, 8, 0, 0))
    assert _shown(kinds, proportions, 2.0)[0] >= 1


def test_divergence_is_nought_only_where_proportions_agree():
    wanted = np.array([0.7, 0.3, 0.0])
    lines = np.array([[0.7, 0.3, 0.0], [1.0, 0.0, 0.0], [0.5, 0.3, 0.2]])
    found = divergence(wanted, lines)
    assert found[0] == pytest.approx(0.0, abs=1e-9)
    assert found[1] > found[2] > 0


def test_of_few_items_no_proportions_are_told(kinds):
    assert Proportions.of(kinds, *_history(LEAST_HISTORY - 1, 0, 0, 0)) is None
    assert Proportions.of(None, *_history(LEAST_HISTORY, 0, 0, 0)) is None


def test_brands_and_endless_facets_are_no_kinds():
    rows = np.arange(SIZE)
    brand = csr_matrix((np.ones(SIZE, dtype=np.float32), (rows, rows % KINDS)), shape=(SIZE, KINDS))
    assert Kinds.of(StatedValues(brand, ("brand",) * KINDS, tuple("abcd"))) is None


def test_who_asks_for_something_gets_what_fits_best(garden):
    seen: list[object] = []
    for text in ("", "a quiet lawn mower"):
        gathered = garden._gather(Query(text=text, user_id=UserId("u0")))
        seen.append(proportions_of(gathered.signals))
    assert seen[0] is not None
    assert seen[1] is None
