"""What may be said in a turn: the evidence as facts, by item and for the turn as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from agent.embedded.lexicon import Lexicon
from agent.embedded.reasons import annotate, relation_label
from agent.embedded.text import normalise, tokenize
from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_values import Values, spoken
from agent.llm.grounding.statement import MONEY, parts_of
from agent.ports import Decision, TurnContext
from core.conversation import Wants
from core.entities import FacetType, Item, Recommendation
from tools.results import (
    CartShown,
    Compared,
    Detailed,
    Evidence,
    Explained,
    OrderFound,
    OrdersListed,
    PassagesFound,
    ProfileShown,
    Recommended,
    RefundFound,
    SetFound,
)

_WORD = re.compile(r"[\w'’&.-]+", re.ASCII)
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
MOST_ITEMS = 20
AGAINST = "~against"
"""Stands for the facet of an amount that a price is compared with: the usual one, what is saved."""


@dataclass(frozen=True, slots=True)
class NumberFact:
    """A number that is stated somewhere."""

    value: float
    unit: str | None = None
    """A unit's symbol, ``money``, ``%`` or None."""
    field: str = ""
    """The facet that states it; empty for a number in a text."""


@dataclass(frozen=True)
class ItemFacts:
    """What the catalogue and the ranker say of an item."""

    item: Item
    names: tuple[str, ...]
    """How it may be called, the longest first."""
    numbers: tuple[NumberFact, ...]
    words: frozenset[str]
    """The stems of all its texts."""
    text: str
    """All its texts, folded."""
    flags: frozenset[str] = frozenset()
    """The shop's yes-or-no facets."""
    best: frozenset[str] = frozenset()
    """Facets on which the ranker found it ahead of what fits."""


@dataclass
class Facts:
    """Everything that a turn knows."""

    items: list[ItemFacts] = field(default_factory=list)
    shown: tuple[int, ...] = ()
    """Places of the items that this turn shows, in order."""
    numbers: list[NumberFact] = field(default_factory=list)
    """Of the turn: matches, counts, bounds that were asked for, amounts of orders."""
    texts: list[str] = field(default_factory=list)
    """Texts that may be quoted: passages, reviews, the user's words, the question's options."""
    passages: list[str] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    """Exact strings of orders: numbers, carriers, dates in words."""
    orders: list[Mapping[str, Any]] = field(default_factory=list)
    wants: Wants = field(default_factory=Wants)
    words: frozenset[str] = frozenset()
    """Stems of everything above."""
    urls: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    """The shop's yes-or-no facets."""

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Every text that may be quoted, folded."""
        told = (*self.texts, *self.passages, *self.strings)
        return (*map(normalise, told), *(one.text for one in self.items))

    @cached_property
    def spelled(self) -> frozenset[str]:
        """Every Latin word of every text, as it is written there."""
        return frozenset(word.rstrip(".") for text in self.sources for word in _WORD.findall(text))

    @cached_property
    def asked(self) -> frozenset[str]:
        """The stems of what the user said and the rules say."""
        return frozenset(stems_of(" ".join((*self.texts, *self.passages))))

    def names(self) -> list[tuple[str, int]]:
        """Return the names of items with their places, the longest first; short names of two items are neither's."""
        owners: dict[str, set[int]] = {}
        for place, facts in enumerate(self.items):
            for name in facts.names:
                owners.setdefault(name, set()).add(place)
        found = [(name, min(places)) for name, places in owners.items() if len(places) == 1 or len(name) > 3]
        return sorted(found, key=lambda entry: -len(entry[0]))


def facts_of(
    context: TurnContext, decision: Decision, evidence: Sequence[Evidence], lexicon: Lexicon
) -> Facts:  # fmt: skip
    """Return the facts of a turn."""
    maker = _Maker(context, lexicon)
    facts = Facts(wants=context.state.wants, flags=maker.flags)
    shown = list(_recommended(evidence))
    others = [item for item in (*_further(evidence), *context.on_screen) if item.id not in {r.item.id for r in shown}]
    facts.items = [maker.item(one.item, one) for one in shown[:MOST_ITEMS]]
    facts.shown = tuple(range(len(facts.items)))
    facts.items += [maker.item(item, None) for item in {item.id: item for item in others}.values()][:MOST_ITEMS]
    maker.wants(facts, context)
    for found in evidence:
        maker.evidence(facts, found)
    facts.urls = frozenset(url for one in facts.items if (url := one.item.url))
    said = " ".join((*facts.texts, *facts.passages, *facts.strings))
    facts.words = frozenset(stems_of(said)).union(*(one.words for one in facts.items))
    return facts


