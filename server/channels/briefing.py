"""What a person reads who takes a conversation over: why, what was tried, what the customer wants."""

from __future__ import annotations

from core.entities import Language
from server.channels.words import channel_word
from storage.handoffs import Handoff

_LONGEST = 2500


def briefing(handoff: Handoff, language: Language) -> str:
    """Return the briefing as lines of plain text."""
    details = handoff.details
    lines = [handoff.summary[:_LONGEST], channel_word("handoff_why", language, why=handoff.why)]
    if details.get("order_id"):
        lines.append(channel_word("handoff_order", language, order=details["order_id"]))
    tried = [
        " ".join(str(entry[name]) for name in ("kind", "result", "code", "order_id") if entry.get(name))
        for entry in details.get("tried") or ()
        if isinstance(entry, dict)
    ]
    if tried:
        lines.append(channel_word("handoff_tried", language, tried="; ".join(tried)[:_LONGEST]))
    return "\n".join(lines)
