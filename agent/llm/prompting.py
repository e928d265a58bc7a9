"""The messages of a model call: the stable part first, what this turn brings last, all of it rendered strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from agent.embedded.word_constraints import word_constraint
from agent.embedded.word_values import Values, spoken
from agent.llm.heard import Heard
from agent.llm.schemas import Schema, facet_lines, tool_schemas
from agent.ports import TurnContext
from core.conversation import Message
from core.entities import Constraint, Strength
from prompts.templates import block, data, known, standard
from retrieval.catalogue import Catalogue

KEPT_MESSAGES = 6
KEPT_CHARACTERS = 500
"""Of a message that was said before: the state holds what it asked for."""

WireMessage = Mapping[str, Any]


def system_message(name: str, context: TurnContext) -> WireMessage:
    """Return the system prompt ``name`` (``system`` or ``writer``): the same in every turn of a language."""
    return {"role": "system", "content": _system(name, context.catalogue, known(context.language))}


def tools_of(context: TurnContext) -> tuple[Schema, ...]:
    """Return the tools of the shop: the same in every turn of a language."""
    return _tools(context.catalogue, known(context.language))


@lru_cache(maxsize=16)
def _system(name: str, catalogue: Catalogue, language: str) -> str:
    shop = catalogue.shop
    named = shop.name.get(language) or next(iter(shop.name.values()), "")
    return standard().render(name, language, shop=named, facets=facet_lines(catalogue, language))


@lru_cache(maxsize=16)
def _tools(catalogue: Catalogue, language: str) -> tuple[Schema, ...]:
    return tool_schemas(catalogue, language)


def history_messages(history: Sequence[Message]) -> list[WireMessage]:
    """Return the last messages before this one, shortened."""
    kept = [message for message in history if message.role in ("user", "assistant")][-KEPT_MESSAGES:]
    return [{"role": message.role, "content": block(message.content, KEPT_CHARACTERS)} for message in kept]


def turn_message(context: TurnContext, heard: Heard | None, results: str = "") -> WireMessage:
    """Return this turn as one user message: state, screen, hint, the user's words, and results where they are known."""
    state = context.state
    content = standard().render(
        "turn",
        context.language,
        constraints=state_lines(context),
        need=state.wants.text,
        question=state.question.text if state.question else "",
        awaiting=state.awaiting or "",
        on_screen=[screen_line(context, at) for at in range(len(context.on_screen))],
        hint=hint_lines(heard) if heard is not None else [],
        message=context.message,
        results=results,
    )
    return {"role": "user", "content": content}


def state_lines(context: TurnContext) -> list[str]:
    """Return what is wanted so far, one line each, with the ids that ``remove`` takes."""
    wants = context.state.wants
    lines = [_line(one, context) for one in wants.constraints]
    lines += [f"sort: {sort.field}, {'highest' if sort.descending else 'lowest'} first" for sort in wants.sorts]
    if wants.bundle is not None:
        parts = "; ".join(f"{data(part.text, 80)} ({part.chosen or 'nothing'})" for part in wants.bundle.parts)
        lines.append(f"a set of: {parts}; budget for all: {wants.bundle.budget or 'none'}")
    for name, ids in (("liked", wants.liked), ("disliked", wants.disliked), ("similar to", wants.anchors)):
        if ids:
            lines.append(f"{name}: {', '.join(ids[-5:])}")
    return lines


_OPS = {"<=": "≤", ">=": "≥", "<": "below", ">": "above"}
"""Signs that cannot be taken for the beginning of a tag."""


def _sign(op: str) -> str:
    return _OPS.get(op, op)


def _line(one: Constraint, context: TurnContext) -> str:
    value = ", ".join(map(str, one.value)) if isinstance(one.value, tuple) else one.value
    wish = " (wish)" if one.strength is Strength.WISH else ""
    said = word_constraint(one, context.catalogue, spoken(context.language, context.shop))
    return f"{one.id}: {one.field} {_sign(one.op.value)} {value} {one.unit or ''}".rstrip() + f"{wish} “{said}”"


def screen_line(context: TurnContext, at: int) -> str:
    """Return an item on screen with its id and price."""
    item = context.on_screen[at]
    values = Values(context.catalogue, spoken(context.language, context.shop))
    price = f", {values.price(item)}" if item.price is not None else ""
    return f"[{item.id}] {values.title(item)}{price}"


def hint_lines(heard: Heard) -> list[str]:
    """Return what the parser read, as it would call the tools."""
    decision = heard.decision
    lines = [f"intent: {', '.join(intent.value for intent in decision.intents)}"]
    for one in heard.wanted():
        value = ", ".join(map(str, one["value"])) if isinstance(one["value"], list) else one["value"]
        wish = " (wish)" if one.get("strength") == "wish" else ""
        lines.append(
            f"set: {one['field']} {_sign(str(one['op']))} {value} {one.get('unit') or ''}{wish} “{one.get('text', '')}”"
        )
    search = heard.search
    if search is not None and search.arguments.get("remove"):
        lines.append(f"remove: {', '.join(search.arguments['remove'])}")
    if heard.pointed():
        lines.append(f"items meant: {', '.join(heard.pointed()[:5])}")
    return lines
