"""The life of an authorization, in amounts: what is authorized, held, captured and taken back.

While it is open, ``held = max(authorized - released - captured, 0)``; ``lifecycle.py`` says which transitions exist.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from engine.domain.limits import Spend


class Status(StrEnum):
    OPEN = "open"
    CAPTURED = "captured"
    REVERSED = "reversed"
    EXPIRED = "expired"


class Authorization(NamedTuple):
    """One authorization, or the mark that a reversal left when it came first (``authorized_cents`` 0).

    ``held_cents`` is what still backs it; ``released_cents`` what reversals took back, ``expired_cents`` what its end
    freed, ``refunded_cents`` what refunds of it gave back. ``counted_at_ns`` is the instant of the decision, in whose
    windows it counts; ``counter_id`` and ``mandate_id`` are those of the card at that instant.
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
    card_id: str = ""
    mcc: str = ""
    released_cents: int = 0
    expired_cents: int = 0
    refunded_cents: int = 0
    counter_id: str = ""
    mandate_id: str = ""

    def status_at(self, at_ns: int) -> Status:
        """The status, derived from time: at its end an open authorization is over, whenever a tick comes to end it."""
        is_over = self.status is Status.OPEN and at_ns >= self.expires_at_ns
        return Status.EXPIRED if is_over else self.status

    @property
    def spend(self) -> Spend:
        """What the limits have to know of it; each policy reads by itself what counts."""
        return Spend(
            self.authorization_id, self.card_id, self.mcc, self.counted_at_ns, self.authorized_cents,
            self.released_cents, self.expired_cents, self.refunded_cents, 0, self.counter_id, self.mandate_id,
        )  # fmt: skip

    @property
    def counted_cents(self) -> int:
        """What counts of it by the default policy, in the windows of ``counted_at_ns``."""
        return max(self.authorized_cents - self.released_cents - self.expired_cents, 0)

    def increased(self, amount_cents: int) -> Authorization:
        """An increment was approved: so much more is authorized and held; the hold ends when it would have ended."""
        return self._replace(
            authorized_cents=self.authorized_cents + amount_cents,
            held_cents=self.held_cents + amount_cents,
        )

    def advised(self, amount_cents: int) -> Authorization:
        """The network says what is authorized, absolutely; where that leaves nothing to hold, it is taken back."""
        held = max(amount_cents - self.released_cents - self.captured_cents, 0)
        return self._replace(
            authorized_cents=amount_cents,
            held_cents=held,
            status=Status.OPEN if held else Status.REVERSED,
            refunded_cents=min(self.refunded_cents, amount_cents),
        )

    def reversed(self, amount_cents: int | None = None) -> Authorization:
        """Taken back by the network, all of what is held or ``amount_cents`` of it; what was captured stays captured.

        Whether the limits get it back is a matter of their policies.
        """
        taken = self.held_cents if amount_cents is None else min(amount_cents, self.held_cents)
        held = self.held_cents - taken
        return self._replace(
            held_cents=held,
            released_cents=self.released_cents + taken,
            status=self.status if held else Status.REVERSED,
        )

    def expired(self) -> Authorization:
        """Its time is over; a late presentment still posts."""
        return self._replace(held_cents=0, status=Status.EXPIRED, expired_cents=self.expired_cents + self.held_cents)

    def refunded(self, amount_cents: int) -> Authorization:
        """A refund names it. What is refunded beyond what was authorized gives no limit back."""
        return self._replace(refunded_cents=min(self.refunded_cents + amount_cents, self.authorized_cents))

    def captured(self, amount_cents: int, *, final: bool) -> Authorization:
        """After a presentment; ``final`` frees what is left of the hold."""
        held = 0 if final else max(self.held_cents - amount_cents, 0)
        return Authorization(
            self.authorization_id, self.account_id, self.network, self.authorized_cents,
            held, self.captured_cents + amount_cents,
            self.status if held or self.status is not Status.OPEN else Status.CAPTURED,
            self.counted_at_ns, self.expires_at_ns, self.card_id, self.mcc, self.released_cents,
            self.expired_cents, self.refunded_cents, self.counter_id, self.mandate_id,
        )  # fmt: skip


def reversed_before_arrival(
    authorization_id: str, network: str, at_ns: int, card_id: str = ""
) -> Authorization:  # fmt: skip
    """The mark left by a reversal whose authorization has not been seen; it refuses the original later."""
    return Authorization(authorization_id, "", network, 0, 0, 0, Status.REVERSED, at_ns, at_ns, card_id)
