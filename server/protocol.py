"""The wire models of the chat API, in OpenAI's order; what goes beyond OpenAI is labelled as an extension."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from core.entities import Op, Strength

MODEL = "floorwalker"
MAX_MESSAGES = 2000
MAX_NAME = 256

# Tabs and line ends stay; other control characters have no meaning in a message and upset logs and terminals.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Wire(BaseModel):
    """What is read ignores what it does not know; nothing changes after it was read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _text_of(content: Any) -> Any:
    """Join a list of text parts to one string."""
    if content is None or isinstance(content, str):
        return CONTROL.sub(" ", content or "")
    if not isinstance(content, list):
        raise ValueError("must be a string or a list of text parts")
    texts: list[str] = []
    for index, part in enumerate(content):
        text = part if isinstance(part, str) else _part(part)
        if text is None:
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            raise ValueError(f"part {index} is {str(kind)[:40]!r}: only text parts are understood")
        texts.append(text)
    return CONTROL.sub(" ", "\n".join(texts))


def primary_language(tag: str | None) -> str | None:
    """Return the primary part of a language tag in small letters; None when it is no tag."""
    primary = (tag or "").replace("_", "-").split("-", 1)[0].strip().lower()
    return primary if primary.isascii() and primary.isalpha() else None


def _part(part: Any) -> str | None:
    if not isinstance(part, dict):
        return None
    text = part.get("refusal") if part.get("type") == "refusal" else part.get("text")
    known = part.get("type", "text") in ("text", "input_text", "output_text", "refusal")
    return text if known and isinstance(text, str) else None


def _edit_of(value: Any) -> Any:
    """OpenAI's metadata holds strings only, so the edit may come as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is not valid JSON: {error}") from error


class ChatMessage(Wire):
    """One message of the conversation. System and developer messages are accepted and have no effect."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text_of, json_schema_input_type=str | list[dict[str, str]] | None)] = ""


class StreamOptions(Wire):
    """What a stream carries beside the answer."""

    include_usage: bool = False


class EditedConstraint(Wire):
    """Extension: a constraint chip as a client sets it, in the catalogue's own unit."""

    id: str = Field("", max_length=MAX_NAME)
    field: str = Field(min_length=1, max_length=MAX_NAME)
    op: Op
    value: bool | float | str | list[float] | list[str]
    unit: str | None = Field(None, max_length=MAX_NAME)
    strength: Strength = Strength.MUST


class Edit(Wire):
    """Extension: constraint chips removed and set beside the message."""

    remove: list[str] = Field([], max_length=100)
    set: list[EditedConstraint] = Field([], max_length=100)


class Metadata(Wire):
    """OpenAI's free metadata; these keys mean something here."""

    session_id: str | None = None
    """Extension: the session to continue."""
    language: str | None = Field(None, max_length=35)
    """Extension: the answer's language; by default it follows the message."""
    identity_token: SecretStr | None = None
    """Extension: who is signed in on the shop's site, as the site signed it; ``X-Floorwalker-Identity`` does too."""
    edit: Annotated[Edit | None, BeforeValidator(_edit_of)] = None
    """Extension: edited constraint chips, as an object or as JSON text."""


class ChatRequest(Wire):
    """``POST /v1/chat/completions``. Parameters that are not listed are accepted and ignored."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    model: str = MODEL
    functions: list[Any] | None = None
    metadata: Metadata | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: list[Any] | None = None
    user: str | None = Field(None, max_length=MAX_NAME)


class ResponseMessage(Wire):
    """The answer: complete Markdown."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[dict[str, Any]] = []


class Choice(Wire):
    """The one choice of a response."""

    index: int = 0
    message: ResponseMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(Wire):
    """Tokens of LLM calls in this turn; zeros when no LLM was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatResponse(Wire):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage
    system_fingerprint: str | None = None
    floorwalker: dict[str, Any]
    """Extension: everything structured of the turn (see ``server/rendering.py``)."""


class ChunkChoice(Wire):
    """The one choice of a chunk."""

    index: int = 0
    delta: dict[str, Any]
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class ChatChunk(Wire):
    """One event of a stream."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    system_fingerprint: str | None = None
    choices: list[ChunkChoice]
    usage: Usage | None = None
    floorwalker: dict[str, Any] | None = None
    """Extension: on the chunk of the items and on the finish chunk; absent elsewhere."""


class Model(Wire):
    """An entry of ``GET /v1/models``."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int
    owned_by: str = MODEL


class ModelList(Wire):
    """``GET /v1/models``."""

    object: Literal["list"] = "list"
    data: list[Model]
