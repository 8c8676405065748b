"""Fast stores forget: everything, one account, or what they acknowledged last.

*Observed*: the engine gave the hold store an account again that it had lost.
"""

from __future__ import annotations

from typing import Any

from simulators.backends.cache import MemoryCache
from simulators.backends.holds import MemoryHoldStore
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Weather
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS

CHECKPOINT_EVERY_NS = 45 * SECOND_NS
"""How old a copy a failover or a power cut may go back to."""


class MemoryLoss:
    """What makes the hold store and the cache forget; struck at calls to the hold store."""

    def __init__(self, kernel: Kernel, weather: Weather, holds: MemoryHoldStore, cache: MemoryCache) -> None:
        self._kernel = kernel
        self._weather = weather
        self._holds = holds
        self._cache = cache
        self.missed: list[FaultKind] = []
        """Losses that the engine has not met yet."""
        self._goes_back = weather.plans(FaultKind.CACHE_FAILOVER, FaultKind.POWER_CUT)
        self._checkpoint_ns = -CHECKPOINT_EVERY_NS
        self._called_ns = 0

    def strikes(self, what: str, args: tuple[Any, ...]) -> None:
        """A call to the hold store comes in; memory may be lost before it."""
        weather = self._weather
        self._keep_up()
        self._called_ns = self._kernel.now_ns
        if what == "holds.load":
            for kind in self.missed:
                weather.observed(kind, args[0].account_id)
            self.missed.clear()
        if weather.strike(FaultKind.CACHE_FLUSH) is not None:
            self._lost(FaultKind.CACHE_FLUSH, "everything")
            self._holds.flush()
            self._cache.flush()
        if weather.strike(FaultKind.CACHE_FAILOVER) is not None:
            self._lost(FaultKind.CACHE_FAILOVER, "what was written since the last checkpoint")
            self._holds.fail_over()
        if what == "holds.place" and weather.strike(FaultKind.CACHE_EVICT) is not None:
            account_id = args[0].account_id
            self._lost(FaultKind.CACHE_EVICT, account_id)
            self._holds.evict(account_id)

    def power_lost(self) -> None:
        """The machine of the fast stores went down with the engine's."""
        if self._kernel.now_ns - self._called_ns >= CHECKPOINT_EVERY_NS:
            self._keep_up()
        self._holds.fail_over()
        self._cache.flush()

    def _lost(self, kind: FaultKind, what: str) -> None:
        self._weather.injected(kind, what)
        self.missed.append(kind)

    def _keep_up(self) -> None:
        """Have a copy that is not too old. Between calls nothing changes, so it is made at calls alone."""
        now_ns = self._kernel.now_ns
        if self._goes_back and now_ns - self._checkpoint_ns >= CHECKPOINT_EVERY_NS:
            self._checkpoint_ns = now_ns
            self._holds.checkpoint()
