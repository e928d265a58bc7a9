"""The pieces of an index: how each is written into a build's folder, taken over from the last one, and opened."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Problem
from core.ports import Embedder, Progress
from core.shop import Shop
from retrieval.archive import open_catalogue, save_catalogue
from retrieval.catalogue import Catalogue
from retrieval.collaborative import CollaborativeModel, train
from retrieval.dense import DenseStore, write_store
from retrieval.graph import RelationGraph
from retrieval.histories import History
from retrieval.lexical import LexicalIndex, search_text, write_lexical
from retrieval.loading import read_catalogue, read_interactions, read_relations, read_reviews
from retrieval.mapping import mapped
from retrieval.opened import OpenIndex
from retrieval.popularity import popularity
from retrieval.quotes import ReviewStore
from retrieval.vectors import CACHE_NAME, VectorCache, embed_texts, read_cache

FORMAT = 2
"""Grows when a piece is written otherwise: older indexes are then built anew."""
_log = logging.getLogger(__name__)


def write_index(
    folder: Path,
    shop: Shop,
    embedder: Embedder,
    inputs: Mapping[str, str],
    previous: Path | None,
    progress: Progress | None,
) -> dict[str, Any]:
    """Write every piece of an index into an empty folder and return what the manifest should say of it.

    Args:
        folder: the build's folder.
        shop: the parsed shop.yaml.
        embedder: makes the vectors of new texts.
        inputs: a digest of each input file.
        previous: an earlier build of the same format and encoder to take pieces from.
        progress: told of every stage, if given.

    Raises:
        ShopError: the shop's files cannot be used.
    """
    catalogue, problems = read_catalogue(shop, progress)
    save_catalogue(catalogue, folder / "catalogue")
    texts = [catalogue.texts(row) for row in range(len(catalogue))]
    embedded = _write_vectors(folder, catalogue, texts, embedder, shop.root / CACHE_NAME, previous, progress)
    searched = [search_text(catalogue, row, text) for row, text in enumerate(texts)]
    write_lexical(folder / "lexical", searched, progress)
    learned = _write_learned(folder, shop, catalogue, inputs, previous, problems, progress)
    _write_relations(folder, shop, catalogue, problems, progress)
    for problem in problems:
        _log.debug("left out: %s", problem)
    return {
        "items": len(catalogue),
        "embedded": embedded,
        "learned": learned,
        "left_out": len(problems),
    }


def _write_vectors(
    folder: Path,
    catalogue: Catalogue,
    texts: list[str],
    embedder: Embedder,
    shipped: Path,
    previous: Path | None,
    progress: Progress | None,
) -> int:
    """Write the vectors and Chroma's store; return how many texts had to be embedded."""
    caches = []
    if previous is not None:
        old = mapped(previous / "vectors.npy")
        order = np.load(previous / "hashes.npy", allow_pickle=False)
        caches.append(VectorCache.of(order, old))
        shutil.copytree(previous / "chroma", folder / "chroma")
    cache = read_cache(shipped, embedder)
    if cache is not None:
        caches.append(cache)
    vectors, hashes, fresh = embed_texts(texts, embedder, caches, progress)
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    np.save(folder / "hashes.npy", hashes, allow_pickle=False)
    write_store(folder / "chroma", catalogue.ids, vectors, [f"{value:016x}" for value in hashes.tolist()], progress)
    return fresh


def _write_learned(
    folder: Path,
    shop: Shop,
    catalogue: Catalogue,
    inputs: Mapping[str, str],
    previous: Path | None,
    problems: list[Problem],
    progress: Progress | None,
) -> str:
    """Write histories and the collaborative model; return a digest of what they rest on."""
    ids = hashlib.blake2b("\0".join(catalogue.ids).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    digest = f"{inputs.get('interactions', 'none')}/{ids}"
    mark = folder / "learned.txt"
    mark.write_text(digest, encoding="utf-8")
    if previous is not None and _read(previous / "learned.txt") == digest:
        for name in ("history", "collaborative"):
            if (previous / name).is_dir():
                # Written once and only read: the same bytes serve both builds.
                shutil.copytree(previous / name, folder / name, copy_function=os.link)
        return digest
    interactions, found = read_interactions(shop, catalogue, progress)
    problems.extend(found)
    history = History.of(
        interactions.users, interactions.rows, interactions.kinds, interactions.values, interactions.times
    )
    history.save(folder / "history")
    model = train(history, len(catalogue), progress)
    if model is not None:
        model.save(folder / "collaborative")
    share, users = popularity(history, len(catalogue))
    np.save(folder / "history" / "popularity.npy", share, allow_pickle=False)
    np.save(folder / "history" / "takers.npy", users, allow_pickle=False)
    return digest


def _write_relations(
    folder: Path, shop: Shop, catalogue: Catalogue, problems: list[Problem], progress: Progress | None
) -> None:
    """Write relations and reviews."""
    relations, found = read_relations(shop, catalogue, progress)
    problems.extend(found)
    size = len(catalogue)
    RelationGraph.of(relations.subjects, relations.relations, relations.objects, size).save(folder / "graph")
    reviews, found = read_reviews(shop, catalogue, progress)
    problems.extend(found)
    rows = [catalogue.row(review.item_id) for review in reviews]
    ReviewStore.of(reviews, rows, size).save(folder / "reviews")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_index(folder: Path, shop: Shop, fingerprint: str) -> OpenIndex:
    """Open a build: arrays are memory-mapped, Chroma is opened at the first search.

    Raises:
        OSError, ValueError, KeyError: a piece is missing or damaged (``retrieval.index`` says how to mend it).
    """
    catalogue = open_catalogue(shop, folder / "catalogue")

    vectors = mapped(folder / "vectors.npy")
    if len(vectors) != len(catalogue):
        raise ValueError(f"{len(vectors)} vectors for {len(catalogue)} items")
    return OpenIndex(
        shop=shop,
        catalogue=catalogue,
        vectors=vectors,
        dense=DenseStore(folder / "chroma"),
        lexical=LexicalIndex.open(folder / "lexical", len(catalogue)),
        history=History.open(folder / "history"),
        collaborative=CollaborativeModel.open(folder / "collaborative"),
        graph=RelationGraph.open(folder / "graph"),
        reviews=ReviewStore.open(folder / "reviews"),
        popularity=mapped(folder / "history/popularity.npy"),
        users=mapped(folder / "history/takers.npy"),
        fingerprint=fingerprint,
    )
