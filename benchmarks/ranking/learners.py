"""Baselines that are trained step by step: SASRec over the order of what users took, and two towers over texts.

Both stop early on the validation part, and are then fitted for as many epochs on all before the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.sequential import Sequences
from retrieval.towers import Projections
from retrieval.training import sequential, towers

Floats = npt.NDArray[np.float32]
Users = npt.NDArray[np.int64]
Worth = Callable[[Floats], float]
"""Scores of the asked users -> what they are worth on validation."""
# As in the paper, an item's vector starts from nothing; the loss is the later one, which does better.
SASREC = sequential.Schooling(texts=False, epochs=25)
TOWERS = towers.Contrast()


@dataclass(frozen=True)
class Lesson:
    """What is learned from, and who is asked."""

    matrix: Any
    sequences: Sequences
    vectors: Vectors
    asked: Users


@dataclass(frozen=True)
class Learner:
    """A baseline: fits a lesson, for some epochs or until validation tells to stop, and scores the asked users."""

    name: str
    fit: Callable[[Lesson, int, Worth | None], tuple[Floats, int]]
    """(lesson, epochs; 0 is as many as there are, judge) -> scores and epochs."""


def sasrec(lesson: Lesson, epochs: int, worth: Worth | None) -> tuple[Floats, int]:
    """SASRec with the cross entropy over (a sample of) the catalogue."""
    asked = [lesson.sequences.of_user(int(user)) for user in lesson.asked]
    kept: list[tuple[float, Floats]] = []

    def judge(score: sequential.Scorer) -> float:
        scores = score(asked)
        value = worth(scores) if worth else float(len(kept))
        kept.append((value, scores))
        return value

    schooling = replace(SASREC, epochs=epochs, patience=epochs) if epochs else SASREC
    found = sequential.fit(lesson.sequences, lesson.vectors, schooling, judge)
    return kept[found.epochs - 1][1], found.epochs


def two_towers(lesson: Lesson, epochs: int, worth: Worth | None) -> tuple[Floats, int]:
    """Two towers over the encoder's vectors."""
    users = lesson.matrix[lesson.asked]
    norms = np.sqrt(np.maximum(np.asarray(users.sum(axis=1)), 1.0))

    def scores(found: Projections) -> Floats:
        texts = np.asarray(lesson.vectors[:], dtype=np.float32) - found.mean
        people = ((users @ texts) / norms) @ found.users
        return np.asarray(people @ found.of_items(lesson.vectors).T, dtype=np.float32)

    contrast = replace(TOWERS, epochs=epochs) if epochs else TOWERS
    judge = (lambda found: worth(scores(found))) if worth else None
    fitted = towers.fit(lesson.matrix, lesson.vectors, contrast, judge)
    return scores(fitted.projections), fitted.epochs


def learners() -> tuple[Learner, ...]:
    """Return the baselines that can be trained here; SASRec needs torch."""
    towers_row = Learner("two-tower", two_towers)
    return (Learner("SASRec", sasrec), towers_row) if sequential.available() else (towers_row,)
