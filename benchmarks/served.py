"""A real server as a child process: started, waited for, measured and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from core.settings import CHECKOUT

DOOR = (str(CHECKOUT / "launch.py"),)
START_LIMIT = 900.0
"""Seconds that a first start may take: the index of a large shop is built in it."""


class ServerFailed(RuntimeError):
    """The server did not start, or died; the message holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running server and what its start took."""

    url: str
    process: subprocess.Popen[bytes]
    ready_seconds: float
    """From the start of the process until it takes turns."""

    def memory(self) -> tuple[float, float]:
        """Return resident memory now and at its peak, in MiB, of the server and its children."""
        parent = psutil.Process(self.process.pid)
        family = [parent, *parent.children(recursive=True)]
        now = sum(process.memory_info().rss for process in family) / 2**20
        return now, max(now, _peak(self.process.pid))

    def measurements(self) -> dict[str, float]:
        """Return the server's own measurements by name with labels; empty when it shows none."""
        answer = httpx.get(f"{self.url}/metrics", timeout=30)
        if answer.status_code != 200:
            return {}
        pairs = (line.rsplit(" ", 1) for line in answer.text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


@contextmanager
def serving(
    shop: Path, data_dir: Path, log: Path, settings: Mapping[str, str] | None = None, door: Sequence[str] = DOOR
) -> Iterator[Server]:
    """Serve a shop on a free port of this machine: with the embedded model, or as other settings say.

    ``settings`` are variables of the environment, ``FLOORWALKER_…``; ``door`` is what Python runs.

    Raises:
        ServerFailed: it did not get ready in time, or its process ended.
    """
    port = free_port()
    options = ["--shop", shop, "--data-dir", data_dir, "--host", "127.0.0.1", "--port", port]
    command = [sys.executable, *door, "serve", *map(str, options)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOORWALKER_")}
    environment |= settings or {"FLOORWALKER_LLM": "embedded"}
    with log.open("wb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=CHECKOUT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield Server(url, process, time.perf_counter() - start)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ServerFailed(f"the server ended with status {process.returncode}:\n{_tail(log)}")
        try:
            if httpx.get(f"{url}/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.1)
    raise ServerFailed(f"the server was not ready after {START_LIMIT:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _peak(pid: int) -> float:
    """Return the peak of a process's resident memory in MiB, where the system tells (Linux)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    fields: dict[str, Any] = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(fields["VmHWM"].split()[0]) / 1024
