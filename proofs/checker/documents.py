"""What the extracted checker reads, against what the page examples/check_certificate.py does: documents with some bytes changed, and files.
Part of compare.py."""
import json, random, re, subprocess, sys, time

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
