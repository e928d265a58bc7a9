"""One turn as a graph: decide → act → word. Nodes take the turn's state, return updates, and emit events as they go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from agent.asking import choose_question
from agent.embedded.reasons import annotate
from agent.embedded.word_questions import word_question
from agent.ports import Decider, Decision, ToolCall, TurnContext, Writer
from agent.state import finish, merge, rewind
from core.conversation import ConversationState, Intent
from core.entities import Language, Question, Recommendation
from core.errors import ToolError
from core.events import (
    Action,
    Citation,
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
from retrieval.catalogue import Catalogue
from tools.context import Services, ToolContext
from tools.registry import run_tool, writes
from tools.results import (
    CartShown,
    Compared,
    Detailed,
    Evidence,
    Explained,
    PassagesFound,
    Prepared,
    Recommended,
    ToolResult,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn is about; fixed for its duration."""

    turn_id: str
    session_id: str
    session_key: str
    issued: bool
    context: TurnContext
    """The state before the turn."""
    model: str
    mode: str
    read_only: bool = False
    """True when tools that write are not run."""


class Progress(TypedDict, total=False):
    """What passes from node to node."""

    turn: Turn
    state: ConversationState
    decision: Decision
    evidence: tuple[Evidence, ...]
    reply: Reply


class TurnGraph:
    """Runs turns; stateless itself, safe for concurrent turns."""

    def __init__(self, services: Services, decider: Decider, writer: Writer) -> None:
        """Compile the graph over the two ports."""
        self._services = services
        self._decider = decider
        self._writer = writer
        graph = StateGraph(Progress)
        graph.add_node("decide", self._decide)
        graph.add_node("act", self._act)
        graph.add_node("word", self._word)
        graph.add_edge(START, "decide")
        graph.add_edge("decide", "act")
        graph.add_edge("act", "word")
        graph.add_edge("word", END)
        self._graph: Any = graph.compile()

    async def run(self, turn: Turn) -> AsyncIterator[TurnEvent | tuple[Reply, ConversationState]]:
        """Yield the turn's events, and last the whole reply with the state to store."""
        start: Progress = {"turn": turn, "state": turn.context.state}
        final: Progress = {}
        async for kind, value in self._graph.astream(start, stream_mode=["custom", "values"]):
            if kind == "custom":
                yield value
            else:
                final = value
        yield final["reply"], final["state"]

    async def understand(self, turn: Turn) -> ConversationState:
        """Return the state after a message without wording an answer: rebuilds a state from history."""
        decision = await self._decider.decide(turn.context)
        results, _, state = await self._run_calls(turn, decision, turn.context.state, None)
        return _closed(turn, state, decision, tuple(result.evidence for result in results))[0]

    async def _decide(self, state: Progress) -> Progress:
        context = state["turn"].context
        if not context.message.strip():  # chips were edited without a word: answer the wants as they are now
            return {"decision": Decision((Intent.REFINE,), (ToolCall("recommend_items", {"again": True}),))}
        return {"decision": await self._decider.decide(context)}

    async def _act(self, state: Progress) -> Progress:
        turn, decision, emit = state["turn"], state["decision"], get_stream_writer()
        results, runs, after = await self._run_calls(turn, decision, state["state"], emit)
        if decision.calls and not results:
            decision = replace(decision, note=decision.note or "unclear")
        evidence = tuple(result.evidence for result in results)
        after, evidence, question = _closed(turn, after, decision, evidence)
        reply = self._reply(turn, decision, after, evidence, question, runs, results)
        if reply.items or reply.relaxed:
            emit(ItemsFound(reply))
        return {"state": after, "evidence": evidence, "decision": decision, "reply": reply}

    async def _word(self, state: Progress) -> Progress:
        emit = get_stream_writer()
        context = replace(state["turn"].context, state=state["state"])
        pieces: list[str] = []
        async for piece in self._writer.word(context, state["decision"], state["evidence"]):
            pieces.append(piece)
            emit(TextDelta(piece))
        return {"reply": replace(state["reply"], text="".join(pieces))}

    async def _run_calls(
        self, turn: Turn, decision: Decision, state: ConversationState, emit: Any
    ) -> tuple[list[ToolResult], list[ToolRun], ConversationState]:
        """Run the decision's calls in order; each sees the state that the one before left."""
        results: list[ToolResult] = []
        runs: list[ToolRun] = []
        if decision.rewind:
            state = rewind(state, decision.rewind)
        for call in decision.calls:
            if turn.read_only and writes(call.name):
                logger.info("turn %s: %s is not run: the caller may only look", turn.turn_id, call.name)
                continue
            if emit is not None:
                emit(ToolStarted(call.name, call.arguments))
            heard = turn.context
            who = (heard.language, turn.session_key, turn.issued, heard.user_id, heard.consent)
            context = ToolContext(self._services, state, *who)
            started = time.perf_counter()
            try:
                result = await asyncio.to_thread(run_tool, call.name, call.arguments, context)
            except (ToolError, ValueError) as error:
                logger.warning("turn %s: %s failed: %s", turn.turn_id, call.name, error)
                continue
            run = ToolRun(call.name, call.arguments, round((time.perf_counter() - started) * 1000, 1))
            if emit is not None:
                emit(ToolFinished(run))
            results.append(result)
            runs.append(run)
            state = merge(state, result.change)
        return results, runs, state

    def _reply(
        self, turn: Turn, decision: Decision, state: ConversationState, evidence: tuple[Evidence, ...],
        question: Question | None, runs: list[ToolRun], results: list[ToolResult],
    ) -> Reply:  # fmt: skip
        catalogue, language = turn.context.catalogue, turn.context.language
        relaxed = tuple(r for found in evidence if isinstance(found, Recommended) for r in found.ranking.relaxations)
        actions: tuple[Action, ...] = tuple(action for result in results for action in result.actions)
        return Reply(
            session_id=turn.session_id,
            turn_id=turn.turn_id,
            text="",
            language=language,
            intents=decision.intents,
            items=_worded(_spoken_of(evidence), catalogue, language),
            constraints=state.wants.constraints,
            relaxed=relaxed,
            question=question,
            citations=_citations(evidence),
            actions=actions,
            tool_calls=tuple(runs),
            model=turn.model,
            mode=turn.mode,
        )


