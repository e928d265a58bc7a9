"""What governs the elements of a message: negations, hedges, "for", talk of the past, and how far each reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.embedded.elements import COMMAS, Element
from agent.embedded.lexicon import SHOP_KINDS, Kind

_FILLERS = frozenset("a an the any of such these those this that your 的 这 那 个 款 些".split())
_NEAR = 4
"""Elements after "for" among which the first thing that it governs is looked for."""


def govern(elements: Sequence[Element]) -> list[Element]:
    """Return the elements with what negations, hedges, "for" and talk of the past reach marked."""
    out = list(elements)
    for at, element in enumerate(elements):
        if element.role("negator", "exception") and not element.role("neutral") and not _says_other(elements, at):
            _negate(out, elements, at)
        if element.role("dispensable"):
            for index in _governed_before(elements, at):
                out[index] = replace(out[index], negated=True, hedged=True)
        if element.role("without_next", "without_last"):
            _negate_word(out, at)
        if element.role("past") and not _after_quantity(elements, at):
            _mark_past(out, at)
        if element.role("hedge"):
            _mark_hedged(out, at)
        if element.role("person"):
            _mark_others(out, at)
        for index in _purposes(elements, at):
            out[index] = replace(out[index], purpose=True)
    return out


def _says_other(elements: Sequence[Element], at: int) -> bool:
    """Tell whether "no" opens a correction ("no, I meant 800"), or says "number" ("size no 9")."""
    rest = [each for each in elements[at + 1 : at + 4] if each.text not in COMMAS]
    if rest and rest[0].role("correction"):
        return True
    following = next((each for each in elements[at + 1 : at + 3] if each.text != "."), None)
    return elements[at].text == "no" and at > 0 and elements[at - 1].is_shop() and bool(following and following.number)


def _negate(out: list[Element], elements: Sequence[Element], at: int) -> None:
    """Turn round what a negator reaches; one that trails makes plain what was softer: "not needed, rather not"."""
    for index in _negation_reach(elements, at):
        if index < at:
            # "没有X的就算了": what lacks it is turned down.
            twice = out[index].negated and not out[index].hedged and elements[at - 1].text == "的"
            out[index] = replace(out[index], negated=not twice, hedged=False)
        else:
            out[index] = replace(out[index], negated=not out[index].negated)


def _negate_word(out: list[Element], at: int) -> None:
    """Turn round the one word that an affix belongs to: "non-slip", "sugar free", "无糖"; not "free shipping"."""
    beside = at + 1 if out[at].role("without_next") else at - 1
    if not 0 <= beside < len(out) or out[beside].clause != out[at].clause or _names_kind(out[beside]):
        return
    if out[beside].is_shop() or (out[beside].span is None and out[beside].number is None and _tells(out[beside])):
        out[beside] = replace(out[beside], negated=True)


def _after_quantity(elements: Sequence[Element], at: int) -> bool:
    """Tell whether a number stands before: "2010年之前的" bounds years, "之前的" alone talks of the past."""
    before = elements[at - 1] if at else None
    return before is not None and (before.number is not None or bool(before.span and before.span.of(Kind.UNIT)))


def _mark_past(out: list[Element], at: int) -> None:
    """Mark the rest of a clause as told of the past, up to where the present begins: ", want a lighter one"."""
    for index in range(at + 1, len(out)):
        element = out[index]
        if element.clause != out[at].clause or element.role("now"):
            break
        following = out[index + 1] if index + 1 < len(out) else None
        wants = following is not None and following.span is not None and following.span.of(Kind.POLITE) is not None
        if wants and element.text in COMMAS:
            break
        out[index] = replace(element, past=True)


def _mark_others(out: list[Element], at: int) -> None:
    """Mark what others want, where the shopper's own wish follows: "my wife wants a red one, I want a black one"."""
    own = next((index for index in range(at + 1, len(out)) if _is_own_wish(out[index])), None)
    for index in range(at + 1, own or at):
        out[index] = replace(out[index], past=True)


def _is_own_wish(element: Element) -> bool:
    asks = element.span is not None and element.span.of(Kind.POLITE) is not None
    return asks and element.text.startswith(("i ", "i'", "我"))


def _mark_rest_of_clause(out: list[Element], at: int) -> None:
    index = at + 1
    while index < len(out) and out[index].clause == out[at].clause:
        out[index] = replace(out[index], hedged=True)
        index += 1


def _mark_hedged(out: list[Element], at: int) -> None:
    """Mark what a hedge softens: what follows ("ideally black"), or, where it trails, what it was added to."""
    index = at + 1
    while index < len(out) and out[index].clause == out[at].clause:
        if out[index].is_shop() or out[index].number is not None:
            break
        index += 1
    if index < len(out) and out[index].clause == out[at].clause:
        _mark_rest_of_clause(out, at)
        return
    for before in range(at - 1, -1, -1):
        if out[before].clause != out[at].clause or out[before].text in COMMAS:
            break
        out[before] = replace(out[before], hedged=True)


def _purposes(elements: Sequence[Element], at: int) -> list[int]:
    """Return what a "for" at a place governs; none where there is none."""
    if elements[at].role("for"):
        return _purposes_after(elements, at)
    return _purposes_before(elements, at) if elements[at].role("for_last") and _tells_more(elements, at) else []


