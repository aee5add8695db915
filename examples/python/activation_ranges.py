"""Ranges of a model's activations over calibration data, for `synbal balance MODEL --activations`.

    python activation_ranges.py MODEL.onnx INPUTS.npz -o ranges.npz

INPUTS.npz holds an array for each input of the model, its samples along the first axis; they are run one after the other, or in batches of --batch.
Of every tensor that a layer reads and an operator makes (of all that operators make with --all) the largest magnitude of each channel is kept. Channels are axis 1
of what has four axes or more, and the last axis of everything else; --axis says another one, for all that has three or more. Needs numpy, onnx and onnxruntime.
"""

import argparse

import numpy as np
import onnx
import onnxruntime


LAYERS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}


def with_outputs(model, everything):
    """The model with more outputs, and the names of those that are wanted."""
    model = onnx.shape_inference.infer_shapes(model)
    known = {own.name: own for own in [*model.graph.value_info, *model.graph.output]}
    made = [name for node in model.graph.node for name in node.output if name in known]
    floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}
    made = [name for name in made if known[name].type.tensor_type.elem_type in floats]
    if not everything:
        read = {name for node in model.graph.node if node.op_type in LAYERS for name in node.input}
        made = [name for name in made if name in read]
    present = {own.name for own in model.graph.output}
    model.graph.output.extend(known[name] for name in made if name not in present)
    return model, made


def largest(value, axis):
    """The largest magnitude of each channel of a batch."""
    if value.ndim < 2:
        return None
    channels = axis if axis is not None and value.ndim > 2 else 1 if value.ndim > 3 else value.ndim - 1
    others = tuple(own for own in range(value.ndim) if own != channels % value.ndim)
    return np.abs(value).max(axis=others)


def ranges(model, inputs, batch=1, axis=None, everything=False):
    model, made = with_outputs(model, everything)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = {}
    for start in range(0, len(next(iter(inputs.values()))), batch):
        feed = {name: samples[start : start + batch] for name, samples in inputs.items()}
        for name, value in zip(made, session.run(made, feed)):
            own = largest(value, axis)
            if own is not None:
                found[name] = np.maximum(found[name], own) if name in found else own
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("inputs")
    parser.add_argument("-o", "--output", default="ranges.npz")
    parser.add_argument("--batch", type=int, default=1, help="samples at once; the model must take so many")
    parser.add_argument("--axis", type=int, help="the axis of channels of tensors with three axes or more")
    parser.add_argument("--all", action="store_true", help="what operators make that no layer reads, too")
    own = parser.parse_args()
    with np.load(own.inputs) as inputs:
        found = ranges(onnx.load(own.model), dict(inputs), own.batch, own.axis, own.all)
    np.savez(own.output, **found)


if __name__ == "__main__":
    main()
