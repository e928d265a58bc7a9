"""What turned down items have in common: a wish that nobody said, concluded with care, told and undoable."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from core.conversation import Wants
from core.entities import Constraint, FacetType, Item, Op, Strength, Value
from retrieval.catalogue import Catalogue
from retrieval.constraints import mask, satisfied

ENOUGH = 3
"""Items that must have been turned down before anything is concluded."""
CHANCE = 0.1
"""So improbable must it be that as many items share a value by chance."""
LEFT = 5
"""Items that must remain without the value."""
_KINDS = (FacetType.CATEGORY, FacetType.LIST, FacetType.BOOLEAN)


def concluded(
    catalogue: Catalogue,
    wants: Wants,
    refused: Sequence[Item],
    accepted: Sequence[Item],
    without: Collection[str] = (),
) -> Constraint | None:
    """Return the wish against what all refused items share, no accepted one has, and most that fits does not.

    Args:
        catalogue: the catalogue.
        wants: what is wanted; fields that are spoken of there are left alone.
        refused: items turned down.
        accepted: items liked.
        without: further fields to leave alone.
    """
    if len(refused) < ENOUGH:
        return None
    settled = {constraint.field for constraint in wants.constraints} | set(without)
    fits = mask(catalogue, wants.constraints)
    best: tuple[float, Constraint] | None = None
    for name, facet in catalogue.facets.items():
        if name in settled or not facet.ask or facet.type not in _KINDS or name == "category":
            continue
        for value in _shared(refused, name):
            if any(value in _values(item, name) for item in accepted):
                continue
            has = Constraint("", name, Op.CONTAINS if facet.type is FacetType.LIST else Op.EQ, value)
            share = float(np.mean(satisfied(catalogue, has)[fits])) if fits.any() else 1.0
            left = int(np.count_nonzero(fits & ~satisfied(catalogue, has)))
            chance = share ** len(refused)
            if chance <= CHANCE and left >= LEFT and (best is None or chance < best[0]):
                best = (chance, _against(has, value))
    return best[1] if best else None


def _against(has: Constraint, value: Value) -> Constraint:
    if isinstance(value, bool):
        return Constraint("", has.field, Op.EQ, not value, strength=Strength.WISH)
    op = Op.NOT_CONTAINS if has.op is Op.CONTAINS else Op.NE
    return Constraint("", has.field, op, value, strength=Strength.WISH)


def _shared(items: Sequence[Item], name: str) -> list[Value]:
    first, *others = ([*_values(item, name)] for item in items)
    return [value for value in first if all(value in other for other in others)]


def _values(item: Item, name: str) -> tuple[Value, ...]:
    value = item.brand if name == "brand" else item.facets.get(name)
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, tuple) else (value,)
