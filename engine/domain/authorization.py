"""The life of an authorization: open, then captured in one or several parts, reversed, or expired."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    OPEN = "open"
    CAPTURED = "captured"
    REVERSED = "reversed"
    EXPIRED = "expired"


class Authorization(NamedTuple):
    """One approved authorization, or the mark that a reversal left when it came first (``authorized_cents`` 0).

    ``held_cents`` is what still backs it; ``counted_at_ns`` the decision whose limit windows it counts in.
    """

    authorization_id: str
    account_id: str
    network: str
    authorized_cents: int
    held_cents: int
    captured_cents: int
    status: Status
    counted_at_ns: int
    expires_at_ns: int

    def reversed(self) -> Authorization:
        """Taken back by the network; what was captured stays captured."""
        return self._replace(held_cents=0, status=Status.REVERSED)

    def expired(self) -> Authorization:
        """Its time is over; a late presentment still posts."""
        return self._replace(held_cents=0, status=Status.EXPIRED)

    def captured(self, amount_cents: int, *, final: bool) -> Authorization:
        """After a presentment; ``final`` frees what is left of the hold."""
        held = 0 if final else max(self.held_cents - amount_cents, 0)
        return Authorization(
            self.authorization_id, self.account_id, self.network, self.authorized_cents,
            held, self.captured_cents + amount_cents,
            self.status if held or self.status is not Status.OPEN else Status.CAPTURED,
            self.counted_at_ns, self.expires_at_ns,
        )  # fmt: skip


def reversed_before_arrival(authorization_id: str, network: str, at_ns: int) -> Authorization:
    """The mark left by a reversal whose authorization has not been seen; it refuses the original later."""
    return Authorization(authorization_id, "", network, 0, 0, 0, Status.REVERSED, at_ns, at_ns)
