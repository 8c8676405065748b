"""How deep a JSON body nests, told before a parser recurses into it."""

from __future__ import annotations

import re

_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')

DEEPEST = 64
"""No message nests more than 3 deep. The parser recurses in C, and a library that raises Python's recursion limit
(py-evm does) takes its only guard away, so the depth is bounded before it starts."""


def depth(body: bytes) -> int:
    """How deep a JSON body nests; :data:`DEEPEST` at once for one with no more brackets than that."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return DEEPEST
    deepest = level = 0
    for token in _STRINGS_AND_BRACKETS.findall(body):
        if token in (b"[", b"{"):
            level += 1
            deepest = max(deepest, level)
        elif token in (b"]", b"}"):
            level -= 1
    return deepest
