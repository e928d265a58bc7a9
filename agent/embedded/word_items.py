"""The numbered list of recommended items: title, price, a reason tied to the need, one beyond it, the trade-off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from agent.embedded.reasons import annotate
from agent.embedded.word_markdown import plain
from agent.embedded.word_tradeoffs import Edge, directions, edges, word_advantage, word_drawback
from agent.embedded.word_values import fact
from agent.embedded.word_voice import Piece, Voice
from core.conversation import Wants
from core.entities import FacetType, Item, Op, Reason, ReasonKind, Recommendation

_WORDS = re.compile(r"[^\W_]+")
_LOW_STOCK = 3
_ASKED = {
    ReasonKind.CONSTRAINT: 0.3,
    ReasonKind.PROFILE: 0.75,
    ReasonKind.SEMANTIC: 0.15,
    ReasonKind.LEXICAL: 0.3,
}
"""Kinds that tie an item to what the user said or did, and how much each is worth saying."""
_BEYOND = {
    ReasonKind.REVIEW: 0.8,
    ReasonKind.GRAPH: 0.75,
    ReasonKind.COLLABORATIVE: 0.6,
    ReasonKind.PRICE: 0.55,
    ReasonKind.QUALITY: 0.5,
    ReasonKind.NEW: 0.45,
    ReasonKind.POPULARITY: 0.4,
    ReasonKind.ATTRIBUTE: 0.35,
    ReasonKind.GENERATED: 0.3,
}
"""Kinds that tell the user something new."""
_FILLER = 0.3
"""What is worth less ties an item to the need only in general words; a fact is better."""
_LAST_RESORT, _SAYS_NOTHING = 0.05, 0.01
_FACTS = 2
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|(?<=[。！？])|\n")
_SUMMARY = 90
_CLAUSE = re.compile(r"(?<=\w)(?:[,;:，；：]|\s[-–—]\s)")
_LEADING = (" for", " with", " by", " of", " from", " to", "适合", "适用于", "适用", "用于", "支持", "兼容", "搭配")
"""Ends of labels that lead on to their values."""
_SAME_TEXT, _SAME_TOPIC = 1.0, 0.3
"""What having been said of an item before costs a fragment."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    topic: str
    text: str
    worth: float
    same: str = ""
    """What makes two fragments say the same in other words; the text itself when empty."""


@dataclass
class _Said:
    texts: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)

    def choose(self, fragments: Sequence[_Fragment], without: Collection[str] = ()) -> _Fragment | None:
        """Return the fragment most worth saying now, and remember it."""

        def worth(one: _Fragment) -> float:
            return one.worth - _SAME_TEXT * self.texts[one.same or one.text] - _SAME_TOPIC * self.topics[one.topic]

        open_ones = [one for one in fragments if one.text and one.topic not in without and worth(one) > 0]
        if not open_ones:
            return None
        best = max(open_ones, key=worth)
        self.texts[best.same or best.text] += 1
        self.topics[best.topic] += 1
        return best


def entries(voice: Voice, found: Sequence[Recommendation], wants: Wants) -> list[Piece]:
    """Return one list entry for each recommendation, in order; no two say the same where they differ."""
    found = [annotate(one, voice.context.catalogue, voice.language) for one in found]
    asked = {sort.field for sort in wants.sorts} | {one.field for one in wants.constraints}
    items = [one.item for one in found]
    spoken = spoken_of(voice, f"{wants.text} {voice.context.message}")
    asked |= spoken
    ahead, behind = edges(items, voice.values, asked, wants.sorts)
    said = _Said()
    pieces = []
    for position, one in enumerate(found):
        place = _Place(position, len(found), ahead.get(position), behind.get(position))
        body = _body(voice, one, _facts(voice, one.item, wants, spoken), said, place)
        pieces.append(Piece(f"{position + 1}. {head(voice, one.item)}{body}{remarks(voice, one)}", tight=True))
    return pieces


def apart(voice: Voice, found: Sequence[Recommendation], wants: Sequence[Wants]) -> list[Piece]:
    """Return one list entry for each item of a set, ``wants`` being those of its part.

    Each speaks for itself: things of several kinds compare in nothing.
    """
    said, pieces = _Said(), []
    for position, (one, own) in enumerate(zip(found, wants, strict=True)):
        one = annotate(one, voice.context.catalogue, voice.language)
        spoken = spoken_of(voice, own.text) & set(one.item.facets)
        body = _body(voice, one, _facts(voice, one.item, own, spoken), said, _Place(position, len(found), None, None))
        pieces.append(Piece(f"{position + 1}. {head(voice, one.item)}{body}{remarks(voice, one)}", tight=True))
    return pieces


