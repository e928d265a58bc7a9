"""The widget as it looks: phones, schemes, names for screen readers, sizes, and no line drawn outside."""

from __future__ import annotations

import pytest

from tests.ui.widget_page import DONE, LAST, frame, inner, say

pytestmark = pytest.mark.ui

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NAMELESS = """() => [...document.querySelectorAll('button, a[href], textarea, summary, img, [role=dialog], iframe')]
    .filter((node) => node.checkVisibility()
        && !(node.getAttribute('aria-label') || node.textContent.trim() || node.title
        || (node.labels && node.labels.length && node.labels[0].textContent.trim())
        || (node.nodeName === 'IMG' && node.hasAttribute('alt'))))
    .map((node) => node.outerHTML.slice(0, 100))"""
CONTRAST = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const behind = (node) => { for (; node; node = node.parentElement) { const style = getComputedStyle(node); if (style.backgroundImage !== 'none' && !node.matches('li')) return null; const c = rgb(style.backgroundColor); if (c[3] === 255) return c; } return null; };
    const faint = [];
    for (const node of document.querySelectorAll('.app *')) {
        const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
        if (!own || !node.checkVisibility() || node.closest('svg, .spoken, .status')) continue;
        const back = behind(node);
        if (!back) continue;
        const [a, b] = [light(rgb(getComputedStyle(node).color)), light(back)].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 4.5) faint.push(`${node.className || node.nodeName}: ${((a + .05) / (b + .05)).toFixed(2)}`);
    }
    return [...new Set(faint)];
}"""  # noqa: E501
OUTSIDE = """() => [...document.querySelectorAll('.app *')].filter((node) => {
    if (node.closest('.cards, .chips, .spoken, .status, svg, .table')) return false;
    const box = node.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map((node) => node.className || node.tagName)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_a_role_and_contrast(visit_shop, clerk, scheme):
    page = visit_shop(color_scheme=scheme)
    assert inner(page).evaluate(CONTRAST) == []
    for text in ("a quiet laptop", "compare 1 and 2", "how do returns work?", "cancel my order"):
        say(page, text)
        assert inner(page).evaluate(NAMELESS) == []
        assert inner(page).evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    log = frame(page).locator("#log")
    assert (log.get_attribute("role"), log.get_attribute("aria-live")) == ("log", "polite")
    assert frame(page).locator("#status").get_attribute("role") == "status"
    panel = page.locator("#floorwalker-widget .panel")
    assert (panel.get_attribute("role"), panel.get_attribute("aria-label")) == ("dialog", "Chat")
    assert page.locator("#floorwalker-widget iframe").get_attribute("title") == "Chat"
    ids = inner(page).evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))
    assert frame(page).locator("h1").count() == 1
    assert frame(page).locator("main").count() == 1
    assert frame(page).locator(f"{LAST} img:not([alt])").count() == 0


def test_dark_and_light_differ_and_can_be_set(visit_shop, clerk):
    paper = "getComputedStyle(document.body).backgroundColor"
    light = inner(visit_shop(color_scheme="light")).evaluate(paper)
    dark = inner(visit_shop(color_scheme="dark")).evaluate(paper)
    page = visit_shop({"theme": "dark", "accent": "#7a2048"}, color_scheme="light")
    inner(page).wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert light != dark == inner(page).evaluate(paper)
    assert inner(page).evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')") == "#7a2048"


def test_a_phone_is_filled_and_scrolls_only_down(visit_shop, clerk):
    page = visit_shop(**PHONE, reduced_motion="reduce")
    page.evaluate("document.querySelector('main').append('wide'.repeat(300))")  # a page that is wider than the screen
    page.wait_for_timeout(100)
    box = page.locator("#floorwalker-widget .panel").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    say(page, "a quiet laptop")
    assert inner(page).evaluate(OUTSIDE) == []
    assert inner(page).evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = inner(page).evaluate(
        """() => [...document.querySelectorAll('button')].filter((node) => node.checkVisibility()
            && (node.offsetHeight < 28 || node.offsetWidth < 28)).map((node) => node.className)"""
    )
    assert small == []
    frame(page).locator("#shut").click()
    page.locator("#floorwalker-widget .panel").wait_for(state="hidden")
    assert page.locator("#floorwalker-widget button").is_visible()


def test_a_small_window_keeps_the_panel_inside(visit_shop, clerk):
    page = visit_shop({"position": "left"}, viewport={"width": 700, "height": 480})
    box = page.locator("#floorwalker-widget .panel").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 700
    say(page, "a quiet laptop")
    assert inner(page).evaluate(OUTSIDE) == []


def test_nothing_moves_for_those_who_do_not_want_it(visit_shop, clerk):
    page = visit_shop(reduced_motion="reduce")
    say(page, "a quiet laptop")
    moving = "document.getAnimations().length"
    assert inner(page).evaluate(moving) == 0
    assert page.evaluate(moving) == 0


def test_a_page_with_a_strict_policy_holds_it(visit_shop, clerk, site):
    site.options.policy = f"default-src 'self'; script-src 'self' {site.server}; frame-src {site.server}"
    try:
        page = visit_shop()
    finally:
        site.options.policy = ""
    say(page, "a quiet laptop")
    assert frame(page).locator(f"{DONE} .card").count() == 3
    width = page.locator("#floorwalker-widget .panel").bounding_box()["width"]
    assert width == 408
