"""Models of every kind, as commands take them, and the way back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from ._errors import InputError
from ._native import Written

#: A layer of a mapping: its name, as in ``"fc1"`` of ``"fc1.weight"``, or the names of its weight and its bias.
LayerName = Union[str, Tuple[str, Optional[str]]]
#: An activation: a name, or an object as in network JSON.
Activation = Union[str, Mapping[str, Any]]

_ARCHITECTURE = "<architecture>"
#: Where models are written to in memory.
BALANCED = "<balanced>"


class Model:
    """A model as a command takes it.

    Attributes:
        path: the name by which the command finds it.
        files: what lies in memory under which name.
        options: options of the command that go with it.
        restore: makes a model of the caller's kind from what was written below a name.
        network: it as network JSON, where it is, or was asked to be.
    """

    def __init__(
        self,
        path: str,
        files: Dict[str, Any],
        restore: Callable[["Written_"], Any],
        options: Sequence[str] = (),
        network: Optional[bytes] = None,
    ) -> None:
        self.path = path
        self.files = files
        self.restore = restore
        self.options = list(options)
        self.network = network
        #: Where the command is to write the model: a name that is kept.
        self.output = BALANCED

    def not_finite(self) -> Optional[InputError]:
        """Where a number is that is not finite, if the model knows."""
        return None


#: What was written, by the rest of its name: ``""`` for one file.
Written_ = Dict[str, Written]


def take(
    model: Any,
    name: str,
    activation: Union[Activation, Sequence[Activation], None] = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
    exactly: bool = False,
) -> Model:
    """Takes a model; ``exactly`` asks for network JSON where that can be had."""
    if isinstance(model, (str, os.PathLike)):
        path = os.fspath(model)
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        options, files = _options_of_file(activation, layers, name)
        path = _in_folder(path, activation is not None)
        network = _network_in(path) if exactly else None
        taken = Model(path, files, _from_files, options, network)
        if path.endswith(".onnx"):
            # Its tensors may be in files beside it.
            taken.output = f"{BALANCED}/{os.path.basename(path)}"
        return taken
    if isinstance(model, (bytes, bytearray, memoryview)):
        content = bytes(model)
        options, files = _options_of_file(activation, layers, name)
        files[name] = content
        return Model(name, files, lambda written: bytes(written[""]), options, content)
    if hasattr(model, "SerializeToString") and hasattr(model, "graph"):
        _no_more(activation, layers, name)
        kind = type(model)
        files = {name: model.SerializeToString()}
        return Model(name, files, lambda written: kind.FromString(bytes(written[""])))
    if isinstance(model, Mapping) and "format" in model:
        _no_more(activation, layers, name)
        text = json.dumps(model, default=_number).encode()
        return Model(name, {name: text}, lambda written: json.loads(bytes(written[""])), network=text)
    if isinstance(model, Mapping):
        from ._perceptrons import from_mapping

        return from_mapping(model, name, activation, layers, transpose, exactly)
    if hasattr(model, "nodes") and hasattr(model, "successors"):
        from ._graphs import from_graph

        if layers is not None:
            raise InputError(f"{name}: a graph has no layers to be named", name)
        return from_graph(model, name, activation)
    if isinstance(model, Sequence):
        from ._perceptrons import from_list

        if layers is not None:
            raise InputError(f"{name}: a list of (W, b) is in order: it needs no layers", name)
        return from_list(model, name, activation, transpose, exactly)
    kind_name = type(model).__name__
    raise InputError(
        f"{name}: a {kind_name} is no model; expected a path, bytes, an onnx.ModelProto, a mapping of arrays, "
        "a list of (W, b), a networkx.DiGraph, or a network document",
        name,
    )


def _number(value: Any) -> str:
    """Exact numbers in a network document are texts."""
    from fractions import Fraction

    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"a {type(value).__name__} is no part of a network document")


def _network_in(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _in_folder(path: str, has_activation: bool) -> str:
    """The model in a folder; the folder itself where the program has to tell."""
    if not os.path.isdir(path):
        return path
    weights = ["model.safetensors.index.json", "model.safetensors"]
    for name in (weights if has_activation else []) + ["model.onnx"]:
        if os.path.isfile(os.path.join(path, name)):
            return os.path.join(path, name)
    return path


def _from_files(written: Written_) -> Any:
    files = {name: bytes(content) for name, content in written.items()}
    return next(iter(files.values())) if len(files) == 1 else files


def _no_more(activation: Any, layers: Any, name: str) -> None:
    if activation is not None or layers is not None:
        raise InputError(f"{name}: says itself what its units compute: activation and layers are for arrays", name)


def _options_of_file(
    activation: Union[Activation, Sequence[Activation], None], layers: Optional[Sequence[LayerName]], name: str
) -> Tuple[List[str], Dict[str, Any]]:
    """The options for a file that may hold weights only."""
    names: Optional[List[str]] = None
    if layers is not None:
        names = []
        for layer in layers:
            if not isinstance(layer, str):
                raise InputError(f"{name}: the layers of a file are named by one name each", name)
            names.append(layer)
    if isinstance(activation, str):
        options = ["--arch", activation]
        if names is not None:
            if any("," in layer for layer in names):
                raise InputError(f"{name}: names of layers with a comma need one activation for each hidden layer", name)
            options += ["--layers", ",".join(names)]
        return options, {}
    if activation is None:
        if names is not None:
            raise InputError(f"{name}: layers go with activation: both are for files of weights", name)
        return [], {}
    if isinstance(activation, Mapping):
        if names is None:
            raise InputError(f"{name}: give one activation for each hidden layer, in a list", name)
        activation = [activation] * (len(names) - 1)
    text = architecture(activation, names)
    return ["--arch", _ARCHITECTURE], {_ARCHITECTURE: text}


def architecture(activations: Sequence[Activation], layers: Optional[Sequence[str]]) -> bytes:
    """What arrays do not say of their network, as a document."""
    document: Dict[str, Any] = {
        "format": "synaptic-balance/architecture",
        "version": 1,
        "activations": [plain(activation) for activation in activations],
    }
    if layers is not None:
        document["layers"] = list(layers)
    return json.dumps(document).encode()


def plain(activation: Activation) -> Any:
    """An activation as it is written in documents."""
    if isinstance(activation, str):
        return activation
    return json.loads(json.dumps(activation, default=_number))


def of_layers(
    activation: Union[Activation, Sequence[Activation], None], hidden: int, name: str
) -> List[Activation]:
    """The activations of so many hidden layers; ReLU where none is given."""
    if activation is None:
        return ["relu"] * hidden
    if isinstance(activation, (str, Mapping)):
        return [activation] * hidden
    given = list(activation)
    if len(given) != hidden:
        place = f"{name}: activation"
        raise InputError(f"{place}: {len(given)} were given for {hidden} hidden layers", place)
    return given


_DIGITS = re.compile("([0-9]+)")


def numbered(names: Sequence[str]) -> Optional[List[str]]:
    """Names in the order of the one number in which they differ, if they differ in nothing else and each has another, as for the program."""
    if len(names) < 2:
        return list(names)
    words = [_DIGITS.split(name) for name in names]
    if len({len(word) for word in words}) > 1:
        return None
    different = [place for place, column in enumerate(zip(*words)) if len(set(column)) > 1]
    if len(different) != 1 or different[0] % 2 == 0:
        return None
    digits = [word[different[0]].lstrip("0") for word in words]
    by_number = {(len(own), own): name for own, name in zip(digits, names)}
    return [by_number[number] for number in sorted(by_number)] if len(by_number) == len(names) else None
