from __future__ import annotations

import pytest

from agent.llm.client import ModelClient
from tests.llm.asking import QUICK
from tests.llm.scripted import ScriptedServer


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


@pytest.fixture
async def client(server):
    made = ModelClient(server.url, limits=QUICK)
    yield made
    await made.close()
