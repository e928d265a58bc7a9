"""What a training measured so far, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from retrieval.training.holdout import Values

FILE = "journal.jsonl"


class Journal:
    """Values by what they were measured for; one line each, in a file that only grows while its data stays the same."""

    def __init__(self, folder: Path, data: str) -> None:
        """Read what stands in ``folder``; ``data`` names what was measured on: of other data nothing is taken."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._data = data
        self._known: dict[str, Values] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
            if entry["data"] == self._data:
                self._known[entry["key"]] = np.array(entry["values"], dtype=np.float64)
        except (ValueError, KeyError, TypeError):
            return  # the line at which a training was killed

    def remembered(self, what: Mapping[str, str], measure: Callable[[], Values]) -> Values:
        """Return the values measured for ``what``, measuring and noting them when they are not known."""
        key = hashlib.blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=12).hexdigest()
        if key not in self._known:
            values = measure()
            entry = {"data": self._data, "key": key, "what": dict(what), "values": values.round(6).tolist()}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            self._known[key] = values.round(6)
        return self._known[key]
