"""Models of onnx, networkx and scikit-learn, pictures, and the examples; each where its library is there."""

from __future__ import annotations

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

EXAMPLES = sorted((ROOT / "examples" / "python").glob("*.py"))


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
    recurrent.edges["x", "a"].pop("weight")
    with pytest.raises(sb.InputError, match="'x' -> 'a'"):
        sb.balance(recurrent)


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
