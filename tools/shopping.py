"""Tools over the recommender: recommend, similar, details, compare, explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.conversation import StateChange, WantedSet, Wants
from core.entities import Constraint, FacetType, Item, ItemId, Query, Question, Ranking, Recommendation, Value
from core.errors import ToolRetry
from retrieval.catalogue import Catalogue
from retrieval.constraints import mask
from retrieval.counterfactual import Counterfactual, counterfactual
from retrieval.validation import validate
from tools.arguments import CompareItems, ItemDetails, ItemIds, RecommendItems, SimilarItems, item_ids
from tools.asking import confirmed_keys, gate_question
from tools.context import ToolContext
from tools.learning import concluded
from tools.profile import stated
from tools.results import Compared, ComparedFacet, Detailed, Explained, Recommended, ToolResult
from tools.sets import query_in_set
from tools.wants import query_for, revise

MAX_ROWS = 12
"""Rows of a comparison."""


def recommend_items(arguments: RecommendItems, context: ToolContext) -> ToolResult:
    """Recommend items for everything that the shopper wants so far, with this message's changes."""
    return _recommend(arguments, context, None)


def similar_items(arguments: SimilarItems, context: ToolContext) -> ToolResult:
    """Recommend items that resemble given ones, keeping the shopper's other wishes."""
    return _recommend(arguments, context, _known(arguments.like_items, context))


def _recommend(arguments: RecommendItems, context: ToolContext, anchors: tuple[ItemId, ...] | None) -> ToolResult:
    recommender, state = context.services.recommender, context.state
    change = _change(arguments, context, anchors)
    constraints, anchors = change.set, change.anchors
    learned = _learned(change, arguments, context)
    if learned is not None:
        change = replace(change, set=(*constraints, learned), learned=(learned.field,))
    wants, replaced = revise(state.wants, change)
    gone = [one for one in state.wants.constraints if one.id in change.remove]
    replaced = (*(one for one in gone if one.field in {each.field for each in constraints}), *replaced)
    query = query_for(
        wants,
        user_id=context.user_id,
        language=context.language,
        limit=arguments.limit or context.services.shop.rules.show,
        exclude=_known(arguments.exclude, context),
        confirmed=(*state.confirmed, *change.confirmed),
        imagined=context.imagined,
    )
    query = _with_tastes(query, context)
    ranking = recommender.recommend(query) if arguments.again else _unseen_first(query, context)
    ranking = replace(ranking, questions=_questions(ranking, query, context))
    shown = tuple(entry.item.id for entry in ranking.items)
    like = tuple(recommender.catalogue.items(wants.anchors)) if anchors else ()
    kept = () if arguments.again or not constraints else _still_fitting(query, ranking, context)
    nearly = _nearly(query, ranking, context) if constraints and not kept else None
    evidence = Recommended(
        ranking, wants, replaced, like, tuple(arguments.ignored), kept, arguments.currency, learned=learned,
        nearly=nearly,
    )  # fmt: skip
    change = replace(change, shown=shown or None, focus=shown or None)
    return ToolResult(_summary(ranking.items, ranking.matches), evidence, change)


def _with_tastes(query: Query, context: ToolContext) -> Query:
    """Add what the user once said to like or dislike, as wishes, where nothing is said of the same now."""
    if not query.personal:
        return query
    said = {constraint.field for constraint in query.constraints}
    tastes = tuple(wish for wish in stated(context) if wish.field not in said)
    return replace(query, constraints=(*query.constraints, *tastes)) if tastes else query


def _change(arguments: RecommendItems, context: ToolContext, anchors: tuple[ItemId, ...] | None) -> StateChange:
    """Return what the arguments change of the wants, in the catalogue's own terms."""
    if anchors is None and arguments.anchors is not None:
        anchors = _known(arguments.anchors, context)
    return StateChange(
        set=_validated([entry.constraint(context.state.turn) for entry in arguments.set], context),
        remove=tuple(arguments.remove),
        text=arguments.query,
        sorts=None if arguments.sort is None else tuple(entry.sort() for entry in arguments.sort),
        anchors=anchors,
        like=_known(arguments.like, context),
        dislike=_known(arguments.dislike, context),
        gift=arguments.gift,
        bundle=WantedSet() if context.state.wants.bundle is not None else None,
        confirmed=confirmed_keys(arguments.confirm, context),
    )


