"""Other readings of a message, for when nothing in the catalogue has everything that the first one requires."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.embedded.lexicon import Entry, Kind
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary
from core.entities import Constraint, FacetType, Op, Strength
from retrieval.constraints import mask

Read = tuple[list[Constraint], list[Constraint]]
"""What a message requires: of the kind of thing, and of everything else."""


@dataclass(frozen=True)
class Otherwise:
    """What else a message may mean."""

    reading: Reading
    vocabulary: Vocabulary
    held: Sequence[Constraint]
    """What was required before."""
    others: Mapping[tuple[str, str], Sequence[Entry]]
    """By facet and value: what else the value's word may name."""
    guessed: Collection[tuple[str, str]]
    """Facet and value of what was not said outright: a purpose, a part of a name."""

    def found(self, categories: list[Constraint], constraints: list[Constraint]) -> Read | None:
        """Return another reading under which some item has everything; None where there is none, or no need of one."""
        if self._possible(categories, constraints):
            return None
        return next((read for read in self._readings(categories, constraints) if self._possible(*read)), None)

    def _possible(self, categories: Sequence[Constraint], constraints: Sequence[Constraint]) -> bool:
        said = {constraint.field for constraint in (*categories, *constraints)}
        # A kind newly asked for begins anew; what was required before stands beside anything else.
        before = [] if categories else [c for c in self.held if c.field not in said]
        return bool(mask(self.vocabulary.catalogue, [*before, *categories, *constraints]).any())

    def _readings(self, categories: list[Constraint], constraints: list[Constraint]) -> Iterator[Read]:
        """Yield the readings: guesses as wishes, then words for what else they name."""
        yield categories, [replace(c, strength=Strength.WISH) if self._is_guess(c) else c for c in constraints]
        for at, one in enumerate(constraints):
            for other in self.others.get((one.field, str(one.value)), ()):
                yield categories, [*constraints[:at], self._as(one, other), *constraints[at + 1 :]]
        for at, one in enumerate(categories):
            for other in self._values_of_kind(one):
                yield [*categories[:at], *categories[at + 1 :]], [*constraints, self._as(one, other)]

    def _as(self, one: Constraint, other: Entry) -> Constraint:
        """Return a requirement with its word taken for the value of another facet."""
        is_list = self.vocabulary.catalogue.facets[other.field].type is FacetType.LIST
        return replace(one, field=other.field, op=Op.CONTAINS if is_list else Op.EQ, value=other.value)

    def _is_guess(self, one: Constraint) -> bool:
        values = one.value if isinstance(one.value, tuple) else (one.value,)
        return any((one.field, str(value)) in self.guessed for value in values)

    def _values_of_kind(self, category: Constraint) -> list[Entry]:
        """Return the values that the word for a kind names as well, those that most items have first."""
        found: dict[Entry, int] = {}
        for element in self.reading.elements:
            entries = element.span.entries if element.span and not element.negated else ()
            if any(each.kind is Kind.CATEGORY and each.value == category.value for each in entries):
                count = self.vocabulary.count_of
                found |= {e: count(e.field, e.value, None) for e in entries if e.kind is Kind.VALUE}
        return sorted(found, key=lambda entry: -found[entry])
