"""Balancing, quantisation, and what is measured of a model: outputs, ranges of activations, noise."""

import logging
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from .equalise import Equaliser, equalised

# Both advise what is done on purpose, or not at all.
logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(3)

CONVERGED = 10_000

# Bits of the weights, and whether each output channel has a scale of its own. Activations have 8 bits.
SETTINGS = {
    "8 bits, per tensor": (QuantType.QInt8, False),
    "8 bits, per channel": (QuantType.QInt8, True),
    "4 bits, per tensor": (QuantType.QInt4, False),
    "4 bits, per channel": (QuantType.QInt4, True),
}

# Name, options of `synbal balance` or passes of equalisation.
ARMS = {
    "none": None,
    "one pass": 1,
    "equalised": CONVERGED,
    "l2": ["--regularizer", "l2"],
    "l2, powers of 2": ["--regularizer", "l2", "--power-of-two"],
    "lp:32": ["--regularizer", "lp:32"],
    "lp:256": ["--regularizer", "lp:256"],
}


def is_balancing(arm):
    return isinstance(ARMS[arm], list)


def treated(synbal, model, arm):
    """The model after this arm."""
    how = ARMS[arm]
    if how is None:
        return model
    if isinstance(how, int):
        return equalised(model, how)[0]
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder, "before.onnx"), pathlib.Path(folder, "after.onnx")
        onnx.save(model, before)
        found = subprocess.run([synbal, "balance", before, "-o", after, "--threads", "1", *how], capture_output=True, text=True)
        # 3: something is left undecided, such as the cross-check; that the function is the same is measured here anyway.
        if found.returncode not in (0, 3) or not after.exists():
            raise RuntimeError(f"synbal balance {' '.join(how)} ends with {found.returncode}: {found.stderr or found.stdout}")
        return onnx.load(after)


def prepared(path):
    """A model as onnxruntime wants it before it is quantised: norms merged, constants computed, in a version that knows scales by channel."""
    model = onnx.load(path)
    if next(own.version for own in model.opset_import if not own.domain) < 21:
        model = onnx.version_converter.convert_version(model, 21)
        model.ir_version = max(model.ir_version, 10)
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder, "before.onnx"), pathlib.Path(folder, "after.onnx")
        onnx.save(model, before)
        quant_pre_process(str(before), str(after), skip_symbolic_shape=True)
        result = onnx.load(after)
    # The quantiser takes the first axis of a bias for its channels, also where it is [1, channels].
    biases = {node.input[2] for node in result.graph.node if node.op_type == "Gemm" and len(node.input) > 2}
    for tensor in result.graph.initializer:
        if tensor.name in biases and len(tensor.dims) == 2 and tensor.dims[0] == 1:
            del tensor.dims[0]
    return result


def session(model):
    """Without graph optimisations: what is quantised is then computed as written, in floats between rounding, the same on every machine but for sums."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def outputs(model, feeds):
    """Each output of floats over all feeds."""
    own = session(model)
    names = [output.name for output in own.get_outputs() if output.type == "tensor(float)"]
    runs = [own.run(names, feed) for feed in feeds]
    return [np.concatenate([np.atleast_1d(run[place]) for run in runs]) for place in range(len(names))]


class Feeds(CalibrationDataReader):
    def __init__(self, feeds):
        self.rest = iter(feeds)

    def get_next(self):
        return next(self.rest, None)


def quantised(model, feeds, setting):
    """The model in integers: weights symmetric, by tensor or by output channel; activations by the least and largest value on the feeds."""
    weight_type, per_channel = SETTINGS[setting]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "quantised.onnx")
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        quantize_static(
            copy,
            path,
            Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            weight_type=weight_type,
            activation_type=QuantType.QInt8,
        )
        return onnx.load(path)


def weights_rounded(model, per_channel):
    """The model with its weights rounded to 8 bits, and nothing else."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    rounded = {}
    for layer, weight in Equaliser(model).own_weights():
        axes = tuple(axis for axis in range(weight.ndim) if not per_channel or axis != layer.written)
        scale = np.abs(weight).max(axes, keepdims=True) / 127
        scale = np.where(scale > 0, scale, 1)
        rounded[layer.weight] = (np.round(weight / scale) * scale).astype(np.float32)
    for tensor in copy.graph.initializer:
        if tensor.name in rounded:
            tensor.CopyFrom(numpy_helper.from_array(rounded[tensor.name], tensor.name))
    return copy


def noise(exact, rounded):
    """Signal over noise in decibels, over all outputs."""
    signal = sum(float(np.sum(np.square(own, dtype=np.float64))) for own in exact)
    error = sum(float(np.sum(np.square(own.astype(np.float64) - other))) for own, other in zip(exact, rounded))
    return 10 * np.log10(signal / error) if error > 0 else np.inf


def difference(one, other):
    """The largest difference of outputs, relative to the largest output."""
    return max(float(np.max(np.abs(own - its)) / np.max(np.abs(own))) for own, its in zip(one, other))


def activations(model, feeds):
    """The largest magnitude of each tensor that is quantised: not of what only a ReLU reads, which is rounded after it."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    readers = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    names = [name for node in model.graph.node for name in node.output if name in readers and readers[name] != {"Relu"}]
    del copy.graph.output[:]
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    own = session(copy)
    found = {}
    for feed in feeds:
        for name, value in zip(names, own.run(None, feed)):
            if value.dtype == np.float32 and value.size:
                found[name] = max(found.get(name, 0.0), float(np.max(np.abs(value))))
    return found


def spread(model):
    """How unequal channels are: the standard deviation of the logarithm of their largest weights, for each layer, from least to most."""
    found = []
    for layer, weight in Equaliser(model).own_weights():
        largest = np.abs(weight).max(tuple(axis for axis in range(weight.ndim) if axis != layer.written))
        found.append(float(np.std(np.log(largest[largest > 0]))))
    return sorted(found)


def growth(before, after):
    """The largest factor by which the range of an activation grew."""
    return max((after[name] / own for name, own in before.items() if own > 0), default=1.0)
