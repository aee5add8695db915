"""Models of every kind that NumPy and the standard library have, in and back."""

from __future__ import annotations

import ctypes
import json
from fractions import Fraction
from typing import Any, Dict

import numpy as np
import pytest
import synaptic_balance as sb
from conftest import DATA, ROOT, forward, program, write

LAYERS = ["layers.0", "layers.1", "layers.2"]


def pairs(arrays: Dict[str, np.ndarray]) -> Any:
    return [(arrays[f"{layer}.weight"], arrays[f"{layer}.bias"]) for layer in LAYERS]


def test_a_mapping_gives_what_the_program_makes_of_the_file(digits: Any, tmp_path: Any) -> None:
    """Checks: arrays by name are balanced to the same bits as the file that holds them, with the same report, and proved."""
    path, out = DATA / "digits-mlp.safetensors", tmp_path / "out.safetensors"
    code, document = program("balance", str(path), "--arch", "relu", "--certify", "-o", str(out))
    found = sb.balance(digits, certify=True, layers=LAYERS)
    own = found.to_dict()
    for report in (own, document):
        report.pop("seconds")
    assert code == found.exit_code == 0 and own == document
    balanced = sb.balance(str(path), activation="relu").model
    assert balanced == out.read_bytes()
    data = out.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    for name, array in found.model.items():
        start, end = (len(data) - max(e["data_offsets"][1] for e in header.values() if "dtype" in e) + o for o in header[name]["data_offsets"])
        assert array.tobytes() == data[start:end] and array.dtype == digits[name].dtype
    assert list(found.model) == list(digits)
    bounds = found.enclosure["h1.0"]
    assert bounds.lo <= Fraction(found.multipliers["layers.0.weight"][0]) ** 2 <= bounds.hi or bounds.hi / bounds.lo - 1 < Fraction(1, 10**11)
    assert sb.verify(digits, found, layers=LAYERS) and sb.check(digits, found.model, layers=LAYERS)


def test_a_list_keeps_its_containers_and_its_function(digits: Any) -> None:
    """Checks: pairs come back as pairs, the outputs stay, and what went in is not changed."""
    before = pairs(digits)
    copies = [(weight.copy(), bias.copy()) for weight, bias in before]
    found = sb.balance(before)
    assert type(found.model) is list and all(type(pair) is tuple for pair in found.model)
    x = np.random.default_rng(1).random((50, 64)) * 16
    one, two = forward(before, x), forward(found.model, x)
    assert np.allclose(one, two, rtol=1e-5, atol=1e-4) and not np.array_equal(before[0][0], found.model[0][0])
    assert all(np.array_equal(a, b) for one, two in zip(before, copies) for a, b in zip(one, two))
    assert sb.check(before, found.model)
    parts = zip(LAYERS, found.model)
    by_name = {f"{layer}.{part}": array for layer, pair in parts for part, array in zip(("weight", "bias"), pair)}
    assert sb.check(digits, found.model, layers=LAYERS) and sb.check(before, by_name)


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4", ">f8", "i4"])
def test_types_of_numbers_come_back(kind: str) -> None:
    """Checks: each type of numbers, also with the other byte order; integers become float64."""
    before = [(np.array([[1, 2], [4, 8]], kind), np.array([1, 0], kind)), (np.array([[4, 16]], kind), None)]
    found = sb.balance(before)
    weight = found.model[0][0]
    assert weight.dtype == np.dtype("f8" if kind == "i4" else kind) and weight.shape == (2, 2)
    assert found.model[1][1] is None and sb.check(before, found.model).same_function is True


@pytest.mark.parametrize("turn", [lambda a: np.asfortranarray(a), lambda a: np.repeat(a, 2, 1)[:, ::2], lambda a: a[::-1][::-1]])
def test_arrays_may_lie_in_any_order(turn: Any) -> None:
    """Checks: strides do not matter."""
    weights = [np.arange(1.0, 7.0).reshape(3, 2), np.arange(1.0, 4.0).reshape(1, 3)]
    plain = sb.balance(weights).model
    assert all(np.array_equal(a, b) for a, b in zip(plain, sb.balance([turn(weight) for weight in weights]).model))


