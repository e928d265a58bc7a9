"""What a shop consists of: items, facets, constraints, interactions; and what ranking makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

ItemId = NewType("ItemId", str)
UserId = NewType("UserId", str)

Value = float | str | bool | tuple[float, ...] | tuple[str, ...]
"""A constraint's or facet's value; dates are ISO strings, lists are tuples of strings."""

Language = str
"""A BCP 47 primary tag: ``en`` or ``zh`` (any other is answered in the shop's own language)."""


class FacetType(StrEnum):
    """How a facet's values compare."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    LIST = "list"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Facet:
    """A typed attribute of items; ``price``, ``brand``, ``category``, ``rating`` and ``stock`` are facets too."""

    name: str
    type: FacetType
    unit: str | None = None
    """The unit that the catalogue's numbers are in (``h``, ``GB``, ``USD``)."""
    labels: Mapping[Language, str] = field(default_factory=dict)
    synonyms: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)
    """Words that name the facet itself ("battery" for ``battery_life``)."""
    better: str | None = None
    """``higher`` or ``lower`` when one end is what most people want; None when it is taste."""
    low_words: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)
    """Vague words for the low end ("light", "cheap")."""
    high_words: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)
    """Vague words for the high end ("heavy", "long-lasting")."""
    value_labels: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    """Value -> language -> display name."""
    value_synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Value -> other words for it, in any language."""
    ask: bool = True
    """Whether the assistant may ask the shopper about it."""

    def label(self, language: Language) -> str:
        """Return the display name in a language, else in English, else the column's name in words."""
        return self.labels.get(language) or self.labels.get("en") or self.name.replace("_", " ")

    def value_label(self, value: str, language: Language) -> str:
        """Return a value's display name in a language, else the value itself."""
        return self.value_labels.get(value, {}).get(language) or value


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be recommended. ``facets`` holds every non-reserved column that has a value."""

    id: ItemId
    title: str
    description: str = ""
    price: float | None = None
    currency: str | None = None
    brand: str | None = None
    category: tuple[str, ...] = ()
    """The path from the root, widest first; values are in the shop's own language."""
    url: str | None = None
    image_url: str | None = None
    stock: int | None = None
    """Pieces on hand; None when the shop does not say."""
    rating: float | None = None
    rating_count: int | None = None
    created_at: datetime | None = None
    group_id: str | None = None
    """Variants of one product share it."""
    sponsored: bool = False
    facets: Mapping[str, Value] = field(default_factory=dict)
    texts: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    """Translations: field -> language -> text, of ``title``, ``description`` and text columns."""

    def text(self, name: str, language: Language) -> str:
        """Return ``title`` or ``description`` in a language, else in the shop's own."""
        return self.texts.get(name, {}).get(language) or getattr(self, name)


class Op(StrEnum):
    """A constraint's comparison (DESIGN 4.2)."""

    LE = "<="
    GE = ">="
    LT = "<"
    GT = ">"
    EQ = "=="
    NE = "!="
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    BETWEEN = "between"


class Strength(StrEnum):
    """``must`` is enforced by the mask; ``wish`` only raises the score."""

    MUST = "must"
    WISH = "wish"


@dataclass(frozen=True, slots=True)
class Constraint:
    """What the user requires of one facet, in the catalogue's own unit."""

    id: str
    field: str
    op: Op
    value: Value
    unit: str | None = None
    strength: Strength = Strength.MUST
    turn: int = 0
    text: str = ""
    """The user's words that it was read from: its provenance."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A wish for one end of a numeric facet: "the lightest", "cheaper"."""

    field: str
    descending: bool


class ReasonKind(StrEnum):
    """Why an item is recommended (DESIGN 4.2)."""

    CONSTRAINT = "constraint"
    ATTRIBUTE = "attribute"
    SEMANTIC = "semantic"
    LEXICAL = "lexical"
    COLLABORATIVE = "collaborative"
    GRAPH = "graph"
    REVIEW = "review"
    POPULARITY = "popularity"
    QUALITY = "quality"
    PRICE = "price"
    NEW = "new"
    PROFILE = "profile"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reason's evidence stands: ``facet``, ``review``, ``interaction``, ``path`` or ``policy``, and its id."""

    type: str
    ref: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A typed, sourced reason made by the ranker; ``text`` is filled by the writer in the user's language."""

    kind: ReasonKind
    source: Source
    data: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values that the wording uses; keys by kind are listed in ``retrieval/reasons.py``."""
    weight: float = 0.0
    """The share of the score that it stands for."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An item as ranked for one query."""

    item: Item
    score: float
    """In [0, 1]."""
    reasons: tuple[Reason, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    """Each source's share of the score, for the event log and the trace."""
    unknown: tuple[str, ...] = ()
    """Wished-for facets that the catalogue does not state for this item."""
    disclosures: tuple[str, ...] = ()
    propensity: float | None = None
    """The chance that it was shown in its place; None when nothing was drawn."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Constraints whose removal would give results, and how many."""

    drop: tuple[str, ...]
    matches: int


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question, and how many candidates it keeps."""

    label: str
    count: int
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the shopper about one facet; ``text`` is filled by the writer."""

    field: str
    options: tuple[Option, ...]
    gain: float = 0.0
    """Expected information gain over the candidates, in bits."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that retrieval may use for one request."""

    text: str = ""
    """The need in the user's words (accumulated over turns); may be empty."""
    constraints: tuple[Constraint, ...] = ()
    sorts: tuple[Sort, ...] = ()
    user_id: UserId | None = None
    anchors: tuple[ItemId, ...] = ()
    """"More like these": similarity to them leads the ranking; they are not returned."""
    liked: tuple[ItemId, ...] = ()
    disliked: tuple[ItemId, ...] = ()
    exclude: tuple[ItemId, ...] = ()
    imagined: tuple[ItemId, ...] = ()
    """What a model imagined as ideal, mapped to the catalogue, the best first (``agent/llm/candidates.py``)."""
    limit: int = 3
    language: Language = "en"
    personal: bool = True
    """False leaves the user's history out (a gift for someone else)."""
    confirmed: tuple[str, ...] = ()
    """Keys of the shop's eligibility rules that the user has confirmed: what stands behind them may be shown."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to a Query."""

    items: tuple[Recommendation, ...]
    matches: int
    """How many items of the catalogue satisfy all musts."""
    relaxations: tuple[Relaxation, ...] = ()
    """Filled when ``matches`` is 0: the smallest sets of constraints to drop."""
    questions: tuple[Question, ...] = ()
    """Facets that would split the candidates best, best first."""


class EventKind(StrEnum):
    """What a user did with an item; the last four are written by the assistant itself or by feedback."""

    VIEW = "view"
    CLICK = "click"
    CART = "cart"
    PURCHASE = "purchase"
    RATING = "rating"
    LIKE = "like"
    DISLIKE = "dislike"
    IMPRESSION = "impression"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One event of one user with one item."""

    user_id: UserId
    item_id: ItemId
    event: EventKind
    value: float | None = None
    """Stars for a rating, pieces for a purchase."""
    time: datetime | None = None
    session_id: str | None = None
    turn_id: str | None = None
    position: int | None = None
    event_id: str | None = None
    """Makes recording idempotent."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of a policy document, as found for a question."""

    ref: str
    """``policies/returns.md#window``."""
    title: str
    text: str
    score: float
