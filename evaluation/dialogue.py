"""One simulated dialogue, and what is kept of it for the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.entities import Constraint, ItemId, Language
from evaluation.sellers import Seller, Turn
from evaluation.simulator import Offer, Shopper
from retrieval.catalogue import Catalogue
from retrieval.constraints import mask, satisfied

TURNS = 5
"""A shopper gives up after so many answers."""


@dataclass(frozen=True)
class Exchange:
    """One message and its answer."""

    message: str
    items: tuple[ItemId, ...]
    question: str | None
    repeated: bool
    """The question was asked before, or its answer had been given."""
    broken: int
    """Shown items that break a must that the seller itself holds."""
    missed: int
    """Shown items that break something that the shopper has required and stands by."""
    found: int | None
    """The place (from 0) of the first wanted item among the shown; None when there is none."""
    required: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Trace:
    """One dialogue."""

    seller: str
    shopper: int
    """The number of the shopper: the same for all paraphrases and sellers."""
    paraphrase: int
    language: Language
    target: ItemId
    exchanges: tuple[Exchange, ...]

    @property
    def success(self) -> bool:
        """Whether a wanted item was shown."""
        return bool(self.exchanges) and self.exchanges[-1].found is not None

    @property
    def items_seen(self) -> int:
        """How many items the shopper looked at, up to and with the wanted one."""
        before = sum(len(exchange.items) for exchange in self.exchanges[:-1])
        last = self.exchanges[-1]
        return before + (len(last.items) if last.found is None else last.found + 1)

    def plain(self) -> dict[str, Any]:
        """Return the trace as plain JSON values."""
        return {**asdict(self), "success": self.success}


async def converse(seller: Seller, shopper: Shopper, catalogue: Catalogue) -> tuple[Exchange, ...]:
    """Let a shopper talk to a seller until a wanted item is shown, or for five turns.

    Raises:
        LeakError: the shopper was about to name its target.
    """
    exchanges: list[Exchange] = []
    message, asked = shopper.opening(), set[str]()
    for _ in range(TURNS):
        answered = asked | {name for name in shopper.told if name in shopper.knows}
        turn = await seller.answer(message)
        exchange = _exchange(message, turn, shopper, catalogue, answered)
        exchanges.append(exchange)
        if exchange.found is not None or len(exchanges) == TURNS:
            break
        asked |= {turn.question} if turn.question else set()
        message = shopper.react(Offer(turn.items, turn.question))
    return tuple(exchanges)


def _exchange(message: str, turn: Turn, shopper: Shopper, catalogue: Catalogue, answered: set[str]) -> Exchange:
    rows = [catalogue.row(item_id) for item_id in turn.items]
    required = shopper.required()
    wanted = (place for place, item_id in enumerate(turn.items) if shopper.wants(item_id))
    fits = np.ones(len(catalogue), dtype=np.bool_)
    for each in required:
        fits &= satisfied(catalogue, each)
    return Exchange(
        message=message,
        items=turn.items,
        question=turn.question,
        repeated=turn.question in answered,
        broken=int(np.count_nonzero(~mask(catalogue, turn.constraints)[rows])),
        missed=int(np.count_nonzero(~fits[rows])),
        found=next(wanted, None),
        required=_written(required),
        held=_written(turn.constraints),
        text=turn.text,
    )


def _written(constraints: Sequence[Constraint]) -> tuple[str, ...]:
    return tuple(f"{each.field} {each.op} {each.value} ({each.strength})" for each in constraints)
