"""What is wrong with a scenario, each problem at its place, and the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""A place in the scenario, from the top: ("world", "script", 0, "card")."""


def dotted(path: Path) -> str:
    """As `--set` takes it: `world.script.0.card`."""
    return ".".join(map(str, path))


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written: `line` and `column` from 1, or 0 where the source has no lines (`--set`)."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to change. ``path`` is empty where the file as a whole is meant."""

    place: Place
    path: Path
    what: str

    def __str__(self) -> str:
        name = dotted(self.path)
        shown = "" if not name or self.place.source == f"--set {name}" else f"{name}: "
        return f"{self.place}: {shown}{self.what}"


class BadInput(Exception):
    """The user's input can't be used; the message says what to change. The command line exits 2."""


class ScenarioError(BadInput):
    """A scenario can't be used. ``problems`` are all of them, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    candidates = list(known)
    by_lower = {candidate.lower(): candidate for candidate in reversed(candidates)}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "known are") -> str:
    """`did you mean x?`, or a list of what there is."""
    candidates = list(known)
    close = nearest(word, candidates)
    if close is not None:
        return f"did you mean {close}?"
    return f"{otherwise} {', '.join(candidates)}"
