"""Races."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_HOLDS = "simulators.backends.holds"
_SWEEP = "engine.services.sweep"

BUGS = (
    Bug(
        id="races-day-read-then-written",
        family=Family.RACES,
        what="The day's counter is read, and written back a round trip later.",
        why="GET, add, SET instead of INCRBY.",
        invariant="I4",
        world="rush",
        hard="interleaving",
        only_when="two swipes of one purse within a round trip, where the day has room for one",
        edits=(
            Edit(
                _HOLDS,
                "            image.day_cents += amount_cents\n",
                "            day_cents = image.day_cents\n"
                "            await self._serve()\n"
                "            image.day_cents = day_cents + amount_cents\n",
            ),
        ),
    ),
    Bug(
        id="races-checked-then-taken",
        family=Family.RACES,
        what="Limits are checked in one round trip and taken in the next.",
        why="Two commands to the fast store instead of one script.",
        invariant="I4",
        world="rush",
        hard="interleaving",
        only_when="two swipes of one purse within a round trip, where the limit has room for one",
        edits=(
            Edit(
                _HOLDS,
                "        if reason is None:\n            image.available_usdc6 -= amount_usdc6",
                "        await self._serve()\n"
                "        if reason is None:\n            image.available_usdc6 -= amount_usdc6",
            ),
        ),
    ),
    Bug(
        id="races-orphans-are-kept",
        family=Family.RACES,
        what="A hold placed by a process that died before its commit is never given back.",
        why="The sweep was written for committed work alone.",
        invariant="I12",
        world="drained",
        only_when="the process dies between placing a hold and committing it, and the purse is needed later",
        edits=(
            Edit(
                _SWEEP,
                "        await self._give_back(now_ns - self._orphan_age_ns)\n",
                "        self._swept_until_ns = now_ns - self._orphan_age_ns\n",
            ),
        ),
    ),
    Bug(
        id="races-answered-before-it-is-stored",
        family=Family.RACES,
        what="An approval is answered while its commit is still on its way.",
        why="It takes a round trip off every answer, and the commit never fails.",
        invariant="I3",
        world="slow_stores",
        corrected="Named I5 at first; most commits are refused rather than lost by a death: I3.",
        only_when="a commit that is refused, or that never leaves",
        edits=(
            Edit(
                "engine.services.authorize",
                "            recorded = await ports.ledger.record(commit)\n",
                "            self._background.until_done(lambda behind=commit: ports.ledger.record(behind), 'commit')\n"
                "            recorded = Recorded.DONE\n",
            ),
        ),
    ),
)
