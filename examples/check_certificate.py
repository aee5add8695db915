#!/usr/bin/env python3
"""A second opinion on certificates of synaptic balance: integers and exact rationals only, and no code shared with the crate. What files
hold is read by read_network.py; here is what they prove.

    check_certificate.py NETWORK CERTIFICATE [--arch relu]   exit 0 accepted, 1 refused, 2 malformed; --arch for perceptrons in safetensors
    check_certificate.py --batch < LINES                     lines {"network": .., "certificate": ..}, a verdict each

A hidden unit with f(tx) = t^c f(x), t > 0, may be scaled: weights into it times L, those out of it over L^c. Units that share a multiplier,
or have powers of one, make a variable v; visible units have none; a product scales as its factors together. Synapse e scales by the ratio
r_e = prod_v L_v^d_ev, d what its target adds less what its source scales by. Its cost sum_k a_k |w|^p_k becomes sum_k a_k |w|^p_k r^q_k:
q = p for a mixture; for L_p in the variables m = L^p, q = 1. The sum of all costs is a convex function R of x = log m with gradient g.
Synapses of weight 0 or without d do not matter. Why each check is sound:

scaling       "weight before times r is the weight after", all L > 0, is what the claim means.
not_scaled    Multipliers change no sign. Around `cycle`, sum_e c_e d_ev = 0, they cancel: the product of (weight after/before)^c would be 1,
              or, where weights may deviate, between the products of 1 - tolerance and of 1 + tolerance to these powers.
manifold      Constraints cancel so. If they are independent, and so are the d of the spanning synapses, which are all the others in number,
              the scalings form a space of just so many dimensions.
balanced      g = 0 where R is convex: a minimum. With `direction`: in the limit, as for enclosure; not of R itself.
attained      y_e >= 1 with sum_e y_e d_ev = 0: so sum_e y_e log r_e = 0 for all multipliers, no ratio can go to 0 unless another goes to
              infinity, and the sets where R is bounded are compact in the ratios.
not_attained  moving along a direction in x that raises no cost and lowers one lowers R from everywhere.
energy        Each summand of a cost is a term, w > 0 at `point`, with y >= 0 such that sum y q d = 0 at each variable. Elsewhere it is
              w e^s >= y (s + log(w/y) + 1). In the sum s cancels; t log t - t + 1 <= (t - 1)^2 at t = y/w: R at the point exceeds inf R by
              at most gap = sum (y - w)^2/w. The costs w/e^u at a minimum are such a y, so the excess is sum w (1 - (1 + u)/e^u), and
              |u| <= r if gap <= w (1 - r) r^2/2, as with r^2 = 4 gap/w <= 1/4. If all y > 0 there is a minimum, as for attained; else this
              holds in the limit, where y > 0. By the rule y = floor(2^k C P Q)/2^k: the cost C of the weight and what its target and
              source multiply it by, each rounded down to F significant bits, so that w <= C P Q (1 + 2/2^F)^3; the worse end counts.
              With `lower` and `upper` all of it is about the minimum within these bounds of m: where s = sum y q d is not 0, sum y log w
              can be less elsewhere, by |s| log(upper/m) at most if s < 0, and by s log(m/lower) if s > 0; log t <= t - 1 goes into the gap.
enclosure     If no synapse has two d of one sign, g_v falls in every other x_u. Take the minimum of R over the box between the bounds.
              Where it touches upper_v, g_v <= 0; but g_v is at least its value at the corner `upper`, which is >= 0. So g_v = 0; likewise
              at `lower`, where g_v <= 0. It is a minimum everywhere. A component that can move along some z != 0 with d_e z = 0 on all its
              synapses changes no weight by it: its first variable is held at 1, and balances because sum_v z_v g_v = 0. With
              `direction`: where costs that fall along it are 0, none rising as in not_attained.
"""
import functools, itertools, math, pathlib, re, sys
from collections import Counter
from fractions import Fraction

sys.dont_write_bytecode = True
from read_network import components, integer, load, merged, need, power, rational, read, read_network, read_perceptron

BITS = 4096  # of irrational costs: what that does not decide is refused

class Refused(Exception):
    """The certificate does not prove its claim about this network. What is no network or no certificate is a ValueError."""

# ---- What a certificate says ----

def multiplier(value):
    need(type(value) is list and len(value) == 2 and type(value[0]) is str and re.fullmatch("[0-9]{1,400}", value[0]), "not a multiplier")
    need(int(value[0]) and abs(integer(value[1])) < 1 << 20, "a multiplier of 0, or too large an exponent")
    return int(value[0]) * Fraction(2) ** value[1]

