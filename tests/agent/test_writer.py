"""Recommendations in words: prices, links and reasons from the catalogue, in both languages, in changing forms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.embedded.writer import EmbeddedWriter
from agent.ports import Decision, TurnContext
from core.conversation import ConversationState, Intent, Wants
from core.entities import ItemId, Option, Question, Ranking, Recommendation, Relaxation, Sort
from retrieval.catalogue import Catalogue
from tests.agent.wording import fashion, films, hotels, must, numbers, pick, reason, say
from tools.results import Recommended

__all__ = ["fashion", "films", "hotels"]


def found(picks: Sequence[Recommendation], *constraints, matches: int = 9, text: str = "", **more) -> Recommended:
    wants = more.pop("wants", None) or Wants(text, tuple(constraints))
    return Recommended(Ranking(tuple(picks), matches), wants, **more)


def knitwear(shop: Catalogue) -> list[Recommendation]:
    light, heavy, shell = (shop.item(key) for key in ("w3", "w4", "w5"))
    return [
        pick(light, reason("quality", rating=4.6, rating_count=31), reason("lexical", 0.2, terms=["thin"])),
        pick(heavy, reason("lexical", 0.2, terms=["thin"]), disclosures=("sponsored",)),
        pick(shell, reason("review", source="review", review_id="r1", quote="Kept me dry in a storm.", rating=5)),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("seed", range(6))
def test_items_stand_numbered_with_title_and_price(fashion: Catalogue, language: str, seed: int):
    text = say(fashion, found(knitwear(fashion), must("price", "<=", 150.0)), language=language, seed=seed)
    entries = [line for line in text.splitlines() if line[:1].isdigit() and line[1:3] == ". "]
    assert len(entries) == 3
    for entry, one in zip(entries, knitwear(fashion), strict=True):
        assert f"**{one.item.text('title', language)}**" in entry
        assert f"${one.item.price:.2f}" in entry
    assert ("Sponsored" if language == "en" else "广告") in entries[1]
    assert "Sponsored" not in entries[0]


def test_the_trade_off_is_computed_from_the_shown_items(fashion: Catalogue):
    text = say(fashion, found(knitwear(fashion), must("category", "==", "Knitwear")), seed=1)
    shell = text.splitlines()[-1]
    assert "the lightest of" in shell
    assert "280 g" in shell
    assert "$40 more than the first" in shell or "$40 dearer than the first" in shell


def test_two_items_are_compared_not_ranked(fashion: Catalogue):
    text = say(fashion, found(knitwear(fashion)[1:]))
    assert "lighter of the" in text
    assert "lightest" not in text
    assert "更轻" in say(fashion, found(knitwear(fashion)[1:]), language="zh")


def test_one_reason_is_not_said_of_every_item(fashion: Catalogue):
    picks = [pick(fashion.item(key), reason("popularity", percentile=0.97, users=40)) for key in ("w1", "w3", "w5")]
    text = say(fashion, found(picks))
    assert text.count("40 shoppers") == 1


def test_links_are_http_only_and_titles_are_shown_as_text(fashion: Catalogue):
    item = replace(
        fashion.item("w3"),
        title="A *bold* [x](http://evil.example) <b>_y_</b> | z\n# h",
        url="https://shop.example/a b(1)",
    )
    text = say(fashion, found([pick(item), pick(replace(item, url="javascript:alert(1)"))]))
    assert "(https://shop.example/a%20b%281%29)" in text
    assert "javascript" not in text
    assert "<b>" not in text
    assert r"\*bold\* \[x\](http\://evil.example)" in text
    assert r"\_y\_" in text
    assert "\n# h" not in text


def test_low_stock_unknown_facets_and_disclosures_are_said(fashion: Catalogue):
    low = replace(fashion.item("w6"), stock=2)
    text = say(fashion, found([pick(low, unknown=("material",), disclosures=("sponsored", "age 18+"))]))
    assert "2 left" in text
    assert "material" in text
    assert "age 18+" in text
    assert "stock" in say(fashion, found([pick(replace(low, stock=0))])).lower() or "sold out" in text.lower()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_found_says_what_would_help(fashion: Catalogue, language: str):
    wants = Wants("", (must("price", "<=", 20.0, "c1"), must("material", "contains", "silk", "c2")))
    ways = (Relaxation(("c1",), 12), Relaxation(("c2",), 3))
    for seed in range(4):
        text = say(fashion, Recommended(Ranking((), 0, ways), wants), language=language, seed=seed)
        assert {12.0, 3.0, 20.0} <= numbers(text)
        assert "silk" in text
        assert ("under $20" if language == "en" else "20 美元以内") in text
        assert text.count("\n- ") == 2


def test_a_single_way_out_is_offered_as_a_question(fashion: Catalogue):
    wants = Wants("", (must("price", "<=", 20.0, "c1"),))
    text = say(fashion, Recommended(Ranking((), 0, (Relaxation(("c1",), 1),)), wants))
    assert text.endswith("?")
    assert "under $20" in text


def test_all_matches_seen_is_not_called_no_match(fashion: Catalogue):
    text = say(fashion, Recommended(Ranking((), 4), Wants("", (must("price", "<=", 100.0),))))
    assert 4 in numbers(text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_replaced_and_ignored_are_said(fashion: Catalogue, language: str):
    before = (must("price", "<=", 90.0, "c1"),)
    evidence = found(knitwear(fashion), must("price", "<=", 60.0, "c9"), replaced=before, ignored=("vegan",))
    for seed in range(4):
        text = say(fashion, evidence, language=language, seed=seed)
        assert {60.0, 90.0} <= numbers(text)
        assert "“vegan”" in text


def test_the_question_stands_at_the_end_with_options_and_counts(fashion: Catalogue):
    options = (Option("", 5, must("color", "==", "black")), Option("", 4, must("color", "==", "grey")))
    state = ConversationState(turn=2, question=Question("color", options))
    text = say(fashion, found(knitwear(fashion)), state=state)
    assert "black (5)" in text.split("\n\n")[-1]
    assert "colour" in text.split("\n\n")[-1]
    assert "黑色（5 个）" in say(fashion, found(knitwear(fashion)), state=state, language="zh")


def test_cheaper_is_claimed_only_when_true(fashion: Catalogue):
    wants = Wants("", (), (Sort("price", False),))
    screen = (fashion.item("w6"), fashion.item("w9"))
    cheap = [pick(fashion.item("w7"))]
    assert any("cheaper" in say(fashion, found(cheap, wants=wants), seed=seed, on_screen=screen) for seed in range(3))
    dear = [pick(fashion.item("w5"))]
    claims = [say(fashion, found(dear, wants=wants), seed=seed, on_screen=screen).lower() for seed in range(6)]
    assert not any("cheaper than what" in text or "one cheaper one" in text for text in claims)


def test_a_shop_without_prices_and_one_in_chinese_only(films: Catalogue, hotels: Catalogue):
    text = say(films, found([pick(films.item(key)) for key in ("f1", "f3")], must("genre", "contains", "Drama")))
    assert "—" not in text
    assert "$" not in text
    stay = found([pick(hotels.item(key)) for key in ("h1", "h2")], must("price", "<=", 700.0))
    english = say(hotels, stay, language="en")
    assert "云栖酒店" in english
    assert "¥680.00" in english
    assert "cheaper of the" in english
    chinese = say(hotels, stay, language="zh", seed=1)
    assert "¥120.00" in chinese


def test_a_shorter_film_is_praised_by_what_was_wished_for(films: Catalogue):
    wants = Wants("", (), (Sort("runtime_min", False),))
    text = say(films, found([pick(films.item("f9")), pick(films.item("f12"))], wants=wants))
    assert "shorter running time" in text
    assert "79 min" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_openings_vary_with_the_seed(fashion: Catalogue, language: str):
    leads = {
        say(fashion, found(knitwear(fashion), must("price", "<=", 150.0)), language=language, seed=seed).split("\n")[0]
        for seed in range(6)
    }
    assert len(leads) >= 5


def test_the_same_seed_says_the_same(fashion: Catalogue):
    assert say(fashion, found(knitwear(fashion)), seed=5) == say(fashion, found(knitwear(fashion)), seed=5)


def test_greeting_and_feedback_open_the_answer(fashion: Catalogue):
    assert say(fashion, found(knitwear(fashion)), intents=("greet", "recommend")).startswith(("Hello", "Hi"))
    assert "\n" in say(fashion, found(knitwear(fashion)), intents=("thanks", "recommend"))
    bye = say(fashion, found(knitwear(fashion)), intents=("recommend", "goodbye"))
    assert bye.rsplit("\n\n", 1)[1].lower().startswith(("goodbye", "see you", "bye"))


def test_the_stream_is_the_same_text(fashion: Catalogue):
    context = TurnContext("", "en", ConversationState(), fashion.shop, fashion)
    decision, evidence = Decision((Intent.RECOMMEND,)), (found(knitwear(fashion)),)

    async def stream() -> list[str]:
        return [piece async for piece in EmbeddedWriter().word(context, decision, evidence)]

    pieces = asyncio.run(stream())
    assert len(pieces) == 4
    assert "".join(pieces) == "".join(EmbeddedWriter().pieces(context, decision, evidence))


_TITLES = st.text(st.characters(exclude_categories=("Nd", "Nl", "No", "Cs")), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), language=st.sampled_from(["en", "zh"]), seed=st.integers(0, 2**31))
def test_every_number_comes_from_the_evidence(fashion_data: Catalogue, data: st.DataObject, language: str, seed: int):
    prices = data.draw(st.lists(st.integers(5, 900), min_size=1, max_size=3))
    weights = data.draw(st.lists(st.integers(50, 3000), min_size=len(prices), max_size=len(prices)))
    picks = [
        pick(
            replace(fashion_data.item("w3"), id=ItemId(f"i{at}"), title=data.draw(_TITLES), texts={}, stock=None,
                    price=float(price), facets={"weight": float(weight)}),
            reason("attribute", field="weight", actual=float(weight), rank="best", of=17, better="lower"),
        )
        for at, (price, weight) in enumerate(zip(prices, weights, strict=True))
    ]  # fmt: skip
    text = say(
        fashion_data, found(picks, must("price", "<=", 950.0), matches=23), language=language, seed=seed, clean=False
    )
    stated = {17.0, 23.0, 950.0, *map(float, prices), *map(float, weights), *range(1, 4)}
    gaps = {abs(a - b) for values in (prices, weights) for a in values for b in values}
    assert numbers(text) <= stated | {float(gap) for gap in gaps}


@pytest.fixture(scope="module")
def fashion_data(fashion: Catalogue) -> Catalogue:
    return fashion
