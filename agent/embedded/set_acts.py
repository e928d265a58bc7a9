"""Acts on things wanted together: a set is asked for, one of its parts is to be another, left out or added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.embedded.desk_words import read_desk
from agent.embedded.message import Message
from agent.embedded.needs import Critique
from agent.embedded.requests import constraint_argument
from agent.embedded.set_words import beside_the_shops
from agent.embedded.sets import Reader, amounts, new_set
from agent.embedded.vocabulary import Vocabulary
from agent.ports import Decision, ToolCall
from core.conversation import Intent, WantedPart, WantedSet, Wants
from core.entities import Constraint, Item, ItemId, Op, Strength
from retrieval.constraints import mask

TOOL = "recommend_set"
_LOOKS = frozenset({"compare", "explain", "details", "similar", "handoff", "profile"})
"""What is asked about the items of a set is asked of items as ever."""


class SetActs:
    """Decides on messages about sets; immutable and thread-safe."""

    def __init__(self, read: Reader, vocabulary: Callable[[], Vocabulary]) -> None:
        """Use a reader of messages and the shop's vocabulary as it is now."""
        self._read = read
        self._vocabulary = vocabulary

    def change(self, message: Message) -> Decision | None:
        """Return the decision on a message that changes the set on screen, or None."""
        state = message.context.state
        held = state.wants.bundle
        if held is None or state.awaiting or state.desk.get("handoff"):
            return None
        looks = message.cues & _LOOKS
        if "compare" in looks and message.reading.roles("other"):  # "a different mouse" compares nothing
            looks = looks - {"compare"}
        if looks or message.cues & {"undo", "reset"} or read_desk(message.context.message).of("return"):
            return None
        arguments = _Change(message, held, self._vocabulary()).arguments()
        return Decision((Intent.REFINE,), (ToolCall(TOOL, arguments),)) if arguments else None

    def ask(self, message: Message) -> Decision | None:
        """Return the decision on a message that asks for a set, or None."""
        if message.cues & _LOOKS:
            return None
        found = new_set(message, self._vocabulary(), self._read)
        if found is None:
            return None
        arguments: dict[str, Any] = {
            "parts": [
                {"query": thing.text, "set": [constraint_argument(one) for one in thing.constraints]}
                for thing in found.things
            ][:8],
            "budget": found.budget,
            "theme": found.theme,
            "ignored": list(found.ignored)[:5],
            "currency": found.currency,
            "gift": bool(message.reading.roles("gift")) or None,
        }
        arguments = {name: value for name, value in arguments.items() if value not in ([], None, "")}
        return Decision((Intent.RECOMMEND,), (ToolCall(TOOL, arguments),))


def again(wants: Wants, confirm: str | None = None) -> ToolCall:
    """Return the call that answers what is wanted once more: a set, or one kind; ``confirm`` is what a yes confirms."""
    confirmed = {"confirm": [confirm]} if confirm is not None else {}
    return (
        ToolCall("recommend_items", {**confirmed, "again": True}) if wants.bundle is None else ToolCall(TOOL, confirmed)
    )


