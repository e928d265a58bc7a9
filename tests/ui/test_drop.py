"""A product export dropped on the chat page becomes a shop to talk to, in a browser, with the real import and index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.assistant import Assistant
from core.settings import Settings
from tests import shops
from tests.server.serving import served

pytestmark = [pytest.mark.ui, pytest.mark.timeout(300)]
SAMPLES = Path(__file__).parents[1] / "importers" / "samples"
LAST = ".fw-turn:last-child"
DROP = """
([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const at = document.querySelector(".fw");
  for (const kind of ["dragenter", "dragover", "drop"])
    at.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture(scope="module")
def shop_url(tmp_path_factory, data_folder, browser) -> Iterator[tuple[str, Path]]:
    from server.app import create_app

    base = tmp_path_factory.mktemp("drop")
    settings = Settings(shop=shops.fashion(base / "shop"), data_dir=data_folder(base / "data"), watch=False)
    assistant = Assistant.open(settings)
    with served(create_app(assistant, settings)) as url:
        yield url, base / "data"
    assistant.close()


@pytest.fixture
def page(browser, shop_url) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    opened, troubles = context.new_page(), []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(shop_url[0])
    opened.wait_for_selector(".fw[data-ready=yes]", timeout=30_000)
    yield opened
    context.close()
    assert troubles == []


def drop(page: Any, name: str, text: str | None = None) -> None:
    page.evaluate(DROP, [name, (SAMPLES / name).read_text("utf-8-sig") if text is None else text])


def say(page: Any, text: str) -> str:
    page.fill(".fw textarea", text)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LAST}[aria-busy=false]", timeout=30_000)
    told: str = page.inner_text(LAST)
    return told


def picture(page: Any, name: str) -> None:
    if folder := os.environ.get("DROP_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_dropped_export_is_a_shop_to_talk_to(page, shop_url):
    assert "Wardrobe" in page.inner_text(".fw-name")
    drop(page, "google.tsv")
    page.wait_for_selector(".fw-drop progress:not([hidden])", timeout=10_000)
    picture(page, "drop-working")
    page.wait_for_selector(".fw-drop button:not([hidden])", timeout=120_000)
    picture(page, "drop-ready")
    told = page.inner_text(".fw-drop")
    assert "Ready: 4 items" in told
    assert "google.tsv:5: id: is missing; the row is left out" in told
    page.click(".fw-drop button")
    assert page.inner_text(".fw-name").strip() == "Google"
    assert "Trail Jacket" in say(page, "a jacket for rain")
    picture(page, "drop-talk")
    assert list((shop_url[1] / "dropped").glob("google-*/shop.yaml"))
    assert not list((shop_url[1] / "dropped").glob(".upload*"))
    page.reload()
    page.wait_for_selector(".fw-leave:not([hidden])", timeout=30_000)
    assert "Trail Jacket" in page.inner_text(LAST), "this tab keeps the shop and what was said in it"
    page.click("[data-do=fresh]")
    assert "Enamel Mug" in say(page, "a mug"), "the session is this shop's"
    page.click(".fw-leave")
    assert "Wardrobe" in page.inner_text(".fw-name")
    assert page.query_selector(LAST) is None, "a conversation of its own"
    assert "Trail Jacket" not in say(page, "a jacket for rain")


def test_a_second_page_still_has_the_servers_own_shop(page):
    assert "Wardrobe" in page.inner_text(".fw-name")
    assert not page.is_visible(".fw-leave")


def test_what_is_no_export_says_why_and_changes_nothing(page):
    drop(page, "holiday.txt", "we went to <b>the sea</b>")
    page.wait_for_selector(".fw-drop button:not([hidden])", timeout=60_000)
    told = page.inner_text(".fw-drop")
    assert "could not be made into a shop" in told
    assert "is no export that is known" in told
    page.keyboard.press("Escape")
    assert not page.is_visible(".fw-drop")
    assert "Wardrobe" in page.inner_text(".fw-name")


def test_markup_in_a_file_runs_nowhere(page):
    evil = "id,title,link,price\n1,<img src=x onerror=window.hit=1>Lamp,https://x.example/,5 USD\n"
    evil += "2,<img src=x onerror=window.hit=1>,https://x.example/,5 USD\n"
    drop(page, "<img src=x onerror=window.hit=1>.csv", evil)
    page.wait_for_selector(".fw-drop button:not([hidden])", timeout=120_000)
    page.click(".fw-drop button")
    say(page, "a lamp")
    assert page.evaluate("window.hit") is None


def test_by_keyboard_and_in_chinese(page):
    page.click("[data-do=language]")
    with page.expect_file_chooser() as chooser:
        page.focus("[data-do=open_shop]")
        page.keyboard.press("Enter")
    chooser.value.set_files(str(SAMPLES / "itemlist.json"))
    page.wait_for_selector(".fw-drop button:not([hidden])", timeout=120_000)
    assert "好了：2 件商品" in page.inner_text(".fw-drop")
