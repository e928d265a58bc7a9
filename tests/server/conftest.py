from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from server.app import create_app
from tests.server.fakes import FakeAssistant
from tests.server.serving import served

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory) -> Path:
    base = tmp_path_factory.mktemp("shops")
    (base / "outside.svg").write_text(SVG, encoding="utf-8")
    root = base / "shop"
    (root / "images" / ".hidden").mkdir(parents=True)
    (root / "images" / "lamp 1.svg").write_text(SVG, encoding="utf-8")
    (root / "images" / ".hidden" / "x.svg").write_text(SVG, encoding="utf-8")
    (root / "images" / "dot.png").write_bytes(b"\x89PNG\r\n")
    (root / "images" / "link.svg").symlink_to(base / "outside.svg")
    (root / "images" / "orders.svg").symlink_to(root / "orders.jsonl")
    (root / "orders.jsonl").write_text('{"order_id": "1"}\n', encoding="utf-8")
    (root / "shop.yaml").write_text("name: Test shop\n", encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def settings(shop_folder, tmp_path_factory) -> Settings:
    return Settings(shop=shop_folder, data_dir=tmp_path_factory.mktemp("data"), max_message=2000)


@pytest.fixture(scope="session")
def server(shop_folder, settings) -> Iterator[tuple[str, FakeAssistant]]:
    assistant = FakeAssistant(shop_folder)
    with served(create_app(assistant, settings, page=False, keep_alive=0.1)) as url:
        yield url, assistant


@pytest.fixture
def url(server) -> str:
    return server[0]


@pytest.fixture
def assistant(server) -> FakeAssistant:
    return server[1]


@pytest.fixture
def http(url) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=10) as client:
        yield client
