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
