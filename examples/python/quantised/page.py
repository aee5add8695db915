"""The page: what was done, tables, and sentences whose numbers and verdicts follow from the tables."""

import itertools

import numpy as np
import onnx
import onnxruntime

from . import tables
from .measure import ARMS, SETTINGS
from .networks import DATA
from .statistics import Table, beyond_chance, interval, sign

HEAD = """# Quantisation

Integers have one scale for a tensor, or one for each output channel of a weight. Where channels are of unequal size the small ones are lost in rounding.
Balancing makes them more equal without changing the function. Does a network then lose less when it is quantised, and how does that compare with what
tools for quantisation do already, cross-layer equalisation? This page, its tables and its verdicts are written by
[`examples/python/quantisation.py`](../examples/python/quantisation.py), which also trains the networks.

![Accuracy of quantised networks against the skew of their channels](quantisation.svg)
"""

METHOD = """## What was done

* **Networks** that learn the 8 x 8 digits of `data/digits.csv` ({train} images to learn from, {calibration} to calibrate with, {test} to test with, one
  fixed split): {names}. Each is trained from {seeds} seeds, with Adam, {epochs} epochs. "Norms merged" is trained with
  batch normalisation, which is then multiplied into the convolutions.
* **As trained, and skewed**: all hidden channels are multiplied by exp(N(0, s)), s = {skews}, and divided out behind. The function stays the same; training
  without care for scales, or merging norms, may leave it so. [How unequal channels of trained networks are](#how-unequal-channels-are) says which skew is
  near life.
* **Arms**: nothing; `synbal balance` with `l2`, `lp:32`, `lp:256`, and `l2` with `--power-of-two`; cross-layer equalisation from its published description
  ([Nagel et al. 2019](https://arxiv.org/abs/1906.04721)), on pairs of layers and triples around a depthwise one, in one pass and until nothing changes. Its
  other steps (absorbing and correcting biases) are left out: they could follow balancing as well.
* **The same function**: over all arms, networks and skews the outputs in floats differ from those before by at most {change}, relative; with powers of two
  in no bit. The script stops at more than 1e-5.
* **Quantised** by onnxruntime's `quantize_static`: weights symmetric in 8 or 4 bits, with one scale for each tensor or for each output channel; activations
  in 8 bits, between the least and the largest value seen on the calibration images. The result runs without optimisation of its graph, so that rounding is
  measured, and not a processor's kernels.
* **Intervals** are 95 % by Student's distribution over seeds. Differences are paired: the same trained network, the same skew. The split is not varied. A
  difference counts if its whole interval lies on one side of 0; by chance alone one in forty would on each side.
* The residual network is skewed in its stream too. Equalisation works on pairs, and what several layers read is in none: it cannot undo that skew, by
  construction.

numpy {numpy}, onnx {onnx}, onnxruntime {onnxruntime}. Another machine may round sums differently, and single images fall otherwise.
"""

RANGES = """## Ranges of activations

Smaller weights behind a channel mean larger values in it: what equalises weights moves the values between them. The largest factor by which the range
(largest magnitude on the calibration images) of any tensor that is quantised grew, against the same network without the arm: geometric mean over seeds,
and in brackets the largest. The worst tensor of each network counts; the others may have shrunk.
"""

SPREAD = """## How unequal channels are

The standard deviation of the logarithm of a channel's largest weight: of the layer in the middle, and of the most unequal layer; means over seeds.
"""

SHIPPED = """## Models that people ship

Signal over noise of the outputs in dB (higher is better), 8 bits, as onnxruntime prepares models for it; with intervals over five draws of the inputs, and in
bold where the paired difference to nothing done has its whole interval on one side of 0. `digits-mlp-sklearn` reads halves of the digits; others read noise,
four images to calibrate with and four to test with, which says little of real ones. *Weights alone*: activations stay in floats.
{others}{more}"""

LIMITS = """## What this does not show

* Large networks, and those whose activations are not ReLU-like: what is not homogeneous cannot be scaled at all.
* That any of it is better than training with quantisation, better rounding, or scales found by more than least and largest values.
* Speed: it does not change. What a processor's own integer kernels round may differ a little.
* A skew drawn at random is the case that balancing is made for. As trained, and where activations decide, it may do nothing, or harm: see the tables.

Measure your own model before and after: balancing is one command, and the function stays as it was.

## Run it

```sh
pip install numpy onnx onnxruntime
cargo build --release
python examples/python/quantisation.py target/release/synbal --quick   # a smoke test, prints its page
python examples/python/quantisation.py target/release/synbal           # all of it, writes this page and its picture
```

`--keep FOLDER` keeps what is finished, so that a run that is stopped goes on; `--model net.onnx=1x3x224x224` adds a model of your own.
"""


