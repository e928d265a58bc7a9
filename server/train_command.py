"""``launch.py train``: learn from the shop's own interactions, and say what each part gained."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console

from core.settings import Settings
from core.shop import load_shop
from server.commands import IndexProgress, say

PARTS = ("tastes", "weights", "sequential", "towers", "adapting")
"""What is trained, in the order in which each is judged beside those before it."""


def train(settings: Settings, console: Console) -> int:
    """Train on the shop's log; what pays on its latest events is switched on with the next look of a running server.

    Raises:
        FloorwalkerError: the shop or the data folder cannot be used.
    """
    from retrieval.training.run import run

    load_shop(settings.shop)
    with IndexProgress() as progress:
        learned = run(settings.shop, settings.data_dir, settings, progress)
    if not learned.report:
        say(console, "Too few users come back in the log to learn from: the defaults stay.")
        return 0
    say(console, f"Held out: {learned.report['held_out']}; {learned.report['users']:,} users asked (NDCG@10).")
    for part in PARTS:
        found = learned.report.get(part)
        if found is None:
            continue
        if "why" in found:
            say(console, f"{part}: off, since {found['why']}.")
            continue
        verdict = "on" if found["on"] else "off: it does not pay"
        sparse = f", sparse items {_interval(found['sparse'])}" if "sparse" in found else ""
        say(console, f"{part}: {found['before']:.4f}, learned {_interval(found['gain'])}{sparse}; {verdict}.")
    return 0


def _interval(gain: Mapping[str, float]) -> str:
    return f"{gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
