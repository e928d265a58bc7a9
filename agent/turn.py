"""One turn as a graph: decide → act → word. Nodes take the turn's state, return updates, and emit events as they go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from agent.apart import apart
from agent.ports import Account, Decider, Decision, Outcome, ToolCall, TurnContext, Writer
from agent.replying import Turn, Work, accounted, closed, reply_of
from agent.state import merge, rewind
from core.conversation import ConversationState, Intent
from core.entities import ItemId
from core.errors import ToolError
from core.events import (
    ItemsFound,
    Reply,
    TextDelta,
    ToolFinished,
    ToolRun,
    ToolStarted,
    TurnDone,
    TurnEvent,
    TurnStarted,
)
from tools.context import Services, ToolContext
from tools.registry import run_tool, waits, writes
from tools.results import Evidence

Imagine = Callable[[TurnContext, ToolCall], Awaitable[tuple[ItemId, ...]]]

logger = logging.getLogger(__name__)


class Progress(TypedDict, total=False):
    """What passes from node to node."""

    turn: Turn
    work: Work
    decision: Decision
    again: bool
    """Whether the decision came while wording, and waits for its tools."""
    state: ConversationState
    evidence: tuple[Evidence, ...]
    reply: Reply


class TurnGraph:
    """Runs turns; stateless itself, safe for concurrent turns."""

    def __init__(
        self, services: Services, decider: Decider, writer: Writer, reader: Decider | None = None,
        imagine: Imagine | None = None,
    ) -> None:  # fmt: skip
        """Compile the graph over the two ports.

        Args:
            services: what tools work with.
            decider: reads messages.
            writer: words answers.
            reader: reads what a history retells, where that is another than the decider: quick, and free of cost.
            imagine: names items that a model would have a search consider.
        """
        self._services = services
        self._decider = decider
        self._writer = writer
        self._reader = reader or decider
        self._imagine = imagine
        graph = StateGraph(Progress)
        graph.add_node("decide", self._decide)
        graph.add_node("act", self._act)
        graph.add_node("word", self._word)
        graph.add_edge(START, "decide")
        graph.add_edge("decide", "act")
        graph.add_edge("act", "word")
        graph.add_conditional_edges("word", lambda state: "act" if state["again"] else END, ["act", END])
        self._graph: Any = graph.compile()

    async def run(self, turn: Turn) -> AsyncIterator[TurnEvent | tuple[Reply, ConversationState]]:
        """Yield the turn's events, and last the whole reply with the state to store."""
        start: Progress = {"turn": turn, "work": Work(turn.context.state)}
        final: Progress = {}
        async for kind, value in self._graph.astream(start, stream_mode=["custom", "values"]):
            if kind == "custom":
                yield value
            else:
                final = value
        yield final["reply"], final["state"]

    async def understand(self, turn: Turn) -> ConversationState:
        """Return the state after a message without wording an answer: rebuilds a state from history."""
        decision = await self._reader.decide(turn.context)
        work = await self._run_calls(turn, decision, Work(turn.context.state), None)
        return closed(turn, work.shown(), decision, work.evidence)[0]

    async def _decide(self, state: Progress) -> Progress:
        context = state["turn"].context
        if not context.message.strip():  # chips were edited without a word: answer the wants as they are now
            return {"decision": Decision((Intent.REFINE,), (ToolCall("recommend_items", {"again": True}),))}
        return {"decision": await self._decider.decide(context)}

    async def _act(self, state: Progress) -> Progress:
        turn, decision, emit = state["turn"], state["decision"], get_stream_writer()
        before = len(state["work"].outcomes)
        work = await self._run_calls(turn, decision, state["work"], emit)
        if decision.calls and not work.evidence:
            decision = replace(decision, note=decision.note or "unclear")
        decision = replace(decision, intents=work.intents, outcomes=work.outcomes[before:])
        after, evidence, question = closed(turn, work.shown(), decision, work.evidence)
        reply = reply_of(turn, work, after, evidence, question)
        if reply.items or reply.relaxed:
            emit(ItemsFound(reply))
        return {"work": work, "state": after, "evidence": evidence, "decision": decision, "reply": reply}

    async def _word(self, state: Progress) -> Progress:
        emit, work = get_stream_writer(), state["work"]
        context = replace(state["turn"].context, state=state["state"])
        async for piece in self._writer.word(context, state["decision"], state["evidence"]):
            if isinstance(piece, Account):
                work = replace(work, account=work.account + piece)
            elif isinstance(piece, Decision):
                return {"work": work, "decision": piece, "again": True}
            elif piece:
                emit(TextDelta(piece))
                work = replace(work, text=work.text + piece)
        return {"work": work, "again": False, "reply": accounted(state["reply"], work)}

    async def _run_calls(self, turn: Turn, decision: Decision, work: Work, emit: Any) -> Work:
        """Run the decision's calls in order; each sees the state that the one before left."""
        state, outcomes, runs = work.state, list(work.outcomes), list(work.runs)
        if decision.rewind:
            state = rewind(state, decision.rewind)
        for call in decision.calls:
            if turn.read_only and writes(call.name):
                logger.info("turn %s: %s is not run: the caller may only look", turn.turn_id, call.name)
                outcomes.append(Outcome(call, error="refused: this caller may only look"))
                continue
            if emit is not None:
                emit(ToolStarted(call.name, call.arguments))
            started = time.perf_counter()
            outcome = await self._run_call(turn, call, state)
            outcomes.append(outcome)
            if outcome.result is None:
                continue
            runs.append(ToolRun(call.name, call.arguments, round((time.perf_counter() - started) * 1000, 1)))
            if emit is not None:
                emit(ToolFinished(runs[-1]))
            state = merge(state, outcome.result.change)
        intents = tuple(dict.fromkeys((*work.intents, *decision.intents)))
        account = work.account + decision.account
        return replace(work, state=state, intents=intents, outcomes=tuple(outcomes), runs=tuple(runs), account=account)

    async def _run_call(self, turn: Turn, call: ToolCall, state: ConversationState) -> Outcome:
        heard = turn.context
        who = (heard.language, turn.session_key, turn.issued, heard.user_id, heard.consent)
        searches = self._imagine is not None and call.name == "recommend_items"
        imagined = await self._imagine(heard, call) if self._imagine is not None and searches else ()
        context = ToolContext(self._services, state, *who, imagined=imagined)
        threads = self._services.orders.threads if waits(call.name) else None
        try:
            return Outcome(call, await apart(threads, run_tool, call.name, call.arguments, context))
        except (ToolError, ValueError) as error:
            logger.warning("turn %s: %s failed: %s", turn.turn_id, call.name, error)
            return Outcome(call, error=str(error))


async def with_consent(turn: Turn, says_yes: Callable[[TurnContext], bool]) -> Turn:
    """Return the turn with the customer's consent read in code, where something was read back to consent to."""
    context = turn.context
    waits = context.state.awaiting in ("confirmation", "erasure") or context.state.desk.get("done")
    if not waits or not await asyncio.to_thread(says_yes, context):
        return turn
    return replace(turn, context=replace(context, consent=True))


def repeated(reply: Reply) -> list[TurnEvent]:
    """Return the events of a turn that was taken before."""
    events: list[TurnEvent] = [TurnStarted(reply.session_id, reply.turn_id)]
    if reply.items:
        events.append(ItemsFound(replace(reply, text="")))
    return [*events, TextDelta(reply.text), TurnDone(reply)]
