"""What a correction of a number is about: "no, I meant 800" after "under 500" bounds the same thing in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from agent.embedded.irony import is_ironic
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary
from core.entities import Constraint, FacetType, Op

_BOUNDS = (Op.LE, Op.LT, Op.GE, Op.GT, Op.EQ)


def corrected(reading: Reading, held: Sequence[Constraint]) -> Constraint | None:
    """Return the bound on a number that a correcting message speaks of: the latest; None when it corrects none."""
    if not reading.roles("correction"):
        return None
    bounds = (one for one in reversed(held) if one.op in _BOUNDS and _is_number(one))
    return next(bounds, None)


def meant_field(reading: Reading, before: Constraint | None, asked: str | None, vocabulary: Vocabulary) -> str | None:
    """Return the field that a bare number of a message is of: what it corrects, what was asked for, else the price.

    Args:
        reading: the message.
        before: the bound that it corrects, if any.
        asked: the field of the open question, if any.
        vocabulary: the shop's.
    """
    if before is not None:
        return before.field
    facet = vocabulary.catalogue.facets.get(asked) if asked else None
    numeric = facet is not None and facet.type is FacetType.NUMBER
    return "price" if not numeric and (reading.roles("correction") or is_ironic(reading)) else asked


def _is_number(constraint: Constraint) -> bool:
    return isinstance(constraint.value, int | float) and not isinstance(constraint.value, bool)
