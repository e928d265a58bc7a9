"""The default encoder."""

import threading

import numpy as np
import pytest

from core.errors import EncoderError
from core.ports import Embedder
from core.settings import Settings
from retrieval import encoder as module
from retrieval.encoder import MiniLmEmbedder, build_embedder

REFERENCE = [-0.103593, 0.028461, 0.04149, 0.03997]
"""The first numbers of sentence-transformers' vector, with the same weights."""


def test_vectors_are_what_sentence_transformers_gives(encoder):
    vector = encoder.embed(["waterproof hiking boots"])[0]
    assert isinstance(encoder, Embedder)
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector[:4], REFERENCE, atol=2e-4)


def test_meaning_decides(encoder):
    asked, near, far = encoder.embed(["waterproof hiking boots", "shoes for walking in the rain on mountains", "a mug"])
    assert asked @ near > 0.6 > 0.3 > asked @ far


def test_a_text_has_one_vector_in_any_company(encoder):
    texts = ["short", "a rather longer text about garden tools and their use in spring", "x " * 600, ""]
    together = encoder.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.embed([text])[0], vector, atol=1e-5)


def test_chinese_beside_english_is_left_out_and_alone_is_read_as_its_gloss(encoder):
    mixed, plain = encoder.embed(["gaming laptop 游戏笔记本电脑", "gaming laptop"])
    assert mixed @ plain > 0.999
    assert encoder.reads("gaming 笔记本")
    assert encoder.reads("笔记本 16")
    assert not encoder.reads("的 16")


def test_threads_share_it(encoder):
    found = []
    threads = [threading.Thread(target=lambda: found.append(encoder.embed(["together", "apart"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(each, found[0]) for each in found)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MINILM_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="not the file expected"):
        MiniLmEmbedder(tmp_path).embed(["x"])


def test_the_setting_chooses(tmp_path):
    assert isinstance(build_embedder(Settings(data_dir=tmp_path)), MiniLmEmbedder)


@pytest.mark.parametrize("content", [b"", b"no graph"])
def test_a_damaged_graph_is_built_anew(tmp_path, encoder, content):
    first = MiniLmEmbedder(tmp_path).embed(["quiet mower"])
    graph = next((tmp_path / "encoder").iterdir())
    graph.write_bytes(content)
    assert np.array_equal(MiniLmEmbedder(tmp_path).embed(["quiet mower"]), first)
