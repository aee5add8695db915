#!/usr/bin/env python3
"""Runs the proved checker on certificates of the program and on corrupted ones, and compares its verdicts with the kernel's.

    compare.py SYNBAL VECTORS PROOFS [CHECKER]   the program, the folder of conformance vectors, the folder of the compiled proofs,
                                                 the proved checker as a program

For each network of the vectors the certificate of version 1 (of the limit where the program writes it, else that in enclosures.json) is turned into a claim of enclosure_checker.v; so are
variants with one number changed: each bound, each number of the direction, each weight of the network. Coq computes its verdict on
all of them, `synbal verify` has its own, and they must agree. Each certificate that stands as it was made is also proved: Coq
is given the theorem that the multipliers of that network lie within its bounds. CHECKER (main.ml) is the checker extracted to OCaml, which reads
networks and certificates itself: it gives its verdict on all of them too, by its wider rule.

Of energy certificates (version 2, energy.py) those that the program writes for all networks of the vectors are judged, and a share of all changes of
one number: by the kernel, by the page examples/check_certificate.py, and by the extracted checker, which must find the same gap as the page and the
same number of enclosed costs. Coq is given the theorem of what the checker says of each one that stands as it was made.

Of the other claims of version 1 (claims.py) certificates are made from the vectors. Documents with some bytes changed are malformed
for both readers, or for none (documents.py).

What Coq is not asked of enclosures is counted with the reason: irrational costs, fractional exponents, costs that rise or fall in two multipliers
(units of negative degree), components away from the ground with units of a degree other than 1. Coq is given what
examples/check_certificate.py reads, not what the extracted checker does: so that the two readings are compared as well.
"""
import collections, concurrent.futures, copy, importlib.util, json, pathlib, re, subprocess, sys, tempfile
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS_IN_A_FILE = 12
LONG = 2000  # bits of all numbers of a claim; longer ones are compared as they are and with their bounds exchanged, no more

def module(path):
    sys.path.insert(0, str(path.parent))  # of what it imports itself
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded

reader = module(ROOT / "examples" / "check_certificate.py")
energy = module(pathlib.Path(__file__).with_name("energy.py"))
claims = module(pathlib.Path(__file__).with_name("claims.py"))
documents = module(pathlib.Path(__file__).with_name("documents.py"))
written = module(pathlib.Path(__file__).with_name("written.py"))
ENCLOSURES = json.loads(pathlib.Path(__file__).with_name("enclosures.json").read_text())
number = module(ROOT / "examples" / "read_network.py").number

class NotCovered(Exception):
    """The claim is outside of what enclosure_checker.v covers."""

def natural(value):
    if value.denominator != 1:
        raise NotCovered("a fractional exponent")
    return int(value)

def exact_cost(weight, p):
    if not weight:
        return Fraction(0)
    low, high = reader.bounds([(abs(weight), p)])
    if low != high:
        raise NotCovered("an irrational cost")
    return low

def claim(network, certificate):
    """The claim in Coq, and the direction if it is one about the limit."""
    variable, synapses = reader.read_network(network)
    summands = reader.read_regularizer(certificate["regularizer"])
    count = len({*variable.values()})
    terms = []
    for _, weight, (target, source) in synapses:
        d = reader.merged(target + source)
        if not d:
            continue
        up = [(v, share) for v, share in d.items() if share > 0]
        down = [(v, -share) for v, share in d.items() if share < 0]
        if len(up) > 1 or len(down) > 1:
            raise NotCovered("a cost that rises or falls in two multipliers")
        for a, p, q in summands:
            (to, rises), (source, falls) = [side[0] if side else (count, 1 / Fraction(q)) for side in (up, down)]
            terms.append((source, to, a * exact_cost(weight, p), natural(falls * q), natural(rises * q)))
    given = {field: {variable[name]: reader.rational(text) for name, text in certificate[field].items()}
             for field in ("lower", "upper", "direction") if field in certificate}
    lower, upper = ([given[field][v] for v in range(count)] for field in ("lower", "upper"))
    direction = [given["direction"][v] for v in range(count)] if "direction" in given else None
    stay = [t for t in terms if direction is None or
            t[4] * (direction + [0])[t[1]] == t[3] * (direction + [0])[t[0]]]
    labels = components(count, [t for t in stay if t[2]])
    return {"variables": count, "synapses": terms, "component": labels, "lower": lower, "upper": upper, "direction": direction}

