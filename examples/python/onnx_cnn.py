"""Balances a small convolutional network as an ONNX model: python onnx_cnn.py"""

import numpy as np
import onnx
import synaptic_balance as sb
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(7)


def weight(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)


# Two convolutions, the second depthwise, a pool and a linear layer; the channels of the first two are free to be scaled.
nodes = [
    helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["c1"], ["r1"]),
    helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], group=8),
    helper.make_node("Relu", ["c2"], ["r2"]),
    helper.make_node("GlobalAveragePool", ["r2"], ["p"]),
    helper.make_node("Flatten", ["p"], ["f"]),
    helper.make_node("Gemm", ["f", "w3", "b3"], ["scores"], transB=1),
]
weights = [weight("w1", 8, 3, 3, 3), weight("b1", 8), weight("w2", 8, 1, 3, 3), weight("b2", 8), weight("w3", 10, 8), weight("b3", 10)]
image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])
graph = helper.make_graph(nodes, "cnn", [image], [scores], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

explained = sb.explain(model)
print(f"{explained.dimension} channels can be scaled, deficit {explained.deficit:.2f}")
found = sb.balance(model, certify=12)
print(found)

x = {"image": rng.normal(size=(1, 3, 16, 16)).astype(np.float32)}
before, after = (ReferenceEvaluator(m).run(None, x)[0] for m in (model, found.model))
print(f"outputs differ by at most {np.abs(before - after).max() / np.abs(before).max():.1e}, relative")
assert np.allclose(before, after, rtol=1e-4, atol=1e-5)
assert sb.check(model, found.model)

# With powers of two they do not differ at all.
exact = sb.balance(model, power_of_two=True).model
assert np.array_equal(before, ReferenceEvaluator(exact).run(None, x)[0])
