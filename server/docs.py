"""``/docs``: Swagger UI from an installed package, no CDN; ``/openapi.json`` in the version that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from starlette.responses import FileResponse, Response

from core.errors import RequestError
from core.version import VERSION
from server.events import Event, ProfileChanges
from server.protocol import ChatRequest
from server.responses_protocol import ResponsesRequest

ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
BODIES: Mapping[tuple[str, str], Any] = {
    ("/v1/chat/completions", "post"): ChatRequest,
    ("/v1/responses", "post"): ResponsesRequest,
    ("/v1/events", "post"): Event | list[Event],
    ("/v1/profile", "patch"): ProfileChanges,
}
"""Bodies that the routes read themselves, so FastAPI cannot know of them."""

ABOUT = (
    "OpenAI's chat API with one extra object, `floorwalker`: items with their reasons, constraints, questions and "
    "actions of the turn. Errors have OpenAI's shape."
)


def docs_router() -> APIRouter:
    """Return the page and its files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def page() -> Response:
        return get_swagger_ui_html(
            openapi_url="../openapi.json",
            title="Floorwalker API",
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon-32x32.png",
        )

    @router.get("/docs/{name}")
    def asset(name: str) -> Response:
        from swagger_ui_bundle import swagger_ui_path

        if name not in ASSETS:
            raise RequestError(f"there is no {name[:100]!r} here", code="not_found", status=404)
        return FileResponse(swagger_ui_path / name, headers={"Cache-Control": "public, max-age=86400"})

    return router


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the application's OpenAPI 3.0 document; made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Floorwalker", version=VERSION, openapi_version="3.0.3", description=ABOUT, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for (path, method), model in BODIES.items():
            operation = document.get("paths", {}).get(path, {}).get(method)
            if operation is not None:
                schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
                schemas.update(schema.pop("$defs", {}))
                operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        _add_key(document)
        app.openapi_schema = as_openapi_30(document)
    return app.openapi_schema


def as_openapi_30(schema: Any) -> Any:
    """Return a schema in OpenAPI 3.0's words: the bundled Swagger UI does not read those of 3.1."""
    if isinstance(schema, list):
        return [as_openapi_30(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    for name in ("anyOf", "oneOf"):
        options = schema.get(name)
        if isinstance(options, list) and {"type": "null"} in options:
            rest = [option for option in options if option != {"type": "null"}]
            outer = {key: part for key, part in schema.items() if key != name}
            schema = {**(rest[0] if len(rest) == 1 else {name: rest}), **outer, "nullable": True}
    plain = {key: as_openapi_30(part) for key, part in schema.items()}
    if "const" in plain and not isinstance(plain["const"], dict):
        plain["enum"] = [plain.pop("const")]
    if plain.get("type") == "null":
        plain = {"nullable": True}
    return plain


def _add_key(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document.get("paths", {}).items():
        if path.startswith("/v1") or path == "/metrics":
            for operation in operations.values():
                operation["responses"].pop("422", None)  # answered as 400, in OpenAI's shape
                operation["security"] = [{"key": []}, {}]
