"""Chroma: the store of record of the item vectors, and their approximate search. The one file that imports it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import IndexFault
from core.ports import Progress, Vectors

COLLECTION = "items"
BATCH = 4000
"""Chroma takes at most 5461 records in a call."""
_log = logging.getLogger(__name__)


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False, is_persistent=True)
    return chromadb.PersistentClient(path=str(folder), settings=settings)


def _configuration() -> dict[str, Any]:
    # Shops have many near-duplicates (variants). At 100,000 spread items Chroma's defaults (16, 100, 100) missed half
    # of a question's 50 true neighbours, (32, 200, 600) one in ten, these none, in 3 ms a search; the build takes half
    # as long again.
    return {"hnsw": {"space": "cosine", "max_neighbors": 48, "ef_construction": 300, "ef_search": 800}}


def write_store(
    folder: Path,
    keys: Sequence[str],
    vectors: Vectors,
    hashes: Sequence[str],
    progress: Progress | None = None,
    configuration: dict[str, Any] | None = None,
) -> int:
    """Bring the collection in ``folder`` to exactly these records and return how many were written.

    A folder that holds an earlier store is updated: records with an unchanged hash stay, gone ones are deleted.

    Args:
        folder: Chroma's directory.
        keys: one unique key a record (the item's id).
        vectors: float32 (n, dimensions), unit rows.
        hashes: one text hash a record.
        progress: told how many records are written, if given.
        configuration: of a new collection, where not this one's own.
    """
    client = _client(folder)
    try:
        store = client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration=configuration or _configuration()
        )
        known = _known(store)
        wanted = set(keys)
        gone = [key for key in known if key not in wanted]
        for start in range(0, len(gone), BATCH):
            store.delete(ids=gone[start : start + BATCH])
        changed = [row for row, key in enumerate(keys) if known.get(key) != hashes[row]]
        for start in range(0, len(changed), BATCH):
            if progress:
                progress("storing vectors", start, len(changed))
            rows = changed[start : start + BATCH]
            store.upsert(
                ids=[keys[row] for row in rows],
                embeddings=vectors[rows],
                metadatas=[{"hash": hashes[row]} for row in rows],
            )
        if progress:
            progress("storing vectors", len(changed), len(changed))
        return len(changed)
    finally:
        client.close()


def _known(store: Any) -> dict[str, str]:
    """Return key -> hash of everything stored."""
    known: dict[str, str] = {}
    total = store.count()
    for start in range(0, total, BATCH):
        page = store.get(limit=BATCH, offset=start, include=["metadatas"])
        known.update((key, str(data["hash"])) for key, data in zip(page["ids"], page["metadatas"], strict=True))
    return known


class DenseStore:
    """Approximate nearest neighbours by cosine, over Chroma's HNSW index. Opened at the first search."""

    def __init__(self, folder: Path) -> None:
        """Remember where the store is; nothing is imported or opened yet."""
        self._folder = folder
        self._opened: tuple[Any, Any] | None = None

    def search(self, vectors: Vectors, k: int) -> list[list[str]]:
        """Return for each row of ``vectors`` the keys of its ``k`` nearest records, nearest first.

        Raises:
            IndexFault: the store cannot be read.
        """
        store = self._store()
        found = store.query(query_embeddings=np.asarray(vectors, dtype=np.float32), n_results=k, include=[])
        return [list(keys) for keys in found["ids"]]

    def count(self) -> int:
        """Return how many records the store holds."""
        return int(self._store().count())

    def vectors(self, keys: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the stored vectors of some keys, in their order."""
        found = self._store().get(ids=list(keys), include=["embeddings"])
        place = {key: row for row, key in enumerate(found["ids"])}
        return np.asarray(found["embeddings"], dtype=np.float32)[[place[key] for key in keys]]

    def close(self) -> None:
        """Let go of the files."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].close()

    def _store(self) -> Any:
        opened = self._opened
        if opened is None:
            from chromadb.errors import ChromaError

            try:
                client = _client(self._folder)
                opened = (client, client.get_collection(COLLECTION, embedding_function=None))
            except (ChromaError, OSError, ValueError) as error:
                message = f"{self._folder} is no readable vector store ({error}): run launch.py index"
                raise IndexFault(message) from error
            self._opened = opened
        return opened[1]
