"""A product export that the operator drops on the chat page becomes a shop that this page talks to.

The file is imported and indexed in the background by a second assistant, which stands beside the server's own: the API
and everybody else's page keep the shop that the server was started with. The page names its shop with every turn.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request

from core.errors import FloorwalkerError, RequestError
from core.settings import Settings
from server.auth import require_operator

if TYPE_CHECKING:
    from server.page_port import Shopfront

LARGEST_UPLOAD = 256 * 1024 * 1024
OPEN_SHOPS = 3
"""Dropped shops that are open at a time; one more closes the oldest. Its folder stays."""
PART = 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """One dropped file on its way to a shop."""

    id: str
    name: str
    state: Literal["importing", "indexing", "ready", "failed"] = "importing"
    stage: str = "import"
    done: int = 0
    total: int = 0
    report: list[str] = field(default_factory=list)
    items: int = 0
    assistant: Any = None

    def told(self) -> dict[str, Any]:
        """Return what the page shows of it."""
        names = ("id", "name", "state", "stage", "done", "total", "report", "items")
        return {name: getattr(self, name) for name in names}


class DroppedShops:
    """The shops that were dropped since the server started. Thread-safe."""

    def __init__(self, settings: Settings, open_shop: Callable[[Settings, Any], Any] | None = None) -> None:
        """Keep them under ``dropped`` in the data folder; ``open_shop`` makes an assistant of settings."""
        self._settings = settings
        self._place = settings.data_dir / "dropped"
        self._open = open_shop or _assistant
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._working: threading.Thread | None = None

    def upload(self) -> Path:
        """Return a new file to write an upload to.

        Raises:
            RequestError: status 409, another file is being made into a shop.
        """
        if self._working is not None and self._working.is_alive():
            raise RequestError("another file is being imported: wait until it is done", code="busy", status=409)
        self._place.mkdir(parents=True, exist_ok=True)
        return self._place / f".upload-{secrets.token_hex(8)}"

    def start(self, file: Path, name: str, digest: str) -> Job:
        """Make a shop of an uploaded file in the background; the same file again takes the same folder."""
        job = Job(secrets.token_urlsafe(16), name)
        stem = re.sub(r"[^\w-]+", "-", name.partition(".")[0]).strip("-")[:40] or "shop"
        folder = self._place / f"{stem}-{digest[:8]}"
        with self._lock:
            self._jobs[job.id] = job
            self._working = threading.Thread(
                target=self._make, args=(job, file, folder), name="dropped-shop", daemon=True
            )
            self._working.start()
        return job

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        return self._jobs.get(job_id)

    def assistant(self, job_id: str) -> Shopfront | None:
        """Return the assistant of a shop that is ready and open, or None."""
        job = self._jobs.get(job_id)
        return job.assistant if job is not None and job.state == "ready" else None

    def close(self) -> None:
        """Close every shop."""
        for job in list(self._jobs.values()):
            self._close(job)

    def _make(self, job: Job, file: Path, folder: Path) -> None:
        from importers.importing import import_file
        from importers.records import Wishes

        def progress(stage: str, done: int, total: int) -> None:
            job.stage, job.done, job.total = stage, done, total

        try:
            named = file.with_name(f"{file.name}-{job.id[:6]}") / (Path(job.name).name or "file")
            named.parent.mkdir()
            file.rename(named)
            try:
                report = import_file(named, folder, wishes=Wishes(), progress=progress)
            finally:
                shutil.rmtree(named.parent, ignore_errors=True)
            job.report, job.items = report.lines(), report.items
            job.state, job.stage, job.done, job.total = "indexing", "index", 0, 0
            job.assistant = self._open(self._settings.model_copy(update={"shop": folder, "watch": False}), progress)
            job.state = "ready"
            log.info("a dropped file is a shop now: %s", folder)
        except FloorwalkerError as error:
            job.report, job.state = str(error).splitlines(), "failed"
        except Exception:  # the page has to learn that it failed, whatever it was
            log.exception("a dropped file could not be made into a shop")
            job.report, job.state = [], "failed"
        finally:
            file.unlink(missing_ok=True)
        self._close_oldest()

    def _close_oldest(self) -> None:
        with self._lock:
            ready = [job for job in self._jobs.values() if job.state == "ready"]
            for job in ready[:-OPEN_SHOPS]:
                self._close(job)
            while len(self._jobs) > OPEN_SHOPS * 4:
                self._close(self._jobs.popitem(last=False)[1])

    @staticmethod
    def _close(job: Job) -> None:
        assistant, job.assistant, job.state = job.assistant, None, "failed"
        if assistant is not None:
            with suppress(FloorwalkerError):
                assistant.close()


def drop_router() -> APIRouter:
    """Return the routes; the shops stand in ``app.state.dropped``."""
    router = APIRouter(prefix="/operator/shops", tags=["operator"], dependencies=[Depends(require_operator)])

    @router.post("", status_code=202, summary="Make a shop of a product export, in the background")
    async def drop(request: Request) -> dict[str, Any]:
        _same_site(request)
        shops: DroppedShops = request.app.state.dropped
        file = shops.upload()
        try:
            digest = await _written(request, file)
        except BaseException:  # a client that leaves, too, leaves no half a file behind
            file.unlink(missing_ok=True)
            raise
        return shops.start(file, _name(request.headers.get("x-file-name", "")), digest).told()

    @router.get("/{job_id}", summary="How far a dropped file is")
    async def progress(request: Request, job_id: str) -> dict[str, Any]:
        shops: DroppedShops = request.app.state.dropped
        job = shops.job(job_id)
        if job is None:
            raise RequestError("there is no such shop any more", code="shop_gone", status=404)
        boot = getattr(request.app.state, "page_boot", None)
        assistant = shops.assistant(job_id)
        return {**job.told(), "boot": boot(assistant) if boot and assistant is not None else None}

    return router


def _name(header: str) -> str:
    """Return a file's name, whoever sent it: one segment, neither hidden nor climbing."""
    return re.sub(r"[\\/\x00-\x1f]", "_", unquote(header)).strip(". ")[:60] or "shop"


