"""What goes to a served model and what comes back: plain values, the same for every server that speaks OpenAI's API.

Prompts, loop and writer build :class:`ModelCall` and read events; only :mod:`agent.llm.client` knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One question to the model."""

    messages: tuple[Mapping[str, Any], ...]
    """In OpenAI's shape: ``{"role": "system|user|assistant|tool", "content": …}``; an assistant's message may carry
    ``tool_calls``, a tool's message its ``tool_call_id``."""
    tools: tuple[Mapping[str, Any], ...] | None = None
    """``{"type": "function", "function": {"name", "description", "parameters", "strict": True}}`` each. A server
    without native tool calling is asked for a plan over the same schemas; the events are the same."""
    schema: Mapping[str, Any] | None = None
    """A JSON schema that the whole answer must follow; the text is then JSON (not together with ``tools``)."""
    max_tokens: int = 512
    temperature: float = 0.2
    seed: int | None = None
    tool_choice: ToolChoice = "auto"
    """``none`` keeps the tools in the prompt, so that its prefix stays cached, and lets the model only speak."""
    limit: float | None = None
    """Seconds that the whole call may take, retry included: what is left of the turn. None: the client's own limit."""


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool call as the model wrote it: neither the name nor the arguments are checked."""

    id: str
    name: str
    arguments: str
    """Meant to be a JSON object; :func:`agent.llm.salvage.arguments_of` reads it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call, as the server counts them; zeros where it does not."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's, those that the server's prefix cache held."""

    def __add__(self, other: Usage) -> Usage:
        """Return the sum of two calls."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text: without reasoning and without tool-call markup."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The tool calls of an answer, complete; once per call, after its text."""

    calls: tuple[CalledTool, ...]
    found_in: Literal["wire", "text", "reasoning", "plan"] = "wire"
    """Where they stood: OpenAI's field, markup in the text or in the reasoning, or a structured plan."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a call that succeeded; there was text or a tool call before it."""

    usage: Usage = field(default_factory=Usage)
    model: str = ""
    cut: Literal["", "length", "repetition"] = ""
    """Why the text stops before its end: the last sentence is then incomplete or one of many equals."""
    attempts: int = 1
    first_token: float = 0.0
    """Seconds until the first token of any kind."""
    seconds: float = 0.0


ModelEvent = TextDelta | ToolCalls | Finished


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer at once."""

    text: str
    calls: tuple[CalledTool, ...]
    finished: Finished
