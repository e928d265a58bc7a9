"""The widget: a loader for pages of other sites, and the frame that it opens, served from here.

The frame is an ordinary page of this server that talks to this server's own API; pages of other sites never do. Which
sites may frame it is a setting, told to the browser by ``frame-ancestors``; what passes between page and frame goes by
``postMessage`` with both origins checked (``widget.js``, ``widget_app.js``).
"""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from core.entities import Constraint, Strength
from core.errors import RequestError
from server.auth import Gate
from server.bodies import read_body
from server.errors import unauthorized
from server.page_words import constraint_label, ui_language
from server.port import Conversation
from server.protocol import EditedConstraint
from server.widget_tokens import LIFE, origin_of

HERE = Path(__file__).parent
PARTS = ("widget_app.js", "widget_api.js", "widget_view.js", "widget_markdown.js", "widget_texts.js", "widget.css")
"""The frame's own files."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)
"""Pictures come from wherever the catalogue says; everything else from here alone."""


class TokenRequest(BaseModel):
    """What the frame sends to begin."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    origin: str = Field(max_length=300)
    former: str | None = Field(None, max_length=4096)


class LabelsRequest(BaseModel):
    """Constraints to be put into words."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    constraints: list[EditedConstraint] = Field(max_length=100)
    language: str = Field("en", max_length=35)


def widget_router() -> APIRouter:
    """Return the routes; ``app.state`` holds the gate and the assistant."""
    router = APIRouter(include_in_schema=False)
    tokens, labelled = TypeAdapter(TokenRequest), TypeAdapter(LabelsRequest)

    @router.get("/widget.js")
    async def loader() -> Response:
        return _file("widget.js")

    @router.get("/widget/{name}")
    async def part(name: str) -> Response:
        if name not in PARTS:
            raise RequestError(f"there is no {name[:100]!r} here", code="not_found", status=404)
        return _file(name)

    @router.get("/widget")
    async def frame(request: Request, origin: str = "") -> Response:
        return _frame(request, embedder(request, origin))

    @router.post("/widget/token")
    async def token(request: Request) -> dict[str, Any]:
        gate: Gate = request.app.state.gate
        gate.require_own_origin(request)
        body = await read_body(request, tokens)
        return {"token": gate.sites.issue(embedder(request, body.origin), body.former), "seconds": LIFE}

    @router.post("/widget/labels")
    async def labels(request: Request) -> list[str]:
        gate: Gate = request.app.state.gate
        if gate.visitor(request) is None:
            raise unauthorized("a site token is needed: ask /widget/token for one")
        body = await read_body(request, labelled)
        return _labels(request.app.state.assistant, body)

    return router


def embedder(request: Request, origin: str) -> str:
    """Return the origin of the page that the frame stands in: one of the setting's, or this server's own.

    Raises:
        RequestError: status 403, that site may not embed this.
    """
    gate: Gate = request.app.state.gate
    named = origin_of(origin or f"{request.url.scheme}://{request.headers.get('host', '')}")
    if named is None or (origin and named != origin.lower()) or not gate.may_embed(named, request):
        raise RequestError(
            f"pages of {origin[:200]!r} may not embed this shop: add the origin to FLOORWALKER_WIDGET_ORIGINS",
            code="site_not_allowed",
            status=403,
        )
    return named


def _frame(request: Request, origin: str) -> Response:
    assistant: Any = request.app.state.assistant
    shop = assistant.shop
    own = urlsplit(origin).netloc == request.headers.get("host", "").lower()
    told = {
        "origin": origin,
        "names": dict(shop.name),
        "greeting": {tag: assistant.greeting(tag) for tag in ("en", "zh")},
        "examples": {tag: list(assistant.examples(tag)) for tag in ("en", "zh")},
        "language": shop.language,
    }
    page = Template(_text("widget.html")).substitute(
        config=html.escape(orjson.dumps(told).decode(), quote=True), title=html.escape(_name(shop.name))
    )
    policy = POLICY.format(ancestors="'self'" if own else origin)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(page, media_type="text/html", headers=headers)


def _labels(assistant: Conversation, body: LabelsRequest) -> list[str]:
    facets, language = assistant.recommender.catalogue.facets, ui_language(body.language)
    found = []
    for edited in body.constraints:
        value: Any = tuple(edited.value) if isinstance(edited.value, list) else edited.value
        constraint = Constraint(edited.id, edited.field, edited.op, value, edited.unit, Strength(edited.strength))
        found.append(constraint_label(constraint, facets, language, assistant.shop.currency))
    return found


def _name(names: Any) -> str:
    return str(names.get("en") or next(iter(names.values()), "Floorwalker"))


def _file(name: str) -> Response:
    headers = {"Cache-Control": "public, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"}
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return Response(_text(name), media_type=kind, headers=headers)


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