def _purposes_after(elements: Sequence[Element], at: int) -> list[int]:
    """Return what "for" governs: the next phrase of the shop, and those of its kind that go on ("travel and work")."""
    found: list[int] = []
    for index in range(at + 1, len(elements)):
        element = elements[index]
        if element.clause != elements[at].clause or (not found and index > at + _NEAR):
            break
        if element.is_shop():
            if found and _field_of(element)[0] != _field_of(elements[found[0]])[0]:
                break
            found.append(index)
        elif found and not (element.role("or", "and") or element.text in COMMAS):
            break
    return found


def _tells_more(elements: Sequence[Element], at: int) -> bool:
    """Tell whether a thing follows a trailing "for": "书桌上的台灯", a lamp for the desk."""
    following = elements[at + 1] if at + 1 < len(elements) else None
    return following is not None and following.clause == elements[at].clause and (
        following.is_shop() or _tells(following)
    )  # fmt: skip


def _purposes_before(elements: Sequence[Element], at: int) -> list[int]:
    """Return what a trailing "for" governs: the phrases of the shop right before it."""
    found: list[int] = []
    for index in range(at - 1, max(-1, at - 1 - _NEAR), -1):
        element = elements[index]
        if element.clause != elements[at].clause or not (element.is_shop() or element.role("and", "or")):
            break
        found.append(index)
    return found


def _negation_reach(elements: Sequence[Element], at: int) -> list[int]:
    """Return what a negator governs: the next phrase of the shop and its continuation in a list; else the one before.

    "no Acme or Bolt, and no leather", "without a stand", "苹果不要".
    """
    following = elements[at + 1] if at + 1 < len(elements) else None
    if following is not None and following.role("too") and following.clause == elements[at].clause:
        return [index for index in (at + 2,) if index < len(elements)]  # "not too long": the degree alone
    first = _first_governed(elements, at)
    if first is None:
        return _governed_before(elements, at)
    words = [index for index in range(at + 1, first) if elements[index].span is None]
    if words and words[-1] == first - 1 and _names_kind(elements[first]) and _tells(elements[words[-1]]):
        return words  # "no retro mugs" turns retro ones down, not mugs
    first = _past_facet_name(elements, first)
    reached = [*words, first]
    kind, last = _field_of(elements[first]), first
    index = first + 1
    while index < len(elements) and elements[index].clause == elements[at].clause:
        element = elements[index]
        if element.role("negator", "exception", "but", "either"):
            break
        if element.is_shop() or (element.span is None and element.number is None and element.text.isalnum()):
            between = elements[last + 1 : index]
            any_kind = any(e.role("or") for e in between)
            joined = bool(between) and all(e.role("or", "and") or e.text in COMMAS for e in between)
            if not joined or not (any_kind or _field_of(element) == kind):
                break
            if _names_kind(element) and not any_kind and _is_pair(elements, last, index):
                break  # "not tablets, phones" wants phones
            reached.append(index)
            last = index
        index += 1
    return reached


def _is_pair(elements: Sequence[Element], one: int, other: int) -> bool:
    """Tell whether two things stand beside a comma and no third is listed with them."""
    comma = all(each.text in COMMAS for each in elements[one + 1 : other])
    rest = [each for each in elements[other + 1 :] if each.clause == elements[other].clause]
    return comma and not any(each.role("or", "and") or each.text in COMMAS for each in rest)


def _names_kind(element: Element) -> bool:
    return element.span is not None and element.span.of(Kind.CATEGORY) is not None


def _tells(element: Element) -> bool:
    """Tell whether a word that no phrase covers says something: it is no article and no sign."""
    return element.text.isalnum() and element.text not in _FILLERS


def _past_facet_name(elements: Sequence[Element], at: int) -> int:
    """Return the value that follows a facet's name ("not rated R" negates R), else the same place."""
    span = elements[at].span
    named = span.of(Kind.FACET) if span else None
    following = elements[at + 1] if at + 1 < len(elements) else None
    if named is None or following is None or following.span is None or following.clause != elements[at].clause:
        return at
    value = following.span.of(Kind.VALUE)
    return at + 1 if value is not None and any(e.field == named.field for e in following.span.entries) else at


def _first_governed(elements: Sequence[Element], at: int) -> int | None:
    free: int | None = None
    for index in range(at + 1, len(elements)):
        element = elements[index]
        if element.clause != elements[at].clause or element.role("negator", "but") or element.text in COMMAS:
            break
        if element.is_shop() or element.number is not None:
            return index
        if free is None and element.span is None and element.text.isalnum() and len(element.text) > 1:
            free = index
    return free


def _governed_before(elements: Sequence[Element], at: int) -> list[int]:
    """Return what a trailing negation governs: the phrase of the shop before it, and those that it is listed with."""
    found: list[int] = []
    for index in range(at - 1, -1, -1):
        element = elements[index]
        if element.clause != elements[at].clause or element.role("negator"):
            break
        if element.is_shop():
            if found and _field_of(element)[0] != _field_of(elements[found[-1]])[0]:
                break
            found.append(index)
            continue
        if found and not (element.role("or", "and") or element.text in COMMAS):
            break
        # "X is not needed, rather not": the second says the first once more.
        again = element.text in COMMAS and index and elements[index - 1].role("dispensable")
        if not found and element.text in COMMAS and not again:
            break
    if len(found) > 1 and not any(e.role("or", "and") for e in elements[found[-1] : found[0]]):
        return found[:1]
    return found


def _field_of(element: Element) -> tuple[str, str]:
    entry = element.span.of(*SHOP_KINDS) if element.span else None
    if entry is None:
        return ("free", "")
    field = entry.field if entry.kind in (Kind.VALUE, Kind.FACET) else ""
    return (str(entry.kind), field)
