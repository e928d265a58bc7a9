"""Which lines of a customer's orders a text speaks of, and what it says of each.

A line is known by the names of its category (labels and synonyms of every language) and by its title as ordered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from commerce.records import Order, OrderLine
from core.entities import ItemId
from retrieval.catalogue import Catalogue
from retrieval.tokens import fold
from retrieval.tokens import stem as plain_stem

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_WIDE = re.compile(r"[一-鿿]")
_BREAK = re.compile(r"[,.;:!?，。；：！？、\n]|\b(?:and|but|plus|while|also|except|besides)\b|和|跟|以及|还有|另外")
_NEGATED = re.compile(
    r"(?:\b(?:not|except|except for|keep|keeping|besides|without|but not|other than|leave|forget|forget about|don't)"
    r"(?: \w+){0,2}\s*|不要|除了|别|保留|不包括)$"
)
CONNECTOR = re.compile(
    r"\b(?:to be|to|for|with|into|in exchange for|as|should be|instead|but|by)\b|换成|改成|改为|换|成|要"
)
_MANY = re.compile(r"\b(?:all|both|every|each|two|three|four|\d)\b(?:[\w' ]*)$|(?:全部|所有|两|都)\S{0,4}$")


@dataclass(frozen=True, slots=True)
class Held:
    """A line with the order that holds it."""

    order: Order
    line: OrderLine


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that a text speaks of."""

    held: tuple[Held, ...]
    """Every line that it may be."""
    before: str
    """What the text says right before its name."""
    after: str
    """What it says after, up to the next thing."""
    negated: bool = False
    many: bool = False
    """The text means all that there are."""
    start: int = 0


@dataclass
class _Names:
    """Squeezed names ("deskLamp" as "desklamp") and which categories answer to them."""

    whole: dict[str, set[str]] = field(default_factory=dict)
    parts: dict[str, set[str]] = field(default_factory=dict)
    wide: dict[str, set[str]] = field(default_factory=dict)


def stem(word: str) -> str:
    """Return a word's stem; "shelves" is "shelf"."""
    return plain_stem(f"{word[:-3]}f" if word.endswith("ves") and len(word) > 5 else word)


def held_by(orders: Iterable[Order]) -> list[Held]:
    """Return every line of some orders, each item of an order once."""
    return [Held(order, line) for order in orders for line in {line.item_id: line for line in order.items}.values()]


def mentions(text: str, held: Sequence[Held], catalogue: Catalogue) -> list[Mention]:
    """Return the things of some orders that a text names, in its order; the same thing named again adds to the first.

    Args:
        text: the customer's words.
        held: the lines that can be meant.
        catalogue: knows the categories and their other names.
    """
    low = fold(text)
    kinds = {id(one): _kind(one, catalogue) for one in held}
    found = _ids(low, held, catalogue) + _named(low, _names_of(held, kinds, catalogue))
    found.sort(key=lambda one: (one[0], -one[1]))
    places: list[tuple[int, int, frozenset[str]]] = []
    for start, end, known_as in found:
        if not places or start >= places[-1][1]:
            places.append((start, end, frozenset(known_as)))
    out: list[Mention] = []
    for at, (start, end, names) in enumerate(places):
        left = _boundary(low, places[at - 1][1] if at else 0, start)
        right = _boundary(low, end, places[at + 1][0]) if at + 1 < len(places) else len(low)
        lines = tuple(one for one in held if kinds[id(one)] in names or str(one.line.item_id) in names)
        # Named by its title, a thing is that one and not another of its kind.
        said = _TOKEN.findall(low[start:end])
        lines = tuple(one for one in lines if said and _title(one) == _squeezed(said)) or lines
        before, after = text[left:start], text[end:right]
        known = next((place for place, other in enumerate(out) if other.held == lines), None)
        if known is not None:
            again = _again(out[known], low, before, after, start)
            out[known] = replace(again, many=again.many or bool(_MANY.search(low[left:start])))
            continue
        surface = low[start:end]
        many = bool(_MANY.search(low[left:start])) or _plural(surface, lines, kinds, catalogue)
        out.append(
            Mention(
                lines, before, after, bool(_NEGATED.search(low[left - 12 if left > 12 else 0 : start])), many, start
            )
        )
    return [one for one in out if one.held]


def _title(one: Held) -> str:
    words = _TOKEN.findall(fold(re.split(r"[(,:]", one.line.title)[0]))
    return _squeezed(words) if words else ""


def _again(known: Mention, low: str, before: str, after: str, start: int) -> Mention:
    """Add what is said where a thing is named again: "my lamp for a black lamp"."""
    joined = bool(CONNECTOR.search(f" {known.after} ")) or bool(CONNECTOR.search(low[max(0, start - 40) : start]))
    word = "" if CONNECTOR.match(before.strip().lower()) or not joined else "to "
    return replace(
        known,
        negated=known.negated and bool(_NEGATED.search(low[max(0, start - 12) : start])),
        after=f"{known.after} {word}{before} {after}",
    )


def _boundary(low: str, start: int, end: int) -> int:
    """Return where the words about a thing begin: after the last break between it and the thing before."""
    if end < start:
        return start
    breaks = list(_BREAK.finditer(low, start, end))
    return breaks[-1].end() if breaks else start


