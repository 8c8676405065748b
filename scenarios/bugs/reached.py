"""Where a changed line stands, so that it can be counted how often it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

REACHED = "REACHED"
"""The name, known in planted copies alone, that is called right before a changed statement."""


def mark(tree: ast.Module, text: str, ranges: list[tuple[int, int]]) -> int:
    """Put a call of REACHED before the innermost statement of each changed range; how many were put.

    A change outside every function (a constant) cannot be marked: it is reached by whoever runs at all.
    """
    spots: list[tuple[list[ast.stmt], ast.stmt]] = []
    for begin, end in ranges:
        spot = _innermost(tree.body, *_lines(text, begin, end), inside=False)
        if spot is not None and not any(stmt is spot[1] for _, stmt in spots):
            spots.append(spot)
    for body, stmt in spots:
        call = ast.Expr(ast.Call(ast.Name(REACHED, ast.Load()), [], []))
        body.insert(next(i for i, one in enumerate(body) if one is stmt), ast.copy_location(call, stmt))
    return len(spots)


def _lines(text: str, begin: int, end: int) -> tuple[int, int]:
    """First and last line of a range, blank edges left out."""
    changed = text[begin:end]
    begin += len(changed) - len(changed.lstrip())
    end -= len(changed) - len(changed.rstrip())
    return text.count("\n", 0, begin) + 1, text.count("\n", 0, max(begin, end)) + 1


def _innermost(body: list[ast.stmt], first: int, last: int, *, inside: bool) -> tuple[list[ast.stmt], ast.stmt] | None:
    """``inside``: whether ``body`` is (within) a function's."""
    for stmt in body:
        if (stmt.end_lineno or stmt.lineno) < first:
            continue
        for inner in _bodies(stmt):
            if inner[0].lineno <= first and last <= (inner[-1].end_lineno or 0):
                function = isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef)
                return _innermost(inner, first, last, inside=inside or function)
        return (body, stmt) if inside else None
    return (body, body[-1]) if inside else None


def _bodies(stmt: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(stmt, name, None)
        if inner:
            yield inner
    for part in (*getattr(stmt, "handlers", ()), *getattr(stmt, "cases", ())):
        yield part.body