EXPLAINED = """*Balanced* is `l2`, `lp:32` and `lp:256`. Comparisons say how many of the differences, one for each network, arm and setting, lie above and
below 0 with their whole 95 % interval, and between what their means lie. A word is given where so many on one side would come about by chance in less than
one case of twenty, were they independent. Accuracies are in %, from the lowest to the highest mean of a network."""


# Packages that ship models which this page was written with.
PACKAGES = {"ch_ppocr_mobile_v2.0_cls_infer": "rapidocr-onnxruntime 1.4.4", "model_v8": "speechmos 0.0.1.1"}


# Balancing to the optimum, not to powers of two.
FULL = ["l2", "lp:32", "lp:256"]


def span(values, digits=1):
    low, high = (f"{value + 0.0:.{digits}f}".replace("-", "−") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def verdict(signs):
    """A word for the signs of differences, and the counts it rests on."""
    up, down, total = signs.count(1), signs.count(-1), len(signs)
    better, worse = beyond_chance(up, total), beyond_chance(down, total)
    if better and worse:
        word = "mixed"
    elif better:
        word = "better" if up == total else "better in some"
    elif worse:
        word = "worse" if down == total else "worse in some"
    else:
        word = "no difference shown"
    return f"**{word}** ({up} up, {down} down of {total})"


class Findings:
    def __init__(self, measured, names, skews, real):
        self.measured, self.names, self.skews, self.real = measured, names, skews, real

    def mean(self, name, skew, arm, setting):
        return interval(100 * self.measured.accuracy(name, skew, arm, setting))[0]

    def compared(self, arms, other, settings, skews, names=None):
        """The verdict over all of these, and the span of the mean differences."""
        cases = itertools.product(names or self.names, skews, arms, [other], settings)
        found = [self.measured.difference(*case) for case in cases]
        return f"{verdict([sign(own) for own in found])}, {span([100 * own.mean() for own in found])} points"

    def lines(self):
        eight, four = list(SETTINGS)[:2], list(SETTINGS)[2:]
        large = [skew for skew in self.skews if skew >= 1]
        sizes = " and ".join(f"{skew:g}" for skew in large)
        yield f"Channels skewed by {sizes}, 8 bits, balanced against nothing: {self.compared(FULL, 'none', eight, large)}"
        yield f"As trained, 8 bits: {self.compared(FULL, 'none', eight, [0])}"
        yield f"As trained, 4 bits: {self.compared(FULL, 'none', four, [0])}"
        yield f"As trained, balanced against equalised until nothing changes: {self.compared(FULL, 'equalised', SETTINGS, [0])}"
        yield f"Of these `l2` with 4 bits and one scale for each tensor: {self.compared(['l2'], 'equalised', four[:1], [0])}"
        stream = [name for name in self.names if name.startswith("residual")]
        if stream:
            found = self.compared(FULL, "equalised", SETTINGS, self.skews[1:], stream)
            yield f"Balanced against equalised where the stream of a residual network is skewed, which pairs cannot undo: {found}"
        yield f"Rounded to powers of two, against the `l2` that they round: {self.compared(['l2, powers of 2'], 'l2', SETTINGS, self.skews)}"
        for name, found in self.real.items():
            alone = self.shipped(found, "weights alone")
            yield f"`{name}`, as shipped, 8 bits, signal over noise: {self.shipped(found, 'noise')}; with activations left in floats: {alone}"
        growths = [self.measured.values(name, 0, arm, "growth").max() for arm in tables.BALANCING for name in self.names]
        growths += [draw["growth"] for found in self.real.values() for arm in tables.BALANCING if tables.has_run(found[arm]) for draw in found[arm]]
        yield f"As trained or shipped, balancing lets the range of some activation grow by a factor of up to {max(growths):.2f}"
        drift = f"its accuracy differs from that as trained by at most {self.drift('l2'):.1f} points (`l2`; what is left is rounding)"
        yield f"Whatever the skew, balancing ends in one network: {drift}"

    def shipped(self, found, key):
        """The verdict on the noise of one model against nothing done, over draws of its inputs."""
        cases = [(arm, setting) for arm in FULL if tables.has_run(found[arm]) for setting in list(SETTINGS)[:2]]
        changes = [tables.noise_of(found[arm], setting, key) - tables.noise_of(found["none"], setting, key) for arm, setting in cases]
        return f"{verdict([sign(own) for own in changes])}, {span([own.mean() for own in changes])} dB"

    def as_trained(self):
        """The table of what balancing does to networks as they were trained."""
        heads = ["weights", "nothing done", "`l2`", "balanced − nothing", "`l2` − equalised", "`lp:32`, `lp:256` − equalised"]
        rows = []
        for setting in SETTINGS:
            spans = [span([self.mean(name, 0, arm, setting) for name in self.names]) for arm in ("none", "l2")]
            pairs = [(FULL, "none"), (["l2"], "equalised"), (["lp:32", "lp:256"], "equalised")]
            found = [self.compared(arms, other, [setting], [0]) for arms, other in pairs]
            rounded = self.compared(["l2, powers of 2"], "l2", [setting], self.skews)
            rows.append([setting, *spans, *found, rounded])
        return tables.table([*heads, "powers of 2 − the `l2` they round, all skews"], rows)

    def skewed(self):
        """The table of what a skew does, and what balancing does against it."""
        rows = []
        for setting, skew in itertools.product(SETTINGS, self.skews[1:]):
            spans = [span([self.mean(name, skew, arm, setting) for name in self.names]) for arm in ("none", "equalised", "l2")]
            rows.append([setting, tables.called(skew), *spans, self.compared(FULL, "none", [setting], [skew])])
        return tables.table(["weights", "", "nothing done", "equalised", "`l2`", "balanced − nothing"], rows)

    def drift(self, arm):
        """The most by which the accuracy of a skewed network differs after this arm from that of the network as trained."""
        cases = itertools.product(self.names, self.skews, SETTINGS)
        changes = [self.measured.accuracy(name, skew, arm, own) - self.measured.accuracy(name, 0, arm, own) for name, skew, own in cases]
        return 100 * np.max(np.abs(changes))


def short(found):
    bullets = "\n".join(f"* {line}." for line in found.lines())
    parts = ["## What came out", EXPLAINED, bullets, "As trained:", found.as_trained(), "Skewed:", found.skewed()]
    return "\n\n".join(parts) + "\n"


def written(runs, names, skews, seeds, epochs, real, sizes):
    measured = Table(runs, seeds)
    changes = [measured.values(name, skew, arm, "change").max() for name in names for skew in skews for arm in ARMS]
    method = METHOD.format(
        **sizes,
        names="; ".join(names),
        seeds=seeds,
        epochs=epochs,
        skews=", ".join(f"{skew:g}" for skew in skews if skew),
        change=f"{np.max(changes):.0e}",
        numpy=np.__version__,
        onnx=onnx.__version__,
        onnxruntime=onnxruntime.__version__,
    )
    counts = "For how many of the networks the accuracy is higher / lower, the whole interval of the paired difference above / below 0:\n\n"
    parts = [HEAD, short(Findings(measured, names, skews, real))]
    parts += [counts + tables.verdicts(measured, names, skews) + "\n", method]
    for setting in SETTINGS:
        parts.append(f"## Weights of {setting}\n\nAccuracy on the test images in %:\n")
        parts.append(tables.accuracies(measured, names, skews, setting) + "\n")
        parts.append("Paired differences in points of %, in bold where the whole interval lies on one side of 0:\n")
        parts.append(tables.differences(measured, names, skews, setting) + "\n")
    for skew in (0, 1):
        parts.append(f"## Noise, {tables.called(skew)}\n\nSignal over noise of the scores in dB (higher is better):\n")
        parts.append(tables.noises(measured, names, skew) + "\n")
    parts += [RANGES, tables.growths(measured, names, skews) + "\n", SPREAD, tables.spreads(measured, names, skews, real) + "\n"]
    parts += [SHIPPED.format(others=others(real), more=failures(real)), tables.shipped(real) + "\n", LIMITS]
    return "\n".join(parts)


def others(real):
    """Where models come from that this repository does not hold."""
    found = [f"`{name}`" + (f" from {PACKAGES[name]}" if name in PACKAGES else "") for name in real if not (DATA / f"{name}.onnx").exists()]
    return f"Added by `--model`, and not in this repository: {', '.join(found)}.\n" if found else "\n"


def failures(real):
    """Which arms could not be run on which models, and why."""
    found = [f"`{name}` with {arm}: {own['failed'].splitlines()[0]}" for name, arms in real.items() for arm, own in arms.items() if "failed" in own]
    return "A dash: " + "; ".join(found) + ".\n" if found else ""
