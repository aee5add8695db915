"""Cross-layer equalisation of ONNX models, from its published description (Nagel, van Baalen, Blankevoort, Welling 2019, arXiv:1906.04721).

For two layers in a row, the second the only reader of the first, with ranges r1 of the first's output channels and r2 of the second's input
channels: the first's channel is divided by s = sqrt(r1 r2) / r2, and the second's multiplied by it, so that both ranges become sqrt(r1 r2). For a
convolution, a depthwise one and a third in a row the three ranges of a channel become the cube root of their product. ReLU and pooling may stand
between. What several layers read (the stream of a residual network) is in no pair, and stays as it is.
"""

import dataclasses

import numpy as np
import onnx
from onnx import numpy_helper

BETWEEN = {"Relu", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "Flatten", "Identity"}


@dataclasses.dataclass
class Linear:
    """A layer: the names of its weight and bias, its node's output, and which axes of the weight are channels written and read."""

    weight: str
    bias: str | None
    output: str
    written: int
    read: int
    depthwise: bool


class Equaliser:
    def __init__(self, model):
        self.graph = model.graph
        self.tensors = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in model.graph.initializer}
        self.readers = {}
        for node in model.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.outputs = {output.name for output in model.graph.output}
        self.layers = {}
        for node in model.graph.node:
            layer = self.layer(node)
            if layer is not None:
                self.layers[layer.weight] = layer

    def only_reader(self, name):
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def layer(self, node):
        """The node as a layer, if it is one with weights of its own."""
        if node.op_type not in ("Conv", "Gemm", "MatMul") or node.input[1] not in self.tensors or len(self.readers[node.input[1]]) != 1:
            return None
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        weight, output = node.input[1], node.output[0]
        bias = node.input[2] if len(node.input) > 2 else None
        if node.op_type == "Conv":
            group = attributes.get("group", 1)
            depthwise = group > 1 and group == len(self.tensors[weight])
            return Linear(weight, bias, output, 0, 0 if depthwise else 1, depthwise) if group == 1 or depthwise else None
        after = self.only_reader(output)
        if bias is None and after is not None and after.op_type == "Add":
            added = [name for name in after.input if name in self.tensors]
            if added:
                bias, output = added[0], after.output[0]
        written = 0 if attributes.get("transB", 0) else 1
        return Linear(weight, bias, output, written, 1 - written, False)

    def follower(self, layer):
        """The layer that alone reads this one's channels, if there is one."""
        name = layer.output
        while True:
            reader = self.only_reader(name)
            if reader is None:
                return None
            if reader.op_type in BETWEEN:
                name = reader.output[0]
                continue
            after = self.layers.get(reader.input[1]) if len(reader.input) > 1 and reader.input[0] == name else None
            same = after is not None and self.tensors[after.weight].shape[after.read] == self.tensors[layer.weight].shape[layer.written]
            return after if same else None

    def sets(self):
        """Pairs, and triples around depthwise layers, in the order of the graph."""
        found, middles = [], set()
        for layer in self.layers.values():
            after = self.follower(layer)
            if after is None or layer.weight in middles:
                continue
            third = self.follower(after) if after.depthwise and not layer.depthwise else None
            if third is not None:
                middles.add(after.weight)
            found.append([layer, after] + ([third] if third is not None else []))
        return found

    def own_weights(self):
        return [(layer, self.tensors[layer.weight]) for layer in self.layers.values()]

    def ranges(self, layer, axis):
        weight = np.abs(self.tensors[layer.weight])
        return weight.max(tuple(other for other in range(weight.ndim) if other != axis))

    def multiply(self, layer, axis, factors):
        weight = self.tensors[layer.weight]
        shape = [1] * weight.ndim
        shape[axis] = -1
        self.tensors[layer.weight] = weight * factors.reshape(shape)

    def equalise(self, layers):
        """One set made equal; returns the largest change, as a logarithm."""
        ranges = [self.ranges(layers[0], layers[0].written)] + [self.ranges(layer, layer.read) for layer in layers[1:]]
        alive = np.all([own > 0 for own in ranges], axis=0)
        ranges = [np.where(alive, own, 1.0) for own in ranges]
        wanted = np.prod(ranges, axis=0) ** (1 / len(ranges))
        total = np.ones_like(wanted)
        change = 0.0
        for layer, own in zip(layers[:-1], ranges):
            self.multiply(layer, layer.written, wanted / own)
            total = total * wanted / own
            if layer.bias is not None:
                self.tensors[layer.bias] = self.tensors[layer.bias] * total
            change = max(change, np.abs(np.log(total)).max())
        self.multiply(layers[-1], layers[-1].read, 1 / total)
        return change

    def run(self, passes, tolerance=1e-7):
        """So many passes over all sets, fewer if nothing changes any more; returns how many."""
        sets = self.sets()
        for number in range(1, passes + 1):
            if max((self.equalise(own) for own in sets), default=0.0) < tolerance:
                return number
        return passes


def equalised(model, passes):
    """The model after so many passes, and how many were made."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    equaliser = Equaliser(result)
    made = equaliser.run(passes)
    for tensor in result.graph.initializer:
        own = numpy_helper.to_array(tensor)
        if own.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(equaliser.tensors[tensor.name].astype(np.float32), tensor.name))
    return result, made
