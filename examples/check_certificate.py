#!/usr/bin/env python3
"""A second opinion on certificates of synaptic balance: exact rationals only, and no code shared with the crate.

    python3 check_certificate.py NETWORK.json CERTIFICATE.json   exit 0 accepted, 1 refused, 2 malformed
    python3 check_certificate.py --batch < LINES                 lines {"network": .., "certificate": ..}, a verdict each

A hidden unit with f(tx) = t^c f(x), t > 0, may be scaled: weights into it times L, those out of it over L^c. Units that
share a multiplier make a variable v; visible units have none. Synapse e scales by the ratio r_e = prod_v L_v^d_ev: d is +1
at its target, -c at its source, their sum where both are one variable. Its cost sum_k a_k |w|^p_k becomes
sum_k a_k |w|^p_k r^q_k: q = p for a mixture; for L_p in the variables m = L^p, q = 1. The sum of all costs is a convex
function R of x = log m with gradient g_v = A_v - B_v: A_v sums |d_ev| dcost_e/dlog r_e over d_ev > 0, B_v over d_ev < 0.
Synapses of weight 0 or without d do not matter; the others are active. Why each check is sound:

scaling       "weight before times r is the weight after", all L > 0, is what the claim means.
balanced      g = 0 where R is convex: a minimum. With `direction`: in the limit, as for enclosure; not of R itself.
attained      y_e >= 1 on active synapses with sum_e y_e d_ev = 0: so sum_e y_e log r_e = 0 for all multipliers, no ratio can
              go to 0 unless another goes to infinity, and the sets where R is bounded are compact in the ratios.
not_attained  moving along a direction in x that raises no active cost and lowers one lowers R from everywhere.
enclosure     If no active synapse has two d of one sign, g_v falls in every other x_u. Take the minimum of R over the box
              between the bounds. Where it touches upper_v, g_v <= 0; but g_v is at least its value at the corner `upper`,
              where A >= B is tested. So g_v = 0; likewise at `lower`, where A <= B is. It is a minimum everywhere.
              A component that can move along some z != 0 with d_e z = 0 on all its synapses changes no weight by it: its
              first variable is held at 1, and balances because sum_v z_v g_v = 0. With `direction`: the same in the limit
              in which the costs that fall along it are 0, after the check of not_attained; no other cost changes.

Powers are exact where rational, and else enclosed by integer roots, ever finer; what stays undecided is refused.
"""
import json, math, re, sys
from fractions import Fraction

PRECISIONS, LARGEST_POWER, LONGEST = (64, 256, 1024, 4096), 256, 4000
NUMBER = re.compile(r"[+-]?[0-9]+(/[0-9]+|(\.[0-9]+)?([eE][+-]?[0-9]+)?)")
NOT_HOMOGENEOUS = frozenset((
    "celu cos elu erf exp gelu glu hard_sigmoid hard_swish hard_tanh log_sigmoid log_softmax mish quick_gelu relu6 selu "
    "sigmoid silu sin softmax softplus softsign swish tanh threshold").split())
PARAMETERS = {"leaky_relu": (), "prelu": (), "bilu": ("a", "b"), "bipu": ("c", "C", "D")}
CLAIMS = {"enclosure": ("lower", "upper"), "attained": ("circulation",), "not_attained": ("direction",),
          "balanced": ("multipliers",), "scaling": ("multipliers", "weights")}

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

def fields(value, required, optional=()):
    need(type(value) is dict and {*required} <= {*value} <= {*required, *optional}, f"an object of {required} is needed")
    return value

def listed(value, kind):
    need(type(value) is list and all(type(item) is kind for item in value), f"a list of {kind.__name__} is needed")
    return value

def header(document, name):
    need(document["format"] == name and type(document["version"]) is int and document["version"] == 1, "wrong header")

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

def power(value):
    need(max(abs(value.numerator), value.denominator) <= LARGEST_POWER, "a power is too large")
    return value

