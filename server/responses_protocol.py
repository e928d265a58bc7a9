"""The wire models of ``POST /v1/responses``, as much of OpenAI's as this server means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.events import Reply
from server.protocol import MAX_MESSAGES, MAX_NAME, MODEL, ChatMessage, Wire
from server.rendering import extension, url_citations
from server.sse import usage_of


class ResponsesRequest(Wire):
    """``POST /v1/responses``. Parameters that are not listed are accepted and ignored, ``instructions`` among them."""

    input: Annotated[str, Field()] | Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    model: str = MODEL
    background: bool | None = None
    conversation: Any = None
    metadata: dict[str, Any] | None = None
    previous_response_id: str | None = Field(None, max_length=512)
    store: bool | None = True
    stream: bool | None = False
    tools: list[Any] | None = None
    user: str | None = Field(None, max_length=MAX_NAME)


class OutputText(Wire):
    """The answer's text: complete Markdown."""

    type: Literal["output_text"] = "output_text"
    text: str = ""
    annotations: list[dict[str, Any]] = Field([])
    logprobs: list[Any] = Field([])


class OutputMessage(Wire):
    """The one item of the output."""

    id: str
    type: Literal["message"] = "message"
    status: Literal["in_progress", "completed"] = "completed"
    role: Literal["assistant"] = "assistant"
    content: list[OutputText] = Field([])


class TokenUsage(Wire):
    """Tokens of LLM calls in this turn; zeros when no LLM was asked."""

    input_tokens: int
    input_tokens_details: dict[str, int] = Field({"cached_tokens": 0, "cache_write_tokens": 0})
    output_tokens: int
    output_tokens_details: dict[str, int] = Field({"reasoning_tokens": 0})
    total_tokens: int


class ResponseObject(Wire):
    """A response; the fields below ``usage`` tell what is in force, and cannot be changed."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Literal["in_progress", "completed", "failed"] = "in_progress"
    error: dict[str, str] | None = None
    incomplete_details: None = None
    model: str = MODEL
    output: list[OutputMessage] = Field([])
    previous_response_id: str | None = None
    metadata: dict[str, Any] = Field({})
    store: bool = True
    user: str | None = None
    usage: TokenUsage | None = None
    background: bool = False
    instructions: None = None
    max_output_tokens: None = None
    max_tool_calls: None = None
    parallel_tool_calls: bool = False
    reasoning: dict[str, None] = Field({"effort": None, "summary": None})
    service_tier: str = "default"
    temperature: float = 1.0
    text: dict[str, Any] = Field({"format": {"type": "text"}})
    tool_choice: str = "none"
    tools: list[Any] = Field([])
    top_p: float = 1.0
    top_logprobs: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    truncation: str = "disabled"
    floorwalker: dict[str, Any] | None = None
    """Extension: as in chat completions."""


def response_id(reply_turn: str, session_id: str) -> str:
    """Return a response's id; it names the session, so that ``previous_response_id`` finds it."""
    return f"resp_{reply_turn}.{session_id}"


def finished(started: ResponseObject, reply: Reply, *, now: int) -> ResponseObject:
    """Return the response of a turn that is over."""
    usage = usage_of(reply)
    told = TokenUsage(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, total_tokens=usage.total_tokens
    )
    update = {
        "id": response_id(reply.turn_id, reply.session_id), "status": "completed", "completed_at": now,
        "output": [OutputMessage(id=f"msg_{reply.turn_id}", content=[answer(reply)])], "usage": told,
        "floorwalker": extension(reply),
    }  # fmt: skip
    return started.model_copy(update=update)


def answer(reply: Reply) -> OutputText:
    """Return the answer's text with its links."""
    cited = [{"type": found["type"], **found["url_citation"]} for found in url_citations(reply)]
    return OutputText(text=reply.text, annotations=cited)
