"""Assertions for test suites, and the conformance vectors run against an implementation under test.

>>> from synaptic_balance import testing
>>> before = [([[1.0], [4.0]], None), ([[4.0, 4.0]], None)]
>>> after = [([[2.0], [4.0]], None), ([[2.0, 4.0]], None)]
>>> testing.assert_same_function(before, after)
>>> testing.assert_balanced(after)
>>> testing.assert_balanced(before)
Traceback (most recent call last):
    ...
AssertionError: not balanced for l2: deficit 0.882353, above the tolerance 1e-06; worst: h1.0 (A = 1, B = 16)

With pytest, a test that asks for the fixture ``balance_case`` runs once for each vector::

    def test_my_implementation(balance_case):
        balance_case.run(my_balance)     # takes a network document and a regularizer, gives the balanced weights, or None if there are none
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from ._commands import Regularizer, check, explain, regularizer_text
from ._errors import Error
from ._vectors import Case, vectors

__all__ = ["BalanceCase", "Skip", "assert_balanced", "assert_same_function", "balance_cases", "run_vectors"]

#: An implementation under test: takes a network document and a regularizer as text, and gives the balanced weights in the order of the
#: synapses, or a network document with them; ``None`` if the optimum is not attained. It raises :class:`Skip` for what it does not claim to cover.
Implementation = Callable[[Dict[str, Any], str], Any]


class Skip(Exception):
    """Raised by an implementation for a case that it does not claim to cover, with the reason."""


def assert_same_function(before: Any, after: Any, *, tolerance: float = 1e-6, **options: Any) -> None:
    """Asserts that ``after`` computes what ``before`` computes: that it is a scaling of it, up to the tolerance.

    Args:
        before, after: of any kind that :func:`synaptic_balance.balance` takes.
        tolerance: the relative deviation of a weight that counts as none.
        options: further ones of :func:`synaptic_balance.check`.

    Raises:
        AssertionError: another function, with an input that shows it; or undecided, with what breaks the scaling.
    """
    __tracebackhide__ = True
    found = check(before, after, tolerance=tolerance, **options)
    if found.same_function is True:
        return
    first = next((line for line in found.text.splitlines() if line.startswith("same function")), found.text)
    what = "another function" if found.same_function is False else "not known to be the same function"
    rest = "\n".join(line for line in found.text.splitlines() if line != first)
    raise AssertionError(f"{what}: {' '.join(first.split()[2:])}\n{rest}".rstrip())


def assert_balanced(model: Any, regularizer: Regularizer = "l2", *, tolerance: float = 1e-6, **options: Any) -> None:
    """Asserts that the incoming weights of every hidden unit that can be scaled cost as much as its outgoing ones.

    Args:
        model: of any kind that :func:`synaptic_balance.balance` takes.
        regularizer: the cost.
        tolerance: the deficit ``max |A - B| / (A + B)`` that counts as none.
        options: further ones of :func:`synaptic_balance.explain`.

    Raises:
        AssertionError: with the units of the largest deficits.
    """
    __tracebackhide__ = True
    found = explain(model, regularizer, **options)
    deficit = found.deficit
    if deficit is None:
        raise AssertionError(f"not known to be balanced:\n{found.text}")
    if deficit <= tolerance:
        return
    units = [(unit, own) for unit, own in found.by_unit.items() if isinstance(own, Mapping) and own.get("deficit") is not None]
    units.sort(key=lambda pair: -float(pair[1]["deficit"]))
    worst = ", ".join(f"{unit} (A = {own['input_cost']:.6g}, B = {own['output_cost']:.6g})" for unit, own in units[:3] if own["deficit"] > tolerance)
    text = regularizer_text(regularizer)
    raise AssertionError(
        f"not balanced for {text}: deficit {deficit:.6g}, above the tolerance {tolerance:g}" + (f"; worst: {worst}" if worst else "")
    )


def balance_cases(groups: Union[str, Sequence[str], None] = None) -> List["BalanceCase"]:
    """The vectors that ask for a balanced network, of all groups or of those that are named."""
    return [BalanceCase(case) for case in vectors(groups, operations="balance")]


class BalanceCase:
    """A vector that asks for a balanced network; a test runs its implementation on it.

    Attributes:
        case: the vector.
    """

    def __init__(self, case: Case) -> None:
        self.case = case

    def __repr__(self) -> str:
        return f"<BalanceCase {self.case}: {self.case.comment}>"

    def run(self, implementation: Implementation, tolerance: float = 1e-9) -> None:
        """Runs an implementation on the case.

        Args:
            implementation: takes a network document and a regularizer as text; see :data:`Implementation`.
            tolerance: the relative deviation of a weight that counts as none.

        Raises:
            AssertionError: the answer is wrong; it says which weight, and what the oracle says of the result.
            Skip: the implementation does not claim to cover the case; the fixture skips the test instead.
        """
        __tracebackhide__ = True
        network = self.case.network
        assert network is not None
        answer = implementation(network, self.case.regularizer)
        reason = self.judge(answer, tolerance)
        if reason is not None:
            raise AssertionError(f"{self.case} ({self.case.comment})\n{reason}")

    def judge(self, answer: Any, tolerance: float = 1e-9) -> Optional[str]:
        """What is wrong with an answer; ``None`` if nothing is."""
        expected = self.case.expected
        if expected["status"] == "not_attained":
            vanishing = expected.get("vanishing")
            return None if answer is None else f"the minimum is not attained (synapses {vanishing} vanish), and a network was given"
        if answer is None:
            return "the minimum is attained, and no network was given"
        network = dict(self.case.network or {})
        given = [synapse["weight"] for synapse in answer["synapses"]] if isinstance(answer, Mapping) else list(answer)
        if len(given) != len(expected["weights"]):
            return f"{len(given)} weights were given for {len(expected['weights'])} synapses"
        wrong = [place for place, pair in enumerate(zip(given, expected["weights"])) if not _is_near(*pair, tolerance)]
        if not wrong:
            return None
        synapses = network["synapses"]
        lines = []
        for place in wrong[:5]:
            synapse = synapses[place]
            lines.append(f"{synapse['from']} -> {synapse['to']}: {given[place]}, expected {_spelt(expected['weights'][place])}")
        if len(wrong) > 5:
            lines.append(f"and {len(wrong) - 5} more weights")
        return "\n".join([*lines, *self._oracle(network, given)])

    def _oracle(self, network: Dict[str, Any], given: Sequence[Any]) -> List[str]:
        """What the oracle says of wrong weights."""
        weights = [str(weight) if isinstance(weight, (Fraction, int, str)) else float(weight) for weight in given]
        synapses = [{**synapse, "weight": weight} for synapse, weight in zip(network["synapses"], weights)]
        try:
            return [check(network, {**network, "synapses": synapses}, self.case.regularizer).text.rstrip()]
        except (Error, ValueError) as fault:
            return [f"no network: {fault}"]


def _is_near(value: Any, expected: Any, tolerance: float) -> bool:
    """Is a weight the expected one, up to a relative deviation? Logarithms take numbers beyond floats, too."""
    low, high = (expected, expected) if isinstance(expected, str) else (expected["lo"], expected["hi"])
    try:
        given = Fraction(value)
    except (TypeError, ValueError, OverflowError):
        return False
    low, high = Fraction(low), Fraction(high)
    if given == 0 or low == 0:
        return given == low
    if (given < 0) != (low < 0):
        return False
    return low <= given <= high or min(abs(_log(given) - _log(end)) for end in (low, high)) <= tolerance


def _log(value: Fraction) -> float:
    return math.log(abs(value.numerator)) - math.log(value.denominator)


def _spelt(expected: Any) -> str:
    if isinstance(expected, str):
        return expected
    return f"between {expected['lo']} and {expected['hi']}"


def run_vectors(
    implementation: Implementation, groups: Union[str, Sequence[str], None] = None, tolerance: float = 1e-9
) -> Tuple[int, Dict[str, str], Dict[str, str]]:
    """Runs an implementation on all vectors that ask for a balanced network.

    Args:
        implementation, tolerance: as for :meth:`BalanceCase.run`.
        groups: the groups to run; all of them if none is named.

    Returns:
        How many passed; the failures by case, with what is wrong; the skipped ones by case, with the reason.

    >>> from synaptic_balance import testing
    >>> passed, failed, skipped = testing.run_vectors(lambda network, regularizer: None, groups="not_attained")
    >>> passed > len(failed), skipped
    (True, {})
    """
    passed, failed, skipped = 0, {}, {}
    for case in balance_cases(groups):
        try:
            case.run(implementation, tolerance)
        except Skip as reason:
            skipped[str(case.case)] = str(reason)
        except AssertionError as fault:
            failed[str(case.case)] = str(fault)
        except Exception as fault:  # noqa: BLE001 - an implementation under test may raise anything, and that is a failure
            failed[str(case.case)] = f"{case.case} ({case.case.comment})\n{type(fault).__name__}: {fault}"
        else:
            passed += 1
    return passed, failed, skipped
