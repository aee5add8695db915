"""What the extracted checker reads, against what the page examples/check_certificate.py does: documents with some bytes changed, and files.
Part of compare.py."""
import json, random, re, struct, subprocess, sys, time

# What a reader could take for something else: numbers written otherwise, escapes, comments, names without quotes, half a surrogate pair.
PIECES = ['"', "\\", "{", "}", "[", "]", ":", ",", "/", "//", "/*x*/", "-", "+", ".", "e", "0", "1", "01", "1.", ".5", "1e400", "-0", "0.1", "1e3", "1e-320",
          "123456789012345678901234567890", '"1e5"', '"1/0"', '"-0"', '"+3"', '"00012"', '"1e-4001"', "NaN", "Infinity", "null", "true", "\t", "\x01", "\x7f",
          "\u00e9", "\\u00e9", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\/", "\\x", " ", "a", '"x"', '<"a">', "(1,2)", "[]", "{}"]

def changed_line(line, random):
    for _ in range(random.choice((1, 1, 1, 2))):
        at, piece = random.randrange(len(line)), random.choice(PIECES)
        parts = [part.span() for part in re.finditer(r'"[^"]*"|[-0-9.eE]+', line)]
        first, last = random.choice([(at, at), (at, at + 1), *random.sample(parts, 2)]) if len(parts) > 1 else (at, at)
        if random.random() < 0.2 and len(parts) > 1:
            piece = line[slice(*random.choice(parts))]
        line = line[:first] + piece + line[last:]
    return line

def lines(pairs, count):
    """So many changed documents of pairs, each a line."""
    chosen = random.Random(1)
    short = [line for line in (json.dumps({"network": network, "certificate": certificate}) for network, certificate in pairs) if len(line) < 2500]
    return [changed_line(chosen.choice(short), chosen) for _ in range(count)]

def kinds(answers):
    return [line.partition(":")[0] for line in answers]

def encoded(kind, numbers):
    code = {"F64": "d", "F32": "f", "F16": "e", "BF16": "f"}[kind]
    parts = [struct.pack(f"<{code}", number) for number in numbers]
    return b"".join(part[2:] if kind == "BF16" else part for part in parts)

def perceptron(random, kind):
    """A file in safetensors: layers 2-3-2, numbered 1 and 10 so that their order is that of the numbers, the first without a bias."""
    head, data = {}, b""
    for name, shape in (("l10.weight", [2, 3]), ("l1.weight", [3, 2]), ("l10.bias", [2])):
        numbers = [random.choice((0, 1, -2, 6e-8, random.gauss(0, 1))) or 0.5 for _ in range(shape[0] * (shape[1] if len(shape) > 1 else 1))]
        raw = encoded(kind, numbers)
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps({"__metadata__": {"of": "a test"}, **head}).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + data

def changed_bytes(data, random):
    data = bytearray(data)
    size = 8 + int.from_bytes(data[:8], "little")
    at = random.choice((random.randrange(8), random.randrange(8, size), random.randrange(size, len(data))))
    data[at] = random.choice((random.randrange(256), 48 + random.randrange(10), data[at] ^ 1))
    return bytes(data[:random.randrange(len(data))] if random.random() < 0.1 else data + b"\0" if random.random() < 0.1 else data)

def judge_perceptrons(folder, synbal, checker, page, count):
    """Perceptrons of every number type, and so many with changed bytes for each: how often the exit code is 0, 1, 2, which must be that of the page."""
    chosen, file, certificate, codes = random.Random(1), folder / "perceptron", folder / "perceptron.json", []
    for kind in ("F64", "F32", "F16", "BF16"):
        data = perceptron(chosen, kind)
        file.write_bytes(data)
        subprocess.run([synbal, "balance", file, "--arch", "relu", "--certificate", certificate], capture_output=True)
        proof = page.load(certificate.read_bytes())
        for number in range(count + 1):
            variant = changed_bytes(data, chosen) if number else data
            file.write_bytes(variant)
            code = subprocess.run([checker, file, certificate, "relu"], capture_output=True).returncode
            expected, sentence = page.verdict(lambda: page.judge(page.read_perceptron(variant, "relu"), json.loads(json.dumps(proof))))
            if code != expected or not number and code:
                sys.exit(f"compare.py: {code} for the proved checker, `{sentence}` for the page: {variant}")
            codes.append(code)
    return [codes.count(code) for code in (0, 1, 2)]

def judge_files(root, folder, synbal, checker):
    """Judges the perceptron of digits by the program as it is called; gives the seconds that it takes."""
    network, certificate = root / "data" / "digits-mlp.safetensors", folder / "digits.json"
    subprocess.run([synbal, "balance", network, "--arch", "relu", "--certificate", certificate], capture_output=True)
    def ask(code, *arguments):
        run = subprocess.run([checker, *arguments], capture_output=True, text=True)
        if run.returncode != code or len(run.stdout.splitlines()) != 1 or run.stderr:
            sys.exit(f"compare.py: the extracted checker ends with {run.returncode}, not {code}: {run.stdout}{run.stderr}")
    started = time.monotonic()
    ask(0, network, certificate, "relu")
    seconds = time.monotonic() - started
    data = bytearray(network.read_bytes())
    data[-1] ^= 1
    for name, content, code in (("changed", data, 1), ("shorter", data[:-1], 2), ("none", b"", 2)):
        file = folder / name
        file.write_bytes(content)
        ask(code, file, certificate, "relu")
    ask(2, network, certificate)
    ask(2, network, certificate, "unknown")
    ask(2, network, folder / "absent", "relu")
    ask(1, network, certificate, "sigmoid")
    return seconds
