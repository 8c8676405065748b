"""The hot path: decisions that arrive together are committed together, each as if it had a transaction of its own, in
the order in which they came.

There are two lanes. The quick one is a single statement, which waits for no lock (``quick.py``); what it has no plain
answer to goes to the patient one (``patient.py``), so that one busy account does not hold up all others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.adapters.gathering import Gathering
from engine.adapters.postgres import patient, quick
from engine.adapters.postgres.connection import transact
from engine.domain.ledger import Commit, Recorded
from engine.ports import PortUnavailable

LANES = 2
"""The quick and the patient one."""
AT_ONCE = 200
"""At most so many decisions in one transaction."""
Outcome = Recorded | None
Work = Callable[[AsyncConnection, Sequence[Commit]], Awaitable[Sequence[Outcome]]]
"""Commits decisions and says what became of each; None where it cannot say."""


class Recorder:
    """Gathers decisions and commits them, one transaction a lane at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        at_once = engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement needs no BEGIN and no COMMIT
        self._quick = _lane(at_once, quick.record)
        self._patient = _lane(engine, patient.record)

    async def record(self, commit: Commit) -> Recorded:
        """Commit one decision with whatever else waits. Raises PortUnavailable."""
        outcome = await self._quick(commit)
        if outcome is None:
            outcome = await self._patient(commit)
        assert outcome is not None, "the patient lane always has an answer"
        return outcome

    async def close(self) -> None:
        """Return when all that was asked has been answered."""
        await self._quick.rest()
        await self._patient.rest()


def _lane(engine: AsyncEngine, work: Work) -> Gathering[Commit, Outcome]:
    return Gathering(partial(_together, engine, work), name="PostgreSQL", at_once=AT_ONCE)


async def _together(engine: AsyncEngine, work: Work, commits: Sequence[Commit]) -> Sequence[Outcome | Exception]:
    """What became of each. Where one breaks the transaction of all, each gets its own. Raises PortUnavailable."""
    try:
        return await transact(engine, lambda connection: work(connection, commits))
    except PortUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - handed to whoever waits
        if len(commits) == 1:
            return [error]
        return [outcome for commit in commits for outcome in await _together(engine, work, (commit,))]
