"""What the terminal draws: cards, constraints, offers and the trace, as Rich renderables without any markup parsing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from core.entities import Facet, Language, Recommendation
from core.events import Reply
from server.page_parts import follow_ups
from server.page_words import constraint_label, money, number, stock_words, visible, word

_NARROW = 96
_CARD = 38
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that the user may pick by its number: words to say, or constraints to drop."""

    shown: str
    say: str = ""
    count: str = ""
    remove: tuple[str, ...] = ()


def choices(reply: Reply, facets: Mapping[str, Facet], currency: str | None) -> list[Choice]:
    """Return what may be said next: ways out of a dead end, answers to the open question, follow-ups."""
    language = reply.language
    names = {entry.id: constraint_label(entry, facets, language, currency) for entry in reply.constraints}
    found = []
    for way in reply.relaxed:
        labels = word("and", language).join(names.get(key, key) for key in way.drop)
        shown = visible(word("drop", language, labels=labels))
        found.append(Choice(shown, count="  " + word("drop_count", language, count=way.matches), remove=way.drop))
    for option in reply.question.options if reply.question else ():
        count = "  " + word("question_count", language, count=option.count)
        found.append(Choice(visible(option.label), option.label, count))
    for key in follow_ups(reply):
        found.append(Choice(word(key, language), word(key, language)))
    return found


def cards_view(reply: Reply, width: int) -> RenderableType:
    """Return the turn's items: panels side by side, or a table where the terminal is narrow."""
    if width >= _NARROW:
        panels = [_panel(entry, place, reply.language) for place, entry in enumerate(reply.items, start=1)]
        return Columns(panels, equal=True)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for place, entry in enumerate(reply.items, start=1):
        table.add_row(Text(f"#{place}", style="bold green"), _lines(entry, reply.language, titled=True))
    return table


def _panel(entry: Recommendation, place: int, language: Language) -> Panel:
    title = Text.assemble((f"#{place} ", "bold green"), (visible(entry.item.text("title", language)), "bold"))
    return Panel(_lines(entry, language), title=title, title_align="left", width=_CARD, border_style="dim")


def _lines(entry: Recommendation, language: Language, *, titled: bool = False) -> Group:
    item = entry.item
    price = word("no_price", language) if item.price is None else money(item.price, item.currency)
    facts = [Text(visible(price), style="bold")]
    if item.rating is not None:
        count = f" ({item.rating_count:,})" if item.rating_count is not None else ""
        facts.append(Text(f"★ {number(round(item.rating, 1))}{count}", style="yellow"))
    if item.stock is not None:
        facts.append(Text(stock_words(item.stock, language)[1], style="dim"))
    facts += [Text(_disclosure(name, language), style="bold magenta") for name in entry.disclosures]
    rows = [Text("  ").join(facts)]
    if titled:
        rows.insert(0, Text(visible(item.text("title", language)), style="bold"))
    rows += [Text("· " + visible(reason.text)) for reason in entry.reasons[:_REASONS] if reason.text]
    return Group(*rows)


def _disclosure(name: str, language: Language) -> str:
    return word(name, language) if name == "sponsored" else visible(name.replace("_", " "))


def chips_view(reply: Reply, facets: Mapping[str, Facet], currency: str | None) -> Text:
    """Return the active constraints in one line, numbered for ``/drop``."""
    line = Text(word("looking_for", reply.language) + "  ", style="dim")
    for place, entry in enumerate(reply.constraints, start=1):
        line.append(f"{place} ", style="dim")
        line.append(visible(constraint_label(entry, facets, reply.language, currency)), style="green")
        line.append("   ")
    return line


def trace_view(reply: Reply) -> Table:
    """Return the tool trace: name, milliseconds, arguments."""
    table = Table(box=None, show_header=False, padding=(0, 1), style="dim")
    for run in reply.tool_calls:
        arguments = json.dumps(dict(run.arguments), ensure_ascii=False, default=str)
        table.add_row(Text(visible(run.name)), Text(f"{run.ms:.1f} ms"), Text(visible(arguments)))
    table.add_row(Text(visible(f"{reply.mode}: {reply.model}")), Text(""), Text("degraded" if reply.degraded else ""))
    return table
