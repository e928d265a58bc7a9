"""Finds out at start what a server serves and what its model can do, by asking, not by configuration."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from agent.llm.reading import Reading
from agent.llm.salvage import arguments_of, json_in
from agent.llm.transport import Transport, refused
from agent.llm.wire import ModelCall, TextDelta, ToolCalls
from core.errors import ModelBadOutput, ModelError, ModelTimeout, ModelUnavailable, ToolRetry, WrongModel

logger = logging.getLogger(__name__)

LIST = 5.0
"""Seconds that the list of models may take."""
TOKENS = 256
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "report_state",
        "description": "Report the state of the system.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"state": {"type": "string", "enum": ["ready", "busy"]}},
            "required": ["state"],
            "additionalProperties": False,
        },
    },
}
SCHEMA: dict[str, Any] = TOOL["function"]["parameters"]
SYSTEM = "You report the state of the system with the tool report_state. You never answer in words."
ASKED = "The system is ready. Report its state."


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do with its model."""

    model: str
    tools: Literal["native", "plan"]
    """Native tool calling, or JSON plans over the same schemas."""
    schema: bool
    """Whether the server holds the model to a JSON schema; else a plan is only asked for."""
    context: int | None = None
    """Tokens of prompt and answer together, where the server says so (vLLM does)."""
    aloud: bool = False
    """The model thinks in its text and only closes its thought: nobody upstream takes it out."""

    def words(self) -> str:
        """Return a line for the operator."""
        how = "native tool calls" if self.tools == "native" else "plans in JSON instead of tool calls"
        held = "" if self.schema else ", no JSON schema"
        room = f", {self.context:,} tokens of context" if self.context else ""
        return f"{self.model}: {how}{held}{room}"


async def probe(transport: Transport, named: str, limit: float) -> Capabilities:
    """Return what the server can do.

    Args:
        transport: the way to it.
        named: the model to ask for; empty: the first listed.
        limit: seconds for everything.

    Raises:
        WrongModel: the server does not list the model that is named; the message says which it does.
        ModelError: it does not answer.
    """
    end = time.monotonic() + limit
    listed = await _listed(transport, named, min(LIST, limit))
    names = [str(one["id"]) for one in listed if one.get("id")]
    model = named or names[0]
    length = next((one.get("max_model_len") for one in listed if one.get("id") == model), None)
    context = length if isinstance(length, int) else None
    try:
        native, aloud = await _calls_tools(transport, model, end)
    except WrongModel as error:
        if not names:
            raise
        served = ", ".join(names[:8])
        raise WrongModel(f"the server at {transport.where} serves {served}, not {model}: set --llm-model") from error
    schema = await _follows_schema(transport, model, end)
    found = Capabilities(model, "native" if native else "plan", schema, context, aloud)
    logger.info("model %s", found.words())
    return found


async def _listed(transport: Transport, named: str, limit: float) -> list[dict[str, Any]]:
    """Return the models that the server lists; with a name given it may list none, or not the one named.

    ``transformers serve`` lists what was downloaded, not what it serves; some servers have no list at all.
    """
    try:
        listed = await transport.models(limit)
    except ModelError as error:
        if not named or not refused(error):
            raise
        return []
    if not named and not any(one.get("id") for one in listed):
        raise ModelUnavailable(f"the server at {transport.where} lists no model: name one with --llm-model")
    return listed


async def _calls_tools(transport: Transport, model: str, end: float) -> tuple[bool, bool]:
    """Tell whether the model calls a tool through the server, and whether it thinks aloud."""
    call = ModelCall(
        ({"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}),
        tools=(TOOL,),
        max_tokens=TOKENS,
        temperature=0.0,
        seed=1,
    )
    try:
        reading, _, calls = await _answer(transport, model, call, end)
    except (ModelBadOutput, ModelUnavailable) as error:
        logger.info("no native tool calls: %s", error)
        return False, False
    if calls is None or calls.found_in != "wire":
        return False, reading.aloud
    try:
        asked = all(one.name == "report_state" and arguments_of(one) == {"state": "ready"} for one in calls.calls)
    except ToolRetry:
        asked = False
    return asked, reading.aloud


async def _follows_schema(transport: Transport, model: str, end: float) -> bool:
    call = ModelCall(
        ({"role": "user", "content": f"{ASKED} Answer as JSON."},),
        schema=SCHEMA,
        max_tokens=TOKENS,
        temperature=0.0,
        seed=1,
    )
    try:
        _, text, _ = await _answer(transport, model, call, end)
        value = json_in(text)
    except (ModelBadOutput, ModelUnavailable) as error:
        logger.info("no JSON schema: %s", error)
        return False
    return isinstance(value, dict) and set(value) == {"state"} and value["state"] in ("ready", "busy")


async def _answer(
    transport: Transport, model: str, call: ModelCall, end: float
) -> tuple[Reading, str, ToolCalls | None]:
    """Return how an answer was read, its text and its calls."""
    reading, text, calls = Reading(call), "", None
    try:
        async with asyncio.timeout(max(0.1, end - time.monotonic())), aclosing(transport.chat(model, call)) as chunks:
            async for chunk in chunks:
                for piece in reading.take(chunk):
                    text += piece.text
                if reading.cut:
                    break
    except TimeoutError as error:
        raise ModelTimeout(f"the model's server at {transport.where} is too slow to be tried out") from error
    for event in reading.end():
        if isinstance(event, TextDelta):
            text += event.text
        else:
            calls = event
    return reading, text, calls
