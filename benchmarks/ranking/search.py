"""Product search on labelled queries: whether what people judged relevant stands above what they judged not to be."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.converters import icecat
from benchmarks.ranking.metrics import Table, ndcg
from benchmarks.ranking.serving import opened, weighted
from benchmarks.ranking.splits import folds
from core.entities import ItemId, Query
from retrieval.opened import OpenIndex
from retrieval.pipeline import Recommender
from retrieval.tokens import query_terms

FIRST, NDCG, JUDGED = "first ten, nDCG@10", "all judged, nDCG@10", "judged@10"
PLAIN, WHOLE = "BM25 over titles, brands, descriptions", "BM25 over everything said"
LEXICAL, DENSE, RRF = "our lexical source", "dense (MiniLM)", "RRF of BM25 and dense"
BLEND, OURS = "lexical + semantic, share by 5-fold CV", "ours, as shipped"
K = 10
RANK_CONSTANT = 60
FOLDS = 5
SEED = 13
STEPS = 21
WITHOUT = ("semantic", "lexical")
Floats = npt.NDArray[np.float64]
Labels = Mapping[str, Mapping[str, float]]
"""Query -> item -> relevance."""
Scorer = Callable[[str], Floats]
"""One score an item of the catalogue for a query."""
Worth = Mapping[str, Floats]
"""Measure -> one value a query."""
_log = logging.getLogger(__name__)


def read_labels(path: Path) -> dict[str, dict[str, float]]:
    """Return the final labels of the queries that have a relevant product."""
    found: dict[str, dict[str, float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["query"], {})[row["docid"]] = float(row["final_rating"])
    return {query: labels for query, labels in sorted(found.items()) if max(labels.values()) > 0}


def judged_ndcg(scores: Mapping[str, float], labels: Mapping[str, float]) -> float:
    """Return the nDCG of a ranking of the judged items alone; ties by id."""
    order = sorted(labels, key=lambda item: (-scores[item], item))
    return ndcg([labels[item] for item in order], K)


def first_ndcg(first: Sequence[str], labels: Mapping[str, float]) -> float:
    """Return the nDCG of a retrieved list without its unjudged items, over the best of all that were judged."""
    return ndcg([labels[item] for item in first if item in labels], K, list(labels.values()))


@dataclass(frozen=True)
class Search:
    """The table of the systems, and how often each weight of the blend was chosen."""

    table: Table
    weights: Sequence[float]
    """The share of the lexical score that each fold chose."""
    queries: int
    products: int
    labels: int


def measure(data: Path, work: Path) -> Search:
    """Rank the judged products of every query by every system."""
    labels = read_labels(data / "icecat" / "ratings_dev.csv")
    conversion = icecat.convert(data)
    folder = work / "shops" / "icecat"
    if not folder.is_dir():
        conversion.write(folder)
    recommender = opened(folder, work / "data", lambda: 0.0)
    values: dict[str, dict[str, Floats]] = {FIRST: {}, NDCG: {}, JUDGED: {}}

    def keep(name: str, found: Worth) -> None:
        for measure_name, part in found.items():
            values[measure_name][name] = part
        _log.info("icecat: %s %.4f %.4f", name, values[FIRST][name].mean(), values[NDCG][name].mean())

    for name, scorer in _scorers(recommender).items():
        keep(name, _by_scores(scorer, labels, recommender))
    found, weights = blended(labels, recommender.serving, _semantic(recommender))
    keep(BLEND, found)
    keep(OURS, _by_pipeline(recommender, labels))
    for part in WITHOUT:
        system = weighted(recommender, work / "overlay", lambda: 0.0, {part: 0.0})
        keep(f"ours without {part}", _by_pipeline(system, labels))
    count = sum(map(len, labels.values()))
    return Search(Table(values), weights, len(labels), len(recommender.catalogue), count)


def _scorers(recommender: Recommender) -> dict[str, Scorer]:
    index, dense = recommender.serving, _semantic(recommender)
    items = [recommender.catalogue.item_at(row) for row in range(len(recommender.catalogue))]
    plain = _bm25([f"{item.title} {item.brand or ''} {item.description or ''}" for item in items])
    whole = _bm25([recommender.catalogue.texts(row) for row in range(len(items))])

    def lexical(query: str) -> Floats:
        return np.asarray(index.lexical.scores(query_terms(query)), dtype=np.float64)

    def fused(query: str) -> Floats:
        found: Floats = np.zeros(len(index.catalogue))
        for scorer in (plain, dense):
            ranks = np.empty(len(found))
            ranks[np.argsort(-scorer(query), kind="stable")] = np.arange(1, len(found) + 1)
            found += 1.0 / (RANK_CONSTANT + ranks)
        return found

    return {PLAIN: plain, WHOLE: whole, LEXICAL: lexical, DENSE: dense, RRF: fused}


def _bm25(texts: Sequence[str]) -> Scorer:
    """BM25 as bm25s comes, with its English stop words and a stemmer."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    model = bm25s.BM25()
    model.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)

    def scores(query: str) -> Floats:
        words = bm25s.tokenize(query, stopwords="en", stemmer=stemmer, show_progress=False, return_ids=False)[0]
        known = [word for word in words if word in model.vocab_dict]
        return np.asarray(model.get_scores(known), dtype=np.float64) if known else np.zeros(len(texts))

    return scores


