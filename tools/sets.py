"""The tool for sets of items that go together under one budget."""

from __future__ import annotations

import math

from core.conversation import StateChange
from core.entities import Constraint, Query, Ranking
from core.errors import ToolRetry
from retrieval.validation import validate
from tools.arguments import RecommendSet
from tools.context import ToolContext
from tools.results import Recommended, ToolResult


def recommend_set(arguments: RecommendSet, context: ToolContext) -> ToolResult:
    """Recommend one item for each part of a set, going together and within one budget."""
    recommender, shop = context.services.recommender, context.services.shop
    parts = [
        Query(
            text=part.query,
            constraints=tuple(_validated(entry.constraint(context.state.turn), context) for entry in part.set),
            user_id=context.user_id,
            language=context.language,
            confirmed=context.state.confirmed,
        )
        for part in arguments.parts
    ]
    found = recommender.bundle(parts, arguments.budget)
    matches = len(found.items)
    evidence = Recommended(Ranking(found.items, matches), context.state.wants, currency=shop.currency)
    if not found.items:
        least = "" if math.isnan(found.total) else f"; the cheapest set of candidates costs {found.total:g}"
        return ToolResult(f"no set fits{least}", evidence)
    shown = tuple(entry.item.id for entry in found.items)
    lines = [f"a set for {found.total:g} {shop.currency or ''}:".replace(" :", ":")]
    lines += [f"[{entry.item.id}] {entry.item.title}, {entry.item.price:g}" for entry in found.items]
    lines += [f"{tie.subject} {tie.relation} {tie.object}" for tie in found.ties]
    return ToolResult("\n".join(lines), evidence, StateChange(shown=shown, focus=shown))


def _validated(constraint: Constraint, context: ToolContext) -> Constraint:
    try:
        return validate(context.services.recommender.catalogue, constraint)
    except ValueError as error:
        raise ToolRetry(str(error)) from error
