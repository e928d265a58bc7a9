"""``/shop/…``: the shop folder's pictures, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from core.errors import RequestError

TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
}

INERT = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG opened by itself is a document: it may draw, and neither run scripts nor load anything."""


def pictures_router() -> APIRouter:
    """Return the route; ``app.state.assistant`` knows the shop's folder."""
    router = APIRouter(include_in_schema=False)

    # No coroutine: looking at files blocks, so FastAPI runs it in a thread.
    @router.api_route("/shop/{path:path}", methods=["GET", "HEAD"])
    def picture(request: Request, path: str) -> Response:
        file = find_picture(request.app.state.assistant.shop.root, path)
        if file is None:
            raise RequestError(f"there is no picture {path[:200]!r} in this shop", code="not_found", status=404)
        headers = {"Content-Security-Policy": INERT, "Cache-Control": "public, max-age=3600"}
        return FileResponse(file, media_type=TYPES[file.suffix.lower()], headers=headers)

    return router


def find_picture(root: Path, path: str) -> Path | None:
    """Return a picture file inside the shop's folder; None for what is missing, no picture, hidden or elsewhere."""
    parts = path.split("/")
    if "\\" in path or "\x00" in path or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        return None
    if Path(parts[-1]).suffix.lower() not in TYPES:
        return None
    try:
        folder = root.resolve()
        file = folder.joinpath(*parts).resolve(strict=True)  # follows links, so that none leads out of the folder
    except (OSError, ValueError):
        return None
    inside = file.is_relative_to(folder) and file.suffix.lower() in TYPES
    return file if inside and file.is_file() else None
