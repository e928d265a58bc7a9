"""Reviews by item, and the one that says most about what was asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.entities import ItemId
from retrieval.mapping import mapped
from retrieval.records import Review
from retrieval.tokens import terms

QUOTE_LENGTH = 180
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")


@dataclass(frozen=True)
class ReviewStore:
    """All reviews as packed UTF-8, sorted by item row."""

    starts: npt.NDArray[np.int64]
    """Shape (items + 1,): where each item's reviews begin."""
    ids: npt.NDArray[Any]
    ratings: npt.NDArray[np.float32]
    languages: npt.NDArray[Any]
    bounds: npt.NDArray[np.int64]
    """Shape (reviews + 1,): where each text begins in ``data``."""
    data: npt.NDArray[np.uint8]

    _NAMES = ("starts", "ids", "ratings", "languages", "bounds", "data")

    @classmethod
    def of(cls, reviews: Sequence[Review], rows: Sequence[int], items: int) -> ReviewStore:
        """Build from reviews and the row of each one's item; ``items`` is the size of the catalogue."""
        where = np.array(rows, dtype=np.int64)
        ordered = [reviews[place] for place in np.argsort(where, kind="stable").tolist()]
        packed = [review.text.encode("utf-8", "replace") for review in ordered]
        starts = np.concatenate([[0], np.cumsum(np.bincount(where, minlength=items))]).astype(np.int64)
        bounds = np.concatenate([[0], np.cumsum([len(text) for text in packed])]).astype(np.int64)
        ratings = [np.nan if review.rating is None else review.rating for review in ordered]
        # One entry more than there are reviews: an empty array of texts cannot be memory-mapped.
        return cls(
            starts,
            np.array([*(review.id for review in ordered), "-"], dtype=np.str_),
            np.array([*ratings, np.nan], dtype=np.float32),
            np.array([*(review.language or "" for review in ordered), "-"], dtype=np.str_),
            bounds,
            np.frombuffer(b"".join(packed) + b"\0", dtype=np.uint8),
        )

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._NAMES:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> ReviewStore:
        """Memory-map what ``save`` wrote."""
        return cls(*(mapped(folder / f"{name}.npy") for name in cls._NAMES))

    def of_item(self, row: int, item_id: ItemId) -> list[Review]:
        """Return an item's reviews in the file's order."""
        found = []
        for place in range(int(self.starts[row]), int(self.starts[row + 1])):
            text = self.data[int(self.bounds[place]) : int(self.bounds[place + 1])].tobytes().decode("utf-8", "replace")
            rating = float(self.ratings[place])
            stars = None if rating != rating else rating
            language = str(self.languages[place]) or None
            found.append(Review(str(self.ids[place]), item_id, text, stars, language=language))
        return found


def best_reviews(reviews: Sequence[Review], wanted: Collection[str], k: int, language: str = "") -> list[Review]:
    """Return the ``k`` reviews that share most of the wanted terms; then those in the language, the better rated first.

    Args:
        reviews: one item's reviews.
        wanted: terms (``tokens.query_terms``) of the question and the wishes.
        k: how many to return.
        language: reviews in it come first among equals.
    """
    asked = set(wanted)

    def value(review: Review) -> tuple[float, bool, float]:
        return overlap(review.text, asked), review.language in (None, language), review.rating or 0.0

    return sorted(reviews, key=value, reverse=True)[:k]


def overlap(text: str, wanted: Collection[str]) -> float:
    """Return how many of the wanted terms a text has."""
    return float(len(set(wanted).intersection(terms(text)))) if wanted else 0.0


def quote(text: str, wanted: Collection[str]) -> str:
    """Return the sentence of a review that has most of the wanted terms, cut at a word when it is long."""
    parts: list[str] = _SENTENCE.findall(text)
    sentences = [part.strip() for part in parts if part.strip()]
    if not sentences:
        return text.strip()[:QUOTE_LENGTH]
    best = max(sentences, key=lambda sentence: overlap(sentence, wanted))
    if len(best) <= QUOTE_LENGTH:
        return best
    cut = best[: QUOTE_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"
