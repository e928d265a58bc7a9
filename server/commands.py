"""The operator's commands, as ``launch.py`` calls them: settings and a console in, an exit status out."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from core.errors import SettingsError
from core.settings import Settings
from core.shop import load_shop

if TYPE_CHECKING:
    from fastapi import FastAPI

    from agent.assistant import Assistant

OURS = (
    "agent",
    "commerce",
    "core",
    "evaluation",
    "floorwalker",
    "importers",
    "prompts",
    "retrieval",
    "server",
    "storage",
    "tools",
)
GRACE = 5
"""Seconds that running turns have when the server stops."""


def serve(settings: Settings, console: Console) -> int:
    """Serve until a signal comes.

    Raises:
        FloorwalkerError: a setting, the shop, the index or the data folder is wrong.
    """
    from server.auth import Gate
    from server.channels.setup import channels_of

    shop = load_shop(settings.shop)
    Gate(settings)  # before minutes of indexing, not after
    channels_of(settings)
    with closing(listen(settings)) as listener:
        with opened(settings) as assistant:
            from server.app import create_app

            app = create_app(assistant, settings)

            def ready() -> None:
                name = shop.name.get("en") or next(iter(shop.name.values()))
                say(console, f"Floorwalker serves {name} at {_url(settings, listener)} (API /v1, documentation /docs)")
                say(console, _model_line(settings, assistant))

            run(app, listener, ready)
    say(console, "Stopped.")
    return 0


def chat(settings: Settings, console: Console) -> int:
    """Talk in the terminal until the user leaves.

    Raises:
        FloorwalkerError: a setting, the shop, the index or the data folder is wrong.
    """
    load_shop(settings.shop)
    from server.terminal import run_chat

    with opened(settings) as assistant:
        run_chat(assistant, settings, console)
    return 0


def index(settings: Settings, console: Console) -> int:
    """Build the index where it is missing or its shop has changed.

    Raises:
        FloorwalkerError: the shop or the data folder cannot be used.
    """
    load_shop(settings.shop)
    with opened(settings.model_copy(update={"llm": "embedded"})) as assistant:
        say(console, f"The index of {settings.shop} holds {len(assistant.recommender.catalogue):,} items.")
    return 0


def check(settings: Settings, console: Console) -> int:
    """Print every problem of the shop folder; the status is 1 when one of them keeps it from being served."""
    from commerce import cases, loading
    from retrieval.checking import check_shop

    with IndexProgress() as progress:
        problems = check_shop(settings.shop, [loading.check, cases.check], progress)
    for problem in problems:
        say(console, f"{'error' if problem.fatal else 'warning'}: {problem}")
    fatal = sum(problem.fatal for problem in problems)
    say(console, f"{settings.shop}: errors: {fatal}, warnings: {len(problems) - fatal}")
    return 1 if fatal else 0


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket, taken before the long work: those who connect early wait until it is done.

    Raises:
        SettingsError: the port is taken or not allowed, or the host is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port}: {reason}. "
            "Stop what uses it, or choose another with --port (0 takes a free one)"
        ) from error


@contextmanager
def opened(settings: Settings) -> Iterator[Assistant]:
    """Open the assistant with its model, showing what takes long, and close both at the end."""
    from agent.assistant import Assistant
    from server.vllm_start import model_server

    with model_server(settings) as found:
        with IndexProgress() as progress:
            assistant = Assistant.open(found, progress)
        with closing(assistant):
            yield assistant


class IndexProgress:
    """A progress bar for each stage, on standard error; nothing is drawn when there is nothing to do."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=console)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> IndexProgress:
        """Take the console."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the console back."""
        if self._tasks:
            self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw ``done`` of ``total`` of a stage; any thread may call."""
        if not self._tasks:
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


def run(app: FastAPI, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve an application on a listening socket until SIGINT or SIGTERM; ``ready`` is called when it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )
    # Uvicorn stops in order and then raises the signal once more, for whoever started it.
    with suppress(KeyboardInterrupt):
        Server(config).run(sockets=[listener])


def start_logging(settings: Settings) -> None:
    """Log to standard error: our own packages at the chosen level, libraries from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # A filter, since some libraries lower their own loggers' level when they are imported.
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.split(".", 1)[0] in OURS)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level.upper())


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _url(settings: Settings, listener: socket.socket) -> str:
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "localhost"
    return (
        f"http://[{host}]:{listener.getsockname()[1]}" if ":" in host else f"http://{host}:{listener.getsockname()[1]}"
    )


def _model_line(settings: Settings, assistant: Assistant) -> str:
    from server.vllm_start import more

    if assistant.model != "embedded":
        return f"Model: {assistant.model} (--llm {settings.llm}), mode {assistant.mode}."
    said = "Model: embedded (no LLM; nothing leaves this machine)"
    return f"{said}; {more(settings)}." if settings.llm == "auto" else f"{said}."
