"""Praise and complaints by aspect: what the reviews of an item say of its battery, its weight, its app.

Aspects are the shop's facets (their names, synonyms and vague words, in every language) and what its reviews are often
about besides. Whether a sentence praises is learned from the shop's own stars: words that stand in the sentences of the
best reviews against words of the worse ones, beside a few general words (``opinions.yaml``). Made when the index is
built; a turn only counts.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from core.entities import Facet, FacetType
from core.ports import Progress
from retrieval.catalogue import Catalogue
from retrieval.mapping import mapped
from retrieval.records import Review
from retrieval.tokens import stem, words

PRAISED_FROM, WORSE_TO = 4.5, 3.5
"""Stars from which a review tells what praise sounds like, and to which it tells of complaints."""
GENERAL = 4.0
"""So often a general word of praise or complaint counts as seen."""
SURE = 0.25
"""From this mean of log odds on a sentence praises or complains."""
STARS, MIDDLING = 0.3, 4.0
"""What each star of its review above the middling adds: in praise of five stars a complaint must be plain."""
FREQUENT, SHARE = 5, 0.001
"""A word is an aspect when so many sentences, and such a share of them, speak of it."""
NOUN = 0.3
"""A word that stands behind an article this often names a thing."""
TOLD = 2000
"""Reviews between two words of progress."""
_SENTENCE = re.compile(r"[^.!?。！？;；\n]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_LEFT_OUT = frozenset({"category", "brand", "title", "rating", "rating_count", "stock", "created_at", "currency"})


@lru_cache(maxsize=1)
def _general() -> Mapping[str, Mapping[str, list[str]]]:
    found: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return found


@lru_cache(maxsize=1)
def _turns() -> re.Pattern[str]:
    general = _general()
    contrary = [*(rf"\b{word}\b" for word in general["en"]["contrast"]), *general["zh"]["contrast"]]
    return re.compile(rf"[,，]\s*(?={'|'.join(contrary)})", re.IGNORECASE)


def clauses(text: str) -> list[tuple[int, int]]:
    """Return where a text's sentences begin and end, cut where one turns to the contrary ("…, but …")."""
    found = []
    for match in _SENTENCE.finditer(text):
        begin = match.start()
        for turn in _turns().finditer(match.group()):
            found.append((begin, match.start() + turn.start()))
            begin = match.start() + turn.end()
        found.append((begin, match.end()))
    return [(begin, end) for begin, end in found if text[begin:end].strip()]


def features(sentence: str) -> list[str]:
    """Return what tells praise from complaint: stems, pairs of them, pairs and triples of Chinese characters."""
    found: list[str] = []
    for word in words(sentence):
        if _CJK.match(word):
            found += [word[at : at + n] for n in (1, 2, 3) for at in range(len(word) - n + 1)]
        else:
            found.append(stem(word))
    plain = [one for one in found if not _CJK.match(one)]
    return [*found, *(f"{a} {b}" for a, b in pairwise(plain))]


@dataclass(frozen=True)
class Polarity:
    """Log odds of praise, by feature."""

    odds: Mapping[str, float]

    @classmethod
    def learned(cls, reviews: Iterable[Review]) -> Polarity:
        """Learn from a shop's stars; with few of them, the general words decide."""
        best: Counter[str] = Counter()
        worse: Counter[str] = Counter()
        for language in _general().values():
            for name, counts in (("praise", best), ("complaint", worse)):
                for word in language[name]:
                    counts[stem(word)] += int(GENERAL)
        for review in reviews:
            if review.rating is None or WORSE_TO < review.rating < PRAISED_FROM:
                continue
            counts = best if review.rating >= PRAISED_FROM else worse
            for begin, end in clauses(review.text):
                counts.update(set(features(review.text[begin:end])))
        many, few = sum(best.values()), sum(worse.values())
        return cls({
            word: math.log((best[word] + 0.5) / (many + 1.0)) - math.log((worse[word] + 0.5) / (few + 1.0))
            for word in {*best, *worse}
        })  # fmt: skip

    def of(self, sentence: str, rating: float | None) -> float:
        """Return how surely a sentence praises; below 0 it complains, and 0 stands for what does not tell enough."""
        known = [self.odds[one] for one in features(sentence) if one in self.odds]
        mean = sum(known) / len(known) if known else 0.0
        mean += STARS * (rating - MIDDLING) if rating is not None else 0.0
        return mean if abs(mean) >= SURE else 0.0


