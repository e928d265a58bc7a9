"""A reply as the ``floorwalker`` object of DESIGN 4.2 and as OpenAI's annotations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from core.entities import Constraint, Language, Question, Reason, Recommendation
from core.events import Action, Reply

PICTURES = "/shop/"
"""Where the shop folder's pictures are served."""

INSIDE = frozenset({"similar_cases"})
"""What only the record of a hand-off holds, for the person who takes over: other customers' cases."""


def to_json(value: Any) -> bytes:
    """Return compact UTF-8 JSON of plain values."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def extension(reply: Reply) -> dict[str, Any]:
    """Return the ``floorwalker`` object: every key always present, values plain JSON."""
    intents = [intent.value for intent in reply.intents]
    return {
        "session_id": reply.session_id,
        "turn_id": reply.turn_id,
        "intent": intents[0] if intents else None,
        "intents": intents,
        "items": [_item(recommendation, reply.language) for recommendation in reply.items],
        "constraints": [_constraint(constraint) for constraint in reply.constraints],
        "relaxed": [{"drop": list(relaxed.drop), "matches": relaxed.matches} for relaxed in reply.relaxed],
        "question": _question(reply.question) if reply.question else None,
        "citations": [{"source": citation.source, "text": citation.text} for citation in reply.citations],
        "actions": [_action(action) for action in reply.actions],
        "tool_calls": [
            {"name": run.name, "arguments": plain(run.arguments), "ms": round(run.ms, 1)} for run in reply.tool_calls
        ],
        "model": reply.model,
        "mode": reply.mode,
        "degraded": reply.degraded,
        "dropped_sentences": reply.dropped_sentences,
    }


def url_citations(reply: Reply) -> list[dict[str, Any]]:
    """Return a ``url_citation`` for each shown product that has a web address; indices point into the reply's text."""
    found: list[dict[str, Any]] = []
    for recommendation in reply.items:
        item = recommendation.item
        url = safe_url(item.url)
        if url is None or not urlsplit(url).scheme:
            continue  # a relative link means nothing to another site's client
        title = item.text("title", reply.language)
        start = max(reply.text.find(title), 0)
        end = start + len(title) if reply.text.startswith(title, start) else start
        citation = {"start_index": start, "end_index": end, "title": title, "url": url}
        found.append({"type": "url_citation", "url_citation": citation})
    return found


def safe_url(url: str | None) -> str | None:
    """Return a link that may be shown: http(s) or relative; None for any other scheme and for what is no link."""
    if not url:
        return None
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme:
        return url if parts.scheme in ("http", "https") and parts.hostname else None
    # "//host" and "\\host" leave the site without naming a scheme; a colon could be read as a scheme.
    if url.startswith(("//", "\\")) or "\\" in url or ":" in url.split("/", 1)[0]:
        return None
    return url


def picture_url(url: str | None) -> str | None:
    """Return where a picture is fetched: a path inside the shop folder is served under ``/shop/``."""
    safe = safe_url(url)
    if safe is None or urlsplit(safe).scheme or safe.startswith("/"):
        return safe
    return PICTURES + quote(safe.removeprefix("./"))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: tuples as lists, NumPy scalars as numbers, dates as ISO text, NaN as null."""
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(entry) for entry in value]
    item = getattr(value, "item", None)  # a NumPy scalar
    return plain(item()) if callable(item) else str(value)


def _item(recommendation: Recommendation, language: Language) -> dict[str, Any]:
    item = recommendation.item
    return {
        "id": item.id,
        "title": item.text("title", language),
        "price": plain(item.price),
        "currency": item.currency,
        "url": safe_url(item.url),
        "image_url": picture_url(item.image_url),
        "score": plain(round(float(recommendation.score), 4)),
        "reasons": [_reason(reason) for reason in recommendation.reasons],
        "disclosures": list(recommendation.disclosures),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind.value,
        "text": reason.text,
        "data": plain(reason.data),
        "source": {"type": reason.source.type, "ref": reason.source.ref},
    }


def _constraint(constraint: Constraint) -> dict[str, Any]:
    return {
        "id": constraint.id,
        "field": constraint.field,
        "op": constraint.op.value,
        "value": plain(constraint.value),
        "unit": constraint.unit,
        "strength": constraint.strength.value,
        "turn": constraint.turn,
    }


def _question(question: Question) -> dict[str, Any]:
    options = [{"label": option.label, "count": int(option.count)} for option in question.options]
    return {"field": question.field, "text": question.text, "options": options}


def _action(action: Action) -> dict[str, Any]:
    rendered: dict[str, Any] = {"kind": action.kind, "summary": action.summary}
    if action.data:
        rendered["data"] = plain({name: value for name, value in action.data.items() if name not in INSIDE})
    return rendered
