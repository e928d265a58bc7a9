"""Holds an LLM's search to what the user said: requirements read for certain are added, unfounded ones are softened.

The LLM sends changes; the conversation's state holds the constraints. Where it and the parser disagree, rules decide:

- a constraint that the parser read with calibrated precision (``calibration.yaml``) is enforced, unless the LLM quotes
  the words of the message that show it to be no wish;
- another of the LLM's on the same field that contradicts an enforced one gives way;
- a must of the LLM that stands on no words of the user becomes a wish, or nothing when it is a number;
- an earlier requirement goes only when the message gives something up, and speaks of this one or of none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agent.embedded.lexicon import DEGREES, Kind
from agent.embedded.text import tokenize
from agent.llm.heard import Heard, plainly
from agent.ports import ToolCall
from core.entities import Constraint, FacetType, Op
from retrieval.constraints import contradicts
from tools.arguments import ConstraintArgument

CERTAIN = 0.98
_NEGATIVE = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})
_FOUND = ("gift", "limit", "anchors")
"""What only the parser reads: no LLM is asked for it."""
_MOST_QUOTED = 160


@cache
def calibration() -> Mapping[str, float]:
    """Return kind of words -> precision, as measured."""
    content = yaml.safe_load((Path(__file__).parent / "calibration.yaml").read_text(encoding="utf-8")) or {}
    return {str(kind): float(entry["precision"]) for kind, entry in content.items()}


def kind_of(one: Mapping[str, Any], heard: Heard) -> str:
    """Return the kind of words that a constraint was read from: what its precision is measured by."""
    field, op = str(one.get("field")), Op(str(one.get("op", "==")))
    facet = heard.context.catalogue.facets.get(field)
    polarity = "not_" if op in _NEGATIVE else ""
    if one.get("strength") == "wish":
        return "wish"
    if facet is None or not one.get("text"):
        return "inferred"
    if facet.type in (FacetType.NUMBER, FacetType.DATE):
        if op in (Op.EQ, Op.NE, Op.BETWEEN):
            return f"{polarity}amount_near"
        bounded = any(char.isdigit() for char in str(one["text"]))
        money = "money" if field == "price" else "measure"
        return f"{money}_bound" if bounded else "critique"
    if facet.type is FacetType.BOOLEAN:
        return "flag" if bool(one.get("value")) else "not_flag"
    if field in ("brand", "category"):
        return f"{polarity}{field}"
    return f"{polarity}value"


def certain(one: Mapping[str, Any], heard: Heard) -> bool:
    """Tell whether a constraint that the parser read is enforced."""
    return calibration().get(kind_of(one, heard), 0.0) >= CERTAIN


def retracted(one: Mapping[str, Any], quotes: Sequence[str], heard: Heard) -> bool:
    """Tell whether one of the LLM's quotes takes a reading back.

    It must stand in the message letter for letter, hold the words that the constraint was read from, and say something
    beside what was read as wishes: talk of the past ("my old one was …") or words that are no wish ("my colleague paid
    …"). "A laptop under $900" says nothing else, so it takes nothing back.
    """
    words = plainly(str(one.get("text", "")))
    for quote in quotes:
        said = plainly(quote)
        fits = bool(words) and words in said and len(quote) <= _MOST_QUOTED
        if fits and heard.said_now(quote) and _tells_otherwise(quote, heard):
            return True
    return False


def _tells_otherwise(quote: str, heard: Heard) -> bool:
    """Tell whether a quotation holds more than wishes, politeness and general words."""
    wished = {token.text for one in heard.wanted() for token in tokenize(str(one.get("text", "")))}
    quoted = {token.text for token in tokenize(quote) if token.kind in ("word", "cjk")} - wished
    elements = heard.message.reading.elements
    if any(e.role("past") and plainly(e.text) in plainly(quote) for e in elements):
        return True
    return any(e.span is None and e.text in quoted and e.text in heard.message.needs.unknown for e in elements)


def enforced(call: ToolCall | None, heard: Heard) -> ToolCall | None:
    """Return the LLM's search held to what the user said; None when it makes none and nothing calls for one."""
    own = heard.search
    quotes = [str(quote) for quote in call.arguments.get("retract", ())] if call is not None else []
    sure = [one for one in heard.wanted() if certain(one, heard) and not retracted(one, quotes, heard)]
    if call is None:
        if own is None or not sure:
            return None
        given = {name: value for name, value in own.arguments.items() if name != "set"}
        return replace(own, arguments={**given, "set": sure})
    arguments = {name: value for name, value in call.arguments.items() if name != "retract"}
    arguments["set"] = _merged(arguments.get("set") or (), sure, heard)
    arguments["remove"] = _removed(arguments.get("remove") or (), own, sure, heard)
    parsed = own.arguments if own is not None else {}
    arguments |= {name: parsed[name] for name in _FOUND if name in parsed}
    for name in ("sort", "query"):
        if not arguments.get(name) and parsed.get(name):
            arguments[name] = parsed[name]
    excluded = [*arguments.get("exclude", ()), *parsed.get("exclude", ())]
    arguments["exclude"] = list(dict.fromkeys(excluded))
    name = call.name
    if own is not None and own.name == "similar_items" and name == "recommend_items":
        name, arguments["like_items"] = "similar_items", own.arguments["like_items"]
    kept = {key: value for key, value in arguments.items() if value not in ([], None) or key == "anchors"}
    return replace(call, name=name, arguments=kept)


def _merged(
    given: Sequence[Any], sure: Sequence[Mapping[str, Any]], heard: Heard
) -> list[Any]:  # fmt: skip
    """Return the LLM's constraints that the certain ones leave, softened where unfounded, and the certain ones."""
    firm = [_constraint(one) for one in sure]
    read = [(one.get("field"), str(one.get("op")), one.get("value")) for one in heard.wanted()]
    kept: list[Any] = []
    for one in given:
        asked = _constraint(one)
        if asked is None:
            kept.append(one)  # the tool says what is wrong with it
            continue
        beaten = any(f is not None and f.field == asked.field and (contradicts(f, asked) or f == asked) for f in firm)
        if beaten or any(f is not None and _same(f, asked) for f in firm):
            continue
        founded = (one.get("field"), str(one.get("op")), one.get("value")) in read or heard.said(str(one.get("text")))
        facet = heard.context.catalogue.facets.get(asked.field)
        if founded:
            kept.append(one)
        elif facet is not None and facet.type in (FacetType.CATEGORY, FacetType.LIST, FacetType.BOOLEAN):
            kept.append({**one, "strength": "wish"})  # a number that nobody said is no wish either
    return [*kept, *sure]


def _same(a: Constraint, b: Constraint) -> bool:
    return (a.field, a.op, a.value) == (b.field, b.op, b.value)


def _constraint(one: Any) -> Constraint | None:
    try:
        return ConstraintArgument.model_validate(one).constraint(0)
    except ValueError:
        return None


def _removed(
    wanted: Sequence[Any], own: ToolCall | None, sure: Sequence[Mapping[str, Any]], heard: Heard
) -> list[str]:  # fmt: skip
    """Return the constraints that may go: those that the parser lets go, and those that the message gives up."""
    parsed = own.arguments.get("remove", ()) if own is not None and (sure or heard.message.needs.dropped) else ()
    held = {one.id: one for one in heard.context.state.wants.constraints}
    gone = [str(name) for name in wanted if str(name) in held and _given_up(held[str(name)], heard)]
    return list(dict.fromkeys([*gone, *map(str, parsed)]))


def _given_up(held: Constraint, heard: Heard) -> bool:
    """Tell whether the message may take a requirement back: it gives something up, and speaks of this or of nothing."""
    message = heard.message
    if held.strength == "wish" or "reset" in message.cues or held.field in message.needs.dropped:
        return True
    gives_up = message.reading.roles("drop", "any")
    spoken = _spoken_of(held, heard)
    return bool(gives_up) and (spoken or message.needs.empty)


def _spoken_of(held: Constraint, heard: Heard) -> bool:
    """Tell whether the message names a requirement's field or value."""
    kinds = (Kind.VALUE, Kind.BRAND, Kind.CATEGORY, Kind.FACET, *DEGREES)
    entries = (entry for e in heard.message.reading.elements if e.span for entry in e.span.entries)
    named = any(entry.kind in kinds and entry.field == held.field for entry in entries)
    return named or (bool(held.text) and heard.said_now(held.text))