class Aspects:
    """What sentences may speak of: the facets' words, and what reviews often name."""

    def __init__(self, facets: Mapping[str, Facet], sentences: Iterable[str], kinds: Iterable[str] = ()) -> None:
        """Learn the words.

        Args:
            facets: the shop's.
            sentences: those of its reviews.
            kinds: names of categories: that a review of a laptop speaks of a laptop is no news, nor is "the black one".
        """
        self._words: dict[str, dict[tuple[str, ...], str]] = {}
        """By the first word."""
        self._chinese: dict[str, str] = {}
        for name, facet in facets.items():
            if name not in _LEFT_OUT and facet.type is not FacetType.TEXT:
                for word in _said_of(facet):
                    self._add(word, name)
        values = [name for facet in facets.values() for value, each in facet.value_labels.items()
                  for name in (value, *each.values())]  # fmt: skip
        self._free(list(sentences), {stem(word) for name in (*kinds, *values) for word in words(name)})

    def of(self, sentence: str) -> list[str]:
        """Return the aspects of a sentence, each once: names of facets, and ``=word`` of what is no facet."""
        said = words(sentence)
        plain = [stem(word) for word in said if not _CJK.match(word)]
        found = [
            name
            for at, word in enumerate(plain)
            for key, name in self._words.get(word, {}).items()
            if tuple(plain[at : at + len(key)]) == key
        ]
        chinese = "".join(word for word in said if _CJK.match(word))
        found += [name for word, name in self._chinese.items() if word in chinese]
        return list(dict.fromkeys(found))

    def _add(self, word: str, name: str) -> None:
        said = words(word)
        if not said:
            return
        if _CJK.search(word):
            self._chinese.setdefault("".join(said), name)
        else:
            key = tuple(stem(one) for one in said)
            self._words.setdefault(key[0], {}).setdefault(key, name)

    def _free(self, sentences: Sequence[str], obvious: set[str]) -> None:
        """Learn the things that many sentences are about and no facet names: "the app is …", "防抖很…"."""
        general = _general()
        seen: Counter[tuple[str, ...]] = Counter()
        about: Counter[tuple[str, ...]] = Counter()
        named: dict[str, Counter[str]] = {}
        for sentence in sentences:
            said = words(sentence)
            if (match := _topic().match(sentence.strip())) is not None:
                named.setdefault(match.group(1), Counter())[match.group(2)] += 1
            elif said and said[0] in general["en"]["contrast"]:
                said = said[1:]
            seen.update({tuple(said[at : at + n]) for n in (1, 2) for at in range(len(said) - n + 1)})
            for n in (1, 2):
                if len(said) > n + 1 and said[0] in general["en"]["articles"] and said[n + 1] in general["en"]["is"]:
                    about[tuple(said[1 : n + 1])] += 1
        least = max(FREQUENT, SHARE * len(sentences))
        covered = {part for group in self._words.values() for key in group for part in key} | obvious
        for key, count in about.items():
            if count >= least and count >= NOUN * seen[key] and not {stem(word) for word in key} & covered:
                self._add(" ".join(key), f"={' '.join(key)}")
        judging = [*general["zh"]["praise"], *general["zh"]["complaint"], *general["zh"]["contrast"]]
        for word, after in named.items():
            known = any(own in word or word in own for own in (*self._chinese, *judging))
            if after.total() >= least and len(after) > 1 and not known:
                self._add(word, f"={word}")


@lru_cache(maxsize=1)
def _topic() -> re.Pattern[str]:
    """Return what finds the thing that a Chinese sentence is about, and the word of degree behind it."""
    general = _general()["zh"]
    contrast, degrees = "|".join(general["contrast"]), "|".join(sorted(general["degrees"], key=len, reverse=True))
    return re.compile(rf"^(?:{contrast})?([\u3400-\u9fff]{{2,4}}?)({degrees})")


def _said_of(facet: Facet) -> list[str]:
    """Return the words by which reviews speak of a facet."""
    found = [*facet.labels.values(), facet.name.replace("_", " ")]
    for group in (facet.synonyms, facet.low_words, facet.high_words):
        found += [word for each in group.values() for word in each]
    return found


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one sentence of a review says of an aspect."""

    aspect: str
    """A facet, ``=word`` for what is none, or empty: of the item as a whole."""
    praises: bool
    review: int
    """The place of the review among the item's."""
    begin: int
    end: int
    strength: float = 1.0
    """How plainly it praises or complains."""


