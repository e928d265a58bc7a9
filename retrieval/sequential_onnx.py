"""Builds the ONNX graph of the sequential model from its weights, without torch.

Input: ``items``, int64 (batch, length), numbers of items in the order in which a user took them, at most as many as
the model has places. Output: ``scores``, float32 (batch, items): what comes next, before any scaling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from retrieval.onnx_graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onnx import ModelProto

HOLE = -1e9
EPSILON = 1e-5


def build_model(arrays: Mapping[str, npt.NDArray[np.float32]], heads: int) -> ModelProto:
    """Return the model of a training's weights (``retrieval.training.sequential``)."""
    network = _Network(arrays, heads)
    scores = network.write()
    graph = network.graph
    from onnx import helper

    graph.nodes.append(helper.make_node("Identity", [scores], ["scores"]))
    return graph.model("what_comes_next", {"items": ["batch", "length"]}, "scores", ["batch", len(arrays["items"])])


class _Network:
    """Writes the layers into a graph; every method returns the name of its output."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[np.float32]], heads: int) -> None:
        self.arrays, self.heads = arrays, heads
        self.width = arrays["items"].shape[1]
        self.blocks = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("blocks."))
        self.graph = Graph()

    def write(self) -> str:
        """Add everything from the items' vectors to the scores."""
        graph = self.graph
        items = graph.constant("items_by_number", self.arrays["items"])
        length = graph.add("Gather", graph.add("Shape", "items"), graph.constant("one_axis", 1, np.int64), axis=0)
        zero, one = graph.constant("zero", 0, np.int64), graph.constant("one", 1, np.int64)
        order = graph.add("Range", zero, length, one)
        hidden = graph.add("Gather", items, "items", axis=0)
        hidden = graph.add("Mul", hidden, graph.constant("loudness", np.sqrt(np.float32(self.width))))
        hidden = graph.add("Add", hidden, self.places(length, order))
        mask = self.mask(order)
        for block in range(self.blocks):
            hidden = self.block(hidden, mask, f"blocks.{block}")
        last = graph.add("Gather", hidden, graph.constant("last", -1, np.int64), axis=1)
        return graph.add("MatMul", self.norm(last, "norm"), graph.constant("items_turned", self.arrays["items"].T))

    def places(self, length: str, order: str) -> str:
        """Add the vectors of the last places: the newest item always stands on the last."""
        graph, table = self.graph, self.arrays["places.weight"]
        first = graph.add("Sub", graph.constant("all_places", len(table), np.int64), length)
        return graph.add("Gather", graph.constant("places", table), graph.add("Add", first, order), axis=0)

    def mask(self, order: str) -> str:
        """Add 0 where a place may look, at itself and what came before, and a hole elsewhere."""
        graph = self.graph
        across = graph.add("Unsqueeze", order, graph.constant("axis_0", [0], np.int64))
        down = graph.add("Unsqueeze", order, graph.constant("axis_1", [1], np.int64))
        seen = graph.add("LessOrEqual", across, down)
        return graph.add("Where", seen, graph.constant("nothing", 0.0), graph.constant("hole", HOLE))

    def norm(self, inputs: str, name: str) -> str:
        """Add a layer normalisation over the last axis."""
        weight, bias = (
            self.graph.constant(f"{name}.{part}", self.arrays[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        return self.graph.add("LayerNormalization", inputs, weight, bias, axis=-1, epsilon=EPSILON)

    def linear(self, inputs: str, name: str) -> str:
        """Add x · Wᵀ + b."""
        return self.graph.linear(inputs, self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"], name)

    def block(self, hidden: str, mask: str, name: str) -> str:
        """Add attention and the two dense layers, each normalised first and added to its input."""
        graph, width = self.graph, self.width
        normed = self.norm(hidden, f"{name}.norm1")
        parts = [self.split(normed, f"{name}.qkv", part) for part in range(3)]
        scores = graph.add("MatMul", parts[0], graph.add("Transpose", parts[1], perm=[0, 1, 3, 2]))
        scale = graph.constant("scale", np.sqrt(np.float32(width // self.heads)))
        shares = graph.add("Softmax", graph.add("Add", graph.add("Div", scores, scale), mask), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", shares, parts[2]), perm=[0, 2, 1, 3])
        joined = graph.add("Reshape", mixed, graph.constant("joined_shape", [0, 0, width], np.int64))
        hidden = graph.add("Add", hidden, self.linear(joined, f"{name}.out"))
        inner = graph.gelu(self.linear(self.norm(hidden, f"{name}.norm2"), f"{name}.up"))
        return graph.add("Add", hidden, self.linear(inner, f"{name}.down"))

    def split(self, inputs: str, name: str, part: int) -> str:
        """Add query (0), key (1) or value (2) by heads: (batch, heads, length, width / heads)."""
        rows = slice(part * self.width, (part + 1) * self.width)
        weight, bias = self.arrays[f"{name}.weight"][rows], self.arrays[f"{name}.bias"][rows]
        found = self.graph.linear(inputs, weight, bias, f"{name}.{part}")
        shape = self.graph.constant("head_shape", [0, 0, self.heads, self.width // self.heads], np.int64)
        return self.graph.add("Transpose", self.graph.add("Reshape", found, shape), perm=[0, 2, 1, 3])
