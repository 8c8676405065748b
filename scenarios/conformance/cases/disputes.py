"""Disputes, from state to state, and the credit that the customer has meanwhile."""

from __future__ import annotations

from engine.interface import DisputeOutcome, DisputeReceipt, DisputeState, IdempotencyConflict, StatementKind
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import refused, same

NEW, SUBMITTED = DisputeState.NEW, DisputeState.SUBMITTED
REPRESENTMENT, PRE_ARBITRATION = DisputeState.REPRESENTMENT, DisputeState.PRE_ARBITRATION
ARBITRATION, WON, LOST = DisputeState.ARBITRATION, DisputeState.WON, DisputeState.LOST
APPLIED, NOT_ALLOWED = DisputeOutcome.APPLIED, DisputeOutcome.NOT_ALLOWED
LADDER = (NEW, SUBMITTED, REPRESENTMENT, PRE_ARBITRATION, ARBITRATION)
WAYS = [(), (NEW,), (SUBMITTED,), LADDER[:3], LADDER[:4], LADDER, (SUBMITTED, WON), (SUBMITTED, LOST)]
"""One way to each state; () is no dispute yet."""
STEPS = {
    (None, NEW), (None, SUBMITTED), (NEW, SUBMITTED), (SUBMITTED, REPRESENTMENT),
    (REPRESENTMENT, PRE_ARBITRATION), (PRE_ARBITRATION, ARBITRATION),
    *((state, end) for state in LADDER for end in (WON, LOST)),
}  # fmt: skip


async def _sold(bench: Bench, cents: int = 3_000) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", cents)
    await bench.capture("a1", cents)


@case("Disputes", each("way", WAYS), each("to", list(DisputeState)))
async def a_dispute_goes_only_where_its_table_lets_it(bench: Bench, way: tuple, to: DisputeState) -> None:
    await _sold(bench)
    for state in way:
        same((await bench.dispute("d", "a1.1", state, 1_000)).outcome, APPLIED)
    before = way[-1] if way else None
    receipt = await bench.dispute("d", "a1.1", to, 1_000, key="step")
    allowed = (before, to) in STEPS
    now = to if allowed else before
    credited = 0 if now in (None, NEW, LOST) else 1_000
    same(receipt, DisputeReceipt("d", APPLIED if allowed else NOT_ALLOWED, now, credited, 0))
    same(await bench.funds(), {"available": 7_000 + credited, "unsettled": 3_000 - credited}, "the funds")


@case("Disputes")
async def the_credit_can_be_spent_and_need_not_be_burned(bench: Bench) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.approve("a2", 10_000)
    await bench.settle()
    same(bench.chain_usdc6(), 100_000_000, "what the chain holds")
    same(await bench.funds(), {"held": 10_000}, "the funds")


@case("Disputes", each("spent,owed", [(6_999, 0), (7_000, 0), (7_001, 1), (10_000, 3_000)]))
async def a_lost_dispute_takes_the_credit_back_and_the_rest_is_owed(bench: Bench, spent: int, owed: int) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.approve("a2", spent)
    receipt = await bench.dispute("d", "a1.1", LOST, 3_000)
    same(receipt, DisputeReceipt("d", APPLIED, LOST, 0, owed))
    left = {"available": 7_000 - spent} if spent < 7_000 else {}
    taken = {"unsettled": 3_000 - owed} if owed < 3_000 else {}
    due = {"receivable": owed} if owed else {}
    same(await bench.funds(), {**left, "held": spent, **taken, **due}, "the funds")
    same((await bench.settle()).settled_usdc6, (3_000 - owed) * 10_000, "settled_usdc6")


@case("Disputes", each("advised,left,owed", [(9_999, 1, 2_999), (10_000, 0, 3_000), (10_001, -1, 3_000)]))
async def a_lost_dispute_takes_nothing_from_funds_below_zero(bench: Bench, advised: int, left: int, owed: int) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.advise("a2", advised)
    same(await bench.dispute("d", "a1.1", LOST, 3_000), DisputeReceipt("d", APPLIED, LOST, 0, owed))
    funds = {"available": min(left, 0), "held": advised, "unsettled": 3_000 - owed, "receivable": owed}
    same(await bench.funds(), {book: cents for book, cents in funds.items() if cents}, "the funds")


@case("Disputes")
async def a_won_dispute_keeps_the_credit_for_good(bench: Bench) -> None:
    await _sold(bench)
    await bench.settle()
    for state in (*LADDER, WON):
        same((await bench.dispute("d", "a1.1", state, 3_000)).outcome, APPLIED)
    same(await bench.funds(), {"available": 10_000, "unsettled": -3_000}, "the funds")
    same((await bench.dispute("d", "a1.1", LOST, 3_000)).outcome, NOT_ALLOWED)
    await bench.capture("a2", 4_000)
    same((await bench.settle()).settled_usdc6, 10_000_000, "settled_usdc6")


@case("Disputes", each("cents,outcome", [(-1, DisputeOutcome.INVALID_AMOUNT), (0, DisputeOutcome.INVALID_AMOUNT),
                                         (1, APPLIED), (2, APPLIED), (2_999, APPLIED), (3_000, APPLIED),
                                         (3_001, DisputeOutcome.INVALID_AMOUNT)]))  # fmt: skip
