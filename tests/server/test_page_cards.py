"""Cards, chips, prose and turns as HTML: everything shown, nothing run."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from core.conversation import Intent
from core.entities import Constraint, Facet, FacetType, Item, ItemId, Op, Recommendation, Strength
from core.events import ItemsFound, Reply, TextDelta, ToolStarted, TurnDone, TurnStarted
from server.page_cards import cards_html, picture_address, web_link
from server.page_parts import chips_html, follow_ups, notes_html, prose_html, replies_html, trace_html
from server.page_turn import TurnView
from server.page_words import constraint_label, esc, money, texts, visible
from tests.server.fake_assistant import CONSTRAINTS, FACETS, PROBE, ScriptedAssistant, items

SAFE_TAGS = {
    *("ol", "ul", "li", "article", "div", "p", "h3", "span", "a", "b", "img", "details", "summary", "cite", "code"),
    *("button", "svg", "path", "circle", "i", "small", "aside", "strong", "blockquote", "pre"),
}


class Tags(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def assert_inert(markup: str, allowed: set[str] = SAFE_TAGS) -> Tags:
    seen = Tags(markup)
    assert set(seen.tags) <= allowed
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    for name, value in seen.attributes:
        if name in ("href", "src"):
            assert (value or "").startswith(("https://", "http://", "shop/"))
    return seen


def probe_reply(**changes) -> Reply:
    """Every text of the reply that a catalogue or person may have written is hostile."""
    entry = items()[0]
    reasons = tuple(replace(reason, text=PROBE, source=replace(reason.source, ref=PROBE)) for reason in entry.reasons)
    item = replace(entry.item, id=ItemId(PROBE), title=PROBE, brand=PROBE, currency=PROBE, url="javascript:alert(1)")
    evil = replace(entry, item=item, reasons=reasons, unknown=(PROBE,), disclosures=(PROBE,))
    return Reply("s", PROBE, PROBE, "en", (Intent.RECOMMEND,), items=(evil,), **changes)


def test_a_card_shows_what_the_catalogue_says():
    seen = assert_inert(cards_html(items(), "t1", "en"))
    for text in ("$799", "$649.50", "Only 3 left", "Out of stock", "Sponsored", "4.6", "(213)", "review", "rv-2071"):
        assert text in seen.text
    assert ("data-position", "3") in seen.attributes
    assert ("src", "shop/images/lap-01.svg") in seen.attributes
    assert ("aria-label", "4.6 of 5 stars, 213 ratings") in seen.attributes


def test_a_card_speaks_chinese():
    seen = assert_inert(cards_html(items("zh"), "t1", "zh"))
    for text in ("旅行笔记本", "仅剩 3 件", "缺货", "赞助", "为什么推荐"):
        assert text in seen.text


def test_a_bare_item_makes_a_card():
    entry = Recommendation(Item(ItemId("1"), "Lamp"), 0.5)
    seen = assert_inert(cards_html([entry], "t", "en"))
    assert "Price on request" in seen.text
    assert "img" not in seen.tags
    assert "details" not in seen.tags


def test_hostile_catalogue_text_is_shown_as_text():
    seen = assert_inert(cards_html(probe_reply().items, PROBE, "en"))
    assert "script" not in seen.tags
    assert "<script>window.hacked=2</script>" in seen.text
    assert "\x1b" not in seen.text


@pytest.mark.parametrize(
    "part",
    [
        lambda reply: replies_html(reply, {}, PROBE),
        lambda reply: notes_html(reply),
        lambda reply: trace_html(reply.tool_calls, reply),
        lambda reply: chips_html(reply.constraints, {}, "en", PROBE),
    ],
)
def test_hostile_text_beside_the_cards_is_shown_as_text(part):
    from core.entities import Option, Question, Relaxation
    from core.events import Action, Citation, ToolRun

    reply = probe_reply(
        constraints=(Constraint(PROBE, PROBE, Op.EQ, PROBE), Constraint("c2", "price", Op.LE, 9.0, PROBE)),
        relaxed=(Relaxation((PROBE, "c2"), 2),),
        question=Question("f", (Option(PROBE, 3),), text=PROBE + "?"),
        citations=(Citation(PROBE, PROBE),),
        actions=(Action(PROBE, PROBE),),
        tool_calls=(ToolRun(PROBE, {PROBE: PROBE}, 1.0),),
        degraded=True,
    )
    markup = part(reply)
    assert "&lt;script&gt;" in markup
    assert_inert(markup)


def test_prose_is_markdown_that_cannot_run_or_load():
    text = f"**bold** {PROBE}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![pixel](https://evil.example/p.png) "
    text += "[bad](javascript:alert(1)) [file](policies/returns.md) [good](https://shop.example/x)"
    seen = assert_inert(prose_html(text), SAFE_TAGS | {"table", "thead", "tbody", "tr", "th", "td", "br", "em"})
    assert "img" not in seen.tags
    assert [value for name, value in seen.attributes if name == "href"] == ["https://shop.example/x"]
    assert ("rel", "noopener noreferrer") in seen.attributes
    assert "table" in seen.tags


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//a.example/x", None),
        ("/relative", None),
        ("http://[broken", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(given, expected):
    assert web_link(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("images/a b.svg", "shop/images/a%20b.svg"),
        ("/images/a.svg", "shop/images/a.svg"),
        ("https://cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("../customers.csv", None),
        ("javascript:alert(1)", None),
        ("//cdn.example/a.jpg", None),
        ("images\\..\\a.svg", None),
        ("", None),
    ],
)
def test_pictures_come_from_the_web_or_the_shop_folder(given, expected):
    assert picture_address(given) == expected


def test_chips_read_well_in_both_languages():
    english = [constraint_label(entry, FACETS, "en", "USD") for entry in CONSTRAINTS]
    assert english == ["Laptops", "Under $900", "Not Halden", "Ideally at most 30 dB noise"]
    assert [constraint_label(entry, FACETS, "zh", "USD") for entry in CONSTRAINTS][1:3] == [
        "900 美元以内",
        "不要 Halden",
    ]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.BETWEEN, (10.0, 20.5), "10–20.5 h battery life"),
        (Op.GE, 12.0, "At least 12 h battery life"),
        (Op.EQ, True, "Battery life"),
        (Op.EQ, False, "No battery life"),
        (Op.NE, True, "No battery life"),
        (Op.IN, ("a", "b"), "A or b battery life"),
        (Op.NOT_CONTAINS, "a", "Battery life not a"),
        (Op.GT, "2024-05-01", "Battery life over 2024-05-01"),
    ],
)
def test_every_kind_of_constraint_has_a_label(op, value, expected):
    facets = {"battery_life": Facet("battery_life", FacetType.NUMBER, labels={"en": "Battery life"})}
    assert constraint_label(Constraint("c", "battery_life", op, value, "h"), facets, "en") == expected


def test_a_wish_is_told_from_a_must():
    chips = chips_html(CONSTRAINTS, FACETS, "en", "USD")
    assert chips.count("fw-must") == 3
    assert Strength.WISH in chips


def test_prices_are_written_as_people_write_them():
    assert [money(899, "USD"), money(1299.5, "CNY"), money(12, "CHF"), money(5, None)] == [
        "$899",
        "¥1,299.50",
        "12 CHF",
        "5",
    ]


def test_control_characters_and_direction_overrides_become_visible():
    assert visible("a\x00b\x1bc\x7f") == "a␀b␛c␡"
    assert visible("a\u202eb") == "a\ufffdb"
    assert esc("<\"'&>") == "&lt;&quot;&#x27;&amp;&gt;"


def test_follow_ups_fit_the_turn():
    reply = Reply("s", "t", "", "en", (Intent.RECOMMEND,), items=items())
    assert follow_ups(reply) == ["follow_cheaper", "follow_compare", "follow_why", "follow_more"]
    assert follow_ups(replace(reply, items=items()[:1])) == ["follow_cheaper", "follow_why"]
    assert follow_ups(replace(reply, intents=(Intent.COMPARE,))) == ["follow_cheaper", "follow_brand"]
    assert follow_ups(replace(reply, intents=(Intent.POLICY,))) == []


def test_both_languages_say_the_same_things():
    english, chinese = texts()["en"], texts()["zh"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(_placeholders(text)) == set(_placeholders(chinese[key])), key


def _placeholders(text: str) -> list[str]:
    import string

    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def test_a_turn_grows_from_status_to_cards_to_prose():
    view = TurnView("k", "s0", "en", FACETS, "USD")
    assert "One moment" in view.value()["pieces"]["status"]
    view.apply(TurnStarted("s1", "t1"))
    view.apply(ToolStarted("recommend_items", {}))
    assert "shelves" in view.value()["pieces"]["status"]
    reply = Reply("s1", "t1", "", "en", (Intent.RECOMMEND,), items=items(), constraints=CONSTRAINTS)
    view.apply(ItemsFound(reply))
    early = view.value()
    assert early["session"] == "s1"
    assert "Fjell Air" in early["pieces"]["cards"]
    assert "status" not in early["pieces"]
    assert "text" not in early["pieces"]
    assert "Under $900" in early["chips"]
    view.apply(TextDelta("Three **fit**."))
    assert "<strong>fit</strong>" in view.value()["pieces"]["text"]
    assert not view.value()["done"]
    view.apply(TurnDone(replace(reply, text="Three **fit**.", degraded=True)))
    last = view.value()
    assert last["done"]
    assert "built-in model finished" in last["model"]["en"]
    assert "fw-follow" in last["pieces"]["replies"]


def test_items_spoken_of_again_are_small_and_not_numbered_anew():
    view = TurnView("k", "s", "en", FACETS, "USD")
    view.apply(ItemsFound(Reply("s", "t", "", "en", (Intent.COMPARE,), items=items()[:2])))
    assert "fw-cards-known" in view.value()["pieces"]["cards"]


def test_a_failed_turn_offers_to_try_again_and_says_nothing_internal():
    view = TurnView("k", "s", "zh", FACETS, None)
    view.fail()
    value = view.value()
    assert value["done"]
    assert "data-retry" in value["pieces"]["notes"]
    assert "重试" in value["pieces"]["notes"]


def test_the_scripted_assistant_is_used_by_the_page():
    assert ScriptedAssistant().personas()
