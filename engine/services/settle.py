"""Settle: burn on chain what was captured, exactly once.

A settlement is formed durably, with an id made from its captures alone, before anything is sent. From then on it is
only ever sent again under that id, which the contract accepts once; so a retry, a crash or an unknown outcome can
neither burn twice nor forget.
"""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.debts import with_debts_paid
from engine.domain.ledger import Commit, HoldChange, Rows, Touch
from engine.domain.settlement import Settlement
from engine.domain.terms import Terms
from engine.interface import NotSupported, SettlementReceipt
from engine.ports import BurnOutcome, Ports, PortUnavailable
from engine.services.follow import follow

BLOCKS_BEFORE_SENDING_AGAIN = 25
BLOCKS_BEFORE_NEXT_TICK = 100


class Settle:
    """The verb, with what it needs. One tick at a time; a tick that finds another at work leaves it to that one."""

    def __init__(self, ports: Ports, terms: Terms) -> None:
        self._ports = ports
        self._terms = terms
        self._at_work = False

    async def __call__(self, now_ns: int) -> SettlementReceipt:
        """Finish what earlier ticks began, net and burn what is queued, wait until it is final.

        Raises NotSupported where there is no chain: nothing is formed that could not be sent.
        """
        if self._ports.chain is None:
            raise NotSupported("this process has no chain to settle on; `swipelab settle` has")
        if self._at_work:
            return SettlementReceipt(0, 0, 0, 0, 0)
        self._at_work = True
        try:
            return await self._tick(now_ns)
        finally:
            self._at_work = False

    async def _tick(self, now_ns: int) -> SettlementReceipt:
        ledger = self._ports.ledger
        open_ones = {s.settlement_id: s for s in await ledger.open_settlements()}
        while formed := await ledger.form_settlement(now_ns, self._terms.batch_users):
            open_ones[formed.settlement_id] = formed
        done: list[tuple[Settlement, BurnOutcome]] = []
        for block in range(BLOCKS_BEFORE_NEXT_TICK):
            if block % BLOCKS_BEFORE_SENDING_AGAIN == 0:
                await self._send(open_ones)
            if not open_ones:
                break
            await self._ports.chain.wait_block()
            for settlement in tuple(open_ones.values()):
                outcome = await self._outcome(settlement)
                if outcome is not None:
                    await self._close(settlement, outcome)
                    done.append((open_ones.pop(settlement.settlement_id), outcome))
        return SettlementReceipt(
            batches=len(done),
            transactions=len({outcome.transaction for _, outcome in done}),
            users=sum(len(settlement.amounts_usdc6) for settlement, _ in done),
            settled_usdc6=sum(s.total_usdc6 - sum(outcome.missing_usdc6.values()) for s, outcome in done),
            gas_used=sum(outcome.gas_used for _, outcome in done),
        )

    async def _outcome(self, settlement: Settlement) -> BurnOutcome | None:
        try:
            return await self._ports.chain.outcome(settlement.settlement_id)
        except PortUnavailable:
            return None  # unknown now; the next block asks again

    async def _send(self, open_ones: dict[str, Settlement]) -> None:
        """Send what is not final; an id that is final already is not sent again, and a lost one is."""
        for settlement in open_ones.values():
            try:
                if await self._ports.chain.outcome(settlement.settlement_id) is None:
                    addresses = await self._ports.ledger.addresses([account for account, _ in settlement.amounts_usdc6])
                    await self._ports.chain.submit(settlement, addresses)
            except PortUnavailable:
                continue  # it may or may not have gone out; the id makes sending again harmless

    async def _close(self, settlement: Settlement, outcome: BurnOutcome) -> None:
        now_ns = self._ports.clock.now_ns()

        def transition(rows: Rows) -> Commit:
            if settlement.settlement_id not in rows.settlements:
                return Commit()
            commit = Commit(
                entries=tuple(
                    journal.settlement(
                        settlement.settlement_id, account_id, now_ns,
                        burned_usdc6=amount - outcome.missing_usdc6.get(account_id, 0),
                        missing_usdc6=outcome.missing_usdc6.get(account_id, 0),
                    )
                    for account_id, amount in settlement.amounts_usdc6
                ),
                closed=(settlement.settlement_id,),
                ref=settlement.settlement_id,
                changes=tuple(
                    HoldChange(account_id, available_usdc6=missing)
                    for account_id, missing in outcome.missing_usdc6.items()
                    if missing
                ),
            )  # fmt: skip
            return with_debts_paid(commit, rows, now_ns)

        touch = Touch(
            accounts=tuple(account_id for account_id, _ in settlement.amounts_usdc6),
            settlements=(settlement.settlement_id,),
        )
        commit = await self._ports.ledger.update(touch, transition)
        await follow(self._ports, commit.ref, commit.changes)
