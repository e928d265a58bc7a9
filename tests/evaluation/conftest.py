"""Assistants over three small shops, opened once for all tests of the evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.assistant import Assistant
from core.settings import Settings
from tests import shops


@pytest.fixture(scope="session")
def sellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Assistant]]:
    root = tmp_path_factory.mktemp("evaluation")
    opened = {
        name: Assistant.open(Settings(shop=make(root / name), data_dir=root / "data", llm="embedded", watch=False))
        for name, make in (("films", shops.films), ("hotels", shops.hotels), ("fashion", shops.fashion))
    }
    yield opened
    for assistant in opened.values():
        assistant.close()