async def no_more_is_disputed_than_was_sold(bench: Bench, cents: int, outcome: DisputeOutcome) -> None:
    await _sold(bench)
    same((await bench.dispute("d", "a1.1", SUBMITTED, cents)).outcome, outcome)
    credited = cents if outcome is APPLIED else 0
    unsettled = {"unsettled": 3_000 - credited} if credited < 3_000 else {}
    same(await bench.funds(), {"available": 7_000 + credited, **unsettled}, "the funds")


@case("Disputes", each("cents", [999, 1_001]))
async def the_amount_of_a_dispute_does_not_change(bench: Bench, cents: int) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 1_000)
    receipt = await bench.dispute("d", "a1.1", LOST, cents)
    same(receipt, DisputeReceipt("d", DisputeOutcome.INVALID_AMOUNT, SUBMITTED, 1_000, 0))
    same(await bench.funds(), {"available": 8_000, "unsettled": 2_000}, "the funds")


@case("Disputes")
async def there_is_one_dispute_for_a_sale(bench: Bench) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 1_000)
    same(await bench.dispute("other", "a1.1", SUBMITTED, 1_000), DisputeReceipt("other", NOT_ALLOWED, None, 0, 0))
    receipt = await bench.dispute("other", "a1.1", REPRESENTMENT, 1_000)
    same(receipt, DisputeReceipt("other", NOT_ALLOWED, None, 0, 0), "the answer to a state that the first could reach")
    same(await bench.funds(), {"available": 8_000, "unsettled": 2_000}, "the funds")
    await bench.dispute("d", "a1.1", LOST, 1_000)
    same((await bench.dispute("other", "a1.1", SUBMITTED, 1_000, key="again")).outcome, NOT_ALLOWED)


@case("Disputes")
async def there_is_one_sale_for_a_dispute(bench: Bench) -> None:
    await _sold(bench)
    await bench.capture("a2", 2_000)
    await bench.dispute("d", "a1.1", SUBMITTED, 1_000)
    receipt = await bench.dispute("d", "a2.1", SUBMITTED, 1_000, key="another sale")
    same(receipt, DisputeReceipt("d", NOT_ALLOWED, None, 0, 0))
    await bench.dispute("d", "a1.1", LOST, 1_000)
    same((await bench.dispute("d", "a2.1", SUBMITTED, 1_000, key="when it is over")).outcome, NOT_ALLOWED)
    same(await bench.funds(), {"available": 5_000, "unsettled": 5_000}, "the funds")
    same((await bench.dispute("other", "a2.1", SUBMITTED, 2_000)).outcome, APPLIED)
    same(await bench.funds(), {"available": 7_000, "unsettled": 3_000}, "the funds")


@case("Disputes", each("what", ["never posted", "another's card", "no card", "a refund"]))
async def only_a_posted_sale_of_the_card_is_disputed(bench: Bench, what: str) -> None:
    await _sold(bench)
    await bench.open("bob")
    await bench.refund("r1", 100, "a1")
    ref = {"never posted": "a1.2", "a refund": "r1"}.get(what, "a1.1")
    card = {"another's card": "bob-card", "no card": "nobody"}.get(what, "ada-card")
    receipt = await bench.dispute("d", ref, SUBMITTED, 100, card=card)
    same(receipt, DisputeReceipt("d", DisputeOutcome.UNKNOWN_PRESENTMENT, None, 0, 0))
    same(await bench.funds(), {"available": 7_100, "unsettled": 2_900}, "the funds")


@case("Disputes")
async def a_notice_is_followed_once(bench: Bench) -> None:
    await _sold(bench)
    first = await bench.dispute("d", "a1.1", SUBMITTED, 1_000, key="k")
    await bench.dispute("d", "a1.1", LOST, 1_000)
    same(await bench.dispute("d", "a1.1", SUBMITTED, 1_000, key="k"), first)
    same(await bench.funds(), {"available": 7_000, "unsettled": 3_000}, "the funds")
    with refused(IdempotencyConflict):
        await bench.dispute("d", "a1.1", WON, 1_000, key="k")


@case("Disputes", each("cents,left", [(299, 1), (300, 0), (301, 0)]))
async def the_credit_pays_first_what_is_owed(bench: Bench, cents: int, left: int) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.capture("a1", 1_300)
    await bench.dispute("d", "a1.1", SUBMITTED, cents)
    free = max(cents - 300, 0)
    owed = {"receivable": left} if left else {}
    available = {"available": free} if free else {}
    same(await bench.funds(), {**available, "unsettled": 1_000 - free, **owed}, "the funds")


@case("Disputes")
async def a_dispute_has_its_lines_in_the_statement(bench: Bench) -> None:
    await _sold(bench)
    await bench.dispute("d", "a1.1", SUBMITTED, 3_000)
    await bench.approve("a2", 9_000)
    await bench.dispute("d", "a1.1", LOST, 3_000)
    lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()]
    expected = [
        (StatementKind.DISPUTE_CREDIT, "d", 30_000_000),
        (StatementKind.DISPUTE_RETURN, "d", 30_000_000),
        (StatementKind.RECEIVABLE, "d", 20_000_000),
    ]
    same(lines[2:], expected, "the lines after deposit and sale")


@case("Disputes")
async def what_a_credit_paid_has_its_line_in_the_statement(bench: Bench) -> None:
    await bench.open()
    await bench.capture("a1", 300)
    await bench.dispute("d", "a1.1", SUBMITTED, 300)
    lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()]
    expected = [(StatementKind.DISPUTE_CREDIT, "d", 3_000_000), (StatementKind.RECOVERY, "recovery:d", 3_000_000)]
    same(lines[2:], expected, "the lines after sale and receivable")
