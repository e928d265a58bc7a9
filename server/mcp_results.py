"""What the MCP tools answer: typed, so that a client gets an output schema, and plain JSON all the way down."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from commerce.changes import Effect
from core.entities import Facet, Item, Language, Passage, Recommendation, Value
from server.rendering import picture_url, plain, safe_url
from tools.results import Compared, DetailNeeded, Refusal

SHORT, LONG = 400, 4000
"""Characters of a description in a list, and alone."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Reasoned(_Answer):
    """Why a product was recommended."""

    kind: str
    text: str
    source: str


class Product(_Answer):
    """A product as the catalogue states it; null is not stated."""

    id: str
    title: str
    description: str
    price: float | None
    currency: str | None
    brand: str | None
    category: list[str]
    url: str | None
    image_url: str | None
    in_stock: bool | None
    rating: float | None
    rating_count: int | None
    attributes: dict[str, Any]
    score: float | None = None
    """From 0 to 1, comparable within one answer."""
    reasons: list[Reasoned] = []
    disclosures: list[str] = []
    """``sponsored`` must be told to the shopper."""


class Found(_Answer):
    """Products, best first."""

    products: list[Product]
    total: int
    """How many products of the catalogue satisfy the filters."""


class LookedUp(_Answer):
    """Products by id, and the ids that the shop does not have."""

    products: list[Product]
    missing: list[str]


class Related(_Answer):
    """Another product and how it relates."""

    relation: str
    id: str
    title: str


class Details(_Answer):
    """One product with what goes with it."""

    product: Product
    related: list[Related]


class Answered(_Answer):
    """One turn of a conversation."""

    session_id: str
    """Send it with the next ``recommend`` to go on: "cheaper", "another brand"."""
    answer: str
    """Complete Markdown."""
    products: list[Product]
    constraints: list[dict[str, Any]]
    question: dict[str, Any] | None
    relaxed: list[dict[str, Any]]
    """When nothing fits: the smallest sets of constraints to give up."""


class Row(_Answer):
    """One row of a comparison."""

    field: str
    label: str
    unit: str | None
    values: list[Any]
    """One for each product; null is not stated."""
    best: list[str]
    """Ids of the products with the best value, where one end is better."""


class Comparison(_Answer):
    """Products side by side, what differs first."""

    products: list[Product]
    rows: list[Row]


class PolicyPassage(_Answer):
    """A section of the shop's policies."""

    source: str
    title: str
    text: str


class PoliciesFound(_Answer):
    """What the policies say; nothing means that the documents do not say."""

    passages: list[PolicyPassage]


class OrderAnswer(_Answer):
    """Orders of the verified customer, or what is missing to know who asks."""

    session_id: str
    status: Literal["ok", "identity_needed"]
    orders: list[dict[str, Any]] = []
    missing: list[str] = []
    """What the customer has not said yet, to prove who they are."""
    why: str | None = None
    """``unverified``, ``refused`` (what was said does not fit), ``limited`` (too many tries), ``sign_in``,
    ``session`` (that session id is not one of this server's)."""


class Line(_Answer):
    """Pieces of a product in an order."""

    id: str
    title: str
    quantity: int
    price: float


class Move(_Answer):
    """Money that will move."""

    kind: Literal["payment", "refund"]
    amount: float
    currency: str
    method: str
    days: int


class EffectTold(_Answer):
    """One change, exactly as it will happen or has happened."""

    kind: str
    order_id: str | None
    items: list[Line]
    new_items: list[Line]
    money: list[Move]
    address: str | None
    policy: str | None


class RefusalTold(_Answer):
    """A change that the shop's rules forbid."""

    kind: str
    code: str
    data: dict[str, Any]


class NeededTold(_Answer):
    """What the customer must say before a change can be prepared."""

    what: str
    kind: str
    order_id: str
    title: str
    options: list[dict[str, str]]


class ChangeAnswer(_Answer):
    """What became of a request for changes. Nothing is written unless ``status`` is ``done``."""

    session_id: str
    status: Literal["confirm", "detail_needed", "identity_needed", "refused", "done", "dropped", "nothing"]
    confirmation_id: str | None = None
    """Read ``effects`` back to the customer, and send this with ``confirm_order_change`` after an explicit yes."""
    effects: list[EffectTold] = []
    refusals: list[RefusalTold] = []
    needed: NeededTold | None = None
    repeated: bool = False
    """True when it had been done before and nothing was done now."""
    stale: bool = False
    """True when something changed since the read-back: read back anew."""
    missing: list[str] = []
    why: str | None = None


def product(item: Item, language: Language, *, most: int = SHORT, base: str = "") -> Product:
    """Return an item as a product; ``base`` makes addresses of the shop folder's own pictures whole."""
    text = item.text("description", language)
    picture = picture_url(item.image_url)
    return Product(
        id=item.id,
        title=item.text("title", language),
        description=text if len(text) <= most else text[: most - 1].rstrip() + "…",
        price=plain(item.price),
        currency=item.currency,
        brand=item.brand,
        category=list(item.category),
        url=safe_url(item.url),
        image_url=base.rstrip("/") + picture if picture and picture.startswith("/") else picture,
        in_stock=None if item.stock is None else item.stock > 0,
        rating=plain(item.rating),
        rating_count=item.rating_count,
        attributes=plain(item.facets),
    )


def recommended(entry: Recommendation, language: Language, *, base: str = "") -> Product:
    """Return a recommendation as a product with its reasons."""
    reasons = [
        Reasoned(kind=reason.kind.value, text=reason.text, source=f"{reason.source.type}:{reason.source.ref}")
        for reason in entry.reasons
        if reason.text
    ]
    update = {
        "score": plain(round(float(entry.score), 4)), "reasons": reasons, "disclosures": list(entry.disclosures)
    }  # fmt: skip
    return product(entry.item, language, base=base).model_copy(update=update)


def row(found: Compared, at: int, facet: Facet, language: Language) -> Row:
    """Return one row of a comparison."""
    compared = found.facets[at]
    values: list[Value | None] = list(compared.values)
    best = [str(found.items[place].item.id) for place in compared.best]
    return Row(field=facet.name, label=facet.label(language), unit=facet.unit, values=plain(values), best=best)


def passage(found: Passage) -> PolicyPassage:
    """Return a policy section."""
    return PolicyPassage(source=found.ref, title=found.title, text=found.text)


def effect(change: Effect) -> EffectTold:
    """Return a change as it is read back."""

    def lines(kept: tuple[Any, ...]) -> list[Line]:
        return [Line(id=one.item_id, title=one.title, quantity=one.quantity, price=one.price) for one in kept]

    return EffectTold(
        kind=change.kind,
        order_id=change.order_id,
        items=lines(change.items),
        new_items=lines(change.new_items),
        money=[
            Move(kind=m.kind, amount=m.amount, currency=m.currency, method=m.label or m.method, days=m.days)
            for m in change.moves
        ],
        address=str(change.address) if change.address else None,
        policy=change.policy,
    )


def refusal(refused: Refusal) -> RefusalTold:
    """Return a refused change."""
    return RefusalTold(kind=refused.kind, code=refused.code, data=plain(refused.data))


def needed(detail: DetailNeeded) -> NeededTold:
    """Return what is needed first."""
    options = [{"value": value, "label": label} for value, label in detail.options]
    options += [{"value": str(entry.item.id), "label": entry.item.title} for entry in detail.items]
    return NeededTold(what=detail.what, kind=detail.kind, order_id=detail.order_id, title=detail.title, options=options)
