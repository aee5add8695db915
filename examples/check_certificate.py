#!/usr/bin/env python3
"""A second opinion on certificates of synaptic balance: integers and exact rationals only, and no code shared with the crate.

    check_certificate.py NETWORK CERTIFICATE [--arch relu]   exit 0 accepted, 1 refused, 2 malformed; --arch for perceptrons in safetensors
    check_certificate.py --batch < LINES                     lines {"network": .., "certificate": ..}, a verdict each

A hidden unit with f(tx) = t^c f(x), t > 0, may be scaled: weights into it times L, those out of it over L^c. Units that share a multiplier,
or have powers of one, make a variable v; visible units have none; a product scales as its factors together. Synapse e scales by the ratio
r_e = prod_v L_v^d_ev, d what its target adds less what its source scales by. Its cost sum_k a_k |w|^p_k becomes sum_k a_k |w|^p_k r^q_k:
q = p for a mixture; for L_p in the variables m = L^p, q = 1. The sum of all costs is a convex function R of x = log m with gradient g.
Synapses of weight 0 or without d do not matter. Why each check is sound:

scaling       "weight before times r is the weight after", all L > 0, is what the claim means.
balanced      g = 0 where R is convex: a minimum. With `direction`: in the limit, as for enclosure; not of R itself.
attained      y_e >= 1 with sum_e y_e d_ev = 0: so sum_e y_e log r_e = 0 for all multipliers, no ratio can go to 0 unless another goes to
              infinity, and the sets where R is bounded are compact in the ratios.
not_attained  moving along a direction in x that raises no cost and lowers one lowers R from everywhere.
energy        Each summand of a cost is a term, w > 0 at `point`, with y >= 0 such that sum y q d = 0 at each variable. Elsewhere it is
              w e^s >= y (s + log(w/y) + 1). In the sum s cancels; t log t - t + 1 <= (t - 1)^2 at t = y/w: R at the point exceeds inf R by
              at most gap = sum (y - w)^2/w. The costs w/e^u at a minimum are such a y, so the excess is sum w (1 - (1 + u)/e^u), and
              |u| <= r if gap <= w (1 - r) r^2/2, as with r^2 = 4 gap/w <= 1/4. If all y > 0 there is a minimum, as for attained; else this
              holds in the limit, where y > 0. By the rule y = floor(2^k C P Q)/2^k: the cost C of the weight and what its target and
              source multiply it by, each rounded down to F significant bits.
enclosure     If no synapse has two d of one sign, g_v falls in every other x_u. Take the minimum of R over the box between the bounds.
              Where it touches upper_v, g_v <= 0; but g_v is at least its value at the corner `upper`, which is >= 0. So g_v = 0; likewise
              at `lower`, where g_v <= 0. It is a minimum everywhere. A component that can move along some z != 0 with d_e z = 0 on all its
              synapses changes no weight by it: its first variable is held at 1, and balances because sum_v z_v g_v = 0. With
              `direction`: where costs that fall along it are 0, none rising as in not_attained.
"""
import collections, decimal, functools, json, math, re, struct, sys, types
from fractions import Fraction

BITS, LARGEST_POWER, LONGEST = 4096, 256, 4000  # of irrational costs: what that does not decide is refused; of powers; of texts
NUMBER = re.compile(r"[+-]?[0-9]+(/[0-9]+|(\.[0-9]+)?([eE][+-]?[0-9]+)?)")
HOMOGENEOUS, NOT_HOMOGENEOUS = {"linear", "relu", "abs"}, frozenset((
    "celu cos elu erf exp gelu glu hard_sigmoid hard_swish hard_tanh log_sigmoid log_softmax mish quick_gelu relu6 selu sigmoid silu sin "
    "softmax softplus softsign swish tanh threshold").split())
STORED = {"F64": ("d", 8), "F32": ("f", 4), "F16": ("e", 2), "BF16": ("f", 2)}

class Malformed(Exception): """Not a network, or not a certificate."""
class Refused(Exception): """The certificate does not prove its claim about this network."""

def need(condition, complaint, kind=Malformed):
    if not condition:
        raise kind(complaint)

# ---- Reading: strictly, so that no two readers can take a file for different things ----

