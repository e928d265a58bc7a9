"""Parts of a message for the desk: an explicit yes, the things wanted one by one, what the new item must be."""

from __future__ import annotations

import re
from typing import Any

from agent.embedded.desk_slots import email_in, order_ids
from agent.embedded.desk_words import DeskReading, DeskWord
from agent.embedded.elements import Element
from agent.embedded.lexicon import Kind
from agent.embedded.message import Message
from agent.embedded.requests import constraint_argument
from agent.embedded.text import normalise, tokenize
from core.entities import Constraint

_SHORT_YES = 10
"""Words of a message that may still be a plain yes."""


def is_yes(message: Message, desk: DeskReading) -> bool:
    """Tell whether a message is an explicit yes and nothing else: no condition, no question, no further wish."""
    text = message.context.message
    words = [token for token in tokenize(text) if token.kind != "sign"]
    if "confirm" not in message.cues or message.cues & {"deny", "undo", "reset", "handoff"} or len(words) > _SHORT_YES:
        return False
    if any(sign in text for sign in "?？") or message.reading.roles("but", "negator") or desk.of("not"):
        return False
    return not (email_in(text) or any(char.isdigit() for char in text) or desk.has("change", "payment", "address"))


_STOP = re.compile(
    r"(?<=[.!?;:])\s+|[。！？；\n]|,? (?:and )?(?:also|lastly|finally|then|second|secondly|additionally),? "
)


_SOURCE = re.compile(r"(?:\b(?:to|with|as|into|at|use|be)\s+(?:be\s+)?(?:my|the|our)?\s*|(?:改成|改为|到|用)我?的?)$")
_CONDITION = re.compile(r"\b(?:if|unless|in case)\b[^,;.!?]*[,;]|(?:如果|要是|假如)[^，,。；]*[，,]")
_NOUN = re.compile(r"\b(?:the|a|an|this|that|any|each|full|after|total)\s+$")
_ALSO_NOUNS = frozenset(("return", "returns", "exchange", "exchanges", "change", "changes", "replace", "update"))
_WONDERING = re.compile(r"(?:\bwhether\b|\bable to\b|\beligible\b|能不能|可不可以)[^,.;，。；]*$")
_FALLBACK = re.compile(r"\b(?:not|no|n't|cannot|can't|unavailable|impossible|unable)\b|不|没|无法")


def wished(desk: DeskReading, verbs: list[DeskWord]) -> list[DeskWord]:
    """Return the verbs that ask for something: not those of a condition ("if you can cancel it, …") or of a doubt."""
    conditions = [match.span() for match in _CONDITION.finditer(desk.text)]
    return [
        verb for verb in verbs
        if not any(start <= verb.start < end for start, end in conditions)
        and not (_NOUN.search(desk.text[: verb.start]) and desk.text[verb.start : verb.end] in _ALSO_NOUNS)
        and not _WONDERING.search(desk.text[max(0, verb.start - 60) : verb.start])
    ]  # fmt: skip


def is_fallback(part: str) -> bool:
    """Tell whether a part is for the case that what was asked before it cannot be: "if not, cancel it"."""
    condition = _CONDITION.match(part.strip()) or re.match(r"(?:otherwise|or else|否则|不然)\b", part.strip())
    return condition is not None and bool(
        condition.group().startswith(("otherwise", "or else", "否则", "不然")) or _FALLBACK.search(condition.group())
    )


def parts_of(desk: DeskReading, verbs: list[DeskWord]) -> list[tuple[str, int, int]]:
    """Return (kind, start, end) for each thing wanted: a verb with its sentence, and what goes on about it."""
    starts = [0] * len(verbs)
    for at, verb in enumerate(verbs):
        before = verbs[at - 1].end if at else 0
        stops = [match.end() for match in _STOP.finditer(desk.text, before, verb.start)]
        starts[at] = stops[-1] if stops else (verb.start if at else 0)
        if at and not stops:
            starts[at] = verb.start
        elif at and len(stops) > 1 and not _begins_anew(desk.text[stops[0] : verb.start]):
            starts[at] = stops[-1]
        elif at:
            starts[at] = stops[0]
    parts: list[tuple[str, int, int]] = []
    for at, verb in enumerate(verbs):
        end = starts[at + 1] if at + 1 < len(verbs) else len(desk.text)
        kinds = _kinds(verb, desk, starts[at], end)
        if parts and kinds == [parts[-1][0]] and _goes_on(desk, verb, starts[at], end):
            parts[-1] = (parts[-1][0], parts[-1][1], end)  # said again with other words
        else:
            parts += [(kind, starts[at], end) for kind in kinds]
    return parts


