"""One turn as the browser sees it: a JSON value that grows with the turn's events and is painted piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.conversation import Intent
from core.entities import Facet, Language
from core.events import (
    ItemsFound,
    Reply,
    TextDelta,
    ToolFinished,
    ToolRun,
    ToolStarted,
    TurnDone,
    TurnEvent,
    TurnStarted,
)
from server.page_cards import cards_html
from server.page_parts import SHOWING, chips_html, model_lines, notes_html, prose_html, replies_html, trace_html
from server.page_words import esc, visible, word


class TurnView:
    """Folds a turn's events into pieces of HTML, each painted again only when it changed.

    Pieces, from top to bottom: ``status``, ``cards``, ``text``, ``notes``, ``replies``, ``trace``.
    """

    def __init__(
        self, key: str, session_id: str, language: Language, facets: Mapping[str, Facet], currency: str | None
    ) -> None:
        """Start a turn; ``key`` is the browser's name for it, ``language`` is used until the reply knows better."""
        self._key, self._session_id, self._language = key, session_id, language
        self._facets, self._currency = facets, currency
        self._pieces: dict[str, str] = {}
        self._runs: list[ToolRun] = []
        self._text = ""
        self._chips: str | None = None
        self._done = False
        self._spoken = ""
        self._model: dict[str, str] | None = None
        self._person = False
        self._status("thinking")

    def value(self) -> dict[str, Any]:
        """Return plain JSON for the page's script; HTML in it is safe to insert."""
        return {
            "turn": self._key,
            "session": self._session_id,
            "pieces": dict(self._pieces),
            "chips": self._chips,
            "done": self._done,
            "spoken": self._spoken,
            "model": self._model,
            "person": self._person,
        }

    def apply(self, event: TurnEvent) -> None:
        """Take in one event."""
        if isinstance(event, TurnStarted):
            self._session_id = event.session_id
        elif isinstance(event, ToolStarted):
            self._status("searching")
        elif isinstance(event, ToolFinished):
            self._runs.append(event.run)
        elif isinstance(event, ItemsFound):
            self._show(event.partial)
        elif isinstance(event, TextDelta):
            self._text += event.text
            self._pieces["text"] = prose_html(self._text)
            self._pieces.pop("status", None)
        elif isinstance(event, TurnDone):
            self._finish(event.reply)

    def fail(self, detail: str = "") -> None:
        """End the turn with an apology; ``detail`` is for people."""
        apology = detail or word("failed", self._language)
        retry = "" if detail else self._retry()
        self._pieces.pop("status", None)
        self._pieces["notes"] = f'<aside class="fw-note fw-failed" role="alert"><p>{esc(apology)}</p>{retry}</aside>'
        self._spoken, self._done = apology, True

    def _retry(self) -> str:
        return f'<button type="button" class="fw-option" data-retry="1">{esc(word("retry", self._language))}</button>'

    def _status(self, key: str) -> None:
        if not self._text and "cards" not in self._pieces:
            self._pieces["status"] = f'<p class="fw-wait">{esc(word(key, self._language))}</p>'

    def _show(self, reply: Reply) -> None:
        """The cards stand before the prose; chips change with them."""
        self._language = reply.language or self._language
        self._pieces["cards"] = cards_html(
            reply.items, reply.turn_id, self._language, known=not SHOWING.intersection(reply.intents)
        )
        self._pieces.pop("status", None)
        self._chips = self._chips_of(reply)

    def _finish(self, reply: Reply) -> None:
        self._show(reply)
        self._pieces["text"] = prose_html(reply.text)
        self._pieces["notes"] = notes_html(reply)
        self._pieces["replies"] = replies_html(reply, self._facets, self._currency_of(reply))
        self._pieces["trace"] = trace_html(reply.tool_calls or self._runs, reply)
        self._model = model_lines(reply.model, reply.mode, reply.degraded)
        self._person = Intent.HANDOFF in reply.intents or any(action.kind == "handoff" for action in reply.actions)
        self._spoken, self._done = visible(reply.text), True

    def _chips_of(self, reply: Reply) -> str:
        return chips_html(reply.constraints, self._facets, self._language, self._currency_of(reply))

    def _currency_of(self, reply: Reply) -> str | None:
        return next((entry.item.currency for entry in reply.items if entry.item.currency), self._currency)
