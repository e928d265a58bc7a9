"""Things wanted together: "a camera, a lens and a bag for 1500 altogether", "相机、镜头、包，一共一万以内".

Several kinds are one set when they stand in one list without an "or", and the message says so: by a word for a set, by
a sum for all of them, or because each is counted out ("a laptop and a mouse"). What is said between two joints belongs
to the thing that is named there; a sum without a thing, or behind the last one, is that of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.embedded.elements import Element
from agent.embedded.kinds import given_up
from agent.embedded.lexicon import Kind, Span
from agent.embedded.message import Message
from agent.embedded.quantities import Quantity, find_quantities
from agent.embedded.reading import Reading
from agent.embedded.set_words import beside_the_shops
from agent.embedded.text import normalise
from agent.embedded.unheard import runs
from agent.embedded.vocabulary import Vocabulary
from agent.ports import TurnContext
from core.conversation import ConversationState
from core.entities import Constraint, Op, Strength
from retrieval.constraints import mask

_SIGNS = frozenset(",，、;；:：\n+&。.")
_MOST = 12
"""Stretches of a message that are read one by one."""
_COUNTED = 4
"""Elements before a thing among which its article or count stands."""
_LONGEST = 3
"""Free words of a stretch that may name one thing."""
_NEAR = 6
"""Tokens between "complete" and "setup"."""
_ONE = frozenset({"a", "an", "one", "1", "my", "some"})
Reader = Callable[[TurnContext], Message]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a set."""

    text: str
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set as a message asks for it."""

    things: tuple[Thing, ...] = ()
    budget: float | None = None
    theme: str = ""
    """What it is for; without things the shop chooses them."""
    ignored: tuple[str, ...] = ()
    """Things that nothing in the shop answers to."""
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    message: Message
    words: tuple[Span, ...]

    def said(self, *roles: str) -> bool:
        return any(word.role(*roles) for word in self.words)

    @property
    def sums(self) -> list[Constraint]:
        return [c for c in self.message.needs.constraints if c.field == "price" and c.op in (Op.LE, Op.LT, Op.BETWEEN)]


def named_kinds(reading: Reading) -> list[tuple[Element, str]]:
    """Return the kinds of things that a message names and wants, in order."""
    found = []
    for element in reading.elements:
        entry = element.span.of(Kind.CATEGORY) if element.span else None
        if entry is None or element.past or element.negated or given_up(reading, element):
            continue
        if element.span is not None and element.span.entries[0].kind is not Kind.ITEM:
            found.append((element, entry.value))
    return found


def new_set(message: Message, vocabulary: Vocabulary, read: Reader) -> NewSet | None:
    """Return the set that a message asks for, or None.

    Args:
        message: as read.
        vocabulary: the shop's.
        read: reads a stretch of the message by itself.
    """
    reading = message.reading
    words = beside_the_shops(reading)
    kinds = _apart([value for _, value in named_kinds(reading)], vocabulary)
    marked = any(word.role("set", "total") for word in words)
    if len(kinds) < 2:
        return _for_a_purpose(message, words, kinds, vocabulary)
    if _alternatives(reading) or not (marked or _all_counted(reading) or _shared_budget(reading)):
        return None
    found = [_Stretch(read(_alone(message.context, text)), ()) for text in _stretches(reading, words, marked)]
    stretches = [replace(one, words=tuple(beside_the_shops(one.message.reading))) for one in found]
    made = _made(stretches, vocabulary)
    return made if len(made.things) > 1 else None


def _apart(kinds: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Return the kinds, each once, without those that another one belongs to."""
    once = list(dict.fromkeys(kinds))
    return [kind for kind in once if not any(kind != o and kind in vocabulary.categories[o][:-1] for o in once)]


def _alternatives(reading: Reading) -> bool:
    """Tell whether an "or" stands between two kinds."""
    at = [reading.elements.index(element) for element, _ in named_kinds(reading)]
    return any(element.role("or", "either") for element in reading.elements[at[0] : at[-1]])