def spoken_of(voice: Voice, text: str) -> set[str]:
    """Return the facets with a better end whose name or vague words stand in a text: "quiet" is the noise level."""
    text = f" {' '.join(_WORDS.findall(text.lower()))} "
    found = set()
    for name in directions(voice.values):
        facet = voice.values.facet(name)
        words = [facet.label(voice.language), *facet.synonyms.get(voice.language, ())]
        words += [*facet.low_words.get(voice.language, ()), *facet.high_words.get(voice.language, ())]
        if any((f" {word.lower()} " if word.isascii() else word) in text for word in words if word):
            found.add(name)
    return found


def head(voice: Voice, item: Item) -> str:
    """Return the linked title with the price."""
    price = voice.safe(voice.values.price(item))
    return voice.say("item.head", name=voice.linked(item), price=price)


def remarks(voice: Voice, found: Recommendation) -> str:
    """Return what must be said of an item: stock, what the catalogue leaves open, disclosures."""
    item, said = found.item, []
    if item.stock is not None and item.stock <= 0:
        said.append(voice.say("stock.out"))
    elif item.stock is not None and item.stock <= _LOW_STOCK:
        said.append(voice.say("stock.low", count=item.stock))
    if found.unknown:
        fields = voice.safe(voice.values.listing([voice.values.label(name) for name in found.unknown[:3]], "or"))
        said.append(voice.say("item.unknown", fields=fields))
    for disclosure in found.disclosures:
        key = f"disclosure.{disclosure}"
        said.append(voice.say(key) if voice.has(key) else f"*{voice.safe(disclosure)}*")
    space = "" if voice.language == "zh" else " "
    return "".join(space + sentence for sentence in said)


@dataclass(frozen=True, slots=True)
class _Place:
    position: int
    among: int
    ahead: Edge | None
    behind: Edge | None


def _body(voice: Voice, found: Recommendation, facts: list[_Fragment], said: _Said, place: _Place) -> str:
    best = place.ahead
    advantage = word_advantage(best, place.among, voice.values, voice.seed + place.position) if best else ""
    beyond = _beyond(voice, found)
    if best:
        beyond.append(_Fragment(best.field, advantage, 1.0))
    told = f"description {found.item.id}"  # two descriptions say different things
    beyond.append(_Fragment(told, _summary(voice, found.item), _LAST_RESORT))
    taken = {best.field} if best else set()
    tied = [*facts, *_asked(voice, found)]
    strong = [one for one in tied if one.worth >= _FILLER]
    first = said.choose(strong, without=taken) or said.choose(beyond) or said.choose(tied)
    second = said.choose(beyond, without={first.topic, told}) if first else None
    chosen = {one.topic for one in (first, second) if one}
    but = ""
    if place.behind and place.behind.field not in chosen and (best or said.topics["drawback"] < 1):
        but = word_drawback(place.behind, voice.values, voice.seed + place.position)
        said.topics["drawback"] += 1
    if not first and not but:
        return ""
    if not first:
        first, but = _Fragment("drawback", but, 1.0), ""
    return " · " + voice.say(
        "entry.body", place.position,
        first=voice.safe(first.text), second=voice.safe(second.text) if second else "",
        but=voice.safe(but),
    )  # fmt: skip


def _facts(voice: Voice, item: Item, wants: Wants, spoken: Collection[str]) -> list[_Fragment]:
    """Return the item's values of the facets that the user sorted by or spoke of."""
    fragments = []
    for name in dict.fromkeys([*(sort.field for sort in wants.sorts), *sorted(spoken)]):
        value = fact(item, name)
        if name not in ("price", "rating") and isinstance(value, (int, float)):
            fragments.append(_Fragment(name, voice.values.phrase(name, value), 1.0))
    return fragments