def _questions(ranking: Ranking, query: Query, context: ToolContext) -> tuple[Question, ...]:
    """Return what may be asked: the shop's own question of eligibility first, and nothing twice."""
    rule = context.services.recommender.gate(query) if context.services.shop.rules.confirm else None
    found = list(ranking.questions)
    if rule is not None:
        found.insert(0, gate_question(rule, context.language))
    return tuple(question for question in found if question.field not in context.state.asked)


def _learned(change: StateChange, arguments: RecommendItems, context: ToolContext) -> Constraint | None:
    """Return the wish that turned down items give away, when this very message turned some down without a reason."""
    state, catalogue = context.state, context.services.recommender.catalogue
    turned_down = change.dislike or (arguments.exclude and set(state.shown) <= set(arguments.exclude))
    if not turned_down or change.set or change.like:
        return None
    refused = [*state.wants.disliked, *change.dislike, *(state.seen if arguments.exclude else ())]
    items = catalogue.items([item_id for item_id in dict.fromkeys(refused) if catalogue.has(item_id)])
    liked = catalogue.items([item_id for item_id in state.wants.liked if catalogue.has(item_id)])
    fits = mask(catalogue, state.wants.constraints)
    items = [item for item in items if fits[catalogue.row(item.id)]]
    wish = concluded(catalogue, state.wants, items, liked, state.learned)
    return None if wish is None else replace(wish, turn=state.turn)


def _unseen_first(query: Query, context: ToolContext) -> Ranking:
    """Return the ranking with what was shown before behind what was not: a shopper goes on, and does not go round."""
    recommender, seen = context.services.recommender, context.state.seen
    known = (*seen, *_siblings(query, seen, recommender.catalogue)) if seen else ()
    ranking = recommender.recommend(replace(query, exclude=(*query.exclude, *known)) if seen else query)
    if not seen or not ranking.matches or len(ranking.items) >= query.limit:
        return ranking
    new = [entry.item.id for entry in ranking.items]
    rest = recommender.recommend(replace(query, exclude=(*query.exclude, *new), limit=query.limit - len(new)))
    return replace(ranking, items=(*ranking.items, *rest.items))


def _siblings(query: Query, seen: Sequence[ItemId], catalogue: Catalogue) -> list[ItemId]:
    """Return other variants of what was seen and satisfies the wants: another colour of it is nothing new."""
    column = catalogue.column("group_id")
    if column is None:
        return []
    fits = mask(catalogue, query.constraints)
    rows = [catalogue.row(item_id) for item_id in seen if catalogue.has(item_id)]
    groups = {column.at(row) for row in rows if fits[row]} - {None}
    return [catalogue.item_at(row).id for row in np.flatnonzero(fits).tolist() if column.at(row) in groups]


def _nearly(query: Query, ranking: Ranking, context: ToolContext) -> Counterfactual | None:
    """Return what would come first for a little more money, or without one requirement."""
    now = {entry.item.id for entry in ranking.items}
    seen = tuple(item_id for item_id in context.state.seen if item_id not in now)
    asked = replace(query, exclude=(*query.exclude, *seen))
    return counterfactual(context.services.recommender, asked, ranking)


def _still_fitting(query: Query, ranking: Ranking, context: ToolContext) -> tuple[Item, ...]:
    """Return what is on screen, satisfies everything wanted now, and makes room for what was not shown yet."""
    catalogue = context.services.recommender.catalogue
    gone = {*query.exclude, *query.disliked, *query.anchors, *(entry.item.id for entry in ranking.items)}
    fits = mask(catalogue, query.constraints)
    shown = [item_id for item_id in context.state.shown if item_id not in gone and catalogue.has(item_id)]
    return tuple(catalogue.items([item_id for item_id in shown if fits[catalogue.row(item_id)]]))


def item_details(arguments: ItemDetails, context: ToolContext) -> ToolResult:
    """Tell what the catalogue says of items."""
    ids = _known(arguments.item_ids, context)
    catalogue = context.services.recommender.catalogue
    fields = tuple(field for field in arguments.fields if field in catalogue.facets)
    found = _fits(ids, context)
    related = {str(item_id): _related(item_id, context) for item_id in ids}
    return ToolResult(_summary(found, len(found)), Detailed(found, fields, related), StateChange(focus=ids))


