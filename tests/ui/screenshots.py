"""``python -m tests.ui.screenshots``: take the README's two pictures of the chat page, of the default shop as it is."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.settings import CHECKOUT, Settings
from launch import set_environment
from tests.server.serving import served
from tests.ui.conftest import FLAGS

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 1060}, "locale": "en-US"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "locale": "zh-CN", "is_mobile": True}
SHOTS = (
    ("chat.png", {**DESKTOP}, "I need a quiet laptop under $900 for travel"),
    ("chat-phone-zh.png", {**PHONE, "has_touch": True, "device_scale_factor": 1.5}, "有没有降噪耳机,500 以内?"),
)


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    set_environment()
    from playwright.sync_api import sync_playwright

    from agent.assistant import Assistant
    from server.app import create_app

    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        settings = Settings(data_dir=Path(data), watch=False)
        assistant = Assistant.open(settings)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with served(create_app(assistant, settings)) as url:
            for name, options, message in SHOTS:
                take(browser, url, options, message, folder / name)
        browser.close()
        assistant.close()


def take(browser: Any, url: str, options: dict[str, Any], message: str, target: Path) -> None:
    """Say one thing in a fresh browser profile and take a picture of the answer."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".fw[data-ready=yes]")
    page.fill(".fw textarea", message)
    page.keyboard.press("Enter")
    page.wait_for_selector(".fw-turn:last-child[aria-busy=false]")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1000)
    page.screenshot(path=str(target))
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "docs")
