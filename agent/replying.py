"""What a turn leaves behind: the state closed with its question, and the reply put together from the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.asking import choose_question
from agent.embedded.reasons import annotate
from agent.embedded.word_questions import word_question
from agent.ports import Account, Decision, Outcome, TurnContext
from agent.state import finish
from core.conversation import ConversationState, Intent
from core.entities import Language, Question, Recommendation
from core.events import Action, Citation, Reply, ToolRun
from retrieval.catalogue import Catalogue
from tools.results import (
    CartShown,
    Compared,
    Detailed,
    Evidence,
    Explained,
    OpinionsFound,
    PassagesFound,
    Prepared,
    Recommended,
    Told,
)


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


@dataclass(frozen=True, slots=True)
class Work:
    """What a turn has done so far, over all its rounds of tools."""

    state: ConversationState
    """With every change merged, not closed yet."""
    intents: tuple[Intent, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    runs: tuple[ToolRun, ...] = ()
    text: str = ""
    account: Account = field(default_factory=Account)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the tools found, in order."""
        return tuple(outcome.result.evidence for outcome in self.outcomes if outcome.result is not None)

    def shown(self) -> ConversationState:
        """Return the state with the items of all searches of the turn on screen: each tool knows only its own."""
        found = [entry for entry in self.evidence if isinstance(entry, Recommended)]
        if len(found) < 2:
            return self.state
        ids = tuple(dict.fromkeys(one.item.id for entry in found for one in entry.ranking.items))
        return replace(self.state, shown=ids or self.state.shown, focus=ids or self.state.focus)


def closed(
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


def reply_of(
    turn: Turn, work: Work, state: ConversationState, evidence: Sequence[Evidence], question: Question | None
) -> Reply:
    """Return the reply as it stands after the tools, without text."""
    catalogue, language = turn.context.catalogue, turn.context.language
    relaxed = tuple(r for found in evidence if isinstance(found, Recommended) for r in found.ranking.relaxations)
    results = (outcome.result for outcome in work.outcomes if outcome.result is not None)
    actions: tuple[Action, ...] = tuple(action for result in results for action in result.actions)
    return Reply(
        session_id=turn.session_id,
        turn_id=turn.turn_id,
        text="",
        language=language,
        intents=work.intents,
        items=_worded(_spoken_of(evidence), catalogue, language),
        constraints=state.wants.constraints,
        relaxed=relaxed,
        question=question,
        citations=_citations(evidence),
        actions=actions,
        tool_calls=work.runs,
        model=turn.model,
        mode=turn.mode,
    )


def accounted(reply: Reply, work: Work) -> Reply:
    """Return the reply with its text and what an LLM took part with."""
    account = work.account
    model = reply.model if not account.degraded or account.completion_tokens else "embedded"
    return replace(
        reply, text=work.text, model=model, degraded=account.degraded, dropped_sentences=account.dropped,
        prompt_tokens=account.prompt_tokens, completion_tokens=account.completion_tokens,
    )  # fmt: skip


def _spoken_of(evidence: Sequence[Evidence]) -> tuple[Recommendation, ...]:
    found: dict[str, Recommendation] = {}
    for entry in evidence:
        match entry:
            case Recommended():
                found.update((r.item.id, r) for r in entry.ranking.items)
            case Explained() | Detailed() | Compared() | Told():
                found.update((r.item.id, r) for r in entry.items)
            case Prepared():
                found.update((r.item.id, r) for r in entry.alternatives or (entry.needed.items if entry.needed else ()))
            case OpinionsFound():
                found.update((o.item.id, Recommendation(o.item, 0.0)) for o in entry.items)
            case CartShown():
                found.update((r.item.id, r) for r in entry.alternatives)
            case _:
                pass
    return tuple(found.values())


def _worded(items: tuple[Recommendation, ...], catalogue: Catalogue, language: Language) -> tuple[Recommendation, ...]:
    return tuple(annotate(entry, catalogue, language) for entry in items)


def _citations(evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    passages = [p for found in evidence if isinstance(found, PassagesFound | Prepared) for p in found.passages]
    return tuple(Citation(passage.ref, passage.text) for passage in passages)
