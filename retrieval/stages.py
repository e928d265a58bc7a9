"""The stages of a build: what a killed build had finished is not done again by the next one of the same input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "stages"


class Stages:
    """The finished stages of the build in one draft folder, each with the facts that later stages need of it."""

    def __init__(self, draft: Path) -> None:
        """Look into a draft folder, which may be new."""
        self._folder = draft / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)

    def facts(self, name: str) -> Mapping[str, Any] | None:
        """Return what was noted of a finished stage; None when it was not finished."""
        try:
            facts = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return facts if isinstance(facts, dict) else None

    def finish(self, name: str, **facts: Any) -> Mapping[str, Any]:
        """Note that all files of a stage are written; return the facts."""
        part = self._folder / f"{name}.part"
        part.write_text(json.dumps(facts), encoding="utf-8")
        part.replace(self._folder / f"{name}.json")
        return facts
