"""Every place in the source where an amount or an instant is held against a bound, and that bound moved by one.

A comparison has two mutants, one for each side to which its bound can move: what is told at the bound itself, and what
is told one beyond it. Of ``min`` and ``max`` each argument stands once for the whole, and where a window is cut by
bisection it takes in, or leaves out, what is exactly at its edge.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PLACES = (
    "engine/domain/*.py",
    "engine/services/*.py",
    "scenarios/engines/reference*.py",
    "simulators/backends/ledger.py",
    "simulators/backends/holds.py",
)
"""The two stores keep a share of the rules: they take and give in one step what nobody else may see half done."""
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OUTWARD = {"<": 1, "<=": -1, ">": -1, ">=": 1}
"""What is added to the left side for the neighbour on the other side than the one that :data:`OTHER` reaches."""
EDGES = {"bisect_left": "bisect_right", "bisect_right": "bisect_left"}


_Place = Callable[[ast.expr], tuple[int, int]]


class Mutant(NamedTuple):
    """``file``: from the root; ``number`` and text of the ``line`` where the expression ``old`` begins, now ``new``."""

    file: str
    number: int
    line: str
    old: str
    new: str
    source: str
    """The text of the whole module, changed."""

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")

    @property
    def name(self) -> str:
        """What ``--only`` is held against."""
        return f"{self.file}:{self.number}: {self.old} -> {self.new}"


def all_mutants() -> list[Mutant]:
    """Of every module there is, in order."""
    files = sorted(file for place in PLACES for file in ROOT.glob(place))
    return [one for file in files for one in mutants_of(str(file.relative_to(ROOT)), file.read_text())]


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Those of one module, in order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    raw, lines = source.encode(), source.splitlines()

    def at(node: ast.expr) -> tuple[int, int]:
        """From where to where it stands, in bytes."""
        last = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        return starts[node.lineno - 1] + node.col_offset, last

    found = []
    for node in ast.walk(ast.parse(source)):
        begin, end = at(node) if isinstance(node, ast.Compare | ast.Call) else (0, 0)
        for first, last, text in _changes(node, raw, at):
            changed = (raw[:first] + text.encode() + raw[last:]).decode()
            new = (raw[begin:first] + text.encode() + raw[last:end]).decode()
            place = (file, node.lineno, lines[node.lineno - 1].strip())
            found.append(Mutant(*place, " ".join(raw[begin:end].decode().split()), " ".join(new.split()), changed))
    return sorted(found, key=lambda one: one.number)


def _changes(node: ast.AST, raw: bytes, at: _Place) -> Iterator[tuple[int, int, str]]:
    """From where to where, and what stands there instead."""
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        for place, (one, other) in enumerate(pairwise(sides)):
            sign = SIGNS.get(type(node.ops[place]))
            if sign is None:
                continue
            gap = at(one)[1]
            here = re.search(rb"[<>]=?", raw[gap : at(other)[0]])
            first, last = gap + here.start(), gap + here.end()
            yield first, last, OTHER[sign]
            if not place:
                yield first, first, f"{OUTWARD[sign]:+} ".replace("+", "+ ").replace("-", "- ")
            else:  # the left side is another comparison's, too
                yield last, last, f" {-OUTWARD[sign]} +"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("min", "max") and len(node.args) > 1 and not node.keywords:
            for argument in node.args:
                if not isinstance(argument, ast.Starred):
                    yield *at(node), "(" + raw[slice(*at(argument))].decode() + ")"
        elif node.func.id in EDGES:
            yield *at(node.func), EDGES[node.func.id]