def _same_site(request: Request) -> None:
    """Refuse what another site's page sends: on loopback nothing else stands between it and the operator's shops.

    A type that no plain form can send makes browsers ask first, and nobody here says yes.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.headers.get("content-type") != "application/octet-stream" or site not in ("same-origin", "none"):
        raise RequestError(
            "send the file as Content-Type: application/octet-stream, from the chat page or a program",
            code="unsupported_media_type",
            status=415,
        )


async def _written(request: Request, file: Path) -> str:
    """Write the body to a file; return its digest."""
    digest, size, parts, held = hashlib.sha256(), 0, bytearray(), await asyncio.to_thread(file.open, "wb")
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LARGEST_UPLOAD:
                limit = LARGEST_UPLOAD // 1024 // 1024
                raise RequestError(
                    f"the file is larger than {limit} MiB: use launch.py import", code="request_too_large", status=413
                )
            parts += chunk
            if len(parts) >= PART:
                await asyncio.to_thread(_put, held, digest, bytes(parts))
                parts.clear()
        await asyncio.to_thread(_put, held, digest, bytes(parts))
    finally:
        await asyncio.to_thread(held.close)
    return digest.hexdigest()


def _put(file: Any, digest: Any, part: bytes) -> None:
    file.write(part)
    digest.update(part)


def _assistant(settings: Settings, progress: Any) -> Any:
    from agent.assistant import Assistant

    # A model that this process starts itself is not started a second time.
    kept = settings.llm if settings.llm.startswith(("http://", "https://")) else "embedded"
    return Assistant.open(settings.model_copy(update={"llm": kept}), progress)
