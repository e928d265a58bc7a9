"""A scripted assistant that hands over, keeps silent afterwards, and can be slow or fail."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from agent.handover import keep_handoff
from core.conversation import Intent
from core.events import Action, Reply, SessionRef, ToolRun, TurnDone, TurnEvent, TurnRequest
from storage.handoffs import HandoffStore
from storage.sessions import Utterance
from tests.server.fakes import FakeAssistant


class ChannelAssistant(FakeAssistant):
    """``person`` asks for one, ``back`` ends it; ``/slow`` waits for :attr:`go`, ``/fail N`` fails N times."""

    def __init__(self, root: Path, data: Path) -> None:
        super().__init__(root)
        self.handoffs = HandoffStore(data / "handoffs.db")
        self.handed: set[str] = set()
        self.lines: dict[str, list[Utterance]] = {}
        self.go = threading.Event()
        self.failures: dict[str, int] = {}
        self.taken: list[str] = []
        self._said = 0

    def reset(self) -> None:
        """Forget everything."""
        for kept in (self.sessions, self.replies, self.requests, self.handed, self.lines, self.failures, self.taken):
            kept.clear()
        self.go.clear()

    def transcript(self, key: str) -> list[Utterance]:
        return self.lines.get(key, [])

    async def give_back(self, session: SessionRef) -> bool:
        known = session.key in self.handed
        self.handed.discard(session.key)
        return known

    async def stream(self, request: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        known = self.replies.get(request.retry_key or "")
        if known is None and "/fail" in request.message:
            left = self.failures.setdefault(request.message, int(request.message.split()[1]))
            if left > 0:
                self.failures[request.message] = left - 1
                raise ValueError("a defect at /secret/path")
        if known is None and "/slow" in request.message:
            # Set from the test's thread; a thread that waited for it would outlive a cancelled turn.
            while not self.go.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async for event in super().stream(request):
            if isinstance(event, TurnDone) and known is None:
                reply = self._handed(request, event.reply)
                if request.retry_key:
                    self.replies[request.retry_key] = reply
                self._keep_lines(request, reply)
                yield TurnDone(reply)
            else:
                yield event

    def _handed(self, request: TurnRequest, reply: Reply) -> Reply:
        key = request.session.key
        self.taken.append(request.message)
        if request.message.startswith("person"):
            self.handed.add(key)
            tried = [{"kind": "cancel", "code": "too_late", "order_id": "FW-1"}]
            action = Action("handoff", request.message, {"why": "requested", "tried": tried, "transcript": []})
            return replace(reply, intents=(Intent.HANDOFF,), actions=(action,))
        reply = replace(reply, actions=())
        if key in self.handed and request.message == "back":
            self.handed.discard(key)
            return replace(reply, tool_calls=(ToolRun("take_back", {}, 0.1),))
        return reply

    def _keep_lines(self, request: TurnRequest, reply: Reply) -> None:
        keep_handoff(self.handoffs, request, reply)
        self._said += 1
        lines = self.lines.setdefault(request.session.key, [])
        lines += [Utterance(role, text, self._said, time.time()) for role, text in
                  (("user", request.message), ("assistant", reply.text))]  # fmt: skip
