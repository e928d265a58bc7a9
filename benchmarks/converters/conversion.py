"""A shop as converted from a data set, and how it is written to a folder."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Conversion:
    """Everything that goes into a shop folder."""

    config: Mapping[str, Any]
    """The content of ``shop.yaml``."""
    items: Sequence[Row]
    """One mapping an item; None, "" and [] are left empty, lists are joined by ``|``."""
    notice: str
    """Where the data comes from, on what terms, and what was made up by the converter."""
    interactions: pl.DataFrame | None = None
    """Columns user_id, item_id, event and, where known, value and time."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """What was left out and how many of it."""

    def write(self, folder: Path) -> None:
        """Write the shop folder; one that is there is replaced only when everything is written."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            text = yaml.safe_dump(dict(self.config), allow_unicode=True, sort_keys=False, width=120)
            (draft / "shop.yaml").write_text(text, encoding="utf-8")
            (draft / "NOTICE").write_text(self.notice, encoding="utf-8")
            _write_rows(draft / "items.csv", self.items)
            if self.interactions is not None:
                self.interactions.write_csv(draft / "interactions.csv")
            draft.chmod(0o755)
            if folder.exists():
                shutil.rmtree(folder)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _write_rows(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name, value in row.items() if value not in (None, "", [])))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "|".join(clean(str(part)).replace("|", "/") for part in value)
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    return clean(str(value))


def clean(text: str) -> str:
    """Return a text with white space collapsed and control characters taken out."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", re.sub(r"\s+", " ", text)).strip()


def labels(english: str, chinese: str) -> dict[str, str]:
    """Return display names by language."""
    return {"en": english, "zh": chinese}


def counted(values: Iterable[str], least: int) -> set[str]:
    """Return the values that occur at least so often."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return {value for value, count in counts.items() if count >= least}
