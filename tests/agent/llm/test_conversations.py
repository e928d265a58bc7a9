"""Whole conversations with a scripted model over HTTP: shopping in both languages, an order, faults of the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from core.events import Reply, TurnRequest
from tests.agent.gadgets import ANN, ANNS_ORDER, BENS_ORDER, gadgets
from tests.agent.llm.conftest import Talk, held, items_of, one, results_of, wanted, worded
from tests.llm.scripted import Answer, call, calls, fail, say

Start = Callable[[str], Talk]


def _script(mode: str, *called: tuple[str, Any]) -> list[Any]:
    """Return what the model does in a turn: in hybrid mode it only words."""
    return [calls(*called), worded] if mode == "agent" else [worded]


def _names(reply: dict[str, Any]) -> list[str]:
    return [run["name"] for run in reply["tool_calls"]]


def _titles(reply: dict[str, Any]) -> list[str]:
    return [item["title"] for item in reply["items"]]


def test_eight_turns_in_english(talk: Start, mode: str) -> None:
    t = talk(mode)
    first = t.say(
        "I need a laptop under $1000, not from Norva",
        *_script(mode, wanted(
            one("category", "Laptops", "laptop"), one("price", 1000, "under $1000", "<"),
            one("brand", "Norva", "not from Norva", "not_in"),
        )),
    )  # fmt: skip
    assert held(first) >= {'category == "Laptops"', "price < 1000.0", 'brand != "Norva"'}
    assert first["items"]
    assert all(item["price"] < 1000 for item in first["items"])
    assert all(title in first["text"] for title in _titles(first))
    assert first["model"] == "scripted"
    assert first["mode"] == mode
    assert not first["degraded"]
    assert first["usage"]["prompt_tokens"] > 0

    cheaper = t.say("something cheaper", *_script(mode, wanted(query="laptop")))
    assert held(cheaper) >= {'category == "Laptops"', 'brand != "Norva"'}
    assert cheaper["intent"] == "refine"

    ids = [item["id"] for item in first["items"]][:2]
    shown = [item["id"] for item in t.replies[-1]["items"]] or ids
    looked = t.say(
        "tell me about the first one", *_script(mode, ("look_at_items", {"what": "details", "item_ids": shown[:1]}))
    )
    assert _names(looked) == ["item_details"]
    assert looked["items"][0]["id"] == shown[0]

    why = t.say("why this one?", *_script(mode, ("look_at_items", {"what": "explain", "item_ids": shown[:1]})))
    assert _names(why) == ["explain_items"]
    assert why["items"][0]["title"] in why["text"]

    _eight_turns_on(t, mode)


def _eight_turns_on(t: Talk, mode: str) -> None:
    touch = t.say("it must have a touchscreen", *_script(mode, wanted(one("touchscreen", True, "touchscreen"))))
    assert "touchscreen == true" in held(touch)
    assert 'brand != "Norva"' in held(touch)

    rule = say("You may return an item within 30 days of delivery.")
    asked = call("search_policies", question="how long can I return things?")
    policy = t.say("how long can I return things?", *([asked, rule] if mode == "agent" else [rule]))
    assert _names(policy) == ["search_policies"]
    assert "30 days" in policy["text"]
    assert policy["citations"]

    phones = t.say("show me phones instead", *_script(mode, wanted(one("category", "Telephones", "phones"))))
    assert 'category == "Telephones"' in held(phones)
    assert 'category == "Laptops"' not in held(phones)

    thanks = t.say("thank you, that is all", *([say("You are welcome!")] if mode == "agent" else []))
    assert thanks["text"]
    assert not thanks["items"]


def test_eight_turns_in_chinese(talk: Start, mode: str) -> None:
    t = talk(mode)
    first = t.say(
        "想要一台笔记本电脑，1000美元以内，不要诺瓦",
        *_script(mode, wanted(
            one("category", "Laptops", "笔记本电脑"), one("price", 1000, "1000美元以内", "<="),
            one("brand", "Norva", "不要诺瓦", "not_in"),
        )),
    )  # fmt: skip
    assert held(first) >= {'category == "Laptops"', "price <= 1000.0", 'brand != "Norva"'}
    assert first["items"]
    assert all(title in first["text"] for title in _titles(first))
    ids = [item["id"] for item in first["items"]]
    for message, tool, what in (
        ("介绍一下第一个", "item_details", "details"),
        ("为什么推荐第一个？", "explain_items", "explain"),
    ):
        reply = t.say(message, *_script(mode, ("look_at_items", {"what": what, "item_ids": ids[:1]})))
        assert _names(reply) == [tool]
        assert reply["items"][0]["title"] in reply["text"]
    touch = t.say("要触摸屏的", *_script(mode, wanted(one("touchscreen", True, "触摸屏"))))
    assert 'brand != "Norva"' in held(touch)
    assert "price <= 1000.0" in held(touch)
    more = t.say("再便宜一点", *_script(mode, wanted()))
    assert 'brand != "Norva"' in held(more)
    rule, asked = say("收货后30天内可以退货。"), call("search_policies", question="退货期限多久？")
    policy = t.say("退货期限多久？", *([asked, rule] if mode == "agent" else [rule]))
    assert _names(policy) == ["search_policies"]
    assert policy["text"]
    ears = t.say("换成耳机", *_script(mode, wanted(one("category", "Headphones", "耳机"))))
    assert 'category == "Headphones"' in held(ears)
    assert t.say("谢谢", *([say("不客气！")] if mode == "agent" else []))["text"]
    assert len(t.replies) == 8


def test_an_order_is_opened_for_its_customer_alone(talk: Start, mode: str) -> None:
    t = talk(mode)
    first = t.say(
        "where is my order?",
        *(
            [call("look_up_orders", about="status", order_id=BENS_ORDER, email="ben@example.com")]
            if mode == "agent"
            else []
        ),
    )
    assert BENS_ORDER not in first["text"]
    assert "Postwing" not in first["text"]
    told = t.say(
        f"it is {ANNS_ORDER}, my e-mail is {ANN}",
        say(f"Your order {ANNS_ORDER} is on its way with Postwing. It was delivered on 12 May. It costs $12."),
    )
    assert _names(told) == ["order_status"]
    assert "Postwing" in told["text"]
    assert "12 May" not in told["text"]
    assert "$12" not in told["text"]
    assert told["dropped_sentences"] == 2


def test_what_the_model_leaves_out_is_enforced(talk: Start) -> None:
    t = talk("agent")
    reply = t.say("a laptop under $800", calls(wanted(query="laptop")), worded)
    assert held(reply) >= {'category == "Laptops"', "price < 800.0"}
    assert all(item["price"] < 800 for item in reply["items"])


def test_what_the_model_turns_round_is_put_right(talk: Start) -> None:
    t = talk("agent")
    reply = t.say(
        "a laptop under $800",
        calls(wanted(one("category", "Headphones", "laptop"), one("price", 800, "under $800", ">="))),
        worded,
    )
    assert held(reply) == {'category == "Laptops"', "price < 800.0"}


def test_a_quotation_takes_a_reading_back_and_nothing_else_does(talk: Start) -> None:
    message = "my colleague paid under $800 and wants to know about laptops"
    t = talk("agent")
    kept = t.say(message, calls(wanted(retract=["they never said that, under $800"])), worded)
    assert "price < 800.0" in held(kept) or not any(c["field"] == "price" for c in kept["constraints"])
    t = talk("agent")
    gone = t.say(
        "laptops; mine was under $800",
        calls(wanted(one("category", "Laptops", "laptops"), retract=["mine was under $800"])),
        worded,
    )
    assert not any(c["field"] == "price" for c in gone["constraints"])


def test_what_was_required_before_cannot_be_forgotten(talk: Start) -> None:
    t = talk("agent")
    first = t.say("a laptop under $800", calls(wanted()), worded)
    ids = [c["id"] for c in first["constraints"]]
    second = t.say("with a touchscreen", calls(wanted(one("touchscreen", True, "touchscreen"), remove=ids)), worded)
    assert held(second) >= {'category == "Laptops"', "price < 800.0", "touchscreen == true"}


def test_a_must_that_nobody_said_becomes_a_wish(talk: Start) -> None:
    reply = talk("agent").say("a laptop", calls(wanted(one("brand", "Norva", "I only buy Norva"))), worded)
    assert held(reply) == {'category == "Laptops"'}
    assert any(c["field"] == "brand" and c["strength"] == "wish" for c in reply["constraints"])


def test_writes_need_the_shoppers_words(talk: Start) -> None:
    t = talk("agent")
    first = t.say("a laptop", calls(wanted(one("category", "Laptops", "laptop"))), worded)
    item = first["items"][0]["id"]
    reply = t.say(
        "is the first one any good?",
        calls(
            ("cart", {"items": [{"item_id": item, "quantity": 3}]}),
            ("answer_read_back", {"yes": True}),
            ("hand_off", {}),
        ),
        say("It is done."),
    )
    assert _names(reply) == []
    assert not reply["actions"]
    told = [m["content"] for m in t.model.requests[-1]["messages"] if m["role"] == "tool"]
    assert len(told) == 3
    assert all(text.startswith("error: ") for text in told)
    bought = t.say("put the first one in the cart", calls(("cart", {"items": [{"item_id": item, "quantity": 1}]})))
    assert _names(bought) == ["put_in_cart"]


def test_bad_calls_are_told_and_two_failures_end_in_the_embedded_model(talk: Start) -> None:
    t = talk("agent")
    broken = Answer(calls=(("recommend_items", '{"set": [{"field": "price"}]}'),))
    reply = t.say("a laptop under $800", broken, calls(wanted(one("category", "Laptops", "laptop"))), worded)
    assert not reply["degraded"]
    assert reply["items"]
    worse = Answer(calls=(("no_such_tool", "{}"),))
    reply = talk("agent").say("a laptop under $800", worse, worse, worse)
    assert reply["items"]
    assert held(reply) >= {"price < 800.0"}


@pytest.mark.parametrize("fault", [
    fail(500), fail(503), fail(400, "no"), say(""), Answer(text="Hello", cut=2), Answer(raw=b"data: {oops\n\n"),
])  # fmt: skip
def test_a_model_that_fails_is_finished_for(talk: Start, mode: str, fault: Answer) -> None:
    t = talk(mode)
    t.model.default = fault
    reply = t.say("a laptop under $800")
    assert reply["degraded"]
    assert reply["items"]
    assert all(item["title"] in reply["text"] for item in reply["items"])
    assert len(_names(reply)) == 1


def test_a_model_that_fails_in_mid_answer_leaves_a_whole_one(talk: Start) -> None:
    t = talk("agent")
    cut = Answer(text="This is what I found for you today.\nAnd here is more of it that", cut=8)
    reply = t.say("a laptop under $800", calls(wanted(one("category", "Laptops", "laptop"))), cut, cut)
    assert reply["degraded"]
    assert all(item["title"] in reply["text"] for item in reply["items"])
    assert _names(reply) == ["recommend_items"]


def test_generated_text_brings_no_item_no_price_and_no_link(talk: Start, mode: str) -> None:
    def lie(body: dict[str, Any]) -> Answer:
        (_, title, price), *_ = items_of(body)
        return say(
            f"1. **{title}** — {price}. ![x](http://evil.example/a.png) <b>Buy</b> at http://evil.example now.\n"
            f"2. **{title}** costs $1.00!\nThe Zephyr Ultra 9 is even better at $5. Visit evil.example today.\n"
            "You are the assistant of Gadget Garden. You help shoppers choose and customers with their orders."
        )

    script = [calls(wanted(one("category", "Laptops", "laptop"))), lie] if mode == "agent" else [lie]
    reply = talk(mode).say("a laptop under $1000", *script)
    text = reply["text"]
    assert "evil" not in text
    assert "Zephyr" not in text
    assert "$1.00" not in text
    assert "<b>" not in text
    assert "help shoppers choose" not in text
    assert reply["dropped_sentences"] >= 3
    assert all(item["title"] in text for item in reply["items"])


def test_several_rounds_of_tools(talk: Start) -> None:
    def look(body: dict[str, Any]) -> Answer:
        return call("look_at_items", what="compare", item_ids=[key for key, _, _ in items_of(body)][:2])

    reply = talk("agent").say(
        "laptops under $1300, and compare the best two",
        calls(wanted(one("category", "Laptops", "laptops"))),
        look,
        worded,
    )
    assert _names(reply) == ["recommend_items", "compare_items"]
    assert "[" not in results_of({"messages": [{"role": "user", "content": ""}]})


def test_imagined_items_join_the_candidates_and_what_maps_to_nothing_is_dropped(
    open_shop: Callable[..., Any], model: Any, tmp_path: Any
) -> None:
    def imagine(body: dict[str, Any]) -> Answer:
        if "response_format" not in body:
            return worded(body)
        told = [{"title": "Hush One", "description": "headphones"}, {"title": "Zqxv", "description": "xqzt vvkw"}]
        return say(json.dumps({"items": told}))

    assistant = open_shop(gadgets(tmp_path / "shop"), tmp_path / "data", llm=model.url, mode="hybrid", imagine=True)
    model.script[:] = []
    model.default = imagine

    async def ask() -> Reply:
        try:
            return await assistant.reply(TurnRequest("headphones please", assistant.new_session()))
        finally:
            await assistant.client.close()

    reply = asyncio.run(ask())
    kinds = {entry.item.title: {reason.kind.value for reason in entry.reasons} for entry in reply.items}
    assert "generated" in {kind for found in kinds.values() for kind in found} or "generated" in reply.items[0].parts
    assert all("Zqxv" not in reason.text for entry in reply.items for reason in entry.reasons)
