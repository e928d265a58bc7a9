"""A reply as messaging channels show it: text, cards, and choices that come back as messages or constraint edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from core.entities import Facet, Language, Recommendation
from core.events import Reply
from server.page_parts import follow_ups
from server.page_words import constraint_label, money, visible, word
from server.rendering import picture_url, safe_url

DROP = "/drop "
"""What the payload of a button begins with that gives up constraints; their ids follow."""
_DROPPED = re.compile(r"/drop((?: [\w.:-]{1,64}){1,20})\s*")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""What every channel can draw; an SVG is a document, and none takes it."""


@dataclass(frozen=True, slots=True)
class Card:
    """One item."""

    item_id: str
    title: str
    price: str
    reason: str
    url: str | None
    """An absolute http(s) address, or None."""
    image_url: str | None
    """An absolute http(s) address of a picture, or None."""
    sponsored: str = ""
    """The word that discloses a paid place; empty when it is none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing the customer may press."""

    label: str
    payload: str
    """What comes back: words that are said, or ``/drop`` and constraint ids."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown of one turn."""

    text: str
    """Markdown."""
    language: Language
    cards: tuple[Card, ...] = ()
    choices: tuple[Choice, ...] = ()
    reply: Reply | None = None
    """The turn itself, for channels that take everything structured; None for a person's words."""


def answer_of(reply: Reply, facets: Mapping[str, Facet], currency: str | None, public_url: str) -> Answer:
    """Return what is shown of a reply.

    Args:
        reply: the turn's answer.
        facets: the shop's facets, for the names of constraints.
        currency: the shop's currency.
        public_url: our own address as customers reach it, without a slash at the end; empty when none is known, and
            then pictures inside the shop folder are left out.
    """
    cards = tuple(_card(entry, reply.language, public_url) for entry in reply.items)
    return Answer(reply.text, reply.language, cards, _choices(reply, facets, currency), reply)


def read_payload(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what a message says and which constraints it drops; only the payload of a button drops any."""
    match = _DROPPED.fullmatch(text)
    return ("", tuple(match.group(1).split())) if match else (text, ())


def web_url(url: str | None, public_url: str) -> str | None:
    """Return an absolute http(s) address; None for any other scheme, and for a path when our address is not known."""
    safe = safe_url(url)
    if safe is None:
        return None
    if urlsplit(safe).scheme:
        return safe
    return f"{public_url}/{safe.lstrip('/')}" if public_url else None


def _card(entry: Recommendation, language: Language, public_url: str) -> Card:
    item = entry.item
    picture = web_url(picture_url(item.image_url), public_url)
    drawable = picture is not None and urlsplit(picture).path.lower().endswith(_PICTURES)
    return Card(
        item_id=str(item.id),
        title=visible(item.text("title", language)),
        price=money(item.price, item.currency) if item.price is not None else word("no_price", language),
        reason=next((visible(reason.text) for reason in entry.reasons if reason.text), ""),
        url=web_url(item.url, public_url),
        image_url=quote(picture, safe=":/?&=%#@+,;~!$'()*[]") if picture and drawable else None,
        sponsored=word("sponsored", language) if "sponsored" in entry.disclosures or item.sponsored else "",
    )


def _choices(reply: Reply, facets: Mapping[str, Facet], currency: str | None) -> tuple[Choice, ...]:
    language = reply.language
    found: list[Choice] = []
    names = {entry.id: constraint_label(entry, facets, language, currency) for entry in reply.constraints}
    for way in reply.relaxed:
        label = word("drop", language, labels=word("and", language).join(names.get(key, key) for key in way.drop))
        found.append(Choice(label, DROP + " ".join(way.drop)))
    if reply.question is not None:
        found += [Choice(visible(option.label), option.label) for option in reply.question.options]
    found += [Choice(word(key, language), word(key, language)) for key in follow_ups(reply)]
    return tuple({choice.payload: choice for choice in found}.values())


def plain_cards(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """Return cards as plain JSON."""
    return [
        {
            "id": card.item_id, "title": card.title, "price": card.price, "reason": card.reason, "url": card.url,
            "image_url": card.image_url, "sponsored": bool(card.sponsored),
        }
        for card in cards
    ]  # fmt: skip
