"""``shop.yaml``: what a shop's engineer says of the shop beyond its data files (docs/shops.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.entities import FacetType
from core.errors import Problem, ShopError

_SAID = {
    "extra_forbidden": "there is no such entry (docs/shops.md lists those that there are)",
    "missing": "is missing",
    "dict_type": "must be a mapping (key: value); a text with a colon, or a number, wants quotes",
    "string_type": "must be a text; put it in quotes",
    "list_type": "must be a list",
}


def _by_language(value: Any) -> Any:
    """Let a plain string stand for the English text."""
    return {"en": value} if isinstance(value, str) else value


def _lists_by_language(value: Any) -> Any:
    """Let a word or a list of words stand for the English ones."""
    if isinstance(value, str):
        return {"en": [value]}
    return {"en": value} if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    """Let one stand for a list of one."""
    return [value] if isinstance(value, str) else value


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[dict[str, str], BeforeValidator(_by_language)]
Words = Annotated[dict[str, list[str]], BeforeValidator(_lists_by_language)]


IdentityMethod = Literal["order_email", "name_postcode", "email", "token"]
"""Order number and e-mail, name and postcode, an e-mail address alone (the weakest: whoever knows it is let in), or a
token that the shop's site signed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ValueConfig(_Strict):
    """A facet's value: display names and other words for it."""

    label: Text = {}
    synonyms: list[str] = []


class FacetConfig(_Strict):
    """What cannot be inferred of a facet from its column."""

    type: FacetType | None = None
    unit: str | None = None
    label: Text = {}
    synonyms: Words = {}
    better: Literal["higher", "lower"] | None = None
    low: Words = {}
    high: Words = {}
    values: dict[str, ValueConfig] = {}
    ask: bool = True
    ignore: bool = False


class CategoryConfig(_Strict):
    """A category's display names and other words for it; keyed by its last path element."""

    label: Text = {}
    synonyms: Words = {}


