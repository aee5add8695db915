"""What the theorems of the general proofs state, with every definition that their statements rest on.

    proofs/statements.py BUILD FILE...               writes the record to the standard output
    proofs/statements.py --mutations BUILD FILE...   changes statements and definitions as proofs/mutations.txt says; each change must
                                                     be one that the record shows

BUILD is where proofs/check compiles the files. Needs Coq. A theorem's own type says nothing of what the names in it mean: so the definitions
are followed down to the standard library. Proofs are not recorded; proofs/check compiles them.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile

STATED = re.compile(r"^\s*(?:Theorem|Corollary|Lemma)\s+([\w']+)", re.M)
THEOREM = re.compile(r"^\s*(?:Theorem|Corollary)\s+([\w']+)", re.M)
NAME = re.compile(r"(?<![\w'.])((?:[A-Za-z_][\w']*\.)+[A-Za-z_][\w']*)")
PROOF = re.compile(r"\bProof\..*?\bQed\.", re.S)
MARK = "@@ "


def module(path):
    """The module of a file: thm-5.1.v is thm_5_1."""
    return re.sub(r"[-.]", "_", os.path.basename(path)[: -len(".v")])


def query(libraries, required, items, cwd):
    """What Coq prints of each item (a name with its module, and whether it is a statement): in notation, and without any."""
    lines = [f"Require {', '.join(required)}.".replace(", ", " "), "From Coq Require Import Reals List."]
    lines += ["Open Scope R_scope.", "Set Printing Width 120.", "Set Printing Depth 1000000."]
    for name, stated in items:
        command = "Check" if stated else "Print"
        for mode in ["Unset Printing All.", "Set Printing All."]:
            lines += [mode, f'Goal True. idtac "{MARK}{name}". Abort.', f"{command} {name}."]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "query.v")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        run = subprocess.run(["coqc", "-q", "-noglob", *libraries, path], cwd=cwd, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"proofs/statements.py: {run.stderr.strip()}")
    found = {}
    for part in run.stdout.split(MARK)[1:]:
        name, _, text = part.partition("\n")
        found.setdefault(name.strip(), []).append(text.strip())
    for name, _ in items:
        if len(found.get(name, [])) != 2:
            raise SystemExit(f"proofs/statements.py: Coq says nothing of {name}")
    return found


class Sources:
    """The files, by module."""

    def __init__(self, paths):
        self.path = {module(path): path for path in paths}
        self.text = {}
        for name, path in self.path.items():
            with open(path, encoding="utf-8") as file:
                self.text[name] = file.read()
        self.stated = {name: set(STATED.findall(text)) for name, text in self.text.items()}

    def item(self, name):
        """The name as Coq is asked for it, and whether only its type counts, since what it names is a proof."""
        parts = name.split(".")
        return (name, parts[1] in self.stated[parts[0]])

    def named(self, text):
        """The names of these files in what Coq printed."""
        for name in NAME.findall(text):
            name = name.removeprefix("Synbal.")
            if name.split(".")[0] in self.path:
                yield name


def shown(texts):
    """The text in notation, and a digest of that without, which shows what notation hides."""
    plain, full = texts
    return plain, hashlib.sha256(full.encode()).hexdigest()[:16]


def record(sources, build):
    """All theorems and all that they rest on: name -> (text, digest)."""
    libraries = ["-Q", ".", "Synbal"]
    required = [f"Synbal.{name}" for name in sorted(sources.path)]
    theorems = {name: THEOREM.findall(text) for name, text in sources.text.items()}
    waiting = {f"{name}.{theorem}" for name in theorems for theorem in theorems[name]}
    known = {}
    while waiting:
        items = [sources.item(name) for name in sorted(waiting)]
        found = query(libraries, required, items, build)
        waiting = set()
        for name, texts in found.items():
            known[name] = shown(texts)
        for texts in found.values():
            waiting.update(name for name in sources.named(texts[1]) if name not in known)
    return theorems, known


def written(sources, build):
    """The record as a text."""
    theorems, known = record(sources, build)
    lines = ["# What each theorem of the general proofs states: written by proofs/check --update.", ""]

    def add(name):
        text, digest = known.pop(name)
        lines.append(f"{name} [{digest}]")
        lines.extend("    " + line.rstrip() for line in text.split("\n"))
        lines.append("")

    for name in sorted(sources.path, key=lambda name: sources.path[name]):
        if theorems[name]:
            lines.append(f"## {sources.path[name]}")
            lines.append("")
            for theorem in theorems[name]:
                add(f"{name}.{theorem}")
    lines += ["## What they rest on", ""]
    for name in sorted(known):
        add(name)
    return "\n".join(lines)


def mutations():
    """The changes: file, the item that changes, old text, new text."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutations.txt")
    with open(path, encoding="utf-8") as file:
        blocks = file.read().split("\n\n")
    for block in blocks:
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if not lines:
            continue
        where, old, new = lines
        path, item = where.split()
        if not (old.startswith("- ") and new.startswith("+ ")):
            raise SystemExit(f"proofs/mutations.txt: {where}: a line with - and a line with +")
        yield path, item, old[2:], new[2:]


def compiled(sources, build, path, items, text):
    """What Coq prints of items of a file with the given text, compiled without its proofs; and its complaint, if any."""
    name = module(path)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name + ".v"), "w", encoding="utf-8") as file:
            file.write(PROOF.sub("Proof. Admitted.", text))
        libraries = ["-Q", build, "Synbal", "-Q", folder, "Changed"]
        run = subprocess.run(
            ["coqc", "-q", "-noglob", "-w", "none", *libraries, os.path.join(folder, name + ".v")],
            capture_output=True,
            text=True,
        )
        if run.returncode != 0:
            return {}, run.stderr.strip()
        names = [(f"{name}.{item}", item in sources.stated[name]) for item in items]
        found = query(libraries, [f"Changed.{name}"], names, folder)
    return {name: shown(texts) for name, texts in found.items()}, ""


def check_mutations(sources, build):
    """Every change must compile, without proofs, and change what is recorded; the file as it is must not."""
    build = os.path.abspath(build)
    _, known = record(sources, build)
    changes = list(mutations())
    unchanged = {}
    for path in sorted({path for path, *_ in changes}):
        items = sorted({item for where, item, *_ in changes if where == path and f"{module(path)}.{item}" in known})
        unchanged[path], _ = compiled(sources, build, path, items, sources.text[module(path)])
    wrong = []
    for path, item, old, new in changes:
        name = f"{module(path)}.{item}"
        label = f"{path}: {item}: `{old}` -> `{new}`"
        text = sources.text[module(path)]
        if text.count(old) != 1:
            wrong.append(f"{label}: occurs {text.count(old)} times")
        elif name not in known:
            wrong.append(f"{label}: no theorem rests on it")
        elif unchanged[path].get(name) != known[name]:
            wrong.append(f"{label}: the file as it is gives something else than the record")
        else:
            other, fault = compiled(sources, build, path, [item], text.replace(old, new))
            if name not in other:
                wrong.append(f"{label}: is no change of meaning, it does not compile: {fault}")
            elif other[name] == known[name]:
                wrong.append(f"{label}: the record does not show it")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"proofs/statements.py: {len(changes) - len(wrong)} of {len(changes)} changes are seen")
    return 1 if wrong or len(changes) < 30 else 0


def main(arguments):
    """As the head of this file says."""
    if arguments and arguments[0] == "--mutations":
        build, *paths = arguments[1:]
        return check_mutations(Sources(paths), build)
    build, *paths = arguments
    print(written(Sources(paths), build))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
