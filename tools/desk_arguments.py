"""The arguments of the service desk's tools, as a model writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from commerce.records import Address
from tools.arguments import ConstraintArgument, ItemIdArgument, SortArgument, Words

ChangeKind = Literal[
    "cancel", "return", "exchange", "change_items", "change_address", "change_payment", "change_home",
    "give_up",
]  # fmt: skip
OrderNumber = Annotated[str, Field(min_length=1, max_length=60)]
Short = Annotated[str, Field(max_length=200)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Identify(_Arguments):
    """What a customer says of who they are; what was said before is remembered."""

    order_id: OrderNumber | None = None
    email: Short | None = None
    name: Short | None = None
    postcode: Annotated[str, Field(max_length=40)] | None = None


class RefundStatus(_Arguments):
    """Where a refund is."""

    who: Identify = Identify()


class ListOrders(_Arguments):
    """The verified customer's orders."""


class AddressArgument(_Arguments):
    """A postal address; what is not said stays empty."""

    lines: Annotated[list[Short], Field(max_length=5, description="street, house, flat")] = []
    city: Short = ""
    state: Short = ""
    country: Short = ""
    postcode: Annotated[str, Field(max_length=40)] = ""

    def record(self) -> Address:
        """Return it as an Address."""
        return Address(tuple(self.lines), self.city, self.state, self.country, self.postcode)


class DeskItem(_Arguments):
    """An item of an order, by its id or as the customer calls it, and what is to come instead."""

    item_id: ItemIdArgument | None = None
    words: Annotated[str, Field(max_length=500, description="what the customer calls it")] = ""
    position: Annotated[int, Field(ge=-1, le=50, description="its place in the order, from 1; -1 is the last")] = 0
    quantity: Annotated[int, Field(ge=1, le=1000)] | None = None
    new_item_id: ItemIdArgument | None = Field(None, description="what comes instead, if the customer chose it")


class DeskChange(_Arguments):
    """One change that the customer asks for; leave out what they have not said."""

    kind: ChangeKind
    order_id: OrderNumber | None = None
    items: Annotated[list[DeskItem], Field(max_length=50)] = []
    all_items: bool = False
    reason: Annotated[str, Field(max_length=500)] | None = None
    method: Annotated[str, Field(max_length=500, description="payment method, in words")] | None = None
    address: AddressArgument | None = None
    home: bool = Field(False, description="to the address that the shop holds for the customer")
    set: Annotated[list[ConstraintArgument], Field(max_length=20, description="what the new item must be")] = []
    wishes: Annotated[list[SortArgument], Field(max_length=5, description="what the reason wishes for instead")] = []
    words: Words = Field("", description="the customer's words for this change")
    picks: Annotated[list[Short], Field(max_length=50, description="lines chosen of those offered")] = []
    whole: Annotated[list[OrderNumber], Field(max_length=20, description="orders to cancel as a whole")] = []
    kept: Annotated[list[OrderNumber], Field(max_length=20, description="orders to leave alone")] = []
    fallback: bool = Field(False, description="only for the case that what is asked for before it is not possible")
    hint: Annotated[str, Field(max_length=500, description="what else was said to tell things apart")] = ""


class PrepareChanges(_Arguments):
    """Changes of the customer's orders; nothing is written before the customer has confirmed what is read back."""

    changes: Annotated[list[DeskChange], Field(max_length=10)] = []
    who: Identify = Identify()
    amend: Annotated[str, Field(max_length=1000, description="a correction of what was begun, in words")] = ""
    skip: bool = Field(False, description="true leaves out the change that was asked about last")
    answers: bool = Field(False, description="true when the change completes what was asked for last")
    replace: bool = Field(False, description="true drops what was begun before")


class ConfirmChanges(_Arguments):
    """The customer's explicit yes to what was read back."""


class DropChanges(_Arguments):
    """The customer's no."""


class TakeBack(_Arguments):
    """The customer wants the assistant again, not a person."""


class CartItem(_Arguments):
    """Pieces of an item; 0 takes it out."""

    item_id: ItemIdArgument
    quantity: Annotated[int, Field(ge=0, le=1000)] = 1


class PutInCart(_Arguments):
    """Put items into the cart."""

    items: Annotated[list[CartItem], Field(min_length=1, max_length=20)]


class ShowCart(_Arguments):
    """What is in the cart, and where it is paid."""


class ShowHistory(_Arguments):
    """What the desk did for the customer before."""

    kind: Annotated[str, Field(max_length=40, description="only this kind of change")] = ""
    who: Identify = Identify()


class AskSatisfaction(_Arguments):
    """Whether the request was settled well; asked once, after it was."""


class RateService(_Arguments):
    """The customer's answer to whether they are satisfied."""

    score: Annotated[int, Field(ge=1, le=5)]


class NoteRestock(_Arguments):
    """The customer wants to be told when something is there again; leave the id out for what was just missed."""

    item_id: ItemIdArgument | None = None
    who: Identify = Identify()


class GoodsForOrder(_Arguments):
    """Goods for something that the customer bought: a case for the phone of an order."""

    words: Annotated[str, Field(max_length=500, description="what the customer calls what they bought")] = ""
    set: Annotated[list[ConstraintArgument], Field(max_length=20, description="what the goods must be")] = []
    who: Identify = Identify()
