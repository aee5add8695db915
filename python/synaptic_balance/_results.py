"""What the calls return: small classes around the documents that ``synbal --json`` prints."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union


class Bounds(NamedTuple):
    """Rational bounds that the kernel verified: ``lo <= value <= hi``."""

    lo: Fraction
    hi: Fraction


class Result:
    """A report.

    Attributes:
        exit_code: that of ``synbal`` for the same call.
        text: the report in words, as ``synbal`` prints it; also ``str(result)``.
    """

    def __init__(self, document: Dict[str, Any], text: str, exit_code: int) -> None:
        self._document = document
        self.text = text
        self.exit_code = exit_code

    def to_dict(self) -> Dict[str, Any]:
        """The document that ``synbal --json`` prints; a copy."""
        return copy.deepcopy(self._document)

    def _rows(self) -> Iterable[Tuple[str, Any]]:
        return self._document.items()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        rows = ", ".join(f"{name}={_short(value)}" for name, value in self._rows())
        return f"<{type(self).__name__} {rows}>"

    def _repr_html_(self) -> str:
        import html

        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td style='text-align:left'>{html.escape(_short(value))}</td></tr>"
            for name, value in self._rows()
        )
        title = html.escape(type(self).__name__)
        return f"<table><caption>{title}</caption>{cells}</table><pre>{html.escape(self.text)}</pre>"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


class Balanced(Result):
    """A balanced network.

    Attributes:
        model: the network, in the type and the container that it came in; ``None`` where nothing was to be written.
        status: ``"balanced"``, ``"limit"``, ``"rounded"`` (to powers of two), ``"restricted"`` (by ``max_scaling``) or ``"not_attained"``.
        regularizer: which, as text.
        regularizer_before, regularizer_after: the sum over all weights; ``None`` where it was not computed.
        deficit_before, deficit: ``max |A - B| / (A + B)`` over the hidden units that can be scaled, before and after; no unit of measure. Where multipliers
            were rounded, that of the rounded ones; not of weights that are rounded to their type of numbers after that.
        multipliers: by unit the factor of its incoming weights; by tensor a list of them for models of tensors.
        enclosure: by unit ``Bounds`` of the balancing multiplier of its costs, before any rounding (its weights' multiplier to the power p; for a mixture that
            itself), proved; empty without ``certify``.
        certificate: the certificate as a document, for :func:`verify`; ``None`` without ``certify``.
        vanished: synapses that went to 0 with ``limit=True``.
        layers: the layers in order, for models of arrays without ``Fraction`` and files of weights.
    """

    def __init__(
        self,
        document: Dict[str, Any],
        text: str,
        exit_code: int,
        model: Any = None,
        certificate: Optional[Dict[str, Any]] = None,
        before: Optional[Tuple[Any, Dict[str, Any]]] = None,
    ) -> None:
        super().__init__(document, text, exit_code)
        self._before = before
        self.model = model
        self.certificate = certificate
        self.status: str = document["status"]
        self.regularizer: str = document["regularizer"]
        self.regularizer_before: Optional[float] = document.get("regularizer_before")
        self.regularizer_after: Optional[float] = document.get("regularizer_after")
        self.deficit_before: Optional[float] = document.get("deficit_before")
        self.deficit: Optional[float] = document.get("deficit_written", document.get("deficit"))
        self.method: Optional[str] = document.get("method")
        self.multipliers: Dict[str, Any] = document.get("multipliers") or {}
        self.vanished: List[Any] = document.get("vanished") or []
        self.layers: Optional[List[str]] = document.get("layers")

    @property
    def enclosure(self) -> Dict[str, Bounds]:
        """By unit rational bounds, proved."""
        found = self._document.get("enclosure")
        if not isinstance(found, dict):
            return {}
        pairs = {unit: bounds for unit, bounds in found.items() if isinstance(bounds, dict) and "lo" in bounds}
        return {unit: Bounds(Fraction(own["lo"]), Fraction(own["hi"])) for unit, own in pairs.items()}

    def plot(self, ax: Any = None) -> Any:
        """Draws the costs of every hidden unit before and after; needs matplotlib."""
        from . import plots

        if self._before is None or self.model is None:
            raise ValueError("there are no two networks to be drawn")
        model, options = self._before
        return plots.deficits(model, self.model, self.regularizer, ax=ax, **options)

    def _rows(self) -> Iterable[Tuple[str, Any]]:
        yield "status", self.status
        yield "regularizer", self.regularizer
        for name in ("regularizer_before", "regularizer_after", "deficit_before", "deficit"):
            value = getattr(self, name)
            if value is not None:
                yield name, value
        if self.enclosure:
            yield "proved", f"{len(self.enclosure)} enclosures"


class Checked(Result):
    """What the oracle says of a result. True as a condition if all is well: the same function, and balanced, be it to powers of two (exit code 0).

    Attributes:
        same_function: ``True``, ``False`` (with an input in ``witness`` on which the outputs differ) or ``"undecided"``.
        known_scaling: is it a scaling of the known manifold, exactly or within rounding?
        balanced: ``True``, ``False`` or ``"to_powers_of_two"``: within a factor √2 of each multiplier that balances (2 or 4 where weights follow roots or powers of channels), whatever the deficit.
        deficit: ``max |A - B| / (A + B)`` over the hidden units of the result that can be scaled.
        distance_to_optimum: the largest relative difference of a weight to the balanced one; ``None`` where it is not known.
        bound: ``"certified"`` or ``"estimated"``, of the distance.
        witness: the multipliers, the weights that are wrong, or the input on which outputs differ.
        certificate: what was proved, as a document, if it was asked for.
    """

    def __init__(
        self, document: Dict[str, Any], text: str, exit_code: int, certificate: Optional[Dict[str, Any]] = None
    ) -> None:
        super().__init__(document, text, exit_code)
        self.certificate = certificate
        self.same_function: Union[bool, str] = document["same_function"]
        self.known_scaling: Optional[bool] = document.get("known_scaling")
        self.balanced: Union[bool, str, None] = document.get("balanced")
        self.deficit: Optional[float] = document.get("deficit")
        self.distance_to_optimum: Optional[float] = document.get("distance_to_optimum")
        self.bound: Optional[str] = document.get("bound")
        self.witness: Any = document.get("witness")

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def _rows(self) -> Iterable[Tuple[str, Any]]:
        for name in ("same_function", "balanced", "deficit", "distance_to_optimum", "bound"):
            yield name, getattr(self, name)


class Explained(Result):
    """What the architecture and the weights say.

    Attributes:
        units: how many there are of each kind.
        synapses: how many there are.
        dimension: of the manifold of scalings.
        attained: is the optimum attained? ``None`` where that is not known.
        witness: the certificate of that.
        deficit: ``max |A - B| / (A + B)`` over the hidden units that can be scaled; 0 if none can.
        by_unit: by such unit its ``input_cost`` A, ``output_cost`` B and ``deficit``.
        dot: the graph in Graphviz DOT, if it was asked for.
    """

    def __init__(self, document: Dict[str, Any], text: str, exit_code: int, dot: Optional[str] = None) -> None:
        super().__init__(document, text, exit_code)
        self.dot = dot
        self.units: Dict[str, Any] = document.get("units") or {}
        self.synapses: Optional[int] = document.get("synapses")
        self.dimension: Optional[int] = (document.get("manifold") or {}).get("dimension")
        self.attained: Optional[bool] = document.get("attained")
        self.witness: Any = document.get("witness")
        self.deficit: Optional[float] = document.get("deficit")
        self.by_unit: Dict[str, Any] = document.get("by_unit") or {}
        self.layers: Optional[List[str]] = document.get("layers")

    def _rows(self) -> Iterable[Tuple[str, Any]]:
        yield "hidden units", self.units.get("hidden")
        for name in ("synapses", "dimension", "attained", "deficit"):
            yield name, getattr(self, name)


class Verified(Result):
    """What the trusted kernel says of a certificate. True as a condition if it was verified.

    Attributes:
        verified: was it?
        claim: the kind of claim.
        statement: what is proved, in words; ``None`` if nothing is.
        reason: why it was refused; ``None`` if it was not.
    """

    def __init__(self, document: Dict[str, Any], text: str, exit_code: int) -> None:
        super().__init__(document, text, exit_code)
        self.verified: bool = bool(document.get("verified"))
        self.claim: Optional[str] = document.get("claim")
        self.statement: Optional[str] = document.get("statement")
        self.reason: Optional[str] = document.get("reason")

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def _rows(self) -> Iterable[Tuple[str, Any]]:
        yield "verified", self.verified
        yield "claim", self.claim
        yield ("statement", self.statement) if self.verified else ("reason", self.reason)
