"""What the MCP tools take; unknown arguments are refused, everything is bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.arguments import ConstraintArgument, ItemIdArgument, SortArgument
from tools.desk_arguments import DeskChange, Identify, OrderNumber, Short

MAX_LOOKED_UP = 20
"""Products in one answer."""

SessionId = Annotated[
    str,
    Field(max_length=200, description="as an earlier answer of this server gave it; leave it out for a new session"),
]
Tag = Annotated[str, Field(max_length=35, description="language of the answer: en or zh")]
Wish = Annotated[str, Field(min_length=1, max_length=2000, description="what the shopper needs, in their own words")]
Filters = Annotated[
    list[ConstraintArgument],
    Field(max_length=20, description="requirements on facets; the error names the shop's facets if one is unknown"),
]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Tag | None = None


class SearchCatalog(_Arguments):
    """Search by words and filters."""

    query: Annotated[str, Field(max_length=2000, description="words of the need; may be empty with filters")] = ""
    filters: Filters = []
    sort: Annotated[list[SortArgument], Field(max_length=5)] = []
    limit: Annotated[int, Field(ge=1, le=10)] = 10


class LookupCatalog(_Arguments):
    """Several products by id."""

    ids: Annotated[list[ItemIdArgument], Field(min_length=1, max_length=MAX_LOOKED_UP)]


class GetProduct(_Arguments):
    """One product by id."""

    id: ItemIdArgument


class Recommend(_Arguments):
    """One turn of a conversation."""

    need: Wish
    session_id: SessionId | None = None
    user: Annotated[str, Field(max_length=256, description="whose tastes count; it opens no orders")] | None = None
    filters: Filters = []


class Compare(_Arguments):
    """Products side by side."""

    ids: Annotated[list[ItemIdArgument], Field(min_length=2, max_length=6)]


class AskPolicies(_Arguments):
    """A question to the shop's policies."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]


class InSession(_Arguments):
    """A call that belongs to a customer's session."""

    session_id: SessionId | None = None


class OrderStatusCall(InSession):
    """An order, and who asks for it; a session that has verified the customer needs no proof again."""

    order_id: OrderNumber | None = None
    email: Short | None = None
    name: Short | None = None
    postcode: Annotated[str, Field(max_length=40)] | None = None


class PrepareCall(InSession):
    """Changes of orders, and who asks for them."""

    changes: Annotated[list[DeskChange], Field(min_length=1, max_length=10)]
    who: Identify = Field(Identify(), description="proof of who the customer is, unless the session has it already")


class ConfirmCall(_Arguments):
    """The customer's yes to what was read back."""

    session_id: SessionId
    confirmation_id: Annotated[str, Field(min_length=1, max_length=64, description="of what was read back")]
    confirmed: Annotated[
        Literal[True],
        Field(description="true only after the customer has been shown the read-back and has explicitly said yes"),
    ]


class DropCall(_Arguments):
    """The customer's no."""

    session_id: SessionId
