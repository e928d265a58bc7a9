"""Tool calls for what a message asks: needs and references turned into changes of the wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from agent.embedded.message import Message
from agent.embedded.needs import Critique
from agent.embedded.vocabulary import Vocabulary
from agent.ports import ToolCall
from core.conversation import Wants
from core.entities import Constraint, Item, ItemId, Op, Sort, Strength, Value
from retrieval.catalogue import BUILT_IN
from retrieval.comparing import NEGATIONS
from retrieval.constraints import mask, rules_mask

_MAX_WORDS = 40
"""Words of the need that are kept; older ones go first."""


class Requests:
    """Makes the arguments of tool calls; immutable."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Use a shop's vocabulary."""
        self._vocabulary = vocabulary
        self._catalogue = vocabulary.catalogue

    def recommend(self, message: Message, *, fresh: bool) -> ToolCall:
        """Return the call for a need; ``fresh`` starts over, since another category is wanted now."""
        return ToolCall("recommend_items", self._arguments(message, fresh=fresh))

    def similar(self, message: Message, ids: Sequence[ItemId]) -> ToolCall:
        """Return the call for items like given ones, which stay out of the answer."""
        arguments = self._arguments(message, fresh=False, reference=ids)
        # The words that point at the item are no words of the need.
        arguments.pop("query", None)
        return ToolCall("similar_items", {**arguments, "like_items": list(ids), "exclude": list(ids)})

    def feedback(self, message: Message, ids: Sequence[ItemId], *, liked: bool, disliked: bool) -> ToolCall:
        """Return the call for liked, disliked or already owned items."""
        arguments = self._arguments(message, fresh=False, reference=ids)
        arguments.pop("query", None)
        if liked:
            arguments["like"] = list(ids)
        elif disliked:
            arguments["dislike"] = list(ids)
        return ToolCall("recommend_items", {**arguments, "exclude": [] if liked else list(ids)})

    def meant(self, message: Message, unknown: Sequence[str] = ()) -> ToolCall:
        """Return the call for a need in free words alone: the whole sentence tells the encoder more than its nouns.

        ``unknown`` are those of its words that nothing in the catalogue answers to.
        """
        arguments = self._arguments(message, fresh=False)
        if unknown:
            arguments["ignored"] = list(unknown)[:5]
        return ToolCall("recommend_items", {**arguments, "query": message.context.message.strip()[:400]})

    def more(self, message: Message) -> ToolCall:
        """Return the call for other items than those seen."""
        return ToolCall("recommend_items", {"exclude": list(message.context.state.seen)})

    def choose(self, message: Message, constraint: Constraint) -> ToolCall:
        """Return the call for an option of the open question."""
        chosen = replace(constraint, text=message.context.message.strip()[:200])
        return ToolCall("recommend_items", {"set": [constraint_argument(chosen)]})

    def summary(self, message: Message) -> str:
        """Return a short account of the conversation for a person."""
        said = [entry.content for entry in message.context.history if entry.role == "user"][-5:]
        return " | ".join([*said, message.context.message])[:1500]

    def continues(self, message: Message) -> bool:
        """Tell whether the category asked for refines or widens the one spoken of, and keeps the other wishes."""
        category = message.needs.category
        current = [
            c for c in message.context.state.wants.constraints if c.field == "category" and c.op in (Op.EQ, Op.IN)
        ]
        if category is None or not current:
            return not (current and self._elsewhere(message))
        paths = self._vocabulary.categories
        new = paths.get(category, (category,))
        values = current[-1].value if isinstance(current[-1].value, tuple) else (current[-1].value,)
        for value in values:
            old = paths.get(str(value), (str(value),))
            if new[: len(old)] == old or old[: len(new)] == new:
                return True
        return False

    def _elsewhere(self, message: Message) -> bool:
        """Tell whether a message asks for what only things of other kinds are: "do you have table lamps?"."""
        asked = message.needs.constraints
        if len(asked) != 1 or not message.polite or asked[0].op not in (Op.EQ, Op.CONTAINS):
            return False
        kind = [c for c in message.context.state.wants.constraints if c.field == "category" and c.op in (Op.EQ, Op.IN)]
        return self._possible(*asked) and not self._possible(*kind, *asked)

    def _arguments(self, message: Message, *, fresh: bool, reference: Sequence[ItemId] = ()) -> dict[str, Any]:
        needs, state = message.needs, message.context.state
        removed = self._removed(message, fresh)
        base = self._base(state.wants, removed, fresh)
        constraints = list(needs.constraints)
        sorts = list(needs.sorts)
        shown = self._reference_items(message, reference)
        for critique in needs.critiques:
            bound = self._critique(critique, shown, [*base.constraints, *constraints], state.seen)
            if bound is not None:
                removed = sorted({*removed, *self._overruled(bound, base.constraints, constraints)})
                constraints.append(bound)
            else:  # nothing is shown yet that it could be relative to
                sorts.append(Sort(critique.field, critique.higher))
        constraints += self._different(needs.different, shown)
        removed = sorted({*removed, *self._outdone(base.constraints, constraints)})
        arguments: dict[str, Any] = {
            "set": [constraint_argument(constraint) for constraint in constraints],
            "remove": removed,
            "query": _joined(base.text, needs.text),
        }
        if sorts or fresh:
            arguments["sort"] = [
                {"field": s.field, "direction": "highest" if s.descending else "lowest"} for s in sorts
            ]
        if fresh:
            arguments["anchors"] = []
        if message.reading.roles("else"):  # "none of these, it should be white"
            arguments["exclude"] = list(state.seen)
        if needs.count is not None:
            arguments["limit"] = needs.count
        if needs.currency is not None:
            arguments["currency"] = needs.currency
        if message.unheard:
            arguments["ignored"] = list(message.unheard)
        if gift := self._gift(message):
            arguments["gift"] = gift == "gift"
        return {
            name: value for name, value in arguments.items() if value not in ([], None) or name in ("anchors", "sort")
        }

    def _removed(self, message: Message, fresh: bool) -> list[str]:
        """Return the constraints that end: of fields to forget and, for a new category, of facets it does not have."""
        wants, needs = message.context.state.wants, message.needs
        gone = {c.id for c in wants.constraints if c.field in needs.dropped}
        if needs.category is not None:
            # What no item of the category asked for now can have was said of another kind of thing.
            category = Constraint("", "category", Op.EQ, needs.category)
            others = [c for c in wants.constraints if c.field not in BUILT_IN]
            gone |= {
                c.id for c in others if not mask(self._catalogue, [category, replace(c, strength=Strength.MUST)]).any()
            }
        if message.reading.roles("correction"):  # "no, I meant …": what was said of the same before no longer counts
            said = {c.field for c in needs.constraints if c.op not in NEGATIONS and c.field != "category"}
            gone |= {c.id for c in wants.constraints if c.field in said and c.op not in NEGATIONS}
        if fresh:
            keeps = {"price", "brand"} if "instead" in message.cues or message.reading.roles("but") else set()
            gone |= {c.id for c in wants.constraints if c.field not in keeps}
        return sorted(gone)

    def _possible(self, *constraints: Constraint) -> bool:
        return bool(mask(self._catalogue, constraints).any())

    def _base(self, wants: Wants, removed: Iterable[str], fresh: bool) -> Wants:
        kept = tuple(c for c in wants.constraints if c.id not in set(removed))
        return replace(wants, constraints=kept, text="" if fresh else wants.text)

    def _gift(self, message: Message) -> str | None:
        if message.reading.roles("myself"):
            return "myself" if message.context.state.wants.gift else None
        return "gift" if message.reading.roles("gift") else None

    def _reference_items(self, message: Message, reference: Sequence[ItemId]) -> tuple[Item, ...]:
        """Return what a critique is relative to: the items pointed at, else what is on screen."""
        explicit = message.references.ids if not message.references.vague else ()
        ids = reference or explicit
        return tuple(self._catalogue.items(ids)) if ids else message.context.on_screen

    def _critique(
        self, critique: Critique, shown: Sequence[Item], others: Sequence[Constraint], seen: Sequence[ItemId]
    ) -> Constraint | None:
        """Return the bound that a critique sets: beyond all shown; where nothing new lies there, beyond some."""
        values = sorted(v for item in shown if (v := _number(item, critique.field)) is not None)
        if not values:
            return None
        op = Op.GT if critique.higher else Op.LT
        unit = self._catalogue.facets[critique.field].unit
        rest = [c for c in others if c.field != critique.field]
        # From the far end back: the first bound under which there is something that was not shown already.
        bounds = [
            Constraint("", critique.field, op, value, unit, text=critique.text)
            for value in (reversed(values) if critique.higher else values)
        ]
        known = [self._catalogue.row(item_id) for item_id in seen if self._catalogue.has(item_id)]
        known += [self._catalogue.row(item.id) for item in shown]
        for bound in bounds:
            found = mask(self._catalogue, [*rest, bound]) & rules_mask(self._catalogue, self._catalogue.shop.rules)
            found[known] = False
            if found.any():
                return bound
        return bounds[0]

    def _overruled(self, bound: Constraint, earlier: Sequence[Constraint], new: Sequence[Constraint]) -> set[str]:
        """Return earlier bounds of the field that leave nothing beside the newer one: "bigger", then "smaller"."""
        own = {c.id for c in earlier if c.field == bound.field and c.strength is Strength.MUST}
        rest = [c for c in earlier if c.id not in own]
        if not own or self._possible(*earlier, *new, bound) or not self._possible(*rest, *new, bound):
            return set()
        return own

    def _outdone(self, earlier: Sequence[Constraint], new: Sequence[Constraint]) -> set[str]:
        """Return earlier requirements of a field that leave nothing beside the newer ones of it: red, then blue."""
        musts = [c for c in (*earlier, *new) if c.strength is Strength.MUST]
        fields = {c.field for c in new}
        own = {c.id for c in earlier if c.field in fields and c.strength is Strength.MUST}
        if not own or self._possible(*musts):
            return set()
        return own if self._possible(*(c for c in musts if c.id not in own)) else set()

    def _different(self, fields: Sequence[str], shown: Sequence[Item]) -> list[Constraint]:
        found: list[Constraint] = []
        for field in fields:
            values = dict.fromkeys(v for item in shown for v in _texts(item, field))
            if len(values) == 1:
                found.append(Constraint("", field, Op.NE, next(iter(values))))
            elif values:
                found.append(Constraint("", field, Op.NOT_IN, tuple(values)))
        return found


def constraint_argument(constraint: Constraint) -> dict[str, Any]:
    """Return a constraint as the arguments of a tool."""
    fields = asdict(constraint)
    value: Value = fields["value"]
    fields["value"] = list(value) if isinstance(value, tuple) else value
    return {name: fields[name] for name in ("field", "op", "value", "unit", "strength", "text")}


def _joined(before: str, new: str) -> str | None:
    words = list(dict.fromkeys((*before.split(), *new.split())))
    return " ".join(words[-_MAX_WORDS:]) or None


def _number(item: Item, field: str) -> float | None:
    value = getattr(item, field) if field in ("price", "rating") else item.facets.get(field)
    return float(value) if isinstance(value, int | float) else None


def _texts(item: Item, field: str) -> tuple[str, ...]:
    if field == "brand":
        return (item.brand,) if item.brand else ()
    if field == "category":
        return item.category[-1:]
    value = item.facets.get(field)
    if isinstance(value, tuple):
        return tuple(str(entry) for entry in value)
    return (value,) if isinstance(value, str) else ()
