"""Intents by example: nearest examples by meaning (English sentences) and by wording (both languages)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from core.conversation import Intent
from core.entities import Language
from core.ports import Embedder, Vectors
from retrieval.tokens import terms

SURE = {"en": (0.6, 0.5, 0.1), "zh": (0.6, 0.34, 0.04)}
"""By language: the score that is acted upon; the score that is when the next intent is at least so far off."""
_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Guess:
    """The intent that a message resembles most."""

    intent: Intent
    score: float
    """In [0, 1]."""
    margin: float
    """The distance to the best other intent."""
    sure: bool = False
    """Whether to act upon it; else the assistant asks rather than guesses."""


@lru_cache(maxsize=1)
def load_examples() -> dict[Intent, dict[Language, list[str]]]:
    """Return intent -> language -> example sentences."""
    text = (Path(__file__).parent / "intents.yaml").read_text(encoding="utf-8")
    return {Intent(name): languages for name, languages in yaml.safe_load(text).items()}


class IntentGuesser:
    """Guesses intents; immutable once made, thread-safe."""

    def __init__(self, embedder: Embedder) -> None:
        """Embed the examples."""
        self._embedder = embedder
        rows = [
            (intent, lang, text)
            for intent, by in load_examples().items()
            for lang, texts in by.items()
            for text in texts
        ]
        self._intents = [intent for intent, _, _ in rows]
        self._languages = np.array([language for _, language, _ in rows])
        self._vectors: Vectors = embedder.embed([text for _, _, text in rows])
        self._terms = [frozenset(terms(text)) for _, _, text in rows]
        counts = Counter(term for found in self._terms for term in found)
        self._rarity = {term: math.log(1 + len(rows) / count) for term, count in counts.items()}
        self._default_rarity = math.log(1 + len(rows))

    @property
    def service_terms(self) -> frozenset[str]:
        """The terms that occur in examples of service intents only, not in shopping ones: a hint to look closer."""
        shopping = {Intent.RECOMMEND, Intent.SMALLTALK, Intent.OUT_OF_SCOPE}
        service = [t for t, i in zip(self._terms, self._intents, strict=True) if i not in shopping]
        other = [t for t, i in zip(self._terms, self._intents, strict=True) if i in shopping]
        return frozenset().union(*service) - frozenset().union(*other)

    def guess(self, message: str, language: Language) -> Guess:
        """Return the best guess; Chinese is compared by wording alone, since the encoder may not know it."""
        wording = self._wording(message)
        if language == "zh":
            scores = np.where(self._languages == "zh", wording, 0.0)
        else:
            meaning = np.clip(self._vectors @ self._embedder.embed([message])[0], 0, 1)
            scores = np.where(self._languages == "en", np.maximum(meaning, 0.6 * meaning + 0.4 * wording), 0.0)
        best: dict[Intent, float] = {}
        for intent in set(self._intents):
            own = np.sort(scores[[at for at, other in enumerate(self._intents) if other is intent]])[::-1]
            # The nearest example counts most; a second near one makes it surer.
            best[intent] = float(0.75 * own[0] + 0.25 * own[:_NEIGHBOURS].mean())
        ranked = sorted(best.items(), key=lambda pair: -pair[1])
        score, margin = ranked[0][1], ranked[0][1] - ranked[1][1]
        enough, fair, apart = SURE["zh" if language == "zh" else "en"]
        return Guess(ranked[0][0], score, margin, score >= enough or (score >= fair and margin >= apart))

    def _wording(self, message: str) -> np.ndarray:
        """Return for each example the weighted share of terms in common (cosine of idf-weighted sets)."""
        own = frozenset(terms(message))
        weight = self._rarity
        norm = math.sqrt(sum(weight.get(term, self._default_rarity) ** 2 for term in own)) or 1.0
        scores = []
        for example in self._terms:
            shared = sum(weight[term] ** 2 for term in own & example)
            length = math.sqrt(sum(weight[term] ** 2 for term in example)) or 1.0
            scores.append(shared / (norm * length))
        return np.array(scores)
