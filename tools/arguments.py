"""The arguments of tools as a model writes them; Pydantic validates, bounds and describes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.entities import Constraint, ItemId, Op, Sort, Strength

ItemIdArgument = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(max_length=2000)]
Scalar = bool | float | Annotated[str, Field(max_length=300)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConstraintArgument(_Arguments):
    """One thing that the shopper requires or wishes."""

    field: Annotated[str, Field(max_length=100, description="a facet of the shop, or price, brand, category, rating")]
    op: Op
    value: Scalar | Annotated[list[Scalar], Field(min_length=1, max_length=50)]
    unit: Annotated[str, Field(max_length=20)] | None = None
    strength: Strength = Strength.MUST
    text: Annotated[str, Field(max_length=200)] = Field("", description="the shopper's own words for it")

    def constraint(self, turn: int) -> Constraint:
        """Return it as a Constraint without an id."""
        value = tuple(self.value) if isinstance(self.value, list) else self.value
        return Constraint("", self.field, self.op, value, self.unit, self.strength, turn, self.text)  # type: ignore[arg-type]


class SortArgument(_Arguments):
    """One end of a numeric facet that is preferred."""

    field: Annotated[str, Field(max_length=100)]
    direction: Literal["highest", "lowest"]

    def sort(self) -> Sort:
        """Return it as a Sort."""
        return Sort(self.field, self.direction == "highest")


class RecommendItems(_Arguments):
    """Recommend items. Give only what the shopper's last message changes; everything said before is remembered."""

    set: Annotated[list[ConstraintArgument], Field(max_length=20)] = []
    remove: Annotated[list[str], Field(max_length=50, description="ids of constraints to forget")] = []
    query: Words | None = Field(None, description="the need in words; replaces the former words")
    sort: Annotated[list[SortArgument], Field(max_length=5)] | None = None
    like: Annotated[list[ItemIdArgument], Field(max_length=20)] = []
    dislike: Annotated[list[ItemIdArgument], Field(max_length=20)] = []
    exclude: Annotated[list[ItemIdArgument], Field(max_length=200)] = []
    anchors: Annotated[list[ItemIdArgument], Field(max_length=10)] | None = None
    gift: bool | None = Field(None, description="true when the item is for somebody else")
    limit: Annotated[int, Field(ge=1, le=10)] | None = None
    ignored: Annotated[list[str], Field(max_length=20)] = []
    currency: Annotated[str, Field(max_length=8)] | None = Field(
        None, description="code of the currency that an amount was said in, when it is not the shop's"
    )
    confirm: Annotated[list[str], Field(max_length=5, description="eligibility questions just answered with yes")] = []
    again: bool = Field(False, description="true to show what was seen already, where it fits best")


class SimilarItems(RecommendItems):
    """Recommend items like given ones, with further wishes."""

    like_items: Annotated[list[ItemIdArgument], Field(min_length=1, max_length=10)]


class SetPart(_Arguments):
    """One thing of a set."""

    query: Annotated[str, Field(min_length=1, max_length=300, description="what this part is, in words")]
    set: Annotated[list[ConstraintArgument], Field(max_length=10, description="what it must be or have")] = []


class PartChange(_Arguments):
    """What is to be different about one thing of the set that is spoken of."""

    part: Annotated[int, Field(ge=1, le=8, description="its place in the set, from 1")]
    set: Annotated[list[ConstraintArgument], Field(max_length=10)] = []
    sort: Annotated[list[SortArgument], Field(max_length=2)] = []
    other: bool = Field(False, description="true for another one than the one chosen")
    drop: bool = Field(False, description="true when the set is to do without it")


class RecommendSet(_Arguments):
    """Recommend items that go together, one for each part, for at most a budget in all ("a starter kit under 900")."""

    parts: Annotated[list[SetPart], Field(max_length=8, description="of a new set; empty for the one spoken of")] = []
    add: Annotated[list[SetPart], Field(max_length=4, description="to the set spoken of")] = []
    change: Annotated[list[PartChange], Field(max_length=8)] = []
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False, description="for all parts together")] | None = None
    any_sum: bool = Field(False, description="true when the budget no longer counts")
    cheaper: bool = Field(False, description="true when the set spoken of is to cost less")
    confirm: Annotated[list[str], Field(max_length=5, description="eligibility questions just answered with yes")] = []
    theme: Words | None = Field(None, description="what it is all for; without parts the shop chooses them")
    gift: bool | None = Field(None, description="true when it is for somebody else")
    ignored: Annotated[list[str], Field(max_length=20)] = []
    currency: Annotated[str, Field(max_length=8)] | None = None


class ItemIds(_Arguments):
    """Items that are spoken of."""

    item_ids: Annotated[list[ItemIdArgument], Field(min_length=1, max_length=10)]


class ItemDetails(ItemIds):
    """What the catalogue says of items."""

    fields: Annotated[list[str], Field(max_length=20, description="facets asked about; empty for all")] = []


class WhatReviewersSay(ItemIds):
    """What reviewers praise about items and what they complain of."""

    side: Literal["all", "praise", "complaints"] = "all"
    aspects: Annotated[list[str], Field(max_length=10, description="facets asked about; empty for all")] = []


class CompareItems(_Arguments):
    """Items side by side."""

    item_ids: Annotated[list[ItemIdArgument], Field(min_length=2, max_length=6)]


class SearchPolicies(_Arguments):
    """A question to the shop's policies."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]


class OrderStatus(_Arguments):
    """Where an order is. Needs order number and e-mail unless the customer is verified already."""

    order_id: Annotated[str, Field(max_length=60)] | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    postcode: Annotated[str, Field(max_length=40)] | None = None


class ShowProfile(_Arguments):
    """What is known of the user."""


class TasteArgument(_Arguments):
    """A value of a facet that somebody likes or dislikes."""

    field: Annotated[str, Field(max_length=100, description="a facet of the shop, or brand or category")]
    value: Annotated[str, Field(min_length=1, max_length=300)]


class ChangeProfile(_Arguments):
    """What the user says about their own lasting taste. Give only what the last message says."""

    likes: Annotated[list[TasteArgument], Field(max_length=10)] = []
    dislikes: Annotated[list[TasteArgument], Field(max_length=10)] = []
    forget: Annotated[list[TasteArgument], Field(max_length=10, description="what is to be remembered no more")] = []
    forget_items: Annotated[
        list[str], Field(max_length=10, description="ids of items whose being liked or not is to be remembered no more")
    ] = []


class ForgetUser(_Arguments):
    """Delete everything kept of the user. The first call asks; a call after their yes deletes."""

    keep: bool = Field(False, description="true when they were asked and said no")


class HandOff(_Arguments):
    """Give the conversation to a person."""

    summary: Annotated[str, Field(min_length=1, max_length=2000)]
    why: Literal["requested", "policy", "misunderstood", "anger", "risk"] = "requested"


def item_ids(ids: list[str]) -> tuple[ItemId, ...]:
    """Return ids as typed ones, each once."""
    return tuple(ItemId(item_id) for item_id in dict.fromkeys(ids))
