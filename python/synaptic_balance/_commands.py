"""The five calls."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from . import _native
from ._errors import Error, Incomplete, InputError, spoken
from ._models import BALANCED, Activation, LayerName, Model, Written_, take
from ._results import Balanced, Checked, Explained, Verified

#: A regularizer: ``"l2"``, ``"l1"``, ``"lp:3"``, ``"mix:1*1+1/2*2"``, or the power p alone.
Regularizer = Union[str, int, float, Fraction]
#: Told of progress: what is done, and the deficit that was reached. ``True``: a bar; ``False``: nobody.
Progress = Union[bool, Callable[[str, Optional[float]], object], None]
Activations = Union[Activation, Sequence[Activation], None]

_MODEL, _BEFORE, _AFTER = "<model>", "<before>", "<after>"
_CERTIFICATE, _GRAPH = "<certificate>", "<graph>"
#: A bar is not shown for what takes less than so many seconds.
_DELAY = 1.0


def regularizer_text(regularizer: Regularizer) -> str:
    """A regularizer as the program takes it."""
    if isinstance(regularizer, str):
        return regularizer
    try:
        if not isinstance(regularizer, bool):
            return f"lp:{Fraction(regularizer)}"
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError("regularizer: a text or a power", "regularizer")


def balance(
    model: Any,
    regularizer: Regularizer = "l2",
    certify: Union[int, bool, None] = None,
    *,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
    method: Optional[str] = None,
    seed: int = 0,
    tied: Optional[str] = None,
    limit: bool = False,
    tolerance: Optional[float] = None,
    cross_check: bool = False,
    power_of_two: bool = False,
    round: bool = False,
    max_scaling: Union[int, float, str, Fraction, None] = None,
    learned: Sequence[str] = (),
    constant: Sequence[str] = (),
    output: Union[str, "os.PathLike[str]", None] = None,
    progress: Progress = None,
    threads: Optional[int] = None,
) -> Balanced:
    """Balances a network: the same function, with every hidden unit's incoming weights costing as much as its outgoing ones.

    Args:
        model: a path, of a file or of a folder that holds ``model.safetensors`` (or its index) or ``model.onnx``; bytes; an ``onnx.ModelProto``; a mapping of names to arrays (``"fc1.weight"`` of shape ``[out, in]``,
            ``"fc1.bias"`` of shape ``[out]``); a list of ``(W, b)``; a ``networkx.DiGraph``; a network document. Arrays are of NumPy or
            of anything with DLPack or the array interface, float16, bfloat16, float32 or float64. More than 8 MiB of them are balanced without
            a copy if they lie in the order of rows; they must not be changed during the call. Nested lists or arrays of ``Fraction`` are calculated with exactly.
        regularizer: ``"l2"``, ``"l1"``, ``"lp:P"``, ``"mix:a1*P1+a2*P2"``, or the power.
        certify: enclose every multiplier to so many digits (``True``: 12) and have the kernel verify it.
        activation: for arrays and files of weights, what their hidden layers compute: a name (``"relu"``, also if none is given for arrays),
            an object such as ``{"leaky_relu": "1/10"}``, or one of these for each hidden layer. Outputs are linear.
        layers: for mappings and files of weights, the layers in the order of computation: ``"fc1"``, or ``("W1", "b1")``.
            Needed unless their names differ in one number only.
        transpose: the arrays are ``[in, out]``, as in scikit-learn and Keras; they are then copied.
        method: ``"direct"``, ``"two-level"``, ``"stochastic"``, ``"sweep"`` or ``"exact"``.
        seed: of the stochastic algorithm.
        tied: ``"layer"`` for one multiplier for each layer.
        limit: accept an infimum that is not attained, and go to its limit.
        tolerance: the deficit to reach.
        cross_check: let the paper's algorithm check the result, whatever the size.
        power_of_two: round multipliers to powers of two, by which weights scale exactly.
        round: for weights of 16 bits, of which multipliers are otherwise rounded to powers of two, round each weight of the optimum.
        max_scaling: keep every multiplier between ``1/S`` and ``S``.
        learned, constant: names of ONNX tensors to be taken for weights, or for constants.
        output: write the model to this path; for models that are no arrays. ``Balanced.model`` is then the path.
        progress: ``None``: a bar, if ``tqdm`` is there, someone watches and it takes longer than a second; or ``True``, ``False``, or
            a function that is told what is done and the deficit.
        threads: how many; no result depends on it.

    Returns:
        The report, with the balanced network as ``model``, in the type and the container that it came in.

    Raises:
        InputError: bad input; the exception says where.
        Incomplete: no optimum, or not everything was verified; ``result`` holds the report.

    >>> import synaptic_balance as sb
    >>> found = sb.balance([([[1.0], [4.0]], None), ([[4.0, 4.0]], None)])
    >>> found.status, found.multipliers["0.weight"]
    ('balanced', [2.0, 1.0])
    >>> found.model[0][0]
    [[2.0], [4.0]]

    Exactly:

    >>> from fractions import Fraction
    >>> found = sb.balance([([[Fraction(1, 3)]], None), ([[Fraction(16, 3)]], None)], method="exact")
    >>> found.model
    [([[Fraction(4, 3)]], None), ([[Fraction(4, 3)]], None)]
    """
    taken = take(model, _MODEL, activation, layers, transpose)
    arguments = ["balance", taken.path, *taken.options, f"--regularizer={regularizer_text(regularizer)}"]
    arguments += [f"--seed={seed}"]
    for option, value in (("method", method), ("tied", tied), ("tolerance", tolerance), ("max-scaling", max_scaling)):
        if value is not None:
            arguments.append(f"--{option}={value}")
    for option, asked in (
        ("limit", limit),
        ("cross-check", cross_check),
        ("power-of-two", power_of_two),
        ("round", round),
    ):
        if asked:
            arguments.append(f"--{option}")
    arguments += _roles(learned, constant)
    kept = {BALANCED}
    if certify is not None and certify is not False:
        arguments.append("--certify" if certify is True else f"--certify={certify}")
        arguments += ["--certificate", _CERTIFICATE]
        kept.add(_CERTIFICATE)
    if output is not None:
        if isinstance(taken.files.get(_MODEL), list):
            raise InputError("output: arrays are given back as arrays", "output")
        kept.remove(BALANCED)
    arguments += ["-o", taken.output if output is None else os.fspath(output)]
    code, document, text, written = _call(arguments, [taken], kept, progress, threads)
    certificate = written.pop(_CERTIFICATE, None)
    balanced = written.get(BALANCED)
    found: Any = taken.restore(balanced) if balanced else None
    if output is not None and code == 0:
        found = output
    proof = None if certificate is None else json.loads(bytes(certificate[""]))
    options = {"activation": activation, "layers": layers, "transpose": transpose, "tied": tied}
    given = (model, {name: value for name, value in options.items() if value})
    result = Balanced(document, text, code, found, proof, given)
    if code != 0:
        raise Incomplete(_why(result), "", result)
    return result


def _why(result: Balanced) -> str:
    reason = result.to_dict().get("incomplete")
    if result.status == "not_attained":
        return "the minimum is not attained: no scaling balances the network; limit=True goes to the limit"
    return str(reason) if reason else result.text.strip()


def check(
    before: Any,
    after: Any,
    regularizer: Regularizer = "l2",
    *,
    tolerance: float = 1e-6,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
    tied: Optional[str] = None,
    certificate: bool = False,
    learned: Sequence[str] = (),
    constant: Sequence[str] = (),
    progress: Progress = None,
    threads: Optional[int] = None,
) -> Checked:
    """Judges the result of another implementation: the same function, balanced, how far from the one optimum.

    Args:
        before, after: the network and the result to judge, of any kind that :func:`balance` takes; the kinds may differ.
        regularizer: for which it should be balanced.
        tolerance: the relative deviation that counts as none, of scaled weights and of the deficit.
        certificate: keep the certificate of what was proved.
        activation, layers, transpose, tied, learned, constant, progress, threads: as for :func:`balance`.

    Returns:
        The three answers. As a condition it is true if the function is the same and the result balanced, as far as powers of two go
        if ``balanced`` says so.

    Raises:
        InputError: bad input; the exception says where.

    >>> import synaptic_balance as sb
    >>> before = [([[1.0], [4.0]], None), ([[4.0, 4.0]], None)]
    >>> bool(sb.check(before, [([[2.0], [4.0]], None), ([[2.0, 4.0]], None)]))
    True
    >>> wrong = sb.check(before, [([[2.0], [4.0]], None), ([[4.0, 4.0]], None)])
    >>> wrong.same_function, wrong.exit_code
    (False, 1)
    """
    first, second = _both(before, after, activation, layers, transpose)
    arguments = ["check", first.path, second.path, *(first.options or second.options)]
    arguments += [f"--regularizer={regularizer_text(regularizer)}", f"--tolerance={tolerance}"]
    if tied is not None:
        arguments.append(f"--tied={tied}")
    arguments += _roles(learned, constant)
    kept = set()
    if certificate:
        arguments += ["--certificate", _CERTIFICATE]
        kept.add(_CERTIFICATE)
    code, document, text, written = _call(arguments, [first, second], kept, progress, threads)
    proof = written.get(_CERTIFICATE)
    return Checked(document, text, code, None if proof is None else json.loads(bytes(proof[""])))


def _both(
    before: Any, after: Any, activation: Activations, layers: Optional[Sequence[LayerName]], transpose: bool
) -> Tuple[Model, Model]:
    """Two models, arrays with the names and the order of those of the first."""
    from ._perceptrons import Arrays

    def own(model: Any, name: str) -> Model:
        weights_only = not _says_what_it_computes(model)
        chosen = layers if isinstance(model, (Mapping, str, os.PathLike, bytes, bytearray, memoryview)) else None
        return take(model, name, activation if weights_only else None, chosen if weights_only else None, transpose)

    if _says_what_it_computes(before) and _says_what_it_computes(after) and (activation is not None or layers is not None):
        raise InputError("activation and layers are for arrays and files of weights", "activation")
    first, second = own(before, _BEFORE), own(after, _AFTER)
    if isinstance(first, Arrays) and isinstance(second, Arrays):
        names, others = first.ordered(), second.ordered()
        if names is not None and others is not None and len(names) == len(others) and names != others:
            new = dict(zip(others, names))
            second.names = list(others)
            second.rename([new[layer.name] for layer in second.layers])
            first.names = list(names)
            first.rename([layer.name for layer in first.layers])
    return first, second


def _says_what_it_computes(model: Any) -> bool:
    """Is it a kind of model that has activations of its own?"""
    if isinstance(model, (str, os.PathLike)):
        # A pipe is read once, and not here.
        if not os.path.isfile(model):
            return False
        try:
            with open(model, "rb") as file:
                return not _is_weights(file.read(9))
        except OSError:
            return False
    if isinstance(model, (bytes, bytearray, memoryview)):
        return not _is_weights(bytes(model[:9]))
    is_proto = hasattr(model, "SerializeToString")
    return is_proto or (isinstance(model, Mapping) and "format" in model) or hasattr(model, "successors")


def _is_weights(start: bytes) -> bool:
    return start[6:9] == b"\0\0{"


def explain(
    model: Any,
    regularizer: Regularizer = "l2",
    *,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
    tied: Optional[str] = None,
    basis: bool = False,
    dot: bool = False,
    learned: Sequence[str] = (),
    constant: Sequence[str] = (),
    progress: Progress = None,
    threads: Optional[int] = None,
) -> Explained:
    """Says what the architecture and the weights say: units, the manifold, whether the optimum is attained, deficits.

    Args:
        model: of any kind that :func:`balance` takes.
        regularizer: by which costs are meant.
        basis: a basis of the constraints, however long it is.
        dot: the graph in Graphviz DOT.
        activation, layers, transpose, tied, learned, constant, progress, threads: as for :func:`balance`.

    Raises:
        InputError: bad input; the exception says where.
        Incomplete: it was not decided whether the optimum is attained.

    >>> import synaptic_balance as sb
    >>> found = sb.explain([([[1.0], [4.0]], None), ([[4.0, 4.0]], None)])
    >>> found.dimension, found.attained, found.by_unit["h1.1"]["deficit"]
    (2, True, 0.0)
    """
    taken = take(model, _MODEL, activation, layers, transpose)
    arguments = ["explain", taken.path, *taken.options, f"--regularizer={regularizer_text(regularizer)}"]
    if tied is not None:
        arguments.append(f"--tied={tied}")
    if basis:
        arguments.append("--basis")
    arguments += _roles(learned, constant)
    kept = set()
    if dot:
        arguments += ["--dot", _GRAPH]
        kept.add(_GRAPH)
    code, document, text, written = _call(arguments, [taken], kept, progress, threads)
    graph = written.get(_GRAPH)
    result = Explained(document, text, code, None if graph is None else bytes(graph[""]).decode())
    if code == 3 and "deficit" not in document:
        raise Incomplete(text.strip(), "", result)
    return result


def verify(
    model: Any,
    certificate: Any,
    regularizer: Optional[Regularizer] = None,
    *,
    activation: Activations = None,
    layers: Optional[Sequence[LayerName]] = None,
    transpose: bool = False,
    tied: Optional[str] = None,
    learned: Sequence[str] = (),
    constant: Sequence[str] = (),
    progress: Progress = None,
    threads: Optional[int] = None,
) -> Verified:
    """Checks a certificate against the network with the trusted kernel only.

    Args:
        model: of any kind that :func:`balance` takes: the network before balancing.
        certificate: a path, bytes, a document, or a result that holds one.
        regularizer: refuse a certificate about any other.
        activation, layers, transpose, tied, learned, constant, progress, threads: as for :func:`balance`.

    Returns:
        What is proved. As a condition it is true if it was verified.

    Raises:
        InputError: bad input, such as a certificate that is none.

    >>> import synaptic_balance as sb
    >>> model = [([[1.0], [4.0]], None), ([[4.0, 4.0]], None)]
    >>> found = sb.balance(model, certify=12)
    >>> bool(sb.verify(model, found))
    True
    >>> other = [([[1.0], [5.0]], None), ([[4.0, 4.0]], None)]
    >>> bool(sb.verify(other, found.certificate))
    False
    """
    taken = take(model, _MODEL, activation, layers, transpose)
    if isinstance(certificate, (Balanced, Checked)):
        if certificate.certificate is None:
            raise InputError("certificate: the result holds none; balance(..., certify=12) makes one", "certificate")
        certificate = certificate.certificate
    path = _CERTIFICATE
    if isinstance(certificate, (str, os.PathLike)):
        path = os.fspath(certificate)
    elif isinstance(certificate, Mapping):
        taken.files[_CERTIFICATE] = json.dumps(certificate).encode()
    elif isinstance(certificate, (bytes, bytearray, memoryview)):
        taken.files[_CERTIFICATE] = bytes(certificate)
    else:
        raise InputError("certificate: expected a path, bytes, a document, or a result that holds one", "certificate")
    arguments = ["verify", taken.path, path, *taken.options]
    if regularizer is not None:
        arguments.append(f"--regularizer={regularizer_text(regularizer)}")
    if tied is not None:
        arguments.append(f"--tied={tied}")
    arguments += _roles(learned, constant)
    code, document, text, _ = _call(arguments, [taken], set(), progress, threads)
    return Verified(document, text, code)


def _roles(learned: Sequence[str], constant: Sequence[str]) -> List[str]:
    for name, given in (("learned", learned), ("constant", constant)):
        if isinstance(given, str):
            raise InputError(f"{name}: a list of names", name)
    return [f"--learned={name}" for name in learned] + [f"--constant={name}" for name in constant]


def _call(
    arguments: List[str], models: Sequence[Model], kept: "set[str]", progress: Progress, threads: Optional[int]
) -> Tuple[int, Dict[str, Any], str, Dict[str, Written_]]:
    """Calls a command; what it complains of is an exception."""
    files: Dict[str, Any] = {}
    for model in models:
        files.update(model.files)
    if threads is not None and threads < 1:
        raise InputError("threads: at least 1", "threads")
    with _listener(progress) as told:
        code, json_text, text, written = _native.call(arguments, files, kept, told, threads)
    document: Dict[str, Any] = json.loads(json_text)
    if "error" in document and "message" in document:
        message = spoken(document["message"])
        if "finite" in message:
            for fault in filter(None, (model.not_finite() for model in models)):
                raise fault
        raise (InputError(message) if code == 2 else Incomplete(message) if code == 3 else Error(message))
    by_name: Dict[str, Written_] = {}
    for path, content in written.items():
        name, _, rest = os.fspath(path).replace(os.sep, "/").partition("/")
        by_name.setdefault(name, {})[rest] = content
    return code, document, text, by_name


@contextmanager
def _listener(progress: Progress) -> Iterator[Optional[Callable[[str, Optional[float]], object]]]:
    """Who is told of progress."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not _is_watched()):
        yield None
        return
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        yield None
        return
    bar = tqdm(bar_format="{desc} [{elapsed}]", leave=False, delay=0.0 if progress else _DELAY)

    def tell(what: str, deficit: Optional[float]) -> None:
        bar.set_description_str(what if deficit is None else f"{what}, deficit {deficit:.2e}", refresh=False)
        bar.update()

    try:
        yield tell
    finally:
        bar.close()


def _is_watched() -> bool:
    import sys

    if "tqdm" not in sys.modules and "IPython" not in sys.modules:
        return bool(sys.stderr and sys.stderr.isatty())
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None or bool(sys.stderr and sys.stderr.isatty())
