"""What training found for a shop: how its tastes are modelled and how its sources are weighed.

``launch.py train`` writes it (``retrieval/training``), the next build of the index takes it in. Without one the
defaults here hold. Plain JSON and arrays; nothing in it can run code.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.shop import Shop, Weights
from retrieval.ease import STRENGTH, TEXT

FILE = "learned.json"
VERSION = 1
MODELS = ("sequential", "towers")
TYPICAL = 20
"""Of a user with so many liked items weights count as they stand."""
MOST_TIMES = 4.0
"""What is known of a user makes a source at most so many times louder, or quieter."""
NEVER = 36_500.0
"""A half-life of a hundred years: nothing fades."""


@dataclass(frozen=True)
class Tastes:
    """How interactions become predictions."""

    ridge: float = STRENGTH
    """EASE's λ."""
    text: float = TEXT
    """EASE's α: how much the items' texts count beside who took them."""
    item_days: float = 240.0
    """After so many days an event counts half in what is learned of items."""
    user_days: float = 240.0
    """The same in what is known of a user when they are asked for."""
    factors: int = 64
    """ALS, above EASE's size: its width, ridge and confidence."""
    als_ridge: float = 30.0
    als_alpha: float = 4.0


@dataclass(frozen=True)
class Learned:
    """Everything that training chose, with what it measured."""

    tastes: Tastes = Tastes()
    weights: Mapping[str, float] = field(default_factory=dict)
    """Source -> weight for shoppers who ask nothing, where shop.yaml does not set it."""
    adapting: Mapping[str, float] = field(default_factory=dict)
    """Source -> how its weight grows with what is known of a user: see ``adapted``."""
    sequential: str = ""
    """The mark of the sequential model beside this file, which pays; "" without one."""
    towers: str = ""
    """The same of the two towers."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """What each part gained on validation."""

    def save(self, folder: Path) -> None:
        """Write in one step."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{FILE}.{os.getpid()}.part"
        draft.write_text(json.dumps({"version": VERSION, **asdict(self)}, indent=1), encoding="utf-8")
        draft.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Learned:
        """Return what stands in a folder; the defaults when there is nothing.

        Raises:
            ValueError: the file is none of ours.
        """
        path = folder / FILE
        if not path.is_file():
            return cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("version") != VERSION:
            raise ValueError(f"{path} was not written by this version; run: python launch.py train")
        known = {one.name for one in fields(Tastes)}
        tastes = Tastes(**{name: value for name, value in content["tastes"].items() if name in known})
        weights, slopes = ({
            name: float(value)
            for name, value in content.get(part, {}).items()
            if name in Weights.model_fields and math.isfinite(value)
        } for part in ("weights", "adapting"))  # fmt: skip
        weights = {name: value for name, value in weights.items() if value >= 0}
        # A mark names a folder: it is nothing but letters and digits.
        marks = (str(content.get(part) or "") for part in MODELS)
        sequential, towers = (mark if re.fullmatch("[0-9a-f]{32}", mark) else "" for mark in marks)
        return cls(tastes, weights, slopes, sequential, towers, content["report"])

    def models(self, folder: Path) -> Mapping[str, Path]:
        """Return where the models stand that pay: part -> folder, for ``folder`` that this was loaded from."""
        marks = {part: str(getattr(self, part)) for part in MODELS}
        return {part: model_folder(folder, part, mark) for part, mark in marks.items() if mark}

    def browsing(self, shop: Shop) -> Weights | None:
        """Return the learned weights beside those that the shop.yaml sets, which stay; None when none were learned."""
        own = shop.weights.model_dump(include=shop.weights.model_fields_set)
        return Weights(**{**self.weights, **own}) if self.weights else None


def model_folder(folder: Path, part: str, mark: str) -> Path:
    """Return where a learned model stands; another model has another place, so that none is ever half replaced."""
    return folder / f"{part}-{mark[:16]}"


def adapted(slope: float, known: int) -> float:
    """Return how much louder a source is for a user with so many liked items: a power of their number."""
    return min(max(float(((1 + known) / (1 + TYPICAL)) ** slope), 1 / MOST_TIMES), MOST_TIMES)
