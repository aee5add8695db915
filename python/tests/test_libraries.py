"""Models of onnx, networkx and scikit-learn, pictures, and the examples; each where its library is there."""

from __future__ import annotations

import gzip
import pathlib
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import synaptic_balance as sb
from conftest import DATA, ROOT, forward
from synaptic_balance import plots

# The experiment on quantisation takes the program and the best part of an hour; ranges and sentences are made of files of one's own.
OTHERS = {"quantisation", "activation_ranges", "sentences"}
EXAMPLES = sorted(path for path in (ROOT / "examples" / "python").glob("*.py") if path.stem not in OTHERS)


def test_onnx_models_come_back_as_models() -> None:
    """Checks: a ModelProto in and out, the same as through the file, and judged as the same function."""
    onnx = pytest.importorskip("onnx")
    path = DATA / "digits-mlp-sklearn.onnx"
    model = onnx.load(path)
    found = sb.balance(model, certify=12)
    assert type(found.model) is onnx.ModelProto and found.certificate
    assert found.model.SerializeToString() == onnx.load_from_string(sb.balance(path).model).SerializeToString()
    assert sb.check(model, found.model) and sb.check(path, found.model) and sb.verify(model, found)
    assert sb.explain(model).dimension
    with pytest.raises(sb.InputError):
        sb.balance(model, activation="relu")
    with pytest.raises(sb.InputError):
        sb.balance(model, constant=["no such tensor"])


def test_onnx_models_with_data_in_other_files(tmp_path: Any, monkeypatch: Any) -> None:
    """Checks: the files of such a model come back by name, and nothing is written."""
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "model.onnx"
    model = onnx.load(DATA / "digits-mlp-sklearn.onnx")
    for tensor in model.graph.initializer:
        # Only raw data go to other files.
        tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    found = sb.balance(path)
    assert set(found.model) == {"model.onnx", "model.onnx.weights.bin"}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert sb.balance(tmp_path).model == found.model
    (tmp_path / "balanced").mkdir()
    for name, content in found.model.items():
        (tmp_path / "balanced" / name).write_bytes(content)
    assert sb.check(path, tmp_path / "balanced" / "model.onnx")


