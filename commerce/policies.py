"""The policy book: the shop's own documents, searched by section, quoted and never invented.

A section's score says how likely it answers the question. It is a logistic function of two numbers in [0, 1]:

- **meaning**: the cosine between question and the section's closest sentence (where the encoder knows the language);
- **coverage**: the share of the question's rare words and service concepts that the section speaks of.

Below ``THRESHOLD`` nothing is returned, so that the assistant can say that the documents do not say. The weights were
fitted on one half of ``tests/commerce/policy_questions.yaml``; the other half is only ever measured.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commerce.concepts import service_concepts
from commerce.sections import Section, read_sections
from core.entities import Language, Passage
from core.ports import Embedder, Vectors
from core.shop import Shop
from retrieval.vectors import VectorCache, embed_texts, read_cache, write_cache

logger = logging.getLogger(__name__)

THRESHOLD = 0.5
"""The score from which a section counts as an answer."""

PASSAGE_CHARACTERS = 480
"""About what a passage may be long; whole sentences are kept."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model of "this section answers"."""

    meaning: float
    coverage: float
    bias: float

    def score(self, meaning: float, coverage: float) -> float:
        """Return a probability."""
        return 1.0 / (1.0 + math.exp(-(self.meaning * meaning + self.coverage * coverage + self.bias)))


WITH_MEANING = Weights(meaning=8.0, coverage=3.0, bias=-5.5)
LEXICAL_ONLY = Weights(meaning=0.0, coverage=8.0, bias=-5.0)

# A full stop ends a sentence before a space and no lower-case letter; Chinese marks always do.
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[^a-z])|(?<=[。!?;])")
_LIST = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)]|\|)")


@dataclass(frozen=True, slots=True)
class _Sentence:
    section: int
    text: str
    terms: frozenset[str]


