"""The route of ``/mcp``; apart from ``server/mcp.py``, whose SDK takes a second to import."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth import Gate, require_caller


def mcp_router() -> APIRouter:
    """Return the one route; ``app.state.agents`` serves it."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/mcp", methods=["GET", "POST", "DELETE"], dependencies=[Depends(require_caller)])
    async def mcp(request: Request) -> Response:
        gate: Gate = request.app.state.gate
        gate.require_origin(request)
        return Handed(request.app.state.agents.manager.handle_request)

    return router


class Handed(Response):
    """Lets an ASGI application answer."""

    def __init__(self, answering: ASGIApp) -> None:
        super().__init__()
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        await self._answering(scope, receive, send)
