"""``launch.py enrich``: let the LLM write what the catalogue's own texts lack, for searching alone."""

from __future__ import annotations

from rich.console import Console

from core.settings import Settings
from core.shop import load_shop
from server.commands import IndexProgress, say
from server.vllm_start import model_server


def enrich(settings: Settings, console: Console) -> int:
    """Write what is missing; the status is 1 when there are items that no valid text came for.

    Raises:
        FloorwalkerError: the shop, its folder or the model's server cannot be used.
    """
    from agent.llm.enrichment import enrich as run

    load_shop(settings.shop)
    with model_server(settings) as found, IndexProgress() as progress:
        done = run(found, progress)
    say(console, f"{done.path}: {done.written:,} items written, {done.kept:,} were there, {len(done.failed):,} failed.")
    if done.failed:
        few = ", ".join(done.failed[:5])
        say(console, f"Failed: {few}{', …' if len(done.failed) > 5 else ''}; the same command asks for them again.")
    if done.written:
        say(console, "The next index reads it: launch.py index, a new start, or a running server's next look.")
    return 1 if done.failed else 0
