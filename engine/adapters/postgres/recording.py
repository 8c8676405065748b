"""The hot path: decisions that arrive together are committed together.

While one transaction is on its way to the disk, whatever is asked meanwhile gathers for the next, so that under load
many decisions share one commit and none waits for more than the one before it. What becomes of each is as if each had
a transaction of its own, in the order in which they came.

There are two lanes. The quick one is a single statement, which waits for no lock (``quick.py``); what it has no plain
answer to goes to the patient one (``patient.py``), so that one busy account does not hold up all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.postgres import patient, quick
from engine.adapters.postgres.connection import transact
from engine.domain.ledger import Commit, Recorded
from engine.ports import PortUnavailable

AT_ONCE = 200
"""At most so many decisions in one transaction."""
MOST_WAITING = 20_000
"""Further ones are turned away: they would only be answered when nobody waits for them any more."""


class Asked(NamedTuple):
    """A decision that waits to be committed, and who waits for it."""

    commit: Commit
    outcome: asyncio.Future[Recorded]


class Recorder:
    """Gathers decisions and commits them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._patient = Lane(engine, patient.record, None)
        at_once = engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement needs no BEGIN and no COMMIT
        self._quick = Lane(at_once, quick.record, self._patient)

    async def record(self, commit: Commit) -> Recorded:
        """Commit one decision with whatever else waits. Raises PortUnavailable."""
        asked = Asked(commit, asyncio.get_running_loop().create_future())
        self._quick.add((asked,))
        return await asked.outcome

    async def close(self) -> None:
        """Return when all that was asked has been answered."""
        await self._quick.rest()
        await self._patient.rest()


Work = Callable[[AsyncConnection, Sequence[Commit]], Awaitable[Sequence[Recorded | None]]]
"""Commits decisions and says what became of each; None where it cannot say."""


class Lane:
    """One transaction at a time. What has no answer here goes to the ``next_lane``."""

    def __init__(self, engine: AsyncEngine, work: Work, next_lane: Lane | None) -> None:
        self._engine = engine
        self._work = work
        self._next_lane = next_lane
        self._waiting: list[Asked] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, asked: Sequence[Asked]) -> None:
        """Have these committed. Raises PortUnavailable where too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise PortUnavailable(f"PostgreSQL: {MOST_WAITING} decisions wait to be committed")
        self._waiting += asked
        self._go_on()

    async def rest(self) -> None:
        """Return when nothing waits here."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    def _go_on(self) -> None:
        if self._waiting and self._task is None:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._task = asyncio.get_running_loop().create_task(self._commit(batch))

    async def _commit(self, batch: Sequence[Asked]) -> None:
        left: Sequence[Asked] = ()
        try:
            if waiting := [asked for asked in batch if not asked.outcome.done()]:  # the others have given up
                left = await self._answer(waiting)
        finally:
            self._task = None
            for asked in batch:
                if asked not in left:
                    asked.outcome.cancel()  # nothing, unless this task itself was ended
            self._go_on()
        if left and self._next_lane is not None:
            self._next_lane.add(left)

    async def _answer(self, batch: Sequence[Asked]) -> Sequence[Asked]:
        """Tell each what became of it; returns those without an answer. Where one breaks the transaction of all, each
        gets its own."""
        outcomes: Sequence[Recorded | None] = ()
        error: Exception | None = None
        commits = [asked.commit for asked in batch]
        try:
            outcomes = await transact(self._engine, lambda connection: self._work(connection, commits))
        except Exception as broken:  # noqa: BLE001 - handed to whoever waits
            error = broken
            if len(batch) > 1 and not isinstance(error, PortUnavailable):
                left: list[Asked] = []
                for asked in batch:
                    left += await self._answer([asked])
                return left
        for place, asked in enumerate(batch):
            if asked.outcome.done():
                continue  # given up meanwhile
            if error is not None:
                asked.outcome.set_exception(error)
            elif (outcome := outcomes[place]) is not None:
                asked.outcome.set_result(outcome)
        return [asked for asked in batch if not asked.outcome.done()]
