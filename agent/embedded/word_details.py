"""Items spoken of: why they came up, what the catalogue says of them, how they compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.embedded.reasons import annotate, relate, shortened
from agent.embedded.word_degrees import superlative
from agent.embedded.word_items import head, remarks, spoken_of
from agent.embedded.word_markdown import opened
from agent.embedded.word_tradeoffs import Edge, advantages
from agent.embedded.word_values import fact
from agent.embedded.word_voice import Piece, Voice
from core.entities import Item, Reason, Recommendation, Value
from tools.results import Compared, ComparedFacet, Detailed, Explained

_ROWS = 10
_FACTS = 8
_DESCRIPTION = 320
_RELATED = 4
_PRAISES = 2


def explained(voice: Voice, found: Explained) -> Iterator[Piece]:
    """Word the full reasons of items, weightiest first, each with its source."""
    for nth, one in enumerate(found.items):
        texts: dict[str, Reason] = {}
        worded = annotate(one, voice.context.catalogue, voice.language).reasons
        for reason in sorted(worded, key=lambda reason: -reason.weight):
            if reason.text:
                texts.setdefault(reason.text, reason)
        if not texts:
            yield Piece(voice.say("why.none", nth, name=voice.linked(one.item, short=True)))
            continue
        yield Piece(voice.say("why.lead", nth, name=voice.linked(one.item, short=True), several=len(texts) > 1))
        for text, reason in texts.items():
            yield Piece(f"- {opened(voice.safe(text))}{_source(voice, reason)}", tight=True)
        if closing := remarks(voice, one).strip():
            yield Piece(closing)


def _source(voice: Voice, reason: Reason) -> str:
    key = f"source.{reason.source.type}"
    space = "" if voice.language == "zh" else " "
    return space + voice.say("source", source=voice.say(key)) if voice.has(key) else ""


def detailed(voice: Voice, found: Detailed) -> Iterator[Piece]:
    """Word what the catalogue says: the fields asked about, or a portrait of each item."""
    if found.asked:
        for nth, one in enumerate(found.items):
            several = len(found.items) > 1
            text = _answered(voice, one.item, found.asked, nth)
            yield Piece(f"- {text}" if several else text, tight=several)
        return
    for one in found.items:
        yield from _portrait(voice, one, found)


def _answered(voice: Voice, item: Item, fields: Sequence[str], nth: int) -> str:
    stated = [name for name in fields if fact(item, name) is not None]
    silent = [voice.values.label(name) for name in fields if name not in stated]
    sentences = []
    if stated:
        facts = voice.values.series([voice.safe(_asked(voice, item, name)) for name in stated])
        sentences.append(voice.say("details.asked", nth, name=voice.name(item), facts=facts))
    if silent:
        labels = voice.safe(voice.values.listing(silent, "or"))
        sentences.append(voice.say("details.silent", nth, name=voice.name(item), labels=labels, after=bool(stated)))
    return voice.paragraph(sentences)


def _asked(voice: Voice, item: Item, name: str) -> str:
    value = fact(item, name)
    if name == "stock" and isinstance(value, int):
        return voice.say("details.stock", count=value)
    if isinstance(value, bool) or name == "price":
        shown = voice.values.show(name, value, item.currency)
        return voice.say("value.labelled", label=voice.values.label(name), value=shown)
    if isinstance(value, (int, float, str, tuple)):
        return voice.values.phrase(name, value)
    return voice.say("value.labelled", label=voice.values.label(name), value=voice.values.show(name, value))


def _portrait(voice: Voice, one: Recommendation, found: Detailed) -> Iterator[Piece]:
    item, values = one.item, voice.values
    yield Piece(head(voice, item) + remarks(voice, one))
    if description := shortened(item.text("description", voice.language), _DESCRIPTION):
        yield Piece(voice.safe(description))
    lines = _portrait_lines(voice, item)
    for label, shown in lines:
        yield Piece(
            "- " + voice.say("details.line", label=opened(voice.safe(label)), value=voice.safe(shown)), tight=True
        )
    related = found.related.get(item.id, ())[:_RELATED]
    for nth, (relation, other) in enumerate(related):
        price = values.price(other)
        line = relate(values, relation, values.title(other))
        yield Piece(
            "- " + voice.safe(f"{opened(line)} · {price}" if price else opened(line)), tight=nth > 0 or not lines
        )


def _portrait_lines(voice: Voice, item: Item) -> list[tuple[str, str]]:
    names = ["brand", "category", *item.facets]
    lines = [(voice.values.label(name), voice.values.show(name, fact(item, name), item.currency)) for name in names]
    lines = [(label, shown) for label, shown in lines if shown][: _FACTS + 2]
    if item.rating is not None:
        rating = voice.values.number(round(item.rating, 1))
        count = voice.values.number(item.rating_count) if item.rating_count else ""
        lines.append((voice.values.label("rating"), voice.say("details.rating", rating=rating, count=count)))
    return lines


def compared(voice: Voice, found: Compared) -> Iterator[Piece]:
    """Word a comparison: a table with the best values bold, then the trade-offs in a sentence."""
    items = [one.item for one in found.items]
    rows = [row for row in found.facets if len(set(row.values)) > 1]
    same = [row for row in found.facets if len(set(row.values)) == 1 and row.values[0] is not None]
    yield Piece(voice.say("compare.lead", count=voice.values.count(len(items))))
    yield Piece(_table(voice, items, rows))
    sentences = [_verdict(voice, items)]
    if same:
        alike = voice.values.series(
            [voice.safe(voice.values.phrase(row.field, row.values[0])) for row in same if row.field != "category"][:4]
        )
        sentences.append(voice.say("compare.same", facts=alike) if alike else "")
    sentences += [voice.say("compare.sponsored", name=voice.name(one.item)) for one in found.items if one.disclosures]
    if text := voice.paragraph(sentences):
        yield Piece(text)


def _table(voice: Voice, items: Sequence[Item], rows: Sequence[ComparedFacet]) -> str:
    # Numbers are those of the list on screen, so that "the second" goes on meaning the same item.
    places = {item.id: f"{at + 1}. " for at, item in enumerate(voice.context.on_screen)}
    heads = (places.get(item.id, "") + voice.linked(item, short=True) for item in items)
    lines = ["| | " + " | ".join(heads) + " |"]
    lines.append("|" + " --- |" * (len(items) + 1))
    if any(item.price is not None for item in items) and all(row.field != "price" for row in rows):
        prices = [item.price for item in items]
        stated = [price for price in prices if price is not None]
        best = tuple(at for at, price in enumerate(prices) if price == min(stated)) if len(set(prices)) > 1 else ()
        rows = [ComparedFacet("price", tuple(prices), best), *rows]
    for row in rows[:_ROWS]:
        cells = [_cell(voice, items[at], row, at) for at in range(len(items))]
        lines.append(f"| {opened(voice.safe(voice.values.label(row.field)))} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(voice: Voice, item: Item, row: ComparedFacet, at: int) -> str:
    value: Value | None = row.values[at]
    shown = voice.safe(voice.values.show(row.field, value, item.currency))
    return f"**{shown}**" if shown and at in row.best else shown or "–"


def _verdict(voice: Voice, items: Sequence[Item]) -> str:
    """Return what speaks for each item, where something does."""
    asked = {one.field for one in voice.context.state.wants.constraints}
    asked |= spoken_of(voice, voice.context.message)
    found = advantages(items, voice.values, asked)
    clauses = []
    for position, item in enumerate(items):
        best = found.get(position, [])[:_PRAISES]
        if best:
            clauses.append(
                voice.say("compare.clause", name=voice.name(item), praises=_praises(voice, best, len(items)))
            )
    if not clauses:
        return voice.say("compare.even")
    return voice.say("compare.verdict", clauses=("；" if voice.language == "zh" else "; ").join(clauses))


def _praises(voice: Voice, best: Sequence[Edge], among: int) -> str:
    """Return "is the lightest (1.1 kg) and has the longest battery life (14 h)", each verb said once."""
    said: dict[bool, list[str]] = {True: [], False: []}
    for edge in best:
        degree = superlative(voice.values, edge.field, edge.low, among)
        shown = "" if edge.field == "price" else voice.safe(voice.values.show(edge.field, edge.value))
        said[degree.bare].append(voice.say("compare.praise", best=voice.safe(degree.text), value=shown))
    groups = [
        voice.say("compare.being" if bare else "compare.having", praises=_joined(voice, praises))
        for bare, praises in said.items()
        if praises
    ]
    return _joined(voice, groups)


def _joined(voice: Voice, parts: list[str]) -> str:
    return "，".join(parts) if voice.language == "zh" else voice.values.listing(parts)
