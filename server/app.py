"""Puts the doors together: :func:`create_app`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from core.errors import FloorwalkerError, RequestError
from core.settings import Settings
from core.version import VERSION
from server.auth import Gate, require_caller
from server.bodies import path
from server.channels.routes import channels_router
from server.channels.wiring import answering, connect
from server.chat import ChatService, chat_router
from server.docs import describe, docs_router
from server.edge import Edge
from server.errors import error_response
from server.events import events_router, profile_router
from server.handoffs import sessions_router
from server.health import health_router
from server.inbox import inbox_router
from server.mcp_door import mcp_router
from server.metrics import Measured, Metrics
from server.model import ModelCollector, acquainted
from server.page_drop import DroppedShops, drop_router
from server.pictures import pictures_router
from server.port import Conversation
from server.responses import responses_router
from server.sse import KEEP_ALIVE
from server.widget import widget_router

if TYPE_CHECKING:
    from server.page_port import Shopfront

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    assistant: Conversation, settings: Settings, *, page: bool = True, keep_alive: float = KEEP_ALIVE
) -> FastAPI:
    """Return the application that serves an assistant over HTTP.

    Args:
        assistant: takes the turns. The caller closes it after the server has stopped.
        settings: keys, host and limits.
        page: whether the chat page is mounted at ``/``; without it nothing of Gradio is imported.
        keep_alive: seconds of silence in a stream after which a comment is sent.

    Raises:
        SettingsError: the host is reachable from other machines and there is no API key.
    """
    gate, metrics = Gate(settings), Metrics()
    measured = cast("Shopfront", Measured(assistant, metrics))
    metrics.registry.register(ModelCollector(lambda: getattr(assistant, "client", None)))
    app = FastAPI(title="Floorwalker", version=VERSION, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.assistant, app.state.gate, app.state.metrics = measured, gate, metrics
    app.state.chat = ChatService(measured, settings, keep_alive=keep_alive)
    connect(app, measured, settings)
    app.state.dropped = DroppedShops(settings)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    _answer_errors(app)
    keyed = [Depends(require_caller)]
    for router in (
        chat_router(),
        responses_router(),
        events_router(),
        profile_router(),
        sessions_router(),
        _unknown_router(),
    ):
        app.include_router(router, dependencies=keyed)
    for router in (
        health_router(),
        pictures_router(),
        docs_router(),
        mcp_router(),
        widget_router(),
        channels_router(),
        inbox_router(),
        drop_router(),
    ):
        app.include_router(router)
    if page:
        from server.page import mount_page  # Gradio takes seconds to import

        app = mount_page(app, measured, settings)
    app.add_middleware(Edge, gate=gate, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    from server.mcp import Agents  # the SDK takes a second to import

    describe(app)  # made before the first request, not during it
    app.state.agents = Agents(app.state.assistant)
    client = getattr(app.state.assistant, "client", None)
    try:
        async with app.state.agents.manager.run(), answering(app), acquainted(client):
            yield
    finally:
        await asyncio.to_thread(app.state.dropped.close)


def _answer_errors(app: FastAPI) -> None:
    async def failed(request: Request, error: Exception) -> Response:
        return error_response(error)

    async def wrong_parameter(request: Request, error: Exception) -> Response:
        first: dict[str, Any] = cast(RequestValidationError, error).errors()[0]
        param = path(first["loc"][1:])
        return error_response(RequestError(f"{param}: {first['msg']}", param=param))

    app.add_exception_handler(FloorwalkerError, failed)
    app.add_exception_handler(HTTPException, failed)
    app.add_exception_handler(RequestValidationError, wrong_parameter)


def _unknown_router() -> APIRouter:
    """Answer what no other route under ``/v1`` took, before the page at ``/`` does."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/v1", methods=METHODS)
    @router.api_route("/v1/{rest:path}", methods=METHODS)
    async def unknown(request: Request) -> Response:
        where, method = request.url.path[:200], request.method
        routes = request.app.router.routes
        if any(route.matches(request.scope)[0] is Match.PARTIAL for route in routes):
            raise RequestError(f"{method} is not allowed on {where}", code="method_not_allowed", status=405)
        raise RequestError(f"unknown request URL: {method} {where}", code="unknown_url", status=404)

    return router
