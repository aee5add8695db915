"""One network through all conditions, arms and settings; models in files through all arms."""

import numpy as np

from .export import model_of
from .measure import ARMS, SETTINGS, activations, difference, growth, noise, outputs, prepared, quantised, spread, treated, weights_rounded
from .networks import shaped, skewed, trained

# More than rounding to 32-bit floats does to these networks, far less than quantisation does.
SAME = 1e-5

# Draws of inputs for models in files.
DRAWS = 5


def feeds_of(name, images, batch=100):
    images = shaped(name, images.transpose(0, 3, 1, 2))
    return [{"image": images[first : first + batch]} for first in range(0, len(images), batch)]


def learned(synbal, name, seed, epochs, skews, data):
    """Trains one network, and gives what is measured by condition and arm."""
    network = trained(name, seed, epochs, *data["train"])
    shape = shaped(name, data["test"][0][:1].transpose(0, 3, 1, 2)).shape[1:]
    feeds = {part: feeds_of(name, data[part][0]) for part in ("calibration", "test")}
    labels = data["test"][1]
    found = {}
    for skew in skews:
        # The same draw for all sizes: the factors of skew 2 are those of skew 1 squared.
        rng = np.random.default_rng([seed, 1000])
        model = model_of(skewed(network, skew, rng), shape)
        found[str(skew)] = {arm: measured(model, treated(synbal, model, arm), arm, feeds, labels) for arm in ARMS}
    return found


def measured(before, after, arm, feeds, labels=None, settings=SETTINGS):
    """What is measured of one model after one arm; the function must be the one before, bit for bit with powers of two."""
    exact, scores = outputs(before, feeds["test"]), outputs(after, feeds["test"])
    change = difference(exact, scores)
    if change > (0 if "powers of 2" in arm else SAME):
        raise RuntimeError(f"{arm} changes the outputs by {change:.1e}, relative")
    ranges = [activations(model, feeds["calibration"]) for model in (before, after)]
    result = {"change": change, "growth": growth(*ranges), "spread": spread(after)}
    if labels is not None:
        result["float"] = accuracy(scores[0], labels)
    for setting in settings:
        rounded = outputs(quantised(after, feeds["calibration"], setting), feeds["test"])
        result[setting] = {"noise": noise(scores, rounded)}
        if labels is not None:
            result[setting]["accuracy"] = accuracy(rounded[0], labels)
        else:
            alone = outputs(weights_rounded(after, SETTINGS[setting][1]), feeds["test"])
            result[setting]["weights alone"] = noise(scores, alone)
    return result


def accuracy(scores, labels):
    return float(np.mean(scores.argmax(1) == labels))


def shipped(synbal, path, shape, data, progress):
    """A model from a file, with one input, in 8 bits: by arm what is measured on each draw; where an arm cannot be run, why."""
    model = prepared(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise RuntimeError(f"{path}: {len(inputs)} inputs")

    def feeds_of_draw(draw):
        return {part: [{inputs[0]: image} for image in images_for(part, draw, shape, data)] for part in ("calibration", "test")}

    draws = [feeds_of_draw(draw) for draw in range(DRAWS)]
    found = {}
    for arm in ARMS:
        progress(f"{path.name}: {arm}")
        try:
            after = treated(synbal, model, arm)
            found[arm] = [measured(model, after, arm, feeds, settings=list(SETTINGS)[:2]) for feeds in draws]
        except RuntimeError as problem:
            found[arm] = {"failed": str(problem)}
    return found


def images_for(part, draw, shape, data):
    """Half of the digits for a model without a stated shape, else four images of noise."""
    rng = np.random.default_rng([draw, len(part)])
    if shape is None:
        images = data[part][0].reshape(-1, 64)
        return [images[rng.permutation(len(images))[: len(images) // 2]]]
    return [noise_image(rng, shape) for _ in range(4)]


def noise_image(rng, shape):
    """Noise that is coarse along all long axes, and a little fine noise, between -1 and 1."""
    steps = [16 if length >= 64 else 1 for length in shape]
    coarse = rng.normal(0, 0.5, [-(-length // step) for length, step in zip(shape, steps)])
    for axis, step in enumerate(steps):
        coarse = coarse.repeat(step, axis)
    coarse = coarse[tuple(slice(length) for length in shape)]
    return np.clip(coarse + rng.normal(0, 0.1, shape), -1, 1).astype(np.float32)
