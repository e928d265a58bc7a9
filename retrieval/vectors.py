"""Item vectors and their cache by text hash.

A text is embedded once per encoder: the vectors of the last index and those of ``vectors.npz`` in the shop folder
(float16; written by ``python -m retrieval.vectors --shop DIR``) are reused for every text that has not changed.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.ports import Embedder, Progress, Vectors
from retrieval.encoder import build_embedder, normalised

Hashes = npt.NDArray[np.uint64]
CACHE_NAME = "vectors.npz"
CHUNK = 256
_log = logging.getLogger(__name__)


def text_hashes(texts: Sequence[str]) -> Hashes:
    """Return one 64-bit hash a text."""
    digests = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class VectorCache:
    """Known vectors, sorted by the hash of their text."""

    hashes: Hashes
    vectors: npt.NDArray[np.floating]

    @classmethod
    def of(cls, hashes: Hashes, vectors: npt.NDArray[np.floating]) -> VectorCache:
        """Sort and keep (hash, vector) pairs."""
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], vectors[order])

    def find(self, hashes: Hashes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return for each hash its row in ``vectors`` and whether it is known (the row is 0 when not)."""
        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=np.intp), np.zeros(len(hashes), dtype=bool)
        rows = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return rows, self.hashes[rows] == hashes


def write_cache(path: Path, embedder_name: str, hashes: Hashes, vectors: npt.NDArray[np.floating]) -> None:
    """Write a cache file with vectors as float16; the same input gives the same bytes.

    Args:
        path: the file to write.
        embedder_name: ``Embedder.name`` of the encoder that made the vectors.
        hashes: shape (n,), from ``text_hashes``.
        vectors: shape (n, dimensions).
    """
    unique, first = np.unique(hashes, return_index=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        np.savez(file, encoder=np.array(embedder_name), hashes=unique, vectors=vectors[first].astype(np.float16))
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def read_cache(path: Path, embedder: Embedder) -> VectorCache | None:
    """Return the cache in a file, or None when there is none or it was made by another encoder."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            encoder, hashes, vectors = str(content["encoder"]), content["hashes"], content["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        _log.warning("%s is not a readable vector cache and is left out: %s", path, error)
        return None
    if encoder != embedder.name or vectors.shape != (len(hashes), embedder.dimensions):
        return None
    return VectorCache.of(hashes.astype(np.uint64), vectors)


def embed_texts(
    texts: Sequence[str], embedder: Embedder, caches: Sequence[VectorCache], progress: Progress | None = None
) -> tuple[Vectors, Hashes, int]:
    """Return the unit vectors of texts, their hashes, and how many had to be embedded anew.

    Equal texts are embedded once; known ones are taken from the first cache that has them.
    """
    hashes = text_hashes(texts)
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    missing = np.ones(len(texts), dtype=bool)
    for cache in caches:
        rows, found = cache.find(hashes)
        found &= missing
        vectors[found] = normalised(cache.vectors[rows[found]])
        missing &= ~found
    _, first, inverse = np.unique(hashes[missing], return_index=True, return_inverse=True)
    places = np.flatnonzero(missing)
    fresh = np.zeros((len(first), embedder.dimensions), dtype=np.float32)
    for start in range(0, len(first), CHUNK):
        if progress:
            progress("embedding", start, len(first))
        chunk = [texts[places[place]] for place in first[start : start + CHUNK]]
        fresh[start : start + CHUNK] = normalised(embedder.embed(chunk))
    if progress and len(first):
        progress("embedding", len(first), len(first))
    vectors[places] = fresh[inverse] if len(first) else vectors[places]
    return vectors, hashes, len(first)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``vectors.npz`` into a shop folder, embedding what is not known yet."""
    from core.settings import Settings
    from core.shop import load_shop
    from retrieval.loading import read_catalogue

    parser = argparse.ArgumentParser(prog="python -m retrieval.vectors", description=main.__doc__)
    parser.add_argument("--shop", type=Path, required=True, help="the shop folder")
    parser.add_argument("--data-dir", type=Path, default=None, help="where the encoder's files are kept")
    options = parser.parse_args(arguments)
    overrides = {"shop": options.shop} | ({"data_dir": options.data_dir} if options.data_dir else {})
    embedder = build_embedder(Settings(**overrides))
    catalogue, _ = read_catalogue(load_shop(options.shop))
    path = options.shop / CACHE_NAME
    known = read_cache(path, embedder)
    texts = [catalogue.texts(row) for row in range(len(catalogue))]
    vectors, hashes, fresh = embed_texts(texts, embedder, [known] if known else [])
    write_cache(path, embedder.name, hashes, vectors)
    logging.basicConfig(level=logging.INFO)
    _log.info("%s: %d vectors, %d of them new", path, len(hashes), fresh)


if __name__ == "__main__":
    main()