def load(data):
    def unique(pairs):
        need(len(dict(pairs)) == len(pairs), "a key occurs twice")
        return dict(pairs)
    try:
        document = json.loads(data.decode(), object_pairs_hook=unique)
        json.dumps(document, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return document
    except (ValueError, RecursionError) as fault:
        raise Malformed(f"not JSON: {fault}")

def read(value, shape):
    """What a value of a shape is: a type, a constant, a function that reads it, a list of one shape, an object of shapes: `*` stands for
    all keys, and those that end in `?` may be missing."""
    if type(shape) in (dict, list):
        need(type(value) is type(shape), f"a {type(shape).__name__} is needed")
        if type(shape) is list:
            return [read(item, shape[0]) for item in value]
        known = {key.strip("?"): inner for key, inner in shape.items()} if "*" not in shape else dict.fromkeys(value, shape["*"])
        need({*shape} - {"*"} <= {*value, *(f"{key}?" for key in known)} and {*value} <= {*known}, f"an object of {[*shape]} is needed")
        return {key: read(item, known[key]) for key, item in value.items()}
    if isinstance(shape, types.FunctionType):
        return shape(value)
    need(type(value) is shape or type(value) is type(shape) and value == shape, f"{shape} is needed")
    return value

def rational(text):
    need(type(text) is str and len(text) <= LONGEST and NUMBER.fullmatch(text), "not a rational number")
    mantissa, _, exponent = text.lower().partition("e")
    need(abs(int(exponent or 0) - len(mantissa.partition(".")[2])) <= LONGEST, "a number of too many digits")
    need("/" not in text or int(text.partition("/")[2]), "a zero denominator")
    return Fraction(text)

def number(value):
    """In a network, a string is exact and a JSON number is the double that it denotes."""
    try:
        return Fraction(float(value)) if type(value) in (int, float) else rational(value)
    except (OverflowError, ValueError):
        raise Malformed("not a finite number")

def power(value, read_it=number):
    value = read_it(value)
    need(max(abs(value.numerator), value.denominator) <= LARGEST_POWER, "a power is too large")
    return value

def degree(activation):
    """c with f(tx) = t^c f(x) for all t > 0; None if there is none."""
    if type(activation) is str:
        need(activation in HOMOGENEOUS | NOT_HOMOGENEOUS, "an activation that is not known, or lacks its parameters")
        return 1 if activation in HOMOGENEOUS else None
    given = read(activation, {f"{name}?": shape for name, shape in PARAMETERS.items()})
    need(len(given) == 1 and given.get("not_homogeneous") not in HOMOGENEOUS | {*PARAMETERS, ""}, "not an activation")
    return None if "not_homogeneous" in given else given["bipu"]["c"] if "bipu" in given else 1

PARAMETERS = {"leaky_relu": number, "prelu": number, "bilu": {"a": number, "b": number}, "bipu": {"c": power, "C": number, "D": number},
              "not_homogeneous": str}

def merged(pairs):
    """The sum of forms, pairs (v, exponent), as {v: exponent}."""
    d = collections.defaultdict(int)
    for v, share in pairs:
        d[v] += share
    return {v: share for v, share in d.items() if share}

def components(neighbours):
    """Of values that edges (other, quotient) join: the members of each component, the values from 1 on, and whether all ways agree."""
    values = {}
    for start in neighbours:
        if start not in values:
            values[start], found = Fraction(1), [start]
            for one in found:  # grows
                new = {other: values[one] * quotient for other, quotient in neighbours[one] if other not in values}
                values.update(new)
                found += new
            yield found, values, all(values[other] == values[one] * quotient for one in found for other, quotient in neighbours[one])

def tied(entry):
    entry = {"unit": entry} if type(entry) is str else read(entry, {"unit": str, "exponent?": power})
    return entry["unit"], entry.get("exponent", Fraction(1))

def read_network(document):
    """The variable that is each unit's multiplier; of synapses the names, the weights, and the forms that target and source add to d."""
    document = read(document, {
        "format": "synaptic-balance/network", "version": 1, "ties?": [[tied]], "synapses": [{"from": str, "to": str, "weight": number}],
        "units": [{"id": str, "kind": str, "activation?": degree, "of?": [str]}]})
    units, variable, into, out_of, synapses = {unit["id"]: unit for unit in document["units"]}, {}, {}, {}, {}
    allowed = {"input": [""], "bias": [""], "hidden": ["activation"], "output": ["", "activation"], "product": ["of"]}
    need(all("".join(unit.keys() - {"id", "kind"}) in allowed.get(unit["kind"], ()) for unit in units.values()), "a unit of no kind")
    need(len(units) == len(document["units"]), "an id occurs twice")
    hidden = {name: unit["activation"] for name, unit in units.items() if unit["kind"] == "hidden"}
    joined = {name: [] for name in units}
    for tie in document.get("ties", []):
        need(len(dict(tie)) == len(tie) and {*dict(tie)} <= {*hidden} and all(dict(tie).values()), "a tie is of hidden units, each once")
        for (one, a), (other, b) in zip(tie, tie[1:]):
            joined[one].append((other, b / a))
            joined[other].append((one, a / b))
    free = [part for part in components(joined) if part[2] and all(hidden.get(name) is not None for name in part[0])]
    for v, (names, exponents, _) in enumerate(free):
        variable.update((name, v) for name in names if exponents[name] == 1)
        into.update((name, ((v, exponents[name]),)) for name in names)
        out_of.update((name, ((v, -exponents[name] * hidden[name]),) * (hidden[name] != 0)) for name in names)
    factors, left = {name: [name] for name in units if "of" not in units[name]}, {name for name in units if "of" in units[name]}
    while left:
        name = next((name for name in left if {*units[name]["of"]} <= {*factors}), None)
        need(name is not None, "a product of an unknown unit, or of itself")
        factors[name] = [unit for factor in units[name]["of"] for unit in factors[factor]]
        need(0 < len(factors[name]) <= LARGEST_POWER, "a product of nothing, or too long")
        out_of[name] = tuple(merged([pair for unit in factors[name] for pair in out_of.get(unit, ())]).items())
        left.remove(name)
    for synapse in document["synapses"]:
        source, target = ends = synapse["from"], synapse["to"]
        need({*ends} <= {*units} and units[target]["kind"] in ("hidden", "output") and ends not in synapses, "a synapse of no two units")
        synapses[ends] = str(len(synapses)), synapse["weight"], (into.get(target, ()), out_of.get(source, ()))
    return variable, list(synapses.values())

def read_perceptron(data, c):
    """The same of layers `<layer>.weight` [out, in], `<layer>.bias` [out], in the order of the one number by which their names differ."""
    start, tensors, natural = 8 + int.from_bytes(data[:8], "little"), {}, lambda value: integer(value, 0)
    head = read(load(data[8:start]), {"*": dict})
    head.pop("__metadata__", None)
    head = read(head, {"*": {"dtype": str, "shape": [natural], "data_offsets": [natural]}})
    ends = [0, *(end for span in sorted(entry["data_offsets"] for entry in head.values()) for end in span), len(data) - start]
    need(ends[::2] == ends[1::2] and sorted(ends) == ends, "tensors overlap, or bytes belong to none")
    for name, entry in head.items():
        need(entry["dtype"] in STORED and len(entry["data_offsets"]) == 2, f"{name}: cannot be read")
        (code, size), (first, last), count = STORED[entry["dtype"]], entry["data_offsets"], math.prod(entry["shape"])
        need(last - first == size * count, f"{name}: another length than that of its shape")
        raw = data[start + first:start + last]
        if entry["dtype"] == "BF16":  # the upper half of F32
            raw = b"".join(b"\0\0" + raw[at:at + 2] for at in range(0, len(raw), 2))
        tensors[name] = entry["shape"], [number(value) for value in struct.unpack(f"<{count}{code}", raw)]
    layers = {tuple(map(int, re.findall("[0-9]{1,99}", name))): name[:-6] for name in tensors if name.endswith(".weight")}
    need(len({re.sub("[0-9]{1,99}", "0", name) for name in layers.values()}) == 1, "layers are not numbered")
    need(sum(len({*column}) > 1 for column in zip(*layers)) < 2, "names of layers differ by two numbers")
    layers = [layers[place] for place in sorted(layers)]
    need(tensors.keys() <= {layer + kind for layer in layers for kind in ("weight", "bias")}, "neither weight nor bias of a layer")
    need(all(len(tensors[layer + "weight"][0]) == 2 and min(tensors[layer + "weight"][0]) for layer in layers), "a weight is [out, in]")
    sources, variable, weights, biases = [()] * tensors[layers[0] + "weight"][0][1], {}, [], []
    for k, layer in enumerate(layers, 1):
        shape, numbers = tensors[layer + "weight"]
        bias = tensors.get(layer + "bias", (shape[:1], [Fraction(0)] * shape[0]))
        need(shape[1] == len(sources) and bias[0] == shape[:1], f"{layer}weight does not fit the layer before, or its bias")
        scaled = range(len(variable), len(variable) + shape[0]) if k < len(layers) and c is not None else ()
        variable.update((f"h{k}.{i}", v) for i, v in enumerate(scaled))
        targets = [((v, 1),) for v in scaled] or [()] * shape[0]
        weights += [(f"{layer}weight[{at}]", weight, (targets[at // shape[1]], sources[at % shape[1]])) for at, weight in enumerate(numbers)]
        biases += [(f"{layer}bias[{at}]", weight, (targets[at], ())) for at, weight in enumerate(bias[1])]
        sources = [((v, -c),) if c else () for v in scaled] or [()] * shape[0]
    return variable, weights + biases * any(name.endswith("bias") for name in tensors)

def read_regularizer(text):
    """[(a, p, q)]: the cost a |w|^p, which scales by r^q."""
    need(type(text) is str and (text in ("l1", "l2") or text[:3] == "lp:" or text[:4] == "mix:"), "unknown regularizer")
    mixed = text[:4] == "mix:"
    summands = [term.split("*", 1) for term in text[4:].split("+")] if mixed else [("1", text[3:] or text[1:])]
    need(all(len(summand) == 2 for summand in summands), "a mixture is a*p+a*p+..")
    terms = [(rational(a), power(p, rational)) for a, p in summands]
    need(min(map(min, terms)) > 0, "factors and powers must be positive")
    return [(a, p, p if mixed else 1) for a, p in terms]

def integer(value, least=-1 << 63):
    need(type(value) is int and least <= value < 1 << 63, f"an integer from {least} on is needed")
    return value

def multiplier(value):
    need(type(value) is list and len(value) == 2 and type(value[0]) is str and re.fullmatch("[0-9]{1,400}", value[0]), "not a multiplier")
    need(int(value[0]) and abs(integer(value[1])) < 1 << 20, "a multiplier of 0, or too large an exponent")
    return int(value[0]) * Fraction(2) ** value[1]

BY_NAME, BY_SYNAPSE = {"*": rational}, [rational]
CLAIMS = {"enclosure": {"lower": BY_NAME, "upper": BY_NAME, "direction?": BY_NAME}, "attained": {"circulation": BY_SYNAPSE},
          "not_attained": {"direction": BY_NAME}, "balanced": {"multipliers": BY_NAME, "direction?": BY_NAME},
          "scaling": {"multipliers": BY_NAME, "weights": BY_SYNAPSE},
          "energy": {"point": {"*": multiplier}, "F": lambda value: integer(value, 0), "grid": integer, "exceptions": BY_NAME}}

# ---- Arithmetic ----

def integer_root(x, n):
    """The largest integer whose n-th power is at most x > 0, by Newton's method from above."""
    guess = x if n == 1 else 1 << -(-x.bit_length() // n)
    while n > 1 and (better := ((n - 1) * guess + x // guess ** (n - 1)) // n) < guess:
        guess = better
    return guess

def radicand(factors):
    """The product of base^exponent, bases positive, as the n-th root of top/bottom: (top, bottom, n)."""
    n, top, bottom, size = math.lcm(*[exponent.denominator for _, exponent in factors]), 1, 1, 0
    for base, exponent in factors:
        times, up, down = exponent.numerator * n // exponent.denominator, base.numerator, base.denominator
        size += abs(times) * max(up, down).bit_length()
        need(size < 1 << 22, "undecided: powers too large to be written out", Refused)
        up, down = (up, down) if times > 0 else (down, up)
        top, bottom = top * up ** abs(times), bottom * down ** abs(times)
    return top, bottom, n

def rounded(factors, bits):
    """The product rounded down to so many significant bits: mantissa and exponent of 2."""
    top, bottom, n = radicand(factors)
    shift = bits + 1 - (top.bit_length() - bottom.bit_length()) // n
    root = integer_root((top << n * shift) // bottom if shift > 0 else top // (bottom << -n * shift), n)
    excess = root.bit_length() - bits
    return root >> excess, excess - shift

def bounds(factors):
    """Bounds on the product, equal where it is rational."""
    top, bottom, n = radicand(factors)
    x = Fraction(top, bottom)
    exact = Fraction(integer_root(x.numerator, n), integer_root(x.denominator, n))
    if exact ** n == x:
        return exact, exact
    mantissa, exponent = rounded(factors, BITS)
    return mantissa * Fraction(2) ** exponent, (mantissa + 1) * Fraction(2) ** exponent

def gradient(problem, terms, point):
    """Bounds on dR/dx at every variable."""
    low, high = [0 for _ in point], [0 for _ in point]
    for weight, d in problem:
        costs = [(a * q, bounds([(abs(weight), p)] + [(point[v], share * q) for v, share in d.items()])) for a, p, q in terms]
        ends = [sum(factor * cost[end] for factor, cost in costs) for end in (0, 1)]
        for v, share in d.items():
            low[v] += share * ends[share < 0]
            high[v] += share * ends[share > 0]
    return low, high

# ---- Claims ----

def movable(problem, variables):
    """The first variable of each component that can move along some z without changing a weight."""
    neighbours = {v: [] for v in variables}
    for _, d in problem:
        for v in d:  # one alone cannot move: as if 1 were to be 0
            neighbours[v] += [(u, Fraction(-d[v]) / d[u]) for u in d if u != v] if len(d) > 1 else [(v, 0)]
    return [found[0] for found, _, agree in components(neighbours) if agree]

def remaining(problem, direction):
    """The problem without the costs that fall along a direction; refuses if one rises or none falls."""
    slopes = [sum(share * direction[v] for v, share in d.items()) for _, d in problem]
    need(max(slopes, default=0) <= 0, "a cost rises along the direction", Refused)
    need(any(slopes), "no cost falls along the direction", Refused)
    return [synapse for synapse, slope in zip(problem, slopes) if slope == 0]

def energy(synapses, terms, point, F, grid, exceptions):
    """The gap, the lower ends of the costs with y > 0, and the number of those with y = 0."""
    need(8 <= F <= 4096 and abs(grid) <= 1 << 14, "F or grid is out of range", Refused)
    upper, scale, unit, left = (1 + Fraction(2, 1 << F)) ** 3, 1 << max(256, 3 * F), Fraction(2) ** -grid, dict(exceptions)
    surplus, rule, given, gap, zeros = [0 for _ in point], [], [], 0, 0  # costs over 2^grid, the gap over 2^grid scale
    for k, (a, p, q) in enumerate(terms, 1):
        factor, sums = functools.cache(lambda form: rounded([(point[v], q * share) for v, share in form], F)), collections.Counter()
        for name, weight, (target, source) in synapses:
            (c, i), (to, j), (of, l) = rounded([(abs(weight), p), (a, 1)], F), factor(target), factor(source)
            mantissa, exponent = c * to * of, i + j + l + grid
            need(mantissa.bit_length() + exponent <= 1 << 18, "the grid is too fine", Refused)
            y = left.pop(f"{name}#{k}" if len(terms) > 1 else name, None)
            if y is None:
                y = mantissa << exponent if exponent > 0 else mantissa >> -exponent
                rule.append(y)
            else:
                need(y >= 0, "an exception is negative", Refused)
                low, high = (mantissa * Fraction(2) ** exponent * end for end in (1, upper))
                gap += math.ceil(scale * (max((y - low) ** 2 / low, (y - high) ** 2 / high) if y else high))
                given, zeros = given + [low] * (y > 0), zeros + (y == 0)
            sums[target] += y
            sums[source] += y
        for v, share, total in ((v, share, total) for form, total in sums.items() for v, share in form):
            surplus[v] += q * share * total
    need(not left, "an exception of no cost", Refused)
    need(not any(surplus), "y is not conserved", Refused)
    # By the rule y <= w < (y + 1) upper: (y - w)^2/w <= ((upper - 1) y + upper)^2/y, 1/y <= 2/2^(bits of y); and w if y = 0.
    lengths = collections.Counter(map(int.bit_length, rule))
    none, inverse = lengths.pop(0, 0), sum(Fraction(2 * count, 1 << length) for length, count in lengths.items())
    by_rule = (upper - 1) ** 2 * sum(rule) + 2 * (upper - 1) * upper * sum(lengths.values()) + upper ** 2 * inverse + upper * none
    return (gap + math.ceil(scale * by_rule)) * unit / scale, [w * unit for w in given + rule if w], zeros + none

def in_words(gap, ends, zeros):
    up, enclosed = decimal.Context(prec=3, rounding=decimal.ROUND_CEILING), [end for end in ends if end >= 16 * gap]
    gap, square = (up.divide(*map(decimal.Decimal, x.as_integer_ratio())) for x in (gap, 4 * gap / min(enclosed, default=1)))
    return (f": gap at most {gap}, {'no minimum is shown to exist' if zeros else 'a minimum exists'}, balanced costs within "
            f"{up.next_plus(up.sqrt(square)) if square else 0} in logarithms for {len(enclosed)} of {len(ends) + zeros}")

def judge(network, certificate):
    """The claim that the certificate proves about the network; raises Malformed or Refused."""
    claim = read(certificate, {"*": lambda value: value}).get("claim")
    need(type(claim) is str and claim in CLAIMS, "unknown claim")
    common = {"format": "synaptic-balance/certificate", "version": 1 + (claim == "energy"), "claim": claim, "regularizer": read_regularizer}
    given = read(certificate, {**common, **CLAIMS[claim]})
    terms, given = given["regularizer"], {field: value for field, value in given.items() if field not in common}
    variable, synapses = network
    exponents = [merged(target + source) for _, _, (target, source) in synapses]
    for field, values in given.items():
        if type(values) is list:
            need(len(values) == len(synapses), f"{field}: one value for each synapse", Refused)
        elif type(values) is dict and field != "exceptions":
            need({*values} == {*variable}, f"{field}: not the units that can be scaled", Refused)
            need(field == "direction" or all(value > 0 for value in values.values()), f"{field}: not positive", Refused)
            point = given[field] = {variable[name]: value for name, value in values.items()}
            need(all(point[variable[name]] == values[name] for name in values), f"{field}: tied units differ", Refused)
    problem = [(weight, d) for (_, weight, _), d in zip(synapses, exponents) if weight and d]
    if "direction" in given:
        problem = remaining(problem, given["direction"])
    if claim == "energy":
        return claim + in_words(*energy([synapse for synapse, d in zip(synapses, exponents) if synapse[1] and d], terms, **given))
    if claim == "scaling":
        for (_, weight, _), after, d in zip(synapses, given["weights"], exponents):
            ratio, high = bounds([(given["multipliers"][v], share) for v, share in d.items()])
            need(weight == after == 0 or ratio == high and weight * ratio == after, "a weight is not the scaled one", Refused)
    elif claim == "balanced":
        need(not any(map(any, gradient(problem, terms, given["multipliers"]))), "a unit is not balanced, or not known to be", Refused)
    elif claim == "attained":
        surplus = collections.Counter()
        for (_, weight, _), d, flow in zip(synapses, exponents, given["circulation"]):
            need(not d or (flow >= 1 if weight else flow == 0), "a flow is not at least 1, or not 0 at weight 0", Refused)
            for v, share in d.items():
                surplus[v] += share * flow
        need(not any(surplus.values()), "the circulation is not conserved", Refused)
    elif claim == "enclosure":
        lower, upper, held = given["lower"], given["upper"], movable(problem, range(len({*variable.values()})))
        need(all(lower[v] <= upper[v] for v in lower), "the bounds cross", Refused)
        need(all(len({share > 0 for share in d.values()}) == len(d) for _, d in problem), "outside the comparison principle", Refused)
        need(all(lower[v] == upper[v] == 1 for v in held), "a component that can move is not held at 1", Refused)
        high, low = gradient(problem, terms, lower)[1], gradient(problem, terms, upper)[0]
        need(all(v in held or high[v] <= 0 <= low[v] for v in lower), "a bound is not known to be one", Refused)
    return claim

def verdict(files):
    """Exit code and sentence for the network and the certificate that files() returns."""
    try:
        return 0, f"accepted: {judge(*files())}"
    except (Refused, Malformed) as fault:
        return (1, f"refused: {fault}") if type(fault) is Refused else (2, f"malformed: {fault}")

def main(arguments):
    if arguments == ["--batch"]:
        for line in sys.stdin.buffer:
            pair = lambda: read(load(line), {"network": read_network, "certificate": lambda value: value})
            print(verdict(lambda: map(pair().get, ("network", "certificate")))[1])
        return 0
    try:
        arch = arguments.pop(arguments.index("--arch") + 1) if "--arch" in arguments else None
        network, certificate = [open(path, "rb").read() for path in arguments if path != "--arch"]
    except (OSError, ValueError, IndexError) as fault:
        print(f"{fault}\n\n" + __doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    code, sentence = verdict(lambda: (read_perceptron(network, degree(arch)) if arch else read_network(load(network)), load(certificate)))
    print(sentence)
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
