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


COUNTERS, ADVISE = "engine/domain/counters.py", "engine/services/advise.py"
AUTHORIZE, BUDGET = "engine/services/authorize.py", "engine/services/budget.py"
CLEARING, REFERENCE_LIMITS = "scenarios/engines/reference_clearing.py", "scenarios/engines/reference_limits.py"
NOT_ZERO = "where it is 0 there is no entry, as the lines above say"
WHOLE_CENTS = "amounts are whole cents here: between 0 and 10,000 millionths there is none"

EQUIVALENT: tuple[Equivalent, ...] = (
    Equivalent(
        COUNTERS,
        "low, high = bisect_right(instants, at_ns - length_ns), bisect_right(instants, at_ns)",
        "bisect_left(instants, at_ns)",
        "what counts at the instant itself is then added by the loop, as a first end, and is never negative",
    ),
    Equivalent(
        COUNTERS,
        "if self._horizon_ns is not None and horizon_ns <= self._horizon_ns:",
        "horizon_ns < self._horizon_ns",
        "up to the same horizon there is nothing left to forget",
    ),
    Equivalent(ADVISE, "entry = journal.hold if more_usdc6 > 0 else journal.release", "more_usdc6 >= 0", NOT_ZERO),
    Equivalent(
        ADVISE, "entry = journal.hold if more_usdc6 > 0 else journal.release", "more_usdc6 - 1 > 0", WHOLE_CENTS
    ),
    Equivalent(
        AUTHORIZE,
        "if waited_s > self._budget_s:",
        "waited_s >= self._budget_s",
        "it counts pauses alone; with the calls between them more than the budget has passed already",
    ),
    Equivalent(
        BUDGET,
        "if loop is not self._loop or now_s > self._rings_at_s:",
        "now_s >= self._rings_at_s",
        "what rings now will look after those that start now; one more timer for them changes nothing",
    ),
    Equivalent(
        BUDGET,
        "if first.task is not None and not first.ran_out and first.ends_at_s > now_s:",
        "first.ends_at_s >= now_s",
        "a timer for this very instant rings at this very instant",
    ),
    Equivalent(CLEARING, "if amount > 0:", "amount - 1 > 0", WHOLE_CENTS),
    Equivalent(CLEARING, "elif amount < 0:", "amount + 1 < 0", WHOLE_CENTS),
    Equivalent(
        REFERENCE_LIMITS,
        "ends_ns = [at_ns, *[spend.at_ns for spend in spends if at_ns < spend.at_ns < at_ns + length_ns]]",
        "at_ns <= spend.at_ns < at_ns + length_ns",
        "the window that ends with the instant itself is the first of the list already",
    ),
)


def listed(mutant: Mutant) -> Equivalent | None:
    return next((one for one in EQUIVALENT if one.is_of(mutant)), None)


def stale(mutants: Iterable[Mutant]) -> list[Equivalent]:
    """Entries for which there is no such line, or no such mutant of it, any more."""
    known = list(mutants)
    return [one for one in EQUIVALENT if not any(one.is_of(mutant) for mutant in known)]
