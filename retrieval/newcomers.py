"""What a new item inherits: from what is said of it, how users of like tastes will take to it.

Every item that enough users took is a teacher. What the collaborative model learned of the teachers (an item's column
of EASE's weights, or its ALS factors) is continued to items that nobody took yet by kernel ridge regression over what
is said of items: the likeness of their texts' meaning, of their words and of the facets that they state. It is the
decoupled form of a content prior (FEASE, arXiv 2504.02288; MARec, arXiv 2404.13298), with a map that is solved
instead of a likeness taken as it is.

So that new items neither flood a list nor never show up in one, what they inherit is brought to the scale of what is
known: each teacher is predicted from the others alone (leave-one-out, in closed form), and the tail of these
predictions is laid upon the tail of the model's own scores.

The figures here were chosen on items held out whole from the training parts of MovieLens (both) and Online Retail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.catalogue import Catalogue
from retrieval.ease import Ease
from retrieval.factors import Factors
from retrieval.lexical import LexicalIndex
from retrieval.values import StatedValues, rarity

LEAST_TAKERS = 5
"""An item with fewer takers learns; one with so many teaches."""
LEAST_TEACHERS = 50
MOST_TEACHERS = 5000
"""The most taken; their likeness is a square matrix that is inverted (200 MB, some 10 s)."""
MOST_ITEMS = 300_000
"""Above so many items nothing is inherited: what is said of them all would take gigabytes to compare."""
RIDGE = 1.0
OWN = 0.3
"""How much a teacher itself counts beside what speaks for it: who took the like of a new item may take it too."""
LENT = 2.0
"""An item with so many takers stands half on them, half on what it inherits."""
TAIL = 0.99
SAMPLE = 400
AVERAGED = 20_000
CHUNK = 4096
SHARED = 50
"""Words that so many teachers share are multiplied densely."""
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Crossing:
    """Sparse rows that many others are multiplied by: columns that many of them share stand dense, which is quicker."""

    common: npt.NDArray[np.int64]
    dense: Floats
    """Shape (common columns, rows)."""
    rare: npt.NDArray[np.int64]
    sparse: Any
    """SciPy CSR, rare columns × rows."""

    @classmethod
    def of(cls, rows: Any) -> Crossing:
        """Split the columns of a SciPy CSR matrix that any of its rows has."""
        counts = np.bincount(rows.indices, minlength=rows.shape[1])
        common, rare = np.flatnonzero(counts >= SHARED), np.flatnonzero((counts > 0) & (counts < SHARED))
        columns = rows.tocsc()
        return cls(common, columns[:, common].T.toarray(order="C"), rare, columns[:, rare].T.tocsr())

    def times(self, others: Any) -> Floats:
        """Return the products of other sparse rows with these, shape (others, rows)."""
        columns = others.tocsc()
        found = np.asarray(columns[:, self.common].tocsr() @ self.dense, dtype=np.float32)
        if len(self.rare):
            few = (columns[:, self.rare].tocsr() @ self.sparse).tocoo()
            found[few.row, few.col] += few.data
        return found


@dataclass(frozen=True)
class Faced:
    """Items that others are compared to."""

    meanings: Floats
    words: Crossing
    values: Crossing


@dataclass(frozen=True)
class Content:
    """What is said of every item, in three views of unit length: meaning, words, stated values."""

    vectors: Vectors
    """Unit vectors of the items' texts; read by rows, they may be packed."""
    mean: Floats
    words: Any
    """SciPy CSR, items × terms."""
    values: Any
    """SciPy CSR, items × values of facets."""

    @classmethod
    def of(
        cls, vectors: Vectors, holders: npt.NDArray[np.integer], starts: npt.NDArray[np.integer], stated: StatedValues
    ) -> Content:
        """Weigh what is rare more.

        Args:
            vectors: unit vectors of the items' texts, shape (items, dimensions).
            holders: rows of the items that hold each term, term after term (``retrieval.lexical``).
            starts: shape (terms + 1,), where each term's rows begin.
            stated: the facets' values.
        """
        from scipy.sparse import csc_matrix

        ones = np.ones(len(holders), dtype=np.float32)
        words = csc_matrix((ones, np.asarray(holders), np.asarray(starts)), shape=(len(vectors), len(starts) - 1))
        picks = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), AVERAGED)).astype(np.int64))
        mean = np.asarray(vectors[picks], dtype=np.float32).mean(axis=0)
        return cls(vectors, mean, _weighed(words.tocsr()), _weighed(stated.matrix))

    def likeness(self, rows: Rows, others: Rows) -> Floats:
        """Return how alike items are, in [0, 1]; shape (len(rows), len(others)). It is a positive definite kernel."""
        return self.compared(rows, self.faced(others))

    def faced(self, others: Rows) -> Faced:
        """Make items ready for others to be compared to."""
        return Faced(self._meanings(others), *(Crossing.of(view[others]) for view in (self.words, self.values)))

    def compared(self, rows: Rows, others: Faced) -> Floats:
        """Return how alike items are to such items."""
        found = np.asarray(self._meanings(rows) @ others.meanings.T, dtype=np.float32)
        found += others.words.times(self.words[rows])
        found += others.values.times(self.values[rows])
        return np.asarray(((1.0 + found / 3.0) / 2.0) ** 2, dtype=np.float32)

    def _meanings(self, rows: Rows) -> Floats:
        """Return vectors less what all have in common, of length 1 again."""
        found = np.asarray(self.vectors[rows], dtype=np.float32) - self.mean
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def content_of(vectors: Vectors, lexical: LexicalIndex, catalogue: Catalogue) -> Content:
    """Return what is said of the items of an opened index."""
    return Content.of(vectors, lexical.holders, lexical.starts, StatedValues.of(catalogue))


