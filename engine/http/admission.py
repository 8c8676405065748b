"""How many authorizations a worker takes on at once: as many as it answers in time, and never a queue behind them.

An authorization that is answered after its network's deadline is worth nothing, and has cost as much as one in time.
So beyond its capacity a worker refuses at once what it could only answer late, and those that it takes are in time.
Nobody knows the capacity beforehand (it is the stores' more than ours), so it is found as TCP finds that of a link:

* Additive increase: while the limit is in use and answers come in time, it grows by one each round of answers.
* Multiplicative decrease: an answer later than ``target_s`` takes a quarter of the limit away. Those that were taken on
  before that do so no more: they tell of the same crowd.
* Stall: where the oldest one taken on is older than ``stall_s`` nothing comes back at all, a store hangs; then nothing
  is taken on, but for one at a time to find out when that is over.

Pure: the clock is handed in, nothing waits, nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

FLOOR = 4
"""So many are always let in: below that there is no crowd, and one slow answer says nothing."""
CUT = 0.75
PROBE_EVERY = 0.25
"""While stalled one is let in after so much of ``stall_s``, so that the end of it is seen."""


class Admission:
    """``enter`` and ``leave`` go around each authorization. Times are seconds of ``now_s``, which never goes back."""

    def __init__(self, now_s: Callable[[], float], *, most: int, target_s: float, stall_s: float) -> None:
        self._now_s = now_s
        self._floor = min(FLOOR, most)
        self._most = most
        self._target_s = target_s
        self._stall_s = stall_s
        self._limit = float(most)
        self._cut_at_s = float("-inf")
        self._probed_at_s = float("-inf")
        self._running: dict[int, float] = {}
        self._last_ticket = 0
        self.shed = 0

    @property
    def in_flight(self) -> int:
        return len(self._running)

    @property
    def limit(self) -> int:
        """How many may be in flight just now."""
        return int(self._limit)

    @property
    def is_full(self) -> bool:
        """Whether as many are in flight as may be."""
        return len(self._running) >= max(int(self._limit), 1)

    def enter(self) -> int | None:
        """A ticket to :meth:`leave` with, or None: refuse at once."""
        now_s = self._now_s()
        running = self._running
        if running and (len(running) >= int(self._limit) or self._is_stalled(now_s)):
            self.shed += 1
            return None
        self._last_ticket += 1
        running[self._last_ticket] = now_s
        return self._last_ticket

    def leave(self, ticket: int) -> None:
        """It has been answered, however. Raises KeyError for one that has left before."""
        running = self._running
        in_use = 2 * len(running) >= self._limit
        entered_s = running.pop(ticket)
        now_s = self._now_s()
        if now_s - entered_s > self._target_s:
            if entered_s >= self._cut_at_s:
                self._cut_at_s = now_s
                # From what is really there: a limit far above it would take many cuts to be felt.
                self._limit = max(CUT * min(self._limit, len(running) + 1), self._floor)
        elif in_use:
            self._limit = min(self._limit + 1 / self._limit, self._most)

    def _is_stalled(self, now_s: float) -> bool:
        """True where nothing has come back for long; once in a while False, for one to try."""
        oldest_s = next(islice(self._running.values(), 1))
        if now_s - oldest_s <= self._stall_s:
            return False
        if now_s - self._probed_at_s > PROBE_EVERY * self._stall_s:
            self._probed_at_s = now_s
            return False
        return True
