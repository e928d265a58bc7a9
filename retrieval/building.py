"""The pieces of an index: how each is written into a build's folder, taken over from the last one, and opened."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Problem
from core.ports import Embedder, Progress, Vectors
from core.shop import Shop
from retrieval.archive import open_catalogue, save_catalogue
from retrieval.catalogue import Catalogue
from retrieval.collaborative import CollaborativeModel, train
from retrieval.generated import extra_words
from retrieval.graph import RelationGraph
from retrieval.histories import History
from retrieval.item_vectors import STORE, is_quantised, known_vectors, open_vectors, write_vectors
from retrieval.learned import Learned
from retrieval.lexical import LexicalIndex, naming_text, write_lexical
from retrieval.loading import read_catalogue, read_interactions, read_relations, read_reviews
from retrieval.mapping import mapped
from retrieval.newcomers import read_content
from retrieval.opened import OpenIndex
from retrieval.opinions import OpinionStore
from retrieval.popularity import popularity
from retrieval.quotes import ReviewStore
from retrieval.records import Review
from retrieval.sequential import SequentialModel, read_meta
from retrieval.stages import Stages
from retrieval.towers import Towers
from retrieval.towers import write as write_towers
from retrieval.vectors import CACHE_NAME, read_cache

FORMAT = 4
"""Grows when a piece is written otherwise: older indexes are then built anew."""
TOLD = 5000
"""Items between two words of progress."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pieces:
    """What a build can take over instead of making it."""

    inputs: Mapping[str, str]
    """A digest of each input file."""
    learned: Learned
    """What training chose for this shop."""
    trained: Path | None = None
    """Where training left its models."""
    previous: Path | None = None
    """An earlier build of the same format and encoder."""
    embedded: Path | None = None
    """An earlier build of the same encoder, of whatever format: its vectors serve."""
    journal: Path | None = None
    """Where new vectors are kept while texts are embedded."""
    vectors: str = "auto"
    """The setting: whether vectors are quantised."""


def write_index(
    folder: Path,
    shop: Shop,
    embedder: Embedder,
    sources: Pieces,
    progress: Progress | None,
) -> dict[str, Any]:
    """Write every piece of an index into an empty folder and return what the manifest should say of it.

    Args:
        folder: the build's folder.
        shop: the parsed shop.yaml.
        embedder: makes the vectors of new texts.
        sources: what pieces can be taken from.
        progress: told of every stage, if given.

    Raises:
        ShopError: the shop's files cannot be used.
    """
    stages = Stages(folder)
    catalogue, problems = _write_catalogue(folder, shop, stages, progress)
    reviews, found = read_reviews(shop, catalogue, progress)
    problems.extend(found)
    facts = _write_texts(folder, shop, catalogue, reviews, embedder, sources, stages, progress)
    learned = stages.facts("learned")
    if learned is None:
        vectors, _ = open_vectors(folder)
        digest = _write_learned(folder, shop, catalogue, vectors, sources, problems, progress)
        learned = stages.finish("learned", learned=digest)
    _take_models(folder, sources, embedder.name)
    _write_relations(folder, shop, catalogue, reviews, problems, progress)
    for problem in problems:
        _log.debug("left out: %s", problem)
    return {"items": len(catalogue), **facts, **learned, "left_out": len(problems)}


def _write_texts(
    folder: Path,
    shop: Shop,
    catalogue: Catalogue,
    reviews: Sequence[Review],
    embedder: Embedder,
    sources: Pieces,
    stages: Stages,
    progress: Progress | None,
) -> Mapping[str, Any]:
    """Write what is searched by meaning and by words; return how many texts were embedded and generated."""
    facts, lexical = stages.facts("vectors"), stages.facts("lexical")
    if facts is not None and lexical is not None:
        return facts
    own = _told(catalogue.texts, len(catalogue), "wording items", progress)
    extra = extra_words(shop.root, catalogue, own, reviews)
    texts = [f"{text}. {more}" if more else text for text, more in zip(own, extra, strict=True)]
    if facts is None:
        embedded = _write_vectors(folder, shop, catalogue.ids, texts, embedder, sources, progress)
        facts = stages.finish("vectors", embedded=embedded, generated=sum(map(bool, extra)))
    if lexical is None:
        del own
        named = map(partial(naming_text, catalogue), range(len(catalogue)))
        write_lexical(folder / "lexical", named, _drained(texts), len(catalogue), progress)
        stages.finish("lexical")
    return facts


def _told(text: Callable[[int], str], count: int, stage: str, progress: Progress | None) -> list[str]:
    """Return one text an item, telling how far it is."""
    found = []
    for row in range(count):
        if progress and row % TOLD == 0:
            progress(stage, row, count)
        found.append(text(row))
    if progress:
        progress(stage, count, count)
    return found


def _drained(texts: list[str]) -> Iterator[str]:
    """Yield texts in order and let go of each: of a million, they would stand in the way of the words' index."""
    texts.reverse()
    while texts:
        yield texts.pop()


def _write_catalogue(
    folder: Path, shop: Shop, stages: Stages, progress: Progress | None
) -> tuple[Catalogue, list[Problem]]:
    """Read and write the catalogue, or open the one that a killed build had written."""
    if stages.facts("catalogue") is not None:
        return open_catalogue(shop, folder / "catalogue"), []
    catalogue, problems = read_catalogue(shop, progress)
    save_catalogue(catalogue, folder / "catalogue")
    stages.finish("catalogue")
    return catalogue, problems


