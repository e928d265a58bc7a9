"""Models as training leaves them, with weights by chance: small, without torch, in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from retrieval.opened import OpenIndex
from retrieval.sequential import SequentialModel, session_of
from retrieval.sequential_onnx import build_model
from retrieval.towers import Projections, Towers

WIDTH, PLACES, HEADS = 8, 6, 2


def arrays(items: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Return weights of a network of two blocks."""
    draw = np.random.default_rng(seed)
    shapes = {"items": (items, WIDTH), "places.weight": (PLACES, WIDTH), "norm.weight": (WIDTH,), "norm.bias": (WIDTH,)}
    for block in range(2):
        dense = {"qkv": (3 * WIDTH, WIDTH), "out": (WIDTH, WIDTH), "up": (2 * WIDTH, WIDTH), "down": (WIDTH, 2 * WIDTH)}
        for name, shape in dense.items():
            shapes[f"blocks.{block}.{name}.weight"] = shape
            shapes[f"blocks.{block}.{name}.bias"] = shape[:1]
        for name in ("norm1", "norm2"):
            shapes |= {f"blocks.{block}.{name}.{part}": (WIDTH,) for part in ("weight", "bias")}
    return {name: draw.normal(0.0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def graph(items: int, seed: int = 1) -> bytes:
    """Return an ONNX file."""
    found: bytes = build_model(arrays(items, seed), HEADS).SerializeToString()
    return found


def projections(dimensions: int, usual: float = 0.5) -> Projections:
    """Return two towers."""
    draw = np.random.default_rng(2)
    users, items = draw.normal(0.0, 0.1, (2, dimensions, 4)).astype(np.float32)
    return Projections(users, items, np.full(dimensions, 0.01, dtype=np.float32), usual)


def with_models(index: OpenIndex) -> OpenIndex:
    """Return an index that has both."""
    rows = np.arange(len(index.catalogue))
    found = projections(index.vectors.shape[1])
    towers = Towers(found, found.of_items(index.vectors), index.vectors, 240.0)
    sequential = SequentialModel(session_of(graph(len(rows))), rows, rows, PLACES, 3.0)
    return replace(index, sequential=sequential, towers=towers, _derived={})