def test_transposed_arrays_balance_alike(digits: Any) -> None:
    """Checks: weights [in, out] give the transposed result; the wrong convention is named."""
    turned = [(weight.T, bias) for weight, bias in pairs(digits)]
    found = sb.balance(turned, transpose=True).model
    plain = sb.balance(pairs(digits)).model
    assert all(np.array_equal(a, b.T) for (a, _), (b, _) in zip(plain, found))
    with pytest.raises(sb.InputError, match="pass transpose=True"):
        sb.balance(turned)
    with pytest.raises(sb.InputError, match="pass transpose=True"):
        sb.balance({f"{layer}.weight": weight for layer, (weight, _) in zip(LAYERS, turned)})
    with pytest.raises(sb.InputError, match="pass transpose=False"):
        sb.balance(pairs(digits), transpose=True)


def test_names_of_weights_and_biases_can_be_given(digits: Any) -> None:
    """Checks: layers as pairs of names, and a mapping that has more arrays than layers is refused."""
    arrays = {}
    for number, (weight, bias) in enumerate(pairs(digits)):
        arrays[f"W_{'abc'[number]}"], arrays[f"b_{'abc'[number]}"] = weight, bias
    layers = [("W_a", "b_a"), ("W_b", "b_b"), ("W_c", "b_c")]
    found = sb.balance(arrays, layers=layers)
    assert list(found.model) == list(arrays)
    assert np.array_equal(found.model["W_b"], sb.balance(pairs(digits)).model[1][0])
    with pytest.raises(sb.InputError, match="b_c"):
        sb.balance(arrays, layers=[("W_a", "b_a"), ("W_b", "b_b"), ("W_c", None)])


class Interface:
    """An array of some other library, by the array interface only."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__

    @property
    def shape(self) -> Any:
        return self._array.shape


class Lent:
    """An array of some other library, by DLPack only."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self.shape = array, array.shape

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


@pytest.mark.parametrize("kind", [Interface, Lent])
def test_arrays_of_other_libraries_are_taken(kind: Any) -> None:
    """Checks: the array interface and DLPack."""
    weights = [np.array([[1.0, 2.0], [4.0, 8.0]]), np.array([[4.0, 16.0]])]
    plain, found = sb.balance(weights).model, sb.balance([kind(weight) for weight in weights]).model
    assert all(np.array_equal(a, b) for a, b in zip(plain, found))


class Brain:
    """An array of bfloat16 by DLPack, which NumPy does not take."""

    def __init__(self, values: np.ndarray) -> None:
        self.bits = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        self.shape = values.shape

    def __dlpack_device__(self) -> Any:
        return (1, 0)

    def __dlpack__(self, **_: Any) -> Any:
        capsule = self.bits.__dlpack__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        address = pointer(capsule, b"dltensor")
        # The code of the type: an unsigned integer becomes a bfloat.
        ctypes.c_uint8.from_address(address + 20).value = 4
        return capsule


def test_bfloat16_is_taken_by_dlpack() -> None:
    """Checks: 16-bit brain floats, balanced by powers of two as the program does."""
    weights = [np.array([[1.0, 2.0], [4.0, 8.0]]), np.array([[4.0, 16.0]])]
    found = sb.balance([Brain(weight) for weight in weights])
    expected = sb.balance(weights, power_of_two=True)
    assert found.status == "rounded" and found.to_dict()["multipliers"] == expected.to_dict()["multipliers"]
    bits = [array.view(np.uint16) for array in found.model]
    decoded = [(array.astype(np.uint32) << 16).view(np.float32) for array in bits]
    assert all(np.array_equal(a, b) for a, b in zip(decoded, expected.model))


