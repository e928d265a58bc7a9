"""On the chat page: what a person says after a hand-off appears by itself, and stays after a reload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.settings import Settings
from server.app import create_app
from tests.server.channels.assistant import ChannelAssistant
from tests.server.serving import eventually, served

pytestmark = pytest.mark.ui


def test_a_persons_words_appear_on_the_page(browser, shop_root: Path, tmp_path: Path):
    assistant = ChannelAssistant(shop_root, tmp_path)
    settings = Settings(shop=shop_root, data_dir=tmp_path)
    with served(create_app(assistant, settings)) as url:
        page = browser.new_context(viewport={"width": 1100, "height": 800}, locale="en-US").new_page()
        page.goto(url)
        page.wait_for_selector(".fw[data-ready=yes]", timeout=30_000)
        page.fill(".fw textarea", "person please")
        page.keyboard.press("Enter")
        page.wait_for_selector(".fw-turn:last-child[aria-busy=false]")
        assert eventually(lambda: assistant.handoffs.listed())
        (handoff,) = assistant.handoffs.listed()
        assert handoff.channel == "page"
        assistant.handoffs.say(handoff.id, "Hello, **Maria** here. <img src=x onerror=alert(1)>")
        page.wait_for_selector(".fw-person", timeout=10_000)
        told = page.locator(".fw-person")
        assert "A colleague" in told.inner_text()
        assert "<img src=x" in told.inner_text()
        assert told.locator("strong", has_text="Maria").count() == 1
        assert told.locator("img").count() == 0
        assert "Maria" in page.inner_text("[data-ref=spoken]"), "screen readers hear of it"
        if folder := os.environ.get("TEST_PICTURES"):
            page.screenshot(path=str(Path(folder) / "page-person.png"))
        page.reload()
        page.wait_for_selector(".fw[data-ready=yes]", timeout=30_000)
        assert page.locator(".fw-person").count() == 1
        assistant.handoffs.say(handoff.id, "Anything else?")
        page.locator(".fw-person", has_text="Anything else?").wait_for(timeout=10_000)
        assert page.locator(".fw-person").count() == 2
    assistant.handoffs.close()