def _write_vectors(
    folder: Path,
    shop: Shop,
    ids: Sequence[str],
    texts: list[str],
    embedder: Embedder,
    sources: Pieces,
    progress: Progress | None,
) -> int:
    """Write the vectors and what finds the near ones; return how many texts had to be embedded."""
    caches = [known_vectors(sources.embedded)] if sources.embedded is not None else []
    cache = read_cache(shop.root / CACHE_NAME, embedder)
    if cache is not None:
        caches.append(cache)
    store = sources.previous / STORE if sources.previous is not None else None
    quantised = is_quantised(sources.vectors, len(ids))
    return write_vectors(
        folder, ids, texts, embedder, caches, store, quantised, sources.journal, progress
    )  # fmt: skip


def _write_learned(
    folder: Path,
    shop: Shop,
    catalogue: Catalogue,
    vectors: Vectors,
    sources: Pieces,
    problems: list[Problem],
    progress: Progress | None,
) -> str:
    """Write histories and the collaborative model; return a digest of what they rest on.

    A text that was edited does not count: what it adds to the model comes with the next change of the interactions.
    """
    ids = hashlib.blake2b("\0".join(catalogue.ids).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    digest = f"{sources.inputs.get('interactions', 'none')}/{sources.inputs.get('trained', 'none')}/{ids}"
    mark = folder / "learned.txt"
    mark.write_text(digest, encoding="utf-8")
    sources.learned.save(folder)
    if sources.previous is not None and _read(sources.previous / "learned.txt") == digest:
        for name in ("history", "collaborative"):
            if (sources.previous / name).is_dir():
                shutil.rmtree(folder / name, ignore_errors=True)
                # Written once and only read: the same bytes serve both builds.
                shutil.copytree(sources.previous / name, folder / name, copy_function=os.link)
        return digest
    interactions, found = read_interactions(shop, catalogue, progress)
    problems.extend(found)
    history = History.of(
        interactions.users, interactions.rows, interactions.kinds, interactions.values, interactions.times
    )
    history.save(folder / "history")
    content = partial(read_content, vectors, folder / "lexical", catalogue)
    tastes = sources.learned.tastes
    model = train(history, len(catalogue), progress, vectors=vectors, tastes=tastes, content=content)
    if model is not None:
        model.save(folder / "collaborative")
    share, users = popularity(history, len(catalogue))
    np.save(folder / "history" / "popularity.npy", share, allow_pickle=False)
    np.save(folder / "history" / "takers.npy", users, allow_pickle=False)
    return digest


def _take_models(folder: Path, sources: Pieces, encoder: str) -> None:
    """Take over what training learned and found to pay; a damaged model, or one of another encoder, is left out."""
    if sources.trained is None:
        return
    for part, trained in sources.learned.models(sources.trained).items():
        shutil.rmtree(folder / part, ignore_errors=True)
        try:
            if part == "towers":
                write_towers(trained, folder / part, open_vectors(folder)[0], encoder)
            else:
                read_meta(trained)
                shutil.copytree(trained, folder / part, copy_function=os.link)
        except (OSError, ValueError, KeyError) as error:
            shutil.rmtree(folder / part, ignore_errors=True)
            _log.warning("the model of %s is left out: %s; run: python launch.py train", part, error)


def _write_relations(
    folder: Path,
    shop: Shop,
    catalogue: Catalogue,
    reviews: Sequence[Review],
    problems: list[Problem],
    progress: Progress | None,
) -> None:
    """Write relations, reviews, and what these say of which aspect."""
    relations, found = read_relations(shop, catalogue, progress)
    problems.extend(found)
    size = len(catalogue)
    RelationGraph.of(relations.subjects, relations.relations, relations.objects, size).save(folder / "graph")
    rows = [catalogue.row(review.item_id) for review in reviews]
    ReviewStore.of(reviews, rows, size).save(folder / "reviews")
    OpinionStore.of(reviews, rows, catalogue, progress).save(folder / "opinions")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_index(folder: Path, shop: Shop, fingerprint: str) -> OpenIndex:
    """Open a build: arrays are memory-mapped, Chroma is opened at the first search.

    Raises:
        OSError, ValueError, KeyError: a piece is missing or damaged (``retrieval.index`` says how to mend it).
    """
    catalogue = open_catalogue(shop, folder / "catalogue")

    vectors, dense = open_vectors(folder)
    if len(vectors) != len(catalogue):
        raise ValueError(f"{len(vectors)} vectors for {len(catalogue)} items")
    learned = Learned.load(folder)
    return OpenIndex(
        shop=shop,
        browsing=learned.browsing(shop),
        adapting=learned.adapting,
        sequential=SequentialModel.open(folder / "sequential", catalogue.ids),
        towers=Towers.open(folder / "towers", vectors, learned.tastes.user_days),
        catalogue=catalogue,
        vectors=vectors,
        dense=dense,
        lexical=LexicalIndex.open(folder / "lexical", len(catalogue)),
        history=History.open(folder / "history"),
        collaborative=CollaborativeModel.open(folder / "collaborative"),
        graph=RelationGraph.open(folder / "graph"),
        reviews=ReviewStore.open(folder / "reviews"),
        opinions=OpinionStore.open(folder / "opinions"),
        popularity=mapped(folder / "history/popularity.npy"),
        users=mapped(folder / "history/takers.npy"),
        fingerprint=fingerprint,
        mark="/".join(_read(folder / "learned.txt").split("/")[::2]),
    )
