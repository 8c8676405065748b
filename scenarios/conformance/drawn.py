"""What the state machine draws from: terms, names, amounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from engine.interface import AuthorizationKind, LimitTerms, Terms
from scenarios.conformance.bench import DAY_NS, SECOND_NS

TERMS = Terms(
    limits=LimitTerms(per_transaction_cents=6_000, daily_cents=12_000, monthly_cents=30_000),
    batch_users=1,
    idempotency_retention_ns=4_000 * DAY_NS,
)
"""Tight enough to be reached. A key is kept for longer than any life lasts: afterwards, no answer is determined."""

CARDS = ("ada-card", "bob-card", "ada-other")
"""An authorization's number tells its card, so that none is ever said to be two cards'."""
NUMBERS = st.integers(0, 5)
PARTS = st.integers(1, 3)
ASKED = st.sampled_from(
    [AuthorizationKind.PURCHASE, AuthorizationKind.PREAUTHORIZATION, AuthorizationKind.CASH_WITHDRAWAL]
)
NEAR = st.sampled_from([-1, 0, 1])
CENTS = st.one_of(
    st.sampled_from([1, 2_499, 2_500, 2_501, 5_999, 6_000, 6_001]),
    st.integers(1, 7_000),
    NEAR.map(lambda near: ("available", near)),
    NEAR.map(lambda near: ("receivable", near)),
)
"""Amounts; a pair is what the account has (or owes) just then, one below or one above."""

STEPS = st.sampled_from(["second", "hour", "before midnight", "midnight", "month", "five days", "31 days"])
"""How far the clock goes: the edges of windows and of holds are where rules break."""


def later(at_ns: int, step: str) -> int:
    """The instant one step later; midnights and months are those of UTC."""
    now = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    month = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    return {
        "second": at_ns + SECOND_NS,
        "hour": at_ns + 3_600 * SECOND_NS,
        "before midnight": int(midnight.timestamp()) * SECOND_NS - 1,
        "midnight": int(midnight.timestamp()) * SECOND_NS,
        "month": int(month.timestamp()) * SECOND_NS,
        "five days": at_ns + 5 * DAY_NS,
        "31 days": at_ns + 31 * DAY_NS,
    }[step]


def account_of(card: str) -> str:
    return card.partition("-")[0]
