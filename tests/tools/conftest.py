"""A fashion shop with gadgets' desk beside it, opened once: what tools are called with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commerce.orders import OrderDesk
from commerce.policies import PolicyBook
from core.conversation import ConversationState
from core.entities import UserId
from core.settings import Settings
from retrieval import index
from tests.agent.gadgets import gadgets
from tools.context import Services, ToolContext
from tools.registry import run_tool
from tools.results import ToolResult

Call = Callable[..., ToolResult]


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Services]:
    base: Path = tmp_path_factory.mktemp("tools")
    folder, data = gadgets(base / "shop"), base / "data"
    recommender = index.open(folder, data, Settings(shop=folder, data_dir=data), embedder=encoder)
    shop = recommender.catalogue.shop
    desk = OrderDesk.open(shop, data)
    yield Services(shop, recommender, PolicyBook.open(shop, encoder, data), desk)
    desk.close()


@pytest.fixture
def context(services: Services) -> ToolContext:
    return ToolContext(services, ConversationState(turn=1, language="en"), "en", "session:tests", True)


@pytest.fixture
def call(context: ToolContext) -> Call:
    """Return a function that calls a tool by name; ``state``, ``issued`` and ``user`` change the turn."""

    def run(name: str, state: ConversationState | None = None, **arguments: Any) -> ToolResult:
        issued, user = arguments.pop("issued", True), arguments.pop("user", None)
        key = arguments.pop("key", "session:tests")
        turn = replace(context, state=state or context.state, issued=issued, session_key=key)
        return run_tool(name, arguments, replace(turn, user_id=UserId(user) if user else None))

    return run
