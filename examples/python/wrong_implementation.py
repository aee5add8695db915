"""What the oracle says of an implementation that forgets biases, and of one that stops early: python wrong_implementation.py"""

from fractions import Fraction

import numpy as np
import synaptic_balance as sb
from synaptic_balance import testing

rng = np.random.default_rng(1)
before = [(rng.normal(size=(6, 4)), rng.normal(size=6)), (rng.normal(size=(2, 6)), rng.normal(size=2))]


def without_biases(layers):
    """Equalises rows against columns, and leaves the bias of the scaled unit as it was."""
    (w1, b1), (w2, b2) = layers
    scale = np.sqrt(np.linalg.norm(w2, axis=0) / np.linalg.norm(w1, axis=1))
    return [(w1 * scale[:, None], b1), (w2 / scale, b2)]


def unit_by_unit(network, regularizer):
    """Textbook balancing of a network document, one sweep only; it knows L2, and units of degree 1."""
    if regularizer != "l2":
        raise testing.Skip("L2 only")
    hidden = [unit["id"] for unit in network["units"] if unit["kind"] == "hidden"]
    if any(isinstance(unit.get("activation"), dict) for unit in network["units"]) or network.get("ties"):
        raise testing.Skip("plain units only")
    weights = np.array([float(Fraction(synapse["weight"])) for synapse in network["synapses"]])
    into = {u: [k for k, s in enumerate(network["synapses"]) if s["to"] == u != s["from"]] for u in hidden}
    out = {u: [k for k, s in enumerate(network["synapses"]) if s["from"] == u != s["to"]] for u in hidden}
    for unit in hidden:
        a, b = (np.sum(weights[side[unit]] ** 2) for side in (into, out))
        if a == 0 or b == 0:
            return None
        factor = (b / a) ** 0.25
        weights[into[unit]] *= factor
        weights[out[unit]] /= factor
    return list(weights)


found = sb.check(before, without_biases(before))
print("forgets biases:\n" + str(found))
assert found.same_function is False and found.exit_code == 1

right = sb.balance(before).model
testing.assert_same_function(before, right)
testing.assert_balanced(right)

passed, failed, skipped = testing.run_vectors(unit_by_unit, groups=["basic", "biases"])
print(f"one sweep: {passed} vectors passed, {len(failed)} failed, {len(skipped)} skipped")
print(next(iter(failed.values())))
assert passed and failed
