"""What the tests share."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "data"

# Shells let what they run in the background ignore interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def program(*arguments: str) -> Tuple[int, Dict[str, Any]]:
    """Runs ``synbal --json``: the one of ``SYNBAL_PROGRAM``, or that which comes with the package."""
    own = os.environ.get("SYNBAL_PROGRAM")
    beside = pathlib.Path(sys.executable).with_name("synbal")
    command = own or (str(beside) if beside.exists() else shutil.which("synbal"))
    assert command, "the package puts synbal on the path"
    done = subprocess.run([command, *arguments, "--json"], capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def tensors(path: pathlib.Path) -> Dict[str, np.ndarray]:
    """The arrays of a safetensors file of float32."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
        found[name] = np.frombuffer(data[start:end], kind).reshape(entry["shape"])
    return found


def write(path: pathlib.Path, model: Dict[str, np.ndarray]) -> None:
    """Writes arrays of float32 as a safetensors file."""
    header: Dict[str, Any] = {}
    start = 0
    for name, array in model.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [start, start + array.nbytes]}
        start += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in model.values():
            file.write(array.data)


@pytest.fixture(scope="session")
def digits() -> Dict[str, np.ndarray]:
    """The classifier of handwritten digits, 64-100-50-10, by name."""
    return tensors(DATA / "digits-mlp.safetensors")


def forward(layers: List[Tuple[Any, Any]], x: np.ndarray) -> np.ndarray:
    """What a perceptron with ReLU computes in float64, ``W`` being ``[out, in]``."""
    for number, (weight, bias) in enumerate(layers):
        x = x @ np.asarray(weight, dtype=np.float64).T + (0 if bias is None else np.asarray(bias, dtype=np.float64))
        if number < len(layers) - 1:
            x = np.maximum(x, 0)
    return x
