"""The vector cache."""

import numpy as np

from retrieval.vectors import VectorCache, embed_texts, read_cache, text_hashes, write_cache


class Fixed:
    name, dimensions = "fixed", 3

    def __init__(self):
        self.seen = []

    def embed(self, texts):
        self.seen.extend(texts)
        rows = [[len(text), 1.0, 0.0] for text in texts]
        return np.array(rows, dtype=np.float32) / np.linalg.norm(rows, axis=1, keepdims=True)


def test_known_texts_are_not_embedded_again(tmp_path):
    embedder = Fixed()
    vectors, hashes, fresh = embed_texts(["a", "bb", "a"], embedder, [])
    assert (fresh, embedder.seen) == (2, ["a", "bb"]) or sorted(embedder.seen) == ["a", "bb"]
    path = tmp_path / "vectors.npz"
    write_cache(path, "fixed", hashes, vectors)
    again, _, fresh = embed_texts(["bb", "ccc", "a"], embedder, [read_cache(path, embedder)])
    assert fresh == 1
    np.testing.assert_allclose(again[2], vectors[0], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1.0, atol=1e-6)


def test_a_cache_of_another_encoder_or_a_damaged_one_is_left_out(tmp_path, caplog):
    path = tmp_path / "vectors.npz"
    write_cache(path, "other", text_hashes(["a"]), np.ones((1, 3)))
    assert read_cache(path, Fixed()) is None
    path.write_bytes(b"PK broken")
    assert read_cache(path, Fixed()) is None
    assert "not a readable vector cache" in caplog.text
    assert read_cache(tmp_path / "none.npz", Fixed()) is None


def test_the_same_input_gives_the_same_bytes(tmp_path):
    hashes = text_hashes(["x", "y"])
    for name, order in (("one", [0, 1]), ("two", [1, 0])):
        write_cache(tmp_path / name, "fixed", hashes[order], np.eye(2)[order])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_empty_cache_knows_nothing():
    cache = VectorCache.of(np.zeros(0, dtype=np.uint64), np.zeros((0, 3), dtype=np.float32))
    assert not cache.find(text_hashes(["a"]))[1].any()
