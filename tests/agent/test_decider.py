"""The embedded decider: which act a message is, and the tool calls that it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.assistant import Assistant
from agent.embedded import text
from agent.embedded.decider import EmbeddedDecider
from agent.embedded.text import language_of
from agent.ports import Decision, TurnContext
from core.conversation import ConversationState, Wants
from core.entities import Constraint, ItemId, Op, Option, Question
from tools.registry import TOOLS

SHOWN = tuple(map(ItemId, ("l1", "l3", "l4")))
LAPTOPS = Constraint("c1", "category", Op.EQ, "Laptops")
BUDGET = Constraint("c2", "price", Op.LE, 900.0, "USD")


@pytest.fixture(scope="module")
def decider(assistant: Assistant) -> EmbeddedDecider:
    return EmbeddedDecider(assistant.recommender, assistant.recommender.embedder)


@pytest.fixture(scope="module")
def decide(decider: EmbeddedDecider, assistant: Assistant) -> Any:
    """Return a function that decides a message, in a conversation over three laptops unless told otherwise."""
    catalogue = assistant.recommender.catalogue
    talk = ConversationState(
        turn=2, language="en", wants=Wants(text="laptops", constraints=(LAPTOPS, BUDGET)), shown=SHOWN, seen=SHOWN,
        focus=SHOWN, past=(Wants(),),
    )  # fmt: skip

    def run(message: str, state: ConversationState | None = talk) -> Decision:
        state = state or ConversationState(turn=1, language="en")
        context = TurnContext(
            message, language_of(message, "en"), state, assistant.shop, catalogue, tuple(catalogue.items(state.shown))
        )
        return decider.decide_now(context)

    run.talk = talk  # type: ignore[attr-defined]
    return run


def _set(decision: Decision) -> set[tuple[str, str, Any]]:
    found = [entry for call in decision.calls for entry in call.arguments.get("set", ())]
    return {
        (c["field"], str(c["op"]), tuple(c["value"]) if isinstance(c["value"], list) else c["value"]) for c in found
    }


@pytest.mark.parametrize(
    ("message", "intent", "tool"),
    [
        ("a laptop under 900", "recommend", "recommend_items"),
        ("想买一台笔记本", "recommend", "recommend_items"),
        ("hello", "greet", None),
        ("你好", "greet", None),
        ("hello, I need headphones", "recommend", "recommend_items"),
        ("thanks!", "thanks", None),
        ("谢谢", "thanks", None),
        ("bye", "goodbye", None),
        ("how long do I have to return something?", "policy", "search_policies"),
        ("你们的退货政策是什么", "policy", "search_policies"),
        ("what do you know about me?", "profile", "show_profile"),
        ("I want to talk to a human", "handoff", "hand_off"),
        ("转人工", "handoff", "hand_off"),
        ("what's the capital of France", "out_of_scope", None),
        ("qzx vfrt plokk", "out_of_scope", None),
        ("???", "out_of_scope", None),
        ("start over", "reset", None),
    ],
)
def test_at_the_door(message: str, intent: str, tool: str | None, decide: Any) -> None:
    decision = decide(message, None)
    assert decision.intents[0] == intent
    assert [call.name for call in decision.calls] == ([tool] if tool else [])


@pytest.mark.parametrize(
    ("message", "intent", "tool"),
    [
        ("cheaper", "refine", "recommend_items"),
        ("便宜一点", "refine", "recommend_items"),
        ("another brand", "refine", "recommend_items"),
        ("show me more", "refine", "recommend_items"),
        ("only black ones", "refine", "recommend_items"),
        ("how about headphones instead", "recommend", "recommend_items"),
        ("compare 1 and 3", "compare", "compare_items"),
        ("对比第一个和第二个", "compare", "compare_items"),
        ("why the first?", "explain", "explain_items"),
        ("为什么推荐第一个", "explain", "explain_items"),
        ("more like the second", "similar", "similar_items"),
        ("I love the first one", "feedback", "recommend_items"),
        ("the Leaf 14 is ugly", "feedback", "recommend_items"),
        ("how heavy is the third?", "details", "item_details"),
        ("does the first have a touchscreen?", "details", "item_details"),
        ("undo", "undo", None),
        ("撤销", "undo", None),
        ("reset", "reset", None),
        ("start over, I need headphones", "reset", "recommend_items"),
    ],
)
def test_in_a_conversation(message: str, intent: str, tool: str | None, decide: Any) -> None:
    decision = decide(message)
    assert decision.intents[0] == intent
    assert [call.name for call in decision.calls] == ([tool] if tool else [])


def _showing(*ids: str) -> ConversationState:
    shown = tuple(map(ItemId, ids))
    return ConversationState(turn=3, language="en", wants=Wants(constraints=(LAPTOPS,)), shown=shown, focus=shown)


@pytest.mark.parametrize("message", ["where is my order?", "has my order shipped yet", "我的订单到哪了"])
def test_an_order_is_asked_about(message: str, decide: Any) -> None:
    decision = decide(message, None)
    assert decision.intents[0] == "order_status"
    assert decision.calls


@pytest.mark.parametrize("filler", ["It is a long story and I tell it all. ", "说来话长。", "!? "])
def test_of_a_very_long_message_both_ends_are_read(filler: str, decide: Any, decider: EmbeddedDecider) -> None:
    story = (filler * 20_000)[:19_900]
    assert decide("cheaper laptops please. " + story).calls[0].name == "recommend_items"
    asked = decide(f"{story} Where is my order FW-2025-00042?", None)
    assert asked.calls[0].name == "order_status"
    assert asked.calls[0].arguments["order_id"] == "FW-2025-00042"


def test_no_more_than_both_ends_of_a_message_costs_anything(monkeypatch: Any, decide: Any) -> None:
    lengths: list[int] = []
    for name in ("normalise", "words_of"):
        real = getattr(text, name)

        def measured(given: str, real: Callable[[str], Any] = real) -> Any:
            lengths.append(len(given))
            return real(given)

        monkeypatch.setattr(text, name, measured)
    decide("说来话长。 my story! " * 1500, None)
    assert 0 < max(lengths) <= text.HEAD + text.TAIL + 1


def test_cheaper_than_all_that_is_shown(decide: Any) -> None:
    assert _set(decide("cheaper", _showing("l5", "l2"))) == {("price", "<", 1299.0)}
    assert _set(decide("a bigger screen", _showing("l1", "l3"))) == {("screen_size", ">", 14.0)}
    assert _set(decide("便宜点", _showing("l5", "l2"))) == {("price", "<", 1299.0)}


def test_cheaper_than_one_that_is_pointed_at(decide: Any) -> None:
    assert _set(decide("cheaper than the third")) == {("price", "<", 899.0)}


def test_where_nothing_new_lies_beyond_what_is_shown_it_is_said(decide: Any) -> None:
    assert _set(decide("quieter")) == {("noise_level", "<", 30.0)}


def test_another_brand_excludes_the_shown_ones(decide: Any) -> None:
    (found,) = _set(decide("another brand"))
    assert found[:2] == ("brand", "not_in")
    assert set(found[2]) == {"Norva", "Tessa"}


def test_a_new_category_starts_over_but_a_refinement_does_not(decide: Any) -> None:
    fresh = decide("a telephone").calls[0].arguments
    assert set(fresh["remove"]) == {"c1", "c2"}
    assert fresh["query"] == "Telephones"
    assert "remove" not in decide("a black laptop").calls[0].arguments


def test_instead_keeps_the_budget(decide: Any) -> None:
    assert decide("show me headphones instead").calls[0].arguments["remove"] == ["c1"]


def test_forgetting_a_facet_removes_its_constraints(decide: Any) -> None:
    assert decide("forget the price").calls[0].arguments["remove"] == ["c2"]


def test_a_critique_overrules_a_bound_that_leaves_nothing(decide: Any) -> None:
    bounds = (LAPTOPS, Constraint("c2", "screen_size", Op.GT, 15.6, "in"))
    state = replace(_showing("l5", "l2"), wants=Wants(constraints=bounds))
    smaller = decide("smaller", state)
    assert _set(smaller) == {("screen_size", "<", 16.0)}
    assert smaller.calls[0].arguments["remove"] == ["c2"]


def test_ids_on_screen_are_pointed_at(decide: Any) -> None:
    assert decide("compare 1 and 3").calls[0].arguments == {"item_ids": ["l1", "l4"]}
    assert decide("compare them").calls[0].arguments == {"item_ids": ["l1", "l3", "l4"]}
    assert decide("compare the first with the Forge 17").calls[0].arguments == {"item_ids": ["l1", "l2"]}
    details = decide("how heavy is the third?").calls[0].arguments
    assert details == {"item_ids": ["l4"], "fields": ["weight"]}
    assert decide("第三个多重？").calls[0].arguments == details
    similar = decide("more like the second").calls[0].arguments
    assert (similar["like_items"], similar["exclude"]) == (["l3"], ["l3"])


@pytest.mark.parametrize(
    ("message", "intent", "note"),
    [
        ("compare 1 and 2", "compare", "which_item"),
        ("why?", "explain", "nothing_shown"),
        ("undo", "undo", "nothing_to_undo"),
    ],
)
def test_nothing_is_shown_yet(message: str, intent: str, note: str, decide: Any) -> None:
    decision = decide(message, None)
    assert (decision.intents[0], decision.note) == (intent, note)
    assert not decision.calls


def test_past_the_list_is_asked_back(decide: Any) -> None:
    assert decide("compare 1 and the fifth").note == "which_item"
    assert decide("why the fifth?").note == "which_item"


def test_likes_and_dislikes(decide: Any) -> None:
    assert decide("I love the first one").calls[0].arguments["like"] == ["l1"]
    disliked = decide("the Leaf 14 is ugly").calls[0].arguments
    assert (disliked["dislike"], disliked["exclude"]) == (["l3"], ["l3"])


def _asked(decide: Any) -> ConversationState:
    options = (
        Option("13–14 in", 2, Constraint("", "screen_size", Op.BETWEEN, (13.0, 14.0), "in")),
        Option("at least 15 in", 3, Constraint("", "screen_size", Op.GE, 15.0, "in")),
    )
    talk: ConversationState = decide.talk
    return ConversationState(
        turn=3, language="en", wants=talk.wants, shown=SHOWN, focus=SHOWN,
        question=Question("screen_size", options), asked=("screen_size",),
    )  # fmt: skip


@pytest.mark.parametrize("message", ["13–14 in", "13-14 in", "13 to 14 inches"])
def test_an_option_answers_the_open_question(message: str, decide: Any) -> None:
    assert _set(decide(message, _asked(decide))) == {("screen_size", "between", (13.0, 14.0))}


def test_a_bare_number_answers_the_open_question(decide: Any) -> None:
    (found,) = _set(decide("14", _asked(decide)))
    assert found[0] == "screen_size"


@pytest.mark.parametrize(
    "message", ["any", "doesn't matter", "no preference", "I don't care", "随便", "都可以", "无所谓"]
)
def test_any_answer_will_do(message: str, decide: Any) -> None:
    decision = decide(message, _asked(decide))
    assert decision.intents[0] == "refine"
    assert [call.name for call in decision.calls] == ["recommend_items"]
    assert not _set(decision)


@pytest.mark.parametrize(
    "message",
    [
        "tell me about the second one", "第二个多重？", "I don't like the second", "what about the first one?",
        "does the second one have a touchscreen?",
    ],
)  # fmt: skip
def test_an_ordinal_is_no_purchase(message: str, decide: Any) -> None:
    assert decide(message).intents[0] != "cart"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_message_is_decided_with_calls_that_the_tools_accept(data: st.DataObject, decide: Any) -> None:
    words = st.sampled_from(
        "laptop not no or under 900 $ cheaper first 1 compare why another brand for gaming 16 GB 不要 便宜 第二个 以内 "
        "? , <b> order like 2k to undo".split()
    )
    message = " ".join(data.draw(st.lists(st.one_of(words, st.text(max_size=6)), min_size=1, max_size=12)))
    decision = decide(message)
    assert decision.intents
    for call in decision.calls:
        TOOLS[call.name].arguments.model_validate(dict(call.arguments))
