"""Deposits and withdrawals, as the chain watcher tells them."""

from __future__ import annotations

from engine.interface import DeclineReason, DepositNotice, EngineError, NoticeReceipt, WithdrawalNotice, WithdrawalStage
from scenarios.conformance.bench import Bench, verb
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same


@case("Deposits")
async def a_deposit_is_credited_once(bench: Bench) -> None:
    await bench.open()
    same(await bench.fund(10_000, deposit_id="0xd:1"), NoticeReceipt("0xd:1", True))
    same(await bench.again("0xd:1", 10_000), NoticeReceipt("0xd:1", False))
    await bench.fund(1, deposit_id="0xd:2")
    same(await bench.funds(), {"available": 10_001}, "the funds")


@case("Deposits", each("usdc6,sound", [(-1, False), (0, False), (1, True), (2, True)]))
async def a_deposit_has_an_amount(bench: Bench, usdc6: int, sound: bool) -> None:
    await bench.open()
    if sound:
        await bench.fund(0, usdc6=usdc6)
    else:
        with refused(EngineError):
            await bench.tell(DepositNotice("0xd:1", "ada", usdc6, 1), bench.engine.deposit)
    same((await bench.balance()).available_usdc6, usdc6 if sound else 0, "what can be spent")


@case("Deposits", each("paid,owed", [(299, 1), (300, 0), (301, 0)]))
async def a_deposit_pays_first_what_is_owed_and_that_is_burned(bench: Bench, paid: int, owed: int) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.capture("a1", 1_300)
    same(await bench.funds(), {"unsettled": 1_000, "receivable": 300}, "the funds")
    same((await bench.settle()).settled_usdc6, 10_000_000)
    await bench.fund(paid)
    left = {"available": paid - 300} if paid > 300 else {"receivable": owed} if owed else {}
    same(await bench.funds(), {**left, "unsettled": min(paid, 300)}, "the funds")
    await bench.settle()
    same(await bench.funds(), left, "the funds")
    same(bench.chain_usdc6("ada"), max(paid - 300, 0) * 10_000)


@case("Withdrawals")
async def money_on_its_way_out_cannot_be_spent(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")
    same(declined(await bench.authorize("a1", 4_001)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.approve("below", 3_999)
    await bench.reverse("below")
    await bench.approve("a2", 4_000)
    await bench.withdraw(WithdrawalStage.COMPLETED, 6_000, "w:2")
    same((await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")).applied, False)
    same(await bench.funds(), {"held": 4_000}, "the funds")


@case("Withdrawals")
async def a_cancelled_withdrawal_comes_back(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
    same(declined(await bench.authorize("a1", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.withdraw(WithdrawalStage.CANCELLED, 10_000, "w:2")
    await bench.approve("a2", 10_000)


@case("Withdrawals")
async def a_settlement_that_comes_first_shrinks_a_withdrawal(bench: Bench) -> None:
    """Everything is asked for while 60 $ are held; they are captured and burned, and 40 $ leave."""
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 6_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
    same(declined(await bench.authorize("a2", 1)), DeclineReason.INSUFFICIENT_FUNDS, "the reason")
    await bench.capture("a1", 6_000)
    await bench.settle()
    await bench.withdraw(WithdrawalStage.REDUCED, 4_000, "w:2")
    same(await bench.funds(), {"withdrawing": 4_000}, "the funds")
    await bench.withdraw(WithdrawalStage.COMPLETED, 4_000, "w:3")
    same(await bench.funds(), {}, "the funds")


@case("Withdrawals", each("usdc6,sound", [(-1, False), (0, True), (1, True)]))
async def a_withdrawal_of_less_than_nothing_is_refused(bench: Bench, usdc6: int, sound: bool) -> None:
    await bench.open()
    await bench.fund(1)
    notice = WithdrawalNotice("w:1", "ada", WithdrawalStage.REQUESTED, usdc6, 1)
    if sound:
        same((await bench.tell(notice, verb(bench.engine, "withdraw"))).applied, True)
    else:
        with refused(EngineError):
            await bench.tell(notice, verb(bench.engine, "withdraw"))
    same((await bench.balance()).available_usdc6, 10_000 - max(usdc6, 0), "what can be spent")


@case("Withdrawals", each("cents,out", [(0, 0), (5_999, 5_999), (6_000, 6_000), (6_001, 6_000)]))
async def a_withdrawal_that_is_reduced_does_not_grow(bench: Bench, cents: int, out: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")
    await bench.withdraw(WithdrawalStage.REDUCED, cents, "w:2")
    withdrawing = {"withdrawing": out} if out else {}
    same(await bench.funds(), {"available": 10_000 - out, **withdrawing}, "the funds")


@case("Withdrawals", each("cents", [5_999, 6_000, 6_001]))
async def what_is_paid_out_is_gone_and_the_rest_of_the_request_is_back(bench: Bench, cents: int) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 6_000, "w:1")
    await bench.withdraw(WithdrawalStage.COMPLETED, cents, "w:2")
    same(await bench.funds(), {"available": 10_000 - cents}, "the funds")


@case("Withdrawals")
async def what_a_payout_took_too_early_is_owed(bench: Bench) -> None:
    """A hold outlives the withdrawal: the chain pays everything out, the later burn finds nothing."""
    await bench.open()
    await bench.fund(10_000)
    await bench.approve("a1", 6_000)
    await bench.withdraw(WithdrawalStage.REQUESTED, 10_000, "w:1")
    await bench.withdraw(WithdrawalStage.COMPLETED, 10_000, "w:2")
    await bench.capture("a1", 6_000)
    receipt = await bench.settle()
    same((receipt.settled_usdc6, receipt.users), (0, 1))
    same(await bench.funds(), {"receivable": 6_000}, "the funds")
    await bench.fund(7_000)
    same(await bench.funds(), {"available": 1_000, "unsettled": 6_000}, "the funds")
