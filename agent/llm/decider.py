"""The LLM as decider: reads a message with the parser's hint, calls tools; code guards every call.

Where the service desk leads a dialogue of its own (who are you, which order, do you confirm), and where the model
fails, the embedded decider decides.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.embedded.decider import EmbeddedDecider
from agent.llm.calls import intents_of, translated
from agent.llm.client import ModelClient
from agent.llm.enforcing import enforced
from agent.llm.guards import DESK, guarded
from agent.llm.heard import SEARCHES, Heard
from agent.llm.prompting import WireMessage, history_messages, system_message, tools_of, turn_message
from agent.llm.salvage import arguments_of
from agent.llm.wire import CalledTool, Finished, ModelCall
from agent.ports import Account, Decision, ToolCall, TurnContext
from core.conversation import Intent
from core.errors import ModelError, ToolRetry

logger = logging.getLogger(__name__)

ERROR = "error: "
"""Begins what a model is told of a call that failed."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What one turn may cost."""

    rounds: int = 4
    """Questions to the model."""
    tokens: int = 700
    """Of each of its answers."""
    calls: int = 4
    """Tool calls of one answer."""
    reserve: float = 2.0
    """Seconds of the turn that are kept for the embedded model to finish it."""


class LlmDecider:
    """Decides by an LLM's tool calls; implements ``agent.ports.Decider``. Safe for concurrent turns."""

    def __init__(self, client: ModelClient, embedded: EmbeddedDecider, caps: Caps | None = None) -> None:
        """Use a model and, beside it and in its stead, the embedded decider."""
        self.client = client
        self.embedded = embedded
        self.caps = caps or Caps()

    async def decide(self, context: TurnContext) -> Decision:
        """Return the decision; when the model fails, the embedded decider's, marked as degraded."""
        heard = await self.hear(context)
        if led_by_code(heard):
            return heard.decision
        messages = (system_message("system", context), *history_messages(context.history), turn_message(context, heard))
        try:
            completion = await self.client.complete(self.call(context, messages))
        except ModelError as error:
            logger.warning("the model could not decide (%s): the embedded one does", error.code)
            return fallen(heard)
        account = spent(completion.finished)
        return self.decided(heard, messages, completion.text, completion.calls, account)

    async def hear(self, context: TurnContext) -> Heard:
        """Return the message as the embedded model reads it."""

        def work() -> Heard:
            return Heard(self.embedded.read(context), self.embedded.decide_now(context))

        return await asyncio.to_thread(work)

    def call(
        self, context: TurnContext, messages: Iterable[WireMessage], *, speak: bool = False, bare: bool = False
    ) -> ModelCall:  # fmt: skip
        """Return a question to the model.

        Args:
            context: the turn.
            messages: what was said with the model so far.
            speak: no more tools.
            bare: the model never heard of tools.
        """
        left = max(0.5, context.until - time.monotonic() - self.caps.reserve)
        return ModelCall(
            messages=tuple(messages),
            tools=None if bare else tools_of(context),
            tool_choice="none" if speak else "auto",
            max_tokens=self.caps.tokens,
            seed=context.seed % 2**31,
            limit=min(left, self.client.limits.call),
        )

    def decided(
        self, heard: Heard, messages: Sequence[WireMessage], text: str, called: Sequence[CalledTool],
        account: Account, found: Iterable[str] = (), searched: bool = False,
    ) -> Decision:  # fmt: skip
        """Return what a model's answer decides.

        Args:
            heard: the user's message.
            messages: what the model was asked.
            text: what it said.
            called: the tools that it called.
            account: what the answer cost.
            found: ids of items that tools of this turn returned.
            searched: whether this turn has searched already, so that nothing needs to be enforced any more.
        """
        read = _Read(heard, frozenset(heard.known_ids(found)))
        for tool in called[: self.caps.calls]:
            read.take(tool)
        read.enforce(searched)
        if not read.calls and not read.rewind and not called and heard.decision.calls and _must_act(heard):
            return replace(heard.decision, account=account)
        thread = (*messages, read.spoken(text, called)) if called or read.added else tuple(messages)
        thread = (*thread, *read.answers)
        wants = heard.context.state.wants
        intents = read.intents or intents_of(read.calls, bool(wants.constraints or wants.text)) or _talk(heard)
        draft = "" if read.calls or called else text
        note = heard.decision.note if not (read.calls or draft or called) else None
        return Decision(
            intents, tuple(read.calls), rewind=read.rewind, note=note, account=account, draft=draft, thread=thread
        )


