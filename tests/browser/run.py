#!/usr/bin/env python3
"""The pages that the program makes, as a browser shows them: `python3 tests/browser/run.py PATH-OF-SYNBAL [--pictures FOLDER]`.

Skipped where there is no chromium, unless SYNBAL_REQUIRE_BROWSER is set.
"""

import argparse
import os
import sys
import time

import chromium
import explore
import report

# So many faults are printed.
SHOWN = 20


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("synbal", help="the program")
    arguments.add_argument("--only", choices=["report", "explore"], help="one of the pages")
    arguments.add_argument("--pictures", help="write what was seen here, as PNG")
    given = arguments.parse_args()
    if chromium.program() is None:
        print("skipped: there is no chromium to look at the pages with", file=sys.stderr)
        return 1 if os.environ.get("SYNBAL_REQUIRE_BROWSER") else 0
    if given.pictures:
        os.makedirs(given.pictures, exist_ok=True)
    faults = []
    parts = [report, explore]
    for part in [part for part in parts if given.only in (None, part.__name__)]:
        begun = time.monotonic()
        with chromium.Page() as page:
            found = part.look(page, os.path.abspath(given.synbal), given.pictures)
        print(f"{part.__name__}: {len(found)} faults, {time.monotonic() - begun:.1f} s")
        faults += found
    for fault in faults[:SHOWN]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
