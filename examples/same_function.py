"""Runs two ONNX models with onnxruntime on the same random inputs; fails where outputs differ by more than rounding.

usage: same_function.py BEFORE AFTER [INPUTS [TOLERANCE]]     (needs numpy and onnxruntime)

Unknown lengths of inputs are taken as 2. The difference of an output is relative to its largest entry; the tolerance
is 1e-5, and 0 asks for the same bits.
"""

import sys

import numpy
import onnxruntime


TYPES = {"tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(double)": numpy.float64, "tensor(float16)": numpy.float16}


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def draw(model, rng):
    """Random inputs of the shapes that a model states."""
    inputs = {}
    for entry in model.get_inputs():
        shape = [length if isinstance(length, int) else 2 for length in entry.shape]
        numbers = rng.integers(0, 2, shape) if "int" in entry.type else rng.uniform(-1, 1, shape)
        inputs[entry.name] = numbers.astype(TYPES.get(entry.type, numpy.float32))
    return inputs


def main(before, after, count=1000, tolerance=1e-5):
    one, other = session(before), session(after)
    rng = numpy.random.default_rng(0)
    absolute = relative = 0.0
    for _ in range(int(count)):
        inputs = draw(one, rng)
        for expected, found in zip(one.run(None, inputs), other.run(None, inputs), strict=True):
            if expected.dtype.kind != "f":
                if not numpy.array_equal(expected, found):
                    sys.exit("an output that is no number differs")
                continue
            if not numpy.isfinite(expected).all() or not numpy.isfinite(found).all():
                sys.exit("an output is not finite")
            distance = float(numpy.abs(expected - found).max())
            scale = float(numpy.abs(expected).max())
            absolute = max(absolute, distance)
            relative = max(relative, distance / scale if scale > 0 else distance)
    print(f"over {count} random inputs outputs differ by at most {absolute:.2e}, relative {relative:.2e}")
    if relative > float(tolerance):
        sys.exit("this is more than the tolerance")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
