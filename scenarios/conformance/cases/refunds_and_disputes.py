"""A sale that is refunded and disputed: the customer gets it back once."""

from __future__ import annotations

from engine.interface import CaptureOutcome, DisputeOutcome, DisputeReceipt, DisputeState, StatementKind
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same

NEW, SUBMITTED, WON, LOST = DisputeState.NEW, DisputeState.SUBMITTED, DisputeState.WON, DisputeState.LOST
APPLIED, INVALID = DisputeOutcome.APPLIED, DisputeOutcome.INVALID_AMOUNT


async def _sold(bench: Bench, *cents: int) -> None:
    """One authorization with a sale for each of these amounts, of 100.00 in all there is."""
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", sum(cents))
    for part, amount in enumerate(cents, 1):
        await bench.capture("a1", amount, part, final=part == len(cents))


def _funds(available: int, unsettled: int) -> dict[str, int]:
    return {name: cents for name, cents in (("available", available), ("unsettled", unsettled)) if cents}


@case("Disputes", each("state", [NEW, SUBMITTED]), each("cents,outcome", [(1_999, APPLIED), (2_000, APPLIED),
                                                                          (2_001, INVALID)]))  # fmt: skip
async def no_more_is_disputed_than_was_not_refunded(
    bench: Bench, state: DisputeState, cents: int, outcome: DisputeOutcome
) -> None:
    await _sold(bench, 3_000)
    await bench.refund("r1", 1_000, "a1")
    same((await bench.dispute("d", "a1.1", state, cents)).outcome, outcome)
    credited = cents if (state, outcome) == (SUBMITTED, APPLIED) else 0
    same(await bench.funds(), _funds(8_000 + credited, 2_000 - credited), "the funds")


@case("Disputes", each("refunded", [3_000, 3_001]))
async def what_was_refunded_in_full_is_not_disputed(bench: Bench, refunded: int) -> None:
    await _sold(bench, 3_000)
    await bench.refund("r1", refunded, "a1")
    same(await bench.dispute("d", "a1.1", SUBMITTED, 1), DisputeReceipt("d", INVALID, None, 0, 0))
    same(await bench.funds(), _funds(7_000 + refunded, 3_000 - refunded), "the funds")


@case("Disputes")
async def a_dispute_that_is_new_is_not_credited_once_its_sale_is_refunded(bench: Bench) -> None:
    """It can only be lost, with nothing to take back."""
    await _sold(bench, 3_000)
    await bench.dispute("d", "a1.1", NEW, 3_000)
    await bench.refund("r1", 1, "a1")
    for state in (SUBMITTED, WON):
        same(await bench.dispute("d", "a1.1", state, 3_000), DisputeReceipt("d", INVALID, NEW, 0, 0))
    same(await bench.dispute("d", "a1.1", LOST, 3_000), DisputeReceipt("d", APPLIED, LOST, 0, 0))
    same(await bench.funds(), _funds(7_001, 2_999), "the funds")


@case("Disputes", each("refunded,kept", [(1_999, 1_000), (2_000, 1_000), (2_001, 999), (2_999, 1), (3_000, 0),
                                         (3_001, 0)]))  # fmt: skip
async def of_a_credit_is_kept_what_was_not_refunded_meanwhile(bench: Bench, refunded: int, kept: int) -> None:
    """The refund posts at once: it is the merchant's word against nobody's."""
    await _sold(bench, 3_000)
    await bench.dispute("d", "a1.1", SUBMITTED, 1_000)
    same((await bench.refund("r1", refunded, "a1")).outcome, CaptureOutcome.POSTED)
    same(await bench.funds(), _funds(8_000 + refunded, 2_000 - refunded), "the funds with both")
    same(await bench.dispute("d", "a1.1", WON, 1_000), DisputeReceipt("d", APPLIED, WON, kept, 0))
    same(await bench.funds(), _funds(7_000 + refunded + kept, 3_000 - refunded - kept), "the funds at the end")
    receipt = await bench.dispute("d", "a1.1", LOST, 1_000)
    same(receipt, DisputeReceipt("d", DisputeOutcome.NOT_ALLOWED, WON, kept, 0), "the answer when it is over")


