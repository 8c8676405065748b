"""Forget: answers that no repeat is owed any more are dropped, a bounded piece at every clock tick.

Nothing rests on them: an authorization id stays taken, and what is posted stays posted.
"""

from __future__ import annotations

from engine.domain.terms import Terms
from engine.ports import Ports

AT_ONCE = 5_000
ROUNDS = 100
"""At most so many pieces at one tick."""


class Forget:
    """The job, with what it needs. It may stop or be repeated anywhere."""

    def __init__(self, ports: Ports, terms: Terms) -> None:
        self._ports = ports
        self._retention_ns = terms.idempotency_retention_ns

    async def __call__(self) -> None:
        """Raises PortUnavailable; then the rest is for the next tick."""
        for _ in range(ROUNDS):
            if await self._ports.ledger.forget_answers(self._retention_ns, AT_ONCE) < AT_ONCE:
                return
