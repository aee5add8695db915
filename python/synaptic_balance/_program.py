"""The program ``synbal``."""

from __future__ import annotations

import signal
import sys

from . import _native


def main() -> int:
    """Runs ``synbal`` with the arguments of this process; returns its exit code."""
    # An interrupt ends the program as it does without Python; what the caller wants ignored stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.program(["synbal", *sys.argv[1:]])
