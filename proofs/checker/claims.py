"""Certificates of version 1 but for enclosures, made from the vectors, and changed ones. Part of compare.py."""
import copy
from fractions import Fraction

class Read:
    """A network with its variables, and of each synapse the weight and the exponents."""

    def __init__(self, reader, network):
        self.variable, synapses = network
        self.weights = [weight for _, weight, _ in synapses]
        self.exponents = [reader.merged(target + source) for _, _, (target, source) in synapses]
        self.count = len({*self.variable.values()})

def solved(rows, sides):
    """Some X with rows X = sides, by elimination over the rationals; None if there is none. Lists of rows."""
    left, right, pivots = [list(map(Fraction, row)) for row in rows], [list(map(Fraction, side)) for side in sides], []
    for column in range(len(left[0]) if left else 0):
        at = next((i for i in range(len(pivots), len(left)) if left[i][column]), None)
        if at is None:
            continue
        k = len(pivots)
        left[k], left[at], right[k], right[at] = left[at], left[k], right[at], right[k]
        factor = left[k][column]
        left[k], right[k] = [x / factor for x in left[k]], [x / factor for x in right[k]]
        for i in range(len(left)):
            if i != k and (x := left[i][column]):
                left[i] = [a - x * b for a, b in zip(left[i], left[k])]
                right[i] = [a - x * b for a, b in zip(right[i], right[k])]
        pivots.append(column)
    if any(any(side) for side in right[len(pivots):]):
        return None
    found = [[Fraction(0)] * (len(sides[0]) if sides else 0) for _ in range(len(left[0]) if left else 0)]
    for k, column in enumerate(pivots):
        found[column] = right[k]
    return found

def transposed(rows, width):
    return [[row[i] for row in rows] for i in range(width)]

# ---- Certificates made from the vectors ----

def rational_or_none(value):
    return Fraction(value) if type(value) is str else None

def made(reader, case, not_attained):
    """Certificates of a case; `not_attained` holds directions by network and regularizer, as texts."""
    network, regularizer, expected = case["network"], case.get("regularizer", "l1"), case["expected"]
    read = Read(reader, reader.read_network(network))
    certificate = lambda claim, **fields: {"format": "synaptic-balance/certificate", "version": 1, "claim": claim, "regularizer": regularizer, **fields}
    names, texts = sorted(read.variable), lambda values: [str(value) for value in values]
    direction = not_attained.get((str(network), regularizer))
    if expected.get("status") == "not_attained" and case["operation"] == "balance":
        yield certificate("not_attained", direction={name: direction[name] for name in names})
    mu = {name: rational_or_none(expected.get("mu", {}).get(name)) for name in names}
    if expected.get("status") in ("balanced", "limit") and "mu" in expected and all(value is not None for value in mu.values()):
        multipliers = {name: str(value) for name, value in mu.items()}
        if expected["status"] == "balanced":
            yield certificate("balanced", multipliers=multipliers)
            after = [rational_or_none(weight) for weight in expected["weights"]]
            if None not in after and regularizer in ("l1", "l2"):
                flows = [abs(weight) ** (1 if regularizer == "l1" else 2) if d else Fraction(0) for weight, d in zip(after, read.exponents)]
                least = min([flow for flow in flows if flow], default=Fraction(1))
                yield certificate("attained", circulation=texts(flow / least for flow in flows))
        elif direction is not None:
            yield certificate("balanced", multipliers=multipliers, direction={name: direction[name] for name in names})
    if case["operation"] in ("balance", "scale"):
        values = [Fraction(v + 2, 2 * v + 3) ** 12 for v in range(read.count)]
        ratio = [reader.bounds([(values[v], share) for v, share in d.items()]) for d in read.exponents]
        after = [weight * low for weight, (low, _) in zip(read.weights, ratio)]
        exact = all(low == high for low, high in ratio)
        if exact:
            yield certificate("scaling", multipliers={name: str(values[read.variable[name]]) for name in names}, weights=texts(after))
        changed = list(after)
        if any(after):
            place = next(e for e, weight in enumerate(after) if weight)
            changed[place] = -changed[place]
            yield certificate("not_scaled", weights=texts(changed), tolerance="1/1000", synapse=place)
        spanning, rows = basis(read)
        yield certificate("manifold", constraints=[{str(e): str(c) for e, c in row.items()} for row in rows], spanning=spanning)
        usable = [row for row in rows if all(after[e] for e in row)]
        if usable and exact:
            changed = list(after)
            changed[next(iter(usable[0]))] *= 3
            yield certificate("not_scaled", weights=texts(changed), tolerance="1/1000", cycle={str(e): str(c) for e, c in usable[0].items()})

def basis(read):
    """Spanning synapses, and for each other synapse the constraint that it makes with them."""
    dense = [[d.get(v, Fraction(0)) for v in range(read.count)] for d in read.exponents]
    spanning, rows = [], []
    for e, row in enumerate(dense):
        known = transposed([dense[s] for s in spanning], read.count)
        found = solved(known, [[x] for x in row]) if spanning else (None if any(row) else [])
        if found is None:
            spanning.append(e)
        else:
            rows.append({e: Fraction(1)} | {s: -x[0] for s, x in zip(spanning, found) if x[0]})
    return spanning, rows

# ---- Changed ones ----

def changed(network, certificate, count, start):
    """So many changes of one number, spread over all that there are: what was changed, the network, the certificate."""
    every = list(changes(network, certificate))
    step = max(1, len(every) // count)
    for what, in_network, path, new in every[start % step::step]:
        variant = copy.deepcopy(network if in_network else certificate)
        place = at(variant, path[:-1])
        if new is None:
            del place[path[-1]]
        else:
            place[path[-1]] = copy.deepcopy(new)
        yield what, *((variant, certificate) if in_network else (network, variant))

def changes(network, certificate):
    """What is changed, whether in the network, where, and what stands there then; None: nothing."""
    for path in numbers(certificate, ()):
        if path[0] in ("format", "version", "claim", "regularizer"):
            continue
        old = at(certificate, path)
        if type(old) is int:
            values = [old + 1, old + 2]
        else:
            values = [str(Fraction(old) * Fraction(3, 2)), str(Fraction(old) - 1), str(-Fraction(old)), "0"]
        for new in values:
            if new != old:
                yield f"{'/'.join(map(str, path))}: {new}", False, path, new
    for index in range(len(network["synapses"])):
        for new in ("0", "7/3", "-2"):
            yield f"weight {index}: {new}", True, ("synapses", index, "weight"), new
    for field in ("constraints", "spanning"):
        for drop, row in enumerate(certificate.get(field, [])):
            yield f"{field} without {drop}", False, (field, drop), None
            other = certificate[field][drop - 1]
            if other != row:
                yield f"{field}: {drop} is another", False, (field, drop), other

def numbers(value, path):
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else []
    for key, inner in items:
        yield from numbers(inner, (*path, key)) if type(inner) in (dict, list) else [(*path, key)]

def at(document, path):
    for key in path:
        document = document[key]
    return document
