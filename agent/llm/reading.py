"""Reads a streamed answer chunk by chunk: OpenAI's wire format becomes the events of :mod:`agent.llm.wire`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from agent.llm.assembly import Assembly
from agent.llm.endless import Endless
from agent.llm.salvage import TextFilter, thought_calls, unquoted, written_calls
from agent.llm.wire import ModelCall, TextDelta, ToolCalls, Usage
from core.errors import ModelBadOutput


class Reading:
    """One answer while it comes in. Nothing here looks at what a finish reason says, only at whether there is one."""

    def __init__(self, call: ModelCall, *, aloud: bool = False) -> None:
        """Start before the first chunk; ``aloud``: the model thinks in its text until ``</think>``."""
        self._call = call
        self._offered = bool(call.tools) and call.tool_choice != "none"
        self._filter = TextFilter(tools=self._offered, aloud=aloud)
        self._assembly = Assembly()
        self._text_end, self._thought_end = Endless(), Endless()
        self._thought = ""
        self._spoke = False
        self.begun = False
        """The model has produced something, if only thought."""
        self.complete = False
        """The server has said that the answer is over."""
        self.cut: Literal["", "length", "repetition"] = ""
        self.usage = Usage()
        self.model = ""

    @property
    def aloud(self) -> bool:
        """Whether the text closed a thought that it had not opened."""
        return self._filter.closed_thought

    def take(self, chunk: Any) -> Iterator[TextDelta]:
        """Yield the text of a chunk that may be shown; a chunk of an unknown shape is passed over.

        Raises:
            ModelBadOutput: thought or arguments without end.
        """
        if not isinstance(chunk, Mapping):
            return
        self.model = str(chunk.get("model") or self.model)
        self._count(chunk.get("usage"))
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return
        delta = choice.get("delta")
        if isinstance(delta, Mapping):
            yield from self._delta(delta)
        self.complete = self.complete or choice.get("finish_reason") is not None

    def end(self) -> Iterator[TextDelta | ToolCalls]:
        """Yield what is left when the answer is over.

        Raises:
            ModelBadOutput: there was neither text nor a tool call.
        """
        rest = self._filter.finish()
        if rest:
            self._spoke = self._spoke or bool(rest.strip())
            yield TextDelta(rest)
        calls = self._calls()
        if calls is not None:
            yield calls
        elif not self._spoke:
            raise ModelBadOutput("the model answered with nothing")
        if not self.cut and 0 < self._call.max_tokens <= self.usage.completion_tokens:
            self.cut = "length"

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[TextDelta]:
        thought = delta.get("reasoning") or delta.get("reasoning_content") or ""
        if isinstance(thought, str) and thought:
            self.begun = True
            self._thought += thought
            if self._thought_end.feed(thought):
                raise ModelBadOutput("the model's thought repeats itself without end")
        if delta.get("tool_calls"):
            self.begun = True
            self._assembly.feed(delta["tool_calls"])
        content = delta.get("content")
        if isinstance(content, str) and content:
            self.begun = True
            if self._text_end.feed(content):
                self.cut = "repetition"
            shown = self._filter.feed(content)
            if shown:
                self._spoke = self._spoke or bool(shown.strip())
                yield TextDelta(shown)

    def _calls(self) -> ToolCalls | None:
        """Return the answer's calls: the server's own, or those written into the text, or into thought alone."""
        if self._assembly:
            return ToolCalls(self._assembly.calls())
        if not self._offered:
            return None
        markup = [call for text in self._filter.markup for call in written_calls(text)]
        if found := unquoted(markup, self._call.messages):
            return ToolCalls(found, "text")
        if self._spoke:
            return None
        found = unquoted(thought_calls(self._thought + self._filter.thought), self._call.messages)
        return ToolCalls(found, "reasoning") if found else None

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, Mapping):
            return
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
        self.usage = Usage(
            _number(usage.get("prompt_tokens")), _number(usage.get("completion_tokens")), _number(cached)
        )


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
