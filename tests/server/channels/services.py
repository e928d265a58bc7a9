"""Fakes of the services that channels call: they check every call, keep it, and fail when told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Check = Callable[["Call"], Any]


@dataclass(frozen=True)
class Call:
    """One request that the fake took."""

    path: str
    headers: dict[str, str]
    raw: bytes
    query: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class FakeService:
    """Answers every POST by a function that raises AssertionError on a call that the service would refuse."""

    answer: Check
    calls: list[Call] = field(default_factory=list)
    refused: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    failures: list[Response] = field(default_factory=list)
    """Answers that are given first, one a call."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._take, methods=["POST"])])

    def fail(self, status: int = 500, body: Any = None, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.failures.append(JSONResponse(body or {}, status, headers=named))

    def clear(self) -> None:
        with self.lock:
            self.calls.clear()
            self.refused.clear()
            self.failures.clear()

    async def _take(self, request: Request) -> Response:
        call = Call(request.url.path, dict(request.headers), await request.body(), dict(request.query_params))
        with self.lock:
            if self.failures:
                self.refused.append(call)
                return self.failures.pop(0)
            try:
                answer = self.answer(call)
            except AssertionError as fault:
                self.faults.append(f"{call.path}: {fault}")
                return JSONResponse({"error": str(fault)}, 400)
            self.calls.append(call)
        return JSONResponse(answer)
