"""Does balancing help a network that is quantised to integers, and how does it compare with cross-layer equalisation?

    python quantisation.py SYNBAL --quick        # a smoke test of seconds, prints its page
    python quantisation.py SYNBAL                # all of it, writes docs/quantisation.md and docs/quantisation.svg

needs numpy, onnx and onnxruntime, and the program `synbal`. Networks of several architectures are trained here on `data/digits.csv`, in NumPy, from
each of several seeds. Each is quantised by onnxruntime as it was trained, and with its channels skewed, after nothing, after balancing and after
equalisation, none of which changes the function. The same seeds give the same numbers on the same machine; on another one sums may be rounded
differently.
"""

import argparse
import json
import os
import pathlib
import sys
import time

# Sums in one order, whatever the number of cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from quantised.networks import ARCHITECTURES, digits
from quantised.page import written
from quantised.picture import drawn
from quantised.runs import learned, shipped

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Models of the repository, and the shape of their input; without one they read the digits.
SHIPPED = {ROOT / "data" / "digits-mlp-sklearn.onnx": None, ROOT / "data" / "blazeface-front-128.onnx": (1, 128, 128, 3)}


def progress(text):
    print(text, file=sys.stderr, flush=True)


def kept(folder, name, make):
    """What `make` gives, or what it gave in an earlier run that kept it."""
    path = folder / f"{name}.json" if folder else None
    if path and path.exists():
        return json.loads(path.read_text())
    found = make()
    if path:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synbal", help="the program, for example target/release/synbal")
    parser.add_argument("--quick", action="store_true", help="two architectures, two seeds, few images; the page is printed, not written")
    parser.add_argument("--seeds", type=int, default=8, help="how many trainings of each architecture, from 2 to 16 (default: 8)")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="keep what is finished here; a run with the same options then goes on")
    more = "one more ONNX model and the shape of its input: net.onnx=1x3x48x192"
    parser.add_argument("--model", action="append", default=[], metavar="FILE=SHAPE", help=more)
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FOLDER", help="where the page and its picture go (default: docs)")
    own = parser.parse_args()
    if not 2 <= own.seeds <= 16:
        parser.error("--seeds must be from 2 to 16")
    return own


def main():
    own = arguments()
    names, skews, seeds, epochs = list(ARCHITECTURES), [0, 0.5, 1, 2], range(own.seeds), own.epochs
    models = dict(SHIPPED)
    if own.quick:
        names, skews, seeds, epochs = ["perceptron", "depthwise CNN"], [0, 1], range(2), 10
        models = dict(list(SHIPPED.items())[:1])
    for entry in own.model:
        path, _, shape = entry.rpartition("=")
        models[pathlib.Path(path)] = tuple(int(length) for length in shape.split("x"))
    data = digits()
    if own.quick:
        data = {part: (images[:100], labels[:100]) for part, (images, labels) in data.items()}
    runs = {}
    for seed in seeds:
        for name in names:
            start = time.monotonic()
            runs[name, seed] = kept(own.keep, f"{name}-{seed}", lambda: learned(own.synbal, name, seed, epochs, skews, data))
            progress(f"{name}, seed {seed}: {time.monotonic() - start:.0f} s")
    real = {}
    for path, shape in models.items():
        real[path.stem] = kept(own.keep, path.stem, lambda: shipped(own.synbal, path, shape, data, progress))
    sizes = {part: len(labels) for part, (_, labels) in data.items()}
    page, picture = written(runs, names, skews, len(seeds), epochs, real, sizes), drawn(runs, names, skews, len(seeds))
    if own.quick and not own.output:
        print(page)
        return
    folder = own.output or ROOT / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quantisation.md").write_text(page)
    (folder / "quantisation.svg").write_text(picture)
    progress(f"written to {folder / 'quantisation.md'} and {folder / 'quantisation.svg'}")


main()
