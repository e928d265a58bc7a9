"""``/inbox``: the page where people take conversations that the assistant handed over.

The page itself holds no data; its script asks for it with the operator's key, which the browser keeps for the tab only.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter, Depends, Request
from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from core.errors import RequestError
from server.auth import require_operator
from server.bodies import Id, read_body, read_json
from server.handoffs import MAX_REPLY, HandoffDesk
from server.rendering import plain, to_json
from storage.handoffs import Handoff

_HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS = {"inbox.js": "text/javascript; charset=utf-8", "inbox.css": "text/css; charset=utf-8"}
_SHOWN = ("customer_id", "order_id", "tried", "waiting")


class OperatorReply(BaseModel):
    """What a person writes to a customer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str = Field(min_length=1, max_length=MAX_REPLY)


def inbox_router() -> APIRouter:
    """Return the page, its files and its data; ``app.state.handoffs`` is the desk."""
    router = APIRouter(include_in_schema=False)
    keyed = [Depends(require_operator)]

    @router.get("/inbox")
    async def page() -> Response:
        headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "DENY", "Cache-Control": "no-store"}
        return Response(await asyncio.to_thread(page_html), media_type="text/html; charset=utf-8", headers=headers)

    @router.get("/inbox/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise RequestError(f"there is no {name[:100]!r} here", code="not_found", status=404)
        text = await asyncio.to_thread((_HERE / name).read_text, encoding="utf-8")
        return Response(text, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})

    @router.get("/inbox/api/handoffs", dependencies=keyed)
    async def listed(request: Request, closed: bool = False) -> Response:
        desk = _desk(request)
        found = await asyncio.to_thread(desk.listed, closed=closed)
        return _json({"handoffs": [_summary(handoff) for handoff in found]})

    @router.get("/inbox/api/handoffs/{number}", dependencies=keyed)
    async def one(request: Request, number: Id) -> Response:
        desk = _desk(request)
        handoff = await asyncio.to_thread(desk.store.get, number)
        if handoff is None:
            raise RequestError(f"there is no hand-off {number}", code="not_found", status=404)
        lines = await asyncio.to_thread(desk.lines, handoff)
        return _json({**_summary(handoff), "details": _details(handoff), "lines": lines})

    _acts(router)
    return router


def _acts(router: APIRouter) -> None:
    """Add what a person can do; a JSON body is asked for, which pages of other sites cannot send."""
    replies = TypeAdapter(OperatorReply)
    keyed = [Depends(require_operator)]

    @router.post("/inbox/api/handoffs/{number}/reply", dependencies=keyed)
    async def reply(request: Request, number: Id) -> Response:
        await _desk(request).say(number, (await read_body(request, replies)).text)
        return _json({"status": "ok"})

    @router.post("/inbox/api/handoffs/{number}/return", dependencies=keyed)
    async def give_back(request: Request, number: Id) -> Response:
        await read_json(request)
        await _desk(request).give_back(number)
        return _json({"status": "ok"})

    @router.post("/inbox/api/handoffs/{number}/close", dependencies=keyed)
    async def close(request: Request, number: Id) -> Response:
        await read_json(request)
        await _desk(request).close(number)
        return _json({"status": "ok"})


def page_html() -> str:
    """Return the page: texts of both languages as data, everything else built by its script."""
    environment = Environment(autoescape=True)
    template = environment.from_string((_HERE / "inbox.html").read_text(encoding="utf-8"))
    return template.render(texts=inbox_texts())


@cache
def inbox_texts() -> dict[str, dict[str, str]]:
    """Return the page's texts: language -> key -> text."""
    content: dict[str, dict[str, str]] = yaml.safe_load((_HERE / "inbox_texts.yaml").read_text(encoding="utf-8"))
    return content


def _desk(request: Request) -> HandoffDesk:
    desk: HandoffDesk | None = request.app.state.handoffs
    if desk is None:
        raise RequestError("this assistant hands nothing over", code="not_found", status=404)
    return desk


def _summary(handoff: Handoff) -> dict[str, Any]:
    return {
        "id": handoff.id, "channel": handoff.channel, "language": handoff.language, "summary": handoff.summary,
        "why": handoff.why, "state": handoff.state, "outcome": handoff.outcome, "opened": handoff.opened,
        "taken": handoff.taken, "closed": handoff.closed, "touched": handoff.touched,
    }  # fmt: skip


def _details(handoff: Handoff) -> dict[str, Any]:
    return {name: plain(handoff.details.get(name)) for name in _SHOWN if handoff.details.get(name)}


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json", headers={"Cache-Control": "no-store"})
