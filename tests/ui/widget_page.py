"""The widget on the example page: a shop's page on another origin than the server's, which wants its key."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from core.events import Action, Reply, TurnRequest
from core.settings import CHECKOUT
from tests.server.fake_assistant import ScriptedAssistant
from tests.server.serving import eventually

LAST = ".turn:last-child"
DONE = f"{LAST}[aria-busy=false]"


class Clerk(ScriptedAssistant):
    """Asks before it cancels, and knows the way to the till."""

    def _answer(self, request: TurnRequest) -> tuple[Reply, tuple[str, ...]]:
        reply, texts = super()._answer(request)
        if "cancel" in request.message:
            asked = Action("confirm", "cancel FW-1", {"effects": []})
            return replace(reply, items=(), question=None, constraints=(), actions=(asked,)), ("Cancel FW-1?",)
        if "cart" in request.message:
            pay = Action("checkout", "https://shop.example/cart", {"url": "https://shop.example/cart"})
            return replace(reply, items=(), question=None, actions=(pay,)), ("In your cart.",)
        return reply, texts


@dataclass
class Site:
    """A shop's page with the widget, and who answers behind it."""

    server: str
    page: str
    options: Namespace
    """Of the page's server; ``data`` holds the script tag's attributes."""
    assistant: Clerk


@contextmanager
def shop_page(server: str = "") -> Iterator[tuple[str, Namespace]]:
    """Serve the example page at an origin of its own; its options may be changed while it is served."""
    folder = str(CHECKOUT / "examples" / "embed")
    sys.path.insert(0, folder)
    try:
        serve: Any = import_module("serve")
    finally:
        sys.path.remove(folder)
    options = serve.parser().parse_args(["--server", server, "--port", "0"])
    serving = serve.page_server(options)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", options
    serving.shutdown()
    serving.server_close()
    thread.join(5)


class Visits:
    """Opens the shop's page in fresh profiles; nothing may leave the machine or fail in the console."""

    def __init__(self, browser: Any, site: Site) -> None:
        self.browser, self.site = browser, site
        self.troubles: list[str] = []
        self.contexts: list[Any] = []

    def __call__(self, data: dict[str, str] | None = None, *, opened: bool = True, **options: Any) -> Any:
        """Return the page, by default with the widget open."""
        self.site.options.data = [f"{name}={value}" for name, value in (data or {}).items()]
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto(self.site.page)
        page.locator("#floorwalker-widget button").wait_for()
        if opened:
            page.click("#floorwalker-widget button")
            frame(page).locator("#app[data-ready=yes]").wait_for()
        return page

    def _note(self, kind: str, text: str) -> None:
        # A browser asks for /favicon.ico; a test that makes a request fail says so in the console, too.
        if kind == "error" and "404" not in text and "429" not in text:
            self.troubles.append(text)

    def close(self) -> None:
        """Close all pages."""
        for context in self.contexts:
            context.close()
        assert self.troubles == [], self.troubles


Visit = Callable[..., Any]


def frame(page: Any) -> Any:
    return page.frame_locator("#floorwalker-widget iframe")


def inner(page: Any) -> Any:
    return next(each for each in page.frames if "/widget?" in each.url)


def say(page: Any, text: str) -> None:
    before = frame(page).locator(".turn").count()
    frame(page).locator("#message").fill(text)
    frame(page).locator("#message").press("Enter")
    frame(page).locator(f".turn:nth-child({before + 1})[aria-busy=false]").wait_for(timeout=20_000)


def seen(page: Any, name: str) -> bool:
    return eventually(lambda: page.locator(f"#seen li:has-text('{name}')").count() > 0)
