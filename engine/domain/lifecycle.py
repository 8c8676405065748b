"""Every transition in the life of an authorization, allowed or refused, in one table.

``docs/LIFECYCLE.md`` is printed from it. A refused event changes nothing; what the network is told instead is in
:class:`Refusal`. Nothing here decides about money: amounts are in ``authorization.py``.
"""

from __future__ import annotations

from enum import StrEnum

from engine.domain.authorization import Status


class Event(StrEnum):
    """What a network, a clearing file or the clock can do to an authorization."""

    APPROVE = "approve"
    """A first request was approved (0110)."""
    INCREASE = "increase"
    """An incremental request was approved: more is held."""
    ADVISE = "advise"
    """The network decided in our stead, or tells the true amount (0120): the amount is absolute."""
    ADVISE_NOTHING = "advise_nothing"
    """The network declined in our stead, or tells an amount that leaves nothing to hold (0120)."""
    REVERSE_PART = "reverse_part"
    """A part is taken back, and a hold remains (0420)."""
    REVERSE = "reverse"
    """All that is left is taken back (0420)."""
    CAPTURE_PART = "capture_part"
    """A presentment that is not the last one, and leaves a hold."""
    CAPTURE = "capture"
    """The last presentment, or one that uses the hold up."""
    EXPIRE = "expire"
    """A tick frees the hold whose time is over; to increments and advices it is expired from its end on."""


class Refusal(StrEnum):
    """Why an event does not move an authorization, and what happens instead."""

    INVALID_TRANSACTION = "invalid_transaction"
    """Declined with code 12: there is nothing that it could apply to, or something that it must not touch."""
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"
    """Declined with code 94: its reversal overtook it."""
    NOTHING_HELD = "nothing_held"
    """Answered, and nothing is released: there is no hold (any more)."""
    NOT_OPEN = "not_open"
    """Acknowledged, and nothing is adopted: the authorization has ended."""
    FORCED = "forced"
    """Posted all the same, from available funds and beyond: a presentment always posts. The status stays."""
    NEVER = "never"
    """Cannot happen: the ledger offers only what is open."""


Outcome = Status | Refusal

TABLE: dict[Status | None, dict[Event, Outcome]] = {
    None: {
        Event.APPROVE: Status.OPEN,
        Event.INCREASE: Refusal.INVALID_TRANSACTION,
        Event.ADVISE: Status.OPEN,
        Event.ADVISE_NOTHING: Status.REVERSED,
        Event.REVERSE_PART: Status.REVERSED,
        Event.REVERSE: Status.REVERSED,
        Event.CAPTURE_PART: Refusal.FORCED,
        Event.CAPTURE: Refusal.FORCED,
        Event.EXPIRE: Refusal.NEVER,
    },
    Status.OPEN: {
        Event.APPROVE: Refusal.INVALID_TRANSACTION,
        Event.INCREASE: Status.OPEN,
        Event.ADVISE: Status.OPEN,
        Event.ADVISE_NOTHING: Status.REVERSED,
        Event.REVERSE_PART: Status.OPEN,
        Event.REVERSE: Status.REVERSED,
        Event.CAPTURE_PART: Status.OPEN,
        Event.CAPTURE: Status.CAPTURED,
        Event.EXPIRE: Status.EXPIRED,
    },
    Status.CAPTURED: {
        Event.APPROVE: Refusal.INVALID_TRANSACTION,
        Event.INCREASE: Refusal.INVALID_TRANSACTION,
        Event.ADVISE: Refusal.NOT_OPEN,
        Event.ADVISE_NOTHING: Refusal.NOT_OPEN,
        Event.REVERSE_PART: Refusal.NOTHING_HELD,
        Event.REVERSE: Refusal.NOTHING_HELD,
        Event.CAPTURE_PART: Refusal.FORCED,
        Event.CAPTURE: Refusal.FORCED,
        Event.EXPIRE: Refusal.NEVER,
    },
    Status.REVERSED: {
        Event.APPROVE: Refusal.REVERSED_BEFORE_ARRIVAL,
        Event.INCREASE: Refusal.INVALID_TRANSACTION,
        Event.ADVISE: Refusal.NOT_OPEN,
        Event.ADVISE_NOTHING: Refusal.NOT_OPEN,
        Event.REVERSE_PART: Refusal.NOTHING_HELD,
        Event.REVERSE: Refusal.NOTHING_HELD,
        Event.CAPTURE_PART: Refusal.FORCED,
        Event.CAPTURE: Refusal.FORCED,
        Event.EXPIRE: Refusal.NEVER,
    },
    Status.EXPIRED: {
        Event.APPROVE: Refusal.INVALID_TRANSACTION,
        Event.INCREASE: Refusal.INVALID_TRANSACTION,
        Event.ADVISE: Refusal.NOT_OPEN,
        Event.ADVISE_NOTHING: Refusal.NOT_OPEN,
        Event.REVERSE_PART: Refusal.NOTHING_HELD,
        Event.REVERSE: Refusal.NOTHING_HELD,
        Event.CAPTURE_PART: Refusal.FORCED,
        Event.CAPTURE: Refusal.FORCED,
        Event.EXPIRE: Refusal.NEVER,
    },
}
"""What each event does in each state; None is an authorization that has not been seen.

A reversal that overtakes its original, whole or in part, refuses it: the merchant that took a part back asks again.
"""


def outcome(status: Status | None, event: Event) -> Outcome:
    """The cell of the table."""
    return TABLE[status][event]
