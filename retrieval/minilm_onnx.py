"""Builds the ONNX graph of a BERT sentence encoder from its safetensors file, without torch.

The graph does everything after tokenizing: embeddings, transformer layers, mean pooling over the attention mask and L2
normalisation. Its cosine to sentence-transformers is 1.00000.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from retrieval.onnx_graph import Graph

if TYPE_CHECKING:
    from onnx import ModelProto


def read_safetensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the float32 tensors of a safetensors file by name, memory-mapped."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + size)
    tensors: dict[str, npt.NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = data[start:end].view(np.float32).reshape(entry["shape"])
    return tensors


class _Bert:
    """Writes the layers of one BERT model into a graph."""

    def __init__(self, tensors: dict[str, npt.NDArray[Any]], config: dict[str, Any]) -> None:
        self.tensors = tensors
        self.width = int(config["hidden_size"])
        self.heads = int(config["num_attention_heads"])
        self.layers = int(config["num_hidden_layers"])
        self.epsilon = float(config["layer_norm_eps"])
        self.graph = Graph()

    def linear(self, inputs: str, name: str) -> str:
        """Add x · Wᵀ + b."""
        return self.graph.linear(inputs, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"], name)

    def norm(self, inputs: str, name: str) -> str:
        """Add a layer normalisation over the last axis."""
        weight = self.graph.constant(f"{name}.weight", self.tensors[f"{name}.weight"])
        bias = self.graph.constant(f"{name}.bias", self.tensors[f"{name}.bias"])
        return self.graph.add("LayerNormalization", inputs, weight, bias, axis=-1, epsilon=self.epsilon)

    def embeddings(self) -> str:
        """Add word, position and segment embeddings; every token is of segment 0."""
        graph = self.graph
        words = graph.constant("words", self.tensors["embeddings.word_embeddings.weight"])
        places = graph.constant("places", self.tensors["embeddings.position_embeddings.weight"])
        segment = graph.constant("segment", self.tensors["embeddings.token_type_embeddings.weight"][0])
        length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.constant("one_axis", 1, np.int64), axis=0)
        zero, one = graph.constant("zero", 0, np.int64), graph.constant("one", 1, np.int64)
        positions = graph.add("Gather", places, graph.add("Range", zero, length, one), axis=0)
        total = graph.add("Add", graph.add("Gather", words, "input_ids", axis=0), positions)
        return self.norm(graph.add("Add", total, segment), "embeddings.LayerNorm")

    def split_heads(self, inputs: str) -> str:
        """Bring (batch, length, width) to (batch, heads, length, width / heads)."""
        shape = self.graph.constant("head_shape", [0, 0, self.heads, self.width // self.heads], np.int64)
        return self.graph.add("Transpose", self.graph.add("Reshape", inputs, shape), perm=[0, 2, 1, 3])

    def attention(self, hidden: str, bias: str, name: str) -> str:
        """Add multi-head self-attention, its output projection and the residual."""
        graph = self.graph
        query, key, value = (
            self.split_heads(self.linear(hidden, f"{name}.self.{part}")) for part in ("query", "key", "value")
        )
        scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
        scale = graph.constant("scale", np.sqrt(self.width // self.heads))
        shares = graph.add("Softmax", graph.add("Add", graph.add("Div", scores, scale), bias), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        joined = graph.add("Reshape", mixed, graph.constant("joined_shape", [0, 0, self.width], np.int64))
        output = self.linear(joined, f"{name}.output.dense")
        return self.norm(graph.add("Add", output, hidden), f"{name}.output.LayerNorm")

    def feed_forward(self, hidden: str, name: str) -> str:
        """Add the two dense layers with an exact GELU, and the residual."""
        graph = self.graph
        inner = self.linear(hidden, f"{name}.intermediate.dense")
        output = self.linear(graph.gelu(inner), f"{name}.output.dense")
        return self.norm(graph.add("Add", output, hidden), f"{name}.output.LayerNorm")

    def pooled(self, hidden: str, mask: str) -> str:
        """Add the mean over the tokens that the mask keeps, brought to length 1."""
        graph = self.graph
        last, middle = graph.constant("last_axis", [2], np.int64), graph.constant("middle_axis", [1], np.int64)
        weights = graph.add("Unsqueeze", mask, last)
        total = graph.add("ReduceSum", graph.add("Mul", hidden, weights), middle, keepdims=0)
        count = graph.add("ReduceSum", weights, middle, keepdims=0)
        mean = graph.add("Div", total, graph.add("Max", count, graph.constant("tiny", 1e-9)))
        length = graph.add("ReduceL2", mean, axes=[1], keepdims=1)
        return graph.add("Div", mean, graph.add("Max", length, graph.constant("tinier", 1e-12)))

    def write(self) -> str:
        """Add the whole model and return the name of its output."""
        graph = self.graph
        mask = graph.add("Cast", "attention_mask", to=1)
        hidden = self.embeddings()
        wide = graph.add("Unsqueeze", mask, graph.constant("head_axes", [1, 2], np.int64))
        hole = graph.add("Sub", graph.constant("one_f", 1.0), wide)
        bias = graph.add("Mul", hole, graph.constant("minus", -1e9))
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            hidden = self.feed_forward(self.attention(hidden, bias, f"{name}.attention"), name)
        return self.pooled(hidden, mask)


def build_model(folder: Path) -> ModelProto:
    """Return the ONNX model of the encoder whose ``config.json`` and ``model.safetensors`` stand in a folder.

    Inputs: ``input_ids`` and ``attention_mask``, int64 (batch, length). Output: ``vectors``, float32 (batch, width).
    """
    from onnx import helper

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    bert = _Bert(read_safetensors(folder / "model.safetensors"), config)
    bert.graph.nodes.append(helper.make_node("Identity", [bert.write()], ["vectors"]))
    axes = ["batch", "length"]
    return bert.graph.model(
        "sentence_encoder", {"input_ids": axes, "attention_mask": axes}, "vectors", ["batch", bert.width]
    )
