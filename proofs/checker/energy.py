"""Energy certificates as claims of energy_checker.v, and what the page examples/check_certificate.py says of them. Part of compare.py."""
import copy, math
from fractions import Fraction

class Answer:
    """What is shown: the gap, whether the minimum is attained, the radius as a power of 2 (None where it is 0), and for each cost whether it is enclosed."""

    def __init__(self, line):
        number, places, attained, radius, *near = line.removeprefix("accepted: energy: ").split()
        self.number, self.places, self.attained = int(number), int(places), attained == "true"
        self.radius = None if radius == "exact" else int(radius)
        self.near = [bit == "1" for bit in "".join(near)]

    def gap(self):
        return Fraction(self.number) / Fraction(2) ** self.places

    def in_coq(self):
        radius = "None" if self.radius is None else f"(Some {self.radius})"
        near = "; ".join(str(bit).lower() for bit in self.near)
        return f"(Judgement {integer(self.number)} {integer(self.places)} {str(self.attained).lower()} [{near}] {radius})"

def given(reader, certificate):
    head = {"format": "synaptic-balance/certificate", "version": 2, "claim": "energy", "regularizer": reader.read_regularizer}
    return reader.read(certificate, {**head, **reader.CLAIMS["energy"]})

def claim(reader, network, certificate):
    """The claim of a certificate about what reader.read_network gives."""
    variable, synapses = network
    values = given(reader, certificate)
    reader.need({*values["point"]} == {*variable}, "point: not the units that can be scaled", reader.Refused)
    by_variable = {variable[name]: value for name, value in values["point"].items()}
    reader.need(all(by_variable[variable[name]] == value for name, value in values["point"].items()), "tied units differ", reader.Refused)
    written = {variable[name]: (int(mantissa), exponent) for name, (mantissa, exponent) in certificate["point"].items()}
    summands, left = values["regularizer"], dict(values["exceptions"])
    divisor = math.lcm(*[y.denominator for y in left.values()])
    forms, terms = {}, []
    for k, (a, p, q) in enumerate(summands, 1):
        scaled = lambda form: forms.setdefault(tuple((v + 1, share * q) for v, share in form), len(forms) + 1)
        known = {}
        for name, weight, (target, source) in synapses:
            if weight and reader.merged(target + source):
                for form in (target, source):
                    if form not in known:
                        known[form] = scaled(form)
                y = left.pop(f"{name}#{k}" if len(summands) > 1 else name, None)
                terms.append((a, abs(weight), p, known[target], known[source], None if y is None else int(y * divisor)))
    reader.need(not left, "an exception of no cost", reader.Refused)
    common = math.lcm(*[share.denominator for form in forms for _, share in form])
    return {"point": [written[v] for v in range(len(written))], "common": common, "terms": terms, "bits": values["F"], "grid": values["grid"],
            "forms": [[(v, int(share * common)) for v, share in form] for form in forms], "divisor": divisor}

def integer(value):
    return str(value) if value >= 0 else f"({value})"

def rational(q):
    return f"({integer(q.numerator)} # {q.denominator})"

def in_coq(claim):
    """A claim in Coq."""
    listed = lambda items: "[" + "; ".join(items) + "]"
    point = listed(f"({integer(m)}, {integer(e)})" for m, e in claim["point"])
    forms = listed(listed(f"({v}%positive, {integer(share)})" for v, share in form) for form in claim["forms"])
    terms = listed(f"EnergyTerm {rational(a)} {rational(weight)} {rational(p)} {target} {source} "
                   + ("None" if flow is None else f"(Some {integer(flow)})") for a, weight, p, target, source, flow in claim["terms"])
    return (f"(EnergyClaim {point} {claim['common']} {forms} {terms} {integer(claim['bits'])} {integer(claim['grid'])} {claim['divisor']})")

def by_page(reader, network, certificate):
    """What the page says: the gap, the number of costs that are enclosed, that of costs without a flow; None where it refuses."""
    try:
        reader.judge(network, copy.deepcopy(certificate))
    except reader.Refused:
        return None
    values = given(reader, certificate)
    variable, synapses = network
    point = {variable[name]: value for name, value in values["point"].items()}
    counted = [synapse for synapse in synapses if synapse[1] and reader.merged(synapse[2][0] + synapse[2][1])]
    gap, ends, zeros = reader.energy(counted, values["regularizer"], point, values["F"], values["grid"], values["exceptions"])
    return gap, sum(end >= 16 * gap for end in ends), zeros

def changed(network, certificate):
    """Every number changed, one at a time: what was changed, the network, the certificate."""
    def of(field, value):
        variant = copy.deepcopy(certificate)
        variant[field] = value
        return variant
    for name, (mantissa, exponent) in certificate["point"].items():
        for new in ([str(int(mantissa) + 1), exponent], [mantissa, exponent + 1], [str(2 * int(mantissa)), exponent - 1]):
            yield f"point of {name}: {new}", network, of("point", {**certificate["point"], name: new})
    for field, change in (("F", 1), ("F", -1), ("F", -certificate["F"]), ("grid", 1), ("grid", -1), ("grid", 40)):
        yield f"{field} by {change}", network, of(field, certificate[field] + change)
    exceptions = certificate["exceptions"]
    for term, flow in exceptions.items():
        for new in (Fraction(flow) + 1, -Fraction(flow) - 1, Fraction(flow) + Fraction(1, 3)):
            yield f"exception of {term}: {new}", network, of("exceptions", {**exceptions, term: str(new)})
        yield f"without exception of {term}", network, of("exceptions", {other: y for other, y in exceptions.items() if other != term})
    for index, synapse in enumerate(network["synapses"]):
        if str(index) not in exceptions:
            yield f"a new exception of {index}", network, of("exceptions", {**exceptions, str(index): "5"})
        for new in (f"{synapse['weight']}", "0", "7/3"):
            if str(new) != str(synapse["weight"]):
                variant = copy.deepcopy(network)
                variant["synapses"][index]["weight"] = new
                yield f"weight {index}: {new}", variant, certificate
    yield "an exception of no term", network, of("exceptions", {**exceptions, "99999": "1"})
