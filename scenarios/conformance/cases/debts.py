"""Nobody spends while owing: what comes free pays a debt at once, and that is burned."""

from __future__ import annotations

from engine.interface import DeclineReason, StatementKind, WithdrawalStage
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, same

WAYS = ["a reversal", "part of a reversal", "an advice", "a refusal in our stead", "an expiry", "a capture"]


async def _owes(bench: Bench, cents: int, held: int) -> None:
    """All that there is, is held; a sale without an authorization is owed."""
    await bench.open()
    await bench.fund(held)
    await bench.approve("a1", held)
    await bench.capture("forced", cents)
    same(await bench.funds(), {"held": held, "receivable": cents}, "the funds while the hold is open")


async def _free(bench: Bench, way: str, cents: int) -> int:
    """So much of the hold comes free; what is captured of it meanwhile, and left held, in cents."""
    if way == "a reversal":
        await bench.reverse("a1")
    elif way == "part of a reversal":
        await bench.reverse("a1", cents=cents)
    elif way == "an advice":
        await bench.advise("a1", 5_000 - cents)
    elif way == "a refusal in our stead":
        await bench.advise("a1", 0, approved=False)
    elif way == "an expiry":
        bench.clock.at_ns = bench.start_ns + 5 * 86_400_000_000_000
        await bench.expire()
    else:
        await bench.capture("a1", 5_000 - cents)
    return 0 if way in ("a reversal", "a refusal in our stead", "an expiry") else 5_000 - cents


@case("Debts", each("way", WAYS), each("owed", [2_999, 3_000, 3_001]))
async def what_comes_free_of_a_hold_pays_what_is_owed(bench: Bench, way: str, owed: int) -> None:
    """30.00 come free, or all 50.00 where all of the hold does."""
    await _owes(bench, owed, 5_000)
    rest = await _free(bench, way, 3_000)
    paid = min(owed, 5_000 - rest)
    unsettled = paid + (rest if way == "a capture" else 0)
    books = {"available": 5_000 - rest - paid, "held": 0 if way == "a capture" else rest, "unsettled": unsettled,
             "receivable": owed - paid}  # fmt: skip
    same(await bench.funds(), {name: cents for name, cents in books.items() if cents}, "the funds")
    recovered = [entry.amount_usdc6 for entry in await bench.statement() if entry.kind is StatementKind.RECOVERY]
    same(recovered, [paid * 10_000], "what was recovered")
    same((await bench.settle()).settled_usdc6, unsettled * 10_000, "settled_usdc6")
    same((await bench.settle()).settled_usdc6, 0, "settled_usdc6 of the next tick")
    same(bench.chain_usdc6(), (5_000 - unsettled) * 10_000, "what the chain holds")
    await bench.reverse("a1", key="the rest")


@case("Debts")
async def who_owes_spends_nothing_until_it_is_paid(bench: Bench) -> None:
    await _owes(bench, 1_000, 5_000)
    same(declined(await bench.authorize("a2", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.reverse("a1", cents=999)
    same(declined(await bench.authorize("a3", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason while 0.01 is owed")
    await bench.reverse("a1", cents=2, key="more")
    same(declined(await bench.authorize("a4", 2)), DeclineReason.INSUFFICIENT_FUNDS, "the reason beyond what is left")
    await bench.approve("a5", 1)
    await bench.reverse("a1", key="the rest")


@case("Debts")
async def a_debt_is_paid_once_however_often_that_is_said(bench: Bench) -> None:
    await _owes(bench, 1_000, 5_000)
    for _ in range(2):
        await bench.reverse("a1", cents=400, key="k")
    same(await bench.funds(), {"held": 4_600, "unsettled": 400, "receivable": 600}, "the funds")
    await bench.reverse("a1", key="the rest")
    same(await bench.funds(), {"available": 4_000, "unsettled": 1_000}, "the funds at the end")


async def _burned_too_late(bench: Bench, refunded: int, more: int = 0) -> None:
    """60.00 are to be burned and a payout took all; a refund comes while the burn is under way.

    ``more`` is paid in before, and asked back at once.
    """
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 6_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
    await bench.withdraw(WithdrawalStage.COMPLETED, 10_000, "w:2")
    await bench.capture("a1", 6_000)
    if more:
        await bench.fund(more)
        await bench.withdraw(WithdrawalStage.REQUESTED, more, "w:3")
    bench.chain.needed()
    wait_block, waits = bench.chain.wait_block, []

    async def with_a_refund() -> None:
        waits.append(None)
        if len(waits) == 1:
            await bench.refund("r1", refunded)
        await wait_block()

    bench.chain.wait_block = with_a_refund
    await bench.settle()


@case("Settlement", each("refunded", [5_999, 6_000, 6_001]))
async def what_a_burn_missed_is_paid_by_a_refund_that_came_meanwhile(bench: Bench, refunded: int) -> None:
    await _burned_too_late(bench, refunded)
    over, owed = max(refunded - 6_000, 0), max(6_000 - refunded, 0)
    books = {"available": over, "unsettled": -over, "receivable": owed}
    same(await bench.funds(), {name: cents for name, cents in books.items() if cents}, "the funds")
    await bench.fund(1_000)
    same((await bench.settle()).settled_usdc6, owed * 10_000, "settled_usdc6")


@case("Withdrawals")
async def what_was_on_its_way_out_pays_what_is_owed_when_it_comes_back(bench: Bench) -> None:
    """The burn takes the 10.00 that were to leave; of the refund of 40.00 they count as available again."""
    await _burned_too_late(bench, 4_000, more=1_000)
    same(await bench.funds(), {"unsettled": -1_000, "withdrawing": 1_000, "receivable": 2_000}, "the funds before")
    await bench.withdraw(WithdrawalStage.REDUCED, 0, "w:4")
    same(await bench.funds(), {"receivable": 1_000}, "the funds")
