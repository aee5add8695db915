"""Certificates of version 1 but for enclosures as claims of claim_checker.v, certificates made from the vectors, and changed ones. Part of compare.py."""
import copy, math
from fractions import Fraction

class NotCovered(Exception):
    """The claim is outside of what the checker covers."""

# ---- Claims in words, as main.ml reads them ----

def listed(items):
    items = list(items)
    return " ".join([str(len(items)), *items])

def pair(q):
    q = Fraction(q)
    return f"{q.numerator} {q.denominator}"

def integers(values):
    """Integers in the proportions of these numbers, and the factor."""
    values = [Fraction(value) for value in values]
    factor = math.lcm(*[value.denominator for value in values])
    return [int(value * factor) for value in values], factor

def form_in_words(d, common):
    return listed(f"{v + 1} {int(share * common)}" for v, share in d.items())

class Read:
    """A network with its variables, and of each synapse the weight and the exponents."""

    def __init__(self, reader, network):
        self.variable, synapses = network
        self.weights = [weight for _, weight, _ in synapses]
        self.exponents = [reader.merged(target + source) for _, _, (target, source) in synapses]
        self.count = len({*self.variable.values()})

    def by_variable(self, reader, values, field):
        reader.need({*values} == {*self.variable}, f"{field}: not the units that can be scaled", reader.Refused)
        found = {self.variable[name]: value for name, value in values.items()}
        reader.need(all(found[self.variable[name]] == value for name, value in values.items()), f"{field}: tied units differ", reader.Refused)
        return [found[v] for v in range(self.count)]

    def counted(self):
        return [e for e, (weight, d) in enumerate(zip(self.weights, self.exponents)) if weight and d]

    def problem(self, terms):
        """The terms of each synapse that counts, one after another."""
        forms = [(e, a, p, {v: share * q for v, share in self.exponents[e].items()}) for a, p, q in terms for e in self.counted()]
        common = math.lcm(*[share.denominator for *_, d in forms for share in map(Fraction, d.values())])
        costs = (f"{pair(a)} {pair(abs(self.weights[e]))} {pair(p)} {form_in_words(d, common)}" for e, a, p, d in forms)
        return f"{self.count} {common} {listed(costs)}"

    def pairs(self, after, synapses):
        common = math.lcm(*[Fraction(share).denominator for d in self.exponents for share in d.values()])
        return common, [f"{pair(self.weights[e])} {pair(after[e])} {form_in_words(self.exponents[e], common)}" for e in synapses]

def in_words(reader, network, certificate):
    """The claim of a certificate about what reader.read_network gives; ValueError where it is none, reader.Refused where it is not about this network."""
    read = Read(reader, network)
    head = {"format": "synaptic-balance/certificate", "version": 1, "claim": str, "regularizer": reader.read_regularizer}
    kind = reader.read(certificate, dict).get("claim")
    reader.need(kind in reader.CLAIMS and kind not in ("energy", "enclosure"), "no such claim")
    given = reader.read(certificate, {**head, **reader.CLAIMS[kind]})
    terms = given["regularizer"]
    if kind == "attained":
        flows = given["circulation"]
        reader.need(len(flows) == len(read.weights), "a flow for each synapse", reader.Refused)
        zeros = all(y == 0 for y, weight, d in zip(flows, read.weights, read.exponents) if d and not weight)
        reader.need(zeros, "a flow where there is no cost", reader.Refused)
        numbers, factor = integers([flows[e] for e in read.counted()])
        return f"attained {read.problem(terms)} {factor} {listed(map(str, numbers * len(terms)))}\n"
    direction = [] if "direction" not in given else integers(read.by_variable(reader, given["direction"], "direction"))[0]
    if kind == "not_attained":
        return f"not_attained {read.problem(terms)} {listed(map(str, direction))}\n"
    if kind in ("balanced", "scaling"):
        multipliers = listed(map(pair, read.by_variable(reader, given["multipliers"], "multipliers")))
    if kind == "balanced" and "direction" in given:
        return f"balanced_in_the_limit {read.problem(terms)} {listed(map(str, direction))} {multipliers}\n"
    if kind == "balanced":
        return f"balanced {read.problem(terms)} {multipliers}\n"
    if kind == "manifold":
        return manifold(reader, read, given)
    reader.need(len(given["weights"]) == len(read.weights), "a weight for each synapse", reader.Refused)
    if kind == "scaling":
        common, pairs = read.pairs(given["weights"], range(len(read.weights)))
        return f"scaling {common} {multipliers} {listed(pairs)}\n"
    reader.need(("synapse" in given) != ("cycle" in given), "a synapse or a cycle is needed")
    if "synapse" in given:
        reader.need(given["synapse"] < len(read.weights), "no such synapse", reader.Refused)
        return f"sign {pair(given['tolerance'])} {read.pairs(given['weights'], [given['synapse']])[1][0]}\n"
    cycle = numbered(reader, given["cycle"], len(read.weights))
    coefficients, _ = integers(cycle.values())
    _, pairs = read.pairs(given["weights"], cycle)
    return f"cycle {pair(given['tolerance'])} {listed(f'{one} {c}' for one, c in zip(pairs, coefficients))}\n"