def explain_items(arguments: ItemIds, context: ToolContext) -> ToolResult:
    """Tell why items were recommended."""
    ids = _known(arguments.item_ids, context)
    found = _fits(ids, context)
    return ToolResult(_summary(found, len(found)), Explained(found), StateChange(focus=ids))


def compare_items(arguments: CompareItems, context: ToolContext) -> ToolResult:
    """Put items side by side."""
    ids = _known(arguments.item_ids, context)
    found = _fits(ids, context)
    rows = compared_facets(found, context)
    return ToolResult(_summary(found, len(found)), Compared(found, rows), StateChange(focus=ids))


def compared_facets(items: Sequence[Recommendation], context: ToolContext) -> tuple[ComparedFacet, ...]:
    """Return the facets that at least two items state, those that differ first and the wanted ones before the rest."""
    catalogue = context.services.recommender.catalogue
    wanted = {constraint.field for constraint in context.state.wants.constraints}
    names = ["price", "rating", *dict.fromkeys(name for entry in items for name in entry.item.facets)]
    rows: list[tuple[tuple[bool, bool, int], ComparedFacet]] = []
    for order, name in enumerate(names):
        facet = catalogue.facets.get(name)
        if facet is None or facet.type is FacetType.TEXT:
            continue
        values = tuple(_stated(entry, name) for entry in items)
        if sum(value is not None for value in values) < min(2, len(items)):
            continue
        differ = len({str(value) for value in values}) > 1
        better = facet.better or {"price": "lower", "rating": "higher"}.get(name)
        rows.append(((not differ, name not in wanted, order), ComparedFacet(name, values, _best(values, better))))
    rows.sort(key=lambda row: row[0])
    return tuple(row for _, row in rows[:MAX_ROWS])


def _stated(entry: Recommendation, name: str) -> Value | None:
    return getattr(entry.item, name) if name in ("price", "rating") else entry.item.facets.get(name)


def _best(values: Sequence[Value | None], better: str | None) -> tuple[int, ...]:
    numbers = [float(v) if isinstance(v, int | float) and v is not None else np.nan for v in values]
    finite = [number for number in numbers if np.isfinite(number)]
    if better is None or len(set(finite)) < 2:
        return ()
    target = max(finite) if better == "higher" else min(finite)
    return tuple(at for at, number in enumerate(numbers) if number == target)


def _fits(ids: Sequence[ItemId], context: ToolContext) -> tuple[Recommendation, ...]:
    query = _query(context.state.wants, context)
    fit_of = context.services.recommender.fit_of
    return tuple(fit_of(item_id, query_in_set(item_id, context) or query) for item_id in ids)


def _query(wants: Wants, context: ToolContext) -> Query:
    limit, confirmed = context.services.shop.rules.show, context.state.confirmed
    return query_for(wants, user_id=context.user_id, language=context.language, limit=limit, confirmed=confirmed)


def _related(item_id: ItemId, context: ToolContext) -> tuple[tuple[str, Item], ...]:
    recommender = context.services.recommender
    return tuple((relation, recommender.catalogue.item(other)) for relation, other in recommender.related(item_id)[:4])


def _known(ids: Sequence[str], context: ToolContext) -> tuple[ItemId, ...]:
    catalogue = context.services.recommender.catalogue
    unknown = [item_id for item_id in ids if not catalogue.has(item_id)]
    if unknown:
        raise ToolRetry(f"there is no item {unknown[0]!r}: use ids that a tool returned or that are on screen")
    return item_ids(list(ids))


def _validated(constraints: Sequence[Constraint], context: ToolContext) -> tuple[Constraint, ...]:
    """Return the constraints in the catalogue's own units and spelling."""
    try:
        return tuple(validate(context.services.recommender.catalogue, constraint) for constraint in constraints)
    except ValueError as error:
        raise ToolRetry(str(error)) from error


def _summary(items: Sequence[Recommendation], matches: int) -> str:
    if not items:
        return "no item matches"
    lines = [f"{matches} match; best first:"]
    for at, entry in enumerate(items, start=1):
        price = "" if entry.item.price is None else f", {entry.item.price:g} {entry.item.currency or ''}".rstrip()
        lines.append(f"{at}. [{entry.item.id}] {entry.item.title}{price}")
    return "\n".join(lines)
