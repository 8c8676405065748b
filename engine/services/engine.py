"""The production engine: the verbs behind one CardEngine."""

from __future__ import annotations

from engine.domain.accounts import Account, Card
from engine.domain.ledger import Commit, Rows, Touch
from engine.interface import (
    AccountOpening,
    Balance,
    EngineError,
    EngineKit,
    StatementEntry,
    StatementKind,
    StatementPage,
)
from engine.ports import PortUnavailable
from engine.services.authorize import Authorize
from engine.services.background import Background
from engine.services.capture import Capture
from engine.services.deposit import Deposit
from engine.services.expire import Expire
from engine.services.follow import resync
from engine.services.reverse import Reverse
from engine.services.settle import Settle
from engine.services.sweep import Sweep
from engine.services.withdraw import Withdraw

STATEMENT_PAGE = 1_000
_KINDS = {str(kind): kind for kind in StatementKind}


class ProductionEngine:
    """CardEngine on the ports that it is given; it keeps nothing itself that a crash may not take."""

    def __init__(self, kit: EngineKit) -> None:
        self._ports = kit.ports
        self._background = Background()
        self.authorize = Authorize(kit.ports, kit.terms, self._background)
        self.reverse = Reverse(kit.ports)
        self.capture = Capture(kit.ports)
        self.expire = Expire(kit.ports, Sweep(kit.ports, kit.terms))
        self.deposit = Deposit(kit.ports)
        self.withdraw = Withdraw(kit.ports)
        self.settle = Settle(kit.ports, kit.terms)

    async def open_account(self, opening: AccountOpening) -> None:
        account = Account(opening.account_id, opening.address, opening.status, opening.kyc_level)
        cards = tuple(
            Card(card.card_id, opening.account_id, card.network, card.expires_at_ns, card.status)
            for card in opening.cards
        )

        def transition(rows: Rows) -> Commit:
            return Commit(accounts=(account,), cards=cards, result=account.account_id not in rows.funds)

        commit = await self._ports.ledger.update(Touch(accounts=(account.account_id,)), transition)
        try:
            await self._ports.cache.put_account(account, cards, commit.view)
            if commit.result:
                await resync(self._ports, account.account_id)
        except PortUnavailable:
            pass  # the ledger has it, and refuses what rests on less: this only spares the first swipe the way there

    async def balance(self, account_id: str) -> Balance:
        funds = await self._ports.ledger.funds(account_id)
        if funds is None:
            raise EngineError(f"no account {account_id!r}")
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
