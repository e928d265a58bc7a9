"""What ``launch.py doctor`` says about the model: this machine's GPUs and memory, vLLM, what fits, who would answer."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from agent.llm.client import ModelClient
from core.errors import ModelError, SettingsError
from core.settings import Settings
from server.vllm_machine import environment, gpus, python_of
from server.vllm_plan import plan

SECONDS = 60.0
"""That a server has to show what its model can do."""


def gpu(settings: Settings) -> str:
    """Name the CUDA cards."""
    return "; ".join(card.words() for card in gpus()) or "no CUDA card (nvidia-smi finds none): no LLM of our own here"


def memory(settings: Settings) -> str:
    """Return main memory and cores."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{total:.0f} GiB, {os.cpu_count()} cores"


def vllm(settings: Settings) -> str:
    """Tell whether there is a vLLM environment.

    Raises:
        SettingsError: one was named, and holds no vLLM.
    """
    found = environment(settings)
    if found is not None:
        return f"{found.version} at {found.python}{' (for CPUs: tests only)' if found.cpu else ''}"
    if settings.vllm_python is not None or settings.llm.startswith("vllm"):
        raise SettingsError(f"no vLLM at {python_of(settings)}: run make vllm, or name its Python with --vllm-python")
    return "not installed; make vllm builds it (a CUDA GPU should be here)"


def fits(settings: Settings) -> str:
    """Name the model of the table that fits this machine."""
    cards = gpus()
    if not cards:
        return "none: the table's models need a GPU"
    try:
        return plan("", cards, settings.vllm_args).words
    except SettingsError as error:
        return str(error)


def answers(settings: Settings) -> str:
    """Tell who would answer with these settings; an address is asked.

    Raises:
        ModelError: the server at the address cannot be used; the embedded model would answer.
        SettingsError: vLLM is asked for and cannot run.
    """
    kind, _, model = settings.llm.partition(":")
    if settings.llm == "embedded":
        return "--llm embedded: the embedded model"
    if kind in ("http", "https"):
        return asyncio.run(_asked(settings))
    found = environment(settings)
    if kind == "auto":
        if found is not None and not found.cpu:
            with suppress(SettingsError):
                return f"--llm auto: {plan('', gpus(), settings.vllm_args).words}"
        return "--llm auto: the embedded model"
    if found is None:
        raise SettingsError(f"--llm {settings.llm}: no vLLM at {python_of(settings)}")
    return f"--llm {settings.llm}: {plan(model, gpus(), settings.vllm_args).words}"


async def _asked(settings: Settings) -> str:
    key = settings.llm_key.get_secret_value() if settings.llm_key is not None else ""
    client = ModelClient(settings.llm, model=settings.llm_model, key=key)
    try:
        able = await client.probe(SECONDS)
    except ModelError as error:
        raise type(error)(f"{error}. The embedded model would answer") from None
    finally:
        await client.close()
    return f"{settings.llm} serves {able.words()}"
