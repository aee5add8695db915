"""Numbers, networks in JSON and perceptrons in safetensors, read strictly, so that no two readers can take a file for different things.
Whatever is not plainly one is a ValueError. Part of check_certificate.py, which explains variables and forms."""
import collections, graphlib, json, math, re, struct
from fractions import Fraction

LARGEST_POWER, LONGEST = 256, 4000  # of powers, and of products; of texts
NUMBER = re.compile(r"[+-]?[0-9]+(/[0-9]+|(\.[0-9]+)?([eE][+-]?[0-9]+)?)")
HOMOGENEOUS, NOT_HOMOGENEOUS = {"linear", "relu", "abs"}, frozenset((
    "celu cos elu erf exp gelu glu hard_sigmoid hard_swish hard_tanh log_sigmoid log_softmax mish quick_gelu relu6 selu sigmoid silu sin "
    "softmax softplus softsign swish tanh threshold").split())

def need(condition, complaint, kind=ValueError):
    if not condition:
        raise kind(complaint)

def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "a key occurs twice")
    return dict(pairs)

def load(data):
    document = json.loads(data.decode(), object_pairs_hook=unique)
    json.dumps(document, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return document

def read(value, shape):
    """What a value of a shape is: a type, a constant, a function that reads it, a list of one shape, an object of shapes: `*` stands for
    all keys, and those that end in `?` may be missing."""
    if type(shape) is list:
        return [read(item, shape[0]) for item in read(value, list)]
    if type(shape) is dict:
        known = {key.strip("?"): inner for key, inner in shape.items()} if "*" not in shape else dict.fromkeys(read(value, dict), shape["*"])
        need({key for key in shape if key[-1] not in "*?"} <= {*read(value, dict)} <= {*known}, f"an object of {[*shape]} is needed")
        return {key: read(item, known[key]) for key, item in value.items()}
    if type(shape) is type(read):
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
    return Fraction(float(value)) if type(value) in (int, float) else rational(value)

def power(value, read_it=number):
    value = read_it(value)
    need(max(abs(value.numerator), value.denominator) <= LARGEST_POWER, "a power is too large")
    return value

def integer(value, least=-1 << 63):
    need(type(value) is int and least <= value < 1 << 63, f"an integer from {least} on is needed")
    return value

def degree(activation):
    """c with f(tx) = t^c f(x) for all t > 0; None if there is none."""
    if type(activation) is str:
        need(activation in HOMOGENEOUS | NOT_HOMOGENEOUS, "an activation that is not known, or lacks its parameters")
        return 1 if activation in HOMOGENEOUS else None
    given = read(activation, {"leaky_relu?": number, "prelu?": number, "bilu?": {"a": number, "b": number},
                              "bipu?": {"c": power, "C": number, "D": number}, "not_homogeneous?": str})
    named = given.get("not_homogeneous")
    need(len(given) == 1 and named not in HOMOGENEOUS | {"leaky_relu", "prelu", "bilu", "bipu", "not_homogeneous", ""}, "not an activation")
    return None if named else given.get("bipu", {"c": 1})["c"]

def merged(pairs):
    """The sum of forms, pairs (v, exponent), as {v: exponent}."""
    d = collections.Counter()
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
    products, length = {name: unit["of"] for name, unit in units.items() if "of" in unit}, dict.fromkeys(units, 1)
    need({factor for product in products.values() for factor in product} <= {*units}, "a product of an unknown unit")
    for name in filter(products.get, graphlib.TopologicalSorter(products).static_order()):  # refuses cycles
        length[name] = sum(length[factor] for factor in products[name])
        out_of[name] = tuple(merged(pair for factor in products[name] for pair in out_of.get(factor, ())).items())
    need(all(products.values()) and max(length.values(), default=0) <= LARGEST_POWER, "a product of nothing, or too long")
    for synapse in document["synapses"]:
        source, target = ends = synapse["from"], synapse["to"]
        need({*ends} <= {*units} and units[target]["kind"] in ("hidden", "output") and ends not in synapses, "a synapse of no two units")
        synapses[ends] = str(len(synapses)), synapse["weight"], (into.get(target, ()), out_of.get(source, ()))
    return variable, list(synapses.values())

STORED = {"F64": ("d", 8), "F32": ("f", 4), "F16": ("e", 2), "BF16": ("f", 2)}

def read_tensors(data):
    """The shape and the numbers of each tensor of a file in safetensors."""
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
        tensors[name] = entry["shape"], struct.unpack(f"<{count}{code}", raw)
    return tensors

def read_perceptron(data, activation):
    """The same of layers `<layer>.weight` [out, in], `<layer>.bias` [out], in the order of the one number by which their names differ."""
    tensors = read_tensors(data)
    layers = {tuple(map(int, re.findall("[0-9]{1,99}", name))): name[:-6] for name in tensors if name.endswith(".weight")}
    need(len({re.sub("[0-9]{1,99}", "0", name) for name in layers.values()}) == 1, "layers are not numbered")
    need(sum(len({*column}) > 1 for column in zip(*layers)) < 2, "names of layers differ by two numbers")
    layers = [layers[place] for place in sorted(layers)]
    need(tensors.keys() <= {layer + kind for layer in layers for kind in ("weight", "bias")}, "neither weight nor bias of a layer")
    need(all(len(tensors[layer + "weight"][0]) == 2 and min(tensors[layer + "weight"][0]) for layer in layers), "a weight is [out, in]")
    sources, weights, biases = [f"x{i}" for i in range(tensors[layers[0] + "weight"][0][1])], {}, {}
    units = [{"id": unit, "kind": "input"} for unit in sources] + [{"id": "one", "kind": "bias"}]
    for k, layer in enumerate(layers, 1):
        shape, numbers = tensors[layer + "weight"]
        bias = tensors.get(layer + "bias", (shape[:1], [0.0] * shape[0]))
        need(shape[1] == len(sources) and bias[0] == shape[:1], f"{layer}weight does not fit the layer before, or its bias")
        targets = [f"h{k}.{i}" for i in range(shape[0])]
        units += [{"id": unit, "kind": "hidden" if k < len(layers) else "output", "activation": activation} for unit in targets]
        weights |= {f"{layer}weight[{at}]": (sources[at % shape[1]], targets[at // shape[1]], w) for at, w in enumerate(numbers)}
        biases |= {f"{layer}bias[{at}]": ("one", targets[at], w) for at, w in enumerate(bias[1])}
        sources = targets
    named = weights | biases if any(name.endswith("bias") for name in tensors) else weights
    synapses = [dict(zip(("from", "to", "weight"), synapse)) for synapse in named.values()]
    variable, synapses = read_network({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses})
    return variable, [(name, *synapse[1:]) for name, synapse in zip(named, synapses)]
