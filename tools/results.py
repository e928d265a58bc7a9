"""What tools return: a short text for a model, typed evidence for the writer, and a change for the agent to merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commerce.changes import PendingAction, Receipt
from core.conversation import StateChange, WantedPart, WantedSet, Wants
from core.entities import Constraint, Item, Language, Passage, Ranking, Recommendation, Relaxation, Value
from core.events import Action
from retrieval.bundles import Tie
from retrieval.counterfactual import Counterfactual


@dataclass(frozen=True, slots=True)
class SetFound:
    """How a set came about (``recommend_set``)."""

    wanted: WantedSet
    """The set that it answers, with what was chosen."""
    shown: tuple[int, ...]
    """The place of each item's part in ``wanted.parts``."""
    total: float
    ties: tuple[Tie, ...] = ()
    """Relations between the items."""
    swapped: tuple[int, ...] = ()
    """Parts for which another item stands than before."""
    dropped: tuple[WantedPart, ...] = ()
    """What the set does without now, as the user said."""
    before: float | None = None
    """What the set cost before the change."""
    stayed: Mapping[int, WantedPart] = field(default_factory=dict)
    """Parts that stay what they were, as nothing answers to the change: by place, as they were wanted."""
    missing: tuple[int, ...] = ()
    """Parts that nothing in the shop answers to."""
    relaxations: Mapping[int, tuple[Relaxation, ...]] = field(default_factory=dict)
    """By missing part: the smallest sets of its constraints to give up."""
    left_out: tuple[int, ...] = ()
    """Parts that had to stay out, so that the rest fits."""
    least: float | None = None
    """What the cheapest whole set costs, where the whole one does not fit the budget; NaN where nothing fits together
    at any price."""
    invented: bool = False
    """The shop chose the parts."""


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
    kept: tuple[Item, ...] = ()
    """Items shown before that satisfy the wants too; others come first."""
    currency: str | None = None
    """The currency of an amount that was taken for the shop's own."""
    learned: Constraint | None = None
    """A wish concluded from what was turned down."""
    bundle: SetFound | None = None
    """Where the items make a set."""
    nearly: Counterfactual | None = None
    """What would come first if one thing were otherwise."""


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
    id was not issued by this server, so it cannot hold an identity), ``sign_in`` (only the shop's site can tell)."""


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
    stated: tuple[Constraint, ...] = ()
    """What the user said to like or dislike."""


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """What is kept of the user's taste from now on (``change_profile``): constraints that name the values."""

    likes: tuple[Constraint, ...] = ()
    dislikes: tuple[Constraint, ...] = ()
    forgotten: tuple[Constraint, ...] = ()
    not_held: tuple[Constraint, ...] = ()
    """What was to be forgotten and was not kept in the first place."""
    items: tuple[Item, ...] = ()
    """Items of which it is forgotten that they were liked or not."""
    items_not_held: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The conversation goes to a person (``hand_off``)."""

    summary: str
    why: str = "requested"
    """``requested``, ``policy``, ``misunderstood``, ``anger`` or ``risk``."""


@dataclass(frozen=True, slots=True)
class OrdersListed:
    """The verified customer's orders (``list_orders``), newest first, each as in :class:`OrderFound`."""

    orders: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RefundFound:
    """Where the refund of an order is (``refund_status``)."""

    order: Mapping[str, Any]
    """As in :class:`OrderFound`."""
    refunds: tuple[tuple[float, str], ...]
    """(amount, payment method) of every refund that was made or is due."""
    due: bool = False
    """True when the money moves only after the goods are back."""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that the shop's rules forbid; codes and data as in ``commerce/rules.py``."""

    code: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DetailNeeded:
    """What has to be known before a change can be prepared."""

    what: str
    """``order``, ``items``, ``reason``, ``cancel_reason``, ``new_item``, ``address`` or ``method``."""
    kind: str
    order_id: str = ""
    title: str = ""
    """The item that it is about."""
    options: tuple[tuple[str, str], ...] = ()
    """(value, words for it) to choose from."""
    orders: tuple[Mapping[str, Any], ...] = ()
    """The orders to choose from."""
    items: tuple[Recommendation, ...] = ()
    """The items to choose from."""
    item_id: str = ""
    """The item that it is about, when it is one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Changes as prepared (``prepare_changes``): read back, refused, or lacking something."""

    action: PendingAction | None = None
    """What waits for a yes."""
    refusals: tuple[Refusal, ...] = ()
    needed: DetailNeeded | None = None
    passages: tuple[Passage, ...] = ()
    """The policy sections that decided."""
    alternatives: tuple[Recommendation, ...] = ()
    """What answers the reason of a return, to be had in exchange."""
    stale: bool = False
    """True when something changed since an earlier read-back that had just been confirmed."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Changes that were carried out (``confirm_changes``)."""

    receipt: Receipt
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nothing is changed (``drop_changes``); ``kinds`` are those of the changes that are dropped."""

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CartShown:
    """What is in the cart (``put_in_cart``, ``show_cart``)."""

    lines: tuple[tuple[Item, int], ...]
    link: str | None = None
    """Where it is paid; None when the shop has no such page."""
    changed: tuple[Item, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    alternatives: tuple[Recommendation, ...] = ()
    """Items like one that cannot be had."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The shop's own order system does not answer."""

    unknown: bool = False
    """What was confirmed may have been carried out; confirming it again finds out, and does nothing twice."""
    awaiting: str | None = None
    """What the desk waits for, as before."""


@dataclass(frozen=True, slots=True)
class SaidOfAspect:
    """How many reviewers praise an aspect (a facet, or ``=word``), and how many complain of it."""

    aspect: str
    praise: int
    complaints: int
    lacking: bool = False
    """The aspect is a feature that the item does not have."""


@dataclass(frozen=True, slots=True)
class ReviewQuote:
    """A reviewer's own words."""

    review_id: str
    text: str
    praises: bool


@dataclass(frozen=True, slots=True)
class Opinions:
    """What reviewers say of one item."""

    item: Item
    reviewers: int
    aspects: tuple[SaidOfAspect, ...]
    quotes: tuple[ReviewQuote, ...]


@dataclass(frozen=True, slots=True)
class OpinionsFound:
    """What reviewers say of items (``what_reviewers_say``)."""

    items: tuple[Opinions, ...]
    side: str
    """``praise``, ``complaints`` or ``all``."""
    asked: tuple[str, ...] = ()
    """The facets that were asked about; empty for all."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something short to say (``prompts/phrases``), with its values and items beside it."""

    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Recommendation, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryShown:
    """What the desk did for the customer (``show_history``), newest first: kind, order_id, time and more."""

    entries: tuple[Mapping[str, Any], ...]


Evidence = (
    Recommended
    | Explained
    | Detailed
    | Compared
    | PassagesFound
    | OrderFound
    | IdentityNeeded
    | ProfileShown
    | ProfileChanged
    | HandedOff
    | OrdersListed
    | RefundFound
    | Prepared
    | Confirmed
    | Dropped
    | CartShown
    | Told
    | OpinionsFound
    | HistoryShown
    | Unreachable
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