def degree(activation):
    """c with f(tx) = t^c f(x) for all t > 0; None if there is none."""
    if type(activation) is str:
        need(activation in {"linear", "relu", "abs"} | NOT_HOMOGENEOUS, "an activation that is not known, or lacks its parameters")
        return None if activation in NOT_HOMOGENEOUS else Fraction(1)
    need(type(activation) is dict and len(activation) == 1, "an activation is a name, or one name with parameters")
    (name, given), = activation.items()
    if name == "not_homogeneous":
        need(type(given) is str and given and given not in {"linear", "relu", "abs", *PARAMETERS}, "not a declaration")
        return None
    need(name in PARAMETERS, "an activation that takes no parameters")
    given = fields(given, PARAMETERS[name]) if PARAMETERS[name] else {"slope": given}
    values = {key: number(value) for key, value in given.items()}
    return power(values["c"]) if name == "bipu" else Fraction(1)

def read_network(document):
    """The variable of each unit that can be scaled, the weights, and for each synapse its {variable: d}."""
    header(fields(document, ("format", "version", "units", "synapses"), ("ties",)), "synaptic-balance/network")
    kinds, degrees, variable, numbers, weights, exponents = {}, {}, {}, {}, {}, []
    for unit in listed(document["units"], dict):
        name, kind = fields(unit, ("id", "kind"), ("activation",))["id"], unit["kind"]
        need(type(name) is str and name not in kinds, "an id is no text, or occurs twice")
        need(kind in ("input", "bias", "hidden", "output"), "an unknown kind of unit")
        need(kind == "output" or ("activation" in unit) == (kind == "hidden"), "hidden units have an activation")
        c = degree(unit["activation"]) if "activation" in unit else None
        kinds[name], degrees[name] = kind, c if kind == "hidden" else None
    group = {name: {name} for name in kinds}
    for tie in listed(document.get("ties", []), list):
        need(len({*listed(tie, str)}) == len(tie), "a tie repeats a unit")
        need(all(kinds.get(name) == "hidden" for name in tie), "a tie of other units than hidden ones")
        joined = set().union(*(group[name] for name in tie))
        group.update((name, joined) for name in joined)
    for name in kinds:  # one unit that cannot be scaled fixes those tied to it
        if all(degrees[member] is not None for member in group[name]):
            variable[name] = numbers.setdefault(id(group[name]), len(numbers))
    for synapse in listed(document["synapses"], dict):
        source, target = ends = tuple(fields(synapse, ("from", "to", "weight"))[end] for end in ("from", "to"))
        need(all(type(end) is str and end in kinds for end in ends), "a synapse of an unknown unit")
        need(ends not in weights and kinds[target] in ("hidden", "output"), "a synapse given twice, or into a source")
        weights[ends], d = number(synapse["weight"]), {}
        for name, share in ((target, 1), (source, -(degrees[source] or 0))):
            if name in variable:
                d[variable[name]] = d.get(variable[name], Fraction(0)) + share
        exponents.append({v: share for v, share in d.items() if share})
    return variable, list(weights.values()), exponents

def read_regularizer(text):
    """[(a, p, q)]: the cost a |w|^p, which scales by r^q."""
    need(type(text) is str and (text in ("l1", "l2") or text[:3] == "lp:" or text[:4] == "mix:"), "unknown regularizer")
    if text[:4] == "mix:":
        pairs = [[rational(part) for part in term.split("*", 1)] for term in text[4:].split("+")]
        need(all(len(pair) == 2 for pair in pairs), "a mixture is a*p+a*p+..")
        terms = [(a, power(p), p) for a, p in pairs]
    else:
        terms = [(Fraction(1), power(rational(text[3:] if text[:3] == "lp:" else text[1:])), Fraction(1))]
    need(all(a > 0 and p > 0 for a, p, q in terms), "factors and powers must be positive")
    return terms

# ---- Arithmetic ----

