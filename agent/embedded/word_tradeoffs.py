"""What sets the shown items apart from each other, by the facets where one end is better: honest trade-offs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agent.embedded.word_degrees import comparative, counted, superlative, unbracketed
from agent.embedded.word_values import Values, fact
from core.entities import FacetType, Item, Sort
from prompts.phrases import standard

_LEFT_OUT = frozenset({"rating", "rating_count", "stock", "created_at", "title", "brand", "category"})
_AHEAD = 0.05
"""By how much of the value the best must lead to be called so."""
_BEHIND = 0.12
"""From which distance to the best on a drawback is worth saying."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One item's standing among the shown ones in one facet."""

    field: str
    position: int
    against: int
    """For a drawback the best item's position, for an advantage the runner-up's."""
    share: float
    """The distance as a share of the larger value."""
    difference: float
    """The distance in the facet's unit."""
    value: float
    low: bool
    """Whether the low end is the better one here."""


def directions(values: Values) -> dict[str, str]:
    """Return the numeric facets with a better end: field -> ``higher`` or ``lower``."""
    found = {
        name: facet.better
        for name, facet in values.catalogue.facets.items()
        if facet.better and facet.type is FacetType.NUMBER and name not in _LEFT_OUT
    }
    return {"price": "lower", **found}


def edges(
    items: Sequence[Item], values: Values, asked: Collection[str], sorts: Sequence[Sort] = ()
) -> tuple[dict[int, Edge], dict[int, Edge]]:
    """Return each position's strongest advantage and drawback; what was asked about counts more."""
    ahead, behind = _standings(items, values, sorts)
    best: dict[int, Edge] = {}
    worst: dict[int, Edge] = {}
    for kept, found in ((best, ahead), (worst, behind)):
        for edge in sorted(found, key=lambda edge: -_worth(edge, asked)):
            kept.setdefault(edge.position, edge)
    return best, worst


def advantages(items: Sequence[Item], values: Values, asked: Collection[str]) -> dict[int, list[Edge]]:
    """Return every advantage of each position, the most telling first."""
    found: dict[int, list[Edge]] = {}
    for edge in sorted(_standings(items, values)[0], key=lambda edge: -_worth(edge, asked)):
        found.setdefault(edge.position, []).append(edge)
    return found


def _standings(items: Sequence[Item], values: Values, sorts: Sequence[Sort] = ()) -> tuple[list[Edge], list[Edge]]:
    ahead: list[Edge] = []
    behind: list[Edge] = []
    wished = {sort.field: "higher" if sort.descending else "lower" for sort in sorts if sort.field not in _LEFT_OUT}
    for field, better in {**directions(values), **wished}.items():
        numbers, low = _stated(items, field), better == "lower"
        if numbers is None:
            continue
        order = sorted(range(len(items)), key=lambda at: numbers[at], reverse=not low)
        lead = _edge(field, numbers, low, order[0], order[1])
        if lead.share >= _AHEAD:
            ahead.append(lead)
        distances = [_edge(field, numbers, low, position, order[0]) for position in order[1:]]
        behind += [edge for edge in distances if edge.share >= _BEHIND]
    return ahead, behind


def _stated(items: Sequence[Item], field: str) -> list[float] | None:
    facts = [fact(item, field) for item in items]
    numbers = [float(found) for found in facts if isinstance(found, (int, float)) and not isinstance(found, bool)]
    same_currency = field != "price" or len({item.currency for item in items}) == 1
    return numbers if len(numbers) == len(items) > 1 and same_currency else None


def _edge(field: str, numbers: Sequence[float], low: bool, position: int, against: int) -> Edge:
    here, there = numbers[position], numbers[against]
    difference = abs(here - there)
    return Edge(field, position, against, difference / max(abs(here), abs(there), 1e-9), difference, here, low)


def _worth(edge: Edge, asked: Collection[str]) -> float:
    return min(edge.share, 0.6) + (0.5 if edge.field in asked else 0.0) + (0.1 if edge.field == "price" else 0.0)


def word_advantage(edge: Edge, among: int, values: Values, seed: int) -> str:
    """Return "the lightest of the three (1.1 kg)"; of a price the amount is left out, as it stands beside it."""
    shown = "" if edge.field == "price" else values.show(edge.field, edge.value)
    best = superlative(values, edge.field, edge.low, among)
    return standard().say(
        "edge.best", values.language, seed, best=best.text, among=values.count(among), value=shown, pair=among == 2
    )


def word_drawback(edge: Edge, values: Values, seed: int, other: str | None = None) -> str:
    """Return "4 h less battery life than the first", "$120 more than the second"; ``other`` names the other item."""
    low = edge.low
    other = other or standard().say("edge.other", values.language, position=values.ordinal(edge.against))
    difference = round(edge.difference, 2)
    if edge.field == "price":
        currency = values.currency()
        return standard().say(
            "edge.price_more" if low else "edge.price_less",
            values.language, seed, difference=values.money(difference, currency, short=True), other=other,
        )  # fmt: skip
    shown, word = values.show(edge.field, difference), comparative(values, edge.field, low=not low)
    if word:
        return standard().say("edge.degree", values.language, seed, degree=word, difference=shown, other=other)
    kind = "" if values.facet(edge.field).unit else "_count" if counted(values, edge.field) else "_bare"
    key, label = f"edge.{'more' if low else 'less'}{kind}", unbracketed(values.label(edge.field))
    return standard().say(key, values.language, seed, label=label, difference=shown, other=other)
