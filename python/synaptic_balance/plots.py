"""Pictures of the size of a notebook cell; they need matplotlib. Each function draws into ``ax``, if one is given, and returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Dict, List, Optional, Tuple

from ._commands import Regularizer, explain, regularizer_text
from ._steps import Trace

__all__ = ["deficits", "ranges", "trajectories"]


def _axes(ax: Any, width: float = 6.0, height: float = 3.0) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as fault:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from fault
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def deficits(before: Any, after: Any = None, regularizer: Regularizer = "l2", *, ax: Any = None, **options: Any) -> Any:
    """The ratio of input cost to output cost of every hidden unit, before and after balancing; 1 is balance.

    Args:
        before, after: models of any kind that :func:`synaptic_balance.balance` takes; ``after`` may be left out.
        regularizer: the cost.
        ax: matplotlib axes to draw into.
        options: further ones of :func:`synaptic_balance.explain`.

    Returns:
        The axes. Units with cost on one side only are not drawn; a balanced unit lies at 1.
    """
    ax = _axes(ax)
    for label, model, marker in (("before", before, "o"), ("after", after, ".")):
        if model is None:
            continue
        units = explain(model, regularizer, **options).by_unit
        sides = [(own["input_cost"], own["output_cost"]) for own in units.values()]
        places = [place for place, (a, b) in enumerate(sides) if a > 0 and b > 0]
        ax.plot(places, [sides[place][0] / sides[place][1] for place in places], marker, ms=4, label=label)
    ax.axhline(1.0, color="gray", lw=0.8, zorder=0)
    ax.set(yscale="log", xlabel="hidden unit", ylabel="input cost / output cost", title=regularizer_text(regularizer))
    ax.legend()
    return ax


def trajectories(traces: Sequence[Trace], names: Optional[Sequence[str]] = None, *, ax: Any = None) -> Any:
    """How the logarithms of multipliers move step by step, one colour for each unit: different orders end at one fixpoint.

    Args:
        traces: runs of :func:`synaptic_balance.stochastic` on one network, in different orders.
        names: the units to draw; the first eight if not given.
        ax: matplotlib axes to draw into.
    """
    ax = _axes(ax)
    for number, trace in enumerate(traces):
        for place, name in enumerate(trace.names[:8] if names is None else names):
            label = name if number == 0 else None
            ax.plot(trace.path(name), color=f"C{place % 10}", lw=1.0, alpha=0.8, label=label)
    ax.set(xlabel="step", ylabel="log multiplier", title=f"{len(traces)} order{'s' if len(traces) != 1 else ''}")
    ax.legend(fontsize="small", ncols=2)
    return ax


def ranges(before: Any, after: Any = None, *, ax: Any = None) -> Any:
    """The magnitudes of the weights of every layer: from the smallest that is not 0 to the largest, with the median.

    Args:
        before, after: mappings of names to arrays, or lists of ``(W, b)``; ``after`` may be left out.
        ax: matplotlib axes to draw into.
    """
    ax = _axes(ax)
    labels: List[str] = []
    for offset, (label, model) in enumerate((("before", before), ("after", after))):
        if model is None:
            continue
        found = _magnitudes(model)
        labels = list(found)
        for place, (low, median, high) in enumerate(found.values()):
            x = place + 0.2 * (offset - 0.5)
            ax.vlines(x, low, high, color=f"C{offset}", lw=3, alpha=0.6, label=label if place == 0 else None)
            ax.plot([x], [median], "_", color=f"C{offset}", ms=10)
    ax.set(yscale="log", ylabel="|weight|", xticks=range(len(labels)), xticklabels=labels)
    ax.legend()
    return ax


def _magnitudes(model: Any) -> Dict[str, Tuple[float, float, float]]:
    """By weight of a layer the smallest magnitude that is not 0, the median and the largest."""
    import numpy as np

    from ._arrays import is_exact
    from ._models import take
    from ._perceptrons import Arrays

    if isinstance(model, (list, tuple)) and is_exact(list(model)):
        raise TypeError("ranges are drawn of floating-point arrays")
    # The order does not matter here, nor the names' telling it.
    taken = take(model, "<model>")
    if not isinstance(taken, Arrays):
        raise TypeError("ranges are drawn of mappings of arrays and of lists of (W, b)")
    found = {}
    for number, part, own in taken.taken:
        values = own.array
        if own.numbers == "bf16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        values = np.abs(values[values != 0].astype(np.float64))
        if part == "weight" and len(values):
            found[taken.layers[number].name] = (float(values.min()), float(np.median(values)), float(values.max()))
    return found
