"""The category tree: which paths lie under which node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from retrieval.columns import Bools, CodeColumn, Ints, fold

JOINER = " > "
"""Stands between a path's elements in every text that names a path."""

Path = tuple[str, ...]


def split_path(text: str) -> Path:
    """Split ``Audio > Headphones`` at its joiner, with or without the spaces."""
    return tuple(part for part in (piece.strip() for piece in text.split(">")) if part)


class CategoryTree:
    """All category paths that items have. Codes are those of the catalogue's ``category`` column."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Keep the paths, by code."""
        self.paths = list(paths)

    @cached_property
    def _nodes(self) -> dict[str, list[int]]:
        """Folded node name -> codes of the paths that go through a node of that name."""
        index: dict[str, list[int]] = {}
        for code, path in enumerate(self.paths):
            for name in {fold(part) for part in path}:
                index.setdefault(name, []).append(code)
        return index

    def under(self, wanted: Iterable[str], part: bool = False) -> Bools:
        """Return for each path whether it lies in the subtree of one of the wanted nodes.

        Args:
            wanted: node names ("Headphones") or paths from the root ("Audio > Headphones"); case is ignored.
            part: a node also counts when its name only contains the wanted text.
        """
        table = np.zeros(len(self.paths), dtype=np.bool_)
        for text in wanted:
            name = fold(text)
            table[self._nodes.get(name, [])] = True
            if ">" in text:
                prefix = tuple(fold(piece) for piece in split_path(text))
                table |= [tuple(fold(piece) for piece in path[: len(prefix)]) == prefix for path in self.paths]
            elif part and name:
                table[[code for node, codes in self._nodes.items() if name in node for code in codes]] = True
        return table

    def node(self, text: str) -> str | None:
        """Return the catalogue's spelling of a node name or path, or None."""
        wanted = fold(text)
        for path in self.paths:
            for name in path:
                if fold(name) == wanted:
                    return name
        if ">" in text and self.under([text]).any():
            return JOINER.join(split_path(text))
        return None

    def counts(self, column: CodeColumn) -> dict[str, int]:
        """Return node name -> items under the nodes of that name, most first."""
        totals: dict[str, int] = {}
        for code, count in enumerate(column.counts.tolist()):
            for name in dict.fromkeys(self.paths[code]):
                totals[name] = totals.get(name, 0) + count
        return dict(sorted(totals.items(), key=lambda entry: -entry[1]))

    def children(self, path: Path = ()) -> tuple[str, ...]:
        """Return the names of the nodes right under a path, in order of first appearance."""
        depth = len(path)
        return tuple(dict.fromkeys(each[depth] for each in self.paths if len(each) > depth and each[:depth] == path))


def encode_paths(paths: Sequence[Path | None]) -> tuple[Ints, list[Path]]:
    """Return a code for each item's path (-1: none), and the distinct paths."""
    codes: dict[Path, int] = {}
    dense = np.fromiter(
        (codes.setdefault(path, len(codes)) if path else -1 for path in paths), dtype=np.int32, count=len(paths)
    )
    return dense, list(codes)