def _all_counted(reading: Reading) -> bool:
    """Tell whether every kind is counted out: "a laptop and a mouse", "一台笔记本和一个鼠标"; never "laptops"."""

    def counted(element: Element) -> bool:
        at = reading.elements.index(element)
        for before in reversed(reading.elements[max(0, at - _COUNTED) : at]):
            if before.text in _SIGNS or before.role("and") or before.is_shop():
                return False
            if before.text in _ONE or (not before.text.isascii() and before.text.startswith("一")):
                return True
        return False

    return all(counted(element) for element, _ in named_kinds(reading))


def _shared_budget(reading: Reading) -> bool:
    """Tell whether a budget is named beside things that "and" joins."""
    at = [reading.elements.index(element) for element, _ in named_kinds(reading)]
    between = reading.elements[at[0] : at[-1]]
    return bool(reading.roles("money_limit")) and any(e.role("and") or e.text == "、" for e in between)


def _stretches(reading: Reading, words: Sequence[Span], marked: bool) -> list[str]:
    """Return the message cut at its joints; "with" joins only where a word tells of a set."""
    text = normalise(reading.text)
    joints = {at for word in words if word.role("joint") for at in range(word.start, word.end)}
    withs = {at for word in words if word.role("with") for at in range(word.start, word.end)}
    found: list[str] = []
    start = None
    for element in (*reading.elements, None):
        joint = element is None or element.text in _SIGNS or element.start in joints
        if element is not None and element.role("and"):
            joint = joint or marked or element.start not in withs
        if joint and start is not None:
            last = reading.elements[-1] if element is None else element
            end = len(text) if element is None else reading.tokens[last.start].start
            found.append(text[reading.tokens[start].start : end].strip())
            start = None
        elif not joint and start is None and element is not None:
            start = element.start
    return [one for one in found if one][:_MOST]


def _alone(context: TurnContext, text: str) -> TurnContext:
    """Return the turn with a stretch of its message alone: nothing said before counts."""
    return replace(context, message=text, state=ConversationState(language=context.language), on_screen=())


def _made(stretches: Sequence[_Stretch], vocabulary: Vocabulary) -> NewSet:
    kinds = [one.message.needs.category for one in stretches if one.message.needs.category]
    apart = set(_apart([str(kind) for kind in kinds], vocabulary))
    named = [one for one in stretches if one.message.needs.category in apart]
    budget, own = _budget(stretches, named, vocabulary)
    rest = [one for one in stretches if one not in named]
    shared = [c for one in rest for c in _shared(one)]
    ignored = [word for one in rest for word in _unanswered(one, vocabulary)]
    things = _once([_thing(one, own, shared, vocabulary) for one in named])
    theme = " ".join(dict.fromkeys(one.message.needs.text for one in rest if one.said("set", "whole"))).strip()
    currency = next((one.message.needs.currency for one in stretches if one.message.needs.currency), None)
    return NewSet(things, budget, theme, tuple(dict.fromkeys(ignored)), currency)


