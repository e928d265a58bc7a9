"""Item vectors and their cache by text hash.

A text is embedded once per encoder: the vectors of the last index and those of ``vectors.npz`` in the shop folder
(float16; written by ``python -m retrieval.vectors --shop DIR``) are reused for every text that has not changed.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import time
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
TAKEN = 65_536
"""Known vectors that are taken over at a time."""
KEPT = 2048
"""So many new vectors are written to the journal at a time: what a kill costs at most."""
_log = logging.getLogger(__name__)


def text_hashes(texts: Sequence[str]) -> Hashes:
    """Return one 64-bit hash a text."""
    digests = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class VectorCache:
    """Known vectors by the hash of their text."""

    hashes: Hashes
    """Sorted."""
    order: npt.NDArray[np.intp]
    """The row of each hash in ``vectors``."""
    vectors: npt.NDArray[np.floating]

    @classmethod
    def of(cls, hashes: Hashes, vectors: npt.NDArray[np.floating]) -> VectorCache:
        """Keep (hash, vector) pairs; mapped vectors stay on disk."""
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], order, vectors)

    def find(self, hashes: Hashes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return for each hash its row in ``vectors`` and whether it is known (the row is 0 when not)."""
        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=np.intp), np.zeros(len(hashes), dtype=bool)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[places] == hashes
        return np.where(known, self.order[places], 0), known


def write_cache(
    path: Path, embedder_name: str, hashes: Hashes, vectors: npt.NDArray[np.floating], kind: type = np.float16
) -> None:
    """Write a cache file; the same input gives the same bytes.

    Args:
        path: the file to write.
        embedder_name: ``Embedder.name`` of the encoder that made the vectors.
        hashes: shape (n,), from ``text_hashes``.
        vectors: shape (n, dimensions).
        kind: the number type that they are written in.
    """
    unique, first = np.unique(hashes, return_index=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        np.savez(file, encoder=np.array(embedder_name), hashes=unique, vectors=vectors[first].astype(kind))
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


def read_journal(folder: Path | None, embedder: Embedder) -> list[VectorCache]:
    """Return what a build that was killed had embedded."""
    paths = sorted(folder.glob("*.npz")) if folder is not None else []
    return [cache for path in paths if (cache := read_cache(path, embedder)) is not None]


def embed_texts(
    texts: Sequence[str],
    embedder: Embedder,
    caches: Sequence[VectorCache],
    progress: Progress | None = None,
    journal: Path | None = None,
) -> tuple[Vectors, Hashes, int]:
    """Return the unit vectors of texts, their hashes, and how many had to be embedded anew.

    Equal texts are embedded once; known ones are taken from the first cache that has them. With a ``journal`` folder
    new vectors are written there as they come, and those that stand there are taken over.
    """
    caches = [*caches, *read_journal(journal, embedder)]
    hashes = text_hashes(texts)
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    missing = np.ones(len(texts), dtype=bool)
    for cache in caches:
        rows, found = cache.find(hashes)
        found &= missing
        taken = np.flatnonzero(found)
        for start in range(0, len(taken), TAKEN):
            part = taken[start : start + TAKEN]
            vectors[part] = normalised(cache.vectors[rows[part]])
        missing &= ~found
    places = np.flatnonzero(missing)
    _, first, inverse = np.unique(hashes[places], return_index=True, return_inverse=True)
    if len(first):
        fresh = _embedded([texts[place] for place in places[first]], embedder, progress, journal)
        vectors[places] = fresh[inverse]
    return vectors, hashes, len(first)


def _embedded(texts: Sequence[str], embedder: Embedder, progress: Progress | None, journal: Path | None) -> Vectors:
    """Return the vectors of distinct texts, embedded chunk by chunk."""
    found = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    kept = 0
    for start in range(0, len(texts), CHUNK):
        if progress:
            progress("embedding", start, len(texts))
        end = min(start + CHUNK, len(texts))
        found[start:end] = normalised(embedder.embed(texts[start:end]))
        if journal is not None and end - kept >= KEPT:
            journal.mkdir(parents=True, exist_ok=True)
            path = journal / f"{time.time_ns():020}.npz"
            write_cache(path, embedder.name, text_hashes(texts[kept:end]), found[kept:end], np.float32)
            kept = end
    if progress:
        progress("embedding", len(texts), len(texts))
    return found


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
