"""The chat page in a browser, as people use it."""

from __future__ import annotations

import pytest

from core.entities import EventKind

pytestmark = pytest.mark.ui

LAST = ".fw-turn:last-child"
DONE = f"{LAST}[aria-busy=false]"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def say(page, text: str) -> None:
    page.fill(".fw textarea", text)
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE, timeout=20_000)


def text_of(page, selector: str) -> str:
    return page.inner_text(selector)


def test_the_page_welcomes_and_an_example_starts_the_talk(visit, assistant):
    page = visit()
    assert text_of(page, ".fw-welcome h1") == "Good evening."
    assert text_of(page, ".fw-lead") == "What may I help you find?"
    assert page.title() == "Lantern & Co."
    page.click(".fw-example >> nth=0")
    page.wait_for_selector(DONE)
    assert assistant.requests[0].message == "I need a quiet laptop under $900 for travel"
    assert not page.is_visible(".fw-welcome")


def test_cards_come_before_prose_which_streams(visit, assistant):
    page = visit()
    page.fill(".fw textarea", "a slow quiet laptop")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LAST} .fw-card")
    assert page.query_selector(f"{LAST} .fw-slot-text > *") is None
    page.wait_for_selector(f"{LAST}.fw-streaming .fw-slot-text p")
    first = text_of(page, f"{LAST} .fw-slot-text")
    page.wait_for_selector(DONE, timeout=20_000)
    assert text_of(page, f"{LAST} .fw-slot-text").startswith(first)
    assert len(text_of(page, f"{LAST} .fw-slot-text")) > len(first)
    assert page.locator(f"{LAST} .fw-card").count() == 3
    page.wait_for_function("[...document.querySelectorAll('.fw-photo img')].every(i => i.complete && i.naturalWidth)")
    for words in ("$649.50", "Only 3 left", "Sponsored", "Out of stock"):
        assert words in text_of(page, LAST)


