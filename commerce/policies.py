"""The policy book: the shop's own documents, searched by section, quoted and never invented.

A section's score says how likely it answers the question. It is a logistic function of three numbers in [0, 1]:

- **meaning**: the cosine between question and the section's closest sentence (where the encoder knows the language);
- **coverage**: the share of the question's rare words and service concepts that the section speaks of;
- **focus**: the same share, of its heading and of its best sentence.

Below ``THRESHOLD`` nothing is returned, so that the assistant can say that the documents do not say. The weights were
fitted with the default encoder on one half of ``tests/commerce/policy_questions.yaml``; the other half is only ever
measured.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commerce.concepts import is_pair, service_concepts
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
class Features:
    """What speaks for a section as the answer to a question; each in [0, 1]."""

    meaning: float
    coverage: float
    focus: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model of "this section answers"."""

    meaning: float
    coverage: float
    focus: float
    bias: float

    def score(self, features: Features) -> float:
        """Return a probability."""
        evidence = (
            self.meaning * features.meaning
            + self.coverage * features.coverage
            + self.focus * features.focus
            + self.bias
        )
        return 1.0 / (1.0 + math.exp(-evidence))


WITH_MEANING = Weights(meaning=11.0, coverage=2.0, focus=2.5, bias=-7.4)
LEXICAL_ONLY = Weights(meaning=0.0, coverage=3.3, focus=5.3, bias=-4.8)

PAIR_SHARE = 0.5
"""What a pair of Chinese characters counts beside a word: about half of all pairs are none."""

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

    def __init__(
        self,
        sections: Sequence[Section],
        embedder: Embedder | None,
        cache: Path | None = None,
        goods: Collection[str] = (),
    ) -> None:
        """Index sections.

        Args:
            sections: from :func:`commerce.sections.read_sections`.
            embedder: gives meaning to English questions; None leaves words alone to decide.
            cache: a file that keeps the sentences' vectors between starts.
            goods: terms for what the shop sells; policies rarely name it, so it counts only where they do.
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
        self._headings = [concepts.of_text(each.title) for each in self.sections]
        self._of_section = [
            [sentence for sentence in self._sentences if sentence.section == place]
            for place in range(len(self.sections))
        ]
        self._goods = frozenset(goods)
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
        return cls(sections, embedder, cache, _goods(shop))

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
        weights = WITH_MEANING if self._knows(language) else LEXICAL_ONLY
        found = self.features(question, language)
        return sorted(
            ((weights.score(each), place) for place, each in found.items()), key=lambda each: (-each[0], each[1])
        )

    def features(self, question: str, language: Language) -> dict[int, Features]:
        """Return what speaks for each section searched, by its place."""
        places = [place for place, each in enumerate(self.sections) if each.language == language]
        places = places or list(range(len(self.sections)))
        needs = [need for need in service_concepts().of_question(question) if not self._is_goods(need)]
        meanings = self._meanings(question) if self._knows(language) else np.zeros(len(self.sections), np.float32)
        return {
            place: Features(
                float(meanings[place]), self._coverage(needs, self._terms[place]), self._focus(needs, place)
            )
            for place in places
        }

    def section(self, ref: str, language: Language | None = None) -> Section | None:
        """Return a section by its ref (``policies/returns.md#window``).

        Args:
            ref: the section's.
            language: take the same section of the document in this language (``returns.zh.md``) where the shop has it:
                the one in the same place of a document that has as many sections.
        """
        found = next((section for section in self.sections if section.ref == ref), None)
        if found is None or language is None or found.language == language:
            return found
        path = ref.partition("#")[0]
        own = [section for section in self.sections if section.ref.partition("#")[0] == path]
        stem = path.removesuffix(".md").removesuffix(f".{found.language}")
        paths = (f"{stem}.{language}.md", f"{stem}.md")
        for other in paths:
            same = [s for s in self.sections if s.ref.partition("#")[0] == other and s.language == language]
            if len(same) == len(own):
                return same[own.index(found)]
        return found

    def _coverage(self, needs: Sequence[frozenset[str]], terms: Set[str]) -> float:
        total = sum(self._rarity(need) for need in needs)
        return self._weight(needs, terms) / total if total else 0.0

    def _weight(self, needs: Sequence[frozenset[str]], terms: Set[str]) -> float:
        return sum(self._rarity(need) for need in needs if need & terms)

    def _rarity(self, need: frozenset[str]) -> float:
        seen = max(self._counts.get(term, 0) for term in need)
        rarity = math.log(1.0 + (len(self.sections) + 0.5) / (seen + 0.5))
        return rarity * PAIR_SHARE if all(is_pair(term) for term in need) else rarity

    def _focus(self, needs: Sequence[frozenset[str]], place: int) -> float:
        """Return how much of the question the section's heading and its best sentence speak of, half for each."""
        heading = self._coverage(needs, self._headings[place])
        best = max((self._coverage(needs, each.terms) for each in self._of_section[place]), default=0.0)
        return (heading + best) / 2

    def _is_goods(self, need: frozenset[str]) -> bool:
        """Return whether a need only names what the shop sells and the documents never do: any item will do."""
        return need <= self._goods and not any(term in self._counts for term in need)

    def _knows(self, language: Language) -> bool:
        return language == "en" and self._embedder is not None

    def _meanings(self, question: str) -> Vectors:
        """Return the cosine of each section's closest sentence."""
        closest = np.zeros(len(self.sections), dtype=np.float32)
        if self._embedder is not None and self._vectors is not None:
            np.maximum.at(closest, self._owners, self._vectors @ self._embedder.embed([question])[0])
        return closest

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


def _goods(shop: Shop) -> set[str]:
    """Return the terms of the shop's category names, in all languages."""
    names: list[str] = []
    for name, category in shop.categories.items():
        names += [name, *category.label.values(), *(word for words in category.synonyms.values() for word in words)]
    return {term for name in names for need in service_concepts().of_question(name) for term in need}


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
