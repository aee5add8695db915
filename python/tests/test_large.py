"""Arrays of 100 MB: no copy of them, and hardly more time than the program takes."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time
from typing import Any, Dict

import numpy as np
import synaptic_balance as sb
from conftest import program, write

#: 2 x 12.5 million weights of 4 bytes.
SHAPES = {"l0.weight": (2500, 5000), "l1.weight": (5000, 2500)}


def arrays() -> Dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in SHAPES.items()}


def test_a_hundred_megabytes_take_the_time_of_the_program(tmp_path: Any) -> None:
    """Checks: at most 1.2 times the program's time on the same data, and the same weights."""
    model, path, out = arrays(), tmp_path / "model.safetensors", tmp_path / "out.safetensors"
    write(path, model)
    ratios = []
    for _ in range(3):
        begin = time.perf_counter()
        code, document = program("balance", str(path), "--arch", "relu", "-o", str(out))
        middle = time.perf_counter()
        found = sb.balance(model)
        end = time.perf_counter()
        assert code == 0 == found.exit_code and found.to_dict()["multipliers"] == document["multipliers"]
        ratios.append((end - middle) / (middle - begin))
        print(f"program {middle - begin:.2f} s, arrays {end - middle:.2f} s")
        if ratios[-1] <= 1.2:
            break
    assert min(ratios) <= 1.2, ratios
    written = out.read_bytes()
    data = b"".join(found.model[name].tobytes() for name in sorted(model))
    assert written.endswith(data)


MEASURE = """
import sys
sys.path.insert(0, {tests!r})
from test_large import arrays
import synaptic_balance as sb
small = sb.balance([[[1.0]], [[1.0]]])
model = arrays()
def most():
    lines = open("/proc/self/status").read().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmHWM"))
before = most()
found = sb.balance(model)
print(before, most())
"""


def test_a_hundred_megabytes_are_not_copied() -> None:
    """Checks: the most memory in use grows by the result, and by less than a fifth of it besides."""
    if sys.platform != "linux":
        return
    code = MEASURE.format(tests=str(pathlib.Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    result = sum(4 * np.prod(shape) for shape in SHAPES.values()) / 1024
    print(f"grew by {(after - before) / result:.2f} times the result")
    assert after - before < 1.2 * result