def read_content(vectors: Vectors, lexical: Path, catalogue: Catalogue) -> Content:
    """Return what is said of the items of a catalogue whose words stand in a folder."""
    return content_of(vectors, LexicalIndex.open(lexical, len(catalogue)), catalogue)


def _weighed(matrix: Any) -> Any:
    """Return a 0/1 matrix with columns weighed by how rare they are, rows of length 1.

    In place, since of a million items the words alone are a hundred million entries.
    """
    found = matrix.tocsr().astype(np.float32)
    found.data = np.asarray(rarity(matrix), dtype=np.float32)[found.indices]
    held = np.diff(found.indptr)
    squares = np.concatenate([[0.0], np.cumsum(found.data.astype(np.float64) ** 2)])
    lengths = np.sqrt(squares[found.indptr[1:]] - squares[found.indptr[:-1]])
    found.data /= np.repeat(np.maximum(lengths, 1e-9).astype(np.float32), held)
    return found


@dataclass(frozen=True)
class School:
    """The teachers with the solved system of their likeness."""

    content: Content
    teachers: Rows
    inverse: npt.NDArray[np.float64]

    @classmethod
    def of(cls, content: Content, teachers: Rows) -> School:
        """Solve the system."""
        system = content.likeness(teachers, teachers).astype(np.float64)
        system[np.diag_indices(len(teachers))] += RIDGE
        return cls(content, teachers, np.asarray(np.linalg.inv(system), dtype=np.float64))

    def taught(self, lessons: Floats, pupils: Rows) -> Floats:
        """Continue what is known of the teachers, shape (teachers, width), to other items: (pupils, width)."""
        solved = np.asarray(self.inverse @ lessons, dtype=np.float32)
        faced = self.content.faced(self.teachers)
        parts = [
            self.content.compared(pupils[start : start + CHUNK], faced) @ solved
            for start in range(0, len(pupils), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, lessons.shape[1]), dtype=np.float32)

    def without_own(self, lessons: Floats) -> Floats:
        """Return what each teacher would be taught by the others alone."""
        solved = self.inverse @ lessons
        return np.asarray(lessons - solved / np.diag(self.inverse)[:, None], dtype=np.float32)


