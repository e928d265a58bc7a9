"""The LLM as writer: its words leave sentence by sentence, each checked against this turn's evidence.

What binds the shop (what will be changed, who may see what, that nothing fits) is worded by code, word for word. Where
the model fails or leaves something out, the embedded writer says it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from agent.embedded.writer import EmbeddedWriter
from agent.llm.answer import Answer
from agent.llm.decider import ERROR, LlmDecider, answer, fallen, spent
from agent.llm.enforcing import enforced
from agent.llm.prompting import WireMessage, history_messages, system_message, turn_message
from agent.llm.sentences import Sentences
from agent.llm.telling import results_text, told
from agent.llm.wire import CalledTool, Finished, ModelEvent, TextDelta, ToolCalls
from agent.ports import Account, Decision, TurnContext
from core.errors import ModelError
from tools.results import (
    CartShown,
    Confirmed,
    Dropped,
    Evidence,
    HandedOff,
    IdentityNeeded,
    OpinionsFound,
    PassagesFound,
    Prepared,
    Recommended,
)

logger = logging.getLogger(__name__)

_BINDING = (Prepared, Confirmed, Dropped, IdentityNeeded, HandedOff, CartShown, OpinionsFound)
_FAILURES = 2
"""So often the same tool may fail in a turn before the embedded model takes over."""


class _Heard:
    """What one answer of the model brought."""

    def __init__(self) -> None:
        self.text = ""
        self.called: tuple[CalledTool, ...] = ()
        self.finished = Finished()
        self._sentences = Sentences()

    def take(self, event: ModelEvent) -> list[str]:
        """Take an event; return the sentences that are whole with it."""
        if isinstance(event, TextDelta):
            self.text += event.text
            return self._sentences.feed(event.text)
        if isinstance(event, ToolCalls):
            self.called = event.calls
        else:
            self.finished = event
        return []

    def rest(self) -> list[str]:
        """Return the last sentence, unless it was cut."""
        return [] if self.finished.cut else [self._sentences.rest()]


class LlmWriter:
    """Words answers by an LLM; implements ``agent.ports.Writer``. Safe for concurrent turns."""

    def __init__(self, decider: LlmDecider, embedded: EmbeddedWriter | None = None, *, mending: bool = True) -> None:
        """Use the decider's model, and the embedded writer for what code says.

        ``mending=False`` lets unsupported sentences pass and counts them: for benchmarks with a model of noise alone.
        """
        self._decider = decider
        self._mending = mending
        self._embedded = embedded or EmbeddedWriter()

    async def word(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> AsyncIterator[str | Account | Decision]:
        """Yield the answer's checked sentences, an account of them, and the tools that the model wants further."""
        if decision.account.degraded or self._for_code(decision, evidence):
            for piece in self._embedded.pieces(context, decision, evidence):
                yield piece
            return
        thread = self._continued(context, decision, evidence)
        if decision.draft:
            async for checked in self._checked(context, decision, evidence):
                yield checked
            return
        if self._failed_twice(thread):
            async for ending in self._given_up(context, decision, evidence, Account()):
                yield ending
            return
        async for said in self._spoken(context, decision, evidence, thread):
            yield said

    def _for_code(self, decision: Decision, evidence: Sequence[Evidence]) -> bool:
        """Tell whether code words the answer: what binds, what is not there, and what needs no words of a model."""
        if any(isinstance(found, _BINDING) for found in evidence):
            return True
        empty = [found for found in evidence if _says_nothing(found)]
        return bool(empty) or (not evidence and not decision.draft and not decision.thread)

    def _answer(self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]) -> Answer:
        return Answer(context, decision, evidence, self._decider.embedded.vocabulary, mending=self._mending)

    def _continued(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> tuple[WireMessage, ...]:  # fmt: skip
        """Return the conversation with the model up to now: its own with the tools' results, or a writer's prompt."""
        if decision.thread:
            results = [answer(o.call.id, told(o, context)) for o in decision.outcomes if o.call.id]
            return (*decision.thread, *results)
        if decision.draft:
            return ()
        message = turn_message(context, None, results_text(evidence, context))
        return (system_message("writer", context), *history_messages(context.history), message)

    async def _checked(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> AsyncIterator[str | Account]:  # fmt: skip
        """Yield what the model said already, checked; the embedded wording when nothing of it may stand."""
        text = self._answer(context, decision, evidence)
        sentences = Sentences()
        for sentence in (*sentences.feed(decision.draft), sentences.rest()):
            if piece := text.take(sentence):
                yield piece
        for piece in self._completed(text, context, decision, evidence):
            yield piece
        yield Account(dropped=text.dropped)

    async def _spoken(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...], thread: tuple[WireMessage, ...]
    ) -> AsyncIterator[str | Account | Decision]:
        """Stream the model's answer; go on with its tool calls, or without it where it fails."""
        rounds = sum(bool(message.get("tool_calls")) for message in thread)
        speak = not decision.thread or rounds + 1 >= self._decider.caps.rounds
        call = self._decider.call(context, thread, speak=speak, bare=not decision.thread)
        text = self._answer(context, decision, evidence)
        heard = _Heard()
        try:
            async with aclosing(self._decider.client.stream(call)) as events:
                async for event in events:
                    for piece in text.all(heard.take(event)):
                        yield piece
        except ModelError as error:
            logger.warning("the model could not word the answer (%s): the embedded one does", error.code)
            async for ending in self._given_up(context, decision, evidence, Account(dropped=text.dropped), text):
                yield ending
            return
        if heard.called and not speak:
            async for further in self._further(context, decision, thread, heard):
                yield further
            return
        async for last in self._ended(context, decision, evidence, text, heard):
            yield last

    async def _ended(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...], text: Answer, heard: _Heard
    ) -> AsyncIterator[str | Account | Decision]:
        """Yield the last sentence, what the answer owes still, and its account."""
        for piece in text.all(heard.rest()):
            yield piece
        account = spent(heard.finished) + Account(dropped=text.dropped)
        searched = any(isinstance(found, Recommended) for found in evidence)
        if not searched and (owed := await self._owed(context, decision)) is not None:
            if text.begun:
                yield "\n\n"
            yield replace(owed, account=account + Account(degraded=True))
            return
        for piece in self._completed(text, context, decision, evidence):
            yield piece
        yield account

    async def _owed(self, context: TurnContext, decision: Decision) -> Decision | None:
        """Return the embedded decision when the model's calls went wrong and what the user plainly asked is undone."""
        refused = any(str(told.get("content", "")).startswith(ERROR) for told in decision.thread)
        if not refused and not any(outcome.error for outcome in decision.outcomes):
            return None
        heard = await self._decider.hear(context)
        return heard.decision if enforced(None, heard) is not None else None

    async def _further(
        self, context: TurnContext, decision: Decision, thread: tuple[WireMessage, ...], said: _Heard
    ) -> AsyncIterator[Decision]:
        """Yield the decision to run more tools."""
        heard = await self._decider.hear(context)
        found = [str(item.id) for item in context.catalogue.items(context.state.shown)]
        searched = any(o.result is not None and isinstance(o.result.evidence, Recommended) for o in decision.outcomes)
        yield self._decider.decided(heard, thread, said.text, said.called, spent(said.finished), found, searched)

    async def _given_up(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...], account: Account,
        text: Answer | None = None,
    ) -> AsyncIterator[str | Account | Decision]:  # fmt: skip
        """Finish the turn without the model: word what was found, else decide anew. No tool runs twice."""
        if not evidence:
            heard = await self._decider.hear(context)
            if heard.decision.calls:
                yield fallen(heard, account)
                return
        if text is not None and text.begun:
            yield "\n\n"
        for piece in self._embedded.pieces(context, decision, evidence):
            yield piece
        yield account + Account(rounds=1, degraded=True)

    def _completed(
        self, text: Answer, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> Iterator[str]:  # fmt: skip
        """Yield what the answer still lacks; the whole embedded wording when nothing of the model's could stand."""
        if text.begun and text.names_something():
            yield from text.missing()
            return
        if text.begun:
            yield "\n\n"
        yield from self._embedded.pieces(context, decision, evidence)

    def _failed_twice(self, thread: Sequence[WireMessage]) -> bool:
        names: dict[str, str] = {}
        failed: Counter[str] = Counter()
        for message in thread:
            for call in message.get("tool_calls") or ():
                names[call["id"]] = call["function"]["name"]
            if message.get("role") == "tool" and str(message.get("content", "")).startswith(ERROR):
                failed[names.get(str(message.get("tool_call_id")), "")] += 1
        return any(number >= _FAILURES for number in failed.values())


def _says_nothing(found: Evidence) -> bool:
    """Tell whether a tool found nothing: then code says so, and what would help."""
    if isinstance(found, Recommended):
        made = found.bundle  # what a set lacks, and what it would take, is said by code
        lacks = made is not None and bool(made.missing or made.left_out or made.least is not None or found.ignored)
        return not found.ranking.items or lacks
    return isinstance(found, PassagesFound) and not found.passages