class PolicyBook:
    """The sections of a shop's policies. Immutable after opening, hence thread-safe."""

    def __init__(self, sections: Sequence[Section], embedder: Embedder | None, cache: Path | None = None) -> None:
        """Index sections.

        Args:
            sections: from :func:`commerce.sections.read_sections`.
            embedder: gives meaning to English questions; None leaves words alone to decide.
            cache: a file that keeps the sentences' vectors between starts.
        """
        self.sections = tuple(sections)
        self._embedder = embedder
        concepts = service_concepts()
        self._terms = [concepts.of_text(f"{each.document}\n{each.title}\n{each.text}") for each in self.sections]
        self._sentences = [
            _Sentence(place, text, frozenset(concepts.of_text(text)))
            for place, section in enumerate(self.sections)
            for text in _sentences(section.text)
        ]
        self._owners = np.array([sentence.section for sentence in self._sentences], dtype=np.intp)
        self._vectors = self._embed(cache) if embedder else None
        counts: dict[str, int] = {}
        for found in self._terms:
            for term in found:
                counts[term] = counts.get(term, 0) + 1
        self._counts = counts

    @classmethod
    def open(cls, shop: Shop, embedder: Embedder | None, data_dir: Path | None = None) -> PolicyBook:
        """Read a shop's policies; a shop without any has an empty book."""
        root = shop.root / shop.policies
        sections, problems = read_sections(root, shop.policies, shop.language) if root.is_dir() else ((), [])
        for problem in problems:
            logger.warning("%s", problem)
        cache = data_dir / f"policies-{shop.root.resolve().name}.npz" if data_dir else None
        return cls(sections, embedder, cache)

    def search(self, question: str, language: Language, k: int = 3) -> tuple[Passage, ...]:
        """Return up to ``k`` sections that answer a question, best first; none when the documents do not say.

        Args:
            question: in the customer's words.
            language: its language. Sections in it are searched; where the shop has none, those of all languages.
            k: how many.

        Returns:
            Passages with a score in [``THRESHOLD``, 1], trimmed to the most relevant sentences.
        """
        return tuple(
            Passage(section.ref, section.title, self._trimmed(place, question), round(score, 4))
            for score, place in self.ranked(question, language)[:k]
            if score >= THRESHOLD
            for section in (self.sections[place],)
        )

    def ranked(self, question: str, language: Language) -> list[tuple[float, int]]:
        """Return (score, place in ``sections``) of every section searched, best first: what ``search`` cuts."""
        return sorted(
            ((score, place) for place, (_, _, score) in self.features(question, language).items()),
            key=lambda each: (-each[0], each[1]),
        )

    def features(self, question: str, language: Language) -> dict[int, tuple[float, float, float]]:
        """Return meaning, coverage and score of each section searched, by its place."""
        places = [place for place, each in enumerate(self.sections) if each.language == language]
        places = places or list(range(len(self.sections)))
        needs = service_concepts().of_question(question)
        meanings = self._meanings(question) if language == "en" else None
        weights = LEXICAL_ONLY if meanings is None else WITH_MEANING
        found = {}
        for place in places:
            coverage = self._coverage(needs, self._terms[place])
            meaning = meanings[place] if meanings is not None else 0.0
            found[place] = (meaning, coverage, weights.score(meaning, coverage))
        return found

    def section(self, ref: str) -> Section | None:
        """Return a section by its ref (``policies/returns.md#window``)."""
        return next((section for section in self.sections if section.ref == ref), None)

    def _coverage(self, needs: Sequence[frozenset[str]], terms: Set[str]) -> float:
        total = sum(self._rarity(need) for need in needs)
        return self._weight(needs, terms) / total if total else 0.0

    def _weight(self, needs: Sequence[frozenset[str]], terms: Set[str]) -> float:
        return sum(self._rarity(need) for need in needs if need & terms)

    def _rarity(self, need: frozenset[str]) -> float:
        seen = max(self._counts.get(term, 0) for term in need)
        return math.log(1.0 + (len(self.sections) + 0.5) / (seen + 0.5))

    def _meanings(self, question: str) -> list[float] | None:
        """Return the cosine of each section's closest sentence."""
        if self._embedder is None or self._vectors is None:
            return None
        similarity = self._vectors @ self._embedder.embed([question])[0]
        closest = np.zeros(len(self.sections), dtype=np.float32)
        np.maximum.at(closest, self._owners, similarity)
        return [float(value) for value in closest]

    def _trimmed(self, place: int, question: str) -> str:
        """Return the section's text, or of a long one the sentences closest to the question, in their order."""
        section = self.sections[place]
        if len(section.text) <= PASSAGE_CHARACTERS:
            return section.text
        numbers = [number for number, sentence in enumerate(self._sentences) if sentence.section == place]
        alike = dict.fromkeys(numbers, 0.0)
        if self._embedder is not None and self._vectors is not None and section.language == "en":
            vector = self._embedder.embed([question])[0]
            alike = {number: float(self._vectors[number] @ vector) for number in numbers}
        open_needs = service_concepts().of_question(question)
        kept: set[int] = set()
        length = 0
        while len(kept) < len(numbers):
            # What answers a part of the question that no kept sentence answers comes first.
            best = max(
                (number for number in numbers if number not in kept),
                key=lambda number: self._weight(open_needs, self._sentences[number].terms) + alike[number],
            )
            length += len(self._sentences[best].text)
            if kept and length > PASSAGE_CHARACTERS:
                break
            kept.add(best)
            open_needs = [need for need in open_needs if not need & self._sentences[best].terms]
        return _joined([self._sentences[number].text for number in sorted(kept)])

    def _embed(self, cache: Path | None) -> Vectors:
        assert self._embedder is not None
        texts = [f"{self.sections[each.section].title}. {each.text}" for each in self._sentences]
        if not texts:
            return np.zeros((0, self._embedder.dimensions), dtype=np.float32)
        known: VectorCache | None = read_cache(cache, self._embedder) if cache else None
        vectors, hashes, fresh = embed_texts(texts, self._embedder, [known] if known else [])
        if cache and fresh:
            cache.parent.mkdir(parents=True, exist_ok=True)
            write_cache(cache, self._embedder.name, hashes, vectors)
        return vectors


def _sentences(text: str) -> list[str]:
    """Split a section: list entries and table rows stay whole, paragraphs fall into sentences."""
    found: list[str] = []
    paragraph: list[str] = []
    for line in (*text.splitlines(), ""):
        if line.strip() and not _LIST.match(line):
            paragraph.append(line.strip())
            continue
        found.extend(piece.strip() for piece in _SENTENCE.split(" ".join(paragraph)) if piece.strip())
        paragraph = []
        if line.strip():
            found.append(line.rstrip())
    return found


def _joined(sentences: Sequence[str]) -> str:
    """Put sentences together again: list entries each on a line of their own."""
    text = ""
    for sentence in sentences:
        listed = bool(_LIST.match(sentence))
        text += ("\n" if listed else " ") + sentence if text else sentence
    return text