def adopted(model: Ease | Factors, matrix: Any, content: Callable[[], Content]) -> Ease | Factors:
    """Return the model with what items of few takers inherit; the same one when there is nobody to learn or to teach.

    Args:
        model: what was fitted.
        matrix: the SciPy sparse users × items matrix that it was fitted to.
        content: returns what is said of the items; asked only when somebody learns.
    """
    takers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    order = np.argsort(-takers, kind="stable")[:MOST_TEACHERS]
    teachers = np.sort(order[takers[order] >= LEAST_TAKERS])
    pupils = np.flatnonzero(takers < LEAST_TAKERS)
    if len(teachers) < LEAST_TEACHERS or not len(pupils) or len(takers) > MOST_ITEMS:
        return model
    school = School.of(content(), teachers)
    lent = (LENT / (takers[pupils] + LENT)).astype(np.float32)
    if isinstance(model, Ease):
        return _adopted_by_ease(model, matrix, school, pupils, lent)
    return _adopted_by_factors(model, matrix, school, pupils, lent)


def _adopted_by_ease(model: Ease, matrix: Any, school: School, pupils: Rows, lent: Floats) -> Ease:
    """Give pupils columns (what speaks for them) and rows (what they speak for)."""
    teachers = school.teachers
    among = np.asarray(model.weights[np.ix_(teachers, teachers)], dtype=np.float32)
    speaks = among + OWN * np.eye(len(teachers), dtype=np.float32)
    # The lesson of a teacher is its column: who speaks for it.
    predicted = school.without_own(np.ascontiguousarray(speaks.T)).T
    np.fill_diagonal(predicted, 0.0)
    users = _sampled(matrix, teachers)
    scale = _parity(users @ among, users @ predicted, users > 0)
    columns = school.taught(np.ascontiguousarray(speaks.T), pupils).T * scale
    rows = school.taught(speaks, pupils) * scale
    between = school.taught(np.ascontiguousarray(columns), pupils)
    weights = np.array(model.weights, dtype=np.float32)
    weights[:, pupils] *= 1.0 - lent
    weights[pupils] *= (1.0 - lent)[:, None]
    weights[np.ix_(teachers, pupils)] += columns * lent
    weights[np.ix_(pupils, teachers)] += rows * lent[:, None]
    weights[np.ix_(pupils, pupils)] += between * np.outer(lent, lent)
    np.fill_diagonal(weights, 0.0)
    return replace(model, weights=weights)


def _adopted_by_factors(model: Factors, matrix: Any, school: School, pupils: Rows, lent: Floats) -> Factors:
    """Give pupils factors, and the trust that their inheritance deserves."""
    known = np.asarray(model.factors[school.teachers], dtype=np.float32)
    users = _sampled(matrix, school.teachers)
    tastes = np.asarray(users @ known, dtype=np.float32)
    scale = _parity(tastes @ known.T, tastes @ school.without_own(known).T, users > 0)
    factors = np.array(model.factors, dtype=np.float32)
    factors[pupils] = factors[pupils] * (1.0 - lent)[:, None] + school.taught(known, pupils) * (scale * lent)[:, None]
    # The gram stays: what known items say of a user does not change.
    standing = np.zeros(len(factors), dtype=np.float32)
    standing[pupils] = lent
    return replace(model, factors=factors, inherited=standing)


def _sampled(matrix: Any, teachers: Rows) -> Floats:
    """Return what evenly drawn users took of the teachers, as a dense matrix."""
    busy = np.flatnonzero(np.diff(matrix.indptr) > 0)
    picks = busy[np.unique(np.linspace(0, len(busy) - 1, min(SAMPLE, len(busy))).astype(np.int64))]
    return np.asarray(matrix[picks][:, teachers].toarray(), dtype=np.float32)


def _parity(
    known: npt.NDArray[np.floating], predicted: npt.NDArray[np.floating], taken: npt.NDArray[np.bool_]
) -> float:
    """Return what predictions are multiplied by, so that as many of them are high as of the model's own scores."""
    own, others = (float(np.quantile(scores[~taken], TAIL)) for scores in (known, predicted))
    return own / others if own > 0 and others > 0 else 0.0
