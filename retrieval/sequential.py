"""What users go on to: a transformer over the order in which items were taken (SASRec, ICDM 2018), run by onnxruntime.

``launch.py train`` fits it (``retrieval/training/sequential.py``, with torch); here it is only read. A user's latest
items go in at each question, those of this visit too, so nothing is trained again when an event comes. The model is no
sum over the user's items: which of them carried a score is found by leaving each of the newest out in turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.histories import Event, History

VERSION = 1
GRAPH, META = "sequential.onnx", "sequential.json"
EVIDENCE = 12
"""So many of the newest items are left out in turn to find what carried a score."""
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Arrays = Mapping[str, Floats]


@dataclass(frozen=True)
class Sequences:
    """What users took, user by user, in order; every item of a user once, at its latest event."""

    starts: Rows
    """Shape (users + 1,): where each user's items begin."""
    rows: Rows
    times: npt.NDArray[np.float64]

    @classmethod
    def of(cls, history: History) -> Sequences:
        """Return the sequences of a log; users keep their numbers."""
        starts: list[int] = [0]
        rows: list[int] = []
        times: list[float] = []
        columns = (history.rows.tolist(), history.weights.tolist(), history.times.tolist())
        for start, end in zip(history.starts[:-1].tolist(), history.starts[1:].tolist(), strict=True):
            taken: dict[int, float] = {}
            for row, weight, time in zip(*(column[start:end] for column in columns), strict=True):
                _take(taken, row, weight, time)
            rows.extend(taken)
            times.extend(taken.values())
            starts.append(len(rows))
        return cls(np.array(starts), np.array(rows, dtype=np.int64), np.array(times, dtype=np.float64))

    def of_user(self, code: int) -> Rows:
        """Return one user's items, the oldest first."""
        return self.rows[int(self.starts[code]) : int(self.starts[code + 1])]


def sequence(events: Sequence[Event]) -> Rows:
    """Return what events (oldest first) say was taken, in order; every item once, at its latest event."""
    taken: dict[int, float] = {}
    for event in events:
        _take(taken, event.row, event.weight, event.time)
    return np.array(list(taken), dtype=np.int64)


def _take(taken: dict[int, float], row: int, weight: float, time: float) -> None:
    """Put an item last; one that was disliked goes."""
    if weight:
        taken.pop(row, None)
    if weight > 0:
        taken[row] = time


@dataclass(frozen=True)
class SequentialModel:
    """An opened model and the catalogue's rows of its items."""

    session: Any
    numbers: Rows
    """Catalogue row -> the model's number of it, -1 for items that it does not know."""
    rows: Rows
    """The catalogue rows of the model's items; -1 for what is sold no more."""
    length: int
    usual: float
    """How far above the usual item three quarters of what users went on to stay below."""

    def known(self, rows: Rows) -> Rows:
        """Return those of a sequence's rows that the model knows, as many of the latest as it reads."""
        return rows[self.numbers[rows] >= 0][-self.length :]

    def predict(self, sequences: npt.NDArray[np.int64]) -> Floats:
        """Return each item's prediction after sequences of known rows, 0 for unknown items and about 1 for likely ones.

        Args:
            sequences: rows, shape (batch, length), at most ``length`` long.
        """
        batch, length = sequences.shape
        found = np.zeros((batch, len(self.numbers)), dtype=np.float32)
        if length:
            raw = self.session.run(["scores"], {"items": self.numbers[sequences]})[0]
            above = (raw - raw.mean(axis=1, keepdims=True)) / self.usual
            sold = self.rows >= 0
            found[:, self.rows[sold]] = above[:, sold]
        return found

    def without(self, known: Rows) -> Floats:
        """Return the predictions when each of the newest items is left out, the newest last."""
        count = min(EVIDENCE, len(known))
        places = np.arange(len(known) - count, len(known))
        return self.predict(np.array([np.delete(known, place) for place in places.tolist()], dtype=np.int64))

    @classmethod
    def open(cls, folder: Path, ids: Sequence[str]) -> SequentialModel | None:
        """Open what ``save_model`` wrote for a catalogue of these ids; None when nothing was.

        Raises:
            ValueError: the files are not as they were written.
        """
        if not (folder / META).is_file():
            return None
        meta = read_meta(folder)
        row_of = {key: row for row, key in enumerate(ids)}
        rows = np.array([row_of.get(key, -1) for key in meta["ids"]], dtype=np.int64)
        numbers = np.full(len(ids), -1, dtype=np.int64)
        numbers[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
        return cls(session_of(str(folder / GRAPH)), numbers, rows, int(meta["length"]), float(meta["usual"]))


def save_model(folder: Path, graph: bytes, ids: Sequence[str], length: int, usual: float) -> str:
    """Write a model into an empty folder; return its mark, a digest of everything in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH).write_bytes(graph)
    meta = {"version": VERSION, "graph": _digest(graph), "length": length, "usual": usual, "ids": list(ids)}
    text = json.dumps(meta, ensure_ascii=False)
    (folder / META).write_text(text, encoding="utf-8")
    return _digest(text.encode("utf-8"))


def read_meta(folder: Path) -> dict[str, Any]:
    """Return what a model's folder says of it.

    Raises:
        ValueError: the files are not as they were written.
    """
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    if not isinstance(meta, dict) or meta.get("version") != VERSION:
        raise ValueError(f"{folder / META} was not written by this version; run: python launch.py train")
    if _digest((folder / GRAPH).read_bytes()) != meta["graph"]:
        raise ValueError(f"{folder / GRAPH} is damaged; run: python launch.py train")
    return meta


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def session_of(graph: bytes | str) -> Any:
    """Return a model's session, of its bytes or the path of its file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # turns of several sessions run side by side
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
