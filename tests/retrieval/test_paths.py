"""Paths along relations, and by what items state."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from retrieval.graph import RelationGraph
from retrieval.paths import Likenesses, Paths
from retrieval.values import StatedValues

CAMERA, LENS, WIDE, STRAP, BAG, OTHER = range(6)
FITS = [(LENS, CAMERA), (WIDE, CAMERA), (STRAP, BAG)]


def _graph(pairs, items=6):
    subjects, objects = (np.array(side, dtype=np.int32) for side in zip(*pairs, strict=True))
    return RelationGraph.of(subjects, ["fits"] * len(pairs), objects, items)


def _strength(paths, row):
    return float(paths.scores(np.array([row]))[0])


def test_one_step_leads_to_what_fits_and_no_further():
    paths = Paths(_graph(FITS), {CAMERA: 1.0})
    assert set(paths.reached[0].tolist()) == {LENS, WIDE}
    way = paths.way(LENS)
    assert way is not None
    assert way.start == CAMERA
    assert [edge.relation for edge in way.edges] == ["fits"]
    assert not way.edges[0].inverse


def test_an_accessory_wants_its_like_less_than_its_owner_wants_accessories():
    graph = _graph(FITS)
    assert _strength(Paths(graph, {LENS: 1.0}), CAMERA) < _strength(Paths(graph, {CAMERA: 1.0}), LENS)


def test_two_steps_lead_to_what_fits_the_same():
    one, two = (Paths(_graph(FITS), {LENS: 1.0}, steps) for steps in (1, 2))
    assert _strength(one, WIDE) == 0
    assert one.way(WIDE) is None
    assert 0 < _strength(two, WIDE) < _strength(two, CAMERA)
    way = two.way(WIDE)
    assert way is not None
    assert [edge.row for edge in way.edges] == [CAMERA, LENS]
    assert _strength(two, LENS) == 0, "no path leads back to where it came from"


@pytest.mark.parametrize("seeds", [{CAMERA: 1.0}, {LENS: 1.0}, {LENS: 0.3, CAMERA: 0.5}])
def test_an_item_falls_with_every_path_that_is_deleted(seeds):
    whole = Paths(_graph(FITS), seeds, 2)
    for row in whole.reached[0].tolist():
        way = whole.way(row)
        assert way is not None
        stations = [row, *(edge.row for edge in way.edges)]
        for ends in itertools.pairwise(stations):
            left = [pair for pair in FITS if set(pair) != set(ends)]
            assert _strength(Paths(_graph(left), seeds, 2), row) < _strength(whole, row)


def test_several_paths_count_more_than_one_and_never_reach_certainty():
    pairs = [(OTHER, row) for row in range(5)]
    strengths = [_strength(Paths(_graph(pairs), dict.fromkeys(range(count), 1.0)), OTHER) for count in (1, 2, 5)]
    assert strengths == sorted(strengths)
    assert strengths[0] < strengths[-1] < 1


def test_what_leads_everywhere_says_little():
    few, many = [(1, 0), (2, 0)], [(row, 0) for row in range(1, 60)]
    near, far = (_strength(Paths(_graph(pairs, 60), {1: 1.0}, 2), 2) for pairs in (few, many))
    assert far < near / 3


def test_shared_values_are_a_path_when_they_are_telling():
    columns = {CAMERA: [0, 1, 2], LENS: [0, 1], WIDE: [2], STRAP: [2], BAG: [2], OTHER: [2, 3]}
    places = [(row, column) for row, stated in columns.items() for column in stated]
    matrix = csr_matrix((np.ones(len(places), dtype=np.float32), tuple(zip(*places, strict=True))), shape=(6, 4))
    stated = StatedValues(matrix, ("brand", "mount", "color", "kind"), ("Acme", "K", "black", "bag"))
    likenesses = Likenesses.of(stated)
    paths = Paths(_graph([(STRAP, BAG)]), {CAMERA: 1.0}, 2, likenesses)
    assert set(paths.reached[0].tolist()) == {LENS}
    way = paths.way(LENS)
    assert way is not None
    assert {field for field, _ in way.shared} == {"brand", "mount"}
    # Deleting a value that both state takes the path with it.
    less = matrix.copy().tolil()
    less[LENS, 1] = 0
    bare = Likenesses.of(StatedValues(less.tocsr(), stated.fields, stated.names))
    assert not Paths(_graph([(STRAP, BAG)]), {CAMERA: 1.0}, 2, bare).scores(np.array([LENS]))[0]


def test_without_items_nothing_is_reached():
    assert not Paths(_graph(FITS), {}, 2)
    assert Paths(_graph(FITS), {}).scores(np.array([1, 2])).tolist() == [0, 0]
