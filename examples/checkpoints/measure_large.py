"""Measures `synbal` on a large checkpoint, made with make_large.py, against a copy of its folder.

    python3 measure_large.py SYNBAL FOLDER [--drop] [--kills 20] [--seed 0]

In one run: `cp -r FOLDER` with sync, twice; `balance`; `check` of the two folders, twice. Seconds, processor seconds and the most memory of each, and how many times as long as
the faster and as the slower copy it took. With --drop the system forgets the contents of files before each (which needs root), else all of them are read beforehand. With --kills
`balance` is killed so often, each time after a random part of the time it takes, gone on with, and its result compared byte by byte. Needs room for two more copies beside FOLDER.
"""

import argparse
import filecmp
import json
import os
import pathlib
import random
import shutil
import subprocess
import time


def prepare(folders, drop):
    os.sync()
    if drop:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return
    for folder in folders:
        for path in folder.iterdir():
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 24):
                    pass


def measured(name, command, copies):
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    times = f"; {seconds / min(copies):.2f} times the faster copy, {seconds / max(copies):.2f} the slower" if copies else ""
    print(
        f"{name}: {seconds:.1f} s, processor {used.ru_utime:.1f} + {used.ru_stime:.1f} s, {used.ru_maxrss / 1024:.0f} MiB, exit {os.waitstatus_to_exitcode(status)}{times}",
        flush=True,
    )
    return seconds, output


def differing(one, other):
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    return [name for name in names if not filecmp.cmp(one / name, other / name, shallow=False)]


def killed(command, out, undisturbed, seconds, given):
    """Kills at random moments, and what is left gone on with to the end."""
    dice = random.Random(given.seed)
    ended = 0
    for _ in range(given.kills):
        if out.exists():
            ended += 1
            assert not differing(out, undisturbed)
            shutil.rmtree(out)
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, seconds))
        child.kill()
        child.wait()
        kept = len(list(out.parent.glob(f".{out.name}.synbal-run/block-*.json")))
        print(f"killed with {kept} blocks kept", flush=True)
    if not out.exists():
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    left = list(out.parent.glob(".*synbal-run"))
    assert not differing(out, undisturbed) and not left
    print(f"{given.kills} kills, {ended} of them after the end: byte by byte the undisturbed result (seed {given.seed})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synbal")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--drop", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    source = given.folder.resolve()
    balanced, other = (source.parent / f"{source.name}-{what}" for what in ("balanced", "other"))
    balance = [given.synbal, "balance", str(source), "--json", "-o"]
    print("files dropped from memory" if given.drop else "files in memory", f"load {os.getloadavg()[0]:.1f}")
    copies = []
    for _ in range(2):
        prepare([source], given.drop)
        copies.append(measured("cp and sync", ["sh", "-c", 'cp -r "$0" "$1" && sync -f "$1"', str(source), str(other)], [])[0])
        shutil.rmtree(other)
    prepare([source], given.drop)
    seconds, output = measured("balance", [*balance, str(balanced)], copies)
    found = json.loads(output)
    print(f"  {found['status']}, reads of a block {found['passes']}, deficit {found['deficit']:.2g}, as written {found.get('deficit_written', 0):.2g}")
    for _ in range(2):
        prepare([source, balanced], given.drop)
        _, output = measured("check", [given.synbal, "check", str(source), str(balanced), "--json"], copies)
    found = json.loads(output)
    print(f"  scaling {found['scaling']}, balanced {found['balanced']}; load {os.getloadavg()[0]:.1f}")
    if given.kills:
        killed([*balance, str(other)], other, balanced, seconds, given)
        shutil.rmtree(other)
    shutil.rmtree(balanced)


if __name__ == "__main__":
    main()
