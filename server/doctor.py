"""``launch.py doctor``: looks at everything that a start needs, and changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console

from core.errors import FloorwalkerError
from core.settings import Settings
from core.shop import load_shop
from server import vllm_doctor
from server.commands import say

PACKAGES = ("fastapi", "gradio", "langgraph", "chromadb", "onnxruntime", "implicit", "polars")


class Finding(Exception):
    """What is wrong, and what to do about it."""


def doctor(settings: Settings, console: Console) -> int:
    """Print a line for each check; the status is 1 when one of them failed."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("shop", _shop),
        ("data folder", _data_dir),
        ("encoder", _encoder),
        ("index", _index),
        ("port", _port),
        ("channels", _channels),
        ("gpu", vllm_doctor.gpu),
        ("memory", vllm_doctor.memory),
        ("vllm", vllm_doctor.vllm),
        ("model fits", vllm_doctor.fits),
        ("model", vllm_doctor.answers),
    )
    failed = 0
    for name, look in checks:
        try:
            mark, text = "ok", look(settings)
        except (Finding, FloorwalkerError) as finding:
            mark, text = "!!", str(finding)
            failed += 1
        say(console, f"{mark}  {name:12} {text}")
    return 1 if failed else 0


def _python(settings: Settings) -> str:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise Finding(f"{found}: 3.11 to 3.13 are supported; run make install with one of them")
    return found


def _packages(settings: Settings) -> str:
    missing = []
    for name in PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise Finding(f"missing: {', '.join(missing)}; run make install")
    return "all there"


def _shop(settings: Settings) -> str:
    shop = load_shop(settings.shop)
    items = shop.file("items")
    if items is None or not items.is_file():
        raise Finding(f"{settings.shop} has no items file (see docs/shops.md)")
    return f"{settings.shop} ({items.name}); launch.py check looks inside"


def _data_dir(settings: Settings) -> str:
    folder = settings.data_dir
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise Finding(f"{folder} cannot be written: choose another with --data-dir")
    return str(folder)


def _encoder(settings: Settings) -> str:
    from retrieval.encoder import build_embedder

    embedder = build_embedder(settings)
    return f"{embedder.name}, {embedder.dimensions} numbers"


def _index(settings: Settings) -> str:
    built = len(list((settings.data_dir / "indexes").glob("*/CURRENT")))
    return f"of {built} shops; a start builds what is missing or has changed" if built else "the first start builds it"


def _port(settings: Settings) -> str:
    from server.commands import listen

    with listen(settings) as listener:
        return f"{settings.host} port {listener.getsockname()[1]} is free"


def _channels(settings: Settings) -> str:
    from server.channels.setup import channels_of

    on = sorted(channels_of(settings))
    if not on:
        return "none is on (docs/channels.md)"
    note = "" if settings.public_url else "; without FLOORWALKER_PUBLIC_URL they show no pictures of the shop folder"
    return f"on: {', '.join(on)}{note}"
