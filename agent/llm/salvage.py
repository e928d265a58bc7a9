"""Separates what a model says from what it thinks and from tool calls that it writes into the text.

A server's parsers should do this; small models and known parser faults (calls inside ``<think>``, markup left in the
content) make it necessary here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.llm.wire import CalledTool
from core.errors import ModelBadOutput, ToolRetry

THOUGHT = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
CALLS = {
    "<tool_call>": "</tool_call>",
    "<tool_calls>": "</tool_calls>",
    "<|tool_call|>": "<|/tool_call|>",
    "<|tool_calls|>": "<|/tool_calls|>",
    "<function=": "</function>",
    "[TOOL_CALLS]": "",
    "<|python_tag|>": "",
}
"""Opening and closing marks of the families that write calls as text; an empty close: until the end."""
STRAY = ("</think>", "</thinking>", "[/THINK]", "</tool_call>", "</tool_calls>", "</function>")
"""Closing marks without an opening: taken away."""
LONGEST = 32_000
"""Characters that thought or a call's markup may have."""
MOST_ARGUMENTS = 20_000

_OPENINGS = (*THOUGHT, *CALLS, *STRAY)
_MARK = re.compile("|".join(re.escape(mark) for mark in sorted(_OPENINGS, key=len, reverse=True)))
_FUNCTION = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
_BARE = re.compile(r"\s*(?:```(?:json)?\s*)?[\[{]")
_BEFORE_BARE = re.compile(r"\s*(?:`{1,2}|```(?:j|js|jso|json)?\s*)?")


@dataclass(frozen=True, slots=True)
class Written:
    """A tool call found as text."""

    name: str
    arguments: str
    markup: str


class TextFilter:
    """Fed with a streamed text, returns what may be shown; keeps thought and markup apart."""

    def __init__(self, *, tools: bool, aloud: bool = False) -> None:
        """Start before the first character.

        Args:
            tools: the call offered tools, so that an answer that is nothing but JSON may be a call.
            aloud: the model thinks first and only closes its thought (its template opened it).
        """
        self._tools = tools
        self._buffer = ""
        self._close: str | None = "</think>" if aloud else None
        self._thinking = aloud
        self._held: list[str] = []
        self._begun = False
        self.thought = ""
        self.markup: list[str] = []
        self.closed_thought = False
        """A thought was closed that nobody had opened: the model thinks aloud."""

    def feed(self, piece: str) -> str:
        """Add a piece and return the text that can be shown now.

        Raises:
            ModelBadOutput: thought or markup does not end.
        """
        self._buffer += piece
        shown: list[str] = []
        while self._step(shown):
            pass
        if self._close is not None and len(self._buffer) > LONGEST:
            raise ModelBadOutput("the model's thought or tool call does not end")
        return "".join(shown)

    def finish(self) -> str:
        """Return the rest of the text."""
        rest, self._buffer = self._buffer, ""
        if self._close is not None:
            self._keep(rest)
            return ""
        if not self._begun and self._tools and _BARE.match(rest) and written_calls(rest):
            self.markup.append(rest)
            return ""
        return rest if not _unfinished(rest) else rest[: -_unfinished(rest)]

    def _step(self, shown: list[str]) -> bool:
        """Take one stretch out of the buffer; tell whether there may be another."""
        if self._close is not None:
            return self._inside()
        if not self._begun and self._tools and (_BEFORE_BARE.fullmatch(self._buffer) or _BARE.match(self._buffer)):
            return False  # may become a call as a whole: known at the end
        found = _MARK.search(self._buffer)
        if found is None:
            keep = _unfinished(self._buffer)
            ready = self._buffer[: len(self._buffer) - keep]
            self._buffer = self._buffer[len(ready) :]
            self._show(ready, shown)
            return False
        self._show(self._buffer[: found.start()], shown)
        mark = found.group()
        self._buffer = self._buffer[found.end() :]
        if mark in THOUGHT:
            self._thinking, self._close = True, THOUGHT[mark]
        elif mark in CALLS:
            self._thinking, self._close = False, CALLS[mark]
            self._held = [mark]
        else:
            self.closed_thought = self.closed_thought or mark in THOUGHT.values()
        return True

    def _inside(self) -> bool:
        close = self._close
        if not close or close not in self._buffer:
            return False
        body, _, self._buffer = self._buffer.partition(close)
        self._keep(body + ("" if self._thinking else close))
        if self._thinking and not self._begun:
            self._buffer = self._buffer.lstrip()
        self._close = None
        return True

    def _keep(self, body: str) -> None:
        if self._thinking:
            self.thought += body
        else:
            self.markup.append("".join(self._held) + body)

    def _show(self, text: str, shown: list[str]) -> None:
        if not self._begun:
            text = text.lstrip()
        if text:
            self._begun = True
            shown.append(text)


