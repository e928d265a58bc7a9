"""Intents: by learned weights (English, with the encoder that they were learned with), else by the nearest examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from agent.embedded.intent_weights import load_weights
from agent.embedded.text import tokenize
from core.conversation import Intent
from core.entities import Language
from core.ports import Embedder, Vectors
from retrieval.tokens import terms

SURE = {"en": (0.6, 0.5, 0.1), "zh": (0.6, 0.34, 0.04)}
"""By language: the score that is acted upon; the score that is when the next intent is at least so far off."""
LEARNED_SURE = 0.8
"""The probability that is acted upon: from there on, nine in ten are right on validation (``docs/quality.md``)."""
SAID_SO = 0.85
"""The cosine from which on a message says the same as an example, whatever was learned."""
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

    def __init__(self, embedder: Embedder, *, learned: bool = True) -> None:
        """Embed the examples; ``learned=False`` leaves the weights out, to measure what they bring."""
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
        self._weights = load_weights(embedder.name) if learned else None

    @property
    def service_terms(self) -> frozenset[str]:
        """The terms that occur in examples of service intents only, not in shopping ones: a hint to look closer."""
        shopping = {Intent.RECOMMEND, Intent.SMALLTALK, Intent.OUT_OF_SCOPE}
        service = [t for t, i in zip(self._terms, self._intents, strict=True) if i not in shopping]
        other = [t for t, i in zip(self._terms, self._intents, strict=True) if i in shopping]
        return frozenset().union(*service) - frozenset().union(*other)

    def guess(self, message: str, language: Language) -> Guess:
        """Return the best guess; Chinese is compared by wording alone, since the encoder may not know it."""
        if language == "zh":
            return self._nearest(np.where(self._languages == "zh", self._wording(message), 0.0), "zh")
        vector = self._embedder.embed([message])[0]
        meaning = np.clip(self._vectors @ vector, 0, 1)
        same = np.where(self._languages == "en", meaning, 0.0)
        if self._weights is not None and same.max() < SAID_SO and self._is_said(message):
            return _ranked(self._weights.probabilities(vector), lambda score, margin: score >= LEARNED_SURE)
        wording = self._wording(message)
        return self._nearest(np.where(same > 0, np.maximum(meaning, 0.6 * meaning + 0.4 * wording), 0.0), "en")

    def _is_said(self, message: str) -> bool:
        """Tell whether most words are words: learned weights are sure of gibberish, too."""
        words = [token.text for token in tokenize(message) if token.kind == "word"]
        knows = getattr(self._embedder, "knows", lambda word: True)
        return bool(0 < len(words) < 2 * sum(map(knows, words)))

    def _nearest(self, scores: np.ndarray, language: Language) -> Guess:
        best: dict[Intent, float] = {}
        for intent in set(self._intents):
            own = np.sort(scores[[at for at, other in enumerate(self._intents) if other is intent]])[::-1]
            # The nearest example counts most; a second near one makes it surer.
            best[intent] = float(0.75 * own[0] + 0.25 * own[:_NEIGHBOURS].mean())
        enough, fair, apart = SURE[language]
        return _ranked(best, lambda score, margin: score >= enough or (score >= fair and margin >= apart))

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


def _ranked(scores: Mapping[Intent, float], sure: Callable[[float, float], bool]) -> Guess:
    (intent, score), (_, second) = sorted(scores.items(), key=lambda pair: -pair[1])[:2]
    return Guess(intent, score, score - second, sure(score, score - second))
