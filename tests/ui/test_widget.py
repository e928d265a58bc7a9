"""The widget in a browser, as people use it."""

from __future__ import annotations

import pytest

from core.entities import EventKind
from tests.server.serving import eventually
from tests.ui.widget_page import DONE, LAST, frame, inner, say, seen, shop_page

pytestmark = pytest.mark.ui

FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"


def test_a_talk_on_another_sites_page(visit_shop, clerk):
    page = visit_shop()
    assert frame(page).locator(".greeting").inner_text() == "Good evening. What may I help you find?"
    frame(page).locator(".example").first.click()
    frame(page).locator(DONE).wait_for()
    assert clerk.requests[0].message == "I need a quiet laptop under $900 for travel"
    assert clerk.requests[0].user_id.startswith("visitor-")
    last = frame(page).locator(LAST)
    for words in ("Fjell Air 14 Travel Laptop", "$649.50", "Sponsored", "within your $900", "24 dB quiet"):
        assert words in last.inner_text()
    # The third is loaded when it is scrolled to.
    loaded = "[...document.querySelectorAll('.photo img')].slice(0, 2).every(i => i.complete && i.naturalWidth)"
    inner(page).wait_for_function(loaded)
    frame(page).locator(f"{LAST} .reply:has-text('15-16 in')").click()
    frame(page).locator(f".turn:nth-child(2){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[1].message == "15-16 in"
    assert clerk.requests[1].session.session_id == clerk.requests[0].session.session_id
    assert frame(page).locator(".turn:first-child .reply").count() == 0
    assert seen(page, "answer")


def test_cards_come_before_prose_which_streams_and_can_be_stopped(visit_shop, clerk):
    page = visit_shop()
    frame(page).locator("#message").fill("a slow quiet laptop")
    frame(page).locator("#message").press("Enter")
    frame(page).locator(f"{LAST} .card").first.wait_for()
    assert frame(page).locator(f"{LAST} .slot-text > *").count() == 0
    frame(page).locator(f"{LAST} .slot-lead p").wait_for()
    frame(page).locator("#send").click()
    frame(page).locator(f"{LAST} .note:has-text('Stopped')").wait_for()
    assert eventually(lambda: clerk.cancelled == 1)


def test_chips_are_removed(visit_shop, clerk):
    page = visit_shop()
    say(page, "a quiet laptop")
    assert frame(page).locator(".chip").all_inner_texts()[1].startswith("Under $900")
    frame(page).locator(".chip >> nth=1").click()
    frame(page).locator(f".turn:nth-child(2){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[1].edit.remove == ("c2",)
    assert frame(page).locator(".chip").count() == 3
    say(page, "nothing like this")
    frame(page).locator(f"{LAST} .reply:has-text('Not Halden')").click()
    frame(page).locator(f".turn:nth-child(4){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[-1].edit.remove == ("c3", "c4")


def test_likes_are_recorded_and_told(visit_shop, clerk):
    page = visit_shop()
    say(page, "a quiet laptop")
    heart = frame(page).locator(f"{LAST} .card >> nth=1").locator("[data-act=like]")
    heart.click()
    assert eventually(lambda: len(clerk.recorded) == 1)
    (event,) = clerk.recorded
    assert (event.event, event.item_id, event.position) == (EventKind.LIKE, "lap-02", 2)
    assert event.user_id == clerk.requests[0].user_id
    assert heart.get_attribute("aria-pressed") == "true"
    assert seen(page, "like")


def test_a_change_waits_for_a_press(visit_shop, clerk):
    page = visit_shop()
    say(page, "cancel my order")
    assert frame(page).locator(f"{LAST} [role=group] .reply").all_inner_texts() == ["Yes, do it", "No, leave it"]
    assert len(clerk.requests) == 1
    frame(page).locator(f"{LAST} .reply.yes").click()
    frame(page).locator(f".turn:nth-child(2){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[1].message == "Yes"


def test_handoff_cart_and_checkout(visit_shop, clerk):
    page = visit_shop()
    say(page, "how do returns work?")
    assert "A colleague takes over" in frame(page).locator(LAST).inner_text()
    assert seen(page, "handoff")
    say(page, "a quiet laptop")
    frame(page).locator(f"{LAST} .card >> nth=1").locator(".add").click()
    frame(page).locator(f".turn:nth-child(3){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[-1].message == "Add number 2 to my cart"
    assert seen(page, '"id":"lap-02"')
    pay = frame(page).locator(f"{LAST} .pay")
    assert pay.get_attribute("href") == "https://shop.example/cart"
    page.evaluate("window.addEventListener('floorwalker:checkout', (event) => event.preventDefault())")
    pay.click()
    assert seen(page, "checkout")


def test_a_press_on_an_item_is_the_pages_to_follow(visit_shop, clerk):
    page = visit_shop()
    say(page, "a quiet laptop")
    address = page.url
    frame(page).locator(f"{LAST} .card h3 a").first.click()
    assert seen(page, "https://shop.example/lap-01")
    assert page.url == address  # the example page keeps it for itself


def test_without_a_word_of_the_page_the_item_opens(visit_shop, clerk):
    page = visit_shop()
    page.context.route(
        "https://shop.example/**", lambda route: route.fulfill(body="the item", content_type="text/html")
    )
    page.route("**/shop.js", lambda route: route.fulfill(body=""))  # the page listens to nothing
    page.reload()
    frame(page).locator("#app[data-ready=yes]").wait_for()
    say(page, "a quiet laptop")
    frame(page).locator(f"{LAST} .card h3 a").first.click()
    page.wait_for_url("https://shop.example/lap-01")


def test_the_conversation_goes_along_to_the_next_page(visit_shop, clerk):
    page = visit_shop()
    say(page, "a quiet laptop")
    page.click("nav a >> nth=1")
    page.wait_for_url("**page=laptops")
    frame(page).locator(f"{DONE} .card").first.wait_for()
    assert frame(page).locator(".said").inner_text().endswith("a quiet laptop")
    say(page, "and another")
    assert clerk.requests[1].session.session_id == clerk.requests[0].session.session_id
    assert clerk.requests[1].user_id == clerk.requests[0].user_id
    frame(page).locator("#fresh").click()
    assert frame(page).locator(".turn").count() == 0
    assert frame(page).locator(".greeting").is_visible()


def test_a_whole_talk_by_keyboard(visit_shop, clerk):
    page = visit_shop(opened=False)
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "floorwalker-widget":
            break
    page.keyboard.press("Enter")
    frame(page).locator("#message:focus").wait_for()
    page.keyboard.type("a quiet laptop")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("for travel")
    page.keyboard.press("Enter")
    frame(page).locator(DONE).wait_for()
    assert clerk.requests[0].message == "a quiet laptop\nfor travel"
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(inner(page).evaluate(FOCUSED))
        if names[-1].startswith("15-16 in"):
            break
    assert any(name.startswith("I like this") for name in names)
    assert "Close the chat" in names  # past the last stop the first one comes again: the focus stays inside
    assert inner(page).evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    frame(page).locator(f".turn:nth-child(2){DONE.removeprefix(LAST)}").wait_for()
    assert clerk.requests[1].message == "15-16 in"
    page.keyboard.press("Escape")
    page.locator("#floorwalker-widget .panel").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "floorwalker-widget"
    assert page.locator("#floorwalker-widget button").get_attribute("aria-expanded") == "false"


def test_chinese(visit_shop, clerk):
    page = visit_shop({"locale": "zh-CN"})
    assert page.locator("#floorwalker-widget button").get_attribute("aria-label") == "关闭对话"
    assert frame(page).locator("#name").inner_text() == "灯笼百货"
    assert frame(page).locator(".greeting").inner_text() == "欢迎光临,想找点什么?"
    say(page, "安静的笔记本,旅行用")
    assert clerk.requests[0].language == "zh"
    assert "加入购物车" in frame(page).locator(LAST).inner_text()
    assert inner(page).evaluate("document.documentElement.lang") == "zh-CN"
    page.evaluate("Floorwalker.locale('en')")
    frame(page).locator("#about:has-text('Shop assistant')").wait_for()


def test_the_page_speaks_to_it(visit_shop, clerk):
    page = visit_shop(opened=False)
    page.evaluate("Floorwalker.identify('header.claims.mark')")
    page.evaluate("Floorwalker.say('a quiet laptop')")
    frame(page).locator(DONE).wait_for()
    assert clerk.requests[0].message == "a quiet laptop"
    assert clerk.requests[0].identity_token == "header.claims.mark"
    page.evaluate("Floorwalker.forget()")
    frame(page).locator(".greeting").wait_for()
    page.evaluate("Floorwalker.say('another')")
    frame(page).locator(DONE).wait_for()
    assert clerk.requests[1].identity_token is None
    assert clerk.requests[1].user_id != clerk.requests[0].user_id


def test_other_windows_are_not_heard(visit_shop, clerk):
    page = visit_shop()
    page.evaluate(
        """() => {
            const other = document.createElement('iframe');
            other.srcdoc = `<script>
                parent.postMessage({floorwalker: 1, type: 'item', url: 'https://evil.example/', here: true}, '*');
                parent.frames[0].postMessage({floorwalker: 1, type: 'say', text: 'spoken by another'}, '*');
            <\\/script>`;
            document.body.append(other);
            postMessage({floorwalker: 1, type: 'checkout', url: 'https://evil.example/', here: true}, '*');
        }"""
    )
    page.wait_for_timeout(500)
    assert "evil" not in page.locator("#seen").inner_text()
    assert page.url.startswith("http://127.0.0.1")
    assert clerk.requests == []


def test_another_origin_may_not_frame_it(browser, site):
    with shop_page(site.server) as (stranger, _):
        context = browser.new_context()
        page = context.new_page()
        page.goto(stranger)
        page.click("#floorwalker-widget button")
        page.wait_for_timeout(700)
        assert frame(page).locator("#app").count() == 0
        # Nor by naming a site that may: the browser looks at who frames it.
        page.evaluate(
            "([url, site]) => { const f = document.createElement('iframe'); f.id = 'liar';"
            " f.src = `${url}/widget?origin=${site}`; document.body.append(f); }",
            [site.server, site.page],
        )
        page.wait_for_timeout(700)
        assert page.frame_locator("#liar").locator("#app").count() == 0
        context.close()


def test_markup_from_catalogue_and_people_is_shown_as_text(visit_shop, clerk):
    page = visit_shop()
    said = "probe <img src=x onerror=window.hacked=3><script>window.hacked=4</script>"
    say(page, said)
    assert frame(page).locator(f"{LAST} .said").inner_text().endswith(said)
    assert "<script>window.hacked=2</script>" in frame(page).locator(f"{LAST} .card h3").inner_text()
    assert "<script>window.hacked=2</script>" in frame(page).locator(f"{LAST} .slot-text").inner_text()
    assert inner(page).evaluate("window.hacked") is None
    assert frame(page).locator(f"{LAST} img").count() == 1
    assert frame(page).locator(f"{LAST} a").count() == 0


def test_a_failure_is_told_and_can_be_tried_again(visit_shop, clerk):
    page = visit_shop()
    page.route(
        "**/v1/chat/completions", lambda route: route.fulfill(status=429, json={"error": {"code": "overloaded"}})
    )
    frame(page).locator("#message").fill("a quiet laptop")
    frame(page).locator("#message").press("Enter")
    frame(page).locator("[role=alert]:has-text('Many people')").wait_for()
    page.unroute("**/v1/chat/completions")
    frame(page).locator("[role=alert] button").click()
    frame(page).locator(f"{DONE} .card").first.wait_for()
    assert [request.message for request in clerk.requests] == ["a quiet laptop"]