def components(count, terms):
    """For each variable the first one of its component, or None if that reaches the ground."""
    parent = list(range(count + 1))
    def root(v):
        while parent[v] != v:
            v = parent[v]
        return v
    for source, to, *_ in terms:
        a, b = root(source), root(to)
        parent[min(a, b)] = max(a, b)
    first = {}
    labels = [None if root(v) == root(count) else first.setdefault(root(v), v) for v in range(count)]
    for source, to, _, falls, rises in terms:
        if source < count and labels[source] is not None and falls != rises:
            raise NotCovered("a component away from the ground with units of another degree")
        if max(source, to) == count and labels[min(source, to)] is not None:
            raise AssertionError("a term joins the component to the ground")
    return labels

def changed(network, certificate, exchange_only):
    """Every number changed, one at a time: what was changed, the network, the certificate."""
    variant = copy.deepcopy(certificate)
    variant["lower"], variant["upper"] = variant["upper"], variant["lower"]
    yield "bounds exchanged", network, variant
    if exchange_only:
        return
    variable, _ = reader.read_network(network)
    for field in ("lower", "upper", "direction"):
        for v in sorted({*variable.values()}) if field in certificate else []:
            names = [name for name in variable if variable[name] == v]
            old = reader.rational(certificate[field][names[0]])
            values = [old + 1, old - 1] if field == "direction" else [old * 1001 / 1000, old * 999 / 1000] + [-old] * (v == 0)
            for new in values:
                if new != old:
                    variant = copy.deepcopy(certificate)
                    variant[field].update((name, str(new)) for name in names)
                    yield f"{field} of {names[0]}: {new}", network, variant
    for index, synapse in enumerate(network["synapses"]):
        weight = number(synapse["weight"])
        for new in (weight * (1001 if index % 2 else 999) / 1000, Fraction(0) if weight else Fraction(1)):
            if new != weight:
                variant = copy.deepcopy(network)
                variant["synapses"][index]["weight"] = str(new)
                yield f"weight {index}: {new}", variant, certificate

def cases(vectors):
    for path in sorted(vectors.glob("*.json")):
        document = json.loads(path.read_text())
        for case in document.get("cases", []):
            if case["operation"] in ("balance", "limit"):
                yield case

def certify(synbal, folder, case):
    if case["operation"] == "balance":
        return ENCLOSURES.get(case["id"])
    network, file = folder / "network.json", folder / "certificate.json"
    network.write_text(json.dumps(case["network"]))
    file.unlink(missing_ok=True)
    command = [synbal, "balance", network, "--regularizer", case["regularizer"], "--limit", "--certificate", file]
    run = subprocess.run(command, capture_output=True)
    return json.loads(file.read_text()) if run.returncode == 0 and file.exists() else None

# What the kernel says where its rule decides less than the claim: exact powers alone, and rows in an order that shows their independence.
UNDECIDED = ("is irrational or too long", "are not independent, or not visibly so")

