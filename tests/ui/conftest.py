"""A page on loopback and a browser to open it with; without Debian's chromium the tests are skipped, saying so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from core.shop import Shop
from tests.server.fake_assistant import ScriptedAssistant
from tests.server.serving import served
from tests.ui.widget_page import Clerk, Site, Visits, shop_page

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect width="320" height="240" fill="#e9e4da"/>'
    '<rect x="85" y="62" width="150" height="98" rx="8" fill="#3d4a47"/></svg>'
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium."""
    path = os.environ.get("FLOORWALKER_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no chromium on this machine: apt install chromium fonts-noto-cjk")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def shop_root(tmp_path_factory) -> Path:
    """Return a shop folder that holds nothing but pictures."""
    root = tmp_path_factory.mktemp("shop")
    (root / "images").mkdir()
    for name in ("lap-01", "lap-02", "lap-03"):
        (root / "images" / f"{name}.svg").write_text(PICTURE, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def served_page(browser, shop_root) -> Iterator[tuple[str, ScriptedAssistant]]:
    """Serve the page once; the browser comes first, so that nothing is started where there is none."""
    from server.app import create_app

    shop = Shop(name={"en": "Lantern & Co.", "zh": "灯笼百货"}, currency="USD", root=shop_root)
    assistant = ScriptedAssistant(pause=0.05, shop=shop)
    with served(create_app(assistant, Settings())) as url:
        yield url, assistant


@pytest.fixture
def assistant(served_page) -> ScriptedAssistant:
    """Return the assistant behind the page, with nothing on record."""
    found: ScriptedAssistant = served_page[1]
    found.requests.clear()
    found.recorded.clear()
    found.cancelled = 0
    return found


@pytest.fixture
def visit(browser, served_page) -> Iterator[Callable[..., Any]]:
    """Open the page in a fresh profile; at the end nothing may have left the machine or failed in the console."""
    url, contexts, troubles = served_page[0], [], []

    def note(message: Any) -> None:
        if message.type == "error" and "404" not in message.text:  # Gradio asks for a file that it does not ship
            troubles.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            troubles.append(f"asked for {request.url}")

    def open_page(**options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", asked)
        page.goto(url)
        page.wait_for_selector(".fw[data-ready=yes]", timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def site(browser, shop_root, tmp_path_factory) -> Iterator[Site]:
    """Serve a shop's page that holds the widget, and the server that the widget talks to."""
    from server.app import create_app

    assistant = Clerk(
        pause=0.03, shop=Shop(name={"en": "Lantern & Co.", "zh": "灯笼百货"}, currency="USD", root=shop_root)
    )
    data = tmp_path_factory.mktemp("widget")
    with shop_page() as (page, options):
        settings = Settings(data_dir=data, host="0.0.0.0", api_key="k1", widget_origins=page)
        with served(create_app(assistant, settings, page=False)) as url:
            options.server = url
            yield Site(url, page, options, assistant)


@pytest.fixture
def clerk(site) -> Clerk:
    """Return the assistant behind the widget, with nothing on record."""
    found: Clerk = site.assistant
    found.requests.clear()
    found.recorded.clear()
    found.active.clear()
    found.cancelled = 0
    return found


@pytest.fixture
def visit_shop(browser, site) -> Iterator[Visits]:
    """Open the shop's page in a fresh profile."""
    visits = Visits(browser, site)
    yield visits
    visits.close()
