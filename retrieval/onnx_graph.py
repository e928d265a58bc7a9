"""Writes ONNX graphs node by node: what torch would export, without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

OPSET = 17


class Graph:
    """Collects nodes and weights; every method returns the name of its output."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self._known: set[str] = set()

    def constant(self, name: str, value: Any, dtype: npt.DTypeLike = np.float32) -> str:
        """Keep a weight; one of the same name is kept once."""
        from onnx import numpy_helper

        if name not in self._known:
            self._known.add(name)
            self.weights.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output."""
        from onnx import helper

        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def linear(self, inputs: str, weight: npt.NDArray[Any], bias: npt.NDArray[Any], name: str) -> str:
        """Add x · Wᵀ + b."""
        product = self.add("MatMul", inputs, self.constant(f"{name}.weight", weight.T))
        return self.add("Add", product, self.constant(f"{name}.bias", bias))

    def gelu(self, inputs: str) -> str:
        """Add the exact GELU."""
        error = self.add("Erf", self.add("Div", inputs, self.constant("root_two", np.sqrt(2.0))))
        gate = self.add("Mul", self.add("Add", error, self.constant("one_f", 1.0)), self.constant("half", 0.5))
        return self.add("Mul", inputs, gate)

    def model(self, name: str, inputs: dict[str, list[str]], output: str, shape: list[str | int]) -> ModelProto:
        """Return the checked model of int64 inputs and one float32 output."""
        from onnx import TensorProto, checker, helper

        given = [helper.make_tensor_value_info(key, TensorProto.INT64, axes) for key, axes in inputs.items()]
        given_back = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, name, given, given_back, self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        checker.check_model(made)
        return made
