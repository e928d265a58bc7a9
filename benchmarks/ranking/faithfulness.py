"""Are reasons from the item itself true of the score? Each one's evidence is deleted, and the request scored again.

Deleted is what the reason names and nothing else: the words or the meaning of the item's text, its ratings, takers,
date or price. A faithful reason's item then scores lower. What a reason's weight promises is compared with what the
score loses. Reasons from what the shopper did are measured in ``faithful``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ranking.serving import opened
from core.entities import Query, Reason, ReasonKind, Recommendation, UserId
from retrieval.opened import OpenIndex
from retrieval.pipeline import Recommender
from retrieval.signals import SELF

LEAST = 0.005
"""Weights below this are facts beside the score rather than shares of it."""
SEED = 29
REQUESTS = 60
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """One reason of one recommendation."""

    kind: ReasonKind
    weight: float
    lost: float
    """What the item's total (in [-1, 1]) lost without the evidence."""
    places: int
    """How many places it fell among all candidates."""


@dataclass(frozen=True)
class Faithfulness:
    """What a sample of recommendations showed."""

    shop: str
    requests: int
    facts: Mapping[str, int]
    """Kind -> reasons that carry no share of the score."""
    found: tuple[Finding, ...]


class _Instead:
    """Something of the index with one of its methods replaced."""

    def __init__(self, inner: Any, **methods: Callable[..., Any]) -> None:
        self.__dict__.update(methods)
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def without(system: Recommender, query: Query, found: Recommendation, reason: Reason, work: Path) -> Recommender | None:
    """Return a recommender to which a reason's evidence is not known; None where it cannot be taken away alone."""
    index = system.serving
    row = index.catalogue.row(found.item.id)
    changed = index
    match reason.kind:
        case ReasonKind.LEXICAL:
            changed = replace(index, lexical=_wordless(index, row))
        case ReasonKind.SEMANTIC if "item_id" not in reason.data:
            changed = replace(index, vectors=_meaningless(system, row, query.text))
        case ReasonKind.POPULARITY:
            changed = replace(index, popularity=_zeroed(index.popularity, row))
        case ReasonKind.QUALITY | ReasonKind.NEW | ReasonKind.PRICE:
            changed = _unstated(system, reason.kind, row)
        case _:
            return None
    changed.__dict__["background"] = index.background
    return Recommender(changed, system.embedder, work, lambda progress: None, system._clock)


def _meaningless(system: Recommender, row: int, text: str) -> Any:
    """Return the vectors with one item's turned until it is as near to the text as items usually are."""
    index, said = system.serving, system._text_vector(text)
    assert said is not None
    others = index.background[(index.background @ index.vectors[row]) < SELF]
    changed = np.array(index.vectors)
    changed[row] += (float((others @ said).mean()) - float(changed[row] @ said)) * said
    return changed


def _zeroed(values: Any, row: int, value: float = 0.0) -> Any:
    changed = np.array(values)
    changed[row] = value
    return changed


def _wordless(index: OpenIndex, row: int) -> Any:
    return _Instead(index.lexical, scores=lambda terms: _zeroed(index.lexical.scores(terms), row))


def _unstated(system: Recommender, kind: ReasonKind, row: int) -> OpenIndex:
    """Return the index with one of an item's own facts unknown."""
    index = system.serving
    now = system._clock()
    name, values, nothing = {
        ReasonKind.QUALITY: ("quality", index.quality, 0.0),
        ReasonKind.NEW: ("new", index.novelty(now), 0.0),
        ReasonKind.PRICE: ("price", index.relative_prices, np.nan),
    }[kind]
    state = index._derived[name][0]
    return replace(index, _derived={**index._derived, name: (state, _zeroed(values, row, nothing))})


