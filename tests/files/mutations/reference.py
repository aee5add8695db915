#!/usr/bin/env python3
"""The optima of small networks to 80 digits, by Newton's method in decimals, and energy certificates about points near them.

    reference.py CHECKER < LINES    lines {"network": .., "regularizer": ..}

Writes for each line the certificates and, by term, the balanced costs; null where no minimum is found. Of CHECKER (examples/check_certificate.py) it
takes how networks are read and how factors are rounded; and it demands of what CHECKER accepts that the optimum lies where that says.
"""
import importlib.util, json, math, pathlib, sys
from decimal import Decimal, getcontext
from fractions import Fraction

DIGITS, SPARE = 80, 20
F, POINT_BITS, Y_BITS = 80, 50, 64

def module(path):
    sys.path.insert(0, str(pathlib.Path(path).parent))  # of what it imports itself
    spec = importlib.util.spec_from_file_location("checker", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded

def decimal(value):
    return Decimal(value.numerator) / Decimal(value.denominator)

def solved(matrix, side, zero):
    """A solution of a symmetric system; 0 where the pivot vanishes."""
    rows, pivots = [row + [value] for row, value in zip(matrix, side)], []
    for column in range(len(side)):
        free = [index for index in range(len(rows)) if index not in pivots]
        best = max(free, key=lambda index: abs(rows[index][column]))
        if abs(rows[best][column]) <= zero * abs(matrix[column][column]):
            pivots.append(None)
            continue
        pivots.append(best)
        for index, row in enumerate(rows):
            if index != best and row[column]:
                share = row[column] / rows[best][column]
                rows[index] = [one - share * other for one, other in zip(row, rows[best])]
    return [0 * side[0] if best is None else rows[best][-1] / rows[best][column] for column, best in enumerate(pivots)]

def newton(terms, x, exp, small, rounds):
    """x with the gradient of sum c exp<a, x> at 0, relatively to the costs at each variable; None if it is not found."""
    for _ in range(rounds):
        gradient, size, hessian = [0 * v for v in x], [0 * v for v in x], [[0 * v for v in x] for _ in x]
        for c, a in terms:
            w = c * exp(sum(share * x[v] for v, share in a.items()))
            for v, share in a.items():
                gradient[v] += share * w
                size[v] += abs(share) * w
                for u, other in a.items():
                    hessian[v][u] += share * other * w
        if all(abs(slope) <= small * whole for slope, whole in zip(gradient, size)):
            return x
        step = solved(hessian, gradient, small)
        longest = max(abs(sum(share * step[v] for v, share in a.items())) for _, a in terms)
        damping = 1 + longest if longest > 0.5 else 1
        x = [v - d / damping for v, d in zip(x, step)]
    return None

def optimum(terms, variables):
    """The logarithms of balanced multipliers, in decimals."""
    try:
        start = newton([(float(c), {v: float(share) for v, share in a.items()}) for c, a in terms], [0.0] * variables, math.exp, 1e-12, 300)
    except (OverflowError, ZeroDivisionError):
        return None
    if start is None:
        return None
    exact = [(c, {v: decimal(Fraction(share)) for v, share in a.items()}) for c, a in terms]
    return newton(exact, [Decimal(v) for v in start], Decimal.exp, Decimal(10) ** -(DIGITS + SPARE // 2), 12)

def repaired(terms, y, variables):
    """Heavy terms with what has to be added to their y so that sum y a = 0: exact elimination on a basis of them."""
    left = [sum(value * a.get(v, 0) for value, (_, a) in zip(y, terms)) for v in range(variables)]
    basis = []  # (term, its exponents reduced by those before, their pivot, how it was made of terms)
    for index in sorted(range(len(terms)), key=lambda index: -y[index]):
        row, made = [Fraction(terms[index][1].get(v, 0)) for v in range(variables)], {index: Fraction(1)}
        for other, pivot, parts in basis:
            share = row[pivot] / other[pivot]
            row = [one - share * value for one, value in zip(row, other)]
            made = {term: made.get(term, 0) - share * parts.get(term, 0) for term in {*made, *parts}}
        if any(row):
            basis.append((row, next(v for v in range(variables) if row[v]), made))
    changes = {}
    for row, pivot, made in basis:
        share = left[pivot] / row[pivot]
        left = [one - share * value for one, value in zip(left, row)]
        for term, part in made.items():
            changes[term] = changes.get(term, 0) - share * part
    assert not any(left)
    return {term: change for term, change in changes.items() if change}

def certificate(checker, given, names, summands, terms, variables, variable, logs, bits_of_y):
    """A certificate about a point near exp(logs), the lightest cost with so many bits on the grid."""
    numbers = []
    for log in logs:
        exponent = math.floor(log / Decimal(2).ln()) - POINT_BITS
        numbers.append((int(log.exp() * Decimal(2) ** -exponent), exponent))
    point = [mantissa * Fraction(2) ** exponent for mantissa, exponent in numbers]
    lower = []
    for (weight, forms), (a, p, q) in names.values():
        factors = [checker.rounded([(abs(weight), p), (a, 1)], F)]
        factors += [checker.rounded([(point[v], q * share) for v, share in form], F) for form in forms]
        lower.append(math.prod(Fraction(2) ** exponent * mantissa for mantissa, exponent in factors))
    grid = bits_of_y - math.floor(math.log2(min(lower)))
    y = [math.floor(value * Fraction(2) ** grid) for value in lower]
    exceptions = {list(names)[term]: str(y[term] + change) for term, change in repaired(terms, y, variables).items()}
    return {"format": "synaptic-balance/certificate", "version": 2, "claim": "energy", "regularizer": given, "F": F, "grid": grid,
            "point": {unit: [str(numbers[v][0]), numbers[v][1]] for unit, v in variable.items()}, "exceptions": exceptions}, point

def answer(checker, network, given):
    variable, synapses = checker.read_network(network)
    summands, variables = checker.read_regularizer(given), len({*variable.values()})
    names, terms = {}, []
    for name, weight, forms in synapses:
        d = checker.merged(forms[0] + forms[1])
        for k, (a, p, q) in enumerate(summands, 1):
            if weight and d:
                names[f"{name}#{k}" if len(summands) > 1 else name] = (weight, forms), (a, p, q)
                terms.append((decimal(a) * decimal(abs(weight)) ** decimal(Fraction(p)), {v: q * share for v, share in d.items()}))
    if not terms:
        return {"certificates": [], "costs": {}}
    logs = optimum(terms, variables)
    if logs is None:
        return None
    at = lambda x: [c * sum(decimal(Fraction(share)) * x[v] for v, share in a.items()).exp() for c, a in terms]
    best, certificates = at(logs), []
    for bits_of_y in (Y_BITS, -1):  # the second one says nothing of the lightest cost
        made, point = certificate(checker, given, names, summands, terms, variables, variable, logs, bits_of_y)
        if bits_of_y < 0 and any(value.startswith("-") for value in made["exceptions"].values()):
            continue  # the grid is too coarse to be repaired
        certificates.append(made)
        words = checker.judge((variable, synapses), made)
        active = [synapse for synapse in synapses if synapse[1] and checker.merged(synapse[2][0] + synapse[2][1])]
        exceptions = {name: Fraction(value) for name, value in made["exceptions"].items()}
        gap, ends, zeros = checker.energy(active, summands, dict(enumerate(point)), F, made["grid"], exceptions)
        here, gap = at([decimal(value).ln() for value in point]), decimal(gap)
        assert sum(here) - sum(best) <= gap, words
        assert (zeros == 0) == (bits_of_y == Y_BITS), words
        for cost, balanced in zip(here, best):
            assert gap > cost / 16 or abs((balanced / cost).ln()) <= 2 * (gap / cost).sqrt(), words
    return {"certificates": certificates, "costs": dict(zip(names, map(str, best)))}

def main():
    sys.dont_write_bytecode = True
    getcontext().prec = DIGITS + SPARE
    getcontext().Emax, getcontext().Emin = 10 ** 9, -10 ** 9
    checker = module(sys.argv[1])
    for line in sys.stdin:
        given = json.loads(line)
        print(json.dumps(answer(checker, given["network"], given["regularizer"])))

if __name__ == "__main__":
    main()
