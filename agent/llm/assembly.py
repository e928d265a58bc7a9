"""Puts a streamed answer's tool-call deltas together, also where a server is careless with index, id or name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.llm.endless import Endless
from agent.llm.wire import CalledTool
from core.errors import ModelBadOutput

MOST_CALLS = 8
MOST_CHARACTERS = 16_000
"""Of all arguments of one answer."""


@dataclass(slots=True)
class _Part:
    id: str = ""
    name: str = ""
    arguments: str = ""


class Assembly:
    """The tool calls of one answer as they come in."""

    def __init__(self) -> None:
        """Start without calls."""
        self._parts: list[_Part] = []
        self._by_index: dict[int, _Part] = {}
        self._endless = Endless()

    def __bool__(self) -> bool:
        """Tell whether there is a call."""
        return bool(self._parts)

    def feed(self, deltas: Any) -> None:
        """Add the ``tool_calls`` of one delta; what is no list of objects is passed over.

        Raises:
            ModelBadOutput: more calls or longer arguments than any tool has, or arguments that repeat without end.
        """
        for delta in deltas if isinstance(deltas, list) else ():
            if isinstance(delta, Mapping):
                self._add(delta)

    def calls(self) -> tuple[CalledTool, ...]:
        """Return the calls in order, each with an id."""
        named = [part for part in self._parts if part.name or part.arguments]
        return tuple(
            CalledTool(part.id or f"call_{at}", part.name.strip(), whole(part.arguments))
            for at, part in enumerate(named)
        )

    def _add(self, delta: Mapping[str, Any]) -> None:
        function = delta.get("function")
        function = function if isinstance(function, Mapping) else {}
        name, call_id = _text(function.get("name")), _text(delta.get("id"))
        arguments = function.get("arguments")
        part = self._part(delta.get("index"), call_id, name)
        part.id = part.id or call_id
        if name and name != part.name:  # some servers repeat the name in every delta, some send it in pieces
            part.name += name
        # Some servers send the arguments as an object.
        piece = arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments is not None else ""
        part.arguments += piece
        if self._endless.feed(piece) or sum(len(one.arguments) for one in self._parts) > MOST_CHARACTERS:
            raise ModelBadOutput(f"the arguments of {part.name or 'a tool call'} do not end")

    def _part(self, index: Any, call_id: str, name: str) -> _Part:
        """Return the call that a delta belongs to."""
        known = self._by_index.get(index) if isinstance(index, int) else None
        if known is None and not isinstance(index, int):
            known = next((part for part in self._parts if call_id and part.id == call_id), None)
            if known is None and self._parts and not name:
                known = self._parts[-1]
        # A second call under the same index: some servers count every call as number 0.
        if known is not None and call_id and name and known.id and known.id != call_id:
            known = None
        if known is None:
            if len(self._parts) >= MOST_CALLS:
                raise ModelBadOutput(f"more than {MOST_CALLS} tool calls in one answer")
            known = _Part()
            self._parts.append(known)
        if isinstance(index, int):
            self._by_index[index] = known
        return known


def whole(arguments: str) -> str:
    """Return arguments without the empty or equal objects that some servers send before or after the real one."""
    text, found, at = arguments.strip(), [], 0
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return arguments
        found.append((value, text[at:end]))
        at = end
        while at < len(text) and text[at].isspace():
            at += 1
    filled = [written for value, written in found if value]
    if len(found) > 1 and len({json.dumps(value, sort_keys=True) for value, _ in found if value}) <= 1:
        return filled[-1] if filled else "{}"
    return arguments


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
