"""What the settlement process needs of a chain: the node, the settler, the watcher, made of settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.adapters import evm, postgres
from engine.bootstrap import needed
from engine.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class OnChain:
    """One node, spoken to until the block of :meth:`of` ends."""

    rpc: evm.Rpc
    settler: evm.Settler
    settings: evm.EvmSettings

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings) -> AsyncIterator[OnChain]:
        """Raises SettingsError for what is missing, ValueError for what cannot be."""
        if settings.token_address is None:
            raise SettingsError("SWIPELAB_TOKEN_ADDRESS: not set; it is where CardToken was deployed")
        wanted = evm.EvmSettings(
            settings.token_address, confirmations=settings.confirmations, first_block=settings.first_block
        )  # fmt: skip
        settler = evm.Settler(needed(settings, "settler_key"))
        rpc = evm.Rpc(needed(settings, "rpc_url"), timeout_s=wanted.timeout_s)
        try:
            yield cls(rpc, settler, wanted)
        finally:
            await rpc.close()

    def settlement_chain(self, ledger: postgres.PostgresLedger) -> evm.EvmSettlementChain:
        return evm.EvmSettlementChain(self.rpc, self.settler, self.settings, ledger.account_ids)

    def watcher(self, ledger: postgres.PostgresLedger) -> evm.DepositWatcher:
        return evm.DepositWatcher(self.rpc, self.settings, ledger.account_ids)

    def cursor(self, ledger: postgres.PostgresLedger) -> postgres.Cursor:
        """Of this very contract, so that another one is read from its beginning."""
        return ledger.cursor(f"chain:{self.settings.token_address.lower()}")
