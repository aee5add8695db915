"""Networks as graphs of ``networkx``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Dict, List, Sequence, Union

from ._errors import InputError
from ._models import Activation, Model, Written_, plain
from ._perceptrons import number, value

_KINDS = ("input", "bias", "hidden", "output", "product")


def from_graph(graph: Any, name: str, activation: Union[Activation, Sequence[Activation], None]) -> Model:
    """A ``DiGraph``: edges with ``weight``; nodes with ``kind`` (without: inputs have no edges into them, outputs none out of them),
    ``activation`` (hidden ones; without: that of the call, else ReLU) and ``bias``."""
    if graph.is_multigraph() or not graph.is_directed():
        raise InputError(f"{name}: expected a networkx.DiGraph, of one edge between two nodes", name)
    if activation is not None and not isinstance(activation, (str, Mapping)):
        raise InputError(f"{name}: activation: one for all hidden nodes, or the attribute of each", f"{name}: activation")
    ids = {node: node if isinstance(node, str) else str(node) for node in graph.nodes}
    if len(set(ids.values())) < len(ids):
        raise InputError(f"{name}: two nodes have one name", name)
    units: List[Dict[str, Any]] = []
    biased = []
    for node, data in graph.nodes(data=True):
        place = f"{name}: node {ids[node]!r}"
        kind = data.get("kind") or _kind(graph, node)
        if kind not in _KINDS:
            raise InputError(f"{place}: kind {kind!r} is none of {', '.join(_KINDS)}", place)
        unit: Dict[str, Any] = {"id": ids[node], "kind": kind}
        if kind in ("hidden", "output"):
            own = data.get("activation", (activation or "relu") if kind == "hidden" else None)
            if own is not None:
                unit["activation"] = plain(own)
        if kind == "product":
            unit["of"] = [ids.get(factor, str(factor)) for factor in data.get("of", ())]
        if data.get("bias") is not None:
            biased.append(node)
        units.append(unit)
    edges = list(graph.edges)
    synapses = []
    for source, target, data in graph.edges(data=True):
        place = f"{name}: edge {ids[source]!r} -> {ids[target]!r}"
        if "weight" not in data:
            raise InputError(f"{place}: has no weight", place)
        weight = number(data["weight"], place)
        synapses.append({"from": ids[source], "to": ids[target], "weight": weight})
    if biased:
        one = "one"
        while one in ids.values():
            one += "'"
        units.append({"id": one, "kind": "bias"})
        for node in biased:
            place = f"{name}: node {ids[node]!r}: bias"
            weight = number(graph.nodes[node]["bias"], place)
            synapses.append({"from": one, "to": ids[node], "weight": weight})
    document: Dict[str, Any] = {"format": "synaptic-balance/network", "version": 1}
    document.update(units=units, synapses=synapses)
    if graph.graph.get("ties"):
        document["ties"] = [[ids.get(unit, unit) for unit in tie] for tie in graph.graph["ties"]]
    text = json.dumps(document).encode()

    def restore(written: Written_) -> Any:
        weights = [synapse["weight"] for synapse in json.loads(bytes(written[""]))["synapses"]]
        balanced = graph.copy()
        for (source, target), weight in zip(edges, weights):
            balanced[source][target]["weight"] = value(weight, graph[source][target]["weight"])
        for node, weight in zip(biased, weights[len(edges) :]):
            balanced.nodes[node]["bias"] = value(weight, graph.nodes[node]["bias"])
        return balanced

    return Model(name, {name: text}, restore, network=text)


def _kind(graph: Any, node: Any) -> str:
    starts = all(other == node for other in graph.predecessors(node))
    if starts and graph.nodes[node].get("bias") is None:
        return "input"
    return "output" if all(other == node for other in graph.successors(node)) else "hidden"