class EligibilityRule(_Strict):
    """Items that match ``when`` are shown only after the user confirmed ``question``."""

    when: dict[str, Any]
    question: Text

    @property
    def key(self) -> str:
        """What the rule is remembered by: the same as long as its condition is."""
        told = json.dumps(self.when, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(told.encode()).hexdigest()[:12]


class Rules(_Strict):
    """Business rules, enforced in code."""

    show: int = Field(3, ge=1, le=10)
    in_stock_only: bool = True
    exclude_owned: bool = True
    exclude_disliked: bool = True
    max_per_group: int = Field(1, ge=1)
    disclose_sponsored: bool = True
    block: list[dict[str, Any]] = []
    boost: list[dict[str, Any]] = []
    confirm: list[EligibilityRule] = []
    learn_online: bool = False
    """Let what named users do with what they were shown change the weights (docs/ranking.md)."""
    path_steps: int = Field(1, ge=1, le=2)
    """How many relations a path from what a user has may go along; 2 also compares what items state."""
    calibrate: float = Field(0.0, ge=0, le=0.5)
    """How much a list to a shopper who asks nothing keeps the proportions of the kinds that they took."""
    explore: float = Field(0.0, ge=0, le=0.3)
    """In this share of the answers, at most, one of three places goes to a new item that few were shown."""


class Weights(_Strict):
    """The fusion's weights; sensible before any data."""

    semantic: Weight = 0.7
    lexical: Weight = 1.7
    collaborative: Weight = 0.7
    sequential: Weight = 0.4
    towers: Weight = 0.4
    popularity: Weight = 0.25
    quality: Weight = 0.25
    profile: Weight = 0.5
    anchor: Weight = 1.5
    session: Weight = 0.6
    graph: Weight = 0.3
    price: Weight = 0.1
    new: Weight = 0.05
    generated: Weight = 0.5
    carried: Weight = 0.3
    wish: Weight = 1.6
    sort: Weight = 1.5


class ReturnRules(_Strict):
    """What the desk may do with an order, by its state."""

    window_days: int | None = Field(30, ge=0)
    """Days after delivery in which an item can be returned or exchanged; null is without limit."""
    returnable: list[str] = ["delivered"]
    cancellable: list[str] = ["pending"]
    modifiable: list[str] = ["pending"]
    not_returnable_categories: list[str] = []
    """Categories whose whole subtree is neither returned nor exchanged."""
    exchangeable: list[str] = ["delivered"]
    exchange_within: Literal["product", "category", "any"] = "product"
    """What may come instead of an item: another variant (same group_id), the same category, or anything."""
    cancel_reasons: list[str] = []
    """The reasons that are accepted for a cancellation; empty accepts any, and none at all."""
    refund_to: list[Literal["original", "gift_card", "any"]] = ["original", "gift_card"]
    """Where a return's refund may go; gift_card is any method of the customer that holds a balance."""
    refund_days: int = Field(7, ge=0)
    """Working days until a refund arrives (to a gift card it is there at once)."""
    item_change_is_final: bool = True
    """Once its items were changed, an order can neither be changed again nor cancelled."""
    sections: dict[Literal["cancel", "modify", "return", "exchange", "refund"], str] = {}
    """The policy section that states each rule, quoted when it decides: ``return: policies/returns.md#window``."""


class BackendConfig(_Strict):
    """Whose order system the desk works with (docs/backend.md)."""

    kind: Literal["sqlite", "http"] = "sqlite"
    url: str = ""
    """The address that the paths of ``docs/backend.openapi.yaml`` stand below."""
    key_env: str | None = Field(None, pattern=r"^FLOORWALKER_BACKEND[A-Z0-9_]*$")
    """The environment variable that holds the key: never one that is secret for another reason."""
    timeout: float = Field(5.0, gt=0, le=20)
    """Seconds that one answer may take."""


class Shop(_Strict):
    """A parsed ``shop.yaml``; ``root`` is the folder that it stands in."""

    root: Path = Field(Path("."), exclude=True)
    name: Text
    language: str = Field("en", min_length=1)
    languages: list[str] = Field(["en", "zh"], min_length=1)
    currency: str | None = None
    greeting: Text = {}
    examples: dict[str, list[str]] = {}
    """Opening messages offered on the chat page, by language."""
    items: str | None = None
    interactions: str | None = None
    reviews: str | None = None
    relations: str | None = None
    customers: str | None = None
    orders: str | None = None
    policies: str = "policies"
    columns: dict[str, str] = {}
    """Column in the items file -> reserved or facet name."""
    category_separator: str = Field(">", min_length=1)
    list_separator: str = Field("|", min_length=1)
    facets: dict[str, FacetConfig] = {}
    categories: dict[str, CategoryConfig] = {}
    brands: dict[str, ValueConfig] = {}
    relation_labels: dict[str, Text] = {}
    personas: dict[str, str] = {}
    """User id -> name, offered on the chat page as "shop as"."""
    rules: Rules = Rules()
    weights: Weights = Weights()
    returns: ReturnRules = ReturnRules()
    backend: BackendConfig = BackendConfig()
    slug: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    """The shop's short name, for machines; the folder's name when it is not given (see :attr:`key`)."""
    identity: Annotated[list[IdentityMethod], BeforeValidator(_listed), Field(min_length=1)] = ["order_email", "token"]
    """What proves who a customer is; the first that a customer can say is what the desk asks for."""
    checkout: str | None = Field(None, pattern=r"^(https?://|/[^/\\])\S*$")
    """The address that a cart is paid at; ``{items}`` becomes ``id:quantity,id:quantity``, URL-encoded."""

    @property
    def key(self) -> str:
        """The shop's short name, for machines: the audience of its identity tokens."""
        return self.slug or self.root.resolve().name

    @property
    def asks_for(self) -> IdentityMethod:
        """What the desk asks a customer for; ``token`` where they can only sign in on the shop's site."""
        return next((method for method in self.identity if method != "token"), "token")

    def file(self, kind: str) -> Path | None:
        """Return the path of a data file: the one named, else the first that exists (csv, jsonl, parquet), or None."""
        named: str | None = getattr(self, kind)
        if named:
            return self.root / named
        found = (self.root / f"{kind}{suffix}" for suffix in (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet"))
        return next((path for path in found if path.exists()), None)


def load_shop(folder: Path) -> Shop:
    """Read and validate ``folder/shop.yaml``.

    Raises:
        ShopError: the folder or file is missing, is no YAML, or has unknown or wrong fields.
    """
    path = folder / "shop.yaml"
    if not path.is_file():
        raise ShopError([Problem(str(path), "not found: a shop folder needs a shop.yaml (see docs/shops.md)")])
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ShopError([Problem(str(path), f"is not readable YAML: {error}")]) from error
    if not isinstance(content, dict):
        raise ShopError([Problem(str(path), "must be a mapping with at least a name")])
    try:
        return Shop.model_validate({**content, "root": folder})
    except ValidationError as error:
        problems = [
            Problem(str(path), _said(item), field=".".join(str(part) for part in item["loc"]))
            for item in error.errors(include_url=False)
        ]
        raise ShopError(problems) from error


def _said(finding: Mapping[str, Any]) -> str:
    """Return what is wrong in the words of somebody who writes YAML, not Python."""
    return _SAID.get(finding["type"], str(finding["msg"]))
