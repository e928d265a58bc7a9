"""Sets with a model in the chair: code reads and chooses them, the model words them, code says what they lack."""

from __future__ import annotations

from collections.abc import Callable

from tests.agent.llm.conftest import Talk, results_of, worded
from tests.llm.scripted import say

Start = Callable[[str], Talk]


def test_a_set_is_chosen_by_code_and_worded_by_the_model(talk: Start, mode: str) -> None:
    t = talk(mode)
    first = t.say("a laptop and a tablet for 1500 altogether", worded)
    assert [run["name"] for run in first["tool_calls"]] == ["recommend_set"]
    assert len(first["items"]) == 2
    total = sum(item["price"] for item in first["items"])
    assert total <= 1500
    told = results_of(t.model.requests[-1])
    assert "budget for all" in told
    assert all(item["title"] in first["text"] for item in first["items"])
    true = t.say("make it 1400", say(f"Together they come to ${total:,.0f}."))
    assert [run["name"] for run in true["tool_calls"]] == ["recommend_set"]
    less = t.say("without the tablet", worded)
    assert len(less["items"]) == 1


def test_what_a_set_lacks_is_said_by_code(talk: Start, mode: str) -> None:
    t = talk(mode)
    short = t.say("a laptop and a tablet for 500 altogether", say("Here are both of them, for just $400!"))
    assert "$400" not in short["text"]
    assert sum(item["price"] for item in short["items"]) <= 500


def test_a_sum_that_is_not_the_sets_is_no_fact(talk: Start, mode: str) -> None:
    t = talk(mode)
    made = t.say("a laptop and a tablet for 1500 altogether", say("Both together cost only $12.50."))
    assert "12.50" not in made["text"]
    assert made["dropped_sentences"] >= 1