def _begins_anew(between: str) -> bool:
    """Tell whether the sentences before a verb belong to it rather than to the one before: "For the chair, …"."""
    return bool(re.match(r"(?:for|as for|regarding|about|关于|至于)\b", between.strip()))


def _goes_on(desk: DeskReading, verb: DeskWord, start: int, end: int) -> bool:
    """Tell whether a verb only repeats the wish before it."""
    return start == verb.start and not order_ids(desk.text[start:end], digits=False)


def _kinds(verb: DeskWord, desk: DeskReading, start: int, end: int) -> list[str]:
    for plain in ("give_up", "cancel", "return"):
        if plain in verb.roles:
            return [plain]
    stop = _STOP.search(desk.text, verb.end, end)
    own = stop.start() if stop and not desk.text[stop.start() :].lstrip(", ").startswith("and also") else end
    if desk.within(max(start, verb.start - 12), own, ("address", "home", "account")) or ("address" in verb.roles):
        homes = [word for word in desk.of("account", "home") if start <= word.start < end]
        home = any(not _SOURCE.search(desk.text[: word.start]) for word in homes)
        order = any(start <= word.start < end for word in desk.of("order"))
        if home:
            return ["change_address", "change_home"] if order else ["change_home"]
        return ["change_address"]
    if "exchange" in verb.roles:
        return ["exchange"]
    if desk.within(start, end, ("method",)) and not re.search(r"\bitems?\b", desk.text[start:end]):
        return ["change_payment"]
    return ["change_items"]


def wishes_in(message: Message) -> list[dict[str, str]]:
    """Return what a reason wishes for: "too heavy" wants the lightest."""
    needs = message.needs
    wanted = [(critique.field, critique.higher) for critique in needs.critiques]
    wanted += [(sort.field, sort.descending) for sort in needs.sorts]
    return [{"field": name, "direction": "highest" if up else "lowest"} for name, up in dict.fromkeys(wanted)][:5]


def wanted_in(message: Message, part: str) -> list[dict[str, Any]]:
    """Return what the new item must be, as far as a part of the message says it."""
    inside = normalise(part)
    wanted: list[Constraint] = [
        one for one in message.needs.constraints
        if one.field not in ("category",) and (not one.text or normalise(one.text) in inside)
    ]  # fmt: skip
    return [constraint_argument(one) for one in wanted]


def payment_words(desk: DeskReading) -> str:
    """Return the words that name a payment method, with what stands around them (the last digits of a card)."""
    places = desk.of("payment")
    return desk.text[max(0, places[0].start - 20) : places[-1].end + 30]


def chosen_options(message: Message) -> list[str]:
    """Return the options that a message chooses: by ordinals or a lone number, or by their values or labels."""
    notes = message.context.state.desk
    options = [str(one) for one in notes.get("options") or ()]
    labels = [str(one) for one in notes.get("labels") or options]
    said = normalise(message.context.message).strip(" .!。！")
    for names in (options, labels):
        if any(normalise(name) == said for name in names):
            return [next(one for one, name in zip(options, names, strict=False) if normalise(name) == said)]
    named = [option for option, label in zip(options, labels, strict=False) if _holds(said, option, label)]
    if named:
        return list(dict.fromkeys(named))
    places = (_place(element, message, len(options)) for element in message.reading.elements)
    return list(dict.fromkeys(options[place] for place in places if place is not None))


def _holds(said: str, option: str, label: str) -> bool:
    return normalise(label) in said or (len(option) > 3 and normalise(option) in said)


def _place(element: Element, message: Message, count: int) -> int | None:
    entry = element.span.of(Kind.ORDINAL) if element.span else None
    number = int(entry.value) if entry else None
    lone = len([e for e in message.reading.elements if e.text.isalnum()]) == 1
    if number is None and element.number is not None and lone:
        number = int(element.number.value)
    if number is None or number == 0 or not -count <= number <= count:
        return None
    return number - 1 if number > 0 else number


def chosen_option(message: Message) -> str | None:
    """Return the one option that a message chooses, or None."""
    chosen = chosen_options(message)
    return chosen[0] if len(chosen) == 1 else None


def pieces_in(message: Message) -> int:
    """Return how many pieces a message speaks of; 1 when it does not say."""
    for element in message.reading.elements:
        number = element.number
        if number is not None and element.currency is None and number.value == int(number.value):
            if 1 <= number.value <= 99:
                return int(number.value)
    return 1
