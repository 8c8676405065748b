"""The door in front of the engine: who finds a crowd looks once more a moment later, then is refused.

The moment is short against a processor's deadline, and longer the more wait. It lets short crowds pass, and it slows
those who come back at once: were they refused at once, answering refusals would take what the answers need.
"""

from __future__ import annotations

import asyncio

from engine.http.admission import Admission
from engine.http.problems import Problem

SHORTEST_S, LONGEST_S = 0.05, 0.4
REFUSALS_PER_S = 400
"""A worker that refuses more than about so many has little left for anything else."""
MOST_WAITING = 4_096
"""Further ones are refused without a second look."""
RETRY_AFTER = ((b"retry-after", b"1"),)


class Gate:
    """``enter`` and ``leave`` go around each authorization."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._waiting = 0
        self.leave = admission.leave

    async def enter(self) -> int:
        """A ticket to leave with. Raises Problem (503, overloaded): nothing was done."""
        if self._admission.is_full and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await asyncio.sleep(min(max(self._waiting / REFUSALS_PER_S, SHORTEST_S), LONGEST_S))
            finally:
                self._waiting -= 1
        ticket = self._admission.enter()
        if ticket is None:
            raise Problem("overloaded", "nothing was decided; send it again a little later", RETRY_AFTER)
        return ticket
