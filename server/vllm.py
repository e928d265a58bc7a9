"""Starts vLLM's OpenAI server as a child process, keeps it running, and takes it down. Nothing here imports vllm."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import ModelUnavailable
from server.vllm_causes import cause
from server.vllm_machine import Environment, clean
from server.vllm_plan import NAME, Plan

logger = logging.getLogger(__name__)

MODULE = "vllm.entrypoints.openai.api_server"
GUARD = Path(__file__).with_name("vllm_guard.py")
START = 1_800.0
"""Seconds that a start may take: a large model is read from a slow disk, or downloaded."""
POLL = 0.5
LOOK = 10.0
"""Seconds between two looks at a server that runs."""
BLIND = 3
"""Looks without an answer after which a running server counts as stuck."""
GRACE = 15.0
"""Seconds that the server has to stop by itself."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
STEADY = 300.0
"""Seconds of health after which a crash counts as the first again."""
TAIL = 60_000
"""Bytes of the log that a cause is looked for in."""

Waiting = Callable[[float, str], None]
"""Told now and then while the server starts: seconds so far, and the log's last line."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is."""

    url: str
    key: str
    model: str = NAME


class VllmServer:
    """One vLLM server: :meth:`start` it, wait until it is :meth:`ready`, :meth:`stop` it."""

    def __init__(self, environment: Environment, plan: Plan, folder: Path) -> None:
        """Start nothing yet.

        Args:
            environment: the Python that has vLLM.
            plan: model and options.
            folder: where the log goes.
        """
        self.plan = plan
        self.log = folder / "vllm.log"
        self.restarts = 0
        self.pid: int | None = None
        port = _option(plan.options, "--port") or str(_free_port())
        self.endpoint = Endpoint(f"http://127.0.0.1:{port}/v1", secrets.token_urlsafe(24), _served(plan))
        self._port = int(port)
        self._environment = environment
        self._healthy = threading.Event()
        self._stopping = threading.Event()
        self._failed: str | None = None
        # The kernel watches the thread that starts a child, not the process: this one lives as long as the server.
        self._keeper = threading.Thread(target=self._keep, name="vllm-keeper", daemon=True)

    def start(self) -> None:
        """Start the server and the thread that keeps it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        self._keeper.start()

    def ready(self, waiting: Waiting | None = None, limit: float = START) -> Endpoint:
        """Wait until the server answers and return where.

        Raises:
            ModelUnavailable: it stopped, or is not ready in time; the message tells the cause from its log.
        """
        began = time.monotonic()
        while not self._healthy.wait(POLL):
            seconds = time.monotonic() - began
            if self._failed is not None:
                raise ModelUnavailable(f"vLLM did not start: {self._failed}. Its log: {self.log}")
            if seconds > limit:
                self.stop()
                raise ModelUnavailable(f"vLLM is not ready after {limit:.0f} s. Its log: {self.log}")
            if waiting is not None:
                waiting(seconds, _last_line(self.log))
        return self.endpoint

    def healthy(self) -> bool:
        """Return whether the server answered lately."""
        return self._healthy.is_set()

    def stop(self) -> None:
        """Take the server down and everything that it started."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join(GRACE * 2 + 5)
        self._healthy.clear()

    # -- the keeper's thread -------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        pause, first = FIRST_PAUSE, True
        if not _free(self._port):  # whatever listens there may even look healthy
            self._failed = cause(f"port {self._port}: address already in use")
            return
        while not self._stopping.is_set():
            with self.log.open("ab") as log:
                child = self._spawn(log)
                began = time.monotonic()
                was_healthy = self._watch(child)
                self._healthy.clear()
                self._end(child)
            if self._stopping.is_set():
                return
            why = _why(child.returncode, self.log)
            if first and not was_healthy:
                self._failed = why
                return
            first = False
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY else min(pause * 2, LONGEST_PAUSE)
            self.restarts += 1
            logger.error("vLLM stopped (status %s): %s; it is started again in %.0f s", child.returncode, why, pause)
            self._stopping.wait(pause)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [str(self._environment.python), str(GUARD), str(os.getpid()), MODULE, *self.plan.command(self._port)]
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._environ(),
            start_new_session=True,  # Ctrl-C is ours to handle; and the whole group can be ended
        )
        self.pid = child.pid
        logger.info("vLLM %s starts with %s, pid %s", self._environment.version, self.plan.words, child.pid)
        return child

    def _environ(self) -> dict[str, str]:
        """Return the child's environment: the key goes here, where other users cannot read it."""
        environ = {name: value for name, value in clean().items() if not name.startswith("FLOORWALKER_")}
        for name in os.environ.get("FLOORWALKER_QUIETED", "").split(","):
            environ.pop(name, None)  # what we keep our own libraries from, such as downloads, vLLM may do
        quiet = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        environ |= {name: value for name, value in quiet.items() if name not in environ}
        return {**environ, "VLLM_API_KEY": self.endpoint.key, "PYTHONUNBUFFERED": "1"}

    def _watch(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait until the child ends, is stuck, or shall stop; tell whether it was ever healthy."""
        ever, blind = False, 0
        while child.poll() is None and not self._stopping.is_set():
            if _answers(self._port):
                if not ever:
                    logger.info("vLLM is ready at %s", self.endpoint.url)
                ever, blind = True, 0
                self._healthy.set()
            elif ever:
                blind += 1
                if blind >= BLIND:
                    logger.error("vLLM does not answer any more")
                    return ever
            self._pause(child, LOOK if ever else POLL)
        return ever

    def _pause(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        """Wait, but wake for a child that ends and for the stop."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and child.poll() is None and not self._stopping.wait(0.1):
            pass

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """End the child in order, and then whatever is left of its group."""
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _why(status: int, log: Path) -> str:
    if status in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT):
        return f"it was ended by {signal.Signals(-status).name} (SIGKILL: often for want of memory)"
    return cause(_tail(log))


def _answers(port: int) -> bool:
    """Ask for the server's health, past any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _option(options: tuple[str, ...], name: str) -> str | None:
    for at, word in enumerate(options):
        if word == name and at + 1 < len(options):
            return options[at + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def _served(plan: Plan) -> str:
    return _option(plan.options, "--served-model-name") or NAME


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _last_line(log: Path) -> str:
    lines = _tail(log).rstrip().splitlines()
    return lines[-1][:200] if lines else ""
