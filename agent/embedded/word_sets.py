"""A set in words: what it is and costs, why its things go together, what stayed out and what would let it in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from agent.embedded.reasons import relation_label
from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_items import apart
from agent.embedded.word_markdown import opened
from agent.embedded.word_values import lowered
from agent.embedded.word_voice import Piece, Voice
from core.conversation import WantedPart, Wants
from retrieval.bundles import Tie, binds
from tools.results import Recommended, SetFound

_TIES = 3


def word_set(voice: Voice, found: Recommended, made: SetFound, opening: str) -> Iterator[Piece]:
    """Word a set; ``opening`` is what comes before in the first paragraph."""
    items = found.ranking.items
    sentences = [opening, *_notices(voice, found, made)]
    if not items:
        yield Piece(voice.paragraph([*sentences, *_lacking(voice, made), *_too_dear(voice, made)]))
        yield from _asked(voice)
        return
    yield Piece(voice.paragraph([*sentences, opened(_lead(voice, made))]))
    parts = [made.wanted.parts[at] for at in made.shown]
    yield from apart(voice, items, [Wants(part.text, part.constraints, part.sorts) for part in parts])
    after = [*_ties(voice, made), *_lacking(voice, made), *_too_dear(voice, made)]
    if made.invented:
        kinds = voice.values.listing([part_name(voice, part) for part in parts])
        after.append(voice.say("set.invented", kinds=voice.safe(kinds)))
    if after:
        yield Piece(voice.paragraph(after))
    yield from _asked(voice)


def _asked(voice: Voice) -> Iterator[Piece]:
    """Put the shop's own question, behind which a part of the set stands."""
    question = voice.context.state.question
    if question is not None and question.field not in voice.context.catalogue.facets:
        yield Piece(voice.say("eligibility.ask", question=voice.safe(question.text)))


def part_name(voice: Voice, part: WantedPart) -> str:
    """Return what a part is called, plain: in the user's own word where it is in the answer's language."""
    for one in part.constraints:
        if one.field == "category":
            own = one.text if one.text and one.text.isascii() == (voice.language == "en") else ""
            label = own if own and one.text != str(one.value) else ""
            label = label or lowered(word_constraint(one, voice.context.catalogue, voice.language))
            return voice.values.padded(label)
    return voice.values.padded(part.text)


def _lead(voice: Voice, made: SetFound) -> str:
    budget = made.wanted.budget
    facts: dict[str, Any] = {
        "count": voice.values.count(len(made.shown)), "one": len(made.shown) == 1, "total": _money(voice, made.total),
        "budget": _money(voice, budget) if budget is not None else "",
    }  # fmt: skip
    if made.before is None:
        return voice.say("set.lead", **facts)
    more = round(made.total - made.before, 2)
    change: dict[str, Any] = {
        "less": _money(voice, -more) if more < 0 else "",
        "more": _money(voice, more) if more > 0 else "",
    }
    return voice.say("set.lead_changed", **facts, **change)


def _money(voice: Voice, amount: float) -> str:
    return voice.safe(voice.values.money(round(amount, 2), voice.values.currency(), short=True))


def _notices(voice: Voice, found: Recommended, made: SetFound) -> Iterator[str]:
    if found.ignored:
        words = [voice.say("value.quoted", text=voice.safe(word)) for word in found.ignored[:3]]
        yield voice.say("set.ignored", words=voice.values.listing(words))
    if found.currency:
        own = voice.values.currency()
        said = voice.values.currency_name(found.currency)
        yield voice.say("notice.currency", said=said, own=voice.values.currency_name(own))
    if made.dropped:
        yield voice.say("set.dropped", names=_names(voice, made.dropped))
    if made.swapped and len(made.swapped) < len(made.shown):
        names = _names(voice, [made.wanted.parts[at] for at in made.swapped])
        key = "set.swapped" if len(made.swapped) == 1 else "set.swapped_several"
        yield opened(voice.say(key, names=names))


def _names(voice: Voice, parts: Sequence[WantedPart]) -> str:
    return voice.safe(voice.values.listing([voice.say("set.part", name=part_name(voice, part)) for part in parts]))


def _ties(voice: Voice, made: SetFound) -> Iterator[str]:
    """Say which relations hold between the things: what fits what, else what else is known of the two."""
    pairs = {
        frozenset((tie.subject, tie.object)): tie for tie in sorted(made.ties, key=lambda tie: binds(tie.relation))
    }
    fitting = [tie for tie in pairs.values() if binds(tie.relation)][:_TIES]
    said = [_tie(voice, tie) for tie in fitting or list(pairs.values())[:1]]
    if said:
        yield voice.say("set.ties" if fitting else "set.related", ties=voice.values.listing(said))


def _tie(voice: Voice, tie: Tie) -> str:
    catalogue = voice.context.catalogue
    subject, other = (voice.safe(voice.values.short(catalogue.item(key))) for key in (tie.subject, tie.object))
    relation = voice.safe(relation_label(voice.values, tie.relation))
    return voice.say("set.tie", subject=subject, relation=relation, object=other)


def _needs(voice: Voice, part: WantedPart, before: WantedPart | None = None) -> str:
    """Return what a part is to be beside its kind; with ``before``, what is new about that."""
    known = before.constraints if before is not None else ()
    needs = [one for one in part.constraints if one.field != "category" and one not in known]
    return voice.values.listing([word_constraint(one, voice.context.catalogue, voice.language) for one in needs])


def _lacking(voice: Voice, made: SetFound) -> Iterator[str]:
    """Say which parts nothing answers to, and what would bring them back."""
    for at, part in made.stayed.items():
        needs = _needs(voice, part, made.wanted.parts[at])
        yield voice.say("set.stayed", name=voice.safe(part_name(voice, part)), needs=voice.safe(needs))
    for at in made.missing:
        part, ways = made.wanted.parts[at], made.relaxations.get(at, ())
        needs = _needs(voice, part)
        yield voice.say("set.missing", name=voice.safe(part_name(voice, part)), needs=voice.safe(needs))
        kept = [way for way in ways if way.matches and all(_is_need(part, key) for key in way.drop)]
        if kept:
            dropped = [part.constraints[int(key) - 1] for key in kept[0].drop]
            texts = [word_constraint(one, voice.context.catalogue, voice.language) for one in dropped]
            quoted = [voice.say("value.quoted", text=voice.safe(text)) for text in texts]
            matches = voice.values.number(kept[0].matches)
            yield voice.say(
                "set.missing_way", dropped=voice.values.listing(quoted), matches=matches, one=kept[0].matches == 1
            )


def _is_need(part: WantedPart, key: str) -> bool:
    """Tell whether a constraint that might be given up is not the thing itself."""
    return key.isdigit() and int(key) <= len(part.constraints) and part.constraints[int(key) - 1].field != "category"


def _too_dear(voice: Voice, made: SetFound) -> Iterator[str]:
    """Say what the whole would take, where it cannot be had."""
    if made.least is None:
        return
    budget, least = made.wanted.budget, made.least
    names = _names(voice, [made.wanted.parts[at] for at in made.left_out]) if made.shown else ""
    if math.isnan(least):
        yield voice.say("set.apart", names=names)
    elif budget is not None:
        yield voice.say(
            "set.over", names=names, least=_money(voice, least), over=_money(voice, least - budget),
            budget=_money(voice, budget), one=len(made.left_out) == 1,
        )  # fmt: skip
