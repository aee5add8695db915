#!/usr/bin/env python3
"""A second opinion on certificates of synaptic balance. Shares no code with the crate; exact rationals only.

    python3 check_certificate.py NETWORK.json CERTIFICATE.json     exit 0 accepted, 1 refused, 2 malformed
    python3 check_certificate.py --batch < LINES                   lines {"network": .., "certificate": ..}, a verdict each

A hidden unit i with f(tx) = t^c f(x), t > 0, may be scaled: weights into it times L_i, weights out of it over L_i^c. Units
with one multiplier make a variable v; visible units have none. Synapse e scales by r_e = prod_v L_v^d_ev: d is +1 at its
target, -c at its source, their sum where both are one variable. Its cost sum_k a_k |w|^p_k becomes sum_k a_k |w|^p_k r^q_k,
with q = p for a mixture, and q = 1 for L_p in the variables m = L^p. All costs added make R, a convex function of
x = log m, with gradient g_v = A_v - B_v: A_v sums |d_ev| times dcost_e/dlog r_e over d_ev > 0, and B_v over d_ev < 0.
Synapses of weight 0, or without any d_ev, do not matter; the others are active. Each claim is checked because:

scaling       "before times r equals after" is what it means; multipliers must be positive.
balanced      g = 0 where R is convex: a minimum.
attained      y_e >= 1 on active synapses, sum_e y_e d_ev = 0: then sum_e y_e log r_e = 0 for all multipliers, no ratio can
              go to 0 unless another goes to infinity, so the sets where R is bounded are compact in the ratios.
not_attained  a direction in x along which no active cost rises and one falls lowers R from everywhere: no minimum.
enclosure     if each active synapse has at most one d > 0 and at most one d < 0, g_v falls in every other x_u. Take the
              minimum of R over the box between the bounds. Where it touches upper_v, g_v <= 0 there; but g_v is at least
              what it is at the corner `upper`, and that is >= 0 by the sign test A >= B. So g_v = 0; likewise at lower,
              where A <= B. Hence the box holds a global minimum. A component with z != 0 and d_e z = 0 for all its active
              synapses can move along z and change no weight: its first variable must be held at 1, where its multipliers
              are unique (and g_first = 0 follows from sum_v z_v g_v = 0). With `direction`, the same for the limit in
              which the falling synapses are 0, after the check of not_attained: their costs go to 0, no other changes.

Powers are exact where rational and else enclosed by integer roots, ever finer; what stays undecided is refused.
"""
import json, math, re, sys
from fractions import Fraction

PRECISIONS, LARGEST_POWER, LONGEST = (64, 256, 1024, 4096), 256, 4000
NUMBER = re.compile(r"[+-]?[0-9]+(/[0-9]+|(\.[0-9]+)?([eE][+-]?[0-9]+)?)")


class Malformed(Exception):
    """The files are not a network and a certificate."""


class Refused(Exception):
    """The certificate does not prove its claim about this network."""


def need(condition, complaint, kind=Malformed):
    if not condition:
        raise kind(complaint)


# ---- Reading ----

