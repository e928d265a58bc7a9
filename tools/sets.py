"""The tool for sets of items that go together under one budget: made, changed part by part, honest when impossible."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from core.conversation import StateChange, WantedPart, WantedSet, Wants
from core.entities import Constraint, ItemId, Op, Query, Question, Ranking, Relaxation
from core.errors import ToolRetry
from retrieval.bundles import MOST_PARTS, Bundle
from retrieval.complements import complements
from retrieval.validation import validate
from tools.arguments import PartChange, RecommendSet, SetPart
from tools.asking import confirmed_keys, gate_question
from tools.context import ToolContext
from tools.results import Recommended, SetFound, ToolResult
from tools.wants import revise

MOST_REFUSED = 20
CHEAPER = 0.9
"""Of the sum before: what "cheaper" asks of a set."""


def recommend_set(arguments: RecommendSet, context: ToolContext) -> ToolResult:
    """Recommend one item for each part of a set, going together and within one budget; or change the set spoken of."""
    held = None if arguments.parts or arguments.theme else context.state.wants.bundle
    context = _confirmed(arguments, context)
    wanted, dropped = _wanted(arguments, held, context)
    wanted = _cheaper(wanted, held, context) if arguments.cheaper else wanted
    missing = _missing(wanted, context)
    wanted, stayed = _as_before(wanted, held, missing, arguments)
    missing = tuple(at for at in missing if at not in stayed)
    gates = {at: rule for at in missing if (rule := context.services.recommender.gate(_query(wanted, at, context)))}
    found = _found(wanted, missing, context)
    places = tuple(_place(part, missing) for part in found.parts)
    chosen = {place: entry.item.id for place, entry in zip(places, found.items, strict=True)}
    earlier = [part.chosen for part in wanted.parts]
    after = replace(wanted, parts=tuple(replace(part, chosen=chosen.get(at)) for at, part in enumerate(wanted.parts)))
    result = SetFound(
        after, places, found.total if found.items else math.nan, found.ties,
        swapped=tuple(at for at in places if earlier[at] is not None and earlier[at] != chosen[at]),
        dropped=dropped,
        before=_sum(held, context) if held else None,
        stayed=stayed,
        missing=tuple(at for at in missing if at not in gates),
        relaxations={at: _ways(wanted.parts[at], context) for at in missing},
        left_out=tuple(at for at in range(len(wanted.parts)) if at not in chosen and at not in missing),
        least=found.least if found.items else found.total if len(missing) < len(wanted.parts) else None,
        invented=bool(arguments.theme) and not arguments.parts,
    )  # fmt: skip
    rule = next(iter(gates.values()), None)
    return _told(result, found, arguments, context, () if rule is None else (gate_question(rule, context.language),))


def _told(
    result: SetFound, found: Bundle, arguments: RecommendSet, context: ToolContext, asked: tuple[Question, ...]
) -> ToolResult:
    held = context.state.wants.bundle
    gone = tuple(one.id for one in context.state.wants.constraints) if held is None or arguments.parts else ()
    shown = tuple(entry.item.id for entry in found.items)
    change = StateChange(
        remove=gone, text="", sorts=(), anchors=(), shown=shown or None, focus=shown or None, bundle=result.wanted,
        confirmed=context.state.confirmed, gift=arguments.gift,
    )  # fmt: skip
    wants, _ = revise(context.state.wants, change)
    evidence = Recommended(
        Ranking(found.items, len(found.items), questions=asked), wants, ignored=tuple(arguments.ignored),
        currency=arguments.currency, bundle=result,
    )  # fmt: skip
    return ToolResult("\n".join(_lines(result, found, context)), evidence, change)


def _lines(result: SetFound, found: Bundle, context: ToolContext) -> Iterator[str]:
    currency = context.services.shop.currency or ""
    if found.items:
        yield f"a set for {found.total:g} {currency}:".replace(" :", ":")
        yield from (f"[{entry.item.id}] {entry.item.title}, {entry.item.price:g}" for entry in found.items)
        yield from (f"{tie.subject} {tie.relation} {tie.object}" for tie in found.ties)
    else:
        yield "no set fits"
    names = result.wanted.parts
    yield from (f"nothing in the shop is: {names[at].text}" for at in result.missing)
    yield from (f"left out, so that the rest fits: {names[at].text}" for at in result.left_out)
    if result.least is not None:
        nothing = "nothing goes together at any price"
        yield nothing if math.isnan(result.least) else f"the cheapest whole set costs {result.least:g} {currency}"


# -- what is wanted ----------------------------------------------------------------------------------------------------


def _wanted(
    arguments: RecommendSet, held: WantedSet | None, context: ToolContext
) -> tuple[WantedSet, tuple[WantedPart, ...]]:
    """Return the set that is wanted now, and the parts that it does without from now on."""
    if held is None:
        parts = [_part(part, context) for part in arguments.parts] or _chosen_by_the_shop(arguments, context)
        if not parts:
            raise ToolRetry("name the parts of the set; no set is spoken of so far")
        return WantedSet(tuple(parts[:MOST_PARTS]), arguments.budget), ()
    changes = {change.part - 1: change for change in arguments.change}
    if any(at >= len(held.parts) for at in changes):
        raise ToolRetry(f"the set has {len(held.parts)} parts; count them from 1")
    dropped = tuple(part for at, part in enumerate(held.parts) if at in changes and changes[at].drop)
    parts = [
        _changed(part, changes[at], context) if at in changes else part
        for at, part in enumerate(held.parts)
        if at not in changes or not changes[at].drop
    ]
    parts += [_part(part, context) for part in arguments.add]
    if not parts:
        raise ToolRetry("a set needs a part; start a new search instead")
    budget = None if arguments.any_sum else arguments.budget or held.budget
    return WantedSet(tuple(parts[:MOST_PARTS]), budget), dropped


def _chosen_by_the_shop(arguments: RecommendSet, context: ToolContext) -> list[WantedPart]:
    """Return parts for what a set is for, where nobody says what belongs to it."""
    found = complements(context.services.recommender, arguments.theme or "")
    return [
        WantedPart(kind, (Constraint("", "category", Op.EQ, kind, turn=context.state.turn, text=kind),))
        for kind in found
    ]


def _part(part: SetPart, context: ToolContext) -> WantedPart:
    return WantedPart(part.query, tuple(_validated(one.constraint(context.state.turn), context) for one in part.set))


def _changed(part: WantedPart, change: PartChange, context: ToolContext) -> WantedPart:
    """Return a part with what is to be different; newer wins, as everywhere."""
    new = tuple(_validated(one.constraint(context.state.turn), context) for one in change.set)
    merged, _ = revise(Wants(constraints=part.constraints), StateChange(set=new))
    refused = part.refused
    if part.chosen is not None and (change.other or new or change.sort):
        refused = tuple(dict.fromkeys((*refused, part.chosen)))[-MOST_REFUSED:]
    sorts = tuple(one.sort() for one in change.sort) or part.sorts
    return replace(part, constraints=merged.constraints, sorts=sorts, refused=refused)


def _validated(constraint: Constraint, context: ToolContext) -> Constraint:
    try:
        return validate(context.services.recommender.catalogue, constraint)
    except ValueError as error:
        raise ToolRetry(str(error)) from error


# -- what there is -----------------------------------------------------------------------------------------------------


def _missing(wanted: WantedSet, context: ToolContext) -> tuple[int, ...]:
    """Return the parts that nothing answers to."""
    recommend = context.services.recommender.recommend
    queries = [_query(wanted, at, context) for at in range(len(wanted.parts))]
    return tuple(at for at, query in enumerate(queries) if not recommend(replace(query, limit=1)).items)


def _query(wanted: WantedSet, at: int, context: ToolContext) -> Query:
    return part_query(wanted.parts[at], context)


def _as_before(
    wanted: WantedSet, held: WantedSet | None, missing: Sequence[int], arguments: RecommendSet
) -> tuple[WantedSet, Mapping[int, WantedPart]]:
    """Return the set with what was chosen where nothing answers to a change, and those parts as they were wanted."""
    if held is None:
        return wanted, {}
    gone = {change.part - 1 for change in arguments.change if change.drop}
    earlier = [part for at, part in enumerate(held.parts) if at not in gone]
    stayed = {at: wanted.parts[at] for at in missing if at < len(earlier) and earlier[at].chosen is not None}
    parts = tuple(earlier[at] if at in stayed else part for at, part in enumerate(wanted.parts))
    return replace(wanted, parts=parts), stayed


def _found(wanted: WantedSet, missing: Sequence[int], context: ToolContext) -> Bundle:
    """Return the best set that keeps the most of what was chosen before."""
    there = [part for at, part in enumerate(wanted.parts) if at not in missing]
    if not there:
        return Bundle((), math.nan)
    kept = [part.chosen for part in there if part.chosen is not None and part.chosen not in part.refused]
    return context.services.recommender.bundle([part_query(part, context) for part in there], wanted.budget, kept)


def _confirmed(arguments: RecommendSet, context: ToolContext) -> ToolContext:
    """Return the context with what a yes to the shop's question confirms, and for whom the set is."""
    keys = confirmed_keys(arguments.confirm, context)
    confirmed = tuple(dict.fromkeys((*context.state.confirmed, *keys)))
    wants = context.state.wants
    wants = wants if arguments.gift is None else replace(wants, gift=arguments.gift)
    return replace(context, state=replace(context.state, confirmed=confirmed, wants=wants))


