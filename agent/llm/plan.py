"""Tool calling for servers and models without it: the answer is a plan, JSON that follows the tools' own schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.llm.salvage import json_in
from agent.llm.wire import CalledTool, ModelCall
from core.errors import ModelBadOutput

MOST_CALLS = 4
LONGEST_ANSWER = 2_000
"""Characters of the answer that a plan may hold beside its calls."""
RULES = """\
Answer with one JSON object: either {"calls": [{"tool": NAME, "arguments": {...}}]} with the tools to run now, at most
%d, or, when none is needed, {"answer": TEXT} with what to say. The tools:
"""


def planned(call: ModelCall) -> ModelCall:
    """Return the call without native tools: with ``tool_choice`` none a plain one, else one that asks for a plan."""
    messages = tuple(_told(message) for message in call.messages)
    if not call.tools or call.tool_choice == "none":
        return replace(call, messages=messages, tools=None, tool_choice="auto")
    rules = RULES % MOST_CALLS + "\n".join(_described(tool) for tool in call.tools)
    first = messages[0] if messages and messages[0].get("role") == "system" else None
    rest = messages[1:] if first else messages
    system = {"role": "system", "content": f"{first['content']}\n\n{rules}" if first else rules}
    schema = plan_schema(call.tools, forced=call.tool_choice == "required")
    return replace(call, messages=(system, *rest), tools=None, schema=schema, tool_choice="auto")


def plan_schema(tools: tuple[Mapping[str, Any], ...], *, forced: bool = False) -> dict[str, Any]:
    """Return the JSON schema of a plan over the tools' parameters; ``forced``: an answer in words will not do."""
    definitions: dict[str, Any] = {}
    calls = []
    for tool in tools:
        function = tool["function"]
        parameters = dict(function.get("parameters") or {"type": "object", "properties": {}})
        for name, definition in (parameters.pop("$defs", None) or {}).items():
            definitions[f"{function['name']}.{name}"] = _moved(definition, function["name"])
        calls.append({
            "type": "object",
            "properties": {
                "tool": {"type": "string", "enum": [function["name"]]},
                "arguments": _moved(parameters, function["name"]),
            },
            "required": ["tool", "arguments"],
            "additionalProperties": False,
        })  # fmt: skip
    listed = {"type": "array", "minItems": 1, "maxItems": MOST_CALLS, "items": {"anyOf": calls}}
    ways = [_alone("calls", listed)]
    if not forced:
        ways.append(_alone("answer", {"type": "string", "minLength": 1, "maxLength": LONGEST_ANSWER}))
    schema: dict[str, Any] = {"anyOf": ways} if len(ways) > 1 else ways[0]
    return {**schema, "$defs": definitions} if definitions else schema


def read(text: str) -> tuple[tuple[CalledTool, ...], str]:
    """Return a plan's calls and its answer.

    Raises:
        ModelBadOutput: it is no plan, or an empty one.
    """
    value = json_in(text)
    if not isinstance(value, Mapping):
        raise ModelBadOutput("the plan is not a JSON object")
    listed = value.get("calls")
    calls: list[CalledTool] = []
    for one in listed[:MOST_CALLS] if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("tool"), str):
            arguments = json.dumps(one.get("arguments") or {}, ensure_ascii=False)
            calls.append(CalledTool(f"call_{len(calls)}", one["tool"], arguments))
    answer = value.get("answer")
    answer = answer.strip() if isinstance(answer, str) else ""
    if not calls and not answer:
        raise ModelBadOutput("the plan is empty")
    return tuple(calls), answer


def _told(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message in the two roles that every chat template knows."""
    if message.get("role") == "tool":
        return {"role": "user", "content": f"Result of {message.get('name') or 'the tool'}:\n{message['content']}"}
    if calls := message.get("tool_calls"):
        said = [
            {"tool": call["function"]["name"], "arguments": _object(call["function"]["arguments"])} for call in calls
        ]
        return {"role": "assistant", "content": json.dumps({"calls": said}, ensure_ascii=False)}
    return message


def _alone(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _object(arguments: Any) -> Any:
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return {}


def _described(tool: Mapping[str, Any]) -> str:
    function = tool["function"]
    schema = json.dumps(function.get("parameters") or {}, ensure_ascii=False)
    return f"- {function['name']}: {function.get('description') or ''} Arguments: {schema}"


def _moved(schema: Any, owner: str) -> Any:
    """Return a schema whose references point to the plan's own definitions."""
    if isinstance(schema, Mapping):
        return {
            key: f"#/$defs/{owner}.{value.removeprefix('#/$defs/')}"
            if key == "$ref" and isinstance(value, str)
            else _moved(value, owner)
            for key, value in schema.items()
        }
    return [_moved(one, owner) for one in schema] if isinstance(schema, list) else schema
