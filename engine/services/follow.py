"""Keep the hold store's images of accounts in step with the ledger, or make sure that nothing rests on them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.ledger import HoldChange
from engine.ports import Ports, PortUnavailable


async def follow(ports: Ports, ref: str, changes: Sequence[HoldChange]) -> None:
    """Have the hold store follow what was committed under ``ref``.

    On return every later decision reflects it: the images have it, or they count no longer. Raises PortUnavailable
    where the ledger does not answer; then the changes are pending still, and a repeat or the sweep comes back to them.
    """
    if not changes:
        return
    try:
        behind = await ports.holds.apply(ref, changes)
    except PortUnavailable:
        behind = tuple(dict.fromkeys(change.account_id for change in changes))
    try:
        await ports.ledger.followed((ref,), behind)
    except PortUnavailable:
        if behind:
            raise
        # All images have it. That the ledger still thinks it pending costs the sweep one idempotent call.


async def resync(ports: Ports, account_id: str) -> None:
    """Give the hold store a new image of the account, without what was placed and never recorded.

    Whoever placed under the image before and has not recorded yet is refused as stale, and places again.
    """
    snapshot = await ports.ledger.reload(account_id, 0)
    if snapshot is not None:
        await ports.holds.load(snapshot)
