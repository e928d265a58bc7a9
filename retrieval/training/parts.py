"""Fits the models that training may switch on, on a log or the earlier part of one, and writes those that pay.

How long to train is found on an earlier hold-out of its own: what judges whether a model pays has not shaped it.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Progress, Vectors
from retrieval.collaborative import preferences
from retrieval.histories import History
from retrieval.learned import MODELS, Learned, model_folder
from retrieval.opened import OpenIndex
from retrieval.sequential import Sequences, SequentialModel, save_model, session_of
from retrieval.sequential_onnx import build_model
from retrieval.towers import Projections, Towers
from retrieval.training import sequential, towers
from retrieval.training.holdout import MOST_USERS, Holdout, hold_out
from retrieval.training.journal import Journal
from retrieval.training.tuning import best_rows

LEAST_PAIRS = 1000
"""A shorter log teaches a model of its own nothing."""
MOST_ITEMS = 200_000
"""Above so many items scoring all of them at every question would take too long."""
LEAST_ASKED, MOST_NUMBERS = 100, 40_000_000
"""So many users are asked at least, and so many that their scores of all items fit into memory."""
SAMPLE = 500
LEVEL = 0.9
SCHOOLING = sequential.Schooling()
CONTRAST = towers.Contrast()
Floats = npt.NDArray[np.float32]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """Models fitted to one log, as they are written."""

    graph: bytes = b""
    """The sequential model's ONNX file; empty without one."""
    usual: float = 1.0
    projections: Projections | None = None

    def over(self, index: OpenIndex, user_days: float) -> OpenIndex:
        """Return an index that has these models."""
        rows = np.arange(len(index.catalogue))
        model = towers_of = None
        if self.graph:
            model = SequentialModel(session_of(self.graph), rows, rows, SCHOOLING.length, self.usual)
        if self.projections is not None:
            items = self.projections.of_items(index.vectors)
            towers_of = Towers(self.projections, items, index.vectors, user_days)
        return replace(index, sequential=model, towers=towers_of, _derived={})

    def save(self, folder: Path, learned: Learned, ids: Sequence[str], encoder: str) -> Learned:
        """Write the models beside the rest and return what was learned with their marks; each in one step."""
        folder.mkdir(parents=True, exist_ok=True)
        marks = {}
        if self.graph:
            marks["sequential"] = _placed(
                folder, "sequential", lambda at: save_model(at, self.graph, ids, SCHOOLING.length, self.usual)
            )
        if self.projections is not None:
            projections = self.projections
            marks["towers"] = _placed(folder, "towers", lambda at: projections.save(at, encoder))
        return replace(learned, **marks)  # type: ignore[arg-type]  # both are marks


def _placed(folder: Path, part: str, save: Callable[[Path], str]) -> str:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    mark = save(draft)
    target = model_folder(folder, part, mark)
    if target.exists():
        shutil.rmtree(draft)
    else:
        draft.rename(target)
    return mark


def sweep(folder: Path, learned: Learned) -> None:
    """Delete models that are not in use and drafts that never ended."""
    used = set(learned.models(folder).values())
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path not in used and path.name.startswith((".draft-", *(f"{part}-" for part in MODELS))):
            shutil.rmtree(path, ignore_errors=True)


def missing(history: History, items: int) -> str:
    """Return why no sequential model is fitted to a log; "" when one is."""
    if not sequential.available():
        return "torch is not installed (the extra sequential)"
    if not (history.times > 0).any():
        return "the log has no times, and so no order"
    if np.count_nonzero(history.weights > 0) < LEAST_PAIRS:
        return "the log is too short"
    return "" if items <= MOST_ITEMS else f"more than {MOST_ITEMS:,} items"


@dataclass(frozen=True)
class Lengths:
    """After how many epochs each model was best on its own hold-out; 0: it is not trained."""

    sequential: int = 0
    towers: int = 0


