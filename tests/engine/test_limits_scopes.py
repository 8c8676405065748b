"""An account, its cards and its mandates: each with limits of its own, all of them held against every spend."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.accounts import Account, AccountStatus, Card, CardStatus, Mandate
from engine.domain.counters import LATENESS_NS
from engine.domain.decline import DeclineReason
from engine.domain.limits import Spend
from engine.domain.policies import PRESETS, Cause
from engine.domain.scopes import ACCOUNT as ACCOUNT_KEY
from engine.domain.scopes import Scope, Tally, scopes_of
from engine.domain.terms import NO_LIMITS, Velocity

NOON_NS = 1_488_801_600 * 10**9  # 2017-03-06
DAY_NS = 86_400 * 10**9
WEEK_NS = 7 * DAY_NS
ACCOUNT = Scope(ACCOUNT_KEY, replace(NO_LIMITS, daily_cents=1_000))
OLD = Scope("card:old", replace(NO_LIMITS, daily_cents=300))
ANEW = Scope("card:new", replace(NO_LIMITS, daily_cents=300))
NEW = Scope("line:old", replace(NO_LIMITS, daily_cents=300))
MANDATE = Scope("mandate:m", replace(NO_LIMITS, weekly_cents=500))
"""The card `new` replaces `old`; `new` and `other` spend under a mandate."""


def spend(card_id: str, cents: int, at_ns: int = NOON_NS) -> Spend:
    counter_id = "old" if card_id == "new" else card_id
    mandate_id = "m" if card_id in ("new", "other") else ""
    return Spend("a", card_id, "5411", at_ns, cents, counter_id=counter_id, mandate_id=mandate_id)


def card(limits=None, mandate_id: str = "") -> Card:
    return Card("new", "ada", "visa", 9, CardStatus.ACTIVE, limits, mandate_id, "old")


LIMITED, FREE = (
    Account("ada", "0x", AccountStatus.ACTIVE, 1, (Mandate("m", 9, limits=limits),)) for limits in (NO_LIMITS, None)
)
LITHIC = replace(NO_LIMITS, policy=PRESETS["lithic"])


@pytest.mark.parametrize(("card", "account", "more"), [
    (card(), LIMITED, ()),
    (card(NO_LIMITS), LIMITED, (Scope("line:old", NO_LIMITS),)),
    (card(LITHIC), LIMITED, (Scope("card:new", LITHIC),)),
    (card(NO_LIMITS, "m"), LIMITED, (Scope("line:old", NO_LIMITS), Scope("mandate:m", NO_LIMITS))),
    (card(None, "m"), LIMITED, (Scope("mandate:m", NO_LIMITS),)),
    (card(None, "m"), FREE, ()), (card(None, "unknown"), LIMITED, ()),
])  # fmt: skip
def test_a_card_is_held_to_the_limits_of_its_account_its_own_and_its_mandate_s(card, account, more) -> None:
    assert scopes_of(card, account, (ACCOUNT,)) == (ACCOUNT, *more)


@pytest.mark.parametrize(("spent", "cents", "reason"), [
    ([("old", 200)], 99, None), ([("old", 200)], 100, None), ([("old", 200)], 101, DeclineReason.DAILY_LIMIT),
    ([("other", 400)], 100, None), ([("other", 400)], 101, DeclineReason.WEEKLY_LIMIT),
    ([("third", 900)], 100, None), ([("third", 900)], 101, DeclineReason.DAILY_LIMIT),
    ([("third", 900), ("other", 450)], 101, DeclineReason.DAILY_LIMIT),
])  # fmt: skip
def test_a_spend_has_to_pass_every_scope_of_its_card(spent, cents, reason) -> None:
    tally = Tally([ACCOUNT, NEW, MANDATE])
    for card_id, before in spent:
        tally.take(spend(card_id, before))
    assert tally.check(spend("new", cents), [ACCOUNT, NEW, MANDATE]) is reason


@pytest.mark.parametrize(("scope", "reason"), [(NEW, DeclineReason.DAILY_LIMIT), (ANEW, None)])
def test_a_card_that_replaces_another_inherits_what_it_spent_or_begins_anew(scope, reason) -> None:
    assert Tally([scope], [spend("old", 300)]).check(spend("new", 1), [scope]) is reason


@pytest.mark.parametrize(("other", "known"), [
    (NEW, True),
    (NEW._replace(limits=replace(NEW.limits, daily_cents=5)), True),
    (NEW._replace(key="card:newer"), False),
    (NEW._replace(limits=replace(NEW.limits, policy=PRESETS["lithic"])), False),
    (NEW._replace(limits=replace(NEW.limits, velocity=(Velocity(60, 1),))), False),
])  # fmt: skip
def test_a_scope_that_is_new_or_has_other_windows_is_not_known(other, known) -> None:
    assert Tally([ACCOUNT, NEW]).knows([ACCOUNT, other], NOON_NS) is known


@pytest.mark.parametrize(("step", "known"), [(-1, False), (0, True), (1, True)])
def test_what_is_forgotten_is_not_known(step, known) -> None:
    tally = Tally([ACCOUNT, NEW], [spend("new", 1)])
    assert tally.knows([ACCOUNT, NEW], NOON_NS - 400 * DAY_NS)
    tally.compact(NOON_NS)
    assert tally.knows([ACCOUNT, NEW], NOON_NS - LATENESS_NS + step) is known


SCOPES = [ACCOUNT, OLD, ANEW, NEW, MANDATE]
DRAWN = st.lists(
    st.tuples(
        st.sampled_from(["old", "new", "other", "third"]),
        st.integers(1, 200),
        st.integers(0, WEEK_NS // 8),
        st.sampled_from([None, *Cause]),
        st.integers(0, 250),
    ),
    max_size=12,
)


POLICIES = st.lists(st.sampled_from(list(PRESETS.values())), min_size=len(SCOPES), max_size=len(SCOPES))


@given(DRAWN, POLICIES)
def test_a_tally_that_followed_everything_is_the_one_made_from_what_happened(drawn, policies) -> None:
    scopes = [
        scope._replace(limits=replace(scope.limits, lifetime_cents=900, policy=policy))
        for scope, policy in zip(SCOPES, policies, strict=True)
    ]
    tally, spends, at_ns = Tally(scopes), [], NOON_NS
    for card_id, cents, later_ns, cause, back_cents in drawn:
        at_ns += later_ns
        one = spend(card_id, cents, at_ns)
        rebuilt = Tally(scopes, spends)
        for scope in scopes:
            assert tally.check(one, [scope]) is rebuilt.check(one, [scope])
        tally.take(one)
        if cause is not None:
            after = one.given_back(back_cents, cause)
            tally.follow(one, after)
            one = after
        spends.append(one)


def test_what_came_back_altogether_is_no_transaction_of_any_scope() -> None:
    scope = NEW._replace(limits=replace(NO_LIMITS, daily_count=1))
    tally = Tally([scope], [spend("new", 10)])
    assert tally.check(spend("new", 1), [scope]) is DeclineReason.VELOCITY_LIMIT
    tally.follow(spend("new", 10), spend("new", 0))
    assert tally.check(spend("new", 1), [scope]) is None


@pytest.mark.parametrize(("cents", "reason"), [(99, None), (100, None), (101, DeclineReason.LIFETIME_LIMIT)])
def test_what_came_back_to_the_lifetime_alone_may_be_spent_of_it_again(cents, reason) -> None:
    scope = NEW._replace(limits=replace(NO_LIMITS, lifetime_cents=100, policy=PRESETS["lithic"]))
    tally = Tally([scope], [spend("new", 60)])
    tally.follow(spend("new", 60), spend("new", 60).given_back(60, Cause.REFUND))
    assert tally.check(spend("new", cents), [scope]) is reason
