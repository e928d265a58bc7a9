"""What tools return: a short text for a model, typed evidence for the writer, and a change for the agent to merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.conversation import StateChange, Wants
from core.entities import Constraint, Item, Language, Passage, Ranking, Recommendation, Value
from core.events import Action


@dataclass(frozen=True, slots=True)
class Recommended:
    """Items for the shopper's wants (``recommend_items``, ``similar_items``)."""

    ranking: Ranking
    wants: Wants
    """The wants that it answers, this turn's change included."""
    replaced: tuple[Constraint, ...] = ()
    """Earlier constraints that newer ones contradicted and replaced."""
    anchors: tuple[Item, ...] = ()
    """The items that the recommendations resemble, when that was asked."""
    ignored: tuple[str, ...] = ()
    """Words of the need that nothing in the catalogue answers to."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why items were recommended (``explain_items``): the full reasons of each."""

    items: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True)
class Detailed:
    """What the catalogue says of items (``item_details``)."""

    items: tuple[Recommendation, ...]
    asked: tuple[str, ...] = ()
    """Fields that the question was about; empty for everything."""
    related: Mapping[str, tuple[tuple[str, Item], ...]] = field(default_factory=dict)
    """Item id -> (relation, other item)."""


@dataclass(frozen=True, slots=True)
class ComparedFacet:
    """One row of a comparison."""

    field: str
    values: tuple[Value | None, ...]
    """One for each item; None is not stated."""
    best: tuple[int, ...] = ()
    """Positions of the best values, when one end is better and they differ."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Items side by side (``compare_items``), the facets that differ first."""

    items: tuple[Recommendation, ...]
    facets: tuple[ComparedFacet, ...]


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """Policy sections for a question (``search_policies``); empty when the documents do not say."""

    question: str
    passages: tuple[Passage, ...]
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class OrderFound:
    """An order of the verified customer (``order_status``), as plain JSON values.

    Keys: order_id, status, created_at, items [{item_id, title, quantity, price}], total, currency, payment_method,
    shipping {carrier, tracking, eta, address}, history [{status, time}].
    """

    order: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IdentityNeeded:
    """The desk cannot tell anything before the customer has proved who they are."""

    missing: tuple[str, ...]
    """``order_id``, ``email``: what has not been said yet."""
    why: str = "unverified"
    """``unverified`` (not tried), ``refused`` (tried, wrong), ``limited`` (too many tries), ``session`` (the session's
    id was not issued by this server, so it cannot hold an identity)."""


@dataclass(frozen=True, slots=True)
class ProfileShown:
    """What is known of the user (``show_profile``)."""

    liked: tuple[Item, ...]
    disliked: tuple[Item, ...]
    bought: tuple[Item, ...]
    viewed: tuple[Item, ...]
    wants: Wants
    known: bool = True
    """False for an anonymous user."""


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The conversation goes to a person (``hand_off``)."""

    summary: str


Evidence = (
    Recommended
    | Explained
    | Detailed
    | Compared
    | PassagesFound
    | OrderFound
    | IdentityNeeded
    | ProfileShown
    | HandedOff
)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool call's outcome."""

    text: str
    """For the model: short, plain, with item ids."""
    evidence: Evidence
    change: StateChange = field(default_factory=StateChange)
    actions: tuple[Action, ...] = ()
    language: Language = "en"
