"""The same answers as the program on every conformance vector, and the right ones where the program has no command."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, Dict

import pytest
import synaptic_balance as sb
from conftest import program

BALANCE = sb.vectors(operations=["balance", "limit", "balance_within"])
JUDGE = sb.vectors(operations="judge")
READ = sb.vectors(operations=["read", "read_regularizer"])
UNITS = sb.vectors(operations="balance_units")
SCALE = sb.vectors(operations="scale")


def comparable(document: Dict[str, Any]) -> Dict[str, Any]:
    """A report without what differs from run to run."""
    return {name: value for name, value in document.items() if name != "seconds"}


def test_every_vector_is_asked() -> None:
    """Checks: no vector is left out, but those about training, which is not part of the package."""
    asked = len(BALANCE) + len(JUDGE) + len(READ) + len(UNITS) + len(SCALE)
    training = len(sb.vectors(operations="gradient_step"))
    assert asked + training == len(sb.vectors()) and asked > 300


@pytest.mark.parametrize("case", BALANCE, ids=str)
def test_balance_answers_as_the_program(case: sb.Case, tmp_path: Any) -> None:
    """Checks: report, exit code, network and certificate are those of ``synbal balance``."""
    names = [tmp_path / name for name in ("network.json", "balanced.json", "certificate.json")]
    names[0].write_text(json.dumps(case.network))
    options = ["--limit"] if case.operation == "limit" else []
    bound = case.inputs.get("max_scaling")
    if bound is not None:
        options.append(f"--max-scaling={bound}")
    output = ["-o", str(names[1]), "--certify", "--certificate", str(names[2])]
    code, document = program("balance", str(names[0]), f"--regularizer={case.regularizer}", *options, *output)
    try:
        found = sb.balance(case.network, case.regularizer, True, limit=case.operation == "limit", max_scaling=bound)
    except sb.Incomplete as fault:
        assert code == 3
        if fault.result is None:
            assert document["message"].replace(str(names[0]), "<model>").startswith(fault.message[:40])
            return
        found = fault.result
    assert found.exit_code == code
    assert comparable(found.to_dict()) == comparable(document)
    for own, path in ((found.model, names[1]), (found.certificate, names[2])):
        assert own == (json.loads(path.read_text()) if path.exists() else None)


@pytest.mark.parametrize("case", JUDGE, ids=str)
def test_check_answers_as_the_program(case: sb.Case, tmp_path: Any) -> None:
    """Checks: the three answers and the exit code are those of ``synbal check``."""
    assert case.network is not None
    pairs = zip(case.network["synapses"], case.inputs["after"])
    after = {**case.network, "synapses": [{**synapse, "weight": weight} for synapse, weight in pairs]}
    paths = [tmp_path / "before.json", tmp_path / "after.json"]
    for path, network in zip(paths, (case.network, after)):
        path.write_text(json.dumps(network))
    tolerance = float(Fraction(case.inputs["tolerance"]))
    options = [f"--regularizer={case.regularizer}", f"--tolerance={tolerance}"]
    code, document = program("check", *map(str, paths), *options)
    found = sb.check(case.network, after, case.regularizer, tolerance=tolerance)
    assert (found.exit_code, found.to_dict()) == (code, document)
    is_exact = case.expected["exact_scaling"] or case.expected["same_function"] is not True
    if is_exact:
        assert found.same_function == case.expected["same_function"]
    else:
        # The vectors count a deviation within the tolerance as none; the program excuses rounding of floats, and these weights are exact.
        assert found.to_dict()["scaling_deviation"] <= tolerance


@pytest.mark.parametrize("case", READ, ids=str)
def test_what_must_be_refused_is_refused_as_by_the_program(case: sb.Case, tmp_path: Any) -> None:
    """Checks: the message is that of the program, and the exception carries exit code 2 and the place."""
    path = tmp_path / "network.json"
    good = {"format": "synaptic-balance/network", "version": 1, "units": [], "synapses": []}
    if case.operation == "read":
        path.write_text(case.inputs["text"])
        code, document = program("explain", str(path))
        with pytest.raises(sb.InputError) as caught:
            sb.explain(case.inputs["text"].encode())
        assert document["message"].replace(str(path), "<model>") == str(caught.value)
        assert caught.value.place.startswith("<model>")
    else:
        path.write_text(json.dumps(good))
        code, document = program("explain", str(path), f"--regularizer={case.inputs['text']}")
        with pytest.raises(sb.InputError) as caught:
            sb.explain(good, case.inputs["text"])
        reason = str(caught.value).split(": ", 2)[2]
        assert caught.value.place == "regularizer" and reason and reason in document["message"]
    assert code == 2 == caught.value.exit_code


def near(value: Fraction, expected: Any) -> bool:
    if isinstance(expected, str):
        return value == Fraction(expected) or abs(value / Fraction(expected) - 1) < Fraction(1, 10**9)
    low, high = Fraction(expected["lo"]), Fraction(expected["hi"])
    return abs(value / low - 1) < Fraction(1, 10**9) or low <= value <= high


@pytest.mark.parametrize("case", UNITS, ids=str)
def test_single_steps_are_those_of_the_vectors(case: sb.Case) -> None:
    """Checks: the multiplier of each step and the weights after all, exactly where they are exact."""
    units, expected = case.inputs["units"], case.expected
    if expected["status"] == "refused":
        with pytest.raises(sb.InputError):
            sb.balance_units(case.network, units, case.regularizer)
        return
    if expected["status"] == "not_attained":
        with pytest.raises(sb.Incomplete):
            sb.balance_units(case.network, units, case.regularizer)
        return
    found = sb.balance_units(case.network, units, case.regularizer)
    for step, own in zip(found.steps, expected["steps"]):
        assert step.unit == own["unit"] and near(step.multiplier, own["lambda"])
        if step.exact:
            assert step.multiplier == Fraction(own["lambda"])
    weights = [Fraction(synapse["weight"]) for synapse in found.model["synapses"]]
    for weight, own in zip(weights, expected["weights"]):
        assert weight == 0 if own == "0" else near(weight, own)


@pytest.mark.parametrize("case", SCALE, ids=str)
def test_scaling_is_that_of_the_vectors(case: sb.Case) -> None:
    """Checks: the weights after scaling, exactly, or the refusal."""
    multipliers = case.inputs["multipliers"]
    if case.expected["status"] == "refused":
        with pytest.raises(sb.InputError):
            sb.scale(case.network, multipliers)
        return
    scaled = sb.scale(case.network, multipliers)
    weights = [Fraction(synapse["weight"]) for synapse in scaled["synapses"]]
    assert weights == [Fraction(weight) for weight in case.expected["weights"]]
