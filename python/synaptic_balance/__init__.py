"""Synaptic neural balance: balance networks, certify the result, check other implementations.

Five calls do what most people want::

    import synaptic_balance as sb
    found = sb.balance(model, regularizer="l2", certify=12)   # the same function, at the least cost; found.model, found.enclosure
    sb.check(before, after)                                   # is a result of yours right?
    sb.explain(model)                                         # units, manifold, deficits
    sb.verify(model, found)                                   # the proof, by the trusted kernel alone
    sb.vectors()                                              # conformance vectors for implementations

Models are paths, bytes, ``onnx.ModelProto``, mappings of names to arrays, lists of ``(W, b)``, ``networkx.DiGraph`` and network documents;
results come back in the type and the container that went in. :func:`balance_units`, :func:`scale` and :func:`stochastic` take single
steps, in ``Fraction`` where that is possible. ``synaptic_balance.testing`` holds assertions and runs implementations against the vectors,
``synaptic_balance.plots`` draws.
"""

from ._commands import balance, check, explain, verify
from ._errors import Error, Incomplete, InputError
from ._native import __version__
from ._results import Balanced, Bounds, Checked, Explained, Result, Verified
from ._steps import Step, Stepped, Trace, balance_units, scale, stochastic
from ._vectors import Case, vectors

__all__ = [
    "Balanced",
    "Bounds",
    "Case",
    "Checked",
    "Error",
    "Explained",
    "Incomplete",
    "InputError",
    "Result",
    "Step",
    "Stepped",
    "Trace",
    "Verified",
    "__version__",
    "balance",
    "balance_units",
    "check",
    "explain",
    "scale",
    "stochastic",
    "vectors",
    "verify",
]