class _Read:
    """The calls of one answer of the model, guarded one by one."""

    def __init__(self, heard: Heard, known: frozenset[str]) -> None:
        self.heard, self.known = heard, known
        self.calls: list[ToolCall] = []
        self.answers: list[WireMessage] = []
        self.added: list[ToolCall] = []
        self.rewind: str | None = None
        self.intents: tuple[Intent, ...] = ()

    def take(self, tool: CalledTool) -> None:
        """Take one call, or tell the model why not."""
        state = self.heard.context.state
        try:
            arguments = arguments_of(tool)
            if tool.name == "rewind":
                self._rewind(tool, arguments)
                return
            call = translated(tool.name, arguments, self.heard.context.catalogue, state.seen)
            call = guarded(replace(call, id=tool.id), self.heard, self.known)
        except ToolRetry as error:
            self.answers.append(answer(tool.id, f"{ERROR}{error}"))
            return
        if any(one.name == call.name and one.arguments == call.arguments for one in self.calls):
            self.answers.append(answer(tool.id, "the same as another call"))
            return
        self.calls.append(call)

    def _rewind(self, tool: CalledTool, arguments: Mapping[str, Any]) -> None:
        how = str(arguments.get("how"))
        if how not in ("undo", "reset") or how not in self.heard.message.cues:
            raise ToolRetry("the shopper did not ask to take the wishes back")
        self.rewind, self.intents = how, (Intent(how),)
        self.answers.append(answer(tool.id, "done"))

    def enforce(self, searched: bool) -> None:
        """Hold the searches to what the user said, and search where that is called for and was not done yet."""
        if searched:
            self.calls = [_without(call) if call.name in SEARCHES else call for call in self.calls]
            return
        own = self.heard.decision
        if own.rewind and not self.rewind and not self.calls:
            self.rewind, self.intents = own.rewind, own.intents
        searches = [at for at, call in enumerate(self.calls) if call.name in SEARCHES]
        for at in searches:
            self.calls[at] = enforced(self.calls[at], self.heard) or self.calls[at]
        # A wrong call may be mended in the next round; beside calls that run, there may be no next round.
        mending = not self.calls and any(str(told["content"]).startswith(ERROR) for told in self.answers)
        held = None if searches or mending else enforced(None, self.heard)
        if held is not None:
            self.added.append(replace(held, id="call_own"))
            self.calls.append(self.added[0])

    def spoken(self, text: str, called: Sequence[CalledTool]) -> WireMessage:
        """Return the model's answer as a message, with the calls that code added as if it had made them."""
        own = [(tool.id, tool.name, tool.arguments) for tool in called]
        own += [(call.id, call.name, json.dumps(call.arguments, ensure_ascii=False)) for call in self.added]
        calls = [
            {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}
            for key, name, arguments in own
        ]
        return {"role": "assistant", "content": text or None, "tool_calls": calls}


def _without(call: ToolCall) -> ToolCall:
    """Return a further search of a turn: it may look elsewhere, and it changes nothing that the user required."""
    kept = {name: value for name, value in call.arguments.items() if name not in ("retract", "remove")}
    kept["set"] = [
        {**one, "strength": "wish"}
        for one in kept.get("set", ())
        if isinstance(one, Mapping) and not isinstance(one.get("value"), int | float)
    ]
    return replace(call, arguments={name: value for name, value in kept.items() if value != []})


def answer(call_id: str, text: str) -> WireMessage:
    """Return a tool's message."""
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def spent(finished: Finished) -> Account:
    """Return what one question cost."""
    usage = finished.usage
    return Account(usage.prompt_tokens, usage.completion_tokens, rounds=1)


def fallen(heard: Heard, account: Account | None = None) -> Decision:
    """Return the embedded model's decision in the LLM's stead."""
    return replace(heard.decision, account=(account or Account()) + Account(rounds=1, degraded=True))


_KEPT = frozenset(("show_profile", "change_profile", "forget_user"))


def led_by_code(heard: Heard) -> bool:
    """Tell whether code goes on by itself: the desk waits and got an answer, is silent, or the profile is spoken of."""
    state, own = heard.context.state, heard.decision
    if own.calls and all(call.name in _KEPT for call in own.calls):
        return True  # what is kept of people changes on their words as code reads them
    if any(call.name in ("recommend_set", "what_reviewers_say") for call in own.calls):
        return True  # what is wanted together is read word by word and chosen exactly; reviewers are counted and quoted
    waits = state.awaiting is not None or bool(state.desk.get("handoff"))
    return waits and (own.note == "handed_off" or any(call.name in DESK for call in own.calls))


def _must_act(heard: Heard) -> bool:
    """Tell whether an answer without any tool would pass over what the user plainly asked of the desk."""
    return any(call.name in DESK or call.name == "search_policies" for call in heard.decision.calls)


def _talk(heard: Heard) -> tuple[Intent, ...]:
    """Return what a message is that no tool is called for."""
    own = heard.decision
    return own.intents if not own.calls else (Intent.SMALLTALK,)