@case("Disputes")
async def a_lost_dispute_of_a_refunded_sale_leaves_the_refund(bench: Bench) -> None:
    await _sold(bench, 3_000)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.refund("r1", 3_000, "a1")
    same(await bench.dispute("d", "a1.1", LOST, 3_000), DisputeReceipt("d", APPLIED, LOST, 0, 0))
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Disputes", each("spent,owed", [(12_999, 0), (13_000, 0), (13_001, 1)]))
async def what_is_not_kept_and_not_there_is_owed(bench: Bench, spent: int, owed: int) -> None:
    """The customer spends refund and credit of one sale before the dispute is over."""
    await _sold(bench, 3_000)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.refund("r1", 3_000, "a1")
    await bench.refund("r2", 3_000)
    await bench.approve("a2", spent)
    same(await bench.dispute("d", "a1.1", WON, 3_000), DisputeReceipt("d", APPLIED, WON, 0, owed))
    same((await bench.funds()).get("receivable", 0), owed, "what is owed")
    lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()][5:]
    expected = [(StatementKind.DISPUTE_RETURN, "d", 30_000_000), (StatementKind.RECEIVABLE, "d", owed * 10_000)]
    same(lines, expected[: 2 if owed else 1], "the lines")


@case("Disputes", each("cents,outcome", [(3_000, APPLIED), (3_001, INVALID)]))
async def a_refund_is_of_all_the_sales_of_its_authorization(bench: Bench, cents: int, outcome: DisputeOutcome) -> None:
    """Sales of 40.00 and 20.00, of which 30.00 was refunded: nobody knows of which."""
    await _sold(bench, 4_000, 2_000)
    await bench.refund("r1", 3_000, "a1")
    same((await bench.dispute("d", "a1.1", SUBMITTED, cents)).outcome, outcome)
    left = INVALID if outcome is APPLIED else APPLIED
    same((await bench.dispute("e", "a1.2", SUBMITTED, 1)).outcome, left, "the outcome for the other sale")


@case("Disputes")
async def what_a_lost_dispute_gave_back_can_be_disputed_elsewhere(bench: Bench) -> None:
    await _sold(bench, 3_000, 3_000)
    await bench.refund("r1", 3_000, "a1")
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    same((await bench.dispute("e", "a1.2", SUBMITTED, 3_000)).outcome, INVALID)
    await bench.dispute("d", "a1.1", LOST, 3_000)
    same((await bench.dispute("e", "a1.2", SUBMITTED, 3_000, key="again")).outcome, APPLIED)
    same(await bench.funds(), {"available": 10_000}, "the funds")


@case("Disputes", each("ref", ["", "a2"]))
async def a_refund_of_another_sale_is_no_matter_to_a_dispute(bench: Bench, ref: str) -> None:
    await _sold(bench, 3_000)
    await bench.refund("r1", 3_000, ref)
    same((await bench.dispute("d", "a1.1", SUBMITTED, 3_000)).outcome, APPLIED)
    same((await bench.dispute("d", "a1.1", WON, 3_000)).credited_cents, 3_000)
    same(await bench.funds(), _funds(13_000, -3_000), "the funds")


@case("Disputes", each("refunded,outcome", [(0, APPLIED), (1, INVALID)]))
async def a_forced_sale_is_not_given_back_twice_either(bench: Bench, refunded: int, outcome: DisputeOutcome) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("never seen", 3_000)
    if refunded:
        await bench.refund("r1", refunded, "never seen")
    same((await bench.dispute("d", "never seen.1", SUBMITTED, 3_000)).outcome, outcome)


@case("Disputes")
async def a_refund_after_a_dispute_was_won_is_the_merchants_to_give(bench: Bench) -> None:
    await _sold(bench, 3_000)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.dispute("d", "a1.1", WON, 3_000)
    same((await bench.refund("r1", 3_000, "a1")).outcome, CaptureOutcome.POSTED)
    same(await bench.funds(), _funds(13_000, -3_000), "the funds")
