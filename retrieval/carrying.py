"""Tastes that carry over between shops with the same users, through the space of texts.

What a user took elsewhere reaches a shop as one vector: the mean of the unit vectors of those items' texts. A linear
map, fitted to the shop's own items and tastes, makes predictions of it: an item of the shop is to such a vector what
its row of EASE's weights says it is to a user. No item, event or text of the other shop is needed, and none is told.

The figures were chosen on the halves of MovieLens small and Online Retail, on users who are not asked in
``benchmarks/ranking/carried.py``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.ease import Ease
from retrieval.histories import Event, digest
from retrieval.newcomers import LEAST_TAKERS, OWN

RIDGE = 3.0
PROFILES = "profiles.npz"
"""In the folder of the shop that takes tastes over: ``launch.py profiles`` of the other shop writes it."""
SQUASH = 3.0
"""A prediction so many deviations above those of all items counts tanh(1) = .76."""
_log = logging.getLogger(__name__)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Carrier:
    """The map from a vector of texts to what a shop's own tastes predict."""

    mean: Floats
    """What all of the shop's texts have in common, shape (dimensions,)."""
    weights: Floats
    """Shape (dimensions, items)."""

    @classmethod
    def fit(cls, model: Ease, takers: npt.NDArray[Any], vectors: Vectors) -> Carrier:
        """Fit the map to items that enough users took.

        Args:
            model: the shop's tastes.
            takers: how many users took each item.
            vectors: unit vectors of the items' texts, shape (items, dimensions).
        """
        mean = np.asarray(vectors, dtype=np.float32).mean(axis=0)
        taught = np.flatnonzero(takers >= LEAST_TAKERS)
        known = _centred(np.asarray(vectors[taught], dtype=np.float32), mean)
        lessons = np.array(model.weights[taught], dtype=np.float32)
        lessons[np.arange(len(taught)), taught] += OWN
        system = known.T.astype(np.float64) @ known + RIDGE * np.eye(known.shape[1])
        return cls(mean, np.linalg.solve(system, known.T @ lessons).astype(np.float32))

    def tastes(self, profiles: Vectors) -> Floats:
        """Return predictions for vectors of texts, shape (vectors, items); only their order within a line counts."""
        return np.asarray(_centred(np.asarray(profiles, dtype=np.float32), self.mean) @ self.weights, dtype=np.float32)


def _centred(vectors: Floats, mean: Floats) -> Floats:
    """Return vectors of length 1 less what all have in common."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(unit - mean, dtype=np.float32)


@dataclass(frozen=True)
class Visitors:
    """Users of another shop, each as one vector under a hash of their id; who asked to be forgotten is left out."""

    rows: Mapping[str, int]
    profiles: Vectors
    carrier: Carrier

    @classmethod
    def open(cls, path: Path, encoder: str, index: HasTastes) -> Visitors | None:
        """Return the users in a file; None where there is none, where it was made by another encoder, or above EASE.

        Args:
            path: the file.
            encoder: the name of the encoder that the index was made with.
            index: the shop's own tastes and texts.
        """
        model = index.collaborative.model if index.collaborative is not None else None
        if not path.is_file() or not isinstance(model, Ease):
            return None
        try:
            with np.load(path, allow_pickle=False) as content:
                names, profiles, made = content["users"].tolist(), content["profiles"], str(content["encoder"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            _log.warning("%s cannot be read (%s): no tastes are taken over; write it anew", path, error)
            return None
        if made != encoder or profiles.shape != (len(names), index.vectors.shape[1]):
            _log.warning("%s was made with the encoder %s, not with %s: no tastes are taken over", path, made, encoder)
            return None
        rows = {str(user): row for row, user in enumerate(names)}
        return cls(rows, profiles, Carrier.fit(model, index.users, index.vectors[:]))

    def predictions(self, user: str) -> Floats | None:
        """Return what a user's taste elsewhere predicts of every item, in (-1, 1); None for who is not known."""
        row = self.rows.get(digest(user))
        if row is None:
            return None
        found = self.carrier.tastes(self.profiles[row : row + 1])[0]
        spread = max(float(found.std()), 1e-9)
        return np.asarray(np.tanh((found - found.mean()) / (SQUASH * spread)), dtype=np.float32)


class HasTastes(Protocol):
    """What of an opened index is read here."""

    @property
    def collaborative(self) -> Any:
        """The collaborative model, or None."""
        ...

    @property
    def users(self) -> npt.NDArray[np.integer[Any]]:
        """How many users took each item."""
        ...

    @property
    def vectors(self) -> Vectors:
        """The items' unit vectors."""
        ...


def write_profiles(path: Path, users: Mapping[str, Sequence[Event]], vectors: Vectors, encoder: str) -> int:
    """Write one vector a user, the mean over what they liked, under hashes of their ids; return how many were written.

    The file is its owner's alone.

    Args:
        path: the file, which is replaced in one step.
        users: their events; users of nothing that attracts are left out.
        vectors: unit vectors of the items' texts.
        encoder: its name.
    """
    names, found = [], []
    for user, events in sorted(users.items()):
        weights: dict[int, float] = {}
        for event in events:
            weights[event.row] = min(weights.get(event.row, 0.0) + event.weight, 1.0)
        liked = [row for row, weight in weights.items() if weight > 0]
        if liked:
            told = np.array([weights[row] for row in liked], dtype=np.float32)
            names.append(digest(user))
            found.append((told @ np.asarray(vectors[liked], dtype=np.float32) / told.sum()).astype(np.float16))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    profiles = np.array(found, dtype=np.float16).reshape(len(names), vectors.shape[1])
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        np.savez(file, users=np.array(names, dtype="U24"), profiles=profiles, encoder=np.array(encoder))
    draft.replace(path)
    return len(names)
