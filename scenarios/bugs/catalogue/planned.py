"""Bugs that are designed and cannot be planted, or not be caught yet."""

from __future__ import annotations

from scenarios.bugs.record import Family, Planned

PLANNED: tuple[Planned, ...] = (
    Planned(
        "idempotency-another-body-is-answered",
        Family.IDEMPOTENCY,
        "A key with another body gets the first answer.",
        "I3",
        "networks that use a key twice",
    ),
    Planned(
        "money-refund-pays-no-debt",
        Family.MONEY,
        "A refund is free to spend even where its customer owes.",
        "I10",
        "an auditor that judges how much of a debt a refund pays: today only that it is not more than the debt",
    ),
)
