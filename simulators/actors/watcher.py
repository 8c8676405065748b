"""The chain watcher: tells the engine what became final on chain, in order, until each notice is answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from contracts import loader
from engine.interface import CardEngine, DepositNotice, WithdrawalNotice, WithdrawalStage
from simulators.actors.chain import CardChain, Seen
from simulators.kernel import Kernel, Trace
from simulators.settings import SECOND_NS
from simulators.tap import Tap, Unanswered

RETRY_NS = 5 * SECOND_NS

STAGES = {
    loader.WithdrawalRequested: WithdrawalStage.REQUESTED,
    loader.WithdrawalCancelled: WithdrawalStage.CANCELLED,
    loader.WithdrawalReduced: WithdrawalStage.REDUCED,
    loader.WithdrawalCompleted: WithdrawalStage.COMPLETED,
}


class ChainWatcher:
    """Turns final events into notices."""

    def __init__(self, kernel: Kernel, tap: Tap, engine: CardEngine, chain: CardChain, trace: Trace) -> None:
        self._kernel = kernel
        self._tap = tap
        self._engine = engine
        self._chain = chain
        self._append = trace.append
        self._notices: deque[DepositNotice | WithdrawalNotice] = deque()
        self.told = 0
        """Notices that the engine has answered."""
        self._wake = kernel.env.event()
        chain.on_final = self._heard

    def start(self) -> None:
        """Begin to tell."""
        self._kernel.process(self._telling(), "chain watcher", daemon=True)

    def _heard(self, seen: Sequence[Seen]) -> None:
        for one in seen:
            event = one.event
            if isinstance(event, loader.CardDeposit):
                account_id = self._chain.account_of(event.user)
                self._notices.append(DepositNotice(one.ref, account_id, event.amount_usdc6, one.block_number))
            elif (stage := STAGES.get(type(event))) is not None:
                account_id = self._chain.account_of(event.user)
                self._notices.append(WithdrawalNotice(one.ref, account_id, stage, event.amount_usdc6, one.block_number))
        if self._notices and not self._wake.triggered:
            self._wake.succeed()

    def _telling(self) -> Iterator[Any]:
        kernel = self._kernel
        while True:
            while self._notices:
                notice = self._next()
                asked_ns = kernel.env.now
                receipt = yield from self._tell(notice)
                if isinstance(receipt, Unanswered):
                    yield kernel.env.timeout(RETRY_NS)
                    continue
                self._notices.remove(notice)
                self.told += 1
                self._row(notice, receipt.applied, kernel.env.now - asked_ns)
            self._wake = kernel.env.event()
            yield self._wake

    def _next(self) -> DepositNotice | WithdrawalNotice:
        """What is told next: the oldest."""
        return self._notices[0]

    def _tell(self, notice: DepositNotice | WithdrawalNotice) -> Iterator[Any]:
        """Tell once; returns the answer."""
        call = self._engine.deposit if isinstance(notice, DepositNotice) else self._engine.withdraw
        return (yield self._kernel.call(self._tap.tell(notice, call))).unwrap()

    def _row(self, notice: DepositNotice | WithdrawalNotice, applied: bool, took_ns: int) -> None:
        result = "applied" if applied else "duplicate"
        if isinstance(notice, DepositNotice):
            kind, ref, detail = "deposit", notice.deposit_id, ""
        else:
            kind, ref, detail = "withdraw", notice.event_id, f"stage={notice.stage}"
        self._append(
            (self._kernel.env.now, kind, ref, notice.account_id, "", 0, notice.amount_usdc6, result, took_ns, detail)
        )
