"""What the assistant is measured against: chance, popularity, word search, and an oracle that nobody can beat."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

from agent.assistant import Assistant
from core.entities import ItemId
from evaluation.needs import rows_where
from evaluation.sellers import AssistantSeller, Turn
from evaluation.simulator import MOST_SHOWN, Shopper
from retrieval.constraints import mask, rules_mask
from retrieval.pipeline import Recommender
from retrieval.tokens import query_terms

Mask = npt.NDArray[np.bool_]


class _Shelf:
    """The items that may be shown, without those that were."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender, self.catalogue = recommender, recommender.catalogue
        self.left: Mask = rules_mask(self.catalogue, self.catalogue.shop.rules)
        for rule in self.catalogue.shop.rules.confirm:
            self.left &= ~rows_where(self.catalogue, rule.when)
        self.popularity = np.nan_to_num(np.asarray(recommender.serving.popularity, dtype=np.float64))

    def best(self, scores: npt.NDArray[np.floating], allowed: Mask) -> tuple[ItemId, ...]:
        """Return the best allowed items that were not shown before, one of each product, and take them off."""
        rows = np.flatnonzero(self.left & allowed)
        order = rows[np.argsort(-scores[rows], kind="stable")]
        items: list[ItemId] = []
        groups: set[str] = set()
        for row in order.tolist():
            item = self.catalogue.item_at(row)
            if item.group_id is None or item.group_id not in groups:
                items.append(item.id)
                groups |= {item.group_id} if item.group_id else set()
                self.left[row] = False
            if len(items) == MOST_SHOWN:
                break
        return tuple(items)


class RandomSeller:
    """Shows any three items."""

    def __init__(self, recommender: Recommender, seed: int) -> None:
        """Begin a dialogue; the seed decides what is shown."""
        self._shelf = _Shelf(recommender)
        self._rng = np.random.default_rng(seed)

    async def answer(self, message: str) -> Turn:
        """Answer without listening."""
        left = self._shelf.left
        return Turn(self._shelf.best(self._rng.random(len(left)), left))


class PopularSeller:
    """The assistant's own understanding and questions; of what satisfies its musts, the most popular is shown."""

    def __init__(self, assistant: Assistant) -> None:
        """Begin a session with the assistant that listens."""
        self._shelf = _Shelf(assistant.recommender)
        self._listener = AssistantSeller(assistant)

    async def answer(self, message: str) -> Turn:
        """Answer with the most popular items that satisfy what the assistant has read as required."""
        heard = await self._listener.answer(message)
        fits = mask(self._shelf.catalogue, heard.constraints)
        return Turn(self._shelf.best(self._shelf.popularity, fits), heard.question, heard.constraints)


class WordSeller:
    """BM25 over everything that the shopper has said."""

    def __init__(self, recommender: Recommender) -> None:
        """Begin a dialogue."""
        self._shelf = _Shelf(recommender)
        self._said: list[str] = []

    async def answer(self, message: str) -> Turn:
        """Answer with the items whose texts share most with the dialogue."""
        self._said.append(message)
        scores = self._shelf.recommender.serving.lexical.scores(query_terms("\n".join(self._said)))
        return Turn(self._shelf.best(scores, self._shelf.left))


class OracleSeller:
    """Understands everything exactly, and asks for what will leave the fewest items.

    It reads what the shopper requires instead of the message, and knows the target's attributes, though not which item
    it is: of each field that it might ask it knows what the answer would be, so that it asks the one that tells most.
    What is left is shown by popularity.
    """

    def __init__(self, recommender: Recommender, shopper: Shopper) -> None:
        """Begin a dialogue with a shopper whose mind it reads."""
        self._shelf = _Shelf(recommender)
        self._shopper = shopper

    async def answer(self, message: str) -> Turn:
        """Answer with the most popular items of those left, and the question that tells most about them."""
        required = self._shopper.required()
        fits = mask(self._shelf.catalogue, required)
        items = self._shelf.best(self._shelf.popularity, fits)
        return Turn(items, self._question(fits & self._shelf.left), required)

    def _question(self, left: Mask) -> str | None:
        open_needs = [need for name, need in self._shopper.knows.items() if name not in self._shopper.told]
        remaining = {
            need.field: int(np.count_nonzero(left & mask(self._shelf.catalogue, [need.constraint])))
            for need in open_needs
        }
        before = int(np.count_nonzero(left))
        best = min(remaining, key=lambda name: remaining[name], default=None)
        return best if best is not None and remaining[best] < before else None


def seeded(seed: int, *parts: object) -> int:
    """Return a seed of its own for each dialogue."""
    return random.Random(" ".join(map(str, (seed, *parts)))).getrandbits(32)