def test_ml_dtypes_come_back() -> None:
    """Checks: bfloat16 as NumPy arrays have it by ml_dtypes."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    weights = [np.array([[1.0, 2.0], [4.0, 8.0]]).astype(ml_dtypes.bfloat16), np.array([[4.0, 16.0]]).astype(ml_dtypes.bfloat16)]
    found = sb.balance(weights)
    assert all(array.dtype == ml_dtypes.bfloat16 for array in found.model) and sb.check(weights, found.model).same_function is True


def test_files_bytes_and_documents() -> None:
    """Checks: one network as path, bytes and document has one answer, in its kind."""
    path = ROOT / "examples" / "chain.json"
    document = json.loads(path.read_text())
    by_path, by_bytes, by_document = (sb.balance(model) for model in (path, path.read_bytes(), document))
    assert json.loads(by_path.model) == json.loads(by_bytes.model) == by_document.model
    assert sb.check(path, by_document.model) and sb.check(document, by_bytes.model)


def test_a_folder_of_shards_comes_back_as_files(digits: Any, tmp_path: Any) -> None:
    """Checks: a model in several files, by its folder: the files with the balanced arrays, and the index as it was."""
    names = {"one.safetensors": ["layers.0.weight", "layers.0.bias"], "two.safetensors": sorted(set(digits) - {"layers.0.weight", "layers.0.bias"})}
    for file, own in names.items():
        write(tmp_path / file, {name: digits[name] for name in own})
    index = {"weight_map": {name: file for file, own in names.items() for name in own}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    found = sb.balance(tmp_path, activation="relu")
    assert set(found.model) == {*names, "model.safetensors.index.json"} and json.loads(found.model["model.safetensors.index.json"]) == index
    expected = sb.balance(digits).model
    assert found.model["one.safetensors"].endswith(b"".join(expected[name].tobytes() for name in names["one.safetensors"]))
    with pytest.raises(sb.InputError):
        sb.balance(tmp_path / "no")


def test_output_is_written_to_a_path(tmp_path: Any) -> None:
    """Checks: with output the model goes there and nowhere else."""
    out = tmp_path / "out.json"
    found = sb.balance(ROOT / "examples" / "chain.json", output=out)
    assert found.model == out and sb.check(ROOT / "examples" / "chain.json", out)


def test_activations_and_ties() -> None:
    """Checks: one activation for each layer, those with parameters, layers that cannot be scaled, ties."""
    weights = [np.array([[1.0], [4.0]]), np.array([[4.0, 4.0], [1.0, 2.0]]), np.array([[8.0, 1.0]])]
    found = sb.balance(weights, activation=[{"leaky_relu": "1/10"}, "sigmoid"])
    assert np.array_equal(found.model[2], weights[2])
    assert found.multipliers["1.weight"] == [1.0, 1.0] and found.multipliers["0.weight"] != [1.0, 1.0]
    tied = sb.balance(weights, tied="layer").multipliers["0.weight"]
    assert tied[0] == tied[1]
    assert sb.explain(weights, activation="tanh").dimension == 0


def test_exact_numbers_stay_exact() -> None:
    """Checks: fractions in nested lists and object arrays; floats where the optimum is irrational; whole numbers are exact."""
    half = Fraction(1, 2)
    before = [([[half, 1], [half, half]], [0, half]), ([[4, half]], None)]
    steps = sb.balance_units(before, ["h1.0", "h1.1"])
    assert sb.check(before, steps.model).to_dict()["scaling"] == "exact"
    array = [(np.array([[Fraction(1)]], dtype=object), None), (np.array([[Fraction(4)]], dtype=object), None)]
    found = sb.balance(array, method="exact").model
    assert found[0][0].dtype == object and found[0][0][0, 0] == 2 == found[1][0][0, 0]
    irrational = sb.balance([([[Fraction(1)]], None), ([[Fraction(2)]], None)]).model
    assert isinstance(irrational[0][0][0][0], float) and abs(irrational[0][0][0][0] - 2**0.5) < 1e-12
    turned = sb.balance([([[Fraction(3)], [Fraction(4)]], None), ([[Fraction(80)]], None)], transpose=True, method="exact").model
    assert turned[0][0] == [[12], [16]] and sb.check(before, before).exit_code == 1


def test_no_number_becomes_another_unseen() -> None:
    """Checks: whole numbers beyond float64 are refused wherever they are; a scaling gives the function or an error, never a 0 or an infinity."""
    beyond = 2**53 + 1
    for weight in ([[beyond]], [[1.5, beyond]], np.array([[beyond]]), np.array([[2**63 - 1]]), [[10**400]]):
        after = [[1.0] * len(weight[0])]
        with pytest.raises(sb.InputError):
            sb.check([weight, [[1.0]]], [after, [[1.0]]])
    for kind in ("float16", "float32", "float64"):
        one = np.ones((1, 1), kind)
        for factor in (Fraction(1, 10**400), Fraction(10**400)):
            with pytest.raises(sb.InputError) as caught:
                sb.scale([one, one], {"h1.0": factor})
            assert caught.value.place == "<model>: 0.weight"
    first, second = sb.scale([[[1e-300]], [[1.0]]], {"h1.0": 1e-300})
    assert isinstance(first[0][0], Fraction) and first[0][0] > 0 and second[0][0] == 1 / 1e-300
    (turned, bias), _ = sb.scale([(np.array([[1]]), np.array([3])), (np.array([[2]]), None)], {"h1.0": Fraction(3, 2)})
    assert turned[0, 0] == 1.5 and bias[0] == 4.5
    own = Interface(np.array([[4.0]], np.float32))
    assert sb.scale([own, own], {"h1.0": 2})[0][0, 0] == 8


def test_named_fractions() -> None:
    """Checks: a mapping of exact numbers, its layers in any order."""
    arrays = {"l2.weight": [[Fraction(16)]], "l1.weight": [[Fraction(1)]], "l1.bias": [Fraction(0)]}
    found = sb.balance(arrays, method="exact")
    assert found.model == {"l2.weight": [[Fraction(4)]], "l1.weight": [[Fraction(4)]], "l1.bias": [Fraction(0)]}


@pytest.mark.parametrize("names", [("fc01", "fc1"), ("fc007", "fc7"), ("fc\u0663", "fc1"), ("fc1", "fc"), ("a1b1", "a2b2")])
def test_no_order_of_layers_is_guessed(names: Any) -> None:
    """Checks: names that do not tell the order are refused, of floats and of fractions, and of either side of a check."""
    one = [[[1.0]], [[16.0]]]
    floats, exact = ({f"{name}.weight": values(w) for name, w in zip(names, one)} for values in (np.array, lambda w: [[Fraction(w[0][0])]]))
    for call in (sb.balance, lambda model: sb.check(model, one), lambda model: sb.check(one, model)):
        for model in (floats, exact):
            with pytest.raises(sb.InputError):
                call(model)
    assert sb.balance({"fc10.weight": one[1], "fc9.weight": one[0]}, method="exact").model == {"fc10.weight": [[4.0]], "fc9.weight": [[4.0]]}


def test_stochastic_runs_meet_at_one_point() -> None:
    """Checks: orders and seeds differ on the way and not at the end; the cost never rises."""
    weights = [np.array([[1.0], [4.0]]), np.array([[4.0, 4.0], [1.0, 2.0]]), np.array([[8.0, 1.0]])]
    runs = [sb.stochastic(weights, seed=seed, order=order) for seed, order in enumerate(["uniform", "permutation", "cyclic", "greedy"])]
    ends = [[run.path(name)[-1] for name in run.names] for run in runs]
    balanced = sb.balance(weights)
    logs = [np.log(m) for layer in ("0.weight", "1.weight") for m in balanced.multipliers[layer]]
    for run, end in zip(runs, ends):
        assert np.allclose(end, logs, atol=1e-9) and run.deficit <= 1e-12 and len(run) > 4
        assert all(b <= a * (1 + 1e-12) for a, b in zip(run.regularizer, run.regularizer[1:]))
    assert runs[0].variable != runs[1].variable
    with pytest.raises(sb.Incomplete):
        sb.stochastic(weights, max_passes=1)