def measure(name: str, system: Recommender, queries: Sequence[Query], work: Path) -> Faithfulness:
    """Delete the evidence of every reason of every item that the queries show."""
    facts: dict[str, int] = {}
    findings: list[Finding] = []
    for query in queries:
        for found in system.recommend(query).items:
            for reason in found.reasons:
                if reason.weight < LEAST:
                    facts[reason.kind] = facts.get(reason.kind, 0) + 1
                    continue
                other = without(system, query, found, reason, work)
                if other is None:
                    facts[reason.kind] = facts.get(reason.kind, 0) + 1
                    continue
                findings.append(_finding(system, other, query, found, reason))
    _log.info("%s: %d reasons", name, len(findings))
    return Faithfulness(name, len(queries), facts, tuple(findings))


def _finding(system: Recommender, other: Recommender, query: Query, found: Recommendation, reason: Reason) -> Finding:
    row = system.serving.catalogue.row(found.item.id)
    (before, place), (after, fallen) = _scored(system, query, row), _scored(other, query, row)
    return Finding(reason.kind, reason.weight, before - after, fallen - place)


def _scored(system: Recommender, query: Query, row: int) -> tuple[float, int]:
    """Return an item's total and its place among all candidates, before the choice for diversity."""
    gathered = system._gather(query)
    gathered.eligible[row] = True
    fused = system._score(gathered, also=np.array([row]))
    at = int(np.searchsorted(fused.rows, row))
    return float(fused.total[at]), int(np.flatnonzero(fused.order == at)[0])


def of_shop(shop: Path, work: Path, *, words: bool = False, name: str = "") -> Faithfulness:
    """Measure a shop, with the words of its example messages where it has some and they are wanted."""
    first = opened(shop, work / "data", lambda: 0.0)
    latest = first.serving.history.latest
    system = opened(shop, work / "data", lambda: latest)
    texts = first.catalogue.shop.examples.get("en", []) if words else []
    return measure(name or shop.name, system, requests(system, REQUESTS, texts), work / "overlay-evidence")


def requests(system: Recommender, count: int, texts: Sequence[str] = ()) -> list[Query]:
    """Return requests of shoppers of the shop's log, drawn at random, with and without words."""
    users = sorted(system.serving.history.users)
    drawn = np.random.default_rng(SEED).choice(len(users), min(count, len(users)), replace=False)
    said = ["", *texts]
    return [Query(text=said[number % len(said)], user_id=UserId(users[int(user)])) for number, user in enumerate(drawn)]


def rows_of(found: Faithfulness) -> list[list[str]]:
    """Return the table's rows: kind, how many, how many lower the score, the rank, and what the weight promises."""
    rows = []
    for kind in dict.fromkeys(sorted(one.kind for one in found.found)):
        those = [one for one in found.found if one.kind is kind]
        lower = sum(one.lost > 0 for one in those)
        fell = sum(one.places > 0 for one in those)
        ratio = np.median([one.lost / one.weight for one in those])
        rows.append([
            found.shop, kind.value, str(len(those)), f"{lower / len(those):.0%}", f"{fell / len(those):.0%}",
            f"{ratio:.2f}",
        ])  # fmt: skip
    return rows


HEAD = ("shop", "reason", "how many", "score falls", "rank falls", "lost / promised (median)")


def section(found: Sequence[Faithfulness], table: str) -> str:
    """Return the text of the quality page; ``table`` is its table in Markdown."""
    facts = "; ".join(
        f"{one.shop}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(one.facts.items())) for one in found
    )
    requests_said = " and ".join(f"{one.requests} requests to {one.shop}" for one in found)
    return (
        f"### Faithfulness of reasons: what the item itself says\n\nFrom {requests_said}, by shoppers of their logs "
        "drawn at random, every reason of the items shown that rests on the item itself and stands for a share of the "
        "score: its evidence alone is deleted (the item's words, its text's meaning, ratings, takers, date, price), "
        "and the same request is scored again. *Rank falls*: among all candidates; an item far ahead can lose score "
        "and keep its place. *Lost / promised*: the loss over the reason's weight.\n\n"
        f"{table}\nNot counted here (facts without a share of the score, wishes, and what the shopper did): "
        f"{facts}.\n"
    )
