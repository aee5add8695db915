"""Examples in the documentation run, and the assertions for test suites say what is wrong."""

from __future__ import annotations

import doctest
import importlib
from fractions import Fraction
from typing import Any, Dict, List, Optional

import pytest
import synaptic_balance as sb
from conftest import ROOT
from synaptic_balance import testing

MODULES = ["_commands", "_steps", "_vectors", "testing"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    """Checks: what docstrings show is what comes out."""
    module = importlib.import_module(f"synaptic_balance.{name}")
    failed, tried = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert tried > 0 and failed == 0


def test_examples_in_the_guide() -> None:
    """Checks: what the page of the package shows is what comes out."""
    failed, tried = doctest.testfile(str(ROOT / "python" / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 0 and failed == 0


def right(network: Dict[str, Any], regularizer: str) -> Any:
    """The package itself, as an implementation under test."""
    try:
        return sb.balance(network, regularizer).model
    except sb.Incomplete:
        return None


def unsquared(network: Dict[str, Any], regularizer: str) -> Optional[List[Fraction]]:
    """A wrong one: it balances for L2 whatever is asked for."""
    if regularizer == "l2":
        raise testing.Skip("L2 only tests others")
    found = right(network, "l2")
    return found and [synapse["weight"] for synapse in found["synapses"]]


def test_every_case(balance_case: Any) -> None:
    """Checks: the fixture asks for each vector; the package passes all of them."""
    balance_case.run(right, tolerance=1e-9)


@pytest.mark.balance_groups("basic")
def test_groups_can_be_chosen(balance_case: Any) -> None:
    """Checks: the marker takes one group; an implementation that skips is skipped."""
    assert balance_case.case.group == "basic"

    def skips(network: Any, regularizer: str) -> Any:
        raise testing.Skip("knows nothing")

    with pytest.raises(pytest.skip.Exception, match="knows nothing"):
        balance_case.run(skips)


def test_a_wrong_implementation_fails_with_reasons() -> None:
    """Checks: each failure names the case, a weight, and what the oracle says."""
    passed, failed, skipped = testing.run_vectors(unsquared, groups=["basic", "p"])
    assert passed and failed and skipped
    reason = next(iter(failed.values()))
    assert "expected" in reason and "same function" in reason


def test_assertions_say_what_is_wrong() -> None:
    """Checks: another function, and what is not balanced."""
    before = [[[1.0], [4.0]], [[4.0, 4.0]]]
    testing.assert_same_function(before, sb.balance(before).model)
    testing.assert_balanced(sb.balance(before, "l1").model, "l1")
    with pytest.raises(AssertionError, match="another function"):
        testing.assert_same_function(before, [[[2.0], [4.0]], [[4.0, 4.0]]])
    with pytest.raises(AssertionError, match="h1.0"):
        testing.assert_balanced(before)
