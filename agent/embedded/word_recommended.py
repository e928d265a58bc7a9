"""Recommendations in words: the lead, the list, the question; and what to say when nothing fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from agent.embedded.word_constraints import word_constraint, word_needs
from agent.embedded.word_degrees import more_of
from agent.embedded.word_items import entries
from agent.embedded.word_markdown import opened
from agent.embedded.word_questions import asked, word_question
from agent.embedded.word_sets import word_set
from agent.embedded.word_values import fact, is_adjective, lowered
from agent.embedded.word_voice import Piece, Voice
from core.conversation import Wants
from core.entities import Constraint, FacetType, ItemId, Op, Relaxation, Strength
from retrieval.comparing import ORDERINGS
from retrieval.constraints import mask, satisfied
from retrieval.counterfactual import Counterfactual
from tools.results import Recommended

_RELAXATIONS = 3
_KEPT = 3


def recommended(voice: Voice, found: Recommended, opening: str) -> Iterator[Piece]:
    """Word recommendations; ``opening`` is what comes before in the first paragraph."""
    if found.bundle is not None:
        yield from word_set(voice, found, found.bundle, opening)
        return
    sentences = [opening, *_notices(voice, found)]
    items = found.ranking.items
    question = voice.context.state.question
    if not items and question is not None and question.field not in voice.context.catalogue.facets:
        yield Piece(voice.paragraph([*sentences, voice.say("eligibility.ask", question=voice.safe(question.text))]))
        return
    if not items:
        yield from _nothing(voice, found, sentences)
        return
    yield Piece(voice.paragraph([*sentences, _lead(voice, found)]))
    yield from entries(voice, items, found.wants)
    if found.kept:
        names = [voice.name(item) for item in found.kept[:_KEPT]]
        yield Piece(voice.say("notice.kept", names=voice.values.listing(names), one=len(names) == 1))
    if found.nearly is not None:
        yield Piece(_nearly(voice, found.nearly, [one.item.id for one in items]))
    if question is not None:
        worded = (
            question if question.text else word_question(question, voice.context.catalogue, voice.language, voice.seed)
        )
        yield Piece(asked(voice, worded))


def _nearly(voice: Voice, found: Counterfactual, shown: Sequence[ItemId]) -> str:
    """Say what would come first for a little less money, or without one requirement."""
    values = voice.values
    price = voice.safe(values.price(found.item)) if found.item.id not in shown else ""
    facts: dict[str, Any] = {"name": voice.linked(found.item, short=True), "price": price}
    if found.price is not None:
        at = voice.safe(values.money(found.price, found.item.currency or values.currency(), short=True))
        return voice.say("nearly.price" if price else "nearly.second", at=at, **facts)
    if found.without is None:
        return ""
    what = word_constraint(found.without, voice.context.catalogue, voice.language)
    return voice.say("nearly.without", what=voice.say("value.quoted", text=voice.safe(what)), **facts)


def _notices(voice: Voice, found: Recommended) -> Iterator[str]:
    catalogue = voice.context.catalogue
    for nth, old in enumerate(found.replaced[:2]):
        fresh = [one for one in found.wants.constraints if one.field == old.field and one.id != old.id]
        was = voice.safe(word_constraint(old, catalogue, voice.language))
        now = voice.safe(word_constraint(fresh[-1], catalogue, voice.language)) if fresh else ""
        if was != now:
            yield voice.say("notice.replaced", nth, was=was, now=now)
    if found.ignored:
        words = [voice.say("value.quoted", text=voice.safe(word)) for word in found.ignored[:3]]
        yield voice.say("notice.ignored", words=voice.values.listing(words))
    if found.currency:
        own = voice.values.currency()
        yield voice.say(
            "notice.currency", said=voice.values.currency_name(found.currency), own=voice.values.currency_name(own)
        )
    if found.learned is not None:
        wish = voice.safe(word_constraint(found.learned, catalogue, voice.language))
        yield voice.say("notice.learned", wish=voice.say("value.quoted", text=wish))
    past = voice.context.state.past
    if found.wants.gift and not (past and past[-1].gift):
        yield voice.say("notice.gift")


def _musts(wants: Wants) -> list[Constraint]:
    return [one for one in wants.constraints if one.strength is Strength.MUST]


def _lead(voice: Voice, found: Recommended) -> str:
    wants, ranking = found.wants, found.ranking
    shown, musts = len(ranking.items), _musts(wants)
    facts: dict[str, Any] = {
        "count": voice.values.count(shown), "shown": shown, "matches": voice.values.number(ranking.matches),
        "subject": voice.safe(subject(voice, musts, shown)),
    }  # fmt: skip
    if found.anchors:
        return opened(voice.say("lead.similar", names=voice.names(found.anchors), **facts))
    if wants.sorts and (degree := _degree(voice, found)):
        return opened(voice.say(degree[0], degree=degree[1], **facts))
    if shown == 1:
        key = "lead.only" if musts and ranking.matches <= 1 else "lead.one"
    elif ranking.matches <= shown and musts:
        key = "lead.all"
    elif musts:
        key = "lead.fit"
    else:
        key = "lead.close" if wants.text else "lead.start"
    return opened(voice.say(key, **facts))


def _degree(voice: Voice, found: Recommended) -> tuple[str, str] | None:
    """Return the phrase key and word for "cheaper", "lighter": truthful against what is on screen."""
    sort = found.wants.sorts[-1]
    word = voice.say("degree.price_low") if sort.field == "price" and not sort.descending else ""
    word = word or more_of(voice.values, sort.field, low=not sort.descending)
    if not word:
        return None
    before = [fact(item, sort.field) for item in voice.context.on_screen]
    now = [fact(one.item, sort.field) for one in found.ranking.items]
    old = [float(one) for one in before if isinstance(one, (int, float))]
    new = [float(one) for one in now if isinstance(one, (int, float))]
    same = {item.id for item in voice.context.on_screen} & {one.item.id for one in found.ranking.items}
    if not old or len(new) < len(now) or same:
        return ("lead.lean", voice.safe(word)) if not same else None
    beats = min(new) > max(old) if sort.descending else max(new) < min(old)
    return ("lead.all_beat" if beats else "lead.lean", voice.safe(word))


def subject(voice: Voice, constraints: Sequence[Constraint], number: int) -> str:
    """Return what was looked for, plain: "three waterproof headphones under $200, not from Acme"; 0 is not said."""
    values = voice.values
    count = values.count(number) if number else ""
    categories = [one for one in constraints if one.field == "category" and one.op in (Op.EQ, Op.IN)]
    others = [one for one in constraints if one not in categories]
    noun = values.listing([word_needs([one], values) for one in categories], "or")
    if voice.language != "en":
        return voice.say("subject", noun=noun, needs=word_needs(others, values), before="", count=count)
    before = [one for one in others if _goes_before(voice, one)][:2]
    after = ", ".join(word_needs([one], values) for one in others if one not in before)
    noun = lowered(noun)
    plural = noun.endswith("s") and not noun.endswith("ss")
    said = " ".join(word_needs([one], values) for one in before)
    needs = after if plural or not noun else f"{voice.say('subject.within', noun=noun)} {after}".strip()
    return voice.say("subject", noun=noun if plural else "", needs=needs, before=said, count=count)


def _goes_before(voice: Voice, one: Constraint) -> bool:
    """Tell whether an English requirement reads well before the noun: "waterproof", "black"."""
    facet = voice.values.facet(one.field)
    if facet.type is FacetType.BOOLEAN:
        return one.op is Op.EQ and bool(one.value) and is_adjective(voice.values.label(one.field))
    single = isinstance(one.value, str) and one.op in (Op.EQ, Op.CONTAINS)
    return single and facet.type in (FacetType.CATEGORY, FacetType.LIST) and one.field != "brand"


def _nothing(voice: Voice, found: Recommended, sentences: list[str]) -> Iterator[Piece]:
    musts = _musts(found.wants)
    if found.ranking.matches:
        matches = voice.values.number(found.ranking.matches)
        yield Piece(voice.paragraph([*sentences, voice.say("none.seen", matches=matches, count=found.ranking.matches)]))
        return
    if not musts:
        yield Piece(voice.paragraph([*sentences, voice.say("none.open")]))
        return
    needs = voice.safe(subject(voice, musts, 0).strip())
    yield Piece(voice.paragraph([*sentences, voice.say("none.needs", needs=needs), *_reach(voice, musts)]))
    by_id = {one.id: one for one in found.wants.constraints}
    ways = [one for one in found.ranking.relaxations if one.matches and all(key in by_id for key in one.drop)]
    if not ways:
        yield Piece(voice.say("none.stuck"))
        return
    if len(ways) == 1:
        yield Piece(voice.say("none.way_only", dropped=_dropped(voice, ways[0], by_id), **_number(voice, ways[0])))
        return
    yield Piece(voice.say("none.ways"))
    for way in ways[:_RELAXATIONS]:
        dropped = _dropped(voice, way, by_id)
        yield Piece("- " + voice.say("none.way", dropped=dropped, **_number(voice, way)), tight=True)


def _reach(voice: Voice, musts: Sequence[Constraint]) -> Iterator[str]:
    """Say how far numbers go where a bound lies beyond all there is: "the highest rating here is 4.8"."""
    catalogue = voice.context.catalogue
    kinds = [one for one in musts if one.field == "category"]
    among = mask(catalogue, kinds)
    for one in musts:
        if one.op not in ORDERINGS or not isinstance(one.value, (int, float)) or one.field not in catalogue.facets:
            continue
        numbers = catalogue.numbers(one.field)[among]
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers) or satisfied(catalogue, one)[among].any():
            continue
        low = one.op in (Op.LE, Op.LT)
        end = voice.values.show(one.field, float(numbers.min() if low else numbers.max()))
        yield voice.say("none.reach", label=voice.safe(voice.values.label(one.field)), value=voice.safe(end), low=low)


def _number(voice: Voice, way: Relaxation) -> dict[str, Any]:
    return {"matches": voice.values.number(way.matches), "one": way.matches == 1}


def _dropped(voice: Voice, way: Relaxation, by_id: dict[str, Constraint]) -> str:
    chips = [word_constraint(by_id[key], voice.context.catalogue, voice.language) for key in way.drop]
    return voice.values.listing([voice.say("value.quoted", text=voice.safe(chip)) for chip in chips])
