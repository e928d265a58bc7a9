"""Quantised vectors: near enough to the exact ones, within the mask, and a setting like any other."""

import numpy as np
import pytest

from core.entities import Constraint, Op, Query, UserId
from core.errors import IndexFault
from core.settings import Settings
from retrieval import index
from retrieval.item_vectors import is_quantised
from retrieval.quantised import PackedVectors, QuantisedStore, pack, write_quantised
from tests.retrieval.garden import items, write_garden
from tests.retrieval.test_index import Counting, root


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def clouds():
    """Return unit vectors around two hundred centres, as many as need more than what is rescored."""
    random = np.random.default_rng(3)
    centres = unit(random.standard_normal((200, 96)))
    near = centres[random.integers(200, size=12_000)] + 0.08 * random.standard_normal((12_000, 96))
    return unit(near + 0.2)


@pytest.fixture(scope="module")
def store(tmp_path_factory, clouds):
    folder = tmp_path_factory.mktemp("quantised")
    write_quantised(folder, clouds)
    return QuantisedStore.open(folder)


def test_packed_vectors_read_like_an_array_and_are_nearly_exact(clouds):
    packed = PackedVectors(*pack(clouds))
    assert packed.shape == clouds.shape
    assert len(packed) == len(clouds)
    for rows in (7, slice(3, 9), np.array([5, 1, 5]), [2, 4], slice(None)):
        assert packed[rows].dtype == np.float32
        np.testing.assert_allclose(packed[rows], clouds[rows], atol=4e-3)
    assert np.abs((packed[:] * clouds).sum(axis=1) - 1.0).max() < 1e-3
    np.testing.assert_array_equal(np.asarray(packed), packed[:])


def test_packing_what_was_packed_changes_nothing(clouds):
    data, scales = pack(clouds)
    again, _ = pack(unit(PackedVectors(data, scales)[:]))
    np.testing.assert_array_equal(again, data)


def test_finds_the_true_neighbours_within_the_mask(store, clouds):
    random = np.random.default_rng(5)
    mask = random.random(len(clouds)) < 0.5
    shares = []
    for row in random.integers(len(clouds), size=20):
        exact = np.flatnonzero(mask)[np.argsort(-(clouds[mask] @ clouds[row]), kind="stable")[:30]]
        found = store.nearest(clouds[row], 30, mask)
        assert mask[found].all()
        assert len(found) == len(set(found.tolist())) == 30
        cosines = clouds[found] @ clouds[row]
        assert (np.diff(cosines) < 2e-3).all(), "nearest first"
        shares.append(np.isin(exact, found).mean())
    assert np.mean(shares) > 0.9


def test_small_masks_and_small_shops(store, clouds, tmp_path):
    one = np.zeros(len(clouds), dtype=bool)
    assert store.nearest(clouds[0], 5, one).tolist() == []
    one[[4, 9]] = True
    assert store.nearest(clouds[9], 5, one).tolist() == [9, 4]
    write_quantised(tmp_path, clouds[:3])
    few = QuantisedStore.open(tmp_path)
    assert few.nearest(clouds[1], 10, np.ones(3, dtype=bool))[0] == 1
    assert few.count() == 3


def test_files_that_do_not_belong_together_are_refused(tmp_path, clouds):
    write_quantised(tmp_path, clouds[:50])
    np.save(tmp_path / "centre.npy", np.zeros(3, dtype=np.float32))
    with pytest.raises(ValueError, match="do not belong together"):
        QuantisedStore.open(tmp_path)


def test_auto_quantises_large_shops_only():
    assert [is_quantised("auto", count) for count in (1, 99_999, 100_000, 1_000_000)] == [False, False, True, True]
    assert is_quantised("quantised", 1)
    assert not is_quantised("full", 10_000_000)


def ranked(recommender):
    price = Constraint("c", "price", Op.LE, 300.0)
    queries = (
        Query(text="quiet mower", user_id=UserId("u1")), Query(text="hose", constraints=(price,)),
        Query(user_id=UserId("u2")), Query(anchors=("g8",)),
    )  # fmt: skip
    return [{entry.item.id: entry.score for entry in recommender.recommend(query).items} for query in queries]


def test_a_quantised_shop_ranks_as_a_full_one_and_takes_its_vectors_over(tmp_path, encoder):
    write_garden(tmp_path / "shop")

    def opened(kind, embedder=encoder):
        settings = Settings(shop=tmp_path / "shop", data_dir=tmp_path / "data", vectors=kind)
        return index.open(tmp_path / "shop", tmp_path / "data", settings, embedder=embedder)

    full = ranked(opened("full"))
    counting = Counting(encoder, encoder.name)
    quantised = opened("quantised", counting)
    assert counting.texts == 0, "the exact vectors were taken over"
    assert isinstance(quantised.serving.dense, QuantisedStore)
    for exact, near in zip(full, ranked(quantised), strict=True):
        assert near == pytest.approx(exact, abs=5e-3)
    assert quantised.affinity("quiet mower") == pytest.approx(opened("full").affinity("quiet mower"), abs=5e-3)
    rows, asked = items(), counting.texts
    rows[3]["price"] = 2
    write_garden(tmp_path / "shop", rows)
    assert opened("quantised", counting).catalogue.item("g3").price == 2
    assert opened("full", counting).serving.dense.count() == 48
    assert counting.texts == asked


def test_damaged_quantised_vectors_are_mended(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    settings = Settings(shop=tmp_path / "shop", data_dir=tmp_path / "data", vectors="quantised")
    first = ranked(index.open(tmp_path / "shop", tmp_path / "data", settings, embedder=encoder))
    current = root(tmp_path) / (root(tmp_path) / index.CURRENT).read_text()
    (current / "quantised" / "bits.npy").write_bytes(b"")
    with pytest.raises(IndexFault, match=r"launch\.py index"):
        index.open(tmp_path / "shop", tmp_path / "data", settings, embedder=encoder, rebuild=False)
    assert ranked(index.open(tmp_path / "shop", tmp_path / "data", settings, embedder=encoder)) == first
