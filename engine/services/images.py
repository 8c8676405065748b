"""Images of accounts in the hold store, made anew from the ledger: one at a time for each account.

Each reload begins a new epoch, and refuses whoever placed under the one before. So those who need a new image share one
reload where they can: were each to make its own, two decisions could refuse each other for ever.
"""

from __future__ import annotations

import asyncio

from engine.ports import Ports, PortUnavailable


class Images:
    """Makes images anew; one for the whole engine."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._making: dict[str, asyncio.Task[PortUnavailable | None]] = {}

    async def load(self, account_id: str) -> None:
        """Have an image made, or share one that is being made already: then look again whether it will do.

        Raises PortUnavailable.
        """
        making = self._making.get(account_id)
        if making is None:
            loop = asyncio.get_running_loop()
            making = self._making[account_id] = loop.create_task(self._make(account_id), name=f"image of {account_id}")
        error = await asyncio.shield(making)
        if error is not None:
            raise PortUnavailable(str(error)) from error

    async def renew(self, account_id: str) -> None:
        """Have an image that is read from the ledger after this call, without what was placed and not recorded.

        Raises PortUnavailable.
        """
        making = self._making.get(account_id)
        if making is not None:
            await asyncio.wait((making,))
        await self.load(account_id)

    async def _make(self, account_id: str) -> PortUnavailable | None:
        """Whoever waits may have given up, so what went wrong is told, not raised."""
        try:
            snapshot = await self._ports.ledger.reload(account_id, 0)
            if snapshot is not None:
                await self._ports.holds.load(snapshot)
        except PortUnavailable as error:
            return error
        finally:
            del self._making[account_id]
        return None
