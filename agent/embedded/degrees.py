"""Vague words and degrees: "light", "cheaper", "the longest battery life", "续航长一点"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from agent.embedded.elements import COMMAS, Element
from agent.embedded.lexicon import Kind
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary, as_value
from core.entities import Constraint, FacetType, Op, Strength

VAGUE_SHARE = 0.35
"""A vague word ("cheap", "light") means the lowest or highest 35 % of the category."""


_ENDS = ("high", "higher", "highest", "low", "lower", "lowest")
_ANSWER = 6
"""Tokens of a message that may be a mere answer."""
_REACH = 3
"""Elements between an adjective and its facet: "容量要再小一些"."""


class Step(StrEnum):
    """How strong a degree is: "light", "lighter", "lightest"."""

    PLAIN = "plain"
    MORE = "more"
    MOST = "most"


@dataclass(frozen=True, slots=True)
class Degree:
    """One end of a numeric facet, as a word asks for it."""

    field: str
    step: Step
    higher: bool


_KINDS = {
    Kind.LOW: (Step.PLAIN, False), Kind.HIGH: (Step.PLAIN, True), Kind.LOWER: (Step.MORE, False),
    Kind.HIGHER: (Step.MORE, True), Kind.LOWEST: (Step.MOST, False), Kind.HIGHEST: (Step.MOST, True),
}  # fmt: skip
_ROLES: dict[str, tuple[Step, str | None]] = {
    "good": (Step.PLAIN, None), "better": (Step.MORE, None), "best": (Step.MOST, None),
    "high": (Step.PLAIN, "higher"), "higher": (Step.MORE, "higher"), "highest": (Step.MOST, "higher"),
    "low": (Step.PLAIN, "lower"), "lower": (Step.MORE, "lower"), "lowest": (Step.MOST, "lower"),
    "more": (Step.MORE, "higher"), "less": (Step.MORE, "lower"), "most": (Step.MOST, "higher"),
    "least": (Step.MOST, "lower"),
}  # fmt: skip
"""General adjectives, which need a facet beside them; "good" means the end that people want."""


def degree_of(
    at: int, reading: Reading, vocabulary: Vocabulary, category: str | None, asked: str | None = None
) -> Degree | None:
    """Return the degree that the element at a place expresses, or None; a negation turns a plain one round.

    ``asked`` is the field of the open question: "the big one" answers it.
    """
    element = reading.elements[at]
    if element.span is None:
        return None
    degree = _with_facet(at, reading, vocabulary) or _own(element, vocabulary, category)
    degree = degree or _answering(at, reading, vocabulary, asked)
    if degree is not None and element.negated and degree.step is Step.PLAIN:
        return Degree(degree.field, degree.step, not degree.higher)
    return degree


def vague_wish(degree: Degree, text: str, vocabulary: Vocabulary, category: str | None) -> Constraint | None:
    """Return the wish that a plain degree stands for, by the category's own distribution; None without numbers."""
    numbers = vocabulary.numbers_of(degree.field, category)
    if not len(numbers):
        return None
    bound = float(np.quantile(numbers, 1 - VAGUE_SHARE if degree.higher else VAGUE_SHARE))
    facet = vocabulary.catalogue.facets[degree.field]
    op = Op.GE if degree.higher else Op.LE
    value = as_value(facet, round(bound, 3))
    return Constraint("", degree.field, op, value, facet.unit, Strength.WISH, text=text)


def _own(element: Element, vocabulary: Vocabulary, category: str | None) -> Degree | None:
    """Read a word of the shop ("quiet"); of several facets the one that the category states."""
    entries = [entry for entry in element.span.entries if entry.kind in _KINDS] if element.span else []
    if not entries:
        return None
    catalogue = vocabulary.catalogue
    fields = set(catalogue.category_facets(category)) if category else set(catalogue.facets)
    fields |= {"price", "rating", "created_at"}
    entry = min(entries, key=lambda each: each.field not in fields)
    step, higher = _KINDS[entry.kind]
    return Degree(entry.field, step, higher)


def _with_facet(at: int, reading: Reading, vocabulary: Vocabulary) -> Degree | None:
    role = next((name for name in _ROLES if reading.elements[at].role(name)), None)
    if role in ("more", "less", "most", "least") and _is_degree(reading.elements[at + 1 : at + 2]):
        return None  # 再 in 再小一点 only strengthens
    facet = _adjacent_facet(at, reading, vocabulary) if role else None
    if role is None or facet is None:
        return None
    step, end = _ROLES[role]
    return Degree(facet, step, (end or vocabulary.better(facet) or "higher") == "higher")


def _answering(at: int, reading: Reading, vocabulary: Vocabulary, asked: str | None) -> Degree | None:
    """Read a general adjective that answers a question about a number: "the big one", "大的那个"."""
    facet = vocabulary.catalogue.facets.get(asked) if asked else None
    role = next((name for name in _ENDS if reading.elements[at].role(name)), None)
    if facet is None or facet.type is not FacetType.NUMBER or role is None or len(reading.tokens) > _ANSWER:
        return None
    step, end = _ROLES[role]
    return Degree(facet.name, step, end == "higher")


def _is_degree(elements: Sequence[Element]) -> bool:
    return any(each.span and (each.span.of(*_KINDS) or each.role(*_ROLES)) for each in elements)


def over_budget(reading: Reading) -> Element | None:
    """Return the word of "over my budget", "more than I can spend": what is shown costs too much."""
    for at, element in enumerate(reading.elements):
        if not element.role("more_than", "more") or element.past:
            continue
        following = [each for each in reading.elements[at + 1 : at + 7] if each.clause == element.clause]
        amounts = any(each.number for each in following)
        if not amounts and any(each.role("money_limit") for each in following):
            return element
    return None


def _adjacent_facet(at: int, reading: Reading, vocabulary: Vocabulary) -> str | None:
    """Return the numeric facet that an adjective goes with: "long battery life", "续航长"."""
    elements = reading.elements
    for step in (1, -1):
        index = at + step
        while (
            0 <= index < len(elements) and abs(index - at) <= _REACH and elements[index].clause == elements[at].clause
        ):
            span = elements[index].span
            entry = span.of(Kind.FACET) if span else None
            facet = vocabulary.catalogue.facets.get(entry.field) if entry else None
            if facet is not None and facet.type in (FacetType.NUMBER, FacetType.DATE):
                return facet.name
            if elements[index].is_shop() or elements[index].text in COMMAS:
                break
            index += step
    return None
