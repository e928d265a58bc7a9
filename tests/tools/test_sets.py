"""Sets of items under one budget, as a model asks for them."""

from tools.arguments import RecommendSet
from tools.sets import recommend_set


def ask(context, budget):
    kinds = sorted({str(item.category[-1]) for item in map(context.services.recommender.catalogue.item_at, range(10))})
    parts = [
        {"query": kind, "set": [{"field": "category", "op": "==", "value": kind}]} for kind in kinds[:2]
    ]  # fmt: skip
    return recommend_set(RecommendSet.model_validate({"parts": parts, "budget": budget}), context)


def test_a_set_within_its_budget_is_shown(context):
    free = ask(context, None)
    entries = free.evidence.ranking.items
    assert len(entries) == 2
    assert len({entry.item.category[-1] for entry in entries}) == 2
    assert free.change.shown == tuple(entry.item.id for entry in entries)
    total = sum(entry.item.price for entry in entries)
    less = ask(context, total)
    assert sum(entry.item.price for entry in less.evidence.ranking.items) <= total


def test_no_set_within_the_budget_says_what_the_cheapest_costs(context):
    found = ask(context, 0.01)
    assert not found.evidence.ranking.items
    assert "costs" in found.text