def read_regularizer(text):
    """[(a, p, q)]: the cost a |w|^p, which scales by r^q."""
    need(type(text) is str and (text in ("l1", "l2") or text[:3] == "lp:" or text[:4] == "mix:"), "unknown regularizer")
    mixed = text[:4] == "mix:"
    summands = [term.partition("*")[::2] for term in text[4:].split("+")] if mixed else [("1", text[3:] or text[1:])]
    terms = [(rational(a), power(p, rational)) for a, p in summands]
    need(min(map(min, terms)) > 0, "factors and powers must be positive")
    return [(a, p, p if mixed else 1) for a, p in terms]

BY_NAME, BY_SYNAPSE, natural = {"*": rational}, [rational], lambda value: integer(value, 0)
CLAIMS = {"enclosure": {"lower": BY_NAME, "upper": BY_NAME, "direction?": BY_NAME}, "attained": {"circulation": BY_SYNAPSE},
          "not_attained": {"direction": BY_NAME}, "balanced": {"multipliers": BY_NAME, "direction?": BY_NAME},
          "scaling": {"multipliers": BY_NAME, "weights": BY_SYNAPSE},
          "not_scaled": {"weights": BY_SYNAPSE, "tolerance": rational, "synapse?": natural, "cycle?": BY_NAME},
          "manifold": {"constraints": [BY_NAME], "spanning": [natural]},
          "energy": {"point": {"*": multiplier}, "F": lambda value: integer(value, 0), "grid": integer, "exceptions": BY_NAME,
                     "lower?": BY_NAME, "upper?": BY_NAME}}

# ---- Arithmetic ----

