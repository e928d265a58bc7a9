"""Every dialogue of this folder, played through both public doors: in Python, and over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from commerce.loading import read_desk_data
from commerce.sqlite_backend import SqliteBackend
from commerce.tables import rewrite
from core.settings import Settings
from server.app import create_app
from tests import shops
from tests.dialogues.conversation import load_dialogues, play
from tests.server.serving import served
from tests.service_shop import service

ROOT = Path(__file__).resolve().parents[2]
DIALOGUES = load_dialogues()
NAMES = [f"{dialogue['file']}:{dialogue['name']}" for dialogue in DIALOGUES]


@pytest.fixture(scope="module")
def assistant_of(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Assistant]]:
    """Return a function that opens a shop by name, once: an example shop, or one of ``tests/shops.py``."""
    opened: dict[str, Assistant] = {}

    def find(name: str) -> Assistant:
        if name not in opened:
            folder = ROOT / "shops" / name
            if not folder.is_dir():
                write = service if name == "service" else getattr(shops, name)
                folder = write(tmp_path_factory.mktemp(name))
            settings = Settings(shop=folder, data_dir=tmp_path_factory.mktemp(f"data-{name}"), watch=False)
            encoder = settings.data_dir / "encoder"
            if (cache_dir / "encoder").is_dir() and not encoder.exists():
                encoder.symlink_to(cache_dir / "encoder")
            opened[name] = Assistant.open(settings)
        return opened[name]

    yield find
    for assistant in opened.values():
        assistant.close()


@pytest.fixture(scope="module")
def url_of(assistant_of: Callable[[str], Assistant]) -> Iterator[Callable[[str], str]]:
    """Return a function that serves a shop's assistant on loopback, once, and returns where."""
    urls: dict[str, str] = {}
    with ExitStack() as servers:

        def find(name: str) -> str:
            if name not in urls:
                assistant = assistant_of(name)
                settings = Settings(shop=assistant.shop.root, watch=False)
                urls[name] = servers.enter_context(served(create_app(assistant, settings, page=False)))
            return urls[name]

        yield find


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=NAMES)
async def test_dialogue(dialogue: dict[str, Any], assistant_of: Callable[[str], Assistant], encoder: Any) -> None:
    encoder.embed(["warm"])  # builds the shared ONNX file once
    assistant = assistant_of(dialogue["shop"])
    if dialogue.get("fresh"):
        reset_desk(assistant)
    await play(assistant, dialogue)


@pytest.mark.slow
@pytest.mark.parametrize("dialogue", DIALOGUES, ids=NAMES)
async def test_dialogue_over_http(
    dialogue: dict[str, Any], assistant_of: Callable[[str], Assistant], url_of: Callable[[str], str]
) -> None:
    assistant = assistant_of(dialogue["shop"])
    if dialogue.get("fresh"):
        reset_desk(assistant)
    await play(assistant, dialogue, url_of(dialogue["shop"]))


def test_the_suite_is_as_large_and_as_mixed_as_promised() -> None:
    chinese = [d for d in DIALOGUES if any("\u4e00" <= letter <= "\u9fff" for t in d["turns"] for letter in t["say"])]
    assert len(DIALOGUES) >= 120
    assert len({dialogue["shop"] for dialogue in DIALOGUES}) >= 5
    assert 2 * len(chinese) >= len(DIALOGUES)


def reset_desk(assistant: Assistant) -> None:
    """Give the desk its records back as the shop folder holds them; quicker than a shop of its own."""
    backend = assistant.desk.backend
    assert isinstance(backend, SqliteBackend)
    data = read_desk_data(assistant.shop)
    with backend._database.transaction() as connection:
        for customer in data.customers:
            rewrite(connection, customer)
        for order in data.orders:
            rewrite(connection, order)
