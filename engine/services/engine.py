"""The production engine: the verbs behind one CardEngine."""

from __future__ import annotations

from engine.domain.controls import problems
from engine.interface import (
    Balance,
    EngineError,
    EngineKit,
    StatementEntry,
    StatementKind,
    StatementPage,
    UnknownAccount,
)
from engine.services.advise import Advise
from engine.services.authorize import Authorize
from engine.services.background import Background
from engine.services.capture import Capture
from engine.services.deposit import Deposit
from engine.services.dispute import Disputes
from engine.services.expire import Expire
from engine.services.forget import Forget
from engine.services.images import Images
from engine.services.open_account import OpenAccount
from engine.services.reset import Reset
from engine.services.reverse import Reverse
from engine.services.settle import Settle
from engine.services.sweep import Sweep
from engine.services.withdraw import Withdraw

STATEMENT_PAGE = 1_000
_KINDS = {str(kind): kind for kind in StatementKind}


class ProductionEngine:
    """CardEngine on the ports that it is given; it keeps nothing itself that a crash may not take."""

    def __init__(self, kit: EngineKit) -> None:
        wrong = problems(kit.terms.limits)
        if wrong:
            raise EngineError(f"the terms: {'; '.join(wrong)}")
        self._ports = kit.ports
        self._background = Background()
        images = Images(kit.ports)
        self.open_account = OpenAccount(kit.ports, images)
        sweep = Sweep(kit.ports, kit.terms, images)
        self.authorize = Authorize(kit.ports, kit.terms, self._background, images, sweep)
        self.advise = Advise(kit.ports, kit.terms)
        self.reverse = Reverse(kit.ports)
        self.capture = Capture(kit.ports)
        self.expire = Expire(kit.ports, sweep, Reset(kit.ports), Forget(kit.ports, kit.terms))
        self.dispute = Disputes(kit.ports)
        self.deposit = Deposit(kit.ports)
        self.withdraw = Withdraw(kit.ports)
        self.settle = Settle(kit.ports, kit.terms)

    async def balance(self, account_id: str) -> Balance:
        funds = await self._ports.ledger.funds(account_id)
        if funds is None:
            raise UnknownAccount(f"no account {account_id!r}")
        return Balance(
            account_id,
            funds.available_usdc6,
            funds.held_usdc6,
            funds.unsettled_usdc6,
            funds.withdrawing_usdc6,
            funds.receivable_usdc6,
        )

    async def statement(self, cursor: int) -> StatementPage:
        lines = await self._ports.ledger.statement(cursor, STATEMENT_PAGE)
        entries = tuple(
            StatementEntry(_KINDS[kind], ref, account_id, amount_usdc6, at_ns)
            for kind, ref, account_id, amount_usdc6, at_ns in lines
        )
        return StatementPage(entries, cursor + len(lines) if len(lines) == STATEMENT_PAGE else -1)


def build(kit: EngineKit) -> ProductionEngine:
    """The factory that ``--engine engine`` names."""
    return ProductionEngine(kit)
