"""Perceptrons as arrays: mappings of names, lists of layers; numbers that are exact become network documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _arrays
from ._arrays import Taken
from ._errors import InputError
from ._models import _ARCHITECTURE, Activation, LayerName, Model, Written_, architecture, numbered, of_layers, plain

Activations = Union[Activation, Sequence[Activation], None]

_DTYPES = {"f16": "<f2", "bf16": "<u2", "f32": "<f4", "f64": "<f8"}


class _Layer(NamedTuple):
    name: str
    weight: Any
    bias: Any


class Arrays(Model):
    """A perceptron of arrays, handed over where they lie."""

    def __init__(
        self,
        name: str,
        layers: Sequence[_Layer],
        names: Optional[Sequence[str]],
        activations: Sequence[Activation],
        transpose: bool,
        restore: Callable[[Sequence[Any], Sequence[Any]], Any],
    ) -> None:
        self.name, self.layers, self.names, self.activations = name, list(layers), names, list(activations)
        self.taken: List[Tuple[int, str, Taken]] = []
        for number, layer in enumerate(self.layers):
            place = f"{name}: {layer.name}"
            weight = _arrays.take(layer.weight, f"{place}.weight", transpose)
            self.taken.append((number, "weight", weight))
            if layer.bias is not None:
                bias = _arrays.take(layer.bias, f"{place}.bias")
                self.taken.append((number, "bias", bias))
        self._check_chain(transpose)
        self._restore = restore
        super().__init__(name, {}, self._back)
        self.rename([layer.name for layer in self.layers])

    def _check_chain(self, transpose: bool) -> None:
        """The one mistake that the names of axes explain: the other convention."""
        order = self.ordered()
        if order is None:
            return
        by_name = {self.layers[number].name: taken.array.shape for number, part, taken in self.taken if part == "weight"}
        shapes = [by_name[name] for name in order]
        chains = [one[0] == two[1] for one, two in zip(shapes, shapes[1:]) if len(one) == len(two) == 2]
        turned = [one[1] == two[0] for one, two in zip(shapes, shapes[1:]) if len(one) == len(two) == 2]
        if not all(chains) and all(turned):
            convention = "[in, out]" if transpose else "[out, in]"
            reason = f"the layers chain only the other way round: with transpose={transpose} weights are {convention}"
            raise InputError(f"{self.name}: {reason}; pass transpose={not transpose}", self.name)

    def rename(self, names: Sequence[str]) -> None:
        """Lets its layers have other names, and makes the files of it."""
        order = None if self.names is None else [names[self._position(name)] for name in self.names]
        tensors = [taken.described(f"{names[number]}.{part}") for number, part, taken in self.taken]
        self.files = {self.name: tensors, _ARCHITECTURE: architecture(self.activations, order)}
        self.options = ["--arch", _ARCHITECTURE]

    def _position(self, name: str) -> int:
        return [layer.name for layer in self.layers].index(name)

    def not_finite(self) -> Optional[InputError]:
        for number, part, taken in self.taken:
            values = _arrays.widened(taken.array, taken.numbers)
            finite = np.isfinite(values)
            if not finite.all():
                index = [int(place) for place in np.argwhere(~finite)[0]]
                place = f"{self.name}: {self.layers[number].name}.{part}{index}"
                return InputError(f"{place}: {values[tuple(index)]} is not finite", place)
        return None

    def ordered(self) -> Optional[List[str]]:
        """The names of its layers, the first one first, if they are known."""
        if self.names is not None:
            return list(self.names)
        return numbered([layer.name for layer in self.layers])

    def _back(self, written: Written_) -> Any:
        parts: Dict[Tuple[int, str], Any] = {}
        found = self._split(written)
        for (number, part, taken), data in zip(self.taken, found):
            array = data.view(_DTYPES[taken.numbers]).reshape(taken.array.shape)
            parts[number, part] = taken.back(array)
        weights = [parts[number, "weight"] for number in range(len(self.layers))]
        biases = [parts.get((number, "bias")) for number in range(len(self.layers))]
        return self._restore(weights, biases)

    def _split(self, written: Written_) -> List[Any]:
        """The bytes of each array: files of their own, or parts of one file of safetensors."""
        if list(written) != [""]:
            return [np.asarray(written[str(number)]) for number in range(len(self.taken))]
        data = np.asarray(written[""])
        length = int(data[:8].view("<u8")[0])
        header = json.loads(data[8 : 8 + length].tobytes())
        found = []
        for described in self.files[self.name]:
            start, end = header[described[0]]["data_offsets"]
            found.append(data[8 + length + start : 8 + length + end])
        return found


def from_list(
    model: Sequence[Any], name: str, activation: Activations, transpose: bool, exactly: bool
) -> Model:
    """A list of ``(W, b)``, of ``(W,)`` or of ``W``."""
    layers: List[_Layer] = []
    shapes: List[Tuple[Optional[type], int]] = []
    for number, entry in enumerate(model):
        place = f"{name}[{number}]"
        if isinstance(entry, (list, tuple)) and 1 <= len(entry) <= 2 and _axes(entry[0]) == 2:
            bias = entry[1] if len(entry) == 2 else None
            layers.append(_Layer(str(number), entry[0], bias))
            shapes.append((type(entry), len(entry)))
        elif _axes(entry) == 2:
            layers.append(_Layer(str(number), entry, None))
            shapes.append((None, 0))
        else:
            raise InputError(f"{place}: expected a pair (W, b), W of two axes", place)
    if not layers:
        raise InputError(f"{name}: holds no layers", name)
    container = type(model) if isinstance(model, (list, tuple)) and type(model) in (list, tuple) else list

    def restore(weights: Sequence[Any], biases: Sequence[Any]) -> Any:
        entries: List[Any] = []
        for weight, bias, (kind, length) in zip(weights, biases, shapes):
            if kind is None:
                entries.append(weight)
            else:
                entries.append((list if kind is list else tuple)([weight, bias][:length]))
        return container(entries)

    return _from_layers(layers, name, activation, transpose, exactly, [layer.name for layer in layers], restore)


def _axes(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return 1 + _axes(value[0]) if value else 1
    return len(getattr(value, "shape", ()))


def from_mapping(
    model: Mapping[Any, Any],
    name: str,
    activation: Activations,
    given: Optional[Sequence[LayerName]],
    transpose: bool,
    exactly: bool,
) -> Model:
    """A mapping of names to arrays."""
    if not model:
        raise InputError(f"{name}: holds no layers", name)
    pairs: List[Tuple[str, Any, Any]] = []
    if given is None:
        for key in model:
            layer, _, part = str(key).rpartition(".")
            if part == "weight":
                bias = f"{layer}.bias"
                pairs.append((layer, key, bias if bias in model else None))
    else:
        pairs = [_named(layer, model, f"{name}: layers[{number}]") for number, layer in enumerate(given)]
    used = {key for _, *keys in pairs for key in keys if key is not None}
    for key in model:
        if key not in used:
            place = f"{name}: {key}"
            reason = "is the weight or the bias of no layer" if given is None else "belongs to no layer that is named"
            raise InputError(f"{place}: {reason}; layers=[...] names all of them, in order", place)
    layers = [_Layer(layer, model[weight], None if bias is None else model[bias]) for layer, weight, bias in pairs]
    if len({layer.name for layer in layers}) < len(layers):
        raise InputError(f"{name}: layers: one is named twice", f"{name}: layers")
    names = None if given is None else [layer.name for layer in layers]

    def restore(weights: Sequence[Any], biases: Sequence[Any]) -> Any:
        values = dict(model)
        for (_, weight_key, bias_key), weight, bias in zip(pairs, weights, biases):
            values[weight_key] = weight
            if bias_key is not None:
                values[bias_key] = bias
        if type(model) is not dict and isinstance(model, dict):
            try:
                return type(model)(values)
            except TypeError:
                pass
        return values

    return _from_layers(layers, name, activation, transpose, exactly, names, restore)


def _named(layer: LayerName, model: Mapping[Any, Any], place: str) -> Tuple[str, Any, Any]:
    """A layer that is named: its own name, the keys of its weight and of its bias."""
    if isinstance(layer, (tuple, list)):
        if len(layer) != 2:
            raise InputError(f"{place}: expected a name, or the names of a weight and a bias", place)
        weight, bias = layer
        for key in (weight, bias):
            if key is not None and key not in model:
                raise InputError(f"{place}: there is no array {key!r}", place)
        return weight[: -len(".weight")] if weight.endswith(".weight") else weight, weight, bias
    if f"{layer}.weight" in model:
        bias = f"{layer}.bias"
        return layer, f"{layer}.weight", bias if bias in model else None
    if layer in model:
        return layer[: -len(".weight")] if layer.endswith(".weight") else layer, layer, None
    raise InputError(f"{place}: there is neither {layer + '.weight'!r} nor {layer!r}", place)


def _from_layers(
    layers: Sequence[_Layer],
    name: str,
    activation: Activations,
    transpose: bool,
    exactly: bool,
    names: Optional[Sequence[str]],
    restore: Callable[[Sequence[Any], Sequence[Any]], Any],
) -> Model:
    activations = of_layers(activation, max(len(layers) - 1, 0), name)
    if exactly or any(_arrays.is_exact(part) for layer in layers for part in (layer.weight, layer.bias)):
        ordered = names if names is not None else numbered([layer.name for layer in layers])
        if ordered is None:
            raise InputError(f"{name}: the names do not tell the order of the layers; pass layers=[...]", name)
        by_name = {layer.name: layer for layer in layers}
        chained = [by_name[layer] for layer in ordered]
        places = [[layer.name for layer in chained].index(layer.name) for layer in layers]
        return _exact(chained, name, activations, transpose, lambda weights, biases: restore(
            [weights[place] for place in places], [biases[place] for place in places]
        ))
    return Arrays(name, layers, names, activations, transpose, restore)


def number(value: Any, place: str) -> Any:
    """A number as network documents have it: exact ones as texts."""
    if isinstance(value, (bool, np.bool_)) or value is None:
        raise InputError(f"{place}: {value!r} is no number", place)
    if isinstance(value, (float, np.floating)):
        found = float(value)
        if found != found or found in (float("inf"), float("-inf")):
            raise InputError(f"{place}: {found} is not finite", place)
        return found
    try:
        return str(int(value) if isinstance(value, (int, np.integer)) else Fraction(value))
    except (TypeError, ValueError) as fault:
        if isinstance(value, (int, np.integer, Fraction)):
            raise InputError(f"{place}: {fault}", place) from None
        raise InputError(f"{place}: {value!r} is no number", place) from None


def value(written: Any, old: Any) -> Any:
    """A number of a network document: ``Fraction`` for a text, which is exact, ``float`` for a number; where there was a ``float``, one again,
    unless none but 0 or an infinity is near."""
    if not isinstance(written, str):
        return float(written)
    exact = Fraction(written)
    if not isinstance(old, (float, np.floating)):
        return exact
    try:
        near = float(exact)
    except OverflowError:
        return exact
    return near if near or not exact else exact


def _exact(
    layers: Sequence[_Layer],
    name: str,
    activations: Sequence[Activation],
    transpose: bool,
    restore: Callable[[Sequence[Any], Sequence[Any]], Any],
) -> Model:
    """A perceptron of exact numbers, as a network document with the names that units of perceptrons have in reports."""
    weights = [_rows(layer.weight, f"{name}: {layer.name}.weight", transpose) for layer in layers]
    own_biases = [None if layer.bias is None else _listed(layer.bias, f"{name}: {layer.name}.bias") for layer in layers]
    is_biased = any(layer.bias is not None for layer in layers)
    units = _units([len(weights[0][0])] + [len(rows) for rows in weights], activations, is_biased)
    ids = [[unit["id"] for unit in layer] for layer in units]
    synapses: List[Dict[str, Any]] = []
    for layer, rows, before, after in zip(layers, weights, ids, ids[1:]):
        for i, (row, to) in enumerate(zip(rows, after)):
            place = f"{name}: {layer.name}.weight[{i}]"
            if len(row) != len(before):
                raise InputError(f"{place}: {len(row)} numbers, and {len(before)} units before", place)
            for j, (weight, source) in enumerate(zip(row, before)):
                synapses.append({"from": source, "to": to, "weight": number(weight, f"{place}[{j}]")})
    for layer, own, after in zip(layers, own_biases, ids[1:]) if is_biased else ():
        # A layer without biases among layers with some has biases of 0.
        biases = ["0"] * len(after) if own is None else own
        place = f"{name}: {layer.name}.bias"
        if len(biases) != len(after):
            raise InputError(f"{place}: {len(biases)} numbers for {len(after)} units", place)
        for i, (bias, to) in enumerate(zip(biases, after)):
            synapses.append({"from": "one", "to": to, "weight": number(bias, f"{place}[{i}]")})
    flat = [unit for layer in units for unit in layer]
    document = {"format": "synaptic-balance/network", "version": 1, "units": flat, "synapses": synapses}
    text = json.dumps(document).encode()

    def back(written: Written_) -> Any:
        found = iter([synapse["weight"] for synapse in json.loads(bytes(written[""]))["synapses"]])
        new = [[[value(next(found), old) for old in row] for row in rows] for rows in weights]
        biases = []
        for own, after in zip(own_biases, ids[1:]):
            old_biases = [None] * len(after) if own is None else own
            biases.append([value(next(found), old) for old in old_biases] if is_biased else [])
        places = [f"{name}: {layer.name}" for layer in layers]
        shaped = [_like(layer.weight, rows, transpose, f"{place}.weight") for layer, rows, place in zip(layers, new, places)]
        return restore(shaped, [_like(layer.bias, own, False, f"{place}.bias") for layer, own, place in zip(layers, biases, places)])

    return Model(name, {name: text}, back, network=text)


def _units(sizes: Sequence[int], activations: Sequence[Activation], is_biased: bool) -> List[List[Dict[str, Any]]]:
    """The units of a perceptron by layer, inputs first; the constant unit last."""
    last = len(sizes) - 1
    layers: List[List[Dict[str, Any]]] = [[{"id": f"x{index}", "kind": "input"} for index in range(sizes[0])]]
    for layer, activation in enumerate(activations, 1):
        entry = {"kind": "hidden", "activation": plain(activation)}
        layers.append([{"id": f"h{layer}.{index}", **entry} for index in range(sizes[layer])])
    layers.append([{"id": f"y{index}", "kind": "output"} for index in range(sizes[last])])
    if is_biased:
        layers.append([{"id": "one", "kind": "bias"}])
    return layers


def _rows(weight: Any, place: str, transpose: bool) -> List[List[Any]]:
    rows = [list(row) for row in _listed(weight, place)]
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        raise InputError(f"{place}: expected rows of one length", place)
    return [list(column) for column in zip(*rows)] if transpose else rows


def _listed(values: Any, place: str) -> Any:
    if hasattr(values, "tolist"):
        return values.tolist()
    if isinstance(values, (list, tuple)):
        return values
    taken = _arrays.take(values, place)
    return _arrays.widened(taken.array, taken.numbers).tolist()


def _like(old: Any, new: Any, transpose: bool, place: str) -> Any:
    """Numbers in the kind of container that they came in."""
    if old is None:
        return None
    if transpose:
        new = [list(column) for column in zip(*new)]
    if isinstance(old, np.ndarray) and old.dtype == object:
        return np.array(new, dtype=object).reshape(old.shape)
    if not isinstance(old, (list, tuple)):
        return _arrays.like(old, new, place)
    if isinstance(old, tuple):
        return tuple(type(row)(own) if isinstance(row, (list, tuple)) else own for row, own in zip(old, new))
    return new
