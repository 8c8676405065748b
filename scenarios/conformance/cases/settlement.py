"""Captures become burns, each once."""

from __future__ import annotations

from engine.interface import Terms
from scenarios.conformance.bench import WIDE, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same


@case("Settlement")
async def captures_are_netted_per_account_and_burned_once(bench: Bench) -> None:
    for account_id in ("ada", "bob", "cleo"):
        await bench.open(account_id)
        await bench.fund(10_000, account_id)
    for n, account_id in enumerate(("ada", "bob", "ada", "ada")):
        await bench.approve(f"a{n}", 1_000, account_id)
        await bench.capture(f"a{n}", 1_000, card=f"{account_id}-card")
    receipt = await bench.settle()
    same((receipt.batches, receipt.transactions, receipt.users, receipt.settled_usdc6), (1, 1, 2, 40_000_000))
    same((await bench.settle()).settled_usdc6, 0)
    left = [bench.chain_usdc6(account_id) for account_id in ("ada", "bob", "cleo")]
    same(left, [70_000_000, 90_000_000, 100_000_000], "what the chain holds")
    same(await bench.funds(), {"available": 7_000}, "the funds")


@case("Settlement", terms=Terms(limits=WIDE, batch_users=2))
async def a_batch_has_no_more_users_than_agreed(bench: Bench) -> None:
    for n in range(5):
        await bench.open(f"u{n}")
        await bench.fund(1_000, f"u{n}")
        await bench.capture(f"a{n}", 1_000, card=f"u{n}-card")
    receipt = await bench.settle()
    same((receipt.batches, receipt.users, receipt.settled_usdc6), (3, 5, 50_000_000))


@case("Settlement", each("usdc6,users", [(0, 0), (1, 1), (2, 1)]))
async def the_last_millionth_is_burned_too(bench: Bench, usdc6: int, users: int) -> None:
    """A cent is taken of an account that has less; the rest of it is owed."""
    await bench.open()
    if usdc6:
        await bench.fund(0, usdc6=usdc6)
    await bench.capture("a1", 1)
    receipt = await bench.settle()
    same((receipt.users, receipt.settled_usdc6), (users, usdc6))
    balance = await bench.balance()
    same((balance.unsettled_usdc6, balance.receivable_usdc6), (0, 10_000 - usdc6))


@case("Settlement", each("users,batches", [(1, 1), (2, 1), (3, 2)]), terms=Terms(limits=WIDE, batch_users=2))
async def a_batch_is_filled_before_another_is_begun(bench: Bench, users: int, batches: int) -> None:
    for n in range(users):
        await bench.open(f"u{n}")
        await bench.fund(1_000, f"u{n}")
        await bench.capture(f"a{n}", 1_000, card=f"u{n}-card")
    receipt = await bench.settle()
    same((receipt.batches, receipt.users, receipt.settled_usdc6), (batches, users, users * 10_000_000))


@case("Settlement", each("trouble", [["lost"], ["unheard"], ["deaf"], ["unheard", "unheard"], ["lost", "deaf"]]))
async def an_unknown_outcome_never_burns_twice_and_never_forgets(bench: Bench, trouble: list[str]) -> None:
    await bench.open()
    await bench.fund(10_000)
    await bench.capture("a1", 4_000)
    bench.chain.trouble = list(trouble)
    for _ in range(3):
        await bench.settle()
    same(await bench.funds(), {"available": 6_000}, "the funds")
    same(bench.chain_usdc6("ada"), 60_000_000)
    same(len(set(bench.chain.submitted)), 1)
    same(all(len(one) == 66 and one.startswith("0x") for one in bench.chain.submitted), True)


@case("Settlement")
async def equal_captures_at_different_times_settle_under_different_ids(bench: Bench) -> None:
    await bench.open()
    await bench.fund(10_000)
    for n in range(3):
        await bench.capture(f"a{n}", 1_000)
        await bench.settle()
    same(len(set(bench.chain.submitted)), 3)
    same(bench.chain_usdc6("ada"), 70_000_000)