def numbered(reader, terms, count):
    """Synapses by number with coefficients, as the page examples/check_certificate.py reads them."""
    reader.need(all(text.isascii() and text.isdigit() and str(int(text)) == text for text in terms), "a synapse is not a number")
    terms = {int(text): c for text, c in terms.items()}
    reader.need(all(0 <= e < count for e in terms) and all(terms.values()), "no such synapse, or a coefficient of 0", reader.Refused)
    return terms

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

def identity(n):
    return [[Fraction(i == j) for j in range(n)] for i in range(n)]

def transposed(rows, width):
    return [[row[i] for row in rows] for i in range(width)]

def manifold(reader, read, given):
    """With what is left to be found, by elimination; where there is none the checker is given zeros, and refuses."""
    synapses = len(read.weights)
    spanning = given["spanning"]
    reader.need(max(spanning, default=-1) < synapses, "no such synapse", reader.Refused)
    others = [e for e in range(synapses) if e not in spanning]
    rows = []
    for row in given["constraints"]:
        row = numbered(reader, row, synapses)
        rows.append(integers([row.get(e, Fraction(0)) for e in range(synapses)])[0])
    # One factor for all synapses: constraints are about their forms together.
    factor = math.lcm(*[Fraction(share).denominator for d in read.exponents for share in d.values()])
    forms = [[int(d.get(v, 0) * factor) for v in range(read.count)] for d in read.exponents]
    directions = solved([forms[e] for e in spanning], identity(len(spanning)))
    square = [[row[e] for e in others] for row in rows]
    combinations = solved(square, identity(len(rows))) if len(rows) == len(others) else None
    if directions is None or combinations is None:
        directions, combinations = [[0] * len(spanning)] * read.count, [[0] * len(rows)] * len(others)
    one = math.lcm(*[Fraction(x).denominator for table in (directions, combinations) for row in table for x in row])
    scaled = lambda table: [[int(x * one) for x in row] for row in table]
    table = lambda rows: listed(listed(map(str, row)) for row in rows)
    return (f"manifold {read.count} {table(forms)} {table(rows)} {listed(map(str, spanning))} {listed(map(str, others))} {one} "
            f"{table(transposed(scaled(directions), len(spanning)))} {table(scaled(combinations))}\n")

def bounds_of(reader, read, certificate):
    """What an enclosure gives: regularizer, both bounds, and the direction, None if there is none."""
    head = {"format": "synaptic-balance/certificate", "version": 1, "claim": "enclosure", "regularizer": reader.read_regularizer}
    given = reader.read(certificate, {**head, **reader.CLAIMS["enclosure"]})
    bounds = [read.by_variable(reader, given[field], field) for field in ("lower", "upper")]
    direction = None if "direction" not in given else integers(read.by_variable(reader, given["direction"], "direction"))[0]
    return given["regularizer"], bounds, direction

def enclosure(reader, network, certificate):
    """An enclosure for wide_checker.v, with what is left to be found by elimination."""
    read = Read(reader, network)
    regularizer, bounds, direction = bounds_of(reader, read, certificate)
    slope = lambda d: 0 if direction is None else sum(share * direction[v] for v, share in d.items())
    counted = [(e, a, p, {v: share * q for v, share in read.exponents[e].items()}) for a, p, q in regularizer for e in read.counted()]
    stay = [(read.weights[e], d) for e, *_, d in counted if slope(d) == 0]
    reader.need(all(len({share > 0 for share in d.values()}) == len(d) for _, d in stay), "outside the comparison principle", reader.Refused)
    if any(len({share > 0 for share in d.values()}) != len(d) for *_, d in counted):
        raise NotCovered("a cost that vanishes and rises or falls in two multipliers")
    common = math.lcm(*[Fraction(share).denominator for *_, d in counted for share in d.values()])
    terms = []
    for e, a, p, d in counted:
        target = next(((v, share) for v, share in d.items() if share > 0), (read.count, Fraction(1)))
        source = next(((v, -share) for v, share in d.items() if share < 0), (read.count, Fraction(1)))
        shares = f"{int(source[1] * common)} {int(target[1] * common)}"
        terms.append(f"{source[0]} {target[0]} {pair(a)} {pair(abs(read.weights[e]))} {pair(p)} {shares}")
    neighbours = {v: [] for v in range(read.count)}
    for _, d in stay:
        for v in d:
            neighbours[v] += [(u, Fraction(-d[v]) / d[u]) for u in d if u != v] if len(d) > 1 else [(v, 0)]
    held = {found[0]: [values[v] if v in found else Fraction(0) for v in range(read.count)]
            for found, values, agree in reader.components(neighbours) if agree}
    free = [v for v in range(read.count) if v not in held]
    forms = [[d.get(v, Fraction(0)) * common for _, d in stay] for v in free]
    found = solved(forms, identity(len(free))) or [[Fraction(0)] * len(free)] * len(stay)
    one = math.lcm(*[x.denominator for row in found for x in row])
    combinations = [[] if v in held else [str(int(row[free.index(v)] * one)) for row in found] for v in range(read.count)]
    scalings = (f"{v} {listed(map(str, integers(z)[0]))}" for v, z in held.items())
    limit = "0" if direction is None else f"1 {listed(map(str, direction))}"
    return (f"wide {read.count} {common} {listed(terms)} {listed(map(pair, bounds[0]))} {listed(map(pair, bounds[1]))} {listed(scalings)} {one} "
            f"{listed(map(listed, combinations))} {limit}\n")

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
