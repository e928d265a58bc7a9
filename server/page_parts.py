"""The parts of a turn beside its cards, as HTML: prose, chips, quick replies, relaxations, citations, trace, footer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from core.conversation import Intent
from core.entities import Constraint, Facet, Language, Relaxation
from core.events import Reply, ToolRun
from server.page_cards import web_link
from server.page_words import constraint_label, esc, texts, visible, word

ABOUT = {Intent.COMPARE, Intent.EXPLAIN, Intent.DETAILS}
SHOWING = {Intent.RECOMMEND, Intent.REFINE, Intent.SIMILAR}
"""Intents whose items are an offer; those of other turns are items spoken of again."""


@cache
def _markdown() -> MarkdownIt:
    """Markdown without raw HTML, without pictures, and with http(s) links only."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    address = web_link(str(tokens[index].attrGet("href") or ""))
    env.setdefault("links", []).append(bool(address))
    return f'<a href="{esc(address)}" target="_blank" rel="noopener noreferrer">' if address else "<span>"


def _link_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</a>" if env["links"].pop() else "</span>"


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """The cards hold the pictures; prose that names others must not make the browser fetch them."""
    return esc(tokens[index].content)


def _table_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<div class="fw-table" tabindex="0"><table>'


def _table_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table></div>"


def prose_html(text: str) -> str:
    """Return an answer's Markdown as HTML in which nothing of the text can run or load anything."""
    return str(_markdown().render(visible(text), {}))


def chips_html(
    constraints: Sequence[Constraint], facets: Mapping[str, Facet], language: Language, currency: str | None
) -> str:
    """Return the active constraints as buttons that remove them."""
    chips = ""
    for constraint in constraints:
        label = constraint_label(constraint, facets, language, currency)
        action = esc(word("remove", language, label=label))
        said = esc(word("removed", language, label=label))
        chips += (
            f'<li><button type="button" class="fw-chip fw-{constraint.strength.value}" '
            f'data-remove="{esc(constraint.id)}" '
            f'data-said="{said}" aria-label="{action}" title="{action}">{esc(label)}<i aria-hidden="true">×</i>'
            f"</button></li>"
        )
    return chips


def replies_html(reply: Reply, facets: Mapping[str, Facet], currency: str | None) -> str:
    """Return what the user may say next: ways out of a dead end, answers to the open question, follow-ups."""
    language = reply.language
    parts = _relaxations(reply, facets, currency) + _question(reply)
    follow = "".join(_say(word(key, language)) for key in follow_ups(reply))
    return parts + (f'<div class="fw-follow">{follow}</div>' if follow else "")


def follow_ups(reply: Reply) -> list[str]:
    """Return the keys of follow-ups that make sense after a reply."""
    if not reply.items:
        return []
    if not SHOWING.intersection(reply.intents):
        return ["follow_cheaper", "follow_brand"] if ABOUT.intersection(reply.intents) else []
    keys = ["follow_cheaper"] if any(entry.item.price is not None for entry in reply.items) else []
    keys += ["follow_compare"] if len(reply.items) > 1 else []
    keys += ["follow_why"]
    keys += ["follow_more"] if len(reply.items) > 1 else []
    return keys


def _relaxations(reply: Reply, facets: Mapping[str, Facet], currency: str | None) -> str:
    if not reply.relaxed:
        return ""
    language = reply.language
    buttons = "".join(_relaxation(way, reply.constraints, facets, language, currency) for way in reply.relaxed)
    return f'<p class="fw-ask">{esc(word("nothing_matches", language))}</p><div class="fw-options">{buttons}</div>'


def _relaxation(
    way: Relaxation,
    constraints: Sequence[Constraint],
    facets: Mapping[str, Facet],
    language: Language,
    currency: str | None,
) -> str:
    names = {entry.id: constraint_label(entry, facets, language, currency) for entry in constraints}
    said = word("drop", language, labels=word("and", language).join(names.get(key, key) for key in way.drop))
    count = word("drop_count", language, count=way.matches)
    return (
        f'<button type="button" class="fw-option" data-remove="{esc(" ".join(way.drop))}" data-said="{esc(said)}">'
        f"{esc(said)}<small>{esc(count)}</small></button>"
    )


def _question(reply: Reply) -> str:
    """The open question's answers with their counts; its text too, unless the prose has just asked it."""
    question, language = reply.question, reply.language
    if question is None:
        return ""
    buttons = "".join(
        _say(option.label, word("question_count", language, count=option.count)) for option in question.options
    )
    ask = f'<p class="fw-ask">{esc(question.text)}</p>' if question.text and question.text not in reply.text else ""
    return f'{ask}<div class="fw-options">{buttons}</div>' if buttons else ""


def _say(text: str, count: str = "") -> str:
    small = f"<small>{esc(count)}</small>" if count else ""
    return f'<button type="button" class="fw-option" data-say="{esc(text)}">{esc(text)}{small}</button>'


_NOTED = frozenset({"handoff", "checkout", "notify"})
"""Actions that stand beside the answer; others are data for other doors."""


def notes_html(reply: Reply) -> str:
    """Return what must not be overlooked (a hand-off), and the policy sections that the answer quotes."""
    language, notes = reply.language, ""
    for action in reply.actions:
        if action.kind not in _NOTED:
            continue  # the text asks or tells it already; the data is for other doors
        title = word("handoff" if action.kind == "handoff" else "action", language)
        notes += f'<aside class="fw-note"><strong>{esc(title)}</strong><p>{esc(action.summary)}</p></aside>'
    if reply.citations:
        rows = "".join(
            f"<li><code>{esc(entry.source)}</code><blockquote>{esc(entry.text)}</blockquote></li>"
            for entry in reply.citations
        )
        notes += (
            f'<details class="fw-fold"><summary>{esc(word("sources", language))}</summary><ul>{rows}</ul></details>'
        )
    return notes


def trace_html(runs: Sequence[ToolRun], reply: Reply) -> str:
    """Return the folded tool trace; above it, when the language model failed, that it did."""
    language = reply.language
    line = f'<p class="fw-degraded">{esc(word("degraded", language))}</p>' if reply.degraded else ""
    if not runs:
        return line
    total = f"{sum(run.ms for run in runs):.0f}"
    steps = word("trace_step" if len(runs) == 1 else "trace_steps", language, count=len(runs), ms=total)
    rows = "".join(
        f"<li><code>{esc(run.name)}</code><span>{run.ms:.1f} ms</span><pre>{esc(_arguments(run.arguments))}</pre></li>"
        for run in runs
    )
    title = esc(word("trace", language))
    return f'{line}<details class="fw-fold fw-trace"><summary>{title} · {esc(steps)}</summary><ol>{rows}</ol></details>'


def _arguments(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), ensure_ascii=False, indent=1, default=str)


def model_lines(model: str, mode: str, degraded: bool = False) -> dict[Language, str]:
    """Return who answers, in every UI language; a fallback is said as such."""
    if degraded:
        return {language: word("degraded", language) for language in texts()}
    if mode == "embedded" or model == "embedded":
        return {language: word("model_embedded", language) for language in texts()}
    return {language: word("model_llm", language, model=visible(model)) for language in texts()}