def kernel(synbal, network, certificate):
    """Whether the kernel accepts; None where it does not decide."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("network.json", "certificate.json")]
        for file, document in zip(files, (network, certificate)):
            file.write_text(json.dumps(document))
        run = subprocess.run([synbal, "verify", *files, "--json"], capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"compare.py: `synbal verify` ends with exit code {run.returncode}")
    reason = json.loads(run.stdout).get("reason", "")
    if run.returncode == 1 and certificate["claim"] in ("not_scaled", "manifold") and any(words in reason for words in UNDECIDED):
        return None
    return run.returncode == 0

def coq(proofs, folder, index, group):
    """Coq's verdicts on the claims of some networks, in order; those that stand as they were made are proved on the way."""
    lines, verdicts = [written.PREAMBLE], []
    for number, (base, others) in enumerate(group):
        definitions, names = written.in_coq(f"network_{number}", base)
        verdict = written.verdict_of(names)
        lines += definitions
        lines.append(f"Definition proved_{number} := {written.theorem_of(verdict)} (eq_refl true <: {verdict} = true).")
        verdicts.append(verdict)
        verdicts += [written.verdict_of(written.variant_in_coq(base, names, other)) for other in others]
    lines.append("Eval vm_compute in " + written.listed(verdicts) + ".")
    name = f"verdicts_{index}"
    (folder / f"{name}.v").write_text("\n".join(lines))
    command = ["coqc", "-q", "-noglob", "-Q", proofs, "Synbal", f"{name}.v"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    answer = re.search(r"= \[([a-z; \n]*)\]\s*: list bool", run.stdout)
    if run.returncode or not answer:
        sys.exit(f"compare.py: Coq refuses {name}.v: {run.stderr[-2000:]}")
    found = [word.strip() == "true" for word in answer.group(1).split(";")]
    if len(found) != len(verdicts):
        sys.exit(f"compare.py: {len(found)} verdicts for {len(verdicts)} claims")
    return found

def answers(checker, pairs):
    """What the extracted checker says of pairs of a network and a certificate, a line of each."""
    return batch([checker], [json.dumps({"network": network, "certificate": certificate}) for network, certificate in pairs])

def batch(command, lines):
    run = subprocess.run([*command, "--batch"], input="\n".join([*lines, ""]).encode(), capture_output=True)
    found = run.stdout.decode().split("\n")[:-1]
    if run.returncode or len(found) != len(lines):
        sys.exit(f"compare.py: {command[0]} ends with {run.returncode} after {len(found)} of {len(lines)} lines: {run.stderr.decode()}")
    return found

def accepts(line):
    """True and false for accepted and refused, None where it is malformed or undecided."""
    return {"accepted": True, "refused": False}.get(line.partition(":")[0])

def bits(base):
    numbers = [q for field in ("lower", "upper", "direction") for q in base[field] or []] + [t[2] for t in base["synapses"]]
    return sum(q.numerator.bit_length() + q.denominator.bit_length() for q in numbers)

def main(synbal, vectors, proofs, checker=None):
    proofs = pathlib.Path(proofs).resolve()
    left_out, networks, pairs = collections.Counter(), [], []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(folder)
        for case in cases(pathlib.Path(vectors)):
            certificate = certify(synbal, folder, case)
            if certificate is None or certificate["claim"] != "enclosure":
                left_out["a network without a certificate of enclosure"] += 1
                continue
            try:
                base = claim(case["network"], certificate)
            except NotCovered as reason:
                left_out[f"a certificate: {reason}"] += 1
                continue
            pairs.append((case["network"], certificate))
            variants = [("as it is", base, pool.submit(kernel, synbal, case["network"], certificate))]
            for what, network, variant in changed(case["network"], certificate, bits(base) > LONG):
                try:
                    other = claim(network, variant)
                except NotCovered as reason:
                    left_out[f"a changed one: {reason}"] += 1
                    continue
                pairs.append((network, variant))
                variants.append((what, other, pool.submit(kernel, synbal, network, variant)))
            networks.append((case, variants))
        groups = [networks[start:start + NETWORKS_IN_A_FILE] for start in range(0, len(networks), NETWORKS_IN_A_FILE)]
        jobs = [pool.submit(coq, proofs, folder, index, [(variants[0][1], [other for _, other, _ in variants[1:]]) for _, variants in group])
                for index, group in enumerate(groups)]
        found = [verdict for job in jobs for verdict in job.result()]
        judged = [(f"{case['id']}, {what}", verdict.result()) for case, variants in networks for what, _, verdict in variants]
    if checker and list(map(accepts, answers(checker, pairs))) != found:
        sys.exit("compare.py: the extracted checker and Coq give different verdicts")
    differ = [(name, verdict) for (name, verdict), other in zip(judged, found) if verdict != other]
    for name, verdict in differ[:20]:
        print(f"{name}: the kernel {'accepts' if verdict else 'refuses'}, the proved checker does not agree", file=sys.stderr)
    changes = [verdict for name, verdict in judged if not name.endswith(", as it is")]
    limits = sum(variants[0][1]["direction"] is not None for _, variants in networks)
    print(f"proofs/checker: {len(networks)} certificates ({limits} of limits) proved in Coq; {len(changes)} changed ones, "
          f"{changes.count(True)} accepted and {changes.count(False)} refused, by the kernel and by the proved checker alike"
          + (", in Coq and extracted" if checker else "; there is no OCaml with zarith and yojson to build the extracted one"))
    for reason, count in sorted(left_out.items()):
        print(f"  left out: {count:4} {reason}")
    if differ:
        sys.exit(f"compare.py: {len(differ)} verdicts differ")
    if len(networks) < 100 or changes.count(False) < 1000:
        sys.exit("compare.py: too few certificates were compared")

DOCUMENTS = 4000  # with changed bytes
PERCEPTRONS = 60  # the same, of each number type
CHANGES = 12  # of each energy certificate, spread over all that there are

def energy_certificate(synbal, folder, case):
    network, file = folder / "network.json", folder / "certificate.json"
    network.write_text(json.dumps(case["network"]))
    file.unlink(missing_ok=True)
    command = [synbal, "balance", network, "--regularizer", case["regularizer"], "--limit", "--certificate", file]
    subprocess.run(command, capture_output=True)
    certificate = json.loads(file.read_text()) if file.exists() else {}
    return certificate if certificate.get("claim") == "energy" else None

def proved(proofs, folder, index, group):
    """Has Coq check the theorem about each claim and what the extracted checker answered."""
    lines = ["From Coq Require Import ZArith QArith List.", "From Synbal Require Import energy_checker energy_checker_sound.",
             "Import ListNotations.", "Open Scope Z_scope."]
    for number, (base, answer) in enumerate(group):
        lines.append(f"Definition claim_{number} : energy_claim := {energy.in_coq(base)}.")
        if answer is None:
            lines.append(f"Definition refused_{number} := eq_refl (@None judgement) <: judged claim_{number} = None.")
        else:
            found = answer.in_coq()
            lines.append(f"Definition proved_{number} := energy_checker_is_sound claim_{number} {found} (eq_refl (Some {found}) <: "
                         f"judged claim_{number} = Some {found}).")
    name = f"energies_{index}"
    (folder / f"{name}.v").write_text("\n".join(lines))
    run = subprocess.run(["coqc", "-q", "-noglob", "-Q", proofs, "Synbal", f"{name}.v"], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"compare.py: Coq does not agree with the extracted checker in {name}.v: {run.stderr[-2000:]}")

def main_energy(synbal, vectors, proofs, checker):
    proofs = pathlib.Path(proofs).resolve()
    left_out, tried, pairs, originals = collections.Counter(), [], [], []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(folder)
        for case in cases(pathlib.Path(vectors)):
            certificate = energy_certificate(synbal, folder, case)
            if certificate is None:
                left_out["a network without an energy certificate"] += 1
                continue
            variants = list(energy.changed(case["network"], certificate))
            step = max(1, len(variants) // CHANGES)
            for what, network, variant in [("as it is", case["network"], certificate), *variants[len(tried) % step::step]]:
                read = reader.read_network(network)
                by_page = energy.by_page(reader, read, variant)
                try:
                    base = energy.claim(reader, read, variant)
                except reader.Refused:
                    base = None
                pairs.append((network, variant))
                tried.append((f"{case['id']}, {what}", by_page, base, pool.submit(kernel, synbal, network, variant)))
        found = [energy.Answer(line) if accepts(line) else None for line in answers(checker, pairs)]
        for (name, _, base, _), one in zip(tried, found):
            if base is not None and (name.endswith("as it is") or len(originals) % 4 == 1 and one is None):
                originals.append((base, one))
        groups = [originals[start:start + 40] for start in range(0, len(originals), 40)]
        for job in [pool.submit(proved, proofs, folder, index, group) for index, group in enumerate(groups)]:
            job.result()
        differ = []
        for (name, by_page, _, verdict), one in zip(tried, found):
            if verdict.result() != (one is not None) or (by_page is None) != (one is None):
                differ.append(f"{name}: kernel {verdict.result()}, page {by_page is not None}, proved checker {one is not None}")
            elif one and (one.gap(), sum(one.near), one.attained) != (by_page[0], by_page[1], by_page[2] == 0):
                differ.append(f"{name}: the page finds {by_page}, the proved checker {(one.gap(), sum(one.near), one.attained)}")
    for line in differ[:20]:
        print(line, file=sys.stderr)
    changes = [one is not None for (name, *_), one in zip(tried, found) if not name.endswith(", as it is")]
    first = [one is not None for (name, *_), one in zip(tried, found) if name.endswith(", as it is")]
    print(f"proofs/checker: {len(first)} energy certificates, {first.count(True)} of them accepted and proved in Coq; "
          f"{len(changes)} changed ones, {changes.count(True)} accepted and {changes.count(False)} refused, by the kernel, "
          "by the page and by the proved checker alike")
    for reason, count in sorted(left_out.items()):
        print(f"  left out: {count:4} {reason}")
    if differ:
        sys.exit(f"compare.py: {len(differ)} verdicts differ")
    if len(first) < 100 or not all(first) or changes.count(False) < 500:
        sys.exit("compare.py: too few energy certificates were compared")

def main_wide(synbal, vectors, _proofs, checker):
    """Enclosures, by the checker that is as wide as the kernel's rule."""
    tried, pairs = [], []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case in cases(pathlib.Path(vectors)):
            certificate = certify(synbal, pathlib.Path(folder), case)
            if certificate is None or certificate["claim"] != "enclosure":
                continue
            variants = list(changed(case["network"], certificate, False))
            step = max(1, len(variants) // CHANGES)
            for what, network, variant in [("as it is", case["network"], certificate), *variants[len(tried) % step::step]]:
                asked = what == "as it is" or len(tried) % 4 == 0
                pairs.append((network, variant))
                tried.append((f"{case['id']}, {what}", by_page(network, variant), pool.submit(kernel, synbal, network, variant) if asked else None))
        lines = answers(checker, pairs)
        left_out = collections.Counter(line for line in lines if accepts(line) is None)
        tried, found = zip(*[(one, accepts(line)) for one, line in zip(tried, lines) if accepts(line) is not None])
        differ = [f"{name}: page {paged}, proved checker {proved}, kernel {verdict and verdict.result()}"
                  for (name, paged, verdict), proved in zip(tried, found) if paged != proved or verdict is not None and verdict.result() != proved]
    for line in differ[:20]:
        print(line, file=sys.stderr)
    first = [proved for (name, *_), proved in zip(tried, found) if name.endswith(", as it is")]
    print(f"proofs/checker: {len(first)} enclosures accepted by the wide checker; {len(tried) - len(first)} changed ones, {found.count(True) - len(first)} accepted "
          f"and {found.count(False)} refused, by the page alike, and by the kernel of those that it was asked")
    for reason, count in sorted(left_out.items()):
        print(f"  left out: {count:4} {reason}")
    if differ or not all(first) or len(first) < 150 or found.count(False) < 500:
        sys.exit(f"compare.py: {len(differ)} verdicts differ, or too few enclosures were compared")

def by_page(network, certificate):
    """Whether the page accepts; None where it finds no network or no certificate."""
    try:
        reader.judge(reader.read_network(network), copy.deepcopy(certificate))
    except reader.Refused:
        return False
    except ValueError:
        return None
    return True

def main_claims(synbal, vectors, _proofs, checker):
    """The other claims of version 1: certificates made from the vectors, and changes of them; a share of these goes before the kernel as well."""
    tried, pairs = [], []
    every = [case for path in sorted(pathlib.Path(vectors).glob("*.json")) for case in json.loads(path.read_text()).get("cases", [])]
    every = [case for case in every if case["operation"] in ("balance", "limit", "scale")]
    directions = {(str(case["network"]), case["regularizer"]): case["expected"]["direction"] for case in every
                  if case["operation"] == "balance" and case["expected"]["status"] == "not_attained"}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case in every:
            for certificate in claims.made(reader, case, directions):
                first = ("as it is", case["network"], certificate)
                for what, network, variant in [first, *claims.changed(case["network"], certificate, CHANGES, len(tried))]:
                    paged = by_page(network, variant)
                    pairs.append((network, variant))
                    asked = what == "as it is" or len(tried) % 8 == 0
                    kind = certificate["claim"] + (" in the limit" if certificate["claim"] == "balanced" and "direction" in certificate else "")
                    tried.append((kind, f"{case['id']}, {certificate['claim']}, {what}", paged,
                                  pool.submit(kernel, synbal, network, variant) if asked and paged is not None else None))
        found = list(map(accepts, answers(checker, pairs)))
        differ = [f"{name}: page {paged}, proved checker {proved}, kernel {verdict and verdict.result()}"
                  for (_, name, paged, verdict), proved in zip(tried, found)
                  if paged != proved or verdict is not None and verdict.result() not in (None, proved)]
    for line in differ[:20]:
        print(line, file=sys.stderr)
    for kind in sorted({kind for kind, *_ in tried}):
        verdicts = [(name.endswith(", as it is"), proved) for (of, name, *_), proved in zip(tried, found) if of == kind]
        first, changes = verdicts.count((True, True)), [verdicts.count((False, proved)) for proved in (True, False)]
        print(f"proofs/checker: {kind}: {first} certificates accepted; changed ones: {changes[0]} accepted, {changes[1]} refused")
        if (True, False) in verdicts or not first or not changes[1]:
            sys.exit(f"compare.py: certificates of {kind} are not what they should be")
    asked = [verdict.result() for *_, verdict in tried if verdict is not None]
    print(f"proofs/checker: {len(tried)} certificates of these claims judged alike by the page and the proved checker, {found.count(None)} of them malformed; "
          f"{len(asked)} by the kernel as well, which does not decide {asked.count(None)} of them")
    if differ:
        sys.exit(f"compare.py: {len(differ)} verdicts differ")
    main_documents(synbal, checker, [pair for (_, name, *_), pair in zip(tried, pairs) if name.endswith(", as it is")])

def main_documents(synbal, checker, pairs):
    """The reader: changed documents, and files."""
    lines = documents.lines(pairs, DOCUMENTS)
    page, program = (documents.kinds(batch(command, lines)) for command in ([sys.executable, ROOT / "examples" / "check_certificate.py"], [checker]))
    differ = [(line, one, other) for line, one, other in zip(lines, page, program) if one != other]
    for line, one, other in differ:
        if {one, other} != {"malformed", "refused"}:  # of a document that is both, readers may find either first
            sys.exit(f"compare.py: {one} for the page, {other} for the proved checker: {line}")
    print(f"proofs/checker: {len(lines)} documents with changed bytes: {program.count('accepted')} accepted, {program.count('refused')} refused, "
          f"{program.count('malformed')} malformed, by the page and by the proved checker alike ({len(differ)} found malformed by one, refused by the other)")
    if program.count("malformed") < 1000 or not program.count("accepted") or len(differ) > len(lines) // 1000:
        sys.exit("compare.py: too few documents are malformed or accepted, or too many judged differently")
    with tempfile.TemporaryDirectory() as folder:
        seconds = documents.judge_files(ROOT, pathlib.Path(folder), synbal, checker)
        codes = documents.judge_perceptrons(pathlib.Path(folder), synbal, checker, reader, PERCEPTRONS)
    print("proofs/checker: perceptrons of every number type, and with changed bytes: {} accepted, {} refused, {} malformed, by the page and by the "
          "proved checker alike".format(*codes))
    print(f"proofs/checker: the certificate of data/digits-mlp.safetensors is read and judged in {seconds:.2f} s")
    if seconds > 1:
        sys.exit("compare.py: that is too long")

if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
    if len(sys.argv) == 5:
        main_energy(*sys.argv[1:])
        main_wide(*sys.argv[1:])
        main_claims(*sys.argv[1:])
