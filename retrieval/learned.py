"""What training found for a shop: how its tastes are modelled and how its sources are weighed.

``launch.py train`` writes it (``retrieval/training``), the next build of the index takes it in. Without one the
defaults here hold. Plain JSON and arrays; nothing in it can run code.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.shop import Shop, Weights
from retrieval.ease import STRENGTH, TEXT

FILE = "learned.json"
VERSION = 1
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
    sequential: bool = False
    """Whether the sequential model stands beside this file and pays."""
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
        weights = {
            name: float(value)
            for name, value in content["weights"].items()
            if name in Weights.model_fields and math.isfinite(value) and value >= 0
        }
        return cls(tastes, weights, bool(content["sequential"]), content["report"])

    def browsing(self, shop: Shop) -> Weights | None:
        """Return the learned weights beside those that the shop.yaml sets, which stay; None when none were learned."""
        own = shop.weights.model_dump(include=shop.weights.model_fields_set)
        return Weights(**{**self.weights, **own}) if self.weights else None