def _semantic(recommender: Recommender) -> Scorer:
    vectors = np.asarray(recommender.serving.vectors, dtype=np.float32)

    def scores(query: str) -> Floats:
        return np.asarray(vectors @ recommender.embedder.embed([query])[0], dtype=np.float64)

    return scores


def _by_scores(scorer: Scorer, labels: Labels, recommender: Recommender) -> Worth:
    """Return every measure of a system that scores the whole catalogue."""
    catalogue = recommender.catalogue
    ids = np.array(catalogue.ids)
    rows = []
    for query, judged in labels.items():
        scores = scorer(query)
        every = judged_ndcg({item: float(scores[catalogue.row(ItemId(item))]) for item in judged}, judged)
        first = ids[np.argsort(-scores, kind="stable")[:K]].tolist()
        rows.append((first_ndcg(first, judged), every, sum(item in judged for item in first) / K))
    return _worth(rows)


def _by_pipeline(recommender: Recommender, labels: Labels) -> Worth:
    """Return the same of the pipeline: the ten that it shows, and its own score of every judged item."""
    rows = []
    for text, judged in labels.items():
        query = Query(text=text, limit=K)
        scores = {item: sum(recommender.fit_of(ItemId(item), query).parts.values()) for item in judged}
        shown = [str(found.item.id) for found in recommender.recommend(query).items]
        judged_shown = sum(item in judged for item in shown) / K
        rows.append((first_ndcg(shown, judged), judged_ndcg(scores, judged), judged_shown))
    return _worth(rows)


def _worth(rows: Sequence[tuple[float, float, float]]) -> Worth:
    return dict(zip((FIRST, NDCG, JUDGED), np.array(rows).T, strict=True))


def blended(labels: Labels, index: OpenIndex, dense: Scorer) -> tuple[Worth, list[float]]:
    """Return the worth of a blend whose share is chosen, for each fold of the queries, on the other folds."""
    grid = np.linspace(0.0, 1.0, STEPS)
    table = np.zeros((len(labels), STEPS, 3))
    ids = np.array(index.catalogue.ids)
    for place, (query, judged) in enumerate(labels.items()):
        rows = np.array([index.catalogue.row(ItemId(item)) for item in judged])
        cosine = dense(query)
        near = np.tanh((cosine - cosine.mean()) / max(float(cosine.std()), 1e-9) / 3.0)
        words = np.asarray(index.lexical.scores(query_terms(query)), dtype=np.float64)
        for step, share in enumerate(grid):
            blend = share * words + (1.0 - share) * near
            first = ids[np.argsort(-blend, kind="stable")[:K]].tolist()
            every = judged_ndcg(dict(zip(judged, blend[rows].tolist(), strict=True)), judged)
            table[place, step] = first_ndcg(first, judged), every, sum(item in judged for item in first) / K
    return cross_validated(table, grid.tolist(), folds(len(labels), FOLDS, SEED))


def cross_validated(table: Floats, grid: Sequence[float], fold: npt.NDArray[np.int64]) -> tuple[Worth, list[float]]:
    """Return each query's worth at the setting that is best on the other folds, and each fold's setting.

    Args:
        table: shape (queries, settings, 3): first ten, all judged, share of judged; the sum of the first two decides.
        grid: the settings.
        fold: each query's fold.
    """
    values, chosen = np.zeros((len(table), 3)), []
    for number in np.unique(fold):
        best = int(table[fold != number, :, :2].mean(axis=(0, 2)).argmax())
        values[fold == number] = table[fold == number, best]
        chosen.append(float(grid[best]))
    return dict(zip((FIRST, NDCG, JUDGED), values.T, strict=True)), chosen
