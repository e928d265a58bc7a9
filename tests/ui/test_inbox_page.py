"""The operator's inbox in headless Chromium: by keyboard, on a phone, in Chinese, and with nothing that can run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from server.app import create_app
from tests.server.channels.assistant import ChannelAssistant
from tests.server.serving import served

pytestmark = pytest.mark.ui

EVIL = "person <img src=x onerror=document.title='run'> & <script>document.title='run'</script>"


@pytest.fixture
def inbox(browser, shop_root: Path, tmp_path: Path) -> Iterator[tuple[Any, str, ChannelAssistant]]:
    assistant = ChannelAssistant(shop_root, tmp_path)
    settings = Settings(shop=shop_root, data_dir=tmp_path, operator_key="operator")
    with served(create_app(assistant, settings, page=False)) as url:
        yield browser, url, assistant
    assistant.handoffs.close()


def say(url: str, text: str, session: str) -> None:
    body = {"messages": [{"role": "user", "content": text}], "metadata": {"session_id": session}}
    httpx.post(f"{url}/v1/chat/completions", json=body, timeout=10).raise_for_status()


def visit(browser: Any, url: str, **options: Any) -> tuple[Any, list[str]]:
    troubles: list[str] = []
    page = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, "locale": "en-US", **options}).new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
    page.goto(f"{url}/inbox")
    page.wait_for_selector("#gate:not([hidden])")
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#notice:not([hidden])")
    page.fill("#key", "operator")
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk:not([hidden])")
    return page, troubles


def picture(page: Any, name: str) -> None:
    """Keep a picture, where somebody asks for it, to look at."""
    if folder := os.environ.get("TEST_PICTURES"):
        page.screenshot(path=str(Path(folder) / name))


def test_a_conversation_is_taken_answered_and_given_back_by_keyboard(inbox):
    browser, url, assistant = inbox
    say(url, "a lamp for reading", "issued-1")
    say(url, EVIL, "issued-1")
    page, troubles = visit(browser, url)
    page.wait_for_selector("#list button")
    assert page.title() == "(1) Inbox"
    page.focus("#list button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lines li.customer")
    assert EVIL in page.inner_text("#lines")
    assert page.locator("#lines img, #lines script, #facts img").count() == 0
    say(url, "hello?", "issued-1")
    page.locator("#lines", has_text="hello?").wait_for(timeout=8000)
    page.focus("#text")
    page.keyboard.type("Maria here, one moment.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#lines li.operator")
    picture(page, "inbox.png")
    session = assistant.session("issued-1", assistant.handoffs.listed()[0].scope)
    assert [words.text for words in assistant.handoffs.words(session.key)] == ["Maria here, one moment."]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.act") == "return"
    page.keyboard.press("Enter")
    page.locator("#none", has_text="Nobody waits").wait_for()
    assert assistant.handed == set()
    assert page.title() == "Inbox"
    assert troubles == []


def test_on_a_phone_in_chinese(inbox):
    browser, url, _ = inbox
    say(url, "person 我想退货，耳机太重了", "issued-1")
    page, troubles = visit(
        browser, url, viewport={"width": 390, "height": 844}, locale="zh-CN", is_mobile=True, has_touch=True
    )
    page.wait_for_selector("#list button")
    assert page.inner_text("h1") == "收件箱"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    picture(page, "inbox-phone-list.png")
    page.tap("#list button")
    page.wait_for_selector("#lines li.customer")
    assert not page.is_visible("#side")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.offsetParent && b.offsetHeight < 40).length"
    )
    assert small == 0, "fingers need 40 pixels"
    picture(page, "inbox-phone.png")
    page.tap("#back")
    assert page.is_visible("#list button")
    assert troubles == []
