"""Sweep: what a crash left between two stores is found and put right, a bounded piece at every clock tick.

And once soon after an engine has begun.
"""

from __future__ import annotations

import asyncio

from engine.domain.terms import SECOND_NS, Terms
from engine.ports import Ports
from engine.services.follow import follow
from engine.services.images import Images

AT_ONCE = 2_000
ROUNDS = 100
"""At most so many pieces at one tick."""
ORPHAN_AGE_IN_BUDGETS = 10
"""A hold that is so many decision budgets old and not in the ledger is taken for an orphan. Correctness does not depend
on it: a decision that is later still is refused as stale, and made again."""


class Sweep:
    """The job, with what it needs. It may stop or be repeated anywhere."""

    def __init__(self, ports: Ports, terms: Terms, images: Images) -> None:
        self._ports = ports
        self._images = images
        self._orphan_age_ns = ORPHAN_AGE_IN_BUDGETS * terms.decision_budget_ns

    async def __call__(self, now_ns: int) -> None:
        """Raises PortUnavailable; then the rest is for the next tick."""
        await self._follow_up()
        await self._give_back(now_ns - self._orphan_age_ns)

    async def early(self) -> None:
        """For an engine that has just begun to decide: whoever ran before it may have died, and what that left must
        not refuse funds until a tick comes. Waits until those holds are old enough. Raises PortUnavailable.
        """
        await asyncio.sleep((self._orphan_age_ns + 1) / SECOND_NS)
        await self(self._ports.clock.now_ns())

    async def _follow_up(self) -> None:
        """Changes that are committed, and that the hold store may not have."""
        for _ in range(ROUNDS):
            pending = await self._ports.ledger.unfollowed(AT_ONCE)
            for ref, changes in pending:
                await follow(self._ports, ref, changes)
            if len(pending) < AT_ONCE:
                return

    async def _give_back(self, before_ns: int) -> None:
        """Holds that were placed, and that the ledger does not have: whoever placed them died, or could not undo."""
        holds, ledger = self._ports.holds, self._ports.ledger
        for _ in range(ROUNDS):
            placed = await holds.unswept(before_ns, AT_ONCE)
            if not placed:
                return
            for account_id in dict.fromkeys(hold.account_id for hold in await ledger.unheld(placed)):
                await self._images.renew(account_id)
            await holds.swept(tuple(hold.authorization_id for hold in placed))