def _asked(voice: Voice, found: Recommendation) -> list[_Fragment]:
    """Return what ties the item to the need: the requirements that it meets, the reasons from words and history."""
    fragments, title, said = [], voice.values.title(found.item), voice.context.message.lower()
    named = any(reason.kind is ReasonKind.LEXICAL for reason in found.reasons)
    for reason in found.reasons:
        if reason.kind is ReasonKind.CONSTRAINT:
            fragments.append(_met(voice, reason, title))
        elif reason.kind is ReasonKind.SEMANTIC and not reason.data.get("item_id") and _vague(reason, named):
            fragments.append(_Fragment(reason.kind, reason.text, _SAYS_NOTHING, _content(reason)))
        elif reason.kind in _ASKED:
            worth = _ASKED[reason.kind] + min(reason.weight, 0.1)
            words = [str(word).lower() for word in reason.data.get("words") or reason.data.get("terms") or ()]
            if words and not any(word.isascii() == (voice.language != "zh") or word in said for word in words):
                worth = 0.1  # the word of a dictionary, which the user did not say
            elif words and all(word in title.lower() for word in words):
                worth = 0.1  # the title says so itself
            elif words:
                worth += 0.3
            fragments.append(_Fragment(reason.kind, reason.text, worth, _content(reason)))
    return fragments


def _vague(reason: Reason, named: bool) -> bool:
    """Tell whether likeness in meaning is all there is to say; ``named``: another reason names the words."""
    return named or not reason.data.get("words")


def _summary(voice: Voice, item: Item) -> str:
    """Return what an item is, where nothing else is left to say: its description's first sentence, or its facts.

    A sentence in another script than the answer's is not read out, and none is broken off in the middle of a clause.
    """
    sentence = plain(_SENTENCE_END.split(item.text("description", voice.language).strip(), maxsplit=1)[0])
    sentence = sentence.rstrip(".。!！")
    if sentence.isascii() != (voice.language != "zh") and sentence:
        return voice.values.series(_stated(voice, item))
    if len(sentence) <= _SUMMARY:
        return sentence
    ends = [match.start() for match in _CLAUSE.finditer(sentence[:_SUMMARY]) if match.start() >= _SUMMARY // 3]
    return sentence[: ends[-1]] if ends else voice.values.series(_stated(voice, item))


def _stated(voice: Voice, item: Item) -> list[str]:
    """Return a few of an item's own facts in words."""
    facts = []
    for name, value in item.facets.items():
        facet = voice.values.catalogue.facets.get(name)
        if facet is not None and facet.type in (FacetType.CATEGORY, FacetType.LIST, FacetType.NUMBER):
            facts.append(voice.values.phrase(name, value))
    return [fact for fact in facts if fact][:_FACTS]


def _content(reason: Reason) -> str:
    return f"{reason.kind} {sorted((key, str(value)) for key, value in reason.data.items() if key != 'similarity')}"


def _met(voice: Voice, reason: Reason, title: str) -> _Fragment:
    """Word a requirement that the item meets: with its number where it has one, as the lead names the rest."""
    name, actual = str(reason.data.get("field")), reason.data.get("actual")
    negative = str(reason.data.get("op")) in (Op.NE, Op.NOT_IN, Op.NOT_CONTAINS)
    if name in ("price", "category", "title") or actual is None or isinstance(actual, bool):
        return _Fragment(name, "", 0.0)
    value = tuple(actual) if isinstance(actual, list) else actual
    if isinstance(value, (int, float)):
        return _Fragment(name, voice.values.phrase(name, value), 0.8)
    if name == "brand":
        text = voice.values.show(name, value) if negative else ""
        text = "" if text in title else text
        return _Fragment(name, voice.say("item.brand", brand=voice.values.padded(text).rstrip()) if text else "", 0.3)
    if isinstance(value, tuple) and not negative:
        asked = reason.data.get("value")
        more = [one for one in value if one != asked and not (isinstance(asked, (list, tuple)) and one in asked)]
        values = voice.values.listing([voice.values.show(name, one) for one in more[:3]])
        # "good for travel", but "Crime", as values of a genre speak for themselves.
        label = voice.values.label(name)
        label = label if label.endswith(_LEADING) else ""
        return _Fragment(name, voice.say("item.also", label=label, values=values) if more else "", 0.5)
    return _Fragment(name, voice.values.phrase(name, value), 0.2 if negative else 0.0)


def _beyond(voice: Voice, found: Recommendation) -> list[_Fragment]:
    fragments = []
    for reason in found.reasons:
        if reason.kind not in _BEYOND:
            continue
        worth, topic = _BEYOND[reason.kind], str(reason.kind)
        if reason.kind is ReasonKind.ATTRIBUTE:
            topic = str(reason.data.get("field"))
            worth += {"best": 0.4, "top": 0.15}.get(str(reason.data.get("rank")), 0.0)
        fragments.append(_Fragment(topic, reason.text, worth + min(reason.weight, 0.1), _content(reason)))
    return fragments