def lengths(
    history: History, vectors: Vectors, user_days: float, journal: Journal, progress: Progress | None
) -> Lengths:
    """Find how long to train each model, on the latest events of what may be seen.

    Args:
        history: the log without what judges the models later.
        vectors: unit vectors of the items' texts.
        user_days: half-life of what is known of a user.
        journal: keeps what was found, so that a training that was stopped goes on.
        progress: told of every step, if given.
    """
    inner = hold_out(history, most=min(MOST_USERS, max(LEAST_ASKED, MOST_NUMBERS // max(1, len(vectors)))))
    if inner is None or np.count_nonzero(history.weights > 0) < LEAST_PAIRS or len(vectors) > MOST_ITEMS:
        return Lengths()
    found = Lengths()
    if not missing(history, len(vectors)):
        epochs = journal.remembered(
            {"sequential": str(SCHOOLING)}, lambda: _sequential_length(inner, vectors, progress)
        )
        found = replace(found, sequential=int(epochs[0]))
    asked = {"towers": str(CONTRAST), "days": str(user_days)}
    epochs = journal.remembered(asked, lambda: _towers_length(inner, vectors, user_days, progress))
    return replace(found, towers=int(epochs[0]))


def fitted(history: History, vectors: Vectors, user_days: float, epochs: Lengths, progress: Progress | None) -> Parts:
    """Fit the models to a log, each for its number of epochs."""
    parts = Parts()
    if epochs.sequential:
        sequences = Sequences.of(history)
        schooling = replace(SCHOOLING, epochs=epochs.sequential)
        found = sequential.fit(sequences, vectors, schooling, progress=progress)
        graph = build_model(found.arrays, schooling.heads).SerializeToString()
        parts = Parts(graph, _usual(graph, sequences, len(vectors)))
    if epochs.towers:
        matrix = preferences(history, len(vectors), user_days)
        contrast = replace(CONTRAST, epochs=epochs.towers)
        parts = replace(parts, projections=towers.fit(matrix, vectors, contrast, progress=progress).projections)
    return parts


def _usual(graph: bytes, sequences: Sequences, items: int) -> float:
    """Return how far above the usual item nine tenths of what a sample of users went on to stay below."""
    rows = np.arange(items)
    model = SequentialModel(session_of(graph), rows, rows, SCHOOLING.length, 1.0)
    counts = np.diff(sequences.starts)
    users = np.flatnonzero(counts >= 2)
    found = []
    for code in users[:: max(1, len(users) // SAMPLE)].tolist():
        taken = sequences.of_user(code)
        found.append(float(model.predict(model.known(taken[:-1])[None, :])[0, taken[-1]]))
    return max(float(np.quantile(found, LEVEL)), 1e-3) if found else 1.0


def _sequential_length(inner: Holdout, vectors: Vectors, progress: Progress | None) -> npt.NDArray[np.float64]:
    sequences = Sequences.of(inner.early)
    asked = [sequences.of_user(int(code)) for code in inner.codes]
    found = sequential.fit(
        sequences, vectors, SCHOOLING, lambda score: _worth(inner, score(asked)), progress
    )  # fmt: skip
    return np.array([found.epochs, found.value])


def _towers_length(
    inner: Holdout, vectors: Vectors, user_days: float, progress: Progress | None
) -> npt.NDArray[np.float64]:
    matrix = preferences(inner.early, len(vectors), user_days)
    users: Any = matrix[inner.codes]
    norms = np.sqrt(np.maximum(np.asarray(users.multiply(users).sum(axis=1)), 1e-9))

    def judge(projections: Projections) -> float:
        texts = np.asarray(vectors[:], dtype=np.float32) - projections.mean
        return _worth(inner, ((users @ texts) / norms @ projections.users) @ projections.of_items(vectors).T)

    found = towers.fit(matrix, vectors, CONTRAST, judge, progress)
    return np.array([found.epochs, found.value])


def _worth(inner: Holdout, scores: npt.NDArray[np.floating]) -> float:
    for place, code in enumerate(inner.codes.tolist()):
        met = slice(int(inner.early.starts[code]), int(inner.early.starts[code + 1]))
        scores[place, inner.early.rows[met]] = -np.inf
    return float(inner.worth(list(best_rows(scores))).mean())