def integer_root(x, n):
    """The largest integer whose n-th power is at most x > 0, by Newton's method from above."""
    guess = x if n == 1 else 1 << -(-x.bit_length() // n)
    while n > 1 and (better := ((n - 1) * guess + x // guess ** (n - 1)) // n) < guess:
        guess = better
    return guess

def radicand(factors):
    """The product of base^exponent, bases positive, as the n-th root of top/bottom: top, bottom, n."""
    n = math.lcm(*[exponent.denominator for _, exponent in factors])
    parts = [(part, int(times * n)) for base, x in factors for part, times in ((base.numerator, x), (base.denominator, -x))]
    need(sum(abs(times) * part.bit_length() for part, times in parts) < 1 << 23, "undecided: powers too large to be written out", Refused)
    return *(math.prod(part ** (sign * times) for part, times in parts if sign * times > 0) for sign in (1, -1)), n

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
    """Bounds on dR/dx at every variable, lower and upper ones."""
    sums = Counter(), Counter()
    for (weight, d), (a, p, q) in itertools.product(problem, terms):
        ends = bounds([(abs(weight), p)] + [(point[v], share * q) for v, share in d.items()])
        for v, end in itertools.product(d, (0, 1)):
            sums[end][v] += d[v] * a * q * ends[end ^ (d[v] < 0)]
    return sums

# ---- Claims ----

def movable(problem, variables):
    """The first variable of each component that can move along some z without changing a weight."""
    neighbours = {v: [] for v in variables}
    for _, d in problem:
        for v in d:  # one alone cannot move: as if 1 were to be 0
            neighbours[v] += [(u, Fraction(-d[v]) / d[u]) for u in d if u != v] if len(d) > 1 else [(v, 0)]
    return [found[0] for found, _, agree in components(neighbours) if agree]

def cancelling(terms, exponents):
    """Synapses by number with coefficients, around which all multipliers cancel."""
    need(all(re.fullmatch("0|[1-9][0-9]*", e) for e in terms), "a synapse is not a number")
    terms = {int(e): c for e, c in terms.items()}
    need({*terms} <= {*range(len(exponents))} and all(terms.values()), "no such synapse, or a coefficient of 0", Refused)
    need(not merged((v, c * share) for e, c in terms.items() for v, share in exponents[e].items()), "multipliers do not cancel", Refused)
    return terms

def independent(rows):
    pivots = {}
    for row in rows:
        for column, known in pivots.items():
            row = merged([*row.items(), *((c, -row.get(column, 0) * x) for c, x in known.items())])
        if not row:
            return False
        first, pivot = next(iter(row.items()))
        pivots[first] = {c: Fraction(x) / pivot for c, x in row.items()}
    return True

def refute(pairs, exponents, tolerance, synapse=None, cycle=None):
    """Shows that no multipliers give the weights after up to the tolerance."""
    need(0 <= tolerance < 1, "a tolerance outside [0, 1)", Refused)
    need((synapse is None) != (cycle is None), "a synapse or a cycle is needed")
    if cycle is None:
        need(synapse < len(pairs), "no such synapse", Refused)
        before, after = pairs[synapse]
        return need(before * after < 0 or (before == 0) != (after == 0), "the sign stays", Refused)
    cycle = cancelling(cycle, exponents)
    need(all(math.prod(pairs[e]) > 0 for e in cycle), "a sign changes around the cycle, or a weight of it is 0", Refused)
    low, high = bounds([(Fraction(pairs[e][1]) / pairs[e][0], c) for e, c in cycle.items()])
    least, most = ([(1 + (sign if c > 0 else -sign) * tolerance, c) for c in cycle.values()] for sign in (-1, 1))
    need(high < bounds(least)[0] or low > bounds(most)[1], "ratios multiply to a number within the tolerance", Refused)

def energy(synapses, terms, point, F, grid, exceptions, lower=None, upper=None):
    """The gap, the lower ends of the costs with y > 0, and the number of those with y = 0; of the minimum within the bounds, if there are some."""
    need((lower is None) == (upper is None), "bounds on one side only")
    need(not lower or all(lower[v] <= point[v] <= upper[v] for v in point), "the point is not within the bounds", Refused)
    need(8 <= F <= 4096 and abs(grid) <= 1 << 14, "F or grid is out of range", Refused)
    above, fine, left, surplus, gap, ends = (1 + Fraction(2, 1 << F)) ** 3, 1 << max(256, 3 * F), dict(exceptions), Counter(), 0, []
    for k, (a, p, q) in enumerate(terms, 1):
        factor = functools.cache(lambda form: rounded([(point[v], q * share) for v, share in form], F))
        for name, weight, forms in synapses:
            mantissas, exponents = zip(rounded([(abs(weight), p), (a, 1)], F), *map(factor, forms))
            mantissa, exponent = math.prod(mantissas), sum(exponents) + grid
            need(mantissa.bit_length() + exponent <= 1 << 18, "the grid is too fine", Refused)
            y = left.pop(f"{name}#{k}" if len(terms) > 1 else name, mantissa << exponent if exponent > 0 else mantissa >> -exponent)
            need(y >= 0, "an exception is negative", Refused)
            low = mantissa * Fraction(2) ** (exponent if y else max(exponent, -1024))  # where y = 0 a larger one will do
            gap += math.ceil(fine * (max((y - w) ** 2 / w for w in (low, low * above)) if y else low * above))
            ends.append(low if y else 0)
            for v, share in forms[0] + forms[1]:
                surplus[v] += q * share * y
    need(not left, "an exception of no cost", Refused)
    need(lower or not any(surplus.values()), "y is not conserved", Refused)
    gap += sum(math.ceil(fine * abs(s) * ((upper[v] / point[v] if s < 0 else point[v] / lower[v]) - 1)) for v, s in surplus.items() if s)
    unit = Fraction(2) ** -grid
    return gap * unit / fine, [end * unit for end in ends if end], ends.count(0)

def in_words(within, gap, ends, zeros):
    enclosed = [end for end in ends if end >= 16 * gap]
    length = lambda x: x.numerator.bit_length() - x.denominator.bit_length() + 1  # x < 2^length
    radius = f"2^{-(-length(4 * gap / min(enclosed)) // 2)}" if gap and enclosed else "0"
    exists = "for the minimum within the bounds" if within else "no minimum is shown to exist" if zeros else "a minimum exists"
    return (f": gap below 2^{length(gap)}, {exists}, balanced costs within "
            f"{radius} in logarithms for {len(enclosed)} of {len(ends) + zeros}")

def judge(network, certificate):
    """The claim that the certificate proves about the network; raises Refused, or ValueError where it is none."""
    claim = read(certificate, dict).get("claim")
    need(type(claim) is str and claim in CLAIMS, "unknown claim")
    common = {"format": "synaptic-balance/certificate", "version": 1 + (claim == "energy"), "claim": claim, "regularizer": read_regularizer}
    given = read(certificate, {**common, **CLAIMS[claim]})
    terms, given = given["regularizer"], {field: value for field, value in given.items() if field not in common}
    variable, synapses = network
    exponents = [merged(target + source) for _, _, (target, source) in synapses]
    for field, values in given.items():
        if field in ("exceptions", "cycle", "constraints", "spanning"):
            continue
        if type(values) is list:
            need(len(values) == len(synapses), f"{field}: one value for each synapse", Refused)
        elif type(values) is dict:
            need({*values} == {*variable}, f"{field}: not the units that can be scaled", Refused)
            need(field == "direction" or min(values.values(), default=1) > 0, f"{field}: not positive", Refused)
            point = given[field] = {variable[name]: value for name, value in values.items()}
            need(all(point[variable[name]] == values[name] for name in values), f"{field}: tied units differ", Refused)
    problem = [(weight, d) for (_, weight, _), d in zip(synapses, exponents) if weight and d]
    if "direction" in given:
        slopes = [sum(share * given["direction"][v] for v, share in d.items()) for _, d in problem]
        need(max(slopes, default=0) <= 0 > min(slopes, default=0), "a cost rises along the direction, or none falls", Refused)
        problem = [synapse for synapse, slope in zip(problem, slopes) if slope == 0]
    if claim == "energy":
        counted = [synapse for synapse, d in zip(synapses, exponents) if synapse[1] and d]
        return claim + in_words(given.get("lower"), *energy(counted, terms, **given))
    if claim == "scaling":
        for (_, weight, _), after, d in zip(synapses, given["weights"], exponents):
            ratio, high = bounds([(given["multipliers"][v], share) for v, share in d.items()])
            need(weight == after == 0 or ratio == high and weight * ratio == after, "a weight is not the scaled one", Refused)
    elif claim == "not_scaled":
        weights = given.pop("weights")
        refute([(weight, after) for (_, weight, _), after in zip(synapses, weights)], exponents, **given)
    elif claim == "manifold":
        constraints, spanning = [cancelling(terms, exponents) for terms in given["constraints"]], given["spanning"]
        need(max(spanning, default=-1) < len(synapses), "no such synapse", Refused)
        need(len(constraints) + len(spanning) == len(synapses), "not as many rows as synapses", Refused)
        need(independent(constraints) and independent([exponents[e] for e in spanning]), "rows depend on each other", Refused)
    elif claim == "balanced":
        low, high = gradient(problem, terms, given["multipliers"])
        need(not any((*low.values(), *high.values())), "a unit is not balanced, or not known to be", Refused)
    elif claim == "attained":
        flows = list(zip(synapses, exponents, given["circulation"]))
        fits = all(not d or (y >= 1 if weight else y == 0) for (_, weight, _), d, y in flows)
        need(fits, "a flow is not at least 1, or not 0 at weight 0", Refused)
        need(not merged((v, share * y) for _, d, y in flows for v, share in d.items()), "the circulation is not conserved", Refused)
    elif claim == "enclosure":
        lower, upper, held = given["lower"], given["upper"], movable(problem, sorted(given["lower"]))
        need(all(lower[v] <= upper[v] for v in lower), "the bounds cross", Refused)
        need(all(len({share > 0 for share in d.values()}) == len(d) for _, d in problem), "outside the comparison principle", Refused)
        need(all(lower[v] == upper[v] == 1 for v in held), "a component that can move is not held at 1", Refused)
        high, low = gradient(problem, terms, lower)[1], gradient(problem, terms, upper)[0]
        need(all(v in held or high[v] <= 0 <= low[v] for v in lower), "a bound is not known to be one", Refused)
    return claim

def verdict(judged):
    """Exit code and sentence for what is judged."""
    try:
        return 0, f"accepted: {judged()}"
    except Refused as fault:
        return 1, f"refused: {fault}"
    except (OSError, OverflowError, RecursionError, ValueError) as fault:
        return 2, f"malformed: {fault}"

def main(arguments):
    if arguments == ["--batch"]:
        for line in sys.stdin.buffer:
            print(verdict(lambda: judge(**read(load(line), {"network": read_network, "certificate": dict})))[1])
        return 0
    if len(arguments) not in (2, 4) or arguments[2:3] not in ([], ["--arch"]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    data = lambda path: pathlib.Path(path).read_bytes()
    network = lambda path, *arch: read_perceptron(data(path), *arch) if arch else read_network(load(data(path)))
    code, sentence = verdict(lambda: judge(network(arguments[0], *arguments[3:]), load(data(arguments[1]))))
    print(sentence)
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