class _Change:
    """What a message changes about a set."""

    def __init__(self, message: Message, held: WantedSet, vocabulary: Vocabulary) -> None:
        self._message, self._held, self._vocabulary = message, held, vocabulary
        self._words = beside_the_shops(message.reading)
        self._chosen = {item.id: item for item in message.context.on_screen}

    def arguments(self) -> Mapping[str, Any] | None:
        """Return the tool's arguments, or None where the message speaks of something else."""
        named, others = self._named()
        gone = [at for at, unwanted in named if unwanted]
        meant = [at for at, unwanted in named if not unwanted] or self._pointed()
        if gone:
            return self._with_sum({"change": [{"part": at + 1, "drop": True} for at in dict.fromkeys(gone)]})
        if others:
            return self._added(others) if self._said("add") and not meant else None
        if meant:
            if self._said("mine") or "owned" in self._message.cues:
                return {"change": [{"part": at + 1, "drop": True} for at in dict.fromkeys(meant)]}
            changes = [change for at in dict.fromkeys(meant) if (change := self._of_part(at))]
            return {"change": changes} if changes else None
        return self._of_all()

    def _said(self, *roles: str) -> bool:
        return any(word.role(*roles) for word in self._words)

    # -- one part ------------------------------------------------------------------------------------------------------

    def _named(self) -> tuple[list[tuple[int, bool]], list[str]]:
        """Return the parts that are named by their kind, and whether each is turned down; and other kinds named."""
        found: list[tuple[int, bool]] = []
        others: list[str] = []
        for element in self._message.reading.elements:
            kinds = [e.value for e in element.span.entries if e.field == "category"] if element.span else []
            at = next((place for kind in kinds if (place := self._part_of(kind)) is not None), None)
            if at is not None:
                dropped = any(each.role("drop") for each in self._before(element))
                found.append((at, element.negated or dropped))
            elif kinds and not element.past and not element.negated and element.is_shop():
                others += kinds[:1] if not any(e.field != "category" for e in element.span.entries) else []  # type: ignore[union-attr]
        return found, others

    def _before(self, element: Any) -> Sequence[Any]:
        at = self._message.reading.elements.index(element)
        return self._message.reading.elements[max(0, at - 2) : at]

    def _part_of(self, kind: str) -> int | None:
        """Return the part that a kind of thing names: it, what it belongs to, or what belongs to it."""
        path = self._vocabulary.categories.get(kind, (kind,))
        for at, part in enumerate(self._held.parts):
            for own in _kinds(part):
                other = self._vocabulary.categories.get(own, (own,))
                if path[: len(other)] == other or other[: len(path)] == path:
                    return at
        return None

    def _pointed(self) -> list[int]:
        """Return the parts whose items the message points at: "the second one"."""
        references = self._message.references
        ids: Sequence[ItemId] = () if references.vague else references.ids
        return [at for at, part in enumerate(self._held.parts) if part.chosen in ids and part.chosen is not None]

    def _of_part(self, at: int) -> dict[str, Any] | None:
        needs, item = self._message.needs, self._item(at)
        wanted = [c for c in needs.constraints if c.field != "category" and not self._is_sum(c)]
        wanted += [bound for critique in needs.critiques if (bound := _beyond(critique, item)) is not None]
        asks = [constraint_argument(one) for one in wanted]
        sorts = [{"field": s.field, "direction": "highest" if s.descending else "lowest"} for s in needs.sorts]
        other = bool(self._said("swap") or self._message.reading.roles("other", "else") or needs.different)
        if not (asks or sorts or other):
            return None
        change = {"part": at + 1, "set": asks, "sort": sorts, "other": other and not asks}
        return {name: value for name, value in change.items() if value not in ([], False)}

    def _is_sum(self, one: Constraint) -> bool:
        return one.field == "price" and self._said("total")

    def _item(self, at: int) -> Item | None:
        chosen = self._held.parts[at].chosen
        return self._chosen.get(chosen) if chosen is not None else None

    def _added(self, kinds: Sequence[str]) -> dict[str, Any]:
        needs = self._message.needs
        said = [c for c in needs.constraints if c.field not in ("category", "price")]
        parts = []
        for kind in dict.fromkeys(kinds):
            category = Constraint("", "category", Op.EQ, kind, text=kind)
            own = [c for c in said if mask(self._vocabulary.catalogue, [category, _must(c)]).any()]
            parts.append({"query": kind, "set": [constraint_argument(one) for one in (category, *own)]})
        return self._with_sum({"add": parts})

    # -- the whole -----------------------------------------------------------------------------------------------------

    def _of_all(self) -> dict[str, Any] | None:
        needs = self._message.needs
        if needs.category is not None or (needs.unknown and needs.empty and not self._bare_sum()):
            return None
        if "price" in needs.dropped:
            return {"any_sum": True}
        cheaper = any(one.field == "price" and not one.higher for one in needs.critiques)
        cheaper = cheaper or any(one.field == "price" and not one.descending for one in needs.sorts)
        if cheaper:
            return {"cheaper": True}
        if self._said("total") and (budget := self._sum()) is not None:
            return {"budget": budget}
        changes = self._spread()
        if changes:
            return self._with_sum({"change": changes})
        if (budget := self._sum()) is not None:
            return {"budget": budget}
        if self._message.reading.roles("else", "other") and needs.empty:
            return {"change": [{"part": at + 1, "other": True} for at in range(len(self._held.parts))]}
        return None

    def _spread(self) -> list[dict[str, Any]]:
        """Return what is asked of everything, for the parts that can have it: "all in black", "lighter ones"."""
        needs = self._message.needs
        said = [c for c in needs.constraints if c.field not in ("price", "category")]
        found = []
        for at, part in enumerate(self._held.parts):
            kinds = [c for c in part.constraints if c.field == "category"]
            bounds = [bound for c in needs.critiques if (bound := _beyond(c, self._item(at))) is not None]
            own = [c for c in (*said, *bounds) if mask(self._vocabulary.catalogue, [*kinds, _must(c)]).any()]
            if own:
                found.append({"part": at + 1, "set": [constraint_argument(one) for one in own]})
        return found

    def _with_sum(self, arguments: dict[str, Any]) -> dict[str, Any]:
        budget = self._sum()
        return arguments if budget is None else {**arguments, "budget": budget}

    def _sum(self) -> float | None:
        """Return what everything may cost, when the message says so: "make it 1000", "一共八千以内"."""
        for one in self._message.needs.constraints:
            if one.field == "price" and one.op in (Op.LE, Op.LT, Op.BETWEEN, Op.EQ):
                value = one.value[-1] if isinstance(one.value, tuple) else one.value
                return float(value) if isinstance(value, int | float) else None
        return self._bare_sum()

    def _bare_sum(self) -> float | None:
        plain = amounts(self._message.reading, self._vocabulary, self._words)
        says = self._message.reading.roles("correction", "at_most", "money_limit", "less_than") or self._said("total")
        return plain[0].high if len(plain) == 1 and says else None


def _kinds(part: WantedPart) -> list[str]:
    """Return the categories that a part may be of."""
    values = [c.value for c in part.constraints if c.field == "category" and c.op in (Op.EQ, Op.IN)]
    return [str(one) for value in values for one in (value if isinstance(value, tuple) else (value,))]


def _beyond(critique: Critique, item: Item | None) -> Constraint | None:
    """Return the bound that "cheaper" sets on a part: beyond the item chosen for it."""
    value = getattr(item, critique.field, None) if critique.field in ("price", "rating") else None
    if item is not None and value is None:
        value = item.facets.get(critique.field)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return Constraint("", critique.field, Op.GT if critique.higher else Op.LT, float(value), text=critique.text)


def _must(one: Constraint) -> Constraint:
    return Constraint(one.id, one.field, one.op, one.value, one.unit, Strength.MUST)
