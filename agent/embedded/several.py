"""Messages that want several things: each part is decided by itself, and all of it is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.embedded.desk_slots import order_ids
from agent.embedded.desk_words import VERBS, read_desk
from agent.embedded.message import Message
from agent.ports import Decision, TurnContext
from core.conversation import Intent

_JOINTS = re.compile(
    r"[.;!?。；！？\n]+|[,，]\s*|\s+(?:and|also|plus|then)\s+|(?:另外|顺便|同时|然后|还有|还想|还要|再帮我|并且)",
    re.IGNORECASE,
)
"""Where one thing wanted may end and another begin."""
_GOODS = re.compile(
    r"\b(?:show me|recommend|suggest|looking for|do you (?:have|sell)|find me|i need an?|want to buy"
    r"|(?:get|buy|find|want|need)(?: me)? something)\b|推荐|有没有|有什么|想买|找一|再买|买个|买一|来个更|要个更",
    re.IGNORECASE,
)
"""Words that ask for goods; a change of an order names goods without asking for any."""
_ORDERS = ("order", "own", "refund", "where", "list")
"""What a part speaks of that is the desk's."""
_MOST = 12
"""Parts of a message that are looked at one by one."""
_FAMILIES: dict[Intent, str] = {
    **dict.fromkeys((Intent.COMPARE, Intent.EXPLAIN, Intent.DETAILS), "screen"),
    **dict.fromkeys(
        (
            Intent.ORDER_STATUS, Intent.CANCEL_ORDER, Intent.MODIFY_ORDER, Intent.RETURN, Intent.EXCHANGE,
            Intent.REFUND,
        ),
        "desk",
    ),
    Intent.POLICY: "policy",
    **dict.fromkeys((Intent.RECOMMEND, Intent.REFINE, Intent.SIMILAR), "shop"),
}  # fmt: skip
_ORDER = ("screen", "desk", "policy", "shop")
"""What is on screen is spoken of before it changes; new items come last, beside the question."""


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    decision: Decision
    family: str | None
    category: str | None = None
    """The kind of thing that it names."""

    @property
    def kind(self) -> bool:
        """Whether it names a kind of thing."""
        return self.category is not None


def all_of(
    message: Message, whole: Decision, read: Callable[[TurnContext], Message], decide: Callable[[Message], Decision]
) -> Decision:
    """Return a decision that does everything that a message wants; ``whole`` where it wants one thing.

    Args:
        message: the message as read.
        whole: the decision on it as a whole.
        read: reads a message.
        decide: decides on one.
    """
    state = message.context.state
    changes = any(call.name == "prepare_changes" for call in whole.calls)
    if changes and not _GOODS.search(message.context.message):
        return whole  # the things and values that a change names are those of the order
    if any(call.name == "recommend_set" for call in whole.calls):
        return whole  # its parts are those of one set
    if whole.rewind or state.awaiting or not _may_want_several(message, _family(whole)):
        return whole
    texts = [part for part in _JOINTS.split(message.context.message) if part and part.strip()][:_MOST]
    if len(texts) < 2:
        return whole

    def part(text: str) -> _Part:
        inner = read(replace(message.context, message=text))
        decision = decide(inner)
        return _Part(text, decision, _family_of_part(inner, decision), inner.needs.category)

    parts = _merged([part(text) for text in texts], part)
    families = [each.family for each in parts]
    if "desk" in families and any(each.family == "shop" and not each.kind for each in parts):
        if not all(_GOODS.search(each.text) for each in parts if each.family == "shop"):
            return whole
        parts = [_of_kind(each, parts, part) for each in parts]
    if None in families or len(set(families)) < 2:
        return whole
    parts.sort(key=lambda each: _ORDER.index(str(each.family)))
    calls = tuple(call for each in parts for call in each.decision.calls)
    intents = tuple(dict.fromkeys(intent for each in parts for intent in each.decision.intents))
    return Decision(intents, calls, confidence=min(each.decision.confidence for each in parts))


def _of_kind(one: _Part, parts: list[_Part], again: Callable[[str], _Part]) -> _Part:
    """Return a wish for goods with the kind of what goes back: "return the headphones and get something quieter"."""
    if one.family != "shop" or one.kind:
        return one
    kind = next((each.category for each in parts if each.family == "desk" and each.category), None)
    joined = again(f"{one.text} {kind}") if kind else one
    return joined if joined.family == "shop" else one


def _may_want_several(message: Message, family: str | None) -> bool:
    """Tell cheaply whether anything in a message points beyond what the whole was decided to be."""
    if family is None:
        return False
    on_screen = bool(message.cues & {"compare", "explain"})
    named = any(element.is_shop() for element in message.reading.elements)
    # "it's too heavy" is the reason of a return; who wants something else names its kind.
    wants = message.needs.category is not None or (named and family != "desk" and not message.needs.empty)
    if family == "shop":
        return on_screen or message.mentions_service
    if family == "screen":
        return wants or message.mentions_service
    return wants or on_screen or family == "desk"


def _family(decision: Decision) -> str | None:
    found = {_FAMILIES.get(intent) for intent in decision.intents}
    return next(iter(found)) if len(found) == 1 else None


def _family_of_part(message: Message, decision: Decision) -> str | None:
    """Return what a part wants, when it wants something by itself: no courtesy, and nothing only guessed."""
    family = _family(decision)
    if family is None or not decision.calls or decision.note:
        return None
    if family == "policy" and not message.needs.empty:
        return None  # a wish that only sounds like a question about the rules
    if family == "desk" and not _speaks_of_orders(message):
        return None  # so few words are guessed too easily: "不要HDR" cancels nothing
    named = any(element.is_shop() for element in message.reading.elements)
    if family == "shop" and (message.needs.empty or not named):
        return None
    return family


def _speaks_of_orders(message: Message) -> bool:
    desk = read_desk(message.context.message)
    return bool(desk.of(*VERBS, *_ORDERS) or order_ids(desk.text, digits=False))


def _merged(parts: list[_Part], again: Callable[[str], _Part]) -> list[_Part]:
    """Put parts together that want the same, and those that want nothing by themselves with the one before."""
    merged: list[_Part] = []
    for part in parts:
        before = merged[-1] if merged else None
        if before is None or (before.family is not None and part.family not in (None, before.family)):
            merged.append(part)
            continue
        joined = again(f"{before.text}, {part.text}")
        merged[-1] = joined if joined.family or before.family is None else replace(before, text=joined.text)
    if len(merged) > 1 and merged[0].family is None:
        merged = merged[1:]
    return merged