def test_a_graph_comes_back_as_a_graph() -> None:
    """Checks: exact weights stay exact, floats floats, biases and attributes stay where they are, nodes may be anything."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph(name="a graph")
    graph.add_node(("h", 1), activation="relu", bias=Fraction(0), colour="red")
    graph.add_edge("x", ("h", 1), weight=Fraction(1, 2))
    graph.add_edge(("h", 1), "y", weight=Fraction(8))
    found = sb.balance(graph, method="exact")
    assert type(found.model) is networkx.DiGraph and found.model.edges["x", ("h", 1)]["weight"] == Fraction(2)
    assert found.model.nodes[("h", 1)]["colour"] == "red" and found.model.graph["name"] == "a graph"
    assert graph.edges["x", ("h", 1)]["weight"] == Fraction(1, 2) and sb.check(graph, found.model)
    recurrent = networkx.DiGraph()
    recurrent.add_weighted_edges_from([("x", "a", 1.0), ("a", "b", 2.0), ("b", "a", 0.5), ("b", "b", 0.25), ("b", "y", 4.0)])
    balanced = sb.balance(recurrent).model
    assert balanced.edges["b", "b"]["weight"] == 0.25 and isinstance(balanced.edges["x", "a"]["weight"], float)
    assert sb.balance_units(graph, "('h', 1)").steps[0].multiplier == 4
    stepped = sb.balance_units(recurrent, ["a", "b"]).model
    assert all(isinstance(weight, float) for *_, weight in stepped.edges(data="weight"))
    recurrent.edges["x", "a"].pop("weight")
    with pytest.raises(sb.InputError, match="'x' -> 'a'"):
        sb.balance(recurrent)


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_tensors_of_jax_and_torch(kind: str) -> None:
    """Checks: tensors come back as tensors of their type, whichever of the two libraries is there."""
    tried = 0
    for name in ("jax", "torch"):
        try:
            library = __import__(name)
        except ImportError:
            continue
        make = library.numpy.asarray if name == "jax" else library.tensor
        numbers = getattr(library.numpy if name == "jax" else library, kind)
        before = {"a1.weight": make([[1.0, 2.0], [4.0, 8.0]], dtype=numbers), "a2.weight": make([[64.0, 256.0]], dtype=numbers)}
        found = sb.balance(before)
        assert all(type(found.model[key]) is type(before[key]) and found.model[key].dtype == before[key].dtype for key in before)
        assert sb.check(before, found.model).same_function is True and float(found.model["a1.weight"][0, 0]) > 1
        tried += 1
    if not tried:
        pytest.skip("neither jax nor torch is there")


def test_scikit_learn_networks() -> None:
    """Checks: coefficients [in, out] balanced and put back give the same predictions."""
    neural = pytest.importorskip("sklearn.neural_network")
    rng = np.random.default_rng(3)
    x = rng.random((200, 5))
    y = (x.sum(1) > 2.5).astype(int)
    network = neural.MLPClassifier((16, 8), max_iter=80, random_state=0).fit(x, y)
    before = network.predict_proba(x)
    found = sb.balance(list(zip(network.coefs_, network.intercepts_)), transpose=True)
    network.coefs_, network.intercepts_ = map(list, zip(*found.model))
    assert np.allclose(before, network.predict_proba(x), atol=1e-12) and found.deficit is not None and found.deficit < 1e-12


def test_pictures_are_drawn(digits: Any) -> None:
    """Checks: the three pictures have what they are to show."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    found = sb.balance(digits)
    axes = found.plot()
    assert len(axes.lines) == 3 and np.allclose(axes.lines[1].get_ydata(), 1.0)
    small = [np.array([[1.0], [4.0]]), np.array([[4.0, 4.0], [1.0, 2.0]]), np.array([[8.0, 1.0]])]
    runs = [sb.stochastic(small, seed=seed) for seed in range(3)]
    assert len(plots.trajectories(runs).lines) == 12 and runs[0].plot() is not None
    assert len(plots.ranges(digits, found.model).collections) == 6


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(path: pathlib.Path, tmp_path: Any) -> None:
    """Checks: each example ends well."""
    for needed in ("onnx", "sklearn", "networkx"):
        if f"import {needed}" in path.read_text() or f"from {needed}" in path.read_text():
            pytest.importorskip(needed)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sentences_become_sequences(tmp_path: Any) -> None:
    """Checks: every fifth sentence is for the test, words come last and in order, rows of zeros before them; twice the same bytes."""
    rated = tmp_path / "rated.txt"
    texts = ["a good film", "bad, bad film", "good", "a bad one", "the good one"]
    rated.write_text("".join(f"{at}\t{-1.5 if 'bad' in text else 2.0}\t{text}\n" for at, text in enumerate(texts)))
    written = []
    for folder in ("first", "second"):
        example = [sys.executable, str(ROOT / "examples" / "python" / "sentences.py"), str(rated), "-o", str(tmp_path / folder)]
        subprocess.run(example, check=True, capture_output=True, timeout=120)
        written.append({path.name: path.read_bytes() for path in sorted((tmp_path / folder).iterdir())})
    assert written[0] == written[1] and len(written[0]) == 4
    parts = {name: np.frombuffer(gzip.decompress(content), np.uint8) for name, content in written[0].items()}
    assert parts["train-labels-idx1-ubyte.gz"][8:].tolist() == [1, 0, 1, 0] and parts["t10k-labels-idx1-ubyte.gz"][8:].tolist() == [1]
    sequences = parts["train-images-idx3-ubyte.gz"][16:].reshape(4, 12, 256)
    assert np.count_nonzero(sequences, axis=(1, 2)).tolist() == [3, 3, 1, 3] and np.count_nonzero(sequences.sum(2), axis=1).tolist() == [3, 3, 1, 3]
    bad, film = sequences[1, -2].argmax(), sequences[1, -1].argmax()
    assert sequences[1, -3].argmax() == bad != film and sequences[0, -1].argmax() == film and not sequences[1, :-3].any()
    # The one word of the sentence that is for the test and not among those to learn from has no place.
    assert np.count_nonzero(parts["t10k-images-idx3-ubyte.gz"][16:]) == 2
