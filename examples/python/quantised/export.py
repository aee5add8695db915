"""Networks as ONNX models."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .layers import Conv, Dense, Pool, Relu, Residual


class Graph:
    """Nodes and weights in the order in which they are added; tensors are named by their number."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, name, value):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def add(self, kind, inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def layer(self, layer, x):
        if isinstance(layer, Residual):
            inner = x
            for own in layer.layers:
                inner = self.layer(own, inner)
            return self.add("Add", [x, inner])
        if isinstance(layer, Relu):
            return self.add("Relu", [x])
        if isinstance(layer, Pool):
            return self.add("Flatten", [self.add("GlobalAveragePool", [x])])
        number = len(self.nodes)
        bias = layer.bias
        if isinstance(layer, Dense):
            names = [self.weight(f"weight_{number}", layer.weight.T), self.weight(f"bias_{number}", bias)]
            return self.add("Gemm", [x, *names], transB=1)
        return self.convolution(layer, x, number)

    def convolution(self, layer: Conv, x, number):
        size, edge = layer.size, layer.size // 2
        if layer.depthwise:
            weight = layer.weight.T.reshape(-1, 1, size, size)
        else:
            weight = layer.weight.transpose(2, 1, 0).reshape(len(layer.bias), -1, size, size)
        names = [self.weight(f"weight_{number}", weight), self.weight(f"bias_{number}", layer.bias)]
        group = len(weight) if layer.depthwise else 1
        return self.add("Conv", [x, *names], kernel_shape=[size] * 2, pads=[edge] * 4, strides=[layer.stride] * 2, group=group)


def model_of(network, shape):
    """The network as a model that reads images of this shape, channels first, and gives scores."""
    graph = Graph()
    x = "image"
    for layer in network.layers:
        x = graph.layer(layer, x)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *shape])
    scores = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 10])
    body = helper.make_graph(graph.nodes, "network", [image], [scores], graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
