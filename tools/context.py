"""What tools work with: the shop's services, and this turn's view of the conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commerce.cases import CaseBook
from commerce.orders import OrderDesk
from commerce.policies import PolicyBook
from core.conversation import ConversationState
from core.entities import ItemId, Language, UserId
from core.shop import Shop
from retrieval.pipeline import Recommender
from storage.tastes import TasteStore


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of users beyond a conversation."""

    tastes: TasteStore
    erase: Callable[[UserId], object]
    """Deletes everything that is kept of a user, everywhere."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the shop can do; one for a running assistant."""

    shop: Shop
    recommender: Recommender
    policies: PolicyBook
    orders: OrderDesk
    cases: CaseBook | None = None
    """Resolved cases of the shop, as hints."""
    memory: Memory | None = None
    """What is kept of users; None where nothing is."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The turn that a tool is called in. Tools read the state; only the agent changes it."""

    services: Services
    state: ConversationState
    language: Language
    session_key: str
    issued: bool
    """Whether the session may hold an identity."""
    user_id: UserId | None = None
    consent: bool = False
    """Whether the customer's current message is an explicit yes, as code reads it; no model can set it."""
    imagined: tuple[ItemId, ...] = ()
    """Items like those that a model imagined for this request; they join the candidates of a search."""
