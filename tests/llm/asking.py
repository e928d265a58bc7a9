"""What the client's tests ask, and how they read the answer."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from agent.llm.client import Limits
from agent.llm.wire import ModelCall

TOOL = {
    "type": "function",
    "function": {
        "name": "recommend_items",
        "description": "Recommend items.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}, "near": {"$ref": "#/$defs/Place"}},
            "required": ["query"],
            "additionalProperties": False,
            "$defs": {"Place": {"type": "string", "enum": ["here", "there"]}},
        },
    },
}
ASK = ModelCall(({"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}), max_tokens=400)
WITH_TOOLS = replace(ASK, tools=(TOOL,))
LONG = " ".join(f"word{at}" for at in range(1500))
QUICK = Limits(first_token=10.0, stall=10.0, call=25.0)


async def events(client, asked=ASK):
    async with aclosing(client.stream(asked)) as stream:
        return [event async for event in stream]
