"""From ``--llm`` to a model that can be asked: starts vLLM where it is wanted and possible, and says what happens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from rich.console import Console

from core.errors import ModelUnavailable, SettingsError
from core.settings import Settings
from server.vllm import VllmServer
from server.vllm_machine import environment, gpus, python_of
from server.vllm_plan import plan

logger = logging.getLogger(__name__)

MORE = "with an NVIDIA GPU, make vllm and a new start; or --llm http://…/v1 (docs/llm.md)"


@contextmanager
def model_server(settings: Settings, console: Console | None = None) -> Iterator[Settings]:
    """Yield settings whose ``llm`` is ``embedded`` or an address; what was started for it is stopped at the end.

    Raises:
        SettingsError: vLLM was asked for, and is not there, or no model fits.
        ModelUnavailable: vLLM was asked for and did not start; the message tells the cause.
    """
    console = console or Console(stderr=True)
    server = _server(settings)
    if server is None:
        yield settings.model_copy(update={"llm": "embedded"}) if settings.llm == "auto" else settings
        return
    try:
        yield _settled(settings, server, console)
    finally:
        server.stop()


def more(settings: Settings) -> str:
    """Return how to get a generative model on this machine, for a start that found none."""
    cards = gpus()
    if not cards:
        return f"no CUDA GPU here; a generative model answers {MORE}"
    if environment(settings) is None:
        return f"{cards[0].words()} is here and vLLM is not: run make vllm, and start again"
    return "see the log for why vLLM did not start"


def _server(settings: Settings) -> VllmServer | None:
    """Return the server to start; None where none is wanted, or ``auto`` finds none possible."""
    kind, _, model = settings.llm.partition(":")
    if kind not in ("auto", "vllm"):
        return None
    cards, found = gpus(), environment(settings)
    if kind == "auto" and (not cards or found is None or found.cpu):
        return None
    if found is None:
        raise SettingsError(
            f"--llm {settings.llm}: there is no vLLM at {python_of(settings)}. Run make vllm, or name its Python with "
            "--vllm-python (FLOORWALKER_VLLM_PYTHON)"
        )
    try:
        chosen = plan(model, cards, settings.vllm_args)
    except SettingsError:
        if kind == "auto":
            return None
        raise
    return VllmServer(found, chosen, settings.data_dir / "vllm")


def _settled(settings: Settings, server: VllmServer, console: Console) -> Settings:
    """Start the server, wait, and return settings that point to it; ``auto`` does without when it fails."""
    server.start()
    try:
        with console.status(f"vLLM starts with {server.plan.words}") as status:

            def waiting(seconds: float, line: str) -> None:
                status.update(f"vLLM starts with {server.plan.words}: {seconds:.0f} s  {_plain(line)}")

            endpoint = server.ready(waiting)
    except ModelUnavailable as error:
        if settings.llm != "auto":
            raise
        logger.warning("%s; the embedded model serves", error)
        return settings.model_copy(update={"llm": "embedded"})
    key = SecretStr(endpoint.key)
    return settings.model_copy(update={"llm": endpoint.url, "llm_key": key, "llm_model": endpoint.model})


def _plain(line: str) -> str:
    """Return a log line without what the console takes for markup, in one line's width."""
    return line.replace("[", "(").replace("]", ")")[:90]