def _cheaper(wanted: WantedSet, held: WantedSet | None, context: ToolContext) -> WantedSet:
    """Return the set with a budget below what it costs now: by a tenth where that is possible."""
    total = _sum(held, context) if held else None
    if total is None:
        return wanted
    clearly = round(CHEAPER * total, 2)
    queries = [part_query(part, context) for part in wanted.parts]
    possible = context.services.recommender.bundle(queries, clearly).least is None
    return replace(wanted, budget=clearly if possible else round(total - 0.01, 2))


def part_query(part: WantedPart, context: ToolContext) -> Query:
    """Return the query that one part of a set amounts to."""
    state = context.state
    return Query(
        text=part.text, constraints=part.constraints, sorts=part.sorts, user_id=context.user_id,
        exclude=part.refused, disliked=state.wants.disliked, language=context.language,
        personal=not state.wants.gift, confirmed=state.confirmed,
    )  # fmt: skip


def query_in_set(item_id: ItemId, context: ToolContext) -> Query | None:
    """Return the query of the part that an item was chosen for, or None."""
    held = context.state.wants.bundle
    part = next((part for part in held.parts if part.chosen == item_id), None) if held else None
    return None if part is None else part_query(part, context)


def _place(part: int, missing: Sequence[int]) -> int:
    """Return the place among all parts of one counted without the missing ones."""
    for gone in sorted(missing):
        part += gone <= part
    return part


def _sum(held: WantedSet, context: ToolContext) -> float | None:
    """Return what the set chosen before costs; None where a price is not known."""
    catalogue = context.services.recommender.catalogue
    ids = [part.chosen for part in held.parts if part.chosen is not None and catalogue.has(part.chosen)]
    prices = [catalogue.item(item_id).price for item_id in ids]
    known = [price for price in prices if price is not None]
    return round(sum(known), 2) if ids and len(known) == len(prices) else None


def _ways(part: WantedPart, context: ToolContext) -> tuple[Relaxation, ...]:
    """Return the smallest sets of a part's constraints to give up, named by their places from 1."""
    numbered = tuple(replace(one, id=str(at)) for at, one in enumerate(part.constraints, start=1))
    query = replace(part_query(part, context), constraints=numbered, limit=1)
    return context.services.recommender.recommend(query).relaxations
