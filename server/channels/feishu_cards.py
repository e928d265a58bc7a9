"""Feishu's interactive cards (schema 1.0, which every client draws)."""

from __future__ import annotations

from typing import Any

from server.channels.answers import Answer, Card
from server.channels.briefing import briefing
from server.channels.markup import LARK, PLAIN, convert
from server.channels.words import channel_word
from storage.handoffs import Handoff

MAX_VALUE = 1000
_TEXT, _CARDS, _CHOICES, _LABEL = 8000, 6, 10, 60


def answer_card(answer: Answer, *, rich: bool) -> dict[str, Any]:
    """Return a card that shows an answer; not ``rich`` leaves out links and marks, for one that Feishu refused."""
    dialect = LARK if rich else PLAIN
    elements: list[dict[str, Any]] = [_text(convert(answer.text, dialect)[:_TEXT], marked=rich)]
    for card in answer.cards[:_CARDS]:
        elements += [{"tag": "hr"}, _text(_card(card, rich), marked=rich)]
    buttons = [
        _button(choice.label, {"say": choice.payload})
        for choice in answer.choices[:_CHOICES]
        if len(choice.payload) <= MAX_VALUE
    ]
    if buttons:
        elements.append({"tag": "action", "layout": "flow", "actions": buttons})
    return {"config": {"wide_screen_mode": True}, "elements": elements}


def handoff_card(handoff: Handoff, inbox: str) -> dict[str, Any]:
    """Return the card that calls a person."""
    language = handoff.language
    buttons = [
        _button(channel_word(word, language), {"handoff": str(handoff.id), "do": word})
        for word in ("give_back", "close")
    ]
    if inbox:
        label = channel_word("handoff_inbox", language)
        text = {"tag": "plain_text", "content": label}
        buttons.append({"tag": "button", "text": text, "type": "default", "url": inbox})
    title = {"tag": "plain_text", "content": channel_word("handoff_title", language)}
    elements = [_text(briefing(handoff, language), marked=False), {"tag": "action", "actions": buttons}]
    header = {"template": "orange", "title": title}
    return {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}


def _card(card: Card, rich: bool) -> str:
    dialect = LARK if rich else PLAIN
    name = dialect.escape(card.title)
    title = LARK.link(name, card.url) if card.url and rich else name
    facts = " · ".join(dialect.escape(part) for part in (card.price, card.sponsored) if part)
    lines = (f"{dialect.bold}{title}{dialect.bold}", facts, dialect.escape(card.reason))
    return "\n".join(line for line in lines if line)


def _text(content: str, *, marked: bool) -> dict[str, Any]:
    return {"tag": "div", "text": {"tag": "lark_md" if marked else "plain_text", "content": content}}


def _button(label: str, value: dict[str, Any]) -> dict[str, Any]:
    text = label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
    return {"tag": "button", "text": {"tag": "plain_text", "content": text}, "type": "default", "value": value}
