"""What every test stands on: no network, no operator's environment, the shared encoder and data sets."""

from __future__ import annotations

import os

# Before anything imports the libraries that read them.
os.environ.update({
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
})  # fmt: skip

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("FLOORWALKER_DATASETS", "FLOORWALKER_VLLM_PYTHON", "FLOORWALKER_TEST_CACHE")
"""Settings of the tests themselves; every other FLOORWALKER_ variable is the operator's and is taken away."""


class NetworkBlocked(RuntimeError):
    """A test tried to leave this machine."""


def _is_local(address: Any) -> bool:
    """Whether a socket address is a Unix socket or a loopback one."""
    if not isinstance(address, tuple):
        return True
    return _is_local_host(address[0])


def _is_local_host(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", "testserver"):
        return True
    try:
        return ip_address(str(name).partition("%")[0]).is_loopback or str(name) in ("0.0.0.0", "::")
    except ValueError:
        return False


def _guard(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise NetworkBlocked(f"connection to {address!r}: tests use loopback only")
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_local(address):
            raise NetworkBlocked(f"connection to {address!r}: tests use loopback only")
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local_host(host):
            raise NetworkBlocked(f"look-up of {host!r}: tests use loopback only")
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


@pytest.fixture(scope="session", autouse=True)
def _isolated() -> Iterator[None]:
    """Take the operator's settings away and let no connection leave the machine, session fixtures included."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("FLOORWALKER_") and name not in KEPT]:
            monkeypatch.delenv(name)
        _guard(monkeypatch)
        yield


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Return a folder outside the repository that outlives the run: for what is costly and checked by hash."""
    base = os.environ.get("FLOORWALKER_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "floorwalker-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def encoder(cache_dir: Path) -> Any:
    """Return the default text encoder, built once and shared by all tests."""
    from retrieval.encoder import MiniLmEmbedder

    return MiniLmEmbedder(cache_dir)


@pytest.fixture(scope="session")
def data_folder(cache_dir: Path, encoder: Any) -> Callable[[Path], Path]:
    """Return a function that makes a data folder which already has the shared encoder, and returns it."""
    encoder.embed(["warm"])  # builds the shared ONNX file once

    def made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "encoder").exists() and (cache_dir / "encoder").is_dir():
            (folder / "encoder").symlink_to(cache_dir / "encoder")
        return folder

    return made


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Return the folder of public data sets; a test that asks for it is skipped where there is none."""
    folder = Path(os.environ.get("FLOORWALKER_DATASETS") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no public data sets: set FLOORWALKER_DATASETS to their folder")
    return folder
