"""Mandates, limits of a single card, cards that take another's place, and cards that are gone."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.policies import WindowPolicy
from engine.domain.terms import NO_LIMITS
from engine.interface import CardOpening, CardStatus, DeclineReason, LimitTerms, MandateOpening, MandateStatus
from scenarios.conformance.bench import DAY_NS, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

EVER = 2**62
DAILY = replace(NO_LIMITS, daily_cents=1_000)


def card(name: str, **changes: object) -> CardOpening:
    return CardOpening(name, "visa", EVER, **changes)


# ---- cards ---------------------------------------------------------------------------------------------------------


@case("Ladder of declines", each("status,reason", [
    (CardStatus.PENDING, DeclineReason.CARD_INACTIVE), (CardStatus.FROZEN, DeclineReason.CARD_FROZEN),
    (CardStatus.CANCELLED, DeclineReason.CARD_CANCELLED), (CardStatus.LOST, DeclineReason.CARD_LOST),
    (CardStatus.STOLEN, DeclineReason.CARD_STOLEN), (CardStatus.ACTIVE, None),
]))  # fmt: skip
async def only_an_active_card_spends(bench: Bench, status: CardStatus, reason: DeclineReason | None) -> None:
    """That it has expired as well is lower on the ladder."""
    await bench.open()
    await bench.fund(10_000)
    await bench.open(card_status=status)
    same(declined(await bench.authorize("a1", 100)), reason, "the reason")
    await bench.open(card_status=status, card_expires_at_ns=bench.start_ns)
    expected = reason or DeclineReason.CARD_EXPIRED
    same(declined(await bench.authorize("a2", 100)), expected, "the reason once it has expired")


@case("Ladder of declines")
async def a_pending_card_spends_once_it_is_activated(bench: Bench) -> None:
    await bench.open(card_status=CardStatus.PENDING)
    await bench.fund(10_000)
    same(declined(await bench.authorize("a1", 100)), DeclineReason.CARD_INACTIVE, "the reason")
    await bench.open()
    await bench.approve("a2", 100)


@case("Limits", each("cents,approved", [(399, True), (400, True), (401, False)]))
async def a_card_may_have_limits_of_its_own(bench: Bench, cents: int, approved: bool) -> None:
    await bench.open(cards=(card("c1", limits=DAILY), card("c2")))
    await bench.fund(100_000)
    await bench.approve("a1", 600, card="c1")
    await bench.approve("a2", 5_000, card="c2")
    answer = await bench.authorize("a3", cents, card="c1")
    same(declined(answer), None if approved else DeclineReason.DAILY_LIMIT, "the reason")


@case("Limits")
async def of_several_limits_the_highest_reason_is_told(bench: Bench) -> None:
    """The card's transaction limit stands above the mandate's daily one."""
    mandate = MandateOpening("m", EVER, limits=DAILY)
    limits = replace(NO_LIMITS, per_transaction_cents=1_500)
    await bench.open(cards=(card("c1", limits=limits, mandate_id="m"),), mandates=(mandate,))
    await bench.fund(100_000)
    same(declined(await bench.authorize("a1", 1_501, card="c1")), DeclineReason.TRANSACTION_LIMIT, "the reason")
    same(declined(await bench.authorize("a2", 1_500, card="c1")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 1_000, card="c1")


@case("Limits", each("follows,reason", [(True, DeclineReason.DAILY_LIMIT), (False, None)]))
async def a_card_that_replaces_another_counts_on_where_the_policy_says_so(
    bench: Bench, follows: bool, reason: DeclineReason | None
) -> None:
    limits = replace(DAILY, policy=WindowPolicy(follows_replacement=follows))
    await bench.open(cards=(card("c1", limits=limits),))
    await bench.fund(100_000)
    await bench.approve("a1", 1_000, card="c1")
    lost, new = card("c1", limits=limits, status=CardStatus.LOST), card("c2", limits=limits, replaces="c1")
    await bench.open(cards=(lost, new))
    same(declined(await bench.authorize("a2", 1, card="c2")), reason, "the reason")
    bench.clock.at_ns += DAY_NS
    await bench.approve("a3", 999, card="c2")


@case("Limits")
async def a_card_counts_on_over_several_replacements(bench: Bench) -> None:
    cards = (card("c1", limits=DAILY), card("c2", limits=DAILY, replaces="c1"), card("c3", limits=DAILY, replaces="c2"))
    await bench.open(cards=cards[:1])
    await bench.fund(100_000)
    await bench.approve("a1", 600, card="c1")
    await bench.open(cards=cards[:2])
    await bench.approve("a2", 300, card="c2")
    await bench.open(cards=cards)
    same(declined(await bench.authorize("a3", 101, card="c3")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a4", 100, card="c3")


@case("Limits")
async def opening_an_account_again_does_not_reset_what_was_counted(bench: Bench) -> None:
    mandate = MandateOpening("m", EVER, limits=replace(NO_LIMITS, daily_cents=1_500))
    for limit in (1_000, 1_200):
        one = card("c1", limits=replace(NO_LIMITS, daily_cents=limit), mandate_id="m")
        await bench.open(cards=(one,), mandates=(mandate,))
        if limit == 1_000:
            await bench.fund(100_000)
            await bench.approve("a1", 1_000, card="c1")
    same(declined(await bench.authorize("a2", 201, card="c1")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 200, card="c1")


# ---- mandates ------------------------------------------------------------------------------------------------------


@case("Mandates", each("cents,approved", [(399, True), (400, True), (401, False)]))
async def a_mandates_limits_count_over_all_its_cards(bench: Bench, cents: int, approved: bool) -> None:
    cards = (card("c1", mandate_id="m"), card("c2", mandate_id="m"), card("c3"))
    await bench.open(cards=cards, mandates=(MandateOpening("m", EVER, limits=DAILY),))
    await bench.fund(100_000)
    await bench.approve("a1", 600, card="c1")
    await bench.approve("a2", 5_000, card="c3")
    answer = await bench.authorize("a3", cents, card="c2")
    same(declined(answer), None if approved else DeclineReason.DAILY_LIMIT, "the reason")


@case("Mandates")
async def each_mandate_counts_for_itself(bench: Bench) -> None:
    mandates = (MandateOpening("m1", EVER, limits=DAILY), MandateOpening("m2", EVER, limits=DAILY))
    await bench.open(cards=(card("c1", mandate_id="m1"), card("c2", mandate_id="m2")), mandates=mandates)
    await bench.fund(100_000)
    await bench.approve("a1", 1_000, card="c1")
    await bench.approve("a2", 1_000, card="c2")
    same(declined(await bench.authorize("a3", 1, card="c1")), DeclineReason.DAILY_LIMIT, "the reason")


@case("Mandates", each("status", [MandateStatus.SUSPENDED, MandateStatus.REVOKED]))
async def nothing_is_spent_under_a_mandate_that_is_not_active(bench: Bench, status: MandateStatus) -> None:
    await bench.open(card_mandate_id="m", mandates=(MandateOpening("m", EVER),))
    await bench.fund(10_000)
    await bench.approve("a1", 100)
    await bench.open(card_mandate_id="m", mandates=(MandateOpening("m", EVER, status),))
    same(declined(await bench.authorize("a2", 100)), DeclineReason.MANDATE_INACTIVE, "the reason")
    same(await bench.funds(), {"available": 9_900, "held": 100}, "the funds")


@case("Mandates")
async def nothing_is_spent_under_a_mandate_that_nobody_gave(bench: Bench) -> None:
    await bench.open(card_mandate_id="m")
    await bench.fund(10_000)
    same(declined(await bench.authorize("a1", 100)), DeclineReason.MANDATE_INACTIVE, "the reason")


@case("Mandates")
async def a_mandate_is_good_until_the_instant_of_its_end(bench: Bench) -> None:
    end_ns = bench.start_ns + 5
    await bench.open(card_mandate_id="m", mandates=(MandateOpening("m", end_ns),))
    await bench.fund(10_000)
    bench.clock.at_ns = end_ns - 1
    await bench.approve("a1", 100)
    bench.clock.at_ns = end_ns
    same(declined(await bench.authorize("a2", 100)), DeclineReason.MANDATE_EXPIRED, "the reason")
    bench.clock.at_ns = end_ns + 1
    same(declined(await bench.authorize("a3", 100)), DeclineReason.MANDATE_EXPIRED, "the reason")


@case("Mandates")
async def the_mandate_stands_between_customer_and_funds_on_the_ladder(bench: Bench) -> None:
    revoked = MandateOpening("m", bench.start_ns, MandateStatus.REVOKED)
    await bench.open(card_mandate_id="m", mandates=(revoked,), kyc_level=0)
    same(declined(await bench.authorize("a1", 100)), DeclineReason.KYC_REQUIRED, "the reason")
    await bench.open(card_mandate_id="m", mandates=(revoked,))
    same(declined(await bench.authorize("a2", 100)), DeclineReason.MANDATE_INACTIVE, "the reason")
    await bench.open(card_mandate_id="m", mandates=(replace(revoked, status=MandateStatus.ACTIVE),))
    same(declined(await bench.authorize("a3", 100)), DeclineReason.MANDATE_EXPIRED, "the reason")
    await bench.open(card_mandate_id="m", mandates=(MandateOpening("m", EVER),))
    same(declined(await bench.authorize("a4", 100)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")


@case("Mandates")
async def what_a_mandates_card_gives_back_comes_back_to_the_mandate(bench: Bench) -> None:
    mandate = MandateOpening("m", EVER, limits=DAILY)
    await bench.open(cards=(card("c1", mandate_id="m"), card("c2", mandate_id="m")), mandates=(mandate,))
    await bench.fund(100_000)
    await bench.approve("a1", 1_000, card="c1")
    await bench.reverse("a1", card="c1", cents=300)
    same(declined(await bench.authorize("a2", 301, card="c2")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 300, card="c2")


@case("Mandates")
async def an_advice_counts_under_the_mandate_and_on_the_card(bench: Bench) -> None:
    mandate = MandateOpening("m", EVER, limits=DAILY)
    limits: LimitTerms = replace(NO_LIMITS, daily_cents=900)
    await bench.open(cards=(card("c1", mandate_id="m", limits=limits), card("c2", mandate_id="m")), mandates=(mandate,))
    await bench.fund(100_000)
    await bench.advise("a1", 899, card="c1")
    same(declined(await bench.authorize("a2", 2, card="c1")), DeclineReason.DAILY_LIMIT, "the reason")
    await bench.approve("a3", 1, card="c1")
    await bench.approve("a4", 100, card="c2")
    same(declined(await bench.authorize("a5", 1, card="c2")), DeclineReason.DAILY_LIMIT, "the reason")
