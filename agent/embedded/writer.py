"""The embedded writer: the answer in words, from this turn's evidence and the catalogue only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from agent.embedded.word_care import history, told
from agent.embedded.word_changes import cart, confirmed, dropped, prepared
from agent.embedded.word_details import compared, detailed, explained
from agent.embedded.word_opinions import opinions
from agent.embedded.word_profile import profile
from agent.embedded.word_recommended import recommended
from agent.embedded.word_service import handed_off, identity, order, orders, passages, refund, unreachable
from agent.embedded.word_talk import closing, opening, talk
from agent.embedded.word_voice import Piece, Voice
from agent.ports import Decision, TurnContext
from tools.results import (
    CartShown,
    Compared,
    Confirmed,
    Detailed,
    Dropped,
    Evidence,
    Explained,
    HandedOff,
    HistoryShown,
    IdentityNeeded,
    OpinionsFound,
    OrderFound,
    OrdersListed,
    PassagesFound,
    Prepared,
    ProfileChanged,
    ProfileShown,
    Recommended,
    RefundFound,
    Told,
    Unreachable,
)


class EmbeddedWriter:
    """Words answers from phrase files in the user's language; implements ``agent.ports.Writer``. Thread-safe."""

    async def word(
        self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]
    ) -> AsyncIterator[str]:
        """Yield the answer's Markdown piece by piece; the pieces joined as they are make the whole answer."""
        for piece in self.pieces(context, decision, evidence):
            yield piece
            await asyncio.sleep(0)

    def pieces(self, context: TurnContext, decision: Decision, evidence: tuple[Evidence, ...]) -> Iterator[str]:
        """Yield the same as :meth:`word`, for callers without an event loop."""
        before: Piece | None = None
        for piece in _pieces(Voice.of(context), decision, evidence):
            if not piece.text:
                continue
            gap = "" if before is None else "\n" if piece.tight and before.tight else "\n\n"
            yield gap + piece.text
            before = piece


def _pieces(voice: Voice, decision: Decision, evidence: tuple[Evidence, ...]) -> Iterator[Piece]:
    if not evidence:
        yield from talk(voice, decision)
        return
    start = opening(voice, decision)
    if start and not isinstance(evidence[0], Recommended):
        yield Piece(start)
    for number, found in enumerate(evidence):
        yield from _worded(voice, found, start if number == 0 else "")
    if end := closing(voice, decision):
        yield Piece(end)


def _worded(voice: Voice, found: Evidence, start: str) -> Iterator[Piece]:
    match found:
        case Recommended():
            return recommended(voice, found, start)
        case Explained() | Detailed() | Compared() | OpinionsFound():
            return _of_items(voice, found)
        case PassagesFound():
            return passages(voice, found)
        case OrderFound():
            return order(voice, found)
        case IdentityNeeded():
            return identity(voice, found)
        case ProfileShown() | ProfileChanged():
            return profile(voice, found)
        case HandedOff():
            return handed_off(voice, found)
        case _:
            return _changed(voice, found)


def _of_items(voice: Voice, found: Explained | Detailed | Compared | OpinionsFound) -> Iterator[Piece]:
    match found:
        case Explained():
            return explained(voice, found)
        case Detailed():
            return detailed(voice, found)
        case Compared():
            return compared(voice, found)
        case OpinionsFound():
            return opinions(voice, found)


def _changed(
    voice: Voice,
    found: OrdersListed | RefundFound | Prepared | Confirmed | Dropped | CartShown | Unreachable | Told | HistoryShown,
) -> Iterator[Piece]:
    match found:
        case OrdersListed():
            return orders(voice, found)
        case RefundFound():
            return refund(voice, found)
        case Prepared():
            return prepared(voice, found)
        case Confirmed():
            return confirmed(voice, found)
        case Dropped():
            return dropped(voice, found)
        case CartShown():
            return cart(voice, found)
        case Unreachable():
            return unreachable(voice, found)
        case Told():
            return told(voice, found)
        case HistoryShown():
            return history(voice, found)
