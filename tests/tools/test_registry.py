"""The registry: wrong calls are answered with how to mend them."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ToolError, ToolRetry
from tests.tools.conftest import Call
from tools.context import ToolContext
from tools.registry import TOOLS, langchain_tools
from tools.results import ToolResult


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("recomend_items", {}, ["recomend_items", "recommend_items"]),
        ("recommend_items", {"limit": 99}, ["limit", "10"]),
        ("recommend_items", {"limit": "many"}, ["limit"]),
        ("recommend_items", {"sort_by": "price"}, ["sort_by"]),
        ("recommend_items", {"set": [{"field": "price", "op": "~", "value": 3}]}, ["set.0.op"]),
        ("recommend_items", {"set": [{"field": "price", "op": "<="}]}, ["set.0.value"]),
        ("recommend_items", {"set": [{"field": "wheels", "op": "<=", "value": 3}]}, ["wheels"]),
        ("recommend_items", {"set": [{"field": "price", "op": "<=", "value": "cheap"}]}, ["price"]),
        ("recommend_items", {"set": [{"field": "weight", "op": "<=", "value": 3, "unit": "GB"}]}, ["weight"]),
        ("recommend_items", {"like": ["nothing"]}, ["'nothing'", "on screen"]),
        ("similar_items", {}, ["like_items"]),
        ("similar_items", {"like_items": []}, ["like_items"]),
        ("item_details", {"item_ids": ["nothing"]}, ["'nothing'"]),
        ("compare_items", {"item_ids": ["l1"]}, ["item_ids", "2"]),
        ("compare_items", {"item_ids": ["l1"] * 9}, ["item_ids", "6"]),
        ("search_policies", {"question": ""}, ["question"]),
        ("hand_off", {}, ["summary"]),
    ],
)
def test_wrong_calls(name: str, arguments: dict[str, Any], says: list[str], call: Call) -> None:
    with pytest.raises(ToolRetry) as caught:
        call(name, **arguments)
    for text in says:
        assert text in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_wrong_call_is_a_tool_error_with_a_code(call: Call) -> None:
    with pytest.raises(ToolError) as caught:
        call("no_such_tool")
    assert caught.value.code == "tool_retry"


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_tool_is_described(name: str) -> None:
    tool = TOOLS[name]
    assert tool.name == name
    assert tool.description.endswith(".")
    assert tool.arguments.model_json_schema()["type"] == "object"
    assert tool.arguments.model_config.get("extra") == "forbid"


def test_what_changes_orders_is_marked() -> None:
    assert {name for name, tool in TOOLS.items() if tool.writes} >= {"confirm_changes"}
    assert not TOOLS["recommend_items"].writes


def test_bound_for_langchain(context: ToolContext) -> None:
    bound = {tool.name: tool for tool in langchain_tools(context)}
    assert set(bound) == set(TOOLS)
    arguments = {"set": [{"field": "category", "op": "==", "value": "Laptops"}]}
    message = bound["recommend_items"].invoke(
        {"name": "recommend_items", "args": arguments, "id": "1", "type": "tool_call"}
    )
    assert "Aero" in message.content
    assert isinstance(message.artifact, ToolResult)
