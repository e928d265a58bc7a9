"""``/health``: the process answers; ``/ready``: it takes turns; ``/metrics``: for Prometheus and the operator."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from core.version import VERSION
from server.auth import require_operator
from server.metrics import Metrics
from server.port import Conversation


def health_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["health"])

    @router.get("/health", summary="The process answers")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "version": VERSION}

    @router.get("/ready", summary="Turns can be taken now (503 while not)")
    async def ready(request: Request, response: Response) -> dict[str, Any]:
        assistant: Conversation = request.app.state.assistant
        able = assistant.ready()
        response.status_code = 200 if able else 503
        return {"status": "ready" if able else "not ready", "model": assistant.model, "mode": assistant.mode}

    @router.get("/metrics", summary="Measurements for Prometheus", dependencies=[Depends(require_operator)])
    async def metrics(request: Request) -> Response:
        measured: Metrics = request.app.state.metrics
        return Response(measured.page(), media_type=CONTENT_TYPE_LATEST)

    return router