def stems_of(text: str) -> Iterator[str]:
    """Yield the stems of a text's words."""
    return (token.stem for token in tokenize(text) if token.kind != "sign")


def _recommended(evidence: Iterable[Evidence]) -> Iterator[Recommendation]:
    seen: set[str] = set()
    for found in evidence:
        match found:
            case Recommended():
                items = found.ranking.items
            case Explained() | Detailed() | Compared():
                items = found.items
            case _:
                items = ()
        for one in items:
            if one.item.id not in seen:
                seen.add(one.item.id)
                yield one


def _further(evidence: Iterable[Evidence]) -> Iterator[Item]:
    for found in evidence:
        match found:
            case Recommended():
                yield from found.anchors
            case Detailed():
                yield from (item for related in found.related.values() for _, item in related)
            case ProfileShown():
                yield from (*found.liked, *found.disliked, *found.bought, *found.viewed)
            case CartShown():
                yield from (item for item, _ in found.lines)
            case _:
                pass


class _Maker:
    """Turns evidence into facts in the answer's language."""

    def __init__(self, context: TurnContext, lexicon: Lexicon) -> None:
        self.context, self.lexicon = context, lexicon
        self.language = spoken(context.language, context.shop)
        self.values = Values(context.catalogue, self.language)
        facets = context.catalogue.facets.values()
        self.flags = frozenset(facet.name for facet in facets if facet.type is FacetType.BOOLEAN)

    def item(self, item: Item, one: Recommendation | None) -> ItemFacts:
        """Return an item's facts."""
        reasons = []
        if one is not None:
            reasons = [reason.text for reason in annotate(one, self.context.catalogue, self.language).reasons]
        titles = [item.title, *item.texts.get("title", {}).values(), self.values.short(item)]
        names = sorted({" ".join(title.split()) for title in titles if len(title) > 1}, key=len, reverse=True)
        texts = [*titles, item.description, *item.texts.get("description", {}).values(), *reasons]
        texts += [item.brand or "", self.values.value("brand", item.brand) if item.brand else ""]
        texts += [part for node in item.category for part in (node, self.values.value("category", node))]
        texts += list(self._facet_texts(item))
        whole = "\n".join(filter(None, texts))
        # A price in a description is none of ours; in a reason it is what the price is set against.
        told = [fact for fact in self.numbers_in([item.title, item.description]) if fact.unit != MONEY]
        told += [replace(fact, field=AGAINST) if fact.unit == MONEY else fact for fact in self.numbers_in(reasons)]
        numbers = [*self._facet_numbers(item), *told]
        ranked = one.reasons if one is not None else ()
        best = frozenset(str(reason.data.get("field")) for reason in ranked if reason.data.get("rank") == "best")
        words = frozenset(stems_of(whole))
        return ItemFacts(
            item, tuple(names), tuple(numbers), words, normalise(whole), self.flags, best
        )  # fmt: skip

    def _facet_texts(self, item: Item) -> Iterator[str]:
        for name, value in item.facets.items():
            facet = self.values.facet(name)
            if value is True:
                yield from (facet.name.replace("_", " "), *facet.labels.values())
            elif isinstance(value, str):
                yield from (value, self.values.show(name, value))
            elif isinstance(value, tuple):
                yield from (str(part) for part in value)
                yield self.values.show(name, value)

    def _facet_numbers(self, item: Item) -> Iterator[NumberFact]:
        if item.price is not None:
            yield NumberFact(item.price, MONEY, "price")
        for name in ("rating", "rating_count", "stock"):
            value = getattr(item, name)
            if value is not None:
                yield NumberFact(float(value), None, name)
        if isinstance(item.created_at, datetime):
            yield NumberFact(float(item.created_at.year), None, "created_at")
        for name, value in item.facets.items():
            if isinstance(value, bool):
                continue
            if isinstance(value, int | float):
                yield NumberFact(float(value), self.values.facet(name).unit, name)
            else:
                texts = value if isinstance(value, tuple) else (value,)
                yield from (NumberFact(f.value, f.unit, name) for f in self.numbers_in(map(str, texts)))

    def numbers_in(self, texts: Iterable[str]) -> Iterator[NumberFact]:
        """Yield the numbers of texts."""
        for text in texts:
            for part in parts_of(text, self.lexicon) if any(map(str.isdigit, text)) else ():
                if part.value is not None:
                    yield NumberFact(part.value, part.unit)

    def wants(self, facts: Facts, context: TurnContext) -> None:
        """Add what the user asked for and said."""
        facts.texts += [context.message, facts.wants.text, *(c.text for c in facts.wants.constraints)]
        facts.texts += [name for names in (context.shop.name,) for name in names.values()]
        for one in facts.wants.constraints:
            values = one.value if isinstance(one.value, tuple) else (one.value,)
            for value in values:
                if isinstance(value, int | float) and not isinstance(value, bool):
                    facts.numbers.append(
                        NumberFact(float(value), MONEY if one.field == "price" else one.unit, one.field)
                    )
            facts.texts += [self.values.show(one.field, value) for value in values]
            facts.texts.append(word_constraint(one, context.catalogue, self.language))
        facts.numbers += self.numbers_in([context.message])
        counts = {len(facts.shown), len(facts.items), *range(1, len(facts.shown) + 1)}
        facts.numbers += [NumberFact(float(count)) for count in counts]

    def evidence(self, facts: Facts, found: Evidence) -> None:
        """Add what one tool found."""
        match found:
            case Recommended():
                ranking = found.ranking
                counts = [ranking.matches, len(ranking.items), *(way.matches for way in ranking.relaxations)]
                facts.numbers += [NumberFact(float(count)) for count in counts]
                if found.bundle is not None:
                    self._set(facts, found.bundle)
                for question in ranking.questions:
                    told = [question.text, *(option.label for option in question.options)]
                    facts.texts += told
                    facts.numbers += self.numbers_in(told)
                    facts.numbers += [NumberFact(float(option.count)) for option in question.options]
            case PassagesFound():
                facts.passages += [f"{passage.title}\n{passage.text}" for passage in found.passages]
            case OrderFound():
                self._order(facts, found.order)
            case OrdersListed():
                for order in found.orders:
                    self._order(facts, order)
            case RefundFound():
                self._order(facts, found.order)
                facts.numbers += [NumberFact(float(amount), MONEY) for amount, _ in found.refunds]
                facts.numbers.append(NumberFact(float(found.days)))
                facts.strings += [method for _, method in found.refunds]
            case _:
                pass

    def _set(self, facts: Facts, made: SetFound) -> None:
        """Add a set's sum and what it is compared with; its relations may be quoted."""
        sums = [made.total, made.wanted.budget, made.before]
        known = [amount for amount in sums if amount is not None]
        apart = [abs(a - b) for a in known for b in known]
        facts.numbers += [NumberFact(round(amount, 2), MONEY) for amount in (*known, *apart)]
        facts.texts += [relation_label(self.values, tie.relation) for tie in made.ties]

    def _order(self, facts: Facts, order: Mapping[str, Any]) -> None:
        facts.orders.append(order)
        for value in _leaves(order):
            if isinstance(value, str):
                facts.strings.append(value)
                if _DATE.match(value):
                    facts.strings += self._days(value)
        lines = order.get("items") or ()
        facts.numbers += [NumberFact(float(line["price"]), MONEY) for line in lines if line.get("price") is not None]
        facts.numbers += [NumberFact(float(line.get("quantity") or 1)) for line in lines]
        facts.numbers.append(NumberFact(float(len(lines))))
        if order.get("total") is not None:
            facts.numbers.append(NumberFact(float(order["total"]), MONEY))

    def _days(self, value: str) -> list[str]:
        day = date.fromisoformat(value[:10])
        texts = [
            self.values.day(value),
            value[:10],
            f"{day:%B} {day.day}",
            f"{day.day} {day:%B}",
            f"{day:%b} {day.day}",
        ]
        return [*texts, f"{day.day} {day:%b}", f"{day.year}年{day.month}月{day.day}日", f"{day.month}月{day.day}日"]


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _leaves(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _leaves(entry)
    else:
        yield value
