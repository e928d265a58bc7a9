"""What reviewers say, in words: counted by aspect, praise and complaints apart, quoted from reviews with their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.embedded.reasons import aspect_name, shortened
from agent.embedded.word_voice import Piece, Voice
from tools.results import Opinions, OpinionsFound, SaidOfAspect

_QUOTE = 140


def opinions(voice: Voice, found: OpinionsFound) -> Iterator[Piece]:
    """Word what reviewers say of items."""
    several = len(found.items) > 1
    for nth, one in enumerate(found.items):
        text = _of_item(voice, one, found, nth)
        yield Piece(f"- {text}" if several else text, tight=several)


def _of_item(voice: Voice, one: Opinions, found: OpinionsFound, nth: int) -> str:
    facts: dict[str, Any] = {"name": voice.linked(one.item, short=True), "of": voice.values.number(one.reviewers)}
    if not one.reviewers:
        return voice.say("opinions.no_reviews", nth, name=facts["name"])
    if not one.aspects and not one.quotes:
        labels = voice.safe(voice.values.listing([voice.values.label(name) for name in found.asked], "or"))
        return voice.say(f"opinions.none_{found.side}", nth, labels=labels, one=one.reviewers == 1, **facts)
    said = [text for each in one.aspects if (text := _aspect(voice, each, found.side))]
    sentences = [voice.say("opinions.lead", nth, one=one.reviewers == 1, said=voice.values.listing(said), **facts)]
    for quote in one.quotes:
        text = voice.safe(shortened(quote.text, _QUOTE).rstrip(".。!！"))
        sentences.append(voice.say("opinions.quote", text=text, ref=voice.safe(quote.review_id)))
    return voice.paragraph(sentences)


def _aspect(voice: Voice, one: SaidOfAspect, side: str) -> str:
    """Return how many praise an aspect and how many complain of it; the side that was not asked about comes after."""
    name = voice.safe(voice.values.padded(aspect_name(voice.values, one.aspect)))
    told: list[tuple[str, dict[str, Any]]] = []
    for key, count in (("miss" if one.lacking else "complain", one.complaints), ("praise", one.praise)):
        if count:
            told.append((f"opinions.{key}", {"count": voice.values.number(count), "one": count == 1, "aspect": name}))
    told = told if side == "complaints" else told[::-1]
    words = [voice.say(key, it=nth > 0, **facts) for nth, (key, facts) in enumerate(told)]
    return voice.say("opinions.both", first=words[0], second=words[1]) if len(words) > 1 else words[0]
