"""The items' vectors in a build: float32 with a graph in Chroma, or quantised; written, taken over and opened."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from core.ports import Embedder, Progress, Vectors
from retrieval.dense import DenseStore, write_store
from retrieval.mapping import mapped
from retrieval.quantised import FOLDER as QUANTISED
from retrieval.quantised import QuantisedStore, write_quantised
from retrieval.vectors import VectorCache, embed_texts

QUANTISED_FROM = 100_000
"""From so many items on ``vectors=auto`` quantises. Measured at 100,000: requests take 25 ms of the processor (p99 33)
instead of 29 (40), at half the disk, and the same share of the exact first fifty is found; at a million Chroma's graph
takes a quarter of an hour and gigabytes."""
STORE, EXACT, HASHES = "chroma", "vectors.npy", "hashes.npy"


def is_quantised(kind: str, items: int) -> bool:
    """Return whether the vectors of so many items are quantised under a value of the setting ``vectors``."""
    return kind == "quantised" or (kind == "auto" and items >= QUANTISED_FROM)


def known_vectors(build: Path) -> VectorCache:
    """Return the vectors of an earlier build by the hash of their text.

    Raises:
        OSError, ValueError: they are missing or damaged.
    """
    vectors, _ = open_vectors(build)
    return VectorCache.of(np.load(build / HASHES, allow_pickle=False), cast(npt.NDArray[Any], vectors))


def write_vectors(
    folder: Path,
    ids: Sequence[str],
    texts: Sequence[str],
    embedder: Embedder,
    caches: Sequence[VectorCache],
    store: Path | None,
    quantised: bool,
    journal: Path | None,
    progress: Progress | None,
) -> int:
    """Write the vectors of all items into a build; return how many texts had to be embedded.

    Args:
        folder: the build's.
        ids: the items', in row order.
        texts: theirs.
        embedder: embeds what no cache knows.
        caches: known vectors.
        store: Chroma's folder of an earlier build, to be brought up to date; None to begin anew.
        quantised: whether to quantise.
        journal: where vectors are kept while embedding goes on.
        progress: told of every stage, if given.
    """
    vectors, hashes, fresh = embed_texts(texts, embedder, caches, progress, journal)
    np.save(folder / HASHES, hashes, allow_pickle=False)
    if quantised:
        if progress:
            progress("quantising vectors", 0, 1)
        write_quantised(folder / QUANTISED, vectors)
        if progress:
            progress("quantising vectors", 1, 1)
        return fresh
    np.save(folder / EXACT, vectors, allow_pickle=False)
    if store is not None and store.is_dir() and not (folder / STORE).exists():
        part = folder / f"{STORE}.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(store, part)
        part.rename(folder / STORE)
    write_store(folder / STORE, ids, vectors, [f"{value:016x}" for value in hashes.tolist()], progress)
    return fresh


def open_vectors(build: Path) -> tuple[Vectors, DenseStore | QuantisedStore]:
    """Memory-map a build's vectors and its search for what is near; Chroma is opened at the first search.

    Raises:
        OSError, ValueError: they are missing or damaged.
    """
    if (build / QUANTISED).is_dir():
        store = QuantisedStore.open(build / QUANTISED)
        # They are read as an array is: by rows.
        return cast(Vectors, store.vectors), store
    return mapped(build / EXACT), DenseStore(build / STORE)
