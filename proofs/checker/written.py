"""Claims of enclosure_checker.v as Coq reads them. Part of compare.py."""

PREAMBLE = """From Coq Require Import QArith List.
From Synbal Require Import enclosure_checker.
Import ListNotations.
Open Scope Q_scope.
Set Printing Width 1000000.
Set Printing Depth 1000000.
Definition replaced {T : Type} (l : list T) (i : nat) (x : T) : list T := firstn i l ++ x :: skipn (S i) l.
"""

def rational(q):
    return f"({q.numerator} # {q.denominator})" if q >= 0 else f"(({q.numerator}) # {q.denominator})"

WRITTEN = {
    "synapses": lambda t: f"(RationalTerm {t[0]} {t[1]} {rational(t[2])} {t[3]} {t[4]})",
    "component": lambda label: "None" if label is None else f"(Some {label}%nat)",
    "lower": rational, "upper": rational, "direction": rational,
}

def listed(items):
    return "[" + "; ".join(items) + "]"

def in_coq(name, base):
    """The parts of a claim as definitions, and what each field is called."""
    fields = {"variables": str(base["variables"])}
    lines = []
    for field, written in WRITTEN.items():
        if base[field] is not None:
            kind = {"synapses": "rational_term", "component": "(option nat)"}.get(field, "Q")
            lines.append(f"Definition {name}_{field} : list {kind} := {listed(map(written, base[field]))}.")
            fields[field] = f"{name}_{field}"
    return lines, fields

def variant_in_coq(base, names, other):
    """The fields of a variant, as few changes of those of the claim that it comes from: numbers are long."""
    fields = dict(names)
    for field, written in WRITTEN.items():
        for index, (old, new) in enumerate(zip(base[field] or [], other[field] or [])):
            if old != new:
                fields[field] = f"(replaced {fields[field]} {index} {written(new)})"
    return fields

def verdict_of(fields):
    text = "(Claim " + " ".join(fields[field] for field in ("variables", "synapses", "component", "lower", "upper")) + ")"
    return f"accepted {text}" if "direction" not in fields else f"accepted_in_the_limit {text} {fields['direction']}"

def theorem_of(verdict):
    return verdict.replace("accepted_in_the_limit", "limit_checker_is_sound").replace("accepted", "checker_is_sound")
