"""One unit, one scaling, one stochastic run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Dict, List, NamedTuple, Optional, Union

from . import _native
from ._commands import Activations, Regularizer, regularizer_text
from ._errors import Incomplete, InputError
from ._models import LayerName, Model, Written_, take

_MODEL = "<model>"


class _Text:
    """A text in place of what a command wrote."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __bytes__(self) -> bytes:
        return self.text.encode()


def _restored(model: Model, text: str) -> Any:
    written: Written_ = {"": _Text(text)}  # type: ignore[dict-item]
    return model.restore(written)


class Step(NamedTuple):
    """What balancing one unit did.

    Attributes:
        unit: the unit.
        input_cost, output_cost: A and B before the step; ``None`` where they are irrational.
        multiplier: the factor of its incoming weights.
        exact: does it balance the unit exactly? Otherwise it is a float near it, by which the unit was scaled exactly all the same.
    """

    unit: str
    input_cost: Optional[Fraction]
    output_cost: Optional[Fraction]
    multiplier: Fraction
    exact: bool


class Stepped(NamedTuple):
    """A network after single steps, in the container that it came in.

    Attributes:
        model: the network, its weights exact where the container can hold ``Fraction``.
        steps: what each step did.
    """

    model: Any
    steps: List[Step]


def balance_units(
    model: Any,
    units: Union[str, Sequence[str]],
    regularizer: Regularizer = "l2",
    *,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
) -> Stepped:
    """Balances single units, each with those tied to it, in this order; everything else stays as it is.

    Args:
        model: a network document, a graph, a mapping or a list of arrays; in the last two, hidden units are called ``"h1.0"``, ``"h1.1"``,
            ... by layer.
        units: the units, by name.
        regularizer, activation, layers, transpose: as for :func:`balance`.

    Raises:
        InputError: no such unit, or one that cannot be scaled.
        Incomplete: a unit with cost on one side only, which no multiplier balances.

    >>> import synaptic_balance as sb
    >>> from fractions import Fraction
    >>> found = sb.balance_units([([[Fraction(1)]], None), ([[Fraction(16)]], None)], "h1.0")
    >>> found.model[0][0], found.steps[0].multiplier
    ([[Fraction(4, 1)]], Fraction(4, 1))
    """
    taken = take(model, _MODEL, activation, layers, transpose, exactly=True)
    names = [units] if isinstance(units, str) else list(units)
    network, steps = _asked(_native.balance_units, _network(taken), regularizer_text(regularizer), names)
    return Stepped(_restored(taken, network), [_step(step) for step in json.loads(steps)])


def _step(step: Dict[str, Any]) -> Step:
    cost = {side: None if step[side] is None else Fraction(step[side]) for side in ("input_cost", "output_cost")}
    return Step(step["unit"], cost["input_cost"], cost["output_cost"], Fraction(step["multiplier"]), step["exact"])


def scale(
    model: Any,
    multipliers: Mapping[str, Any],
    *,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
) -> Any:
    """Multiplies the incoming weights of units by numbers, and divides their outgoing ones: the same function.

    Args:
        model, activation, layers, transpose: as for :func:`balance_units`.
        multipliers: by unit a positive number: ``Fraction``, ``int``, ``float``, or a text such as ``"1/3"``.

    Returns:
        The network in the container that it came in.

    Raises:
        InputError: no such unit, one that cannot be scaled so, or a result that the type of the arrays does not hold.

    >>> import synaptic_balance as sb
    >>> from fractions import Fraction
    >>> sb.scale([([[Fraction(1)]], None), ([[Fraction(16)]], None)], {"h1.0": Fraction(1, 3)})
    [([[Fraction(1, 3)]], None), ([[Fraction(48, 1)]], None)]
    """
    taken = take(model, _MODEL, activation, layers, transpose, exactly=True)
    from ._perceptrons import number

    exact = {unit: str(Fraction(number(value, f"multipliers[{unit!r}]"))) for unit, value in multipliers.items()}
    return _restored(taken, _asked(_native.scale, _network(taken), exact))


class Trace:
    """A run of the paper's algorithm, step by step.

    Attributes:
        names: the variables: units, or ties of them.
        variable: for each step the position of its variable in ``names``.
        log: for each step the logarithm of the factor of its variable's incoming weights.
        regularizer: the cost before the first step and after each, without what scaling does not change.
        deficit: at the end.
        passes: how often all weights were read.
    """

    def __init__(self, document: Dict[str, Any]) -> None:
        self.names: List[str] = document["variables"]
        self.variable: List[int] = document["variable"]
        self.log: List[float] = document["log"]
        self.regularizer: List[float] = [document["start"], *document["regularizer"]]
        self.deficit: float = document["deficit"]
        self.passes: float = document["passes"]

    def __len__(self) -> int:
        return len(self.variable)

    def __repr__(self) -> str:
        first, last = self.regularizer[0], self.regularizer[-1]
        return f"<Trace {len(self)} steps, regularizer {first:.6g} to {last:.6g}, deficit {self.deficit:.1e}>"

    def path(self, name: str) -> List[float]:
        """The logarithm of a variable's multiplier before the first step and after each."""
        own = self.names.index(name)
        values = [0.0]
        for variable, log in zip(self.variable, self.log):
            values.append(values[-1] + (log if variable == own else 0.0))
        return values

    def plot(self, ax: Any = None) -> Any:
        """Draws the trajectories of all multipliers; needs matplotlib."""
        from . import plots

        return plots.trajectories([self], ax=ax)


def stochastic(
    model: Any,
    regularizer: Regularizer = "l2",
    *,
    seed: int = 0,
    order: str = "uniform",
    tolerance: float = 1e-12,
    max_passes: int = 10_000,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
) -> Trace:
    """Balances one unit after another, as the paper's algorithm does, and records every step.

    Args:
        model, regularizer, activation, layers, transpose: as for :func:`balance_units`.
        seed: of the random order.
        order: ``"uniform"`` (each unit drawn anew), ``"permutation"`` (all in random order, again and again), ``"cyclic"``, or
            ``"greedy"`` (the largest deficit first).
        tolerance: the deficit at which the run ends.
        max_passes: the most passes of as many steps as there are units.

    Raises:
        InputError: bad input.
        Incomplete: the run did not end, or no minimum exists.

    >>> import synaptic_balance as sb
    >>> run = sb.stochastic([([[1.0]], None), ([[16.0]], None), ([[1.0]], None)], order="cyclic")
    >>> run.regularizer[0], round(run.regularizer[-1], 4)
    (258.0, 19.0488)
    """
    taken = take(model, _MODEL, activation, layers, transpose, exactly=True)
    if order not in ("uniform", "permutation", "cyclic", "greedy"):
        raise InputError(f"order: {order!r} is none of uniform, permutation, cyclic, greedy", "order")
    found = _asked(_native.trace, _network(taken), regularizer_text(regularizer), seed, order, (tolerance, max_passes))
    return Trace(json.loads(found))


def _network(taken: Model) -> bytes:
    if taken.network is None:
        raise InputError(f"{taken.path}: expected a network document, a graph, or arrays", taken.path)
    return taken.network


def _asked(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, OverflowError) as fault:
        raise InputError(f"{_MODEL}: {fault}") from None
    except RuntimeError as fault:
        raise Incomplete(f"{_MODEL}: {fault}") from None