def load(text):
    def unique(pairs):
        need(len(dict(pairs)) == len(pairs), "a key occurs twice")
        return dict(pairs)
    try:
        document = json.loads(text.decode(), object_pairs_hook=unique)
        json.dumps(document, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return document
    except (ValueError, RecursionError) as fault:
        raise Malformed(f"not JSON: {fault}")


def fields(value, required, optional=()):
    need(type(value) is dict, "an object is needed")
    need(set(required) <= set(value) <= {*required, *optional}, f"fields {sorted(value)}, expected {required}")
    return value


def listed(value, kind):
    need(type(value) is list and all(type(item) is kind for item in value), f"a list of {kind.__name__} is needed")
    return value


def rational(text):
    need(type(text) is str and len(text) <= LONGEST and NUMBER.fullmatch(text), f"not a rational: {text!r:.60}")
    mantissa, _, exponent = text.lower().partition("e")
    need(abs(int(exponent or 0) - len(mantissa.partition(".")[2])) <= LONGEST, "too many digits")
    need("/" not in text or int(text.partition("/")[2]), f"zero denominator: {text:.60}")
    return Fraction(text)


def number(value):
    """In a network: a string is exact, a JSON number is the double that it denotes."""
    try:
        return Fraction(float(value)) if type(value) in (int, float) else rational(value)
    except (OverflowError, ValueError):
        raise Malformed("not a finite number")


def power(value):
    need(max(abs(value.numerator), value.denominator) <= LARGEST_POWER, f"power {value} is too large")
    return value


def degree(activation):
    """c with f(tx) = t^c f(x) for all t > 0; None if there is none."""
    if type(activation) is str:
        need(activation not in ("", "leaky_relu", "prelu", "bilu", "bipu"), "an activation lacks its name or parameters")
        return Fraction(1) if activation in ("linear", "relu", "abs") else None
    need(type(activation) is dict and len(activation) == 1, "an activation is a name or one name with parameters")
    (name, given), = activation.items()
    names = {"leaky_relu": None, "prelu": None, "bilu": ("a", "b"), "bipu": ("c", "C", "D")}
    need(name in names, f"no activation {name} takes parameters")
    given = {"slope": given} if names[name] is None else fields(given, names[name])
    values = {key: number(value) for key, value in given.items()}
    return power(values["c"]) if name == "bipu" else Fraction(1)


class Network:
    def __init__(self, document):
        fields(document, ("format", "version", "units", "synapses"), ("ties",))
        header(document, "synaptic-balance/network")
        self.degree, hidden, sources = {}, set(), set()
        for unit in listed(document["units"], dict):
            fields(unit, ("id", "kind"), ("activation",))
            name, kind, given = unit["id"], unit["kind"], "activation" in unit
            need(type(name) is str and name not in self.degree, "an id is no text, or occurs twice")
            need(kind in ("input", "bias", "hidden", "output"), f"{name}: unknown kind")
            need(not given if kind in ("input", "bias") else given or kind == "output", f"{name}: activation")
            scales = degree(unit["activation"]) if given else None
            self.degree[name] = scales if kind == "hidden" else None
            {"input": sources, "bias": sources, "hidden": hidden, "output": set()}[kind].add(name)
        group = {name: {name} for name in self.degree}
        for tie in listed(document.get("ties", []), list):
            need(len(set(listed(tie, str))) == len(tie) and set(tie) <= hidden, "a tie is of distinct hidden units")
            joined = set().union(*(group[name] for name in tie))
            group.update((name, joined) for name in joined)
        self.variable, numbers = {}, {}  # only of units that can be scaled: one fixed unit fixes those tied to it
        for name in self.degree:
            if all(self.degree[member] is not None for member in group[name]):
                self.variable[name] = numbers.setdefault(id(group[name]), len(numbers))
        self.variables, self.weights, self.exponents, seen = len(numbers), [], [], set()
        for synapse in listed(document["synapses"], dict):
            ends = tuple(fields(synapse, ("from", "to", "weight"))[end] for end in ("from", "to"))
            need(all(type(end) is str and end in self.degree for end in ends), "a synapse of an unknown unit")
            need(ends not in seen and ends[1] not in sources, f"{ends}: given twice, or into a source")
            seen.add(ends)
            self.weights.append(number(synapse["weight"]))
            self.exponents.append(self.ratio(*ends))

    def ratio(self, source, target):
        exponents = {self.variable[target]: Fraction(1)} if target in self.variable else {}
        if source in self.variable:
            v = self.variable[source]
            exponents[v] = exponents.get(v, 0) - self.degree[source]
        return {v: exponent for v, exponent in exponents.items() if exponent}

    def by_variable(self, values):
        """Values by unit as values by variable."""
        need(set(values) == set(self.variable), "the units named are not those that can be scaled", Refused)
        found = [None] * self.variables
        for name, v in self.variable.items():
            need(found[v] in (None, values[name]), f"{name} differs from a unit that it is tied to", Refused)
            found[v] = values[name]
        return found


def header(document, name):
    need(document["format"] == name, "wrong format")
    need(type(document["version"]) is int and document["version"] == 1, "unknown version")


def regularizer(text):
    """[(a, p, q)]: the cost a |w|^p, which scales by r^q."""
    need(type(text) is str, "the regularizer is no text")
    if not text.startswith("mix:"):
        need(text in ("l1", "l2") or text.startswith("lp:"), f"unknown regularizer {text:.60}")
        terms = [(Fraction(1), power(rational(text[3:] if text[2:] else text[1:])), Fraction(1))]
    else:
        pairs = [[rational(part) for part in term.split("*", 1)] for term in text[4:].split("+")]
        need(all(len(pair) == 2 for pair in pairs), "a mixture is a*p+a*p+..")
        terms = [(a, power(p), p) for a, p in pairs]
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
    """Bounds on the product of base^exponent, all bases positive: one root of one rational, equal if it is rational."""
    n = math.lcm(*(exponent.denominator for _, exponent in factors))
    size = sum(abs(exponent) * n * max(base.numerator, base.denominator).bit_length() for base, exponent in factors)
    need(size < 1 << 22, "undecided: the powers are too large", Refused)
    x = math.prod((base ** int(exponent * n) for base, exponent in factors), start=Fraction(1))
    if n == 1:
        return x, x
    top, bottom = integer_root(x.numerator, n), integer_root(x.denominator, n)
    if (top ** n, bottom ** n) == (x.numerator, x.denominator):
        return Fraction(top, bottom), Fraction(top, bottom)
    shift = bits + max(0, (x.denominator.bit_length() - x.numerator.bit_length()) // n + 1)
    low = integer_root((x.numerator << n * shift) // x.denominator, n)
    return Fraction(low, 1 << shift), Fraction(low + 1, 1 << shift)


def sides(network, active, terms, point, bits):
    """For each variable bounds [A, A, B, B] on its input and output cost at a point."""
    total = [[Fraction(0)] * 4 for _ in range(network.variables)]
    for e in active:
        weight, exponents, slope = abs(network.weights[e]), network.exponents[e], [Fraction(0)] * 2
        for a, p, q in terms:
            bounds = product([(weight, p)] + [(point[v], d * q) for v, d in exponents.items()], bits)
            slope = [known + a * q * bound for known, bound in zip(slope, bounds)]
        for v, d in exponents.items():
            for end in (0, 1):
                total[v][end if d > 0 else end + 2] += abs(d) * slope[end]
    return total


def compare(network, active, terms, point, variables, holds, fails, complaint):
    """Demands holds(A, A, B, B), of bounds, at every variable; refuses where they fail or no precision decides."""
    for bits in PRECISIONS:
        total = sides(network, active, terms, point, bits)
        need(not any(fails(*total[v]) for v in variables), complaint, Refused)
        variables = [v for v in variables if not holds(*total[v])]
        if not variables:
            return
    raise Refused("undecided: irrational costs too close to compare")


# ---- Claims ----

def movable(network, active):
    """The first variable of each component that can be scaled along some z without changing a weight."""
    touching, z, first = [[] for _ in range(network.variables)], [None] * network.variables, []
    for e in active:
        for v in network.exponents[e]:
            touching[v].append(network.exponents[e])
    for start in range(network.variables):
        if z[start] is None:
            z[start], component, agree = Fraction(1), [start], True
            for v in component:  # grows
                for exponents in touching[v]:
                    other = next((u for u in exponents if u != v), None)
                    demanded = None if other is None else -exponents[v] * z[v] / exponents[other]
                    if other is not None and z[other] is None:
                        z[other] = demanded
                        component.append(other)
                    agree = agree and other is not None and z[other] == demanded
            first += [start] if agree else []
    return first


def falling(network, active, direction):
    slopes = {e: sum(d * direction[v] for v, d in network.exponents[e].items()) for e in active}
    need(all(slope <= 0 for slope in slopes.values()), "a cost rises along the direction", Refused)
    need(any(slopes.values()), "no cost falls along the direction", Refused)
    return {e for e in active if slopes[e] < 0}


def check(network, claim, terms, given):
    active = [e for e, w in enumerate(network.weights) if w and network.exponents[e]]
    everywhere = range(network.variables)
    for field in ("lower", "upper", "multipliers", "direction"):
        if field in given:
            given[field] = network.by_variable(given[field])
            need(field == "direction" or all(value > 0 for value in given[field]), f"{field} must be positive", Refused)
    for field in ("circulation", "weights"):
        need(len(given.get(field, network.weights)) == len(network.weights), f"{field}: a value a synapse", Refused)
    if claim == "scaling":
        for w, after, exponents in zip(network.weights, given["weights"], network.exponents):
            ratio, high = product([(given["multipliers"][v], d) for v, d in exponents.items()], 64)
            need(w == after == 0 or ratio == high and w * ratio == after, "a weight is not the scaled one", Refused)
    elif claim == "balanced":
        compare(network, active, terms, given["multipliers"], everywhere, lambda a, A, b, B: a == A == b == B,
                lambda a, A, b, B: A < b or B < a, "a unit is not balanced")
    elif claim == "attained":
        total = [0] * network.variables
        for e, (w, flow) in enumerate(zip(network.weights, given["circulation"])):
            if network.exponents[e]:
                need(flow >= 1 if w else flow == 0, "the flow must be at least 1, and 0 where the weight is", Refused)
            for v, d in network.exponents[e].items():
                total[v] += flow * d
        need(not any(total), "the circulation is not conserved", Refused)
    elif claim == "not_attained":
        falling(network, active, given["direction"])
    else:
        if "direction" in given:
            gone = falling(network, active, given["direction"])
            active = [e for e in active if e not in gone]
        need(all(low <= high for low, high in zip(given["lower"], given["upper"])), "the bounds cross", Refused)
        for e in active:
            signs = [d > 0 for d in network.exponents[e].values()]
            need(len(set(signs)) == len(signs), "the comparison principle does not cover a synapse", Refused)
        held = movable(network, active)
        need(all(given["lower"][v] == given["upper"][v] == 1 for v in held), "a component is not held at 1", Refused)
        free = [v for v in everywhere if v not in held]
        compare(network, active, terms, given["lower"], free, lambda a, A, b, B: A <= b,
                lambda a, A, b, B: a > B, "the sign test fails at the lower bounds")
        compare(network, active, terms, given["upper"], free, lambda a, A, b, B: a >= B,
                lambda a, A, b, B: A < b, "the sign test fails at the upper bounds")


CLAIMS = {"enclosure": (("lower", "upper"), ("direction",)), "attained": (("circulation",), ()),
          "not_attained": (("direction",), ()), "balanced": (("multipliers",), ()),
          "scaling": (("multipliers", "weights"), ())}


def judge(network, document):
    """Returns the claim that the certificate proves about the network; raises Malformed or Refused."""
    network = Network(network)
    claim = document.get("claim") if type(document) is dict else None
    need(type(claim) is str and claim in CLAIMS, "unknown claim")
    required, optional = CLAIMS[claim]
    fields(document, ("format", "version", "claim", "regularizer", *required), optional)
    header(document, "synaptic-balance/certificate")
    terms, given = regularizer(document["regularizer"]), {}
    for field in {*required, *optional} & set(document):
        if field in ("circulation", "weights"):
            given[field] = [rational(text) for text in listed(document[field], str)]
        else:
            need(type(document[field]) is dict, f"{field} is by unit")
            given[field] = {name: rational(text) for name, text in document[field].items()}
    check(network, claim, terms, given)
    return claim


def verdict(files):
    """Exit code and a sentence; files() returns a network and a certificate."""
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
    if len(arguments) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        texts = [open(path, "rb").read() for path in arguments]
    except OSError as fault:
        print(fault, file=sys.stderr)
        return 2
    code, sentence = verdict(lambda: map(load, texts))
    print(sentence)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
