"""Resolved cases: past service dialogues of the shop, as hints for who answers; never facts, never policy.

``cases.jsonl`` in the shop folder; personal data is taken out as it is read, and only the result is kept in memory.
"""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commerce.personal import without_personal_data
from core.entities import Language
from core.errors import Problem
from core.ports import Embedder
from core.shop import Shop
from retrieval.tokens import terms

logger = logging.getLogger(__name__)

FILE = "cases.jsonl"
ENOUGH, ENOUGH_WORDS = 0.42, 0.25
"""From this score on, a case is like enough to be worth a look: by meaning and words, and by words alone."""
_SHOWN = 600
_LIMIT = 20_000

Procedure = Literal[
    "cancel", "return", "exchange", "change_items", "change_address", "change_payment", "refund", "order_status",
    "policy", "handoff", "other",
]  # fmt: skip


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["customer", "agent"]
    text: Annotated[str, Field(max_length=10_000)]


class _Row(BaseModel):
    """A line of ``cases.jsonl``; ``customer`` holds what is known to be personal, so that it is taken out for sure."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    language: Literal["en", "zh"] | None = None
    problem: Annotated[str, Field(max_length=10_000)] = ""
    messages: Annotated[list[_Line], Field(max_length=200)] = []
    resolution: Annotated[str, Field(min_length=1, max_length=10_000)]
    procedure: Procedure = "other"
    customer: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class ResolvedCase:
    """A request that was settled, without personal data."""

    id: str
    language: Language
    problem: str
    resolution: str
    procedure: str


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case like the one at hand; ``score`` is in [0, 1]."""

    case: ResolvedCase
    score: float

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON values, for who takes over."""
        case = self.case
        return {
            "id": case.id, "problem": case.problem[:_SHOWN], "resolution": case.resolution[:_SHOWN],
            "procedure": case.procedure, "score": round(self.score, 3),
        }  # fmt: skip


def read_cases(folder: Path) -> tuple[list[ResolvedCase], list[Problem]]:
    """Read ``cases.jsonl`` of a shop folder, which need not exist; a bad line is skipped and told."""
    path = folder / FILE
    if not path.is_file():
        return [], []
    found: dict[str, ResolvedCase] = {}
    problems: list[Problem] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [Problem(FILE, f"cannot be read: {error}")]
    for number, line in enumerate(lines[:_LIMIT], start=1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate(json.loads(line))
            if row.id in found:
                raise ValueError(f"{row.id!r} stands here a second time")
            found[row.id] = _case(row)
        except (ValidationError, ValueError) as error:
            problems.append(Problem(FILE, _said(error), row=number, fatal=False))
    return list(found.values()), problems


def check(folder: Path, shop: Shop) -> list[Problem]:
    """Return what is wrong with a shop folder's cases."""
    return read_cases(folder)[1]


class CaseBook:
    """Finds cases like a request, by words in common and by meaning. Immutable, thread-safe."""

    def __init__(self, cases: Sequence[ResolvedCase], embedder: Embedder | None) -> None:
        """Index cases; the embedder compares English ones by meaning."""
        self.cases = tuple(cases)
        self._embedder = embedder
        self._terms = [frozenset(terms(case.problem)) for case in self.cases]
        self._counts = Counter(term for found in self._terms for term in found)
        english = [case.problem for case in self.cases]
        self._vectors = embedder.embed(english) if embedder is not None and english else None

    @classmethod
    def open(cls, shop: Shop, embedder: Embedder | None) -> CaseBook:
        """Read a shop's cases; a shop without any has an empty book."""
        cases, problems = read_cases(shop.root)
        if problems:
            logger.warning("%d lines of %s are skipped; `check` lists them", len(problems), FILE)
        return cls(cases, embedder)

    def similar(self, request: str, language: Language, limit: int = 3) -> tuple[SimilarCase, ...]:
        """Return the cases most like a request in its language, best first; none when none is like it."""
        if not self.cases or not request.strip():
            return ()
        own = frozenset(terms(request))
        scores, enough = np.array([self._overlap(own, known) for known in self._terms]), ENOUGH_WORDS
        if language == "en" and self._embedder is not None and self._vectors is not None:
            meaning = np.clip(self._vectors @ self._embedder.embed([request])[0], 0.0, 1.0)
            scores, enough = np.maximum(0.7 * meaning + 0.3 * scores, scores), ENOUGH
        found = [
            SimilarCase(case, float(score))
            for case, score in zip(self.cases, scores, strict=True)
            if case.language == language and score >= enough
        ]
        return tuple(sorted(found, key=lambda one: -one.score)[:limit])

    def _overlap(self, own: frozenset[str], known: frozenset[str]) -> float:
        """Return the cosine of two sets of terms, the rare ones counting more."""
        weight = {term: math.log(1 + len(self.cases) / (1 + self._counts.get(term, 0))) + 0.1 for term in own | known}
        shared = sum(weight[term] ** 2 for term in own & known)
        length = math.sqrt(sum(weight[t] ** 2 for t in own) * sum(weight[t] ** 2 for t in known))
        return shared / length if length else 0.0


def _case(row: _Row) -> ResolvedCase:
    said = row.problem or " ".join(line.text for line in row.messages if line.role == "customer")
    if not said.strip():
        raise ValueError("has neither a problem nor a customer's message")
    language = row.language or ("zh" if any("一" <= char <= "鿿" for char in said) else "en")
    known = [value for value in row.customer.values() if value]
    known += [part for value in row.customer.values() for part in value.split() if len(part) > 2]
    return ResolvedCase(
        row.id, language, without_personal_data(said, known), without_personal_data(row.resolution, known),
        row.procedure,
    )  # fmt: skip


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
