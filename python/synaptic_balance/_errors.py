"""What can go wrong: exceptions that carry the place and the exit code that the program would have had."""

from __future__ import annotations

import re
from typing import Any, Optional

# What the program calls its options is said as they are called here; all others have the same name.
_OPTIONS = (
    ("--arch relu", 'activation="relu"'),
    ("--layers a,b,c", 'layers=["a", "b", "c"]'),
    ("--tied layer", 'tied="layer"'),
    ("--arch", "activation"),
    ("--limit", "limit=True"),
)
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_VALUE = re.compile(r"invalid value '(?P<value>.*)' for '--(?P<option>[a-z-]+)[^']*'(?P<reason>.*)", re.S)

_PLACE = re.compile(r"^([^:]*[^:\s]): (?:([^:]*[`\[][^:]*): )?", re.S)


class Error(Exception):
    """Something was not done.

    Attributes:
        message: what is wrong, in words.
        place: where, as far as it is known: the model, and the tensor, field or argument in it; ``""`` where there is none.
        exit_code: that of ``synbal`` for the same: 2 for bad input, 3 where nothing was decided.
    """

    exit_code: int = 3

    def __init__(self, message: str, place: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        if place is None:
            found = _PLACE.match(message)
            parts = [part for part in (found.groups() if found else ()) if part]
            place = ": ".join(parts)
        self.place = place


class InputError(Error, ValueError):
    """Bad usage or bad input; nothing was written. Exit code 2."""

    exit_code = 2


class Incomplete(Error, RuntimeError):
    """Undecided, or not everything that was asked for was verified. Exit code 3.

    Attributes:
        result: what was found all the same, as the call would have returned it; ``None`` where nothing was.
    """

    exit_code = 3

    def __init__(self, message: str, place: Optional[str] = None, result: Any = None) -> None:
        super().__init__(message, place)
        self.result = result


def spoken(message: str) -> str:
    """A message of the program, with its options under the names that they have in Python."""
    message = message.strip()
    if message.startswith("error: "):
        message = message[len("error: ") :].split("\n\nUsage:")[0].split("\n\nFor more information")[0].strip()
        found = _VALUE.match(message)
        if found:
            name = found["option"].replace("-", "_")
            return f"{name}: {found['value']!r}{found['reason']}"
    for option, name in _OPTIONS:
        message = message.replace(option, name)
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), message)
