"""The service desk in words: policies, orders, identity, profile, hand-off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent.embedded.word_markdown import quoted
from agent.embedded.word_voice import Piece, Voice
from core.entities import Passage
from tools.results import (
    HandedOff,
    IdentityNeeded,
    OrderFound,
    OrdersListed,
    PassagesFound,
    RefundFound,
    Unreachable,
)

_EXCERPT = 520
_LISTED = 5
_UNDERWAY = frozenset({"pending", "paid", "packed", "shipped", "out_for_delivery"})
_BREAK = re.compile(r"\n\s*\n|(?<=[.!?])\s+(?=[A-Z])|(?<=[。！？])|\n")
_WORD = re.compile(r"[a-z0-9]{3,}|[一-鿿]{2}")


def passages(voice: Voice, found: PassagesFound) -> Iterator[Piece]:
    """Quote the policy sections for a question, or say that the documents do not say."""
    if not found.passages:
        verb = voice.say(f"verb.{found.topic}") if found.topic and voice.has(f"verb.{found.topic}") else ""
        yield Piece(voice.say("policy.silent_but", verb=verb) if verb else voice.say("policy.silent"))
        return
    for nth, passage in enumerate(found.passages[:2]):
        yield Piece(voice.say("policy.lead" if nth == 0 else "policy.more", title=voice.safe(passage.title)))
        yield Piece(quoted(excerpt(passage, found.question)))
        yield Piece(voice.say("policy.source", title=voice.safe(passage.title), ref=voice.safe(passage.ref)))


def excerpt(passage: Passage, question: str) -> str:
    """Return the part of a passage nearest to the question, whole when it is short; cuts are marked."""
    text = passage.text.strip()
    if len(text) <= _EXCERPT:
        return text
    parts = [part.strip() for part in _BREAK.split(text) if part.strip()]
    wanted = _words(question)
    scores = [len(_words(part) & wanted) for part in parts]
    start = end = scores.index(max(scores))
    length = len(parts[start])
    while True:
        after = end + 1 < len(parts) and length + len(parts[end + 1]) <= _EXCERPT
        before = start > 0 and length + len(parts[start - 1]) <= _EXCERPT
        if after and (not before or scores[end + 1] >= scores[start - 1]):
            end += 1
            length += len(parts[end])
        elif before:
            start -= 1
            length += len(parts[start])
        else:
            break
    return ("… " if start else "") + "\n".join(parts[start : end + 1]) + (" …" if end + 1 < len(parts) else "")


def _words(text: str) -> set[str]:
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    return set(_WORD.findall(text.lower())) | {pair for pair in pairs if _WORD.fullmatch(pair)}


def order(voice: Voice, found: OrderFound) -> Iterator[Piece]:
    """Say where an order is, what is in it, when it comes and how to follow it."""
    details = found.order
    status = str(details.get("status", ""))
    key = f"order.{status}" if voice.has(f"order.{status}") else "order.other"
    number = voice.safe(str(details.get("order_id", "")))
    since = _since(voice, details, status)
    yield Piece(voice.say(key, number=number, status=voice.safe(status.replace("_", " ")), date=since))
    if delivery := _delivery(voice, details, status):
        yield Piece(delivery)
    lines = [_line(voice, line, details) for line in details.get("items") or ()]
    for line in lines:
        yield Piece(f"- {line}", tight=True)
    if details.get("total") is not None:
        total = voice.safe(voice.values.money(float(details["total"]), details.get("currency")))
        yield Piece(voice.say("order.total", total=total, several=len(lines) > 1))


def _since(voice: Voice, details: Mapping[str, Any], status: str) -> str:
    times = [entry.get("time") for entry in details.get("history") or () if entry.get("status") == status]
    return voice.values.day(times[-1]) if times and times[-1] else ""


def _delivery(voice: Voice, details: Mapping[str, Any], status: str) -> str:
    shipping = details.get("shipping") or {}
    if status not in _UNDERWAY:
        return ""
    sentences = []
    if shipping.get("eta"):
        sentences.append(voice.say("order.eta", date=voice.safe(voice.values.day(shipping["eta"]))))
    elif status in ("shipped", "out_for_delivery"):
        sentences.append(voice.say("order.no_eta"))
    if shipping.get("tracking"):
        carrier = voice.safe(str(shipping.get("carrier") or ""))
        sentences.append(voice.say("order.tracking", carrier=carrier, number=voice.safe(str(shipping["tracking"]))))
    return voice.paragraph(sentences)


def _line(voice: Voice, line: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    catalogue, item_id = voice.context.catalogue, str(line.get("item_id", ""))
    title = str(line.get("title") or "")
    if catalogue.has(item_id):
        title = voice.values.title(catalogue.item(item_id))
    price = line.get("price")
    shown = voice.safe(voice.values.money(float(price), details.get("currency"))) if price is not None else ""
    quantity = int(line.get("quantity") or 1)
    return voice.say("order.line", quantity=quantity, title=voice.safe(title or item_id), price=shown)


def orders(voice: Voice, found: OrdersListed) -> Iterator[Piece]:
    """List the customer's orders, newest first."""
    if not found.orders:
        yield Piece(voice.say("orders.none"))
        return
    yield Piece(voice.say("orders.lead"))
    for one in found.orders:
        yield Piece(f"- {order_line(voice, one)}", tight=True)


