"""The ladder of declines: its order is its precedence, its bounds are inclusive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus
from engine.domain.decide import numeric, standing
from engine.domain.decline import RESPONSE_CODES, DeclineReason
from engine.domain.terms import LimitTerms, Terms

NOW_NS = 1_500_000_000_000_000_000
CARD = Card("card-1", "ada", "visa", NOW_NS + 1, CardStatus.ACTIVE)
ACCOUNT = Account("ada", "0x00", AccountStatus.ACTIVE, 1)
TERMS = Terms()
PLENTY = 10**12

FAULTS = [
    (DeclineReason.CARD_CANCELLED, lambda c, a: (replace(c, status=CardStatus.CANCELLED), a)),
    (DeclineReason.CARD_FROZEN, lambda c, a: (replace(c, status=CardStatus.FROZEN), a)),
    (DeclineReason.CARD_EXPIRED, lambda c, a: (replace(c, expires_at_ns=NOW_NS), a)),
    (DeclineReason.ACCOUNT_SUSPENDED, lambda c, a: (c, replace(a, status=AccountStatus.SUSPENDED))),
    (DeclineReason.KYC_REQUIRED, lambda c, a: (c, replace(a, kyc_level=0))),
]


def test_a_sound_card_of_a_sound_holder_has_nothing_against_it() -> None:
    assert standing(CARD, ACCOUNT, NOW_NS, TERMS) is None


@pytest.mark.parametrize(("reason", "break_it"), FAULTS)
def test_each_fault_has_its_own_reason(reason, break_it) -> None:
    assert standing(*break_it(CARD, ACCOUNT), NOW_NS, TERMS) is reason


def test_an_unknown_card_is_not_found() -> None:
    assert standing(None, None, NOW_NS, TERMS) is DeclineReason.CARD_NOT_FOUND


PAIRS = [(i, j) for j in range(len(FAULTS)) for i in range(j) if (i, j) != (0, 1)]
"""Every two faults of one card; cancelled and frozen exclude each other, since a card has one status."""


@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_of_two_faults_the_earlier_on_the_ladder_is_answered(earlier, later) -> None:
    broken = FAULTS[later][1](*FAULTS[earlier][1](CARD, ACCOUNT))
    assert standing(*broken, NOW_NS, TERMS) is FAULTS[earlier][0]


@pytest.mark.parametrize(
    ("expires_at_ns", "reason"),
    [(NOW_NS - 1, DeclineReason.CARD_EXPIRED), (NOW_NS, DeclineReason.CARD_EXPIRED), (NOW_NS + 1, None)],
)
def test_a_card_is_valid_until_the_instant_of_its_expiry(expires_at_ns, reason) -> None:
    assert standing(replace(CARD, expires_at_ns=expires_at_ns), ACCOUNT, NOW_NS, TERMS) is reason


LIMITS = LimitTerms(per_transaction_cents=1_000, daily_cents=5_000, monthly_cents=20_000)


@pytest.mark.parametrize(
    ("amount", "available", "day", "month", "reason"),
    [
        (1_000, 1_000, 0, 0, None),
        (1_000, 1_001, 0, 0, None),
        (1_000, 999, 0, 0, DeclineReason.INSUFFICIENT_FUNDS),
        (999, PLENTY, 0, 0, None),
        (1_001, PLENTY, 0, 0, DeclineReason.TRANSACTION_LIMIT),
        (100, PLENTY, 4_899, 0, None),
        (100, PLENTY, 4_900, 0, None),
        (100, PLENTY, 4_901, 0, DeclineReason.DAILY_LIMIT),
        (100, PLENTY, 0, 19_899, None),
        (100, PLENTY, 0, 19_900, None),
        (100, PLENTY, 0, 19_901, DeclineReason.MONTHLY_LIMIT),
        (1_001, 0, 5_000, 20_000, DeclineReason.INSUFFICIENT_FUNDS),
        (1_001, PLENTY, 5_000, 20_000, DeclineReason.TRANSACTION_LIMIT),
        (1_000, PLENTY, 5_000, 20_000, DeclineReason.DAILY_LIMIT),
        (1_000, PLENTY, 0, 20_000, DeclineReason.MONTHLY_LIMIT),
    ],
)
def test_funds_go_before_limits_and_equal_to_a_bound_is_allowed(amount, available, day, month, reason) -> None:
    assert numeric(amount, amount, available, day, month, LIMITS) is reason


def test_every_reason_has_a_response_code_and_none_is_the_approval() -> None:
    assert set(RESPONSE_CODES) == set(DeclineReason)
    assert all(len(code) == 2 and code != "00" for code in RESPONSE_CODES.values())