async def with_consent(turn: Turn, says_yes: Callable[[TurnContext], bool]) -> Turn:
    """Return the turn with the customer's consent read in code, where something was read back to consent to."""
    context = turn.context
    waits = context.state.awaiting == "confirmation" or context.state.desk.get("done")
    if not waits or not await asyncio.to_thread(says_yes, context):
        return turn
    return replace(turn, context=replace(context, consent=True))


def repeated(reply: Reply) -> list[TurnEvent]:
    """Return the events of a turn that was taken before."""
    events: list[TurnEvent] = [TurnStarted(reply.session_id, reply.turn_id)]
    if reply.items:
        events.append(ItemsFound(replace(reply, text="")))
    return [*events, TextDelta(reply.text), TurnDone(reply)]


def _closed(
    turn: Turn, state: ConversationState, decision: Decision, evidence: tuple[Evidence, ...]
) -> tuple[ConversationState, tuple[Evidence, ...], Question | None]:
    """Choose the question to ask, leave only it in the evidence, and close the state."""
    question: Question | None = None
    narrowed: list[Evidence] = []
    for found in evidence:
        if isinstance(found, Recommended):
            question = choose_question(found.ranking, state)
            if question is not None:  # kept as worded: its answer may be an option's label
                context = turn.context
                question = word_question(question, context.catalogue, context.language, context.seed)
            found = replace(found, ranking=replace(found.ranking, questions=(question,) if question else ()))
        narrowed.append(found)
    # An answer about items on screen leaves the question open that stands beside them.
    still_open = question or (state.question if not any(isinstance(f, Recommended) for f in evidence) else None)
    state = finish(state, decision.intents, tuple(narrowed), still_open, decision.note == "unclear")
    return state, tuple(narrowed), question


def _spoken_of(evidence: tuple[Evidence, ...]) -> tuple[Recommendation, ...]:
    found: dict[str, Recommendation] = {}
    for entry in evidence:
        match entry:
            case Recommended():
                found.update((r.item.id, r) for r in entry.ranking.items)
            case Explained() | Detailed() | Compared():
                found.update((r.item.id, r) for r in entry.items)
            case Prepared():
                found.update((r.item.id, r) for r in entry.alternatives or (entry.needed.items if entry.needed else ()))
            case CartShown():
                found.update((r.item.id, r) for r in entry.alternatives)
            case _:
                pass
    return tuple(found.values())


def _worded(items: tuple[Recommendation, ...], catalogue: Catalogue, language: Language) -> tuple[Recommendation, ...]:
    return tuple(annotate(entry, catalogue, language) for entry in items)


def _citations(evidence: tuple[Evidence, ...]) -> tuple[Citation, ...]:
    passages = [p for found in evidence if isinstance(found, PassagesFound | Prepared) for p in found.passages]
    return tuple(Citation(passage.ref, passage.text) for passage in passages)
