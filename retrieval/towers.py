"""Two towers over texts: what a user liked and what an item is, each projected to where they can be compared.

With c the encoder's vector of an item's text less the usual one, a user is x = Σ w·c / |w| over what they met, and the
score of an item is (W_u·x)·(W_i·c). ``launch.py train`` learns both projections from who took what
(``retrieval/training/towers.py``). New items need no training: their text says where they stand. A score is a sum over
the user's items, so that it can be said which of them carried it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.ease import MOST_EVENTS, WeighedUser
from retrieval.histories import Event, weighed
from retrieval.mapping import mapped

VERSION = 1
WEIGHTS, META, ITEMS = "towers.npy", "towers.json", "items.npy"
CHUNK = 50_000
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Projections:
    """What is learned: how texts of users and of items are projected."""

    users: Floats
    """W_u, shape (dimensions, width)."""
    items: Floats
    """W_i, likewise."""
    mean: Floats
    """The usual text's vector, shape (dimensions,)."""
    usual: float
    """The score that three quarters of what users took stay below."""

    def of_items(self, vectors: Vectors) -> Floats:
        """Return the items' side, shape (items, width)."""
        parts = [
            (np.asarray(vectors[start : start + CHUNK], dtype=np.float32) - self.mean) @ self.items
            for start in range(0, len(vectors), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.items.shape[1]), dtype=np.float32)

    def save(self, folder: Path, encoder: str) -> str:
        """Write into an empty folder; return the mark, a digest of everything in it."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / WEIGHTS, np.stack([self.users, self.items]).astype(np.float32), allow_pickle=False)
        meta = {
            "version": VERSION, "weights": _digest(folder / WEIGHTS), "encoder": encoder, "usual": self.usual,
            "mean": [float(value) for value in self.mean],
        }  # fmt: skip
        (folder / META).write_text(json.dumps(meta), encoding="utf-8")
        return _digest(folder / META)

    @classmethod
    def load(cls, folder: Path, encoder: str = "") -> Projections:
        """Return what ``save`` wrote.

        Raises:
            ValueError: the files are not as they were written, or rest on another encoder's vectors.
        """
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if not isinstance(meta, dict) or meta.get("version") != VERSION or encoder not in ("", meta["encoder"]):
            raise ValueError(f"{folder} was written for another version or encoder; run: python launch.py train")
        if _digest(folder / WEIGHTS) != meta["weights"]:
            raise ValueError(f"{folder / WEIGHTS} is damaged; run: python launch.py train")
        users, items = np.load(folder / WEIGHTS, allow_pickle=False)
        return cls(users, items, np.array(meta["mean"], dtype=np.float32), float(meta["usual"]))


@dataclass(frozen=True)
class Towers:
    """Opened towers over one catalogue."""

    projections: Projections
    items: Floats
    """The items' side, memory-mapped."""
    vectors: Vectors
    user_days: float
    """After so many days a user's event counts half."""

    def user(self, events: Sequence[Event], latest: float) -> WeighedUser | None:
        """Return a user from what they did; None when nothing attracts."""
        rows, weights = weighed(events, latest, self.user_days)
        if not (weights > 0).any():
            return None
        kept = np.argsort(-np.abs(weights), kind="stable")[:MOST_EVENTS]
        return WeighedUser(rows[kept], weights[kept] / float(np.linalg.norm(weights[kept])))

    def scores(self, user: WeighedUser, rows: Rows) -> Floats:
        """Return predicted preferences in (-1, 1); .76 is as strong as for what users really took."""
        vector = user.weights @ self._projected(user)
        whole = len(rows) == len(self.items)
        items = self.items if whole and (rows[0], rows[-1]) == (0, len(rows) - 1) else self.items[rows]
        return np.asarray(np.tanh(items @ vector / self.projections.usual), dtype=np.float32)

    def shares(self, user: WeighedUser, row: int) -> Floats:
        """Return what each of the user's items adds to one item's score, before it is squashed."""
        found = self._projected(user) @ np.asarray(self.items[row]) / self.projections.usual
        return np.asarray(user.weights * found, dtype=np.float32)

    def _projected(self, user: WeighedUser) -> Floats:
        return np.asarray((self.vectors[user.rows] - self.projections.mean) @ self.projections.users)

    @classmethod
    def open(cls, folder: Path, vectors: Vectors, user_days: float) -> Towers | None:
        """Open what ``write`` wrote for these vectors; None when nothing was.

        Raises:
            ValueError: the files are not as they were written.
        """
        if not (folder / META).is_file():
            return None
        return cls(Projections.load(folder), mapped(folder / ITEMS), vectors, user_days)


def write(trained: Path, folder: Path, vectors: Vectors, encoder: str) -> None:
    """Take trained projections over into a build, with the items' side of its catalogue.

    Raises:
        ValueError: as ``Projections.load``.
    """
    projections = Projections.load(trained, encoder)
    projections.save(folder, encoder)
    np.save(folder / ITEMS, projections.of_items(vectors), allow_pickle=False)


def _digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