def test_reasons_and_trace_unfold(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    assert not page.is_visible(f"{LAST} .fw-why ul >> nth=0")
    page.click(f"{LAST} .fw-why summary >> nth=0")
    assert "rv-2071" in text_of(page, f"{LAST} .fw-why >> nth=0")
    page.click(f"{LAST} .fw-trace summary")
    assert "recommend_items" in text_of(page, f"{LAST} .fw-trace")


def test_quick_replies_carry_counts_and_say_what_they_show(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    assert text_of(page, f"{LAST} .fw-option >> nth=0").split() == ["13-14", "in", "12", "items"]
    page.click(f"{LAST} [data-say='15-16 in']")
    page.wait_for_selector(f".fw-turn:nth-child(2){DONE.removeprefix(LAST)}")
    assert assistant.requests[1].message == "15-16 in"
    assert assistant.requests[1].session.session_id == assistant.requests[0].session.session_id


def test_a_chip_is_removed_by_a_click(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    assert page.locator(".fw-chip").count() == 4
    page.click(".fw-chip:has-text('Under $900')")
    page.wait_for_selector(f".fw-turn:nth-child(2){DONE.removeprefix(LAST)}")
    assert assistant.requests[1].edit.remove == ("c2",)
    assert page.locator(".fw-chip").count() == 3


def test_a_dead_end_offers_what_could_go(visit, assistant):
    page = visit()
    say(page, "nothing like this")
    page.click(f"{LAST} .fw-option:has-text('Not Halden')")
    page.wait_for_selector(f".fw-turn:nth-child(2){DONE.removeprefix(LAST)}")
    assert assistant.requests[1].edit.remove == ("c3", "c4")


def test_likes_are_recorded_at_once_and_seen(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    heart = page.locator(f"{LAST} .fw-card >> nth=1").locator("[data-act=like]")
    heart.click()
    page.wait_for_selector(f"{LAST} .fw-ack:has-text('Noted')")
    assert heart.get_attribute("aria-pressed") == "true"
    (seen,) = assistant.recorded
    assert (seen.event, seen.item_id, seen.position) == (EventKind.LIKE, "lap-02", 2)
    assert seen.session_id == assistant.requests[0].session.session_id
    assert seen.user_id == assistant.requests[0].user_id
    page.locator(f"{LAST} .fw-card >> nth=1").locator("[data-act=dislike]").click()
    page.wait_for_selector(f"{LAST} .fw-ack:has-text('less like this')")
    assert heart.get_attribute("aria-pressed") == "false"


def test_the_profile_sets_the_user_and_nothing_else(visit, assistant):
    page = visit()
    page.select_option(".fw-persona select", "u1")
    say(page, "a quiet laptop")
    assert assistant.requests[0].user_id == "u1"
    assert "Mira" in text_of(page, ".fw-persona span")


def test_the_page_speaks_chinese(visit, assistant):
    page = visit()
    page.click("[data-do=language]")
    assert page.get_attribute(".fw textarea", "placeholder") == "说说您想找什么……"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert text_of(page, ".fw-name") == "灯笼百货"
    say(page, "安静的笔记本,旅行用")
    assert "仅剩 3 件" in text_of(page, LAST)
    assert "便宜一点的" in text_of(page, f"{LAST} .fw-follow")
    page.reload()
    page.wait_for_selector(".fw[data-ready=yes]")
    assert text_of(page, "[data-do=language]") == "English"


def test_a_chinese_browser_gets_a_chinese_page(visit, assistant):
    assert text_of(visit(locale="zh-CN"), ".fw-welcome h1") == "欢迎光临,想找点什么?"


def test_light_and_dark_follow_the_system_and_the_switch(visit, assistant):
    page = visit(color_scheme="dark")
    paper = "getComputedStyle(document.querySelector('.fw')).backgroundColor"
    dark = page.evaluate(paper)
    page.click("[data-do=scheme]")
    light = page.evaluate(paper)
    assert dark != light
    page.reload()
    page.wait_for_selector(".fw[data-ready=yes]")
    assert page.evaluate(paper) == light


def test_markup_from_catalogue_and_people_is_shown_as_text(visit, assistant):
    page = visit()
    said = "probe <img src=x onerror=window.hacked=3><script>window.hacked=4</script>"
    say(page, said)
    assert text_of(page, f"{LAST} .fw-said") == said
    assert "<script>window.hacked=2</script>" in text_of(page, f"{LAST} .fw-title")
    page.reload()
    page.wait_for_selector(f".fw[data-ready=yes] {LAST}")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.locator(f"{LAST} img").count() == 1
    assert page.locator(f"{LAST} a").count() == 0


def test_a_phone_has_no_sideways_scroll(visit, assistant):
    page = visit(**PHONE)
    say(page, "a quiet laptop")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.fw *')].filter((node) => {
            if (node.closest('.fw-cards, .fw-chips ul, .fw-spoken, svg, option')) return false;
            const box = node.getBoundingClientRect();
            return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
        }).map((node) => node.className || node.tagName)"""
    )
    assert outside == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cards = page.evaluate(
        "(() => { const c = document.querySelector('.fw-cards'); return c.scrollWidth > c.clientWidth })()"
    )
    assert cards
    small = page.evaluate(
        """() => [...document.querySelectorAll('.fw button')].filter((node) => node.offsetParent
            && (node.offsetHeight < 32 || node.offsetWidth < 32)).map((node) => node.className)"""
    )
    assert small == []


def test_a_whole_talk_by_keyboard(visit, assistant):
    page = visit()
    page.keyboard.type("a quiet laptop")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("for travel")
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE)
    assert assistant.requests[0].message == "a quiet laptop\nfor travel"
    reached = []
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        reached.append(page.evaluate("document.activeElement.dataset.say || document.activeElement.dataset.act || ''"))
        if reached[-1] == "like":
            break
    assert "Cheaper" in reached
    assert reached[-1] == "like"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LAST} .fw-ack:has-text('Noted')")
    assert len(assistant.recorded) == 1


def test_the_answer_is_told_to_screen_readers_and_everything_has_a_name(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    assert "Three quiet laptops" in page.text_content("[aria-live=polite]")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.fw button, .fw select, .fw textarea, .fw a')].filter((node) =>
            !(node.getAttribute('aria-label') || node.innerText || '').trim())
            .map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


def test_stopping_ends_the_work(visit, assistant):
    page = visit()
    page.fill(".fw textarea", "a slow quiet laptop")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LAST} .fw-card")
    page.click(".fw-send")
    page.wait_for_selector(f"{LAST} .fw-ended")
    page.wait_for_timeout(1500)
    assert assistant.cancelled == 1
    say(page, "a quiet laptop")
    assert page.locator(f"{LAST} .fw-card").count() == 3


def test_closing_the_tab_ends_the_work(visit, assistant):
    page = visit()
    page.fill(".fw textarea", "a slow quiet laptop")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LAST} .fw-card")
    page.close()
    other = visit()
    other.wait_for_timeout(2500)
    assert assistant.cancelled == 1


def test_a_reload_keeps_the_conversation_and_a_new_one_forgets_it(visit, assistant):
    page = visit()
    say(page, "a quiet laptop")
    page.locator(f"{LAST} [data-act=like] >> nth=0").click()
    page.wait_for_selector(f"{LAST} .fw-ack:has-text('Noted')")
    page.reload()
    page.wait_for_selector(f".fw[data-ready=yes] {LAST} .fw-card")
    assert page.locator(".fw-chip").count() == 4
    assert page.locator(f"{LAST} [data-act=like] >> nth=0").get_attribute("aria-pressed") == "true"
    say(page, "cheaper")
    assert assistant.requests[1].session.session_id == assistant.requests[0].session.session_id
    page.click("[data-do=fresh]")
    assert page.is_visible(".fw-welcome")
    assert page.locator(".fw-chip").count() == 0
    say(page, "a quiet laptop")
    assert assistant.requests[2].session.session_id != assistant.requests[0].session.session_id


def test_a_failed_turn_can_be_tried_again(visit, assistant):
    page = visit()
    say(page, "broken")
    assert "secret detail" not in text_of(page, "body")
    page.click(f"{LAST} [data-retry]")
    page.wait_for_selector(f".fw-turn:nth-child(2){DONE.removeprefix(LAST)}")
    assert len(assistant.requests) == 2


def test_policies_are_quoted_with_their_source_and_a_hand_off_is_announced(visit, assistant):
    page = visit()
    say(page, "how do returns work")
    assert "Handed to a colleague" in text_of(page, LAST)
    page.click(f"{LAST} .fw-fold summary >> nth=0")
    assert "policies/returns.md#window" in text_of(page, LAST)


def test_a_broken_connection_is_said_and_the_turn_can_be_tried_again(browser, assistant):
    from core.settings import Settings
    from server.app import create_app
    from tests.server.serving import served

    context = browser.new_context()
    page = context.new_page()
    with served(create_app(assistant, Settings())) as url:
        page.goto(url)
        page.wait_for_selector(".fw[data-ready=yes]")
        page.fill(".fw textarea", "a slow quiet laptop")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{LAST} .fw-card")
    page.wait_for_selector(f"{LAST} .fw-ended", timeout=20_000)
    assert "connection broke" in text_of(page, LAST)
    assert page.is_visible(f"{LAST} [data-retry]")
    context.close()
