"""The outermost layer: host names, request ids, security headers, the access log, and no error without an answer."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import RequestError
from server.auth import Gate
from server.errors import error_response
from server.metrics import Metrics

access_log = logging.getLogger("floorwalker.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
QUIET = ("/health", "/ready", "/metrics", "/shop/", "/gradio_api/", "/assets/", "/static/", "/widget")
"""Asked for all the time: logged at level debug."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'",
}


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, gate: Gate, metrics: Metrics) -> None:
        self._app = app
        self._gate = gate
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        exchange = _Exchange(scope, send, _request_id(headers))
        try:
            if self._gate.host_allowed(headers.get("host", "")):
                await self._app(scope, receive, exchange.send)
            else:
                await error_response(_wrong_host())(scope, receive, exchange.send)
        except Exception as error:  # the last chance to answer: a defect must not leave the client without a reply
            if exchange.status:
                raise
            await error_response(error)(scope, receive, exchange.send)
        finally:
            self._record(scope, exchange)

    def _record(self, scope: Scope, exchange: _Exchange) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in ("GET", "POST", "PATCH", "DELETE", "HEAD") else "other"
        self._metrics.requests.labels(method, route, str(exchange.status)).inc()
        level = logging.DEBUG if scope["path"].startswith(QUIET) else logging.INFO
        if access_log.isEnabledFor(level):
            # The path only: a query may name a user, and bodies hold what people say.
            access_log.log(level, json.dumps(exchange.entry(), ensure_ascii=True))


class _Exchange:
    """One request and its response, as the log and the headers need them."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.status = 0
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._start = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._request_id
            framed = "frame-ancestors" in headers.get("content-security-policy", "")
            for name, value in SECURITY_HEADERS.items():
                if not (framed and name == "X-Frame-Options"):  # it knows no list of sites; the policy does
                    headers.setdefault(name, value)
        await self._send(message)

    def entry(self) -> dict[str, Any]:
        return {
            "request_id": self._request_id,
            "method": self._scope["method"][:20],
            "path": self._scope["path"][:200],
            "status": self.status,
            "ms": round((time.perf_counter() - self._start) * 1000, 1),
        }


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(12)}"


def _wrong_host() -> RequestError:
    return RequestError(
        "this server answers to localhost only; behind a proxy, name its host in FLOORWALKER_ALLOWED_HOSTS",
        code="wrong_host",
        status=421,
    )