def order_line(voice: Voice, details: Mapping[str, Any]) -> str:
    """Return one order on one line: number, status, what is in it."""
    titles = [str(line.get("title") or line.get("item_id")) for line in details.get("items") or ()]
    return voice.say(
        "orders.line",
        number=voice.safe(str(details.get("order_id", ""))),
        status=status_of(voice, str(details.get("status", ""))),
        titles=voice.safe(voice.values.listing(titles[:_LISTED])),
    )


def status_of(voice: Voice, status: str) -> str:
    """Return an order's status in a word or two."""
    key = f"status.{status}"
    return voice.say(key) if voice.has(key) else voice.safe(status.replace("_", " "))


def method_of(voice: Voice, name: str) -> str:
    """Return a payment method as the customer knows it."""
    key = f"method.{name}"
    return voice.say(key) if voice.has(key) else voice.safe(name.replace("_", " "))


def refund(voice: Voice, found: RefundFound) -> Iterator[Piece]:
    """Say where a refund is: made, due when the goods are back, or none."""
    number = voice.safe(str(found.order.get("order_id", "")))
    status = status_of(voice, str(found.order.get("status", "")))
    if not found.refunds:
        yield Piece(voice.say("refund.none", number=number, status=status))
        return
    for amount, method in found.refunds:
        shown = voice.safe(voice.values.money(amount, found.order.get("currency")))
        key = "refund.due" if found.due else "refund.made"
        yield Piece(
            voice.say(key, number=number, amount=shown, method=method_of(voice, method), days=found.days, status=status)
        )


def identity(voice: Voice, found: IdentityNeeded) -> Iterator[Piece]:
    """Ask for what proves who the customer is, or say why it cannot be taken."""
    if found.why in ("session", "limited", "sign_in"):
        yield Piece(voice.say(f"identity.{found.why}"))
        return
    missing = [voice.say(f"identity.{name}") for name in found.missing if voice.has(f"identity.{name}")]
    by_name = voice.context.shop.asks_for == "name_postcode"
    proofs = ("name", "postcode") if by_name else ("order_id", "email")
    missing = missing or [voice.say(f"identity.{name}") for name in proofs]
    needed = voice.values.listing(missing)
    if by_name and "email" in voice.context.shop.identity:
        needed += ("" if voice.language == "zh" else " ") + voice.say("identity.or_email")
    key = "identity.refused" if found.why == "refused" else "identity.ask"
    yield Piece(voice.say(key, needed=needed))


def unreachable(voice: Voice, found: Unreachable) -> Iterator[Piece]:
    """Say that the shop's order system does not answer."""
    yield Piece(voice.say("backend.unknown" if found.unknown else "backend.down"))


def handed_off(voice: Voice, found: HandedOff) -> Iterator[Piece]:
    """Say that a person takes over, and what they were told."""
    if found.why == "given_back":
        yield Piece(voice.say("handoff.back"))
        return
    if found.why in ("risk", "misunderstood"):
        yield Piece(voice.say(f"handoff.{found.why}"))
    yield Piece(voice.say("handoff.done", summary=voice.safe(found.summary)))
