"""Runs what blocks in threads: what waits for another machine in threads of its own, so that it delays nobody else."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


async def apart(
    threads: Executor | None, function: Callable[Given, Result], *args: Given.args, **more: Given.kwargs
) -> Result:
    """Return what a function returns, run in some threads; None takes those that all turns share."""
    work = partial(contextvars.copy_context().run, partial(function, *args, **more))
    return await asyncio.get_running_loop().run_in_executor(threads, work)