@dataclass(frozen=True)
class OpinionStore:
    """All opinions, sorted by item row."""

    names: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    """Shape (items + 1,): where each item's opinions begin."""
    found: npt.NDArray[np.int32]
    """Shape (opinions + 1, 5): aspect, hundredths of log odds of praise, review among the item's, begin, end."""

    @classmethod
    def of(
        cls, reviews: Sequence[Review], rows: Sequence[int], catalogue: Catalogue, progress: Progress | None = None
    ) -> OpinionStore:
        """Read all reviews.

        Args:
            reviews: the shop's.
            rows: the row of each one's item.
            catalogue: for its facets and categories.
            progress: told how far it is.
        """
        parted = [[review.text[begin:end] for begin, end in clauses(review.text)] for review in reviews]
        kinds = {node for path in catalogue.tree.paths for node in path}
        aspects = Aspects(catalogue.facets, (one for each in parted for one in each), kinds)
        polarity = Polarity.learned(reviews)
        codes: dict[str, int] = {"": 0}
        order = np.argsort(np.array(rows, dtype=np.int64), kind="stable").tolist()
        found: list[tuple[int, ...]] = []
        counts = np.zeros(len(catalogue), dtype=np.int64)
        place: Counter[int] = Counter()
        stated = _stated(catalogue)
        for done, at in enumerate(order):
            if progress and done % TOLD == 0:
                progress("reading reviews", done, len(order))
            row, review = rows[at], reviews[at]
            for (begin, end), sentence in zip(clauses(review.text), parted[at], strict=True):
                side = polarity.of(sentence, review.rating)
                spoken = [name for name in aspects.of(sentence) if name[0] == "=" or name in stated(row)]
                for name in spoken or ("",) if side else ():
                    found.append((codes.setdefault(name, len(codes)), round(100 * side), place[row], begin, end))
                    counts[row] += 1
            place[row] += 1
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        # One row more than there are opinions: an empty array cannot be memory-mapped.
        return cls(tuple(codes), starts, np.array([*found, (0, 0, 0, 0, 0)], dtype=np.int32))

    def save(self, folder: Path) -> None:
        """Write under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "starts.npy", self.starts, allow_pickle=False)
        np.save(folder / "found.npy", self.found, allow_pickle=False)
        (folder / "aspects.json").write_text(json.dumps(self.names, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> OpinionStore | None:
        """Memory-map what ``save`` wrote; None where an earlier version built the index."""
        path = folder / "aspects.json"
        if not path.is_file():
            return None
        names = tuple(json.loads(path.read_text(encoding="utf-8")))
        return cls(names, mapped(folder / "starts.npy"), mapped(folder / "found.npy"))

    def of_item(self, row: int) -> list[Opinion]:
        """Return what the reviews of an item say, in their order."""
        part: Any = self.found[int(self.starts[row]) : int(self.starts[row + 1])].tolist()
        return [
            Opinion(self.names[aspect], side > 0, review, begin, end, abs(side) / 100.0)
            for aspect, side, review, begin, end in part
        ]


def _stated(catalogue: Catalogue) -> Callable[[int], Collection[str]]:
    """Return what tells which facets things of an item's kind have: "quick" is no read speed of a kettle."""

    @lru_cache(maxsize=4096)
    def of_kind(kind: str) -> frozenset[str]:
        return frozenset({"price", *catalogue.category_facets(kind)})

    def of(row: int) -> Collection[str]:
        path = catalogue.item_at(row).category
        return of_kind(path[-1]) if path else catalogue.facets

    return of


@dataclass(frozen=True, slots=True)
class Tally:
    """How many reviewers praise an aspect of an item, and how many complain of it."""

    aspect: str
    praise: tuple[Opinion, ...]
    """One of each reviewer."""
    complaints: tuple[Opinion, ...]


def tallied(opinions: Iterable[Opinion]) -> list[Tally]:
    """Return the opinions by aspect, those that most reviewers speak of first; each reviewer counts once a side."""
    sides: dict[str, tuple[dict[int, Opinion], dict[int, Opinion]]] = {}
    for one in opinions:
        sides.setdefault(one.aspect, ({}, {}))[0 if one.praises else 1].setdefault(one.review, one)
    found = [Tally(name, tuple(good.values()), tuple(bad.values())) for name, (good, bad) in sides.items()]
    return sorted(found, key=lambda tally: -len({o.review for o in (*tally.praise, *tally.complaints)}))
