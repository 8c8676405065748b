"""The habits of a world: how merchants, networks and cardholders make an authorization's life differ from the plainest.

Every share is 0 to begin with, but for those of tips and split orders: a world speaks plainly until it is told.
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Habits:
    """What is asked, what is told meanwhile, and what is presented.

    Fuel (MCC 5542) authorizes ``fuel_authorize_cents`` as an estimate and clears the true amount; ``fuel_advice_share``
    of pumps tell it by an advice minutes later. Where tips are usual (``tip_mccs``) a share of ``tip_share`` purchases
    clears higher, by a lognormal percentage of median ``tip_median_pct`` and at most ``tip_max_pct`` (New York taxi
    card rides: 90 % tip, median 20 %, at most 62 %). ``split_share`` of remote orders (``split_mccs``) ship, and clear,
    in two parts, a day apart. ``abandoned_share`` of all approved purchases is never presented, so that the hold has to
    expire.

    ``stay_share`` of bills at ``stay_mccs`` (hotels, car rentals) begin as an estimate of a part, grow by increments, a
    day apart, and are presented at the end. ``cash_mccs`` are withdrawals of cash.

    Of all others, one thing at most befalls each: ``void_share`` are taken back whole, ``part_reversed_share`` in
    part; ``late_share`` are presented ``late_days`` after; ``drift_share`` clear up to a third higher or lower;
    ``force_share`` are presented and were never asked for.

    ``partial_share`` of requests welcome less than the amount; the rest is paid in cash. ``remote_share`` are made
    without the card, ``subscription_share`` are started by the merchant. Before ``inquiry_share`` of them the balance
    is asked for.

    Of sales, once posted, ``dispute_share`` are disputed, in steps about ``dispute_step_ns`` apart, and
    ``dispute_won_share`` of those are won; of the others ``refund_share`` are refunded: ``refund_part_share`` in part,
    ``refund_announced_share`` after asking for it, ``refund_unmatched_share`` without saying what for.

    A network that timed out decides itself for ``stand_in_share`` of requests: up to ``stand_in_limit_cents`` it
    approves, above it declines; either is told by an advice.
    """

    fuel_authorize_cents: int = 12_500
    fuel_mccs: frozenset[str] = frozenset({"5542"})
    fuel_advice_share: float = 0.0
    tip_mccs: frozenset[str] = frozenset({"5812", "5813", "5814", "4121"})
    tip_share: float = 0.9
    tip_median_pct: int = 20
    tip_max_pct: int = 62
    split_mccs: frozenset[str] = frozenset({"5964", "5969", "5942", "5732"})
    split_share: float = 0.1
    abandoned_share: float = 0.0
    stay_mccs: frozenset[str] = frozenset({"7011", "7512"})
    stay_share: float = 0.0
    cash_mccs: frozenset[str] = frozenset({"6011"})
    void_share: float = 0.0
    part_reversed_share: float = 0.0
    late_share: float = 0.0
    late_days: int = 8
    drift_share: float = 0.0
    force_share: float = 0.0
    partial_share: float = 0.0
    remote_share: float = 0.0
    subscription_share: float = 0.0
    inquiry_share: float = 0.0
    dispute_share: float = 0.0
    dispute_won_share: float = 0.5
    dispute_step_ns: int = DAY_NS
    refund_share: float = 0.0
    refund_part_share: float = 0.3
    refund_announced_share: float = 0.5
    refund_unmatched_share: float = 0.1
    stand_in_share: float = 0.0
    stand_in_limit_cents: int = 5_000

    @property
    def lively(self) -> bool:
        """Whether any authorization lives otherwise than plainly: most worlds draw nothing for that."""
        return any(getattr(self, name) for name in _LIVELY)


_LIVELY = (
    "fuel_advice_share", "stay_share", "void_share", "part_reversed_share", "late_share", "drift_share", "force_share",
    "partial_share", "remote_share", "subscription_share", "inquiry_share", "dispute_share", "refund_share",
    "stand_in_share",
)  # fmt: skip
ONE_OF = ("force_share", "void_share", "part_reversed_share", "late_share", "drift_share")
"""Of these one at most befalls an authorization; together they are at most 1."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What befalls cards and mandates: shares of all cards a day.

    Frozen cards and suspended mandates come back some hours later; lost and cancelled cards are replaced by a new one,
    which takes over the limits, ``replaced_share`` of them at once. ``mandates``: every card spends under one.
    """

    frozen_share: float = 0.0
    lost_share: float = 0.0
    cancelled_share: float = 0.0
    replaced_share: float = 0.5
    suspended_share: float = 0.0
    mandates: bool = False

    @property
    def any(self) -> bool:
        """Whether anything ever changes."""
        return bool(self.frozen_share or self.lost_share or self.cancelled_share or self.suspended_share)
