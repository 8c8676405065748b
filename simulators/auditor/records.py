"""What the auditor is told besides the messages of ``engine/interface.py``, and what it says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant broke. ``message`` says what was expected and what happened, with amounts and times.

    ``invariant``: ``I1`` to ``I14``. ``at_ns``: UTC, when it was noticed. ``ref``: the authorization, presentment,
    deposit or settlement concerned, or "". ``account_id``: "" where no account is concerned.
    """

    invariant: str
    at_ns: int
    ref: str
    account_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A clock tick as it crosses the wire: ``verb`` is ``expire`` or ``settle``, ``now_ns`` its argument (UTC).

    Any record with these two fields will do.
    """

    verb: str
    now_ns: int


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """A CardToken event in a block.

    ``kind``: ``CardDeposit``, ``CardSettlement``, ``SettlementShortfall``, ``WithdrawalRequested``,
    ``WithdrawalCancelled``, ``WithdrawalReduced`` or ``WithdrawalCompleted``. ``amount_usdc6``: deposited, burned,
    missing, requested, cancelled, still pending, paid out. ``settlement_id``: ``0x`` and 64 hex digits, or "".
    ``ref``: ``transaction hash:log index``; for a deposit or a withdrawal the id of its notice.
    """

    kind: str
    account_id: str
    amount_usdc6: int
    settlement_id: str = ""
    ref: str = ""
