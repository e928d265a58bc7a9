"""Tells what a server's error means: one of the project's kinds, worded for the operator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import openai

from core.errors import (
    ContextOverflow,
    ModelBadOutput,
    ModelError,
    ModelOverloaded,
    ModelTimeout,
    ModelUnavailable,
    WrongModel,
)

_OVERFLOW = re.compile(
    r"context.length|context.window|maximum context|max_model_len|maximum model length|too many tokens|"
    r"prompt is too long|exceeds? (?:the )?(?:available )?context",
    re.IGNORECASE,
)
LONGEST = 300
"""Characters of a server's message that are passed on."""


class RefusedParameter(Exception):
    """The server does not take an optional parameter; the call is repeated without it."""

    def __init__(self, name: str) -> None:
        """Name the parameter."""
        super().__init__(name)
        self.name = name


def fault(error: Exception, where: str, optional: frozenset[str] = frozenset()) -> ModelError | RefusedParameter:
    """Return what an exception of the SDK or of reading its stream means.

    Args:
        error: what was raised.
        where: the server's address, for the message.
        optional: parameters of the request that can be left out.
    """
    if isinstance(error, ModelError):
        return error
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ModelTimeout(f"the model's server at {where} did not answer in time")
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return ModelUnavailable(f"no answer from the model's server at {where} ({_short(cause)}): is it running?")
    if isinstance(error, openai.APIStatusError):
        return _refused(error, where, optional)
    if isinstance(error, openai.APIError):  # an error object in mid-stream
        text = _short(error)
        if _OVERFLOW.search(text):
            return ContextOverflow(f"the prompt does not fit the model: {text}")
        return ModelUnavailable(f"the model's server at {where} broke off: {text}")
    if isinstance(error, ValueError | TypeError | KeyError):
        return ModelUnavailable(
            f"the server at {where} does not answer in the format of OpenAI's API ({_short(error)})"
        )
    return ModelUnavailable(f"the model's server at {where} failed ({type(error).__name__}: {_short(error)})")


def retry_after(error: BaseException | None) -> float:
    """Return the seconds that an overloaded server asks to wait; 0 when it does not say."""
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers.get("retry-after", 0))) if response is not None else 0.0
    except ValueError:
        return 0.0


def _refused(error: openai.APIStatusError, where: str, optional: frozenset[str]) -> ModelError | RefusedParameter:
    status, text, param = error.status_code, _message(error), _param(error)
    if status in (429, 503, 529):
        return ModelOverloaded(f"the model's server at {where} is overloaded (status {status}): {text}")
    if status == 404:
        if param == "model" or "model" in text.lower():
            return WrongModel(f"the server at {where} does not serve that model: {text}. Name one that it lists")
        return ModelUnavailable(f"there is no chat API at {where} (status 404): the address usually ends in /v1")
    if status in (401, 403):
        return ModelUnavailable(f"the server at {where} refuses the key (status {status}): set FLOORWALKER_LLM_KEY")
    if status in (400, 413, 422):
        if _OVERFLOW.search(text):
            return ContextOverflow(f"the prompt does not fit the model: {text}")
        named = next((name for name in sorted(optional) if name == param or name in text), None)
        if named:
            return RefusedParameter(named)
        return ModelBadOutput(f"the server at {where} does not take the request (status {status}): {text}")
    return ModelUnavailable(f"the model's server at {where} failed with status {status}: {text}")


def _message(error: openai.APIStatusError) -> str:
    body: Any = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        body = inner.get("message") or inner if isinstance(inner, Mapping) else inner
    return _short(body or error)


def _param(error: openai.APIStatusError) -> str:
    body: Any = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        return str(inner.get("param") or "") if isinstance(inner, Mapping) else ""
    return ""


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
