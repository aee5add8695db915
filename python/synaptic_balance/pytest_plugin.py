"""The fixture ``balance_case`` for pytest: a test that asks for it runs once for each conformance vector.

``@pytest.mark.balance_groups("basic", "biases")`` takes those groups only.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", "balance_groups(*groups): run on the conformance vectors of these groups only")


def pytest_generate_tests(metafunc: Any) -> None:
    if "balance_case" not in metafunc.fixturenames:
        return
    from .testing import BalanceCase, Skip, balance_cases

    class PytestCase(BalanceCase):
        """A case of which the test is skipped where the implementation does not claim to cover it."""

        def run(self, implementation: Any, tolerance: float = 1e-9) -> None:
            __tracebackhide__ = True
            try:
                super().run(implementation, tolerance)
            except Skip as reason:
                pytest.skip(str(reason))

    marker = metafunc.definition.get_closest_marker("balance_groups")
    cases = [PytestCase(own.case) for own in balance_cases(marker.args if marker else None)]
    metafunc.parametrize("balance_case", cases, ids=[str(own.case) for own in cases])
