"""References to items: ordinals, names in part, "that one", "the cheaper one", "both"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.embedded.elements import Element
from agent.embedded.lexicon import Kind
from agent.embedded.needs import Needs
from agent.embedded.reading import Reading
from agent.embedded.text import tokenize
from agent.embedded.vocabulary import Vocabulary
from core.conversation import ConversationState
from core.entities import Item, ItemId

POINTING = frozenset({"compare", "explain", "similar", "details", "like", "dislike", "owned"})
"""Cues after which a plain number ("compare 1 and 3") points at the list on screen."""


_ORDINARY = 20
"""Numbers up to this may be places of a list."""


@dataclass(frozen=True, slots=True)
class References:
    """The items that a message points at, in its order."""

    ids: tuple[ItemId, ...] = ()
    vague: bool = False
    """True when only a pronoun points, and at several items."""
    named: bool = False
    """True when an item is named by its title, on screen or not."""
    out_of_range: bool = False
    """True when an ordinal points past the list."""


def resolve(
    reading: Reading, needs: Needs, state: ConversationState, on_screen: Sequence[Item], vocabulary: Vocabulary
) -> References:
    """Return what a message points at.

    Args:
        reading: the message.
        needs: what was read from it.
        state: before the turn.
        on_screen: the items shown, in order.
        vocabulary: the shop's.
    """
    shown = [item.id for item in on_screen]
    pointing = POINTING & set(reading.cues())
    found, missed = _placed(reading, shown, bool(pointing))
    named = _named(reading, needs, on_screen, vocabulary)
    found += named
    if not found and (relative := _relative(reading, on_screen)):
        found = [relative]
    if not found:
        found += _partly_named(reading, on_screen, bool(pointing))
    if found:
        return References(tuple(dict.fromkeys(found)), named=bool(named), out_of_range=missed)
    if missed:  # an ordinal past the list means none of it
        return References(out_of_range=True)
    if reading.roles("all_shown"):
        return References(tuple(shown))
    if reading.roles("it") or pointing:
        focus = state.focus or tuple(shown)
        return References(focus, vague=len(focus) > 1)
    return References()


def _placed(reading: Reading, shown: Sequence[ItemId], pointing: bool) -> tuple[list[ItemId], bool]:
    """Return the items that ordinals and places on screen point at, and whether one points past the list."""
    found: list[ItemId] = []
    missed = False
    for at, element in enumerate(reading.elements):
        position = _position(element, pointing, len(shown))
        following = reading.elements[at + 1] if at + 1 < len(reading.elements) else None
        counts = element.role("recent") and following is not None and following.number is not None
        if position is None or counts:  # "the last ten years"
            continue
        if -len(shown) <= position < len(shown):
            found.append(shown[position])
        elif element.number is None or "compare" in reading.cues():  # "is it under 500" points at nothing
            missed = True
    return found, missed


def refuses(reading: Reading) -> bool:
    """Tell whether everything shown is turned down without a reason: "I don't want any of those", "这几款不要"."""
    if any(element.negated and element.is_shop() for element in reading.elements):
        return False
    for at, element in enumerate(reading.elements):
        if element.role("negator") and not element.role("neutral"):
            near = reading.elements[max(0, at - 2) : at + 4]
            if any(each.role("all_shown", "it") and each.clause == element.clause for each in near):
                return True
    return False


def _position(element: Element, pointing: bool, size: int) -> int | None:
    """Return the place on screen that an element points at, from 0 (or from the end when negative)."""
    if element.span is not None and (entry := element.span.of(Kind.ORDINAL)):
        number = int(entry.value)
        return number - 1 if number > 0 else number
    number_read = element.number
    if pointing and number_read is not None and element.currency is None:
        value = number_read.value
        if value == int(value) and 1 <= value <= max(size, _ORDINARY):
            return int(value) - 1
    return None


def _named(reading: Reading, needs: Needs, on_screen: Sequence[Item], vocabulary: Vocabulary) -> list[ItemId]:
    """Return items named by title; a variant that is on screen goes before others of its product."""
    found: list[ItemId] = []
    for item_id in needs.items:
        item = vocabulary.catalogue.item(item_id)
        words = len([t for t in tokenize(item.title) if t.kind != "sign"])
        others = [e for e in reading.elements if e.is_shop() and e.span and not e.span.of(Kind.ITEM)]
        alone = not needs.unknown and not others
        generic = words == 1 and not alone and not POINTING & set(reading.cues())
        if generic:  # a one-word title in a sentence is more often just a word
            continue
        variants = [i.id for i in on_screen if i.id == item.id or (item.group_id and i.group_id == item.group_id)]
        found.append(variants[0] if variants else item.id)
    return found


def _relative(reading: Reading, on_screen: Sequence[Item]) -> ItemId | None:
    """Read "the cheaper one", "the lightest of them": a degree that selects among what is shown."""
    if not on_screen or not reading.roles("one", "all_shown", "it", "which"):
        return None
    asks = bool(reading.roles("which"))
    steps = {Kind.LOWER: False, Kind.LOWEST: False, Kind.HIGHER: True, Kind.HIGHEST: True}
    for at, element in enumerate(reading.elements):
        entry = element.span.of(*steps) if element.span else None
        following = reading.elements[at + 1 : at + 3]
        selects = asks or any(e.role("one", "all_shown", "it") for e in following)
        if entry is None or not selects:
            continue
        values = [(_number(item, entry.field), item.id) for item in on_screen]
        stated = [(value, item_id) for value, item_id in values if value is not None]
        if stated:
            pick = max(stated) if steps[entry.kind] else min(stated)
            return pick[1]
    return None


def _number(item: Item, field: str) -> float | None:
    value = getattr(item, field) if field in ("price", "rating", "stock") else item.facets.get(field)
    return float(value) if isinstance(value, int | float) else None


def _partly_named(reading: Reading, on_screen: Sequence[Item], pointing: bool) -> list[ItemId]:
    """Return the shown items that words of the message single out by their titles ("the Sony", "the blue one")."""
    if not pointing and not reading.roles("one", "it"):
        return []
    titles = {item.id: _words(item) for item in on_screen}
    found: list[ItemId] = []
    for element in reading.elements:
        if element.role("one", "it", "neutral") or (element.span and element.span.of(Kind.CUE, Kind.GRAMMAR)):
            continue
        words = {token.stem for token in tokenize(element.text) if token.kind != "sign"}
        owners = [item_id for item_id, title in titles.items() if words and words <= title]
        if len(owners) == 1 and len(on_screen) > 1:
            found.append(owners[0])
    return found


def _words(item: Item) -> set[str]:
    texts = [item.title, item.brand or "", *item.texts.get("title", {}).values()]
    texts += [str(value) for value in item.facets.values() if isinstance(value, str)]
    return {token.stem for text in texts for token in tokenize(text)}
