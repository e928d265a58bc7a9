"""A scripted assistant with the real one's doors, and enough memory to tell sessions, histories and retries apart."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.conversation import Intent, Message
from core.entities import (
    Constraint,
    Facet,
    FacetType,
    Interaction,
    Item,
    ItemId,
    Op,
    Option,
    Question,
    Reason,
    ReasonKind,
    Recommendation,
    Relaxation,
    Source,
    UserId,
)
from core.errors import ModelUnavailable, RequestError
from core.events import (
    Action,
    Citation,
    ItemsFound,
    Reply,
    SessionRef,
    TextDelta,
    ToolFinished,
    ToolRun,
    ToolStarted,
    TurnDone,
    TurnEvent,
    TurnRequest,
    TurnStarted,
)
from core.shop import Shop

LAMP = Item(
    ItemId("lamp-1"),
    "Lumo <b>Lamp</b>",
    price=49.0,
    currency="USD",
    brand="Lumo",
    url="https://shop.example/lamp-1",
    image_url="images/lamp 1.svg",
    facets={"power": 9.0},
    texts={"title": {"zh": "路莫台灯"}},
)
DESK = Item(ItemId("desk-2"), "Oak Desk", price=None, url="javascript:alert(1)", image_url=None, sponsored=True)
ITEMS = {item.id: item for item in (LAMP, DESK)}


@dataclass
class FakeCatalogue:
    facets: Mapping[str, Facet] = field(
        default_factory=lambda: {
            "price": Facet("price", FacetType.NUMBER, "USD"),
            "brand": Facet("brand", FacetType.CATEGORY),
        }
    )

    def has(self, item_id: str) -> bool:
        return item_id in ITEMS


@dataclass
class FakeRecommender:
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)


class FakeAssistant:
    """Remembers what each session's user said; ``/words`` in a message make it misbehave."""

    model = "embedded"
    mode = "embedded"

    def __init__(self, root: Path) -> None:
        self.shop = Shop(root=root, name={"en": "Test shop"})
        self.recommender = FakeRecommender()
        self.sessions: dict[str, tuple[str, ...]] = {}
        self.snapshots: dict[str, tuple[str, ...]] = {}
        self.replies: dict[str, Reply] = {}
        self.interactions: dict[str, Interaction] = {}
        self.profiles: dict[str, dict[str, Any]] = {}
        self.requests: list[TurnRequest] = []
        self.running = 0
        self.cancelled = 0
        self.is_ready = True
        self._ids = itertools.count(1)

    def ready(self) -> bool:
        return self.is_ready

    def session(self, session_id: str, scope: str) -> SessionRef:
        return SessionRef(session_id, f"{scope}:{session_id}", issued=session_id.startswith("issued-"), scope=scope)

    def new_session(self, scope: str = "") -> SessionRef:
        return replace(self.session(f"issued-{next(self._ids)}", scope), issued=True)

    def stateless(self, history: Sequence[Message], scope: str) -> SessionRef:
        return replace(self.new_session(scope), stateless=True)

    def greeting(self, language: str) -> str:
        return "Welcome!"

    def examples(self, language: str) -> list[str]:
        return ["a lamp"]

    def personas(self) -> dict[str, str]:
        return {}

    async def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        self.requests.append(request)
        self.running += 1
        try:
            known = self.replies.get(request.retry_key or "")
            if known is not None:
                yield TurnDone(known)
                return
            async for event in self._turn(request):
                yield event
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def _turn(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        if "/unavailable" in request.message:
            raise ModelUnavailable("http://secret-host/v1 does not answer")
        if "/refused" in request.message:
            raise RequestError("no such constraint", param="metadata.edit.remove[0]")
        if "/bug" in request.message:
            raise ValueError("a defect at /secret/path")
        session = request.session
        turn_id = f"turn-{len(self.requests)}"
        yield TurnStarted(session.session_id, turn_id)
        said = (*self._before(request), request.message)
        if "/silent" in request.message:
            return
        if "/pause" in request.message:
            await asyncio.sleep(0.35)
        run = ToolRun("recommend_items", {"text": request.message, "limit": 2}, 1.25)
        yield ToolStarted(run.name, run.arguments)
        yield ToolFinished(run)
        reply = self._reply(request, turn_id, said, run)
        if "/nothing" not in request.message:
            yield ItemsFound(replace(reply, text=""))
        sentences = reply.text.split("\n\n")
        for number, sentence in enumerate(sentences):
            yield TextDelta(sentence + ("\n\n" if number < len(sentences) - 1 else ""))
            if "/break" in request.message:
                raise ValueError("a defect at /secret/path")
            if "/hang" in request.message:
                await asyncio.sleep(60)
        self._keep(request, said, reply)
        yield TurnDone(reply)

    def _before(self, request: TurnRequest) -> tuple[str, ...]:
        if not request.session.stateless:
            return self.sessions.get(request.session.key, ())
        known = self.snapshots.get(_history_key(request.session.scope, request.history))
        if known is not None:
            return known
        return tuple(message.content for message in request.history if message.role == "user")

    def _keep(self, request: TurnRequest, said: tuple[str, ...], reply: Reply) -> None:
        self.sessions[request.session.key] = said
        after = (*request.history, Message("user", request.message), Message("assistant", reply.text))
        self.snapshots.setdefault(_history_key(request.session.scope, after), said)
        if request.retry_key:
            self.replies[request.retry_key] = reply

    def _reply(self, request: TurnRequest, turn_id: str, said: tuple[str, ...], run: ToolRun) -> Reply:
        chinese = request.language == "zh"
        text = f"You said: {' | '.join(said)}.\n\n**{LAMP.text('title', 'zh' if chinese else 'en')}** costs $49.00."
        price = Constraint("c1", "price", Op.LE, 50.0, "USD", turn=1)
        reasons = (
            Reason(
                ReasonKind.CONSTRAINT,
                Source("facet", "price"),
                {"field": "price", "op": Op.LE, "value": (1, 2)},
                0.5,
                "Under $50",
            ),
        )
        empty = "/nothing" in request.message
        return Reply(
            session_id=request.session.session_id,
            turn_id=turn_id,
            text="Nothing fits." if empty else text,
            language="zh" if chinese else "en",
            intents=(Intent.RECOMMEND,),
            items=() if empty else (
                Recommendation(LAMP, 0.83456, reasons), Recommendation(DESK, 0.5, disclosures=("sponsored",)),
            ),
            constraints=(price,),
            relaxed=(Relaxation(("c1",), 4),) if empty else (),
            question=Question("brand", (Option("Lumo", 3),), text="Which brand?"),
            citations=(Citation("policies/returns.md#window", "30 days"),),
            actions=(Action("handoff", "wants a person"),),
            tool_calls=(run,),
            prompt_tokens=7,
            completion_tokens=5,
        )  # fmt: skip

    async def record(self, interactions: Sequence[Interaction]) -> int:
        new = [entry for entry in interactions if entry.event_id not in self.interactions]
        self.interactions.update({str(entry.event_id): entry for entry in new})
        return len({entry.event_id for entry in new})

    async def profile(self, user_id: UserId) -> dict[str, Any]:
        return {"user": user_id, **self.profiles.get(user_id, {})}

    async def update_profile(self, user_id: UserId, changes: Mapping[str, Any]) -> dict[str, Any]:
        self.profiles.setdefault(user_id, {}).update(changes)
        return await self.profile(user_id)

    async def forget(self, user_id: UserId) -> dict[str, int]:
        return {"profiles": int(self.profiles.pop(user_id, None) is not None)}


def _history_key(scope: str, history: Sequence[Message]) -> str:
    return hashlib.sha256(repr((scope, [(message.role, message.content) for message in history])).encode()).hexdigest()
