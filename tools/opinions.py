"""The tool for what reviewers say of items: counted by aspect, quoted by id."""

from __future__ import annotations

from core.conversation import StateChange
from core.entities import FacetType, ItemId
from core.errors import ToolRetry
from retrieval.opened import OpenIndex
from retrieval.opinions import Opinion, Tally, tallied
from tools.arguments import WhatReviewersSay, item_ids
from tools.context import ToolContext
from tools.results import Opinions, OpinionsFound, ReviewQuote, SaidOfAspect, ToolResult

MOST_ASPECTS = 4
PLAIN = 0.5
"""What speaks of nothing in particular is quoted when it praises or complains so plainly."""
QUOTED = 2
"""Reviews that are quoted for each item at most."""


def what_reviewers_say(arguments: WhatReviewersSay, context: ToolContext) -> ToolResult:
    """Tell what reviewers praise about items and what they complain of, by aspect, with their own words."""
    index = context.services.recommender.serving
    unknown = [item_id for item_id in arguments.item_ids if not index.catalogue.has(item_id)]
    if unknown:
        raise ToolRetry(f"there is no item {unknown[0]!r}: use ids that a tool returned or that are on screen")
    ids = item_ids(arguments.item_ids)
    found = tuple(_of_item(item_id, arguments, index, context.language) for item_id in ids)
    asked = tuple(name for name in arguments.aspects if name not in ("rating", "rating_count"))
    evidence = OpinionsFound(found, arguments.side, asked)
    return ToolResult("\n".join(map(_line, found)), evidence, StateChange(focus=ids))


def _of_item(item_id: ItemId, arguments: WhatReviewersSay, index: OpenIndex, language: str) -> Opinions:
    row = index.catalogue.row(item_id)
    reviewers = int(index.reviews.starts[row + 1] - index.reviews.starts[row])
    said = index.opinions.of_item(row) if index.opinions is not None else []
    tallies = tallied(said)
    asked = [name for name in arguments.aspects if name not in ("rating", "rating_count")]
    if asked:
        tallies = [one for one in tallies if one.aspect in asked]
    wanted = [one for one in tallies if _side(one, arguments.side)]
    named = sorted((one for one in wanted if one.aspect), key=lambda one: -len(_side(one, arguments.side)))
    aspects = tuple(
        SaidOfAspect(one.aspect, len(one.praise), len(one.complaints), _lacks(one.aspect, row, index))
        for one in named[:MOST_ASPECTS]
    )
    quotes = [opinion for one in (*named[:MOST_ASPECTS], *(w for w in wanted if not w.aspect))
              for opinion in _side(one, arguments.side)]  # fmt: skip
    return Opinions(index.catalogue.item(item_id), reviewers, aspects, _quoted(quotes, row, item_id, index, language))


def _lacks(aspect: str, row: int, index: OpenIndex) -> bool:
    """Tell whether an aspect is a feature that the item does not have: who complains then misses it."""
    facet = index.catalogue.facets.get(aspect)
    return facet is not None and facet.type is FacetType.BOOLEAN and index.catalogue.numbers(aspect)[row] != 1.0


def _side(one: Tally, side: str) -> tuple[Opinion, ...]:
    return {"praise": one.praise, "complaints": one.complaints}.get(side, (*one.complaints, *one.praise))


def _quoted(
    opinions: list[Opinion], row: int, item_id: ItemId, index: OpenIndex, language: str
) -> tuple[ReviewQuote, ...]:
    """Return a few sentences of different reviews about different things, in the user's language first."""
    reviews = index.reviews.of_item(row, item_id)
    quotes: dict[str, ReviewQuote] = {}
    taken: set[tuple[int, str]] = set()
    plain = [one for one in opinions if one.aspect or one.strength >= PLAIN]

    def worth(one: Opinion) -> tuple[bool, bool, float]:
        return not one.aspect, reviews[one.review].language not in (None, language), -one.strength

    order = sorted(plain, key=worth)
    for one in order:
        review = reviews[one.review]
        text = review.text[one.begin : one.end].strip()
        key = (one.review, text.casefold())
        if any(one.review == place or text.casefold() == other for place, other in taken):
            continue
        taken.add(key)
        quotes[text] = ReviewQuote(review.id, text, one.praises)
        if len(quotes) == QUOTED:
            break
    return tuple(quotes.values())


def _line(one: Opinions) -> str:
    said = "; ".join(
        f"{each.aspect.lstrip('=')}: {each.praise} praise, {each.complaints} complain" for each in one.aspects
    )
    quotes = " | ".join(f"[{quote.review_id}] {quote.text}" for quote in one.quotes)
    return f"[{one.item.id}] {one.reviewers} reviewers; {said or 'nothing by aspect'}; {quotes}"