def written_calls(text: str) -> list[Written]:
    """Return the tool calls that a text holds as markup or JSON, in order; broken ones are passed over."""
    found = [
        Written(name, json.dumps(dict(_PARAMETER.findall(body)), ensure_ascii=False), body)
        for name, body in _FUNCTION.findall(text)
    ]
    return found or list(_json_calls(text))


def thought_calls(thought: str) -> list[Written]:
    """Return the calls that stand inside marks in a model's thought: bare JSON there is only thinking."""
    filtered = TextFilter(tools=False)
    filtered.feed(thought)
    filtered.finish()
    return [call for markup in filtered.markup for call in written_calls(markup)]


def unquoted(calls: Iterable[Written], messages: Iterable[Mapping[str, Any]]) -> tuple[CalledTool, ...]:
    """Return the calls whose markup the model did not merely quote from a text that it was given.

    A title or a review may hold markup; a model that repeats it has not called a tool.
    """
    given = [str(message.get("content") or "") for message in messages if message.get("role") != "system"]
    kept: list[CalledTool] = []
    for call in calls:
        body = call.markup.strip()
        escaped = json.dumps(body, ensure_ascii=False)[1:-1]
        if not any(body in text or escaped in text for text in given):
            kept.append(CalledTool(f"call_{len(kept)}", call.name, call.arguments))
    return tuple(kept)


def arguments_of(call: CalledTool) -> dict[str, Any]:
    """Return a call's arguments as an object.

    Raises:
        ToolRetry: they are none; the message says how to mend them.
    """
    text = call.arguments.strip() or "{}"
    if len(text) > MOST_ARGUMENTS:
        raise ToolRetry(f"the arguments of {call.name} are longer than {MOST_ARGUMENTS} characters; send fewer")
    try:
        value = _loads(text)
        if isinstance(value, str):  # written twice
            value = _loads(value)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "too deep")
        raise ToolRetry(f"the arguments of {call.name} are not valid JSON ({reason}); send one JSON object") from None
    if not isinstance(value, dict):
        raise ToolRetry(f"the arguments of {call.name} must be one JSON object, not {type(value).__name__}")
    return value


def json_in(text: str) -> Any:
    """Return the JSON value that an answer holds, alone, fenced or among words.

    Raises:
        ModelBadOutput: there is none.
    """
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    try:
        # From the outermost bracket: a part of something broken is not what was asked for.
        value, _ = json.JSONDecoder(parse_constant=_no_constant, strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        raise ModelBadOutput("the answer is not the JSON that was asked for") from None
    return value


def _json_calls(text: str) -> Iterable[Written]:
    for value, raw in _values(text):
        for one in value if isinstance(value, list) else [value]:
            call = _as_call(one)
            if call:
                yield Written(*call, raw)


def _as_call(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    function = value.get("function")
    inner = function if isinstance(function, dict) else value
    name = inner.get("name") or inner.get("tool") or (function if isinstance(function, str) else None)
    arguments = next((inner[key] for key in ("arguments", "parameters", "args") if key in inner), None)
    if not isinstance(name, str) or not isinstance(arguments, dict | str):
        return None
    return name, arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _values(text: str) -> Iterable[tuple[Any, str]]:
    """Yield the JSON objects and lists of a text, outermost first, with their source."""
    decoder = json.JSONDecoder(parse_constant=_no_constant, strict=False)
    at, tries = 0, 0
    while tries < 50 and (starts := [p for p in (text.find("{", at), text.find("[", at)) if p >= 0]):
        start = min(starts)
        tries += 1
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
            continue
        at = end
        if isinstance(value, dict | list):
            yield value, text[start:end]


def _unfinished(text: str) -> int:
    """Return how many characters at the end may be the beginning of a mark."""
    tail = text[-max(map(len, _OPENINGS)) + 1 :]
    for start in range(len(tail)):
        rest = tail[start:]
        if rest[0] in "<[" and any(mark.startswith(rest) for mark in _OPENINGS):
            return len(rest)
    return 0


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_no_constant, strict=False)  # line breaks inside strings are common


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
