"""The embedder's door: the assistant inside another Python program, in an environment of its own.

    from core.settings import Settings
    from floorwalker import Assistant

    assistant = Assistant.open(Settings(shop=Path("my-shop"), llm="embedded"))

``BlockingAssistant`` is the same for programs without an event loop.

Its packages have plain names (``core``, ``tools`` …), so another project's package may stand before one of them on the
import path: importing this module says so at once, instead of failing strangely later.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

_HOME = Path(__file__).resolve().parent
_PACKAGES = ("core", "storage", "retrieval", "commerce", "prompts", "tools", "agent", "evaluation", "server")


def intruders(home: Path = _HOME) -> list[str]:
    """Return a line for each package of ours that would be imported from elsewhere, naming the place."""
    found = []
    for name in _PACKAGES:
        loaded = sys.modules.get(name)
        spec = loaded.__spec__ if loaded is not None else PathFinder.find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or origin.parent != home / name:
            found.append(f"{name}: {origin or 'not found'} instead of {home / name}")
    return found


def _check() -> None:
    found = intruders()
    if found:
        raise ImportError(
            "floorwalker's own packages are hidden by others:\n  "
            + "\n  ".join(found)
            + f"\nPut {_HOME} first on the import path, in an environment that holds no package of these names."
        )


if __name__ == "floorwalker":
    _check()

from core import errors, events  # noqa: E402
from core.events import Reply  # noqa: E402
from core.version import VERSION as __version__  # noqa: E402

if TYPE_CHECKING:
    from agent.assistant import Assistant
    from agent.blocking import BlockingAssistant


def __getattr__(name: str) -> Any:
    """Import the assistant when it is asked for: it takes seconds."""
    if name == "Assistant":
        from agent.assistant import Assistant

        return Assistant
    if name == "BlockingAssistant":
        from agent.blocking import BlockingAssistant

        return BlockingAssistant
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Assistant", "BlockingAssistant", "Reply", "__version__", "errors", "events"]
