"""The clock: settlement and expiry ticks at their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.interface import CardEngine
from simulators.auditor import Tick
from simulators.kernel import Kernel, Trace
from simulators.settings import HOUR_NS
from simulators.tap import Tap, Unanswered

EXPIRY_EVERY_NS = HOUR_NS


class Timekeeper:
    """Ticks on whole multiples of the interval, UTC."""

    def __init__(self, kernel: Kernel, tap: Tap, engine: CardEngine, trace: Trace, settle_every_ns: int) -> None:
        self._kernel = kernel
        self._tap = tap
        self._engine = engine
        self._append = trace.append
        self._settle_every_ns = settle_every_ns
        self.stopped = False
        """Set to True, and no further tick comes."""

    def start(self) -> None:
        """Begin to tick."""
        self._kernel.process(self._every(self._settle_every_ns, self._settle), "settlement ticks", daemon=True)
        self._kernel.process(self._every(EXPIRY_EVERY_NS, self._expire), "expiry ticks", daemon=True)

    def _every(self, interval_ns: int, tick: Any) -> Iterator[Any]:
        while True:
            yield self._kernel.env.timeout(interval_ns - self._kernel.utc_ns % interval_ns)
            if self.stopped:
                return
            self._kernel.process(tick(), "tick", daemon=True)

    def _settle(self) -> Iterator[Any]:
        kernel = self._kernel
        asked_ns, tick = kernel.env.now, Tick("settle", kernel.utc_ns)
        receipt = (yield kernel.call(self._tap.tell(tick, self._engine.settle, tick.now_ns))).unwrap()
        if isinstance(receipt, Unanswered) or not receipt.batches:
            return
        self._append(
            (kernel.env.now, "settle", f"tick-{tick.now_ns // 1_000_000_000}", "", "", 0, receipt.settled_usdc6, "ok",
             kernel.env.now - asked_ns,
             f"batches={receipt.batches} transactions={receipt.transactions} users={receipt.users} "
             f"gas={receipt.gas_used}")
        )  # fmt: skip

    def _expire(self) -> Iterator[Any]:
        kernel = self._kernel
        tick = Tick("expire", kernel.utc_ns)
        receipt = (yield kernel.call(self._tap.tell(tick, self._engine.expire, tick.now_ns))).unwrap()
        if isinstance(receipt, Unanswered):
            return
        for authorization_id in receipt.expired:
            self._append((kernel.env.now, "expire", authorization_id, "", "", 0, 0, "expired", -1, ""))