def integer_root(x, n):
    """The largest integer whose n-th power is at most x > 0, by Newton's method from above."""
    guess = 1 << -(-x.bit_length() // n)
    while (better := ((n - 1) * guess + x // guess ** (n - 1)) // n) < guess:
        guess = better
    return guess

def product(factors, bits):
    """Bounds on the product of base^exponent, bases positive: the n-th root of a rational; equal where it is rational."""
    n = math.lcm(*(exponent.denominator for _, exponent in factors))
    size = sum(abs(exponent) * n * max(base.numerator, base.denominator).bit_length() for base, exponent in factors)
    need(size < 1 << 22, "undecided: powers too large to be written out", Refused)
    x = math.prod((base ** int(exponent * n) for base, exponent in factors), start=Fraction(1))
    if n == 1:
        return x, x
    top, bottom = integer_root(x.numerator, n), integer_root(x.denominator, n)
    if (top ** n, bottom ** n) == (x.numerator, x.denominator):
        return Fraction(top, bottom), Fraction(top, bottom)
    shift = bits + max(0, (x.denominator.bit_length() - x.numerator.bit_length()) // n + 1)
    low = integer_root((x.numerator << n * shift) // x.denominator, n)
    return Fraction(low, 1 << shift), Fraction(low + 1, 1 << shift)

def sides(problem, terms, point, bits):
    """For each variable the bounds [A, A, B, B] on its input and output cost at a point."""
    total = [[Fraction(0)] * 4 for _ in point]
    for weight, exponents in problem:
        slope = [Fraction(0)] * 2
        for a, p, q in terms:
            bounds = product([(abs(weight), p)] + [(point[v], d * q) for v, d in exponents.items()], bits)
            slope = [known + a * q * bound for known, bound in zip(slope, bounds)]
        for v, d in exponents.items():
            for end in (0, 1):
                total[v][end if d > 0 else end + 2] += abs(d) * slope[end]
    return total

def demand(problem, terms, point, variables, holds, fails, complaint):
    """holds(A, A, B, B), of bounds, at every variable; refuses where it fails, or no precision decides."""
    for bits in PRECISIONS:
        total = sides(problem, terms, point, bits)
        need(not any(fails(*total[v]) for v in variables), complaint, Refused)
        variables = [v for v in variables if not holds(*total[v])]
        if not variables:
            return
    raise Refused("undecided: irrational costs too close to compare")

# ---- Claims ----

def movable(problem, variables):
    """The first variable of each component that can move along some z without changing a weight."""
    touching, z, first = [[] for _ in variables], [None for _ in variables], []
    for _, exponents in problem:
        for v in exponents:
            touching[v].append(exponents)
    for start in variables:
        if z[start] is None:
            z[start], component, agree = Fraction(1), [start], True
            for v in component:  # grows
                for d in touching[v]:
                    other = next((u for u in d if u != v), v)
                    demanded = -d[v] * z[v] / d[other]  # where there is no other: not z itself, so it cannot agree
                    if z[other] is None:
                        z[other] = demanded
                        component.append(other)
                    agree = agree and z[other] == demanded
            first += [start] if agree else []
    return first

def remaining(problem, direction):
    """The problem without the costs that fall along a direction; refuses if one rises or none falls."""
    slopes = [sum(d * direction[v] for v, d in exponents.items()) for _, exponents in problem]
    need(all(slope <= 0 for slope in slopes), "a cost rises along the direction", Refused)
    need(any(slopes), "no cost falls along the direction", Refused)
    return [synapse for synapse, slope in zip(problem, slopes) if slope == 0]

def check(variable, weights, exponents, claim, terms, given):
    variables = range(len({*variable.values()}))
    problem = [(w, d) for w, d in zip(weights, exponents) if w and d]
    for field, values in given.items():
        if type(values) is list:
            need(len(values) == len(weights), f"{field}: one value for each synapse", Refused)
            continue
        need({*values} == {*variable}, f"{field}: not the units that can be scaled", Refused)
        need(field == "direction" or all(value > 0 for value in values.values()), f"{field}: not positive", Refused)
        point = given[field] = {variable[name]: value for name, value in values.items()}
        need(all(point[variable[name]] == values[name] for name in values), f"{field}: tied units differ", Refused)
    if claim == "scaling":
        for w, after, d in zip(weights, given["weights"], exponents):
            ratio, high = product([(given["multipliers"][v], share) for v, share in d.items()], 64)
            need(w == after == 0 or ratio == high and w * ratio == after, "a weight is not the scaled one", Refused)
    elif claim == "balanced":
        problem = remaining(problem, given["direction"]) if "direction" in given else problem
        demand(problem, terms, given["multipliers"], variables, lambda a, A, b, B: a == A == b == B,
               lambda a, A, b, B: A < b or B < a, "a unit is not balanced")
    elif claim == "attained":
        surplus = [0 for _ in variables]
        for w, d, flow in zip(weights, exponents, given["circulation"]):
            need(not d or (flow >= 1 if w else flow == 0), "a flow is not at least 1, or not 0 at weight 0", Refused)
            for v, share in d.items():
                surplus[v] += flow * share
        need(not any(surplus), "the circulation is not conserved", Refused)
    elif claim == "not_attained":
        remaining(problem, given["direction"])
    elif claim == "enclosure":
        problem = remaining(problem, given["direction"]) if "direction" in given else problem
        lower, upper, held = given["lower"], given["upper"], movable(problem, variables)
        need(all(lower[v] <= upper[v] for v in variables), "the bounds cross", Refused)
        for _, d in problem:
            need(len({share > 0 for share in d.values()}) == len(d), "outside the comparison principle", Refused)
        need(all(lower[v] == upper[v] == 1 for v in held), "a component that can move is not held at 1", Refused)
        free = [v for v in variables if v not in held]
        demand(problem, terms, lower, free, lambda a, A, b, B: A <= b, lambda a, A, b, B: a > B, "lower: input is larger")
        demand(problem, terms, upper, free, lambda a, A, b, B: a >= B, lambda a, A, b, B: A < b, "upper: output is larger")

def judge(network, certificate):
    """The claim that the certificate proves about the network; raises Malformed or Refused."""
    network, claim = read_network(network), certificate.get("claim") if type(certificate) is dict else None
    need(type(claim) is str and claim in CLAIMS, "unknown claim")
    names = ("format", "version", "claim", "regularizer")
    fields(certificate, names + CLAIMS[claim], ("direction",) if claim in ("enclosure", "balanced") else ())
    header(certificate, "synaptic-balance/certificate")
    terms, given = read_regularizer(certificate["regularizer"]), {}
    for field in certificate.keys() - names:
        value = certificate[field]
        if field in ("circulation", "weights"):
            given[field] = [rational(text) for text in listed(value, str)]
        else:
            need(type(value) is dict, f"{field} is by unit")
            given[field] = {name: rational(text) for name, text in value.items()}
    check(*network, claim, terms, given)
    return claim

def verdict(files):
    """Exit code and sentence for what files() returns."""
    try:
        return 0, f"accepted: {judge(*files())}"
    except Refused as fault:
        return 1, f"refused: {fault}"
    except Malformed as fault:
        return 2, f"malformed: {fault}"

def main(arguments):
    if arguments == ["--batch"]:
        for line in sys.stdin.buffer:
            pair = lambda: fields(load(line), ("network", "certificate"))
            print(verdict(lambda: map(pair().get, ("network", "certificate")))[1])
        return 0
    try:
        network, certificate = [open(path, "rb").read() for path in arguments]
    except (OSError, ValueError) as fault:
        print(f"{fault}\n\n" + __doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    code, sentence = verdict(lambda: (load(network), load(certificate)))
    print(sentence)
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
