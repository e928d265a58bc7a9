"""Details, comparisons, the service desk and talk in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from core.conversation import ConversationState, Wants
from core.entities import Passage
from retrieval.catalogue import Catalogue
from tests.agent.wording import fashion, films, hotels, must, numbers, pick, say
from tools.results import (
    Compared,
    ComparedFacet,
    Detailed,
    Explained,
    HandedOff,
    IdentityNeeded,
    OrderFound,
    PassagesFound,
    ProfileShown,
)

__all__ = ["fashion", "films", "hotels"]

BOTH = pytest.mark.parametrize("language", ["en", "zh"])
ORDER = {
    "order_id": "A1042", "status": "shipped", "total": 148.0, "currency": "USD",
    "items": [{"item_id": "w5", "title": "old", "quantity": 1, "price": 129.0},
              {"item_id": "gone", "title": "Lost_<b>hat</b>", "quantity": 2, "price": 9.5}],
    "shipping": {"carrier": "DHL", "tracking": "JD014", "eta": "2024-05-07", "address": "12 Secret Lane"},
    "history": [{"status": "paid", "time": "2024-05-02"}, {"status": "shipped", "time": "2024-05-04T10:00:00"}],
}  # fmt: skip


@BOTH
def test_a_comparison_is_a_table_with_the_best_bold(fashion: Catalogue, language: str):
    items = [fashion.item(key) for key in ("w3", "w5")]
    rows = (
        ComparedFacet("weight", (310.0, 280.0), (1,)), ComparedFacet("color", ("grey", "green")),
        ComparedFacet("rating", (None, 4.5)), ComparedFacet("material", (("wool",), ("wool",))),
    )  # fmt: skip
    text = say(fashion, Compared(tuple(pick(item) for item in items), rows), language=language, intents=("compare",))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {4}
    assert "**280 g**" in text if language == "en" else "**280 克**" in text
    assert "**$89.00**" in text
    assert "| –" in text
    assert "wool" in text.rsplit("\n\n", 1)[1]
    assert ("lighter" if language == "en" else "更轻") in text


def test_pipes_in_titles_do_not_break_the_table(fashion: Catalogue):
    item = replace(fashion.item("w3"), title="A|B|C D")
    text = say(fashion, Compared((pick(item), pick(fashion.item("w5"))), ()), intents=("compare",))
    assert "A|B" not in text


@BOTH
def test_details_answer_what_was_asked_and_admit_what_is_unknown(fashion: Catalogue, language: str):
    asked = Detailed((pick(fashion.item("w5")),), ("weight", "stock", "warranty"))
    for seed in range(3):
        text = say(fashion, asked, language=language, intents=("details",), seed=seed)
        assert {280.0, 20.0} <= numbers(text)
        assert "warranty" in text


@BOTH
def test_a_portrait_holds_facts_and_related_items(fashion: Catalogue, language: str):
    item = fashion.item("w10")
    found = Detailed((pick(item),), (), {item.id: (("goes_with", fashion.item("w5")),)})
    text = say(fashion, found, language=language, intents=("details",))
    assert "$79.00" in text
    assert ("Goes with Rain Shell" if language == "en" else "搭配：轻便雨衣") in text
    assert ("Weight: 340 g" if language == "en" else "重量：340 克") in text


def test_chinese_beside_bold_names_is_still_bold(fashion: Catalogue):
    item = replace(fashion.item("w5"), texts={"title": {"zh": "轻便雨衣（绿）"}}, url="https://shop.example/w5")
    render = MarkdownIt("commonmark").enable("table").render
    for seed in range(3):
        for text in (
            say(fashion, Explained((pick(item),)), language="zh", seed=seed, intents=("explain",)),
            say(fashion, Detailed((pick(item),), ("weight",)), language="zh", seed=seed, intents=("details",)),
            say(fashion, ProfileShown((item, fashion.item("w3")), (), (), (), Wants()), language="zh", seed=seed),
        ):
            assert "<strong>" in render(text)
            assert "**" not in render(text)


@BOTH
def test_policies_are_quoted_with_their_section(fashion: Catalogue, language: str):
    passage = Passage(
        "policies/returns.md#window", "Return window", "You have **30 days**.\n\n- <i>Sealed</i> only", 0.9
    )
    text = say(fashion, PassagesFound("can I return it", (passage,)), language=language, intents=("policy",))
    assert "> You have **30 days**." in text
    assert "> - &lt;i>Sealed" in text
    assert "policies/returns.md#window" in text


def test_a_long_passage_is_cut_to_what_was_asked(fashion: Catalogue):
    filler = " ".join(f"Sentence number {word} is about boxes and paper." for word in "abcdefghijklmnopqrst")
    passage = Passage("p.md#a", "Long", f"{filler} Refunds reach you within 7 days. {filler}", 0.9)
    text = say(fashion, PassagesFound("when do refunds reach me", (passage,)), intents=("policy",))
    assert "Refunds reach you within 7 days." in text
    assert len(text) < 900
    assert "…" in text


@BOTH
def test_silent_policies_offer_a_person(fashion: Catalogue, language: str):
    for seed in range(3):
        text = say(fashion, PassagesFound("do you gift-wrap", ()), language=language, intents=("policy",), seed=seed)
        assert ("colleague" if language == "en" else "人工" if "人工" in text else "同事") in text


@BOTH
def test_an_order_in_plain_words(fashion: Catalogue, language: str):
    text = say(fashion, OrderFound(ORDER), language=language, intents=("order_status",))
    assert ("May 7, 2024" if language == "en" else "2024年5月7日") in text
    assert ("May 4, 2024" if language == "en" else "2024年5月4日") in text
    assert "JD014" in text
    assert "$148.00" in text
    assert ("1 × Rain Shell" if language == "en" else "1 × 轻便雨衣") in text
    assert r"Lost\_&lt;b>hat" in text
    assert "Secret Lane" not in text


@BOTH
@pytest.mark.parametrize(
    "status",
    [
        "pending",
        "paid",
        "packed",
        "shipped",
        "out_for_delivery",
        "delivered",
        "cancelled",
        "return_requested",
        "returned",
        "refunded",
        "exchanged",
        "lost_at_sea",
    ],
)
def test_every_order_status_has_words(fashion: Catalogue, language: str, status: str):
    for seed in range(2):
        bare = {"order_id": "A1", "status": status, "items": []}
        assert "A1" in say(fashion, OrderFound(bare), language=language, seed=seed, intents=("order_status",))
    eta = say(fashion, OrderFound({**ORDER, "status": status}), language=language, intents=("order_status",))
    assert ("JD014" in eta) == (status in ("pending", "paid", "packed", "shipped", "out_for_delivery"))


@BOTH
@pytest.mark.parametrize("why", ["unverified", "refused", "limited", "session"])
def test_identity_is_asked_for_or_refused(fashion: Catalogue, language: str, why: str):
    text = say(fashion, IdentityNeeded(("email",), why), language=language, intents=("order_status",))
    asks = why in ("unverified", "refused")
    assert (("e-mail" if language == "en" else "邮箱") in text) == asks
    assert ("order number" if language == "en" else "订单号") not in text


@BOTH
def test_the_profile_lists_what_is_known(fashion: Catalogue, language: str):
    liked = tuple(fashion.item(f"w{number}") for number in range(1, 8))
    shown = ProfileShown(liked, (), (fashion.item("w9"),), (), Wants("", (must("price", "<=", 90.0),)))
    text = say(fashion, shown, language=language, intents=("profile",))
    assert text.count("\n- ") == 3
    assert 2 in numbers(text)
    assert say(fashion, ProfileShown((), (), (), (), Wants(), known=False), language=language, intents=("profile",))


@BOTH
def test_a_hand_off_says_what_was_told(fashion: Catalogue, language: str):
    text = say(fashion, HandedOff("Wants <a> refund"), language=language, intents=("complaint", "handoff"))
    assert "Wants &lt;a> refund" in text


@BOTH
@pytest.mark.parametrize(
    ("intents", "note"),
    [
        (("greet",), None),
        (("thanks",), None),
        (("thanks", "goodbye"), None),
        (("smalltalk",), None),
        (("reset",), None),
        (("undo",), None),
        (("complaint",), None),
        (("confirm",), None),
        (("deny",), None),
        (("feedback",), None),
        (("out_of_scope",), None),
        (("recommend",), "unclear"),
        (("explain",), "nothing_shown"),
        (("explain",), "which_item"),
        (("undo",), "nothing_to_undo"),
        (("complaint",), "rude"),
        (("cart",), "unavailable"),
        (("exchange",), "unavailable"),
        (("policy",), "unavailable"),
        (("recommend",), "already_asked"),
        (("recommend",), "a_note_nobody_wrote"),
        ((), None),
    ],
)
def test_talk_needs_no_evidence(
    films: Catalogue, hotels: Catalogue, language: str, intents: tuple[str, ...], note: str | None
):
    for shop in (films, hotels):
        for seed in range(3):
            assert say(shop, language=language, intents=intents, note=note, seed=seed)


def test_out_of_scope_names_what_the_shop_has(fashion: Catalogue):
    text = say(fashion, intents=("out_of_scope",))
    assert "Women" in text or "women" in text


def test_the_first_greeting_is_the_shops_own(fashion: Catalogue):
    own = fashion.shop.model_copy(update={"greeting": {"en": "Howdy from the *wardrobe*"}})
    from agent.embedded.writer import EmbeddedWriter
    from agent.ports import Decision, TurnContext
    from core.conversation import Intent

    context = TurnContext("hi", "en", ConversationState(turn=1), own, fashion)
    assert "".join(EmbeddedWriter().pieces(context, Decision((Intent.GREET,)), ())) == r"Howdy from the \*wardrobe\*"


def test_which_item_offers_those_on_screen(fashion: Catalogue):
    screen = (fashion.item("w3"), fashion.item("w5"))
    text = say(fashion, intents=("explain",), note="which_item", on_screen=screen)
    assert "1. **Merino Crew Jumper**" in text
    assert "2. **Rain Shell**" in text
