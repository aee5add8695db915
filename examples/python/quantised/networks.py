"""The digits, the networks that learn them, and what is done to these before they are exported: norms merged, channels skewed."""

import copy
import pathlib

import numpy as np

from .layers import Adam, Chain, Conv, Dense, Norm, Pool, Relu, Residual

DATA = pathlib.Path(__file__).resolve().parents[3] / "data"
SIZES = {"train": 1097, "calibration": 200, "test": 500}


def digits():
    """Images [N, 8, 8, 1] in [0, 1] and labels of the three parts; the split is fixed."""
    rows = np.loadtxt(DATA / "digits.csv", delimiter=",", dtype=np.float32)
    order = np.random.default_rng(0).permutation(len(rows))
    parts, first = {}, 0
    for name, size in SIZES.items():
        own = rows[order[first : first + size]]
        parts[name] = (own[:, :64].reshape(-1, 8, 8, 1) / 16, own[:, 64].astype(int))
        first += size
    return parts


def separable(rng, inputs, outputs, stride=1, norm=False):
    """A depthwise convolution and one of 1 x 1, each with ReLU."""
    depthwise = Conv(rng, inputs, inputs, stride=stride, depthwise=True)
    pointwise = Conv(rng, inputs, outputs, size=1)
    return with_relu(depthwise, norm, inputs) + with_relu(pointwise, norm, outputs)


def with_relu(conv, norm, channels):
    return [conv, Norm(channels), Relu()] if norm else [conv, Relu()]


def perceptron(rng):
    return Chain(Dense(rng, 64, 64), Relu(), Dense(rng, 64, 48), Relu(), Dense(rng, 48, 32), Relu(), Dense(rng, 32, 10))


def plain(rng):
    convs = [Conv(rng, 1, 16), Relu(), Conv(rng, 16, 32, stride=2), Relu(), Conv(rng, 32, 32), Relu()]
    return Chain(*convs, Pool(), Dense(rng, 32, 10))


def residual(rng):
    blocks = []
    for _ in range(2):
        blocks += [Residual(Conv(rng, 24, 24), Relu(), Conv(rng, 24, 24)), Relu()]
    return Chain(Conv(rng, 1, 24, stride=2), Relu(), *blocks, Pool(), Dense(rng, 24, 10))


def depthwise(rng, norm=False):
    stem = with_relu(Conv(rng, 1, 16), norm, 16)
    blocks = separable(rng, 16, 32, stride=2, norm=norm) + separable(rng, 32, 32, norm=norm) + separable(rng, 32, 32, norm=norm)
    return Chain(*stem, *blocks, Pool(), Dense(rng, 32, 10))


def depthwise_norm(rng):
    return depthwise(rng, norm=True)


ARCHITECTURES = {
    "perceptron": perceptron,
    "plain CNN": plain,
    "residual CNN": residual,
    "depthwise CNN": depthwise,
    "depthwise CNN, norms merged": depthwise_norm,
}


def trained(name, seed, epochs, images, labels):
    """A network of this architecture after so many epochs of Adam on the cross-entropy."""
    rng = np.random.default_rng([seed, list(ARCHITECTURES).index(name)])
    network = ARCHITECTURES[name](rng)
    optimizer = Adam([layer for layer in network.all_layers() if layer.parameters], rate=0.003)
    images = shaped(name, images)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for first in range(0, len(order) - 49, 50):
            batch = order[first : first + 50]
            scores = network.forward(images[batch], training=True)
            odds = np.exp(scores - scores.max(1, keepdims=True))
            odds /= odds.sum(1, keepdims=True)
            odds[np.arange(len(batch)), labels[batch]] -= 1
            network.backward(odds / np.float32(len(batch)))
            optimizer.step()
    return merged(network)


def shaped(name, images):
    return images.reshape(len(images), -1) if name == "perceptron" else images


def merged(network):
    """The same function with each norm multiplied into the convolution before it."""
    layers = []
    for layer in network.layers:
        if not isinstance(layer, Norm):
            layers.append(layer)
            continue
        factor = layer.gain / np.sqrt(layer.variance + layer.EPSILON)
        conv = layers[-1].parameters
        conv["weight"] = conv["weight"] * factor
        conv["bias"] = (conv["bias"] - layer.mean) * factor + layer.shift
    return Chain(*layers)


def skewed(network, size, rng):
    """The same function with all hidden channels multiplied by exp(N(0, size)), and divided out behind."""
    network = copy.deepcopy(network)
    last = network.layers[-1]
    skew(network.layers, np.ones(1, np.float32), lambda layer, channels: np.ones(channels) if layer is last else np.exp(rng.normal(0, size, channels)))
    return network


def skew(layers, below, factors):
    """Goes through layers that read channels multiplied by `below`; returns what theirs are multiplied by."""
    for layer in layers:
        if isinstance(layer, Residual):
            final = layer.layers[-1]
            stream = below
            skew(layer.layers, below, lambda own, channels: stream if own is final else factors(own, channels))
        elif isinstance(layer, (Conv, Dense)):
            own = layer.parameters
            above = factors(layer, len(own["bias"])).astype(np.float32)
            depthwise = own["weight"].ndim == 2 and isinstance(layer, Conv)
            inner = below if depthwise else below[:, None]
            own["weight"] = own["weight"] / inner * above
            own["bias"] = own["bias"] * above
            below = above
    return below
