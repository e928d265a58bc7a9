"""Stands before Gradio: lets through what the chat page calls, and nothing else that the library offers to strangers.

Gradio takes files of any size from anybody, keeps them, and serves more doors than a page of ours uses. The page needs
its events and their answers.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import RequestError
from server.bodies import MAX_BODY
from server.errors import error_response

PREFIX = "/gradio_api/"
NEEDED = frozenset({"queue", "component_server", "cancel", "heartbeat", "startup-events", "info", "app_id", "reset"})
"""What follows the prefix in addresses that the page calls."""


class PageGuard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that the page needs."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        refused = _refused(scope)
        if refused is not None:
            await error_response(refused)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)


def _refused(scope: Scope) -> RequestError | None:
    headers = Headers(scope=scope)
    if scope["path"].removeprefix(PREFIX).split("/", 1)[0] not in NEEDED:
        return RequestError("the chat page does not use this address", code="unknown_url", status=404)
    if headers.get("sec-fetch-site") == "cross-site":
        return RequestError("pages of other sites may not call this", code="origin_not_allowed", status=403)
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY:
        return RequestError("the page sends nothing as large as this", code="request_too_large", status=413)
    return None


def _bounded(receive: Receive) -> Receive:
    """Return a source that ends like a client that left once it gave more than a page ever sends."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        return message if size <= MAX_BODY else {"type": "http.disconnect"}

    return bounded
