"""Mutants that no test can tell from the right engine, and why; who lists one has looked for a difference in vain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tests.boundaries.mutants import Mutant


class Equivalent(NamedTuple):
    """``line`` is the text of the line; ``new`` is what its expression became."""

    file: str
    line: str
    new: str
    why: str

    def is_of(self, mutant: Mutant) -> bool:
        return (self.file, self.line, self.new) == (mutant.file, mutant.line, mutant.new)


EQUIVALENT: tuple[Equivalent, ...] = ()


def listed(mutant: Mutant) -> Equivalent | None:
    return next((one for one in EQUIVALENT if one.is_of(mutant)), None)


def stale(mutants: Iterable[Mutant]) -> list[Equivalent]:
    """Entries for which there is no such line, or no such mutant of it, any more."""
    known = list(mutants)
    return [one for one in EQUIVALENT if not any(one.is_of(mutant) for mutant in known)]
