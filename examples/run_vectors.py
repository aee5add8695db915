"""Runs conformance vectors against textbook balancing: python3 run_vectors.py FOLDER (needs NumPy only)."""
import collections, fractions, json, math, pathlib, sys
import numpy as np

TOLERANCE = 1e-9  # of logarithms of weights, that is relative; a deep chain amplifies what a sweep leaves over

Skip = type("Skip", (Exception,), {})  # a case that this implementation does not claim to cover

def log(value):  # of an exact number of any size, beyond binary64 too
    value = abs(fractions.Fraction(value))
    return math.log(value.numerator) - math.log(value.denominator) if value else -math.inf

def owners(network):  # the variable of each unit, named after one of its units; "" where there is none
    owner = {}
    for unit in network["units"]:
        activation = unit.get("activation")
        if isinstance(activation, dict) and fractions.Fraction(activation.get("bipu", {}).get("c", 1)) != 1:
            raise Skip("units of degree other than 1")
        scalable = unit["kind"] == "hidden" and (isinstance(activation, dict) or activation in ("linear", "relu", "abs"))
        owner[unit["id"]] = unit["id"] if scalable else ""
    for tie in network.get("ties", []):  # ties that overlap are one; a unit that cannot be scaled fixes its tie
        joined = {owner[unit] for unit in tie}
        owner = {unit: min(joined) if name in joined else name for unit, name in owner.items()}
    return owner

def step(logs, into, out, factor, power):  # one unit, or tie: moves its weights, returns the logarithm of its multiplier
    done = 0.0
    for _ in range(200 if into and out else 0):
        a, b = (np.logaddexp.reduce(factor + power * logs[side][:, None], axis=None) for side in (into, out))
        move = (b - a) / (2 * power.max())  # exact for one power, cautious for several
        logs[into], logs[out], done = logs[into] + move, logs[out] - move, done + move
        if len(power) == 1 or abs(b - a) < 1e-13:
            break
    return done

def run(case):
    if case["operation"] not in ("balance", "limit", "balance_units"):
        raise Skip("operation " + case["operation"])
    owner, expected, synapses = owners(case["network"]), case["expected"], case["network"]["synapses"]
    terms = {"l1": "1*1", "l2": "1*2"}.get(case["regularizer"], case["regularizer"].replace("lp:", "1*").replace("mix:", ""))
    terms = [[fractions.Fraction(number) for number in term.split("*")] for term in terms.split("+")]
    factor, power = np.array([log(a * p) for a, p in terms]), np.array([float(p) for _, p in terms])
    logs = np.array([log(synapse["weight"]) for synapse in synapses])
    ends = [(owner[synapse["from"]], owner[synapse["to"]]) for synapse in synapses]
    active = [k for k, (source, target) in enumerate(ends) if source != target and np.isfinite(logs[k])]
    names = sorted(set(owner.values()) | {""})  # "" stands for all visible units together
    reach = np.eye(len(names), dtype=bool)
    reach[tuple([names.index(ends[k][side]) for k in active] for side in (0, 1))] = True
    for _ in names:
        reach = reach @ reach
    lost = [k for k in active if not reach[names.index(ends[k][1]), names.index(ends[k][0])]]  # on no directed cycle
    if case["operation"] == "balance" and lost:
        return expected["status"] == "not_attained" and expected["vanishing"] == lost
    if case["operation"] == "limit":
        logs[lost], active = -np.inf, [k for k in active if k not in lost]
    sides = {v: ([k for k in active if ends[k][1] == v], [k for k in active if ends[k][0] == v]) for v in names if v}
    for unit in case.get("units", []):
        if owner[unit] == "" or any(sides[owner[unit]]) != all(sides[owner[unit]]):
            return expected["status"] == ("not_attained" if owner[unit] else "refused") and expected["unit"] == unit
        step(logs, *sides[owner[unit]], factor, power)
    while "units" not in case and max((abs(step(logs, *side, factor, power)) for side in sides.values()), default=0) > 1e-12:
        pass
    near = lambda found, text: found == log(text) or abs(found - log(text)) <= TOLERANCE
    bounds = [(number, number) if isinstance(number, str) else (number["lo"], number["hi"]) for number in expected["weights"]]
    return len(bounds) == len(logs) and all(near(found, low) and near(found, high) for found, (low, high) in zip(logs, bounds))

total = collections.Counter()
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    counts, document = collections.Counter(), json.loads(path.read_text())
    for case in document.get("cases", []):  # the schema has none
        try:
            outcome = "passed" if run(case) else "failed " + case["id"]
        except Skip as reason:
            outcome = f"skipped ({reason})"
        counts[outcome] += 1
        total[outcome.split()[0]] += 1
    if counts:
        print(document["group"] + ":", ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
sys.exit(total["failed"] > 0)
