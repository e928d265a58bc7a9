"""What a customer may ask for, what exactly it will do (the read-back), and the action that waits for a yes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from commerce.records import Address, OrderLine
from core.entities import ItemId

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Some pieces of one item of an order."""

    item_id: ItemId
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Swap:
    """Pieces of one item for as many of another."""

    item_id: ItemId
    new_item_id: ItemId
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel a whole order."""

    order_id: str
    reason: str = ""
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class ReturnItems:
    """Send items of a delivered order back; no refund method means the original one."""

    order_id: str
    items: tuple[Pieces, ...]
    refund_to: str | None = None
    reason: str = ""
    kind: Literal["return"] = "return"


@dataclass(frozen=True, slots=True)
class ExchangeItems:
    """Exchange items of a delivered order; the difference is paid or refunded with one method."""

    order_id: str
    swaps: tuple[Swap, ...]
    method: str | None = None
    reason: str = ""
    kind: Literal["exchange"] = "exchange"


@dataclass(frozen=True, slots=True)
class ChangeItems:
    """Replace items of an order that has not left yet."""

    order_id: str
    swaps: tuple[Swap, ...]
    method: str | None = None
    kind: Literal["change_items"] = "change_items"


@dataclass(frozen=True, slots=True)
class ChangeAddress:
    """Send an order that has not left yet somewhere else."""

    order_id: str
    address: Address
    kind: Literal["change_address"] = "change_address"


@dataclass(frozen=True, slots=True)
class ChangePayment:
    """Pay an order that has not left yet with another method."""

    order_id: str
    method: str
    kind: Literal["change_payment"] = "change_payment"


@dataclass(frozen=True, slots=True)
class ChangeHome:
    """Change the address that the shop holds for the customer."""

    address: Address
    kind: Literal["change_home"] = "change_home"


Change = CancelOrder | ReturnItems | ExchangeItems | ChangeItems | ChangeAddress | ChangePayment | ChangeHome


@dataclass(frozen=True, slots=True)
class MoneyMove:
    """Money that will move; ``amount`` is positive."""

    kind: Literal["payment", "refund"]
    amount: float
    currency: str
    method: str
    label: str = ""
    days: int = 0
    """Working days until a refund arrives; 0 is at once."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change as read back to the customer: exactly what will happen."""

    kind: str
    """The kind of the change."""
    order_id: str | None = None
    items: tuple[OrderLine, ...] = ()
    """What is cancelled, sent back or replaced."""
    new_items: tuple[OrderLine, ...] = ()
    """What comes instead, in the same order as ``items``."""
    moves: tuple[MoneyMove, ...] = ()
    address: Address | None = None
    policy: str | None = None
    """The section that the rule stands in, for the citation."""
    final: bool = False
    """Nothing more can be changed in the order afterwards."""


@dataclass(frozen=True, slots=True)
class PendingAction:
    """Changes that were read back and wait for an explicit yes."""

    key: str
    """Makes the execution happen once."""
    customer_id: str
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]
    """One for each change."""
    versions: Mapping[str, int]
    """Order number -> the version that was read back."""
    expires: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An action that was carried out."""

    key: str
    customer_id: str
    effects: tuple[Effect, ...]
    time: float
    repeated: bool = False
    """True when the same action had been carried out before and nothing was done now."""


def action_to_json(action: PendingAction) -> dict[str, Any]:
    """Return an action as plain JSON values, for ``ConversationState.desk``."""
    plain: dict[str, Any] = _actions().dump_python(action, mode="json")
    return plain


def action_from_json(value: Any) -> PendingAction | None:
    """Return the action in a conversation's notes; None when there is none that this version can read."""
    if value is None:
        return None
    try:
        return _actions().validate_python(value)
    except ValidationError as error:
        logger.warning(
            "a pending action cannot be read and is dropped: %s", error.errors(include_input=False)[0]["msg"]
        )
        return None


@cache
def _actions() -> TypeAdapter[PendingAction]:
    return TypeAdapter(PendingAction)
