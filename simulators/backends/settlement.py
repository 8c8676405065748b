"""The settlement port on the simulated chain: what the settler's RPC node would answer, and how long it takes."""

from __future__ import annotations

from engine.domain.settlement import Settlement
from engine.ports import BurnOutcome
from simulators.actors.chain import CardChain
from simulators.backends.served import Served
from simulators.kernel import Kernel


class SimulatedSettlementChain:
    """The port ``SettlementChain``."""

    def __init__(self, kernel: Kernel, served: Served, chain: CardChain) -> None:
        self._kernel = kernel
        self._serve = served.serve
        self._chain = chain

    async def submit(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        await self._serve()
        self._chain.settle(settlement, addresses)

    async def outcome(self, settlement_id: str) -> BurnOutcome | None:
        await self._serve()
        return self._chain.outcome(settlement_id)

    async def wait_block(self) -> None:
        await self._kernel.delay_ns(self._chain.ns_to_next_slot() + 1)
