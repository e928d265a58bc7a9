"""The shop's relations between items as a graph; a path from something the user has to a candidate is a reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.mapping import mapped

BACKWARD = 0.5
"""An accessory's owner may want another of what it fits, but less than the owner of that thing wants an accessory."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between the item at hand and another; ``inverse`` when the other one is the relation's subject."""

    row: int
    relation: str
    inverse: bool


@dataclass(frozen=True)
class RelationGraph:
    """Both directions of every relation, sorted by the item they start from."""

    names: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.int16]
    inverse: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, subjects: npt.NDArray[np.int32], relations: Sequence[str], objects: npt.NDArray[np.int32], items: int
    ) -> RelationGraph:
        """Build from parallel columns: ``subjects[k]`` is ``relations[k]`` of ``objects[k]``."""
        names = tuple(dict.fromkeys(relations))
        number = {name: code for code, name in enumerate(names)}
        codes = np.fromiter((number[name] for name in relations), np.int16, len(relations))
        start = np.concatenate([subjects, objects]).astype(np.int32)
        end = np.concatenate([objects, subjects]).astype(np.int32)
        kinds = np.concatenate([codes, codes])
        inverse = np.repeat([False, True], len(subjects))
        order = np.lexsort((end, kinds, inverse, start))
        starts = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=items))]).astype(np.int64)
        return cls(names, starts, end[order], kinds[order], inverse[order])

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("starts", "rows", "kinds", "inverse"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        (folder / "relations.json").write_text(json.dumps(self.names, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> RelationGraph:
        """Memory-map what ``save`` wrote."""
        names = tuple(json.loads((folder / "relations.json").read_text(encoding="utf-8")))
        arrays = (mapped(folder / f"{name}.npy") for name in ("starts", "rows", "kinds", "inverse"))
        return cls(names, *arrays)

    def edges(self, row: int) -> list[Edge]:
        """Return an item's relations: those it is the subject of first."""
        part = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return [
            Edge(end, self.names[kind], inverse)
            for end, kind, inverse in zip(
                self.rows[part].tolist(), self.kinds[part].tolist(), self.inverse[part].tolist(), strict=True
            )
        ]
