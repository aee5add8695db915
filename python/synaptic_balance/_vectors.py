"""The conformance vectors."""

from __future__ import annotations

import functools
import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import _native


class Case(NamedTuple):
    """A conformance vector: a network, what is asked, and what must come out of it.

    Attributes:
        group: the group, such as ``"basic"``.
        id: its name, such as ``"basic-009"``.
        comment: what it is about.
        operation: what is asked, such as ``"balance"``.
        inputs: the inputs of the operation, by name; ``network`` and ``regularizer`` among them.
        expected: the answer; texts are exact numbers, ``{"lo", "hi"}`` bounds of irrational ones.
        flags: what is special about it.
    """

    group: str
    id: str
    comment: str
    operation: str
    inputs: Dict[str, Any]
    expected: Dict[str, Any]
    flags: Tuple[str, ...]

    @property
    def network(self) -> Optional[Dict[str, Any]]:
        """The network document, if there is one."""
        return self.inputs.get("network")

    @property
    def regularizer(self) -> str:
        """The regularizer; ``"l2"`` where the operation needs none."""
        return str(self.inputs.get("regularizer", "l2"))

    def __str__(self) -> str:
        return self.id


_NOT_INPUTS = ("id", "comment", "source", "flags", "operation", "expected")


@functools.lru_cache(maxsize=None)
def _texts() -> Tuple[str, ...]:
    return tuple(_native.vectors())


def vectors(groups: Union[str, Sequence[str], None] = None, operations: Union[str, Sequence[str], None] = None) -> List[Case]:
    """The conformance vectors: cases with verified answers, of all groups and operations or of those that are named.

    >>> import synaptic_balance as sb
    >>> case = sb.vectors("basic", operations="balance")[0]
    >>> case.expected["status"]
    'balanced'
    """
    wanted_groups = [groups] if isinstance(groups, str) else groups
    wanted = [operations] if isinstance(operations, str) else operations
    found = []
    for text in _texts():
        document = json.loads(text)
        group = document["group"]
        if wanted_groups is not None and group not in wanted_groups:
            continue
        for case in document["cases"]:
            if wanted is not None and case["operation"] not in wanted:
                continue
            inputs = {name: value for name, value in case.items() if name not in _NOT_INPUTS}
            flags = tuple(case.get("flags", ()))
            expected = case["expected"]
            found.append(Case(group, case["id"], case["comment"], case["operation"], inputs, expected, flags))
    return found
