"""Bugs that are designed and cannot be planted yet."""

from __future__ import annotations

from scenarios.bugs.record import Family, Planned

PLANNED: tuple[Planned, ...] = (
    Planned(
        "stand_in-decided-again",
        Family.STAND_IN,
        "An advice of a stand-in approval is put through the limits and refused.",
        "I3",
        "advices in the worlds",
    ),
    Planned(
        "stand_in-amount-is-added",
        Family.STAND_IN,
        "The amount of an advice is added to the hold instead of replacing it.",
        "I3",
        "advices in the worlds",
    ),
    Planned(
        "stand_in-decline-keeps-the-hold",
        Family.STAND_IN,
        "A stand-in decline leaves the hold of the request that overtook it.",
        "I6",
        "advices in the worlds, and I6",
    ),
    Planned(
        "lifecycle-increment-replaces-the-amount",
        Family.LIFECYCLE,
        "An increment sets the hold to its own amount.",
        "I3",
        "increments in the worlds",
    ),
    Planned(
        "lifecycle-partial-reversal-frees-all",
        Family.LIFECYCLE,
        "A partial reversal frees the whole hold.",
        "I3",
        "partial reversals in the worlds",
    ),
    Planned(
        "lifecycle-partial-reversal-after-part-capture",
        Family.LIFECYCLE,
        "A reversal after a first shipment frees what was captured as well.",
        "I3",
        "partial reversals in the worlds",
    ),
    Planned(
        "cache_loss-frozen-card-from-the-cache",
        Family.CACHE_LOSS,
        "A card frozen in the ledger is approved from an old copy in the cache.",
        "I9",
        "I9, and freezes in the worlds",
    ),
    Planned(
        "lifecycle-suspended-mandate-approves",
        Family.LIFECYCLE,
        "The mandate's status is not looked at.",
        "I9",
        "I9, and mandates in the worlds",
    ),
    Planned(
        "lifecycle-refund-raises-no-balance",
        Family.LIFECYCLE,
        "A refund without its authorization is acknowledged and not booked.",
        "I10",
        "refunds in the worlds",
    ),
    Planned(
        "lifecycle-dispute-credit-is-kept",
        Family.LIFECYCLE,
        "The provisional credit of a lost dispute is not taken back.",
        "I10",
        "disputes in the worlds",
    ),
    Planned(
        "idempotency-another-body-is-answered",
        Family.IDEMPOTENCY,
        "A key with another body gets the first answer.",
        "I3",
        "networks that use a key twice",
    ),
    Planned(
        "limits-card-limit-of-the-replaced-card",
        Family.LIMITS,
        "A replaced card starts with empty windows.",
        "I4",
        "limits of cards in the worlds",
    ),
    Planned(
        "limits-week-starts-on-monday",
        Family.LIMITS,
        "Weeks start on Monday under a policy that says Sunday.",
        "I4",
        "weekly limits in the worlds",
    ),
    Planned(
        "limits-day-of-daylight-saving",
        Family.LIMITS,
        "Every local day has 24 hours.",
        "I4",
        "local days in the worlds",
    ),
    Planned(
        "settlement-thirty-two-bits",
        Family.SETTLEMENT,
        "What one user burns in one batch is cut to 32 bits, 4,294 USDC.",
        "I7",
        "a world of large purchases",
    ),
    Planned("secrecy-card-number-in-an-error", Family.SECRECY, "An error tells the whole card number.", "I13", "I13"),
)
