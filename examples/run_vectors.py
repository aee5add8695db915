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
    if any(unit["kind"] == "product" for unit in network["units"]):
        raise Skip("products")
    if any(not isinstance(unit, str) for tie in network.get("ties", []) for unit in tie):
        raise Skip("powers in ties")
    for unit in network["units"]:
        activation = unit.get("activation")
        activation = None if isinstance(activation, dict) and "not_homogeneous" in activation else activation
        if isinstance(activation, dict) and fractions.Fraction(activation.get("bipu", {}).get("c", 1)) != 1:
            raise Skip("units of degree other than 1")
        scalable = unit["kind"] == "hidden" and (isinstance(activation, dict) or activation in ("linear", "relu", "abs"))
        owner[unit["id"]] = unit["id"] if scalable else ""
    for tie in network.get("ties", []):  # ties that overlap are one; a unit that cannot be scaled fixes its tie
        joined = {owner[unit] for unit in tie}
        owner = {unit: min(joined) if name in joined else name for unit, name in owner.items()}
    return owner

def step(logs, into, out, power):  # balances one unit, or tie; returns the logarithm of its multiplier
    a, b = (np.logaddexp.reduce(power * logs[side]) for side in (into, out))
    move = (b - a) / (2 * power) if into and out else 0.0
    logs[into], logs[out] = logs[into] + move, logs[out] - move
    return move

def run(case):
    if case["operation"] not in ("balance", "limit") or case["regularizer"].startswith("mix:"):
        raise Skip("mixtures" if case["operation"] in ("balance", "limit") else "operation " + case["operation"])
    owner, expected, synapses = owners(case["network"]), case["expected"], case["network"]["synapses"]
    power = float(fractions.Fraction(case["regularizer"].lstrip("lp:")))
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
    logs[lost], active = -np.inf, [k for k in active if k not in lost]
    sides = [([k for k in active if ends[k][1] == v], [k for k in active if ends[k][0] == v]) for v in names if v]
    while max((abs(step(logs, *side, power)) for side in sides), default=0) > 1e-12:
        pass
    near = lambda found, text: found == log(text) or abs(found - log(text)) <= TOLERANCE
    bounds = [(number, number) if isinstance(number, str) else (number["lo"], number["hi"]) for number in expected["weights"]]
    return len(bounds) == len(logs) and all(near(found, low) and near(found, high) for found, (low, high) in zip(logs, bounds))

total = collections.Counter()
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    for case in json.loads(path.read_text()).get("cases", []):  # the schema has none
        try:
            outcome = "passed" if run(case) else "failed " + case["id"]
        except Skip as reason:
            outcome = f"skipped ({reason})"
        total[f"{path.stem}: {outcome}"] += 1
print("\n".join(f"{line}: {count}" for line, count in total.items()))
counts = [sum(count for line, count in total.items() if f": {word}" in line) for word in ("passed", "failed", "skipped")]
print("{} passed, {} failed, {} skipped".format(*counts))
sys.exit(counts[1] > 0)
