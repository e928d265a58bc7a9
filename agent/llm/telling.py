"""What the tools found, as text for a model: short lines in the user's language, from the catalogue or the desk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.embedded.reasons import annotate, relation_label
from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_values import Values, fact, spoken
from agent.ports import Outcome, TurnContext
from core.entities import FacetType, Item, Recommendation
from prompts.templates import block, data
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
    ToolResult,
)

FACTS, ALL_FACTS = 8, 24
_PASSAGE = 900
_DESCRIPTION = 240
_BUILT_IN = ("brand", "category", "rating")


def told(outcome: Outcome, context: TurnContext) -> str:
    """Return a call's outcome as the model is told of it."""
    if outcome.result is None:
        return f"error: {outcome.error}"
    return result_text(outcome.result, context)


def result_text(result: ToolResult, context: TurnContext) -> str:
    """Return a result as text."""
    return "\n".join(_lines(result.evidence, context)) or block(result.text, _PASSAGE)


def results_text(evidence: Sequence[Evidence], context: TurnContext) -> str:
    """Return all that a turn found as text."""
    return "\n\n".join("\n".join(_lines(found, context)) for found in evidence).strip()


def _lines(found: Evidence, context: TurnContext) -> Iterator[str]:
    teller = _Teller(context)
    match found:
        case Recommended():
            yield from teller.recommended(found)
        case Explained() | Detailed():
            for at, one in enumerate(found.items, start=1):
                yield from teller.item(one, at, ALL_FACTS)
        case Compared():
            yield from teller.compared(found)
        case ProfileShown():
            yield from teller.profile(found)
        case CartShown():
            lines = ", ".join(f"{quantity} × {teller.named(item)}" for item, quantity in found.lines)
            yield f"cart: {lines or 'empty'}"
        case _:
            yield from _desk_lines(found)


def _desk_lines(found: Evidence) -> Iterator[str]:
    """Yield what the service desk found; where a customer lives and how they pay is no business of a model's."""
    match found:
        case PassagesFound():
            for passage in found.passages:
                yield f"[{passage.ref}] {data(passage.title)}: {block(passage.text, _PASSAGE)}"
            if not found.passages:
                yield "the shop's documents do not say"
        case OrderFound():
            yield _order(found.order)
        case OrdersListed():
            yield from (_order(order) for order in found.orders)
        case RefundFound():
            refunds = [{"amount": amount, "to": method} for amount, method in found.refunds]
            yield _plain({"order": found.order["order_id"], "refunds": refunds, "due": found.due, "days": found.days})
        case _:
            return


def _order(order: Mapping[str, Any]) -> str:
    kept = {name: order.get(name) for name in ("order_id", "status", "created_at", "items", "total", "currency")}
    shipping = order.get("shipping") or {}
    kept |= {name: shipping.get(name) for name in ("carrier", "tracking", "eta")} | {"history": order.get("history")}
    return _plain({name: value for name, value in kept.items() if value})


def _plain(value: object) -> str:
    return block(json.dumps(value, ensure_ascii=False, default=str), 2 * _PASSAGE)


class _Teller:
    """Words items for a model."""

    def __init__(self, context: TurnContext) -> None:
        self.context = context
        self.language = spoken(context.language, context.shop)
        self.values = Values(context.catalogue, self.language)

    def recommended(self, found: Recommended) -> Iterator[str]:
        ranking = found.ranking
        yield f"{ranking.matches} match, {len(ranking.items)} shown"
        for at, one in enumerate(ranking.items, start=1):
            yield from self.item(one, at, FACTS)
        if found.bundle is not None:
            yield from self.set(found.bundle)
        by_id = {one.id: one for one in found.wants.constraints}
        for way in ranking.relaxations[:3]:
            chips = [
                word_constraint(by_id[key], self.values.catalogue, self.language) for key in way.drop if key in by_id
            ]
            yield f"without {data(' + '.join(chips))}: {way.matches} match"
        for question in ranking.questions[:1]:
            labels = " / ".join(data(option.label, 60) for option in question.options)
            yield f"open question: {data(question.text)} ({labels})"
        if found.ignored:
            yield f"nothing in the catalogue answers to: {data(', '.join(found.ignored))}"

    def set(self, made: SetFound) -> Iterator[str]:
        """Yield what holds a set together: its sum, the budget, the relations between its items."""
        currency = self.values.currency()
        yield f"one set, bought together; all in all {self.values.money(made.total, currency)}"
        if made.wanted.budget is not None:
            yield f"budget for all: {self.values.money(made.wanted.budget, currency)}"
        for tie in made.ties[:5]:
            ends = [self.values.short(self.context.catalogue.item(key)) for key in (tie.subject, tie.object)]
            yield f"{data(ends[0])} {data(relation_label(self.values, tie.relation))} {data(ends[1])}"

    def item(self, one: Recommendation, at: int, most: int) -> Iterator[str]:
        one = annotate(one, self.context.catalogue, self.language)
        item = one.item
        yield f"{at}. {self.named(item)}"
        facts = list(self.facts(item, most))
        if facts:
            yield f"   facts: {data('; '.join(facts), 900)}"
        reasons = [reason.text for reason in one.reasons if reason.text][:5]
        if reasons:
            yield f"   why: {data('; '.join(reasons), 700)}"
        notes = [*self._stock(item), *one.disclosures]
        if one.unknown:
            notes.append("not stated: " + ", ".join(self.values.label(name) for name in one.unknown))
        if notes:
            yield f"   notes: {data('; '.join(notes))}"
        if most == ALL_FACTS and (text := item.text("description", self.language)):
            yield f"   description: {data(text, _DESCRIPTION)}"

    def named(self, item: Item) -> str:
        price = f" — {self.values.price(item)}" if item.price is not None else ""
        return f"[{item.id}] {data(self.values.title(item), 120)}{price}"

    def facts(self, item: Item, most: int) -> Iterator[str]:
        """Yield an item's facets in words, those that are asked for first."""
        asked = [one.field for one in self.context.state.wants.constraints]
        asked += [sort.field for sort in self.context.state.wants.sorts]
        names = list(dict.fromkeys([*asked, *_BUILT_IN, *item.facets]))
        said = 0
        for name in names:
            value = fact(item, name)
            if name in ("price", "title", "stock") or value is None or said >= most:
                continue
            facet = self.values.facet(name)
            if facet.type is FacetType.TEXT:
                continue
            said += 1
            if name == "category":
                yield self.values.phrase(name, item.category[-1] if item.category else None)
            elif not hasattr(value, "year"):
                yield self.values.phrase(name, value)

    def compared(self, found: Compared) -> Iterator[str]:
        for at, one in enumerate(found.items, start=1):
            yield f"{at}. {self.named(one.item)}"
        for row in found.facets:
            cells = [self.values.show(row.field, value) if value is not None else "not stated" for value in row.values]
            yield f"{self.values.label(row.field)}: {data(' | '.join(cells))}"

    def profile(self, found: ProfileShown) -> Iterator[str]:
        for name in ("liked", "disliked", "bought", "viewed"):
            items: tuple[Item, ...] = getattr(found, name)
            if items:
                yield f"{name}: {', '.join(self.named(item) for item in items[:5])}"
        for one in found.stated:
            yield f"said: {data(word_constraint(one, self.values.catalogue, self.language))}"
        if not found.known:
            yield "the shopper is not known"

    def _stock(self, item: Item) -> Iterator[str]:
        if item.stock is not None:
            yield "out of stock" if item.stock <= 0 else f"{item.stock} in stock"
