"""The doors in front of the engine. Who finds a crowd of authorizations looks once more a moment later, then is
refused; whoever else finds too many there already is refused at once.

The moment is short against a processor's deadline, and longer the more wait. It lets short crowds pass, and it slows
those who come back at once: were they refused at once, answering refusals would take what the answers need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from engine.http.admission import Admission
from engine.http.problems import Problem

SHORTEST_S, LONGEST_S = 0.05, 0.4
REFUSALS_PER_S = 400
"""A worker that refuses more than about so many has little left for anything else."""
MOST_WAITING = 1_024
"""Further ones are refused without a second look."""
RETRY_AFTER = ((b"retry-after", b"1"),)


def crowded() -> Problem:
    """503, overloaded."""
    return Problem("overloaded", "nothing was done; send it again a little later", RETRY_AFTER)


class Gate:
    """``enter`` and ``leave`` go around each authorization. ``spare_s``: what a second look may take, of the deadline
    that is left beside the decision.
    """

    def __init__(self, admission: Admission, spare_s: float) -> None:
        self._admission = admission
        self._longest_s = min(spare_s, LONGEST_S)
        self._waiting = 0
        self.leave = admission.leave

    async def enter(self) -> int:
        """A ticket to leave with. Raises Problem (503, overloaded): nothing was done."""
        if self._admission.is_full and self._waiting < MOST_WAITING and self._longest_s >= SHORTEST_S:
            self._waiting += 1
            try:
                await asyncio.sleep(min(max(self._waiting / REFUSALS_PER_S, SHORTEST_S), self._longest_s))
            finally:
                self._waiting -= 1
        ticket = self._admission.enter()
        if ticket is None:
            raise crowded()
        return ticket


class Room:
    """For so many requests at once."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of them, for the block. Raises Problem (503, overloaded)."""
        if not self._free:
            raise crowded()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