def _kind(one: Held, catalogue: Catalogue) -> str:
    item = catalogue.item(one.line.item_id) if catalogue.has(one.line.item_id) else None
    path = item.category if item is not None else one.line.category
    return path[-1] if path else one.line.title


def _names_of(held: Sequence[Held], kinds: dict[int, str], catalogue: Catalogue) -> _Names:
    names = _Names()
    phrases: dict[str, set[str]] = {}
    for one in held:
        kind = kinds[id(one)]
        config = catalogue.shop.categories.get(kind)
        texts = {kind, re.split(r"[(,:]", one.line.title)[0]}
        if config is not None:
            texts |= {*config.label.values(), *(word for words in config.synonyms.values() for word in words)}
        phrases.setdefault(kind, set()).update(texts)
    for kind, texts in phrases.items():
        for text in texts:
            low = fold(text)
            if _WIDE.search(low):
                for part in re.findall(r"[一-鿿]{2,}", low):
                    names.wide.setdefault(part, set()).add(kind)
                continue
            words = _TOKEN.findall(low)
            if not words:
                continue
            names.whole.setdefault(_squeezed(words), set()).add(kind)
            for word in (words[-1], *(one for one in words[:-1] if len(one) > 2)):
                names.parts.setdefault(stem(word), set()).add(kind)
    lasts = {
        stem(_TOKEN.findall(fold(text))[-1])
        for texts in phrases.values()
        for text in texts
        if _TOKEN.findall(fold(text))
    }
    # A word that is not the head of a name stands for it only when no other thing and no facet of theirs has it.
    facets = {stem(word) for name in catalogue.facets for word in _TOKEN.findall(fold(name).replace("_", " "))}
    names.parts = {
        word: kinds_
        for word, kinds_ in names.parts.items()
        if word in lasts or (len(kinds_) == 1 and word not in facets)
    }
    return names


def _squeezed(words: Sequence[str]) -> str:
    return "".join([*words[:-1], stem(words[-1])])


def _named(low: str, names: _Names) -> list[tuple[int, int, set[str]]]:
    words = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(low)]
    found: list[tuple[int, int, set[str]]] = []
    at = 0
    while at < len(words):
        for length in (4, 3, 2, 1):
            part = words[at : at + length]
            known = names.whole.get(_squeezed([word for word, _, _ in part])) if len(part) == length else None
            if known is None and length == 1:
                known = names.parts.get(stem(part[0][0])) or _ending(stem(part[0][0]), names)
            if known:
                found.append((part[0][1], part[-1][2], known))
                at += length - 1
                break
        at += 1
    for name, kinds in names.wide.items():
        found += [(match.start(), match.end(), kinds) for match in re.finditer(re.escape(name), low)]
    return _joined(found, low)


def _ending(word: str, names: _Names) -> set[str] | None:
    """Return the things whose name is one word that ends in a longer word said: "watch" for "wristwatch"."""
    if len(word) < 4:
        return None
    return next((kinds for name, kinds in names.whole.items() if name.endswith(word) and name != word), None)


def _joined(found: list[tuple[int, int, set[str]]], low: str) -> list[tuple[int, int, set[str]]]:
    """Two words of one name side by side are one mention: "vacuum cleaner", "cycling helmet"."""
    out: list[tuple[int, int, set[str]]] = []
    for start, end, kinds in sorted(found, key=lambda one: (one[0], -one[1])):
        if out and not low[out[-1][1] : start].strip(" -") and start >= out[-1][1] and out[-1][2] & kinds:
            out[-1] = (out[-1][0], end, out[-1][2] & kinds)
        else:
            out.append((start, end, kinds))
    return out


def _ids(low: str, held: Sequence[Held], catalogue: Catalogue) -> list[tuple[int, int, set[str]]]:
    """Return the lines that a text names by an item's or a product's id."""
    found: list[tuple[int, int, set[str]]] = []
    for match in re.finditer(r"[a-z0-9][a-z0-9_-]{2,}", low):
        said = match.group()
        for one in held:
            item = catalogue.item(one.line.item_id) if catalogue.has(one.line.item_id) else None
            group = item.group_id if item is not None else None
            if said in (fold(one.line.item_id), fold(group or "")):
                found.append((match.start(), match.end(), {str(one.line.item_id)}))
    return found


def _plural(surface: str, lines: Sequence[Held], kinds: dict[int, str], catalogue: Catalogue) -> bool:
    """Tell whether a thing is named in the plural though its own name is singular."""
    word = surface.split()[-1] if surface.split() else ""
    own = {fold(kinds[id(one)]).split()[-1] for one in lines} if lines else set()
    return word.endswith("s") and not any(name.endswith("s") for name in own) and len(lines) > 1


def new_ids(text: str, old: Held, catalogue: Catalogue) -> ItemId | None:
    """Return the item that a text names by its id, to come instead of a line."""
    for said in re.findall(r"[a-z0-9][a-z0-9_-]{2,}", text.lower()):
        if catalogue.has(said) and said != old.line.item_id:
            return ItemId(said)
    return None
