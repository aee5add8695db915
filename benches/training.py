"""An epoch of the autoencoder 784-200-100-50-100-200-784 in NumPy: what `cargo bench --bench training` compares with.

python3 benches/training.py f64 60000 200 prints the seconds.
"""

import sys
import time

import numpy

SIZES = [784, 200, 100, 50, 100, 200, 784]


def main() -> None:
    number = {"f64": numpy.float64, "f32": numpy.float32}[sys.argv[1]]
    count, batch = int(sys.argv[2]), int(sys.argv[3])
    random = numpy.random.default_rng(1)
    weights = [
        (random.standard_normal((before, after)) * (2 / before) ** 0.5).astype(number)
        for before, after in zip(SIZES, SIZES[1:])
    ]
    biases = [numpy.zeros(after, number) for after in SIZES[1:]]
    images = random.random((count, SIZES[0])).astype(number)
    rate = number(0.001 / batch)

    start = time.perf_counter()
    for first in range(0, count, batch):
        values = [images[first : first + batch]]
        for layer, (weight, bias) in enumerate(zip(weights, biases)):
            total = values[-1] @ weight
            total += bias
            if layer < len(weights) - 1:
                numpy.maximum(total, 0, out=total)
            values.append(total)
        slope = values[-1] - values[0]
        for layer in range(len(weights) - 1, -1, -1):
            weight_slope = values[layer].T @ slope
            bias_slope = slope.sum(axis=0)
            if layer > 0:
                before = slope @ weights[layer].T
                before *= values[layer] > 0
            weights[layer] -= rate * weight_slope
            biases[layer] -= rate * bias_slope
            if layer > 0:
                slope = before
    print(time.perf_counter() - start)


main()