def _once(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Return the things, each kind once: "a laptop and a mouse, the laptop under 900" speaks of one laptop."""
    found: dict[tuple[str, ...], Thing] = {}
    for thing in things:
        kind = tuple(str(c.value) for c in thing.constraints if c.field == "category")
        before = found.get(kind)
        if before is not None:
            new = tuple(c for c in thing.constraints if c.field != "category")
            words = before.text if thing.text in before.text else f"{before.text} {thing.text}"
            thing = Thing(words[:300], (*before.constraints, *new))
        found[kind] = thing
    return tuple(found.values())


def _budget(
    stretches: Sequence[_Stretch], named: Sequence[_Stretch], vocabulary: Vocabulary
) -> tuple[float | None, list[_Stretch]]:
    """Return the sum for everything, and the stretches whose amounts are those of their own things."""
    own = [one for one in named if one.sums and not one.said("total")]
    if own and own[-1] is named[-1] and len(own) == 1 and not own[-1].said("each"):
        own = []  # behind the last thing: the sum of all
    sums = [one for one in stretches if one not in own]
    for one in sorted(sums, key=lambda each: not each.said("total")):
        if one.said("each"):
            continue
        if one.sums:
            return _most(one.sums[0]), own
        bare = amounts(one.message.reading, vocabulary, one.words)
        ends = one is stretches[-1] or one.said("total") or bool(one.message.reading.roles("money_limit", "at_most"))
        used = set() if one.said("total") else {c.text for c in one.message.needs.constraints}
        if bare and ends and not (bare[0].element and any(bare[0].element.text in text for text in used)):
            return bare[0].high, own
    return None, own


def amounts(reading: Reading, vocabulary: Vocabulary, words: Sequence[Span]) -> list[Quantity]:
    """Return the amounts of a message that may be a sum; "1200 in total" is no length in inches."""
    sums = {at for word in words if word.role("total") for at in range(word.start, word.end)}

    def bare(one: Quantity) -> bool:
        units = {at for e in reading.elements[one.start + 1 : one.end] for at in range(e.start, e.end)}
        return one.money or one.unit is None or bool(units & sums)

    found = find_quantities(reading, vocabulary)
    return [one for one in found if one.high and bare(one) and one.op not in (Op.GE, Op.GT)]


def _most(one: Constraint) -> float | None:
    value = one.value[-1] if isinstance(one.value, tuple) else one.value
    return float(value) if isinstance(value, int | float) else None


def _shared(one: _Stretch) -> list[Constraint]:
    """Return what a stretch without a thing asks of all of them; what only describes the set is a wish."""
    kept = [c for c in one.message.needs.constraints if c.field not in ("price", "category")]
    if one.said("each"):
        kept += one.sums
    return [replace(c, strength=Strength.WISH) for c in kept] if one.said("set", "whole") else kept


def _thing(one: _Stretch, own: Sequence[_Stretch], shared: Sequence[Constraint], vocabulary: Vocabulary) -> Thing:
    needs = one.message.needs
    priced = one in own or one.said("each")
    measured = {q.high for q in amounts(one.message.reading, vocabulary, one.words)} if one.said("total") else set()
    said = [c for c in needs.constraints if c.value not in measured]
    said = [c for c in said if c.field != "price" or priced or c not in one.sums]
    category = [c for c in said if c.field == "category" and c.op in (Op.EQ, Op.IN)]
    fields = {c.field for c in said}
    for extra in shared:
        trial = [*category, replace(extra, strength=Strength.MUST)]
        if extra.field not in fields and mask(vocabulary.catalogue, trial).any():
            said.append(extra)
    taken = {text for word in one.words for text in word.text.split()}
    words = " ".join(word for word in needs.text.split() if word not in taken)
    words = (words or str(needs.category or one.message.context.message))[:300]
    return Thing(words, tuple(said))


def _unanswered(one: _Stretch, vocabulary: Vocabulary) -> list[str]:
    """Return what a stretch names that is no kind of the shop: one thing of a list, in a few words."""
    needs, reading = one.message.needs, one.message.reading
    if one.said("set", "whole") or any(c.field != "price" for c in needs.constraints):
        return []
    taken = {text for word in one.words for text in (word.text.replace(" ", ""), *word.text.split())}
    free = [word for word in runs(reading, vocabulary.stopwords) if word not in taken]
    single = [e.text for e in reading.elements if e.span is None and e.number is None and not e.text.isascii()]
    if not free and len(single) == len(reading.elements) == 1:
        free = single
    return [" ".join(free)] if 0 < len(free) <= _LONGEST else []


def _for_a_purpose(
    message: Message, words: Sequence[Span], kinds: Sequence[str], vocabulary: Vocabulary
) -> NewSet | None:
    """Return a set of which only the purpose is said: "a complete desk setup", "配一套厨房用品"."""
    whole = [word for word in words if word.role("whole")]
    sets = [word for word in words if word.role("set")]
    listed = bool(kinds) and any(element.role("and") or element.text in "、:" for element in message.reading.elements)
    near = not listed and any(
        0 <= other.start - word.end <= _NEAR or other.start == word.start for word in whole for other in sets
    )
    if not near or message.references.ids:
        return None
    taken = {at for word in words for at in range(word.start, word.end)}
    told = [e for e in message.reading.elements if e.number is None and not taken.intersection(range(e.start, e.end))]
    said = [e.text for e in told if (e.is_shop() or e.tells()) and e.text not in vocabulary.stopwords]
    theme = " ".join(said) if message.context.message.isascii() else message.needs.text or "".join(said)
    budget, _ = _budget([_Stretch(message, tuple(words))], [], vocabulary)
    return NewSet((), budget, theme or " ".join(kinds), (), message.needs.currency) if said or kinds else None
